"""Benchmarks: ratios to a ceiling in the same run, never times of a machine."""
