"""Names for what comes out of libraries that ship no types: TensorFlow, Keras, JSON."""

from typing import Any

Tensor = Any
"""A TensorFlow tensor, eager or of the graph being traced, or a symbolic one of Keras."""

Nest = Any
"""Tensors in lists, tuples and objects, as a layer takes and gives them."""

Traced = Any
"""A function that TensorFlow traced: its concrete function, or a SavedModel's signature."""

Json = Any
"""Parsed JSON."""

Setting = Any
"""A value from the command line; click has checked it."""

Loaded = Any
"""Whatever a model file turned out to hold."""
