"""Reference pictures."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.baselines import Baseline, reference_pictures


@pytest.mark.parametrize(("baseline", "level"), [("black", 0), ("grey", 127.5), ("white", 255)])
def test_even_references(pictures: NDArray[np.uint8], baseline: Baseline, level: float) -> None:
    found = reference_pictures(pictures, baseline)
    assert found.shape == pictures.shape
    assert found.dtype == np.float32
    assert (found == level).all()


def test_a_blurred_picture_keeps_its_light_and_loses_its_details(
    pictures: NDArray[np.uint8],
) -> None:
    pictures[:, :, 10:] //= 3
    found = reference_pictures(np.tile(pictures, (1, 8, 8, 1)), "blurred")
    means = pictures.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), means, rtol=0.05)
    assert (found.std(axis=(1, 2)) < 0.5 * pictures.std(axis=(1, 2))).all()
