import resource
import sys
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.recipes import build_recipe
from engine.recipes.memory import keep_freed_memory


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted on Linux")
@pytest.mark.parametrize("asked", [{"recipe": "pillow", "crop_fraction": 0.875},
                                   {"recipe": "tensorflow"}])  # fmt: skip
def test_the_memory_of_one_picture_serves_the_next(
    scene: Image.Image, encode: Callable[..., bytes], asked: dict[str, Any]
) -> None:
    if not keep_freed_memory():
        pytest.skip("this C library has no mallopt")
    spec = ImageInput(height=224, width=224, channels=3)
    recipe = build_recipe(spec, Preprocessing(method="crop", in_graph="nothing", **asked))
    data = encode(scene.resize((500, 375)), "JPEG")
    for _ in range(5):
        recipe(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        recipe(data)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults < 20 * 40, "330 a picture by default"
