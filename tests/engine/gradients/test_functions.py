"""Smooth functions and softmax, against differences."""

from typing import Any

import pytest

from tests.engine.gradients.differences import check_gradients, draw, network, node


@pytest.mark.parametrize(
    ("kind", "low", "attributes"),
    [
        ("Abs", -3, {}),
        ("Elu", -3, {"alpha": 1.3}),
        ("Erf", -2, {}),
        ("Exp", -2, {}),
        ("HardSwish", -5, {}),
        ("Log", 0.3, {}),
        ("Neg", -3, {}),
        ("Reciprocal", 0.5, {}),
        ("Selu", -3, {}),
        ("Selu", -3, {"alpha": 1.1, "gamma": 1.4}),
        ("Sigmoid", -4, {}),
        ("Softplus", -3, {}),
        ("Sqrt", 0.3, {}),
        ("Tanh", -2, {}),
    ],
)
def test_a_function_of_one_input(kind: str, low: float, attributes: dict[str, Any]) -> None:
    model = network([node(kind, "x", **attributes)], {"x": ["batch", 3, 4]})
    check_gradients(model, {"x": draw(5, 2, 3, 4, low=low, high=4)})


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -2])
def test_softmax_along_any_axis(kind: str, axis: int | None) -> None:
    attributes = {} if axis is None else {"axis": axis}
    model = network([node(kind, "x", **attributes)], {"x": ["batch", 3, 4]})
    check_gradients(model, {"x": draw(6, 2, 3, 4, low=-2, high=2)})
