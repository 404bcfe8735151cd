"""HTTP over the engine: the BentoML service, its routes, its settings."""

import os

# Nothing phones home unless the user says so. Both are read when their library is first imported,
# so they are set before any other module of this room; a value from outside is kept.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")  # BentoML takes no other spelling
