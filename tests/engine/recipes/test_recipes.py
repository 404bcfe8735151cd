from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from bundle.manifest import ImageInput, Preprocessing
from engine.errors import EngineError, ImageTooLargeError, RecipeError
from engine.images import ImageLimits
from engine.recipes import Recipe, build_recipe

Files = dict[str, bytes]


def build(limits: ImageLimits | None = None, channels: Any = 3, **asked: Any) -> Recipe:
    spec = ImageInput(height=48, width=80, channels=channels)
    asked = {"recipe": "tensorflow", "method": "stretch", "in_graph": "nothing"} | asked
    return build_recipe(spec, Preprocessing(**asked), limits or ImageLimits())


@pytest.mark.parametrize("name", ["tensorflow", "pillow"])
@pytest.mark.parametrize("method", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_picture_leaves_at_the_networks_size(
    request: pytest.FixtureRequest, name: str, method: str, channels: int
) -> None:
    recipe = build(recipe=name, method=method, channels=channels)
    kinds = ("jpegs", "cmyk_jpegs", "pngs", "gifs", "bmps", "webps", "refused_by_tensorflow")
    for kind in kinds:
        for picture, data in request.getfixturevalue(kind).items():
            pixels = recipe(data)
            assert pixels.shape == (48, 80, channels), picture
            assert pixels.dtype == np.uint8, picture


def test_the_recipes_differ_by_what_the_skew_is(photos: Files) -> None:
    """Pillow widens its kernel, TensorFlow does not; their JPEG decoders differ besides."""
    ours, other = (build(recipe=r)(photos["china.jpg"]).astype(int) for r in RECIPES)
    assert 2 < np.abs(ours - other).mean() < 15


RECIPES = ("tensorflow", "pillow")


@pytest.mark.parametrize("asked", [{"recipe": "tensorflow", "method": "crop"}, {"method": "pad"}])
def test_a_fraction_that_the_recipe_never_cropped_is_refused(asked: dict[str, Any]) -> None:
    everything: dict[str, Any] = {"recipe": "pillow", "crop_fraction": 0.875} | asked
    with pytest.raises(RecipeError, match=r"crop_fraction 1.*received 0\.875"):
        build(**everything)
    assert issubclass(RecipeError, EngineError)


@pytest.mark.parametrize("name", RECIPES)
def test_the_limits_given_are_the_limits_held(photos: Files, name: str) -> None:
    build(ImageLimits(max_pixels=640 * 427), recipe=name)(photos["china.jpg"])
    with pytest.raises(ImageTooLargeError, match="640 x 427"):
        build(ImageLimits(max_pixels=640 * 427 - 1), recipe=name)(photos["china.jpg"])


@pytest.mark.parametrize("name", RECIPES)
def test_many_threads_decode_what_one_does(photos: Files, pngs: Files, name: str) -> None:
    recipe = build(recipe=name)
    pictures = [*photos.values(), *pngs.values()]
    alone = [recipe(data) for data in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(recipe, pictures * 3)
        for index, pixels in enumerate(together):
            assert np.array_equal(pixels, alone[index % len(pictures)])
