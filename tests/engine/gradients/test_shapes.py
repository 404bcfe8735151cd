"""The same values in another shape, repeated, or in parts."""

import numpy as np
import pytest

from engine.errors import UnsupportedOperatorError
from engine.gradients import differentiate
from tests.engine.gradients.differences import check_gradients, draw, network, node


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.mark.parametrize("perm", [None, [0, 2, 3, 1], [3, 1, 0, 2]])
def test_a_transpose_goes_back(perm: list[int] | None) -> None:
    attributes = {} if perm is None else {"perm": perm}
    model = network([node("Transpose", "x", **attributes)], {"x": ["batch", 3, 1, 4]})
    check_gradients(model, {"x": draw(1, 2, 3, 1, 4)})


@pytest.mark.parametrize("dims", [["batch", 3, 1, 4], ["batch", "height", 1, 4]])
def test_other_shapes_go_back(dims: list[int | str]) -> None:
    feeds = {"x": draw(1, 2, 3, 1, 4)}
    for each, constants in [
        (node("Reshape", "x shape"), {"shape": ints(0, -1)}),
        (node("Flatten", "x", axis=2), {}),
        (node("Flatten", "x"), {}),
        (node("Squeeze", "x axes"), {"axes": ints(-2)}),
        (node("Unsqueeze", "x axes"), {"axes": ints(1, -1)}),
        (node("Identity", "x"), {}),
    ]:
        check_gradients(network([each], {"x": dims}, constants), feeds)


def test_a_reshape_to_a_computed_shape() -> None:
    nodes = [
        node("Shape", "x", "batch", start=0, end=1),
        node("Concat", "batch rest", "shape", axis=0),
        node("Reshape", "x shape"),
    ]
    check_gradients(
        network(nodes, {"x": ["batch", 3, 4]}, {"rest": ints(2, 6)}), {"x": draw(1, 2, 3, 4)}
    )


def test_what_was_repeated_is_summed() -> None:
    model = network([node("Expand", "x shape")], {"x": [3, 1]}, {"shape": ints(2, 3, 4)})
    check_gradients(model, {"x": draw(1, 3, 1)})
    nodes = [node("Shape", "like", "shape"), node("Expand", "x shape", "z"), node("Mul", "z like")]
    model = network(nodes, {"x": ["n", 1], "like": ["batch", "n", 4]})
    check_gradients(model, {"x": draw(1, 3, 1), "like": draw(2, 2, 3, 4)})


@pytest.mark.parametrize("axis", [1, -1, 0])
@pytest.mark.parametrize("dynamic", [False, True])
def test_each_part_of_a_concatenation_gets_its_own(axis: int, dynamic: bool) -> None:
    shapes = {"a": [2, 3, 4], "b": [2, 3, 4]}
    shapes["b"][axis] = 1
    feeds = {name: draw(index, *shape) for index, (name, shape) in enumerate(shapes.items())}
    dims: dict[str, list[int | str]] = {
        name: [f"{name}{i}" for i in range(3)] if dynamic else list(shape)
        for name, shape in shapes.items()
    }
    check_gradients(network([node("Concat", "a b", axis=axis)], dims), feeds)


def test_a_split_joins_again_and_unused_parts_are_zero() -> None:
    nodes = [node("Split", "x sizes", "a b c", axis=1), node("Mul", "a a", "d"),
             node("Sub", "d c")]  # fmt: skip
    model = network(nodes, {"x": ["batch", 5, 2]}, {"sizes": ints(2, 1, 2)})
    slopes = check_gradients(model, {"x": draw(1, 3, 5, 2)})
    assert not slopes["x"][:, 2].any()


def test_equal_parts_by_number() -> None:
    nodes = [node("Split", "x", "a b", axis=-1, num_outputs=2), node("Mul", "a b")]
    check_gradients(network(nodes, {"x": ["batch", 3, 4]}), {"x": draw(1, 2, 3, 4)})


@pytest.mark.parametrize(
    ("indices", "axis"), [(ints(2, 0, 2), 1), (ints(-1), -1), (np.array(1), 1), (ints(1, 1), 0)]
)
def test_what_was_picked_twice_gets_both_gradients(indices: np.ndarray, axis: int) -> None:
    model = network([node("Gather", "x i", axis=axis)], {"x": ["batch", 3, 4]}, {"i": indices})
    check_gradients(model, {"x": draw(1, 2, 3, 4)})


def test_a_table_of_indices_is_refused() -> None:
    constants = {"i": np.zeros((2, 2), np.int64)}
    model = network([node("Gather", "x i")], {"x": ["batch", 3]}, constants)
    with pytest.raises(UnsupportedOperatorError, match=r"Gather that computes 'y', with indices"):
        differentiate(model, target="y", wrt=["x"])
