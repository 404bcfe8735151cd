"""Scoring jobs: many pictures in, Parquet out; on one machine, or on a Ray cluster."""
