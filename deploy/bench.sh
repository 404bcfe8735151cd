#!/bin/sh
# What `make bench` needs beside the test suite's environment: the load generator hey from Debian
# or Ubuntu, and the peers of requirements/bench.txt in .venv. Run again, it does nothing.
set -eu
cd "$(dirname "$0")/.."
lock=requirements/bench.txt
installed=.venv/locks/bench.txt # a copy of the lock that is installed

say() { printf '%s\n' "$*" >&2; }

if ! command -v hey >/dev/null 2>&1; then
  if ! command -v apt-get >/dev/null 2>&1; then
    say "error: the load generator hey is missing and there is no apt-get; install hey and run make bench again"
    exit 1
  fi
  root=
  if [ "$(id -u)" != 0 ]; then root=sudo; fi
  say "Installing the load generator hey"
  $root apt-get update --quiet >/dev/null || say "the package lists could not be renewed; going on with the old ones"
  $root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends hey
fi

deploy/setup.sh dev
# A newer dev.txt takes the peers away again (setup.sh syncs .venv), so the copy alone says too little.
if cmp -s "$lock" "$installed" && .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("litserve") is None)'; then
  exit 0
fi
say "Installing the packages of $lock into .venv"
VIRTUAL_ENV=.venv
export VIRTUAL_ENV
# The lock holds all of dev.txt in the same versions: what is there already stays as it is.
# uv does not read pip.conf: where packages come from a mirror that only pip knows of, pip does it.
.venv/bin/uv pip install --quiet --require-hashes --no-deps -r "$lock" 2>/dev/null \
  || .venv/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps -r "$lock"
cp "$lock" "$installed"
