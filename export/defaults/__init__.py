"""The models that a fresh installation serves."""
