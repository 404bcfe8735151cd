"""Rectifiers, and the three rules of pictures."""

from typing import Any

import numpy as np
import onnx
import pytest

from engine.gradients import SEED, ReluRule, differentiate, gradient_name
from tests.engine.gradients.differences import check_gradients, draw, network, node, run

# Output on, gradient coming in: each sign of one beside each sign of the other.
X = np.array([2.0, 2.0, -2.0, -2.0])
G = np.array([1.0, -1.0, 1.0, -1.0])


def backward(model: onnx.ModelProto, rule: ReluRule, x: Any = X, seed: Any = G) -> list[float]:
    """The gradient with respect to x."""
    graph = differentiate(model, target="y", wrt=["x"], rule=rule)
    (gradient,) = run(graph, [gradient_name("x")], {"x": np.array(x), SEED: np.array(seed)})
    return gradient.tolist()


def relu6() -> onnx.ModelProto:
    """Between constants 0 and 6, as Keras's ReLU6 is exported."""
    limits = {"low": np.array(0.0), "high": np.array(6.0)}
    return network([node("Clip", "x low high")], {"x": ["batch"]}, limits)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("gradient", [1, -1, 0, 0]),
        ("deconvnet", [1, 0, 1, 0]),
        ("guided", [1, 0, 0, 0]),
    ],
)
def test_the_sign_table_of_the_three_rules(rule: ReluRule, expected: list[float]) -> None:
    model = network([node("Relu", "x")], {"x": ["batch"]})
    assert backward(model, rule) == expected
    assert backward(relu6(), rule) == expected


def test_relu_at_zero_is_closed() -> None:
    assert backward(network([node("Relu", "x")], {"x": ["batch"]}), "gradient", [0.0], [1.0]) == [0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("gradient", [0, 0, 0]), ("deconvnet", [1, 1, 1]), ("guided", [0, 0, 0])],
)
def test_relu6_is_closed_at_and_above_its_limit(rule: ReluRule, expected: list[float]) -> None:
    assert backward(relu6(), rule, [6.0, 7.0, 0.0], [1.0, 1.0, 1.0]) == expected


@pytest.mark.parametrize("rule", ["gradient", "deconvnet", "guided"])
def test_a_clip_that_does_not_rectify_keeps_its_true_gradient(rule: ReluRule) -> None:
    limits = {"low": np.array(-1.0), "high": np.array(1.0)}
    model = network([node("Clip", "x low high")], {"x": ["batch"]}, limits)
    assert backward(model, rule, [0.5, 0.5, -0.5, 3.0]) == [1, -1, 1, 0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("gradient", [1, -1, 0.5, -0.5]),
        ("deconvnet", [1, -0.5, 1, -0.5]),
        ("guided", [1, -0.5, 0.5, -0.25]),
    ],
)
def test_a_leaky_rectifier_lets_its_slope_through(rule: ReluRule, expected: list[float]) -> None:
    model = network([node("LeakyRelu", "x", alpha=0.5)], {"x": ["batch"]})
    assert backward(model, rule) == expected


def test_a_leaky_rectifier_with_slope_zero_is_a_rectifier() -> None:
    model = network([node("LeakyRelu", "x", alpha=0.0)], {"x": ["batch"]})
    rules: tuple[ReluRule, ...] = ("gradient", "deconvnet", "guided")
    for rule in rules:
        assert backward(model, rule) == backward(
            network([node("Relu", "x")], {"x": ["batch"]}), rule
        )


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("Relu", {}),
        ("LeakyRelu", {"alpha": 0.3}),
        ("LeakyRelu", {"alpha": -0.3}),
        ("LeakyRelu", {}),
        ("HardSigmoid", {}),
        ("HardSigmoid", {"alpha": 0.35, "beta": 0.4}),
    ],
)
def test_rectifiers_against_differences(kind: str, attributes: dict[str, float]) -> None:
    model = network([node(kind, "x", **attributes)], {"x": ["batch", 3, 4]})
    check_gradients(model, {"x": draw(3, 2, 3, 4, low=-4, high=4)})


@pytest.mark.parametrize(
    "limits", [(-0.5, 0.7), (None, 0.7), (-0.5, None), (0.0, 0.7), (None, None)]
)
def test_a_clip_with_either_limit(limits: tuple[float | None, float | None]) -> None:
    names = [name if limit is not None else "-" for name, limit in zip("lh", limits, strict=True)]
    constants = {
        name: np.array(limit) for name, limit in zip("lh", limits, strict=True) if limit is not None
    }
    model = network([node("Clip", f"x {' '.join(names)}")], {"x": ["batch", 3, 4]}, constants)
    check_gradients(model, {"x": draw(3, 2, 3, 4)})
