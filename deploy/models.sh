#!/bin/sh
# Builds the default models where the folder of models has none. Run again, it does nothing.
set -eu
cd "$(dirname "$0")/.."
models=${CUTAWAY_MODELS:-models}
unfinished=$models/.unfinished # an interrupted first build is taken up again, not mistaken for a folder of models

for manifest in "$models"/*/*/manifest.json; do
  if [ -e "$manifest" ] && [ ! -e "$unfinished" ]; then exit 0; fi
done
mkdir -p "$models"
: >"$unfinished"
echo "Building the default models in $models (a few minutes, once)" >&2
TF_CPP_MIN_LOG_LEVEL=2 .venv/bin/python -m export defaults --models "$models"
rm "$unfinished"
