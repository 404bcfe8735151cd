import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine.statistics import channel_statistics


@pytest.fixture
def activation() -> np.ndarray:
    """float32 (37, 53, 7), as after a ReLU: about half of it exact zeros."""
    noise = np.random.default_rng(3).normal(0.2, 2, (37, 53, 7))
    return np.maximum(noise, 0).astype(np.float32)


def test_every_number_is_numpys_own_in_float64(activation: np.ndarray) -> None:
    found = channel_statistics(activation)
    exact = activation.astype(np.float64)
    assert_array_equal(found.minimum, exact.min((0, 1)))
    assert_array_equal(found.maximum, exact.max((0, 1)))
    assert_allclose(found.mean, exact.mean((0, 1)), rtol=1e-13)
    assert_allclose(found.standard_deviation, exact.std((0, 1)), rtol=1e-13)
    assert_array_equal(found.zeros, (exact == 0).mean((0, 1)))
    assert_array_equal(found.nonfinite, np.zeros(7))


def test_a_layer_larger_than_one_chunk_is_summed_whole() -> None:
    wide = np.random.default_rng(4).normal(5, 1, (211, 97, 6)).astype(np.float32)
    found = channel_statistics(wide)
    assert_allclose(found.mean, wide.mean((0, 1), np.float64), rtol=1e-13)
    assert_allclose(found.standard_deviation, wide.astype(np.float64).std((0, 1)), rtol=1e-12)


def test_a_mean_far_from_zero_does_not_drown_the_deviation() -> None:
    values = np.float32(1e6) + np.random.default_rng(5).integers(0, 9, (31, 17, 2))
    values = values.astype(np.float32)
    expected = values.astype(np.float64).std((0, 1))
    assert_allclose(channel_statistics(values).standard_deviation, expected, rtol=1e-12)


def test_a_constant_channel_deviates_by_exactly_zero() -> None:
    values = np.full((19, 7, 2), 0.1, np.float32)
    values[3, 5, 1] = 4
    found = channel_statistics(values)
    assert found.standard_deviation[0] == 0
    assert found.mean[0] == np.float32(0.1)
    assert found.standard_deviation[1] > 0


def test_units_are_channels_of_one_value_each() -> None:
    found = channel_statistics(np.array([0, -2, 3.5], np.float32))
    assert_array_equal(found.mean, [0, -2, 3.5])
    assert_array_equal(found.standard_deviation, [0, 0, 0])
    assert_array_equal(found.zeros, [1, 0, 0])


def test_a_batch_is_pooled(activation: np.ndarray) -> None:
    batch = np.stack([activation, activation * 2])
    found = channel_statistics(batch)
    assert_allclose(found.mean, batch.mean((0, 1, 2), np.float64), rtol=1e-13)
    assert_array_equal(found.maximum, batch.max((0, 1, 2)))


def test_only_a_channel_that_is_zero_everywhere_is_dead() -> None:
    values = np.zeros((5, 9, 4), np.float32)
    values[4, 8, 1], values[0, 1, 2], values[2, 2, 3] = 1e-30, -1, np.nan
    assert_array_equal(channel_statistics(values).dead, [True, False, False, False])


def test_values_that_are_not_finite_are_counted_and_left_out(activation: np.ndarray) -> None:
    clean = activation.astype(np.float64)
    activation[0, :3, 2] = np.nan, np.inf, -np.inf
    found = channel_statistics(activation)
    assert_array_equal(found.nonfinite, [0, 0, 3, 0, 0, 0, 0])
    kept = np.delete(clean[..., 2].ravel(), [0, 1, 2])
    assert_allclose(found.mean[2], kept.mean(), rtol=1e-13)
    assert_allclose(found.standard_deviation[2], kept.std(), rtol=1e-13)
    assert found.maximum[2] == kept.max()
    assert_allclose(found.mean[3], clean[..., 3].mean(), rtol=1e-13)


def test_infinities_of_both_signs_are_counted_even_where_their_sum_is_nan() -> None:
    values = np.array([[[np.inf]], [[-np.inf]], [[2.0]]], np.float32)
    found = channel_statistics(values)
    assert found.nonfinite[0] == 2
    assert found.mean[0] == 2


def test_json_has_null_where_no_value_is_finite() -> None:
    values = np.zeros((2, 3, 2), np.float32)
    values[..., 1] = np.nan
    columns = channel_statistics(values).columns()
    assert json.loads(json.dumps(columns, allow_nan=False)) == {
        "min": [0, None],
        "mean": [0, None],
        "max": [0, None],
        "std": [0, None],
        "zeros": [1, None],
        "nonfinite": [0, 6],
    }
