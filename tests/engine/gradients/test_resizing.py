"""Resize against what ONNX Runtime does: its Jacobian, column by column, is what we transpose."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import GraphError, UnsupportedOperatorError
from engine.gradients import SEED, differentiate, gradient_name
from engine.sessions import open_session
from tests.engine.gradients.differences import as_float32, check_gradients, draw, network, node

COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
ROUNDINGS = ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]
BEFORE = (4, 5)


def resized(sizes: tuple[int, int], *, by_scale: bool = True, **attributes: Any) -> Any:
    """(batch, 1, 4, 5) resized to `sizes`, given as such or by scales that lead to them."""
    constants = {"sizes": np.array(sizes)}
    if by_scale:
        scales = np.array([sizes[0] / BEFORE[0], sizes[1] / BEFORE[1]]) + 1e-3
        constants = {"scales": scales.astype(np.float32)}
    inputs = "x - scales" if by_scale else "x - - sizes"
    resize = node("Resize", inputs, axes=[2, 3], **attributes)
    return network([resize], {"x": ["batch", 1, *BEFORE]}, constants)


def check_jacobian(model: Any) -> None:
    """The gradient is the transpose of what ONNX Runtime computes."""
    single = as_float32(model)
    basis = np.eye(BEFORE[0] * BEFORE[1], dtype=np.float32).reshape(-1, 1, *BEFORE)
    (rows,) = open_session(single, threads=1).run(["y"], {"x": basis})
    seed = np.random.default_rng(3).uniform(-1, 1, (2, *rows.shape[1:])).astype(np.float32)
    graph = differentiate(single, target="y", wrt=["x"])
    (found,) = open_session(graph, threads=1).run(
        [gradient_name("x")], {"x": basis[:2], SEED: seed}
    )
    expected = np.einsum("nchw,bchw->bn", rows, seed).reshape(2, 1, *BEFORE)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 12)),
    mode=st.sampled_from(["nearest", "linear"]),
    coordinates=st.sampled_from(COORDINATES),
    rounding=st.sampled_from(ROUNDINGS),
    by_scale=st.booleans(),
)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_nearest_and_linear_by_any_factor(
    sizes: tuple[int, int], mode: str, coordinates: str, rounding: str, by_scale: bool
) -> None:
    check_jacobian(
        resized(
            sizes,
            by_scale=by_scale,
            mode=mode,
            coordinate_transformation_mode=coordinates,
            nearest_mode=rounding,
        )
    )


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_twice_the_size_against_differences_in_float64(mode: str) -> None:
    check_gradients(resized((8, 10), mode=mode), {"x": draw(1, 2, 1, *BEFORE)})


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_channels_last(mode: str) -> None:
    model = network(
        [node("Resize", "x - - sizes", axes=[1, 2], mode=mode)],
        {"x": ["batch", *BEFORE, 1]},
        {"sizes": np.array([7, 3])},
    )
    single = as_float32(model)
    x = np.eye(20, dtype=np.float32).reshape(-1, *BEFORE, 1)
    (rows,) = open_session(single, threads=1).run(["y"], {"x": x})
    graph = differentiate(single, target="y", wrt=["x"])
    feeds = {"x": x[:1], SEED: np.ones((1, 7, 3, 1), np.float32)}
    (found,) = open_session(graph, threads=1).run([gradient_name("x")], feeds)
    np.testing.assert_allclose(found.ravel(), rows.sum((1, 2, 3)), rtol=0, atol=1e-5)


def test_nothing_to_resize_passes_the_gradient_as_it_is() -> None:
    check_jacobian(resized(BEFORE, mode="linear"))


@pytest.mark.parametrize(
    "attributes",
    [
        {"mode": "cubic"},
        {"mode": "linear", "antialias": 1},
        {"coordinate_transformation_mode": "half_pixel_symmetric"},
        {"coordinate_transformation_mode": "tf_crop_and_resize"},
    ],
)
def test_what_has_no_rule_is_refused_by_name(attributes: dict[str, Any]) -> None:
    name = list(attributes)[-1]
    with pytest.raises(UnsupportedOperatorError, match=f"{name}={attributes[name]!r}"):
        differentiate(resized((8, 10), **attributes), target="y", wrt=["x"])


def test_a_height_that_is_not_known_is_refused() -> None:
    scales = {"scales": np.array([1, 1, 2, 2], np.float32)}
    model = network([node("Resize", "x - scales")], {"x": [1, 1, "height", 5]}, scales)
    with pytest.raises(GraphError, match="axis 2 must be known"):
        differentiate(model, target="y", wrt=["x"])
