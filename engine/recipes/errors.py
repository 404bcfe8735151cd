"""What a manifest can ask that no recipe does."""

from engine.errors import EngineError


class RecipeError(EngineError):
    """The manifest's preprocessing asks for something that its recipe never did in training."""
