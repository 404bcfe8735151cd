#!/usr/bin/env bash
# Puts the Dockerfile's base image into podman's store: pulled where a registry answers, otherwise
# made from Debian's own packages (Debian 12, root). The stand-in is Debian's Python 3.11 at the
# paths of the official image, so the Dockerfile may only use what both have.
set -euo pipefail
base=${1:?usage: deploy/base-image.sh IMAGE}
podman image exists "$base" && exit 0
podman pull --quiet "$base" 2>/dev/null && exit 0

echo "No registry answers: making $base from Debian packages (a minute or two)" >&2
[ "$(id -u)" = 0 ] || { echo "error: the base image $base cannot be pulled, and making it needs root" >&2; exit 1; }
command -v mmdebstrap >/dev/null || apt-get install --yes --quiet --no-install-recommends mmdebstrap >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(/etc/apt/sources.list.d/*.sources /etc/apt/sources.list) # this machine's own mirrors
for file in "${sources[@]}"; do [ -s "$file" ] && mirrors+=("$file"); done
mmdebstrap --quiet --mode=root --variant=minbase \
  --include=python3,python3-pip,python3-venv,ca-certificates \
  --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  bookworm "$work/rootfs.tar" "${mirrors[@]}"
cat >"$work/Containerfile" <<'CONTAINERFILE'
FROM scratch
ADD rootfs.tar /
RUN rm -rf /usr/lib/python3*/EXTERNALLY-MANAGED /etc/apt/sources.list /etc/apt/sources.list.d/* \
 && for name in python python3 python3.11; do ln -sf /usr/bin/python3.11 /usr/local/bin/$name; done \
 && ln -sf /usr/bin/pip3 /usr/local/bin/pip
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
CMD ["python3"]
CONTAINERFILE
podman build --quiet --layers=false --network=none -f "$work/Containerfile" -t "$base" "$work" >/dev/null
