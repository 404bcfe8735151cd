#!/usr/bin/env bash
# Builds the Dockerfile into the images `cutaway` and `cutaway-scoring` with podman; no Docker engine is needed.
# Where podman is missing, root on Debian or Ubuntu gets it installed.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${IMAGE:-localhost/cutaway}
base=$(awk '/^FROM/ {print $2; exit}' Dockerfile)

need=(podman runc catatonit slirp4netns)
missing=()
for package in "${need[@]}"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
if ((${#missing[@]})) && ! command -v podman >/dev/null; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "error: make image needs podman; install it, or build with: docker build -t cutaway ." >&2
    exit 1
  fi
fi
if ((${#missing[@]})) && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "Installing ${missing[*]}" >&2
  apt-get update --quiet >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >/dev/null
fi
deploy/base-image.sh "$base"

# Whatever pip is set up with on this machine (its file, a certificate, local folders of packages) is
# mounted into the build and never copied: the Dockerfile names no index and the image keeps none.
mounts=()
while read -r path; do
  if [ -e "$path" ]; then mounts+=(--volume "$path:$path:ro"); fi
done < <({ echo /etc/pip.conf; python3 -m pip config list 2>/dev/null |
  grep -oE "(file://)?/[^ ']+" | sed -E 's,^file://,,; s,/simple/?$,,'; } | sort -u)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
build() { # the Dockerfile's target, the image's name
  echo "Building $2 (two minutes or so, then seconds)" >&2
  # --format docker: the other format has no HEALTHCHECK.
  podman build --format docker --pull=never --network=host "${mounts[@]}" --target "$1" --tag "$2" . >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    echo "error: $2 could not be built; the reason is above" >&2
    exit 1
  }
  echo "Built $2: $(($(podman image inspect "$2" --format '{{.Size}}') / 1000000)) MB" >&2
}
build service "$image"
build scoring "$image-scoring"
