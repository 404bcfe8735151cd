"""From an encoded picture to the network's input, exactly as training did it."""

from typing import Protocol

from bundle.manifest import ImageInput, Preprocessing
from engine.arrays import Pixels
from engine.errors import RecipeError
from engine.images import DEFAULT_LIMITS, ImageLimits
from engine.recipes.memory import keep_freed_memory
from engine.recipes.pillow import PillowRecipe
from engine.recipes.tensorflow import TensorFlowRecipe


class Recipe(Protocol):
    """Turns encoded pictures into ready ones; thread-safe."""

    def __call__(self, data: bytes) -> Pixels:
        """One encoded picture → (height, width, channels), RGB or grey, levels 0-255.

        The dtype is the manifest's: uint8, rounded half to even and clipped, or float32 as the
        resize left it.

        Raises:
            ImageError: the picture is not allowed, too large, or corrupt.
        """
        ...


def build_recipe(
    spec: ImageInput,
    preprocessing: Preprocessing,
    limits: ImageLimits = DEFAULT_LIMITS,
    *,
    draft: bool = False,
) -> Recipe:
    """The recipe that a manifest names, for its input size.

    From the first one on, the process keeps freed memory: see `engine.recipes.memory`.

    Args:
        spec: the network's input.
        preprocessing: what training did.
        limits: what may be decoded at all.
        draft: decode a JPEG that is more than twice as large as needed at a reduced size: a quarter
            of the time for a camera's picture, and pixels that are near those of training, no
            longer equal to them. A recipe that does not antialias is never drafted. See
            docs/preprocessing.md for what it does to labels.

    Raises:
        RecipeError: the recipe has no such setting.
    """
    if preprocessing.crop_fraction < 1:
        if preprocessing.recipe == "tensorflow":
            raise RecipeError(
                "the tensorflow recipe crops no fraction: image_dataset_from_directory has none; "
                f"expected crop_fraction 1, received {preprocessing.crop_fraction:g}"
            )
        if preprocessing.method == "pad":
            raise RecipeError(
                "the pillow recipe pads the whole picture: expected crop_fraction 1 with pad, "
                f"received {preprocessing.crop_fraction:g}"
            )
    keep_freed_memory()
    recipe = TensorFlowRecipe if preprocessing.recipe == "tensorflow" else PillowRecipe
    return recipe(spec, preprocessing, limits, draft)
