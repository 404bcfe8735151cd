"""The gates bite: what differs from Keras is named with both numbers, and never published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import export.pipeline
from bundle.repository import INSPECT, PREDICT, WEIGHTS, Bundle, Repository
from engine.classifier import Classifier
from engine.graphs import load_graph
from export.end_to_end import Comparison, check_end_to_end
from export.errors import GateError
from export.graphs import write_graphs
from export.network import check_keras
from export.options import ConvertOptions
from export.parity import (
    LayerParity,
    Parity,
    check_parity,
    measure_movements,
    parity_batches,
    run_keras,
)

Builder = Callable[..., keras.Model]
Exporter = Callable[..., Bundle]
Spoil = Callable[[Path], None]
layers: Any = keras.layers


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> Callable[[Spoil], None]:
    """Damages the written graphs before the gates see them."""

    def install(spoil: Spoil) -> None:
        def write(model: onnx.ModelProto, folder: Path) -> None:
            write_graphs(model, folder)
            spoil(folder)

        monkeypatch.setattr(export.pipeline, "write_graphs", write)

    return install


def refused(export: Exporter, model: keras.Model, repository: Repository, **settings: Any) -> str:
    with pytest.raises(GateError) as caught:
        export(model, **settings)
    assert repository.names() == []
    assert not list(repository.root.rglob("*")), "something was left behind"
    return str(caught.value)


def wide_model() -> keras.Model:
    """Enough weights for the external file."""
    picture = keras.Input((26, 38, 3))
    x = layers.Conv2D(24, 3, activation="relu", name="first")(picture)
    x = layers.Conv2D(16, 3, activation="relu", name="second")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(picture, layers.Dense(4, activation="softmax", name="head")(x))


def test_a_changed_weight_names_the_layer_and_two_numbers(
    export: Exporter, repository: Repository, spoiled: Callable[[Spoil], None]
) -> None:
    def change(folder: Path) -> None:
        tensors = {tensor.name: tensor for tensor in onnx.load(folder / INSPECT).graph.initializer}
        largest = max(tensors.values(), key=lambda tensor: len(tensor.raw_data))
        assert numpy_helper.to_array(largest).shape == (16, 24, 3, 3)
        content = bytearray((folder / WEIGHTS).read_bytes())
        start = content.index(largest.raw_data)
        weights = np.frombuffer(content, np.float32, 50, start).copy()
        content[start : start + weights.nbytes] = (weights + 0.01).tobytes()
        (folder / WEIGHTS).write_bytes(content)

    spoiled(change)
    sentence = refused(export, wide_model(), repository)
    assert sentence.startswith("layer second differs from Keras by 0.")
    assert "is allowed; nothing was published" in sentence


def test_another_prediction_graph_is_noticed(
    export: Exporter, repository: Repository, spoiled: Callable[[Spoil], None]
) -> None:
    def change(folder: Path) -> None:
        model = load_graph(folder / PREDICT)
        next(node for node in model.graph.node if node.op_type == "Softmax").op_type = "LogSoftmax"
        (folder / PREDICT).write_bytes(model.SerializeToString())

    spoiled(change)
    assert refused(export, wide_model(), repository).startswith("the prediction differs")


def test_invalid_onnx_is_noticed(
    export: Exporter, repository: Repository, spoiled: Callable[[Spoil], None]
) -> None:
    def change(folder: Path) -> None:
        model = load_graph(folder / PREDICT)
        model.graph.node[0].op_type = "NoSuchOperator"
        (folder / PREDICT).write_bytes(model.SerializeToString())

    spoiled(change)
    assert "predict.onnx is not valid ONNX" in refused(export, wide_model(), repository)


def test_a_second_input_is_noticed(
    export: Exporter, repository: Repository, spoiled: Callable[[Spoil], None]
) -> None:
    def change(folder: Path) -> None:
        model = load_graph(folder / INSPECT)
        model.graph.input.append(model.graph.input[0])
        model.graph.input[1].name = "more"
        (folder / INSPECT).write_bytes(model.SerializeToString())

    spoiled(change)
    assert "inspect.onnx takes ['image', 'more']" in refused(export, wide_model(), repository)


def test_wrong_preprocessing_is_noticed_end_to_end(
    export: Exporter, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Classifier.decode

    def turned(self: Classifier, data: bytes) -> Any:
        return real(self, data)[::-1]

    monkeypatch.setattr(Classifier, "decode", turned)
    assert refused(export, pixel_model(), repository).startswith("end to end, ")


def test_rounding_that_moves_the_answer_makes_the_input_float32(
    export: Exporter, repository: Repository
) -> None:
    bundle = export(fraction_model(), stated=None, input_dtype="auto")
    assert bundle.manifest.input.dtype == "float32"
    assert bundle.manifest.end_to_end.max_abs_difference <= 0.005
    assert np.load(bundle.path("golden.npz"))["pixels"].dtype == np.float32
    del repository


def test_uint8_is_refused_where_it_was_asked_for_and_moves_the_answer(
    export: Exporter, repository: Repository
) -> None:
    sentence = refused(export, fraction_model(), repository, stated=None, input_dtype="uint8")
    assert "0.005 is allowed" in sentence or "in the training pipeline" in sentence


def pixel_model() -> keras.Model:
    """Scores that hang on where a level is."""
    picture = keras.Input((26, 38, 3))
    x = layers.Flatten()(picture)
    x = layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(0, 0.001, 3))(x)
    return keras.Model(picture, layers.Softmax()(x))


def fraction_model() -> keras.Model:
    """Scores that hang on what rounding to whole levels takes away."""
    picture: Any = keras.Input((26, 38, 3))
    x = layers.GlobalAveragePooling2D()(keras.ops.abs(picture - keras.ops.round(picture)))
    head = layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(0, 1, 3))
    return keras.Model(picture, layers.Softmax()(head(x)))


def test_the_first_bad_layer_in_order_is_named() -> None:
    rows = tuple(
        LayerParity(path, (3,), error, 1.0, 1e-4)
        for path, error in (("good", 1e-6), ("culprit", 0.5), ("heir", 2.0))
    )
    with pytest.raises(GateError, match=r"layer culprit differs from Keras by 0\.5, and 0\.0001"):
        check_parity(Parity(LayerParity("predictions", (3,), 0, 1, 1e-5), rows))


def test_not_a_number_never_passes() -> None:
    row = LayerParity("conv", (3,), float("nan"), 1.0, 1e-4)
    with pytest.raises(GateError, match="layer conv differs"):
        check_parity(Parity(LayerParity("predictions", (3,), 0, 1, 1e-5), (row,)))


def test_a_flip_between_equals_is_a_tie_and_other_flips_are_not() -> None:
    reference = np.array([[0.5003, 0.4997], [0.52, 0.48]], np.float32)
    tie = Comparison(
        ("a", "b"), np.array([[0.4999, 0.5001], [0.519, 0.481]], np.float32), reference
    )
    assert (tie.ties, tie.flips, tie.top1_agreement) == (("a",), (), 1)
    check_end_to_end(tie)
    flip = Comparison(("a", "b"), reference[:, ::-1], reference)
    assert (flip.ties, flip.flips, flip.top1_agreement) == (("a",), ("b",), 0.5)
    with pytest.raises(GateError, match=r"b is class 1 \(0.5200\) and class 0 \(0.5200\)"):
        check_end_to_end(flip)


def test_too_large_a_difference_names_the_picture_and_two_numbers() -> None:
    reference = np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    moved = Comparison(("a", "b"), reference + np.array([[0], [0.01]], np.float32), reference)
    with pytest.raises(GateError, match=r"of b differ .* by 0\.01, and 0\.005 is allowed"):
        check_end_to_end(moved)


def test_parity_batches_are_one_and_three_different_pictures() -> None:
    photos = np.zeros((5, 4, 6, 3), np.uint8) + np.arange(5, dtype=np.uint8)[:, None, None, None]
    one, three = parity_batches(photos)
    assert (one.shape, three.shape) == ((1, 4, 6, 3), (3, 4, 6, 3))
    assert len({row.tobytes() for row in (*one, *three)}) == 4
    assert parity_batches(photos[:1])[1].shape == (3, 4, 6, 3)


def test_a_layer_may_move_by_what_invisible_noise_moves_it() -> None:
    gate = keras.Sequential([keras.Input((6, 8, 3)), layers.Activation("sigmoid", name="gate")])
    steep = keras.Sequential(
        [keras.Input((6, 8, 3)), layers.Rescaling(1e4, offset=-1e6, name="steep"), gate]
    )
    network = check_keras(
        keras.Sequential([keras.Input((6, 8, 3)), steep, layers.GlobalAveragePooling2D(),
                          layers.Dense(3, activation="softmax")]),
        ConvertOptions(name="steep", stated=None),
    )  # fmt: skip
    pixels = np.full((1, 6, 8, 3), 100, np.uint8)
    _, expected = run_keras(network, pixels)
    moved = measure_movements(network, pixels, expected)
    path = next(path for path in moved if path.endswith("/gate"))
    assert moved[path] > 0.1
    assert moved["input_layer"] <= 255e-6 * 1.1
