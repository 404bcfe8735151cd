"""Integrated gradients: what adds up to the difference of two scores."""

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.baselines import Baseline, reference_pictures
from engine.attribution.integrated_gradients import completeness_gap, integrated_gradients
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import HEIGHT, WIDTH, Toy


@pytest.mark.parametrize("baseline", get_args(Baseline))
def test_it_sums_to_the_difference_of_the_scores(
    flat: Toy, pictures: NDArray[np.uint8], baseline: Baseline
) -> None:
    inspector, target = flat.inspector, ClassTarget((0, 1, 2))
    found = integrated_gradients(inspector, pictures, target, steps=300, baseline=baseline)
    start = inspector.scores(reference_pictures(pictures, baseline), target)
    rise = inspector.scores(pictures, target) - start
    assert found.shape == (3, HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), rise, atol=0.02 * np.abs(rise).max())


def test_more_steps_close_the_gap(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    target = ClassTarget(score="probability")

    def gap(steps: int) -> float:
        found = integrated_gradients(flat.inspector, pictures, target, steps=steps)
        return float(completeness_gap(flat.inspector, pictures, target, found).max())

    gaps = [gap(steps) for steps in (1, 4, 16, 64)]
    assert gaps[0] > 1e-3
    assert gaps[3] < gaps[2] < gaps[1] < gaps[0]
    assert gaps[3] < 0.02 * gaps[0]


def test_on_a_linear_network_one_step_is_exact(linear: Toy, pictures: NDArray[np.uint8]) -> None:
    target = ClassTarget((1,))
    found = integrated_gradients(linear.inspector, pictures, target, steps=1, baseline="grey")
    weights = linear.weights["kernel"][:, 1].reshape(1, HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(found, (pictures - 127.5) * weights, rtol=1e-5)
    gap = completeness_gap(linear.inspector, pictures, target, found, baseline="grey")
    assert (gap < 0.01).all()


def test_it_is_zero_where_the_picture_equals_its_reference(
    flat: Toy, pictures: NDArray[np.uint8]
) -> None:
    pictures[1, 3:6, 8:15] = 255
    found = integrated_gradients(flat.inspector, pictures, ClassTarget(), steps=4, baseline="white")
    assert not found[1, 3:6, 8:15].any()
    assert found[1].any()


def test_a_picture_that_is_its_reference_gets_nothing(flat: Toy) -> None:
    black = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    found = integrated_gradients(flat.inspector, black, ClassTarget(), steps=3)
    assert not found.any()


def test_neither_neighbours_nor_the_size_of_a_run_change_a_map(
    flat: Toy, pictures: NDArray[np.uint8]
) -> None:
    target, alone = ClassTarget((3, 2, 1)), ClassTarget((1,))
    together = integrated_gradients(flat.inspector, pictures, target, steps=5, batch=4)
    single = integrated_gradients(flat.inspector, pictures[2:], alone, steps=5, batch=1)
    np.testing.assert_allclose(together[2:], single, rtol=1e-4, atol=1e-6)


def test_each_clean_pictures_class_holds_along_its_line(
    linear: Toy, pictures: NDArray[np.uint8]
) -> None:
    highest = tuple(linear.inspector.predict(pictures).argmax(axis=1).tolist())
    assert len(set(highest)) > 1
    found = integrated_gradients(linear.inspector, pictures, ClassTarget(), steps=2)
    named = integrated_gradients(linear.inspector, pictures, ClassTarget(highest), steps=2)
    np.testing.assert_array_equal(found, named)


def test_half_the_squares_of_a_channel_add_up_too(pooled: Toy, pictures: NDArray[np.uint8]) -> None:
    target = ChannelTarget("conv_relu", 0, seed="activation")
    found = integrated_gradients(pooled.inspector, pictures, target, steps=40)
    gap = completeness_gap(pooled.inspector, pictures, target, found)
    assert (gap < 0.01 * pooled.inspector.scores(pictures, target).max()).all()


def test_progress_counts_the_nodes(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    heard: list[tuple[int, int]] = []
    integrated_gradients(
        flat.inspector,
        pictures,
        ClassTarget(),
        steps=4,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(8, 12), (12, 12)]
