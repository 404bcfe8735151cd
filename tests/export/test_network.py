"""Models that cannot be exported: one sentence each, and nothing is published."""

from collections.abc import Callable

import keras
import pytest

from bundle.repository import Bundle, Repository
from export.errors import ConversionError, ModelError, SettingsError
from export.stated import from_name

Builder = Callable[..., keras.Model]
Exporter = Callable[..., Bundle]


def test_a_model_with_two_inputs_is_refused(export: Exporter) -> None:
    pictures = [keras.Input((26, 38, 3)), keras.Input((26, 38, 3))]
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()(pictures))
    model = keras.Model(pictures, keras.layers.Dense(3)(x))
    with pytest.raises(ModelError, match="the model has 2 inputs; expected one"):
        export(model, stated=from_name("none"))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((26, 38), "expected pictures"),
        ((26, 38, 4), "expected 1 or 3 channels"),
        ((3, 26, 38), "channels in front"),
    ],
)
def test_an_input_that_is_no_picture_is_refused(
    export: Exporter, shape: tuple[int, ...], message: str
) -> None:
    vector = keras.Input(shape)
    model = keras.Model(vector, keras.layers.Dense(3)(keras.layers.Flatten()(vector)))
    with pytest.raises(ModelError, match=message):
        export(model, stated=from_name("none"))


def test_a_map_of_scores_is_refused(export: Exporter) -> None:
    picture = keras.Input((26, 38, 3))
    model = keras.Model(picture, keras.layers.Conv2D(3, 1, activation="softmax")(picture))
    with pytest.raises(ModelError, match=r"expected \(batch, classes\)"):
        export(model, stated=from_name("none"))


def test_a_regression_model_is_refused(build: Builder, export: Exporter) -> None:
    model = build(units=2, head=None)
    model.compile(loss="mse")
    with pytest.raises(ModelError, match="regression model"):
        export(model)


def test_a_wrong_label_count_is_refused(
    build: Builder, export: Exporter, repository: Repository
) -> None:
    with pytest.raises(SettingsError, match="has 4 classes and 3 labels"):
        export(build(), labels=("a", "b", "c"))
    assert repository.names() == []


def test_an_operation_without_an_onnx_counterpart_is_named(
    build: Builder, export: Exporter, repository: Repository
) -> None:
    def grouped(x: keras.KerasTensor) -> keras.KerasTensor:
        x = keras.layers.Conv2D(6, 3, groups=3, name="grouped")(x)
        return keras.layers.Conv2D(3, 1)(x)

    with pytest.raises(ConversionError, match=r"no ONNX counterpart: .*Partitioned"):
        export(build(inside=grouped), stated=from_name("tf"))
    assert not repository.root.exists() or not list(repository.root.iterdir())


def test_a_mixed_precision_model_is_refused_with_the_remedy(
    build: Builder, export: Exporter
) -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ModelError, match=r"computes in float16 .*set_dtype_policy"):
        export(model)
