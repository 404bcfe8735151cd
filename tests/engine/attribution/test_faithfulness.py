"""Deletion and insertion, and the random maps beside them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.baselines import reference_pictures
from engine.attribution.faithfulness import Faithfulness, blur, faithfulness, random_like
from engine.errors import MethodError, TargetError
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.spots import place_toy
from tests.engine.attribution.toys import Activation, Toy, linear_toy

Pictures = NDArray[np.uint8]
SPOT = (slice(3, 7), slice(11, 16))
FIRST = ClassTarget((0,))


def spot_map() -> NDArray[np.float32]:
    """(1, 12, 20): 1 at the spot that class 0 looks at."""
    values = np.zeros((1, 12, 20), np.float32)
    values[0][SPOT] = 1
    return values


@pytest.fixture(scope="module")
def spot(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Class 0 wins while a spot is much brighter than the mean, by which class 1 goes."""
    places = np.zeros((12, 20, 2), np.float32)
    places[(*SPOT, 0)] = 0.1 / 20
    places[..., 1] = 0.43 / (12 * 20)
    return place_toy(tmp_path_factory.mktemp("spot"), places)


@pytest.fixture
def bright_spot() -> Pictures:
    """(1, 12, 20, 3): seeded noise, and the spot bright on it."""
    pixels = np.random.default_rng(4).integers(0, 40, (1, 12, 20, 3), dtype=np.uint8)
    pixels[(0, *SPOT)] += 200
    return pixels


def test_a_perfect_map_beats_random_ones(spot: Toy, bright_spot: Pictures) -> None:
    found = faithfulness(spot.inspector, bright_spot, FIRST, spot_map())
    assert found.deletion[0] < found.random_deletion[0] - 0.1
    assert found.insertion[0] > found.random_insertion[0] + 0.05


def test_an_inverted_map_loses_for_its_sign_counts(spot: Toy, bright_spot: Pictures) -> None:
    found = faithfulness(spot.inspector, bright_spot, FIRST, -spot_map())
    assert found.deletion[0] > found.random_deletion[0] + 0.1
    assert found.insertion[0] < found.random_insertion[0] - 0.05


def test_curves_start_and_end_at_plain_predictions(linear: Toy, pictures: Pictures) -> None:
    target = ClassTarget((2, 0, 3))
    maps = np.random.default_rng(0).normal(size=(3, 6, 10)).astype(np.float32)
    found = faithfulness(linear.inspector, pictures, target, maps, steps=7, baseline="grey")
    rows = np.arange(3), [2, 0, 3]
    plain = linear.inspector.predict(pictures)[rows]
    gone = linear.inspector.predict(reference_pictures(pictures, "grey"))[rows]
    vague = linear.inspector.predict(blur(pictures.astype(np.float32)))[rows]
    for deletion in (found.deletion_curve, found.random_deletion_curve):
        assert deletion.shape == (3, 8)
        np.testing.assert_allclose(deletion[:, [0, -1]].T, [plain, gone], atol=1e-5)
    for insertion in (found.insertion_curve, found.random_insertion_curve):
        np.testing.assert_allclose(insertion[:, [0, -1]].T, [vague, plain], atol=1e-5)


def test_an_area_is_that_of_the_trapezoids(linear: Toy, pictures: Pictures) -> None:
    maps = np.random.default_rng(1).normal(size=(3, 12, 20)).astype(np.float32)
    found = faithfulness(linear.inspector, pictures, ClassTarget((1,)), maps, steps=5)
    for area, curve in (
        (found.deletion, found.deletion_curve),
        (found.insertion, found.insertion_curve),
        (found.random_deletion, found.random_deletion_curve),
        (found.random_insertion, found.random_insertion_curve),
    ):
        np.testing.assert_allclose(area, np.trapezoid(curve, dx=1 / 5, axis=1), rtol=1e-5)
        assert (area >= 0).all()
        assert (area <= 1).all()


def test_equal_places_go_in_reading_order(spot: Toy, bright_spot: Pictures) -> None:
    constant = np.ones((1, 3, 5), np.float32)
    found = faithfulness(spot.inspector, bright_spot, FIRST, constant, steps=12)
    for row in range(13):  # one row of the picture in each of twelve steps
        left = bright_spot.copy()
        left[0, :row] = 0
        expected = spot.inspector.predict(left)[0, 0]
        np.testing.assert_allclose(found.deletion_curve[0, row], expected, atol=1e-5)


def test_the_same_seed_repeats_and_another_does_not(spot: Toy, bright_spot: Pictures) -> None:
    def once(**more: Any) -> Faithfulness:
        return faithfulness(spot.inspector, bright_spot, FIRST, spot_map(), steps=6, **more)

    first, again, batched, other = once(), once(), once(batch=3), once(seed=1)
    np.testing.assert_array_equal(first.random_deletion_curve, again.random_deletion_curve)
    np.testing.assert_allclose(first.insertion_curve, batched.insertion_curve, atol=1e-6)
    assert not np.array_equal(first.random_deletion_curve, other.random_deletion_curve)
    np.testing.assert_array_equal(first.deletion_curve, other.deletion_curve)


def test_the_yardstick_is_the_random_maps_alone(spot: Toy, bright_spot: Pictures) -> None:
    # a map and its negative have one amplitude spectrum, so the same random maps beside them
    one = faithfulness(spot.inspector, bright_spot, FIRST, spot_map(), steps=6)
    other = faithfulness(spot.inspector, bright_spot, FIRST, -spot_map(), steps=6)
    assert not np.array_equal(one.deletion_curve, other.deletion_curve)
    np.testing.assert_allclose(one.random_deletion, other.random_deletion, atol=1e-6)
    np.testing.assert_allclose(one.random_insertion, other.random_insertion, atol=1e-6)


def test_a_pictures_areas_do_not_depend_on_its_neighbours(linear: Toy, pictures: Pictures) -> None:
    maps = np.random.default_rng(2).normal(size=(3, 6, 10)).astype(np.float32)
    together = faithfulness(linear.inspector, pictures, ClassTarget((1, 2, 0)), maps, steps=4)
    alone = faithfulness(linear.inspector, pictures[2:], FIRST, maps[2:], steps=4)
    np.testing.assert_allclose(together.deletion[2:], alone.deletion, atol=1e-6)
    np.testing.assert_allclose(together.random_insertion[2:], alone.random_insertion, atol=1e-6)


@pytest.mark.parametrize("activation", ["none", "sigmoid"])
def test_the_curve_is_a_probability_whatever_the_network_answers(
    tmp_path: Path, pictures: Pictures, activation: Activation
) -> None:
    toy = linear_toy(tmp_path, activation=activation)
    answers = toy.inspector.predict(pictures).astype(np.float64)
    if activation == "none":
        powers = np.exp(answers - answers.max(axis=1, keepdims=True))
        answers = powers / powers.sum(axis=1, keepdims=True)
    maps = np.ones((3, 12, 20), np.float32)
    found = faithfulness(toy.inspector, pictures, ClassTarget((3,), "probability"), maps, steps=2)
    np.testing.assert_allclose(found.deletion_curve[:, 0], answers[:, 3], atol=1e-4)


def test_progress_counts_every_changed_picture(spot: Toy, bright_spot: Pictures) -> None:
    calls: list[tuple[int, int]] = []
    faithfulness(
        spot.inspector,
        bright_spot,
        ClassTarget(),
        spot_map(),
        steps=4,
        randoms=2,
        progress=lambda *call: calls.append(call),
    )
    assert calls[-1] == (30, 30)  # deletion and insertion, five pictures each, three maps
    assert calls == sorted(calls)


def test_a_random_map_is_as_coarse_as_the_map_and_lies_elsewhere() -> None:
    values = spot_map()[0]
    found = random_like(values, np.random.default_rng(0))
    assert found.shape == values.shape
    np.testing.assert_allclose(np.abs(np.fft.rfft2(found)), np.abs(np.fft.rfft2(values)), atol=1e-3)
    assert abs(np.corrcoef(found.ravel(), values.ravel())[0, 1]) < 0.5


def test_the_blur_is_a_gaussian_of_eleven_pixels_and_keeps_an_even_picture() -> None:
    even = np.full((1, 12, 20, 3), 90, np.float32)
    np.testing.assert_allclose(blur(even), even, rtol=1e-5)
    point = np.zeros((1, 25, 31, 1), np.float32)
    point[0, 12, 15] = 1
    found = blur(point)[0, :, :, 0]
    assert np.count_nonzero(found) == 11 * 11
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-5)
    np.testing.assert_allclose(found[12, 20] / found[12, 15], np.exp(-0.5), rtol=1e-4)  # one σ


def test_what_has_no_probability_or_no_yardstick_is_refused(
    pooled: Toy, pictures: Pictures
) -> None:
    maps = np.ones((3, 6, 10), np.float32)
    with pytest.raises(MethodError, match="of a class"):
        faithfulness(pooled.inspector, pictures, ChannelTarget("conv", 0), maps)
    with pytest.raises(TargetError, match="no class 7"):
        faithfulness(pooled.inspector, pictures, ClassTarget((7,)), maps)
    for steps, randoms in ((0, 3), (5, 0)):
        with pytest.raises(MethodError, match="at least 1"):
            faithfulness(
                pooled.inspector, pictures, ClassTarget(), maps, steps=steps, randoms=randoms
            )
