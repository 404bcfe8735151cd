"""Reverse mode over ONNX graphs: the gradient of any tensor with respect to any other."""

from engine.gradients.builder import differentiate, gradient_name
from engine.gradients.seeds import SEED, Seed
from engine.gradients.step import ReluRule

__all__ = ["SEED", "ReluRule", "Seed", "differentiate", "gradient_name"]
