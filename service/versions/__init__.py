"""Versions of models while the service runs: which are served, how new ones come and old ones go.

`Stock` loads them in a thread, `Shelf` is what one model serves, and `Keeper` puts the one on the
other, in one step, whenever the repository changes or somebody asks.
"""
