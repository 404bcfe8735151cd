"""Scoring jobs: many pictures in, Parquet out; on one machine, or on a Ray cluster."""

import os

# ONNX Runtime reports its usage otherwise; it reads this when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
