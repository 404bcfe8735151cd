"""Runs a bundle: decode, batch, predict, inspect. Knows nothing of HTTP."""
