from itertools import product

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recipes.kernels import Interpolation, taps
from engine.recipes.resizing import resize

INTERPOLATIONS: tuple[Interpolation, ...] = ("nearest", "bilinear", "bicubic", "area", "lanczos")
TENSORFLOW_NAMES = {"lanczos": "lanczos3"}
TOLERANCE = {"nearest": 0, "bilinear": 0, "bicubic": 1e-3, "area": 0.02, "lanczos": 1e-3}
side = st.integers(1, 120)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).integers(0, 256, shape, dtype=np.uint8)


def difference(
    pixels: np.ndarray, size: tuple[int, int], interpolation: Interpolation, antialias: bool
) -> float:
    """Largest distance in levels from `tf.image.resize`."""
    theirs = tf.image.resize(
        pixels,
        size,
        method=TENSORFLOW_NAMES.get(interpolation, interpolation),
        antialias=antialias,
    ).numpy()
    ours = resize(pixels, *size, interpolation, antialias=antialias)
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max())


@settings(max_examples=60, deadline=None)
@given(st.tuples(side, side, st.sampled_from([1, 3])), st.tuples(side, side))
def test_any_size_is_resized_to_any_other_as_tensorflow_does(
    shape: tuple[int, int, int], target: tuple[int, int]
) -> None:
    for name in INTERPOLATIONS:
        assert difference(noise(*shape), target, name, False) <= TOLERANCE[name], name


@pytest.mark.parametrize("name", INTERPOLATIONS)
@pytest.mark.parametrize("size", [(427, 640), (1023, 77), (33, 2000), (3, 2), (224, 224)])
def test_photograph_sizes_are_resized_as_tensorflow_does(
    name: Interpolation, size: tuple[int, int]
) -> None:
    for target in ((224, 224), (160, 299), (600, 33)):
        assert difference(noise(*size, 3), target, name, False) <= TOLERANCE[name]


@pytest.mark.parametrize("name", ["bilinear", "bicubic", "lanczos"])
def test_antialiasing_widens_the_kernel_as_tensorflow_does(name: Interpolation) -> None:
    for size, target in product([(427, 640), (50, 30)], [(224, 160), (33, 90)]):
        assert difference(noise(*size, 3), target, name, True) <= 0.005


def test_a_very_large_picture_stays_exact() -> None:
    assert difference(noise(2100, 5000, 3), (224, 299), "bilinear", False) == 0


@pytest.mark.parametrize("name", INTERPOLATIONS)
def test_a_uniform_picture_stays_uniform(name: Interpolation) -> None:
    pixels = np.full((37, 90, 3), (10, 128, 255), np.uint8)
    assert (resize(pixels, 52, 41, name) == np.array((10, 128, 255), np.float32)).all()


def test_the_tables_are_shared_and_cannot_be_written() -> None:
    table = taps(100, 31, "bicubic", False)
    assert taps(100, 31, "bicubic", False) is table
    with pytest.raises(ValueError, match="read-only"):
        table.weights[0, 0] = 1
