#!/bin/sh
# `make serve`: sets everything up, builds the default models if there are none, and serves.
set -eu
cd "$(dirname "$0")/.."
port=${PORT:-3000}

deploy/setup.sh export
# Asked before the models are built: a busy port should not be found out about minutes later.
.venv/bin/python - "$port" <<'PYTHON' || exit 1
import socket, sys

try:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(sys.argv[1])))
except (OSError, OverflowError, ValueError) as error:
    sys.exit(
        f"error: port {sys.argv[1]} of 127.0.0.1 cannot be used ({error}); "
        "choose another one: make serve PORT=3001"
    )
PYTHON
deploy/models.sh

# Neither library reports home. BentoML wants the word True; both read this before they start.
BENTOML_DO_NOT_TRACK=True
ORT_DISABLE_TELEMETRY=1
# Two servers that share this folder erase each other's metrics.
BENTOML_HOME=$(pwd)/.cache/bentoml-$port
export BENTOML_DO_NOT_TRACK ORT_DISABLE_TELEMETRY BENTOML_HOME

echo "Serving on http://127.0.0.1:$port (Ctrl-C ends it)" >&2
exec .venv/bin/bentoml serve . --host 127.0.0.1 --port "$port"
