"""Models of many kinds, from the saved file to a published bundle that answers as Keras does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from bundle.repository import GOLDEN, PARITY, Bundle, Repository
from engine.classifier import Classifier
from export.errors import SettingsError
from export.stated import from_name, from_numbers

Builder = Callable[..., keras.Model]
Exporter = Callable[..., Bundle]


def predict(model: Any, levels: Any) -> np.ndarray:
    return model.predict(levels, verbose=0)


def answers(bundle: Bundle, pictures: np.ndarray) -> np.ndarray:
    return Classifier(bundle).predict(pictures)


def test_a_functional_model_is_published_whole(
    build: Builder, export: Exporter, pictures: np.ndarray, repository: Repository
) -> None:
    model = build(inside=keras.layers.Rescaling(1 / 255))
    bundle = export(model, stated=None, labels=("a", "b", "c", "d"), training="a test")
    opened = repository.open("small")
    assert opened == bundle
    expected = predict(model, pictures.astype(np.float32))
    np.testing.assert_allclose(answers(opened, pictures), expected, atol=1e-6)
    manifest = opened.manifest
    assert manifest.labels == ("a", "b", "c", "d")
    assert manifest.source.file == "model.keras"
    assert manifest.source.training == "a test"
    assert manifest.preprocessing.in_graph.startswith("inside the model: Rescaling(scale=0.0039")
    assert [layer.path for layer in manifest.layers] == [
        "input_layer", "rescaling", "conv", "pool", "head"
    ]  # fmt: skip
    conv = manifest.layers[2]
    assert (conv.keras_class, conv.shape, conv.channels) == ("Conv2D", (12, 18, 6), 6)
    assert conv.parameters == 3 * 3 * 3 * 6 + 6
    assert all(layer.differentiable for layer in manifest.layers)


def test_layers_answer_as_keras_does(
    build: Builder, export: Exporter, pictures: np.ndarray
) -> None:
    model = build(inside=keras.layers.Rescaling(1 / 255))
    bundle = export(model, stated=None)
    values = Classifier(bundle).activations(pictures, ["conv", "pool"])
    for path in ("conv", "pool"):
        alone = keras.Model(model.input, model.get_layer(path).output)
        expected = alone(pictures.astype(np.float32))
        np.testing.assert_allclose(values[path], expected, atol=1e-5)


def test_golden_and_parity_are_written(build: Builder, export: Exporter) -> None:
    bundle = export(build())
    golden = np.load(bundle.path(GOLDEN))
    assert list(golden["files"]) == ["china.jpg", "camera.jpg", "astronaut.png", "retina.png"]
    np.testing.assert_allclose(answers(bundle, golden["pixels"]), golden["predictions"], atol=1e-6)
    parity = json.loads(bundle.path(PARITY).read_text())
    assert parity["batches"] == [1, 3]
    assert [row["path"] for row in parity["layers"]] == ["input_layer", "conv", "pool", "head"]
    assert all(row["max_abs_error"] <= row["allowed"] for row in parity["layers"])
    assert parity["end_to_end"]["top1_agreement"] == 1
    assert set(parity["end_to_end"]["per_image"]) == set(golden["files"])


def test_augmentation_anywhere_is_identity(export: Exporter, pictures: np.ndarray) -> None:
    model = keras.Sequential(
        [
            keras.Input((26, 38, 3)),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.RandomBrightness(0.1, value_range=(0, 1)),
            keras.layers.RandomContrast(0.1),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.RandomRotation(0.05),
            keras.layers.RandomTranslation(0.1, 0.1),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    bundle = export(model, stated=None)
    expected = predict(model, pictures.astype(np.float32))
    np.testing.assert_allclose(answers(bundle, pictures), expected, atol=1e-6)
    paths = [layer.path for layer in bundle.manifest.layers]
    assert paths[1:6] == ["random_flip", "rescaling", "random_brightness", "random_contrast",
                          "conv2d"]  # fmt: skip


def test_a_sigmoid_unit_becomes_two_classes(
    build: Builder, export: Exporter, pictures: np.ndarray
) -> None:
    model = build(units=1, head="sigmoid", inside=keras.layers.Rescaling(1 / 255))
    bundle = export(model, stated=None, labels=("cat", "dog"))
    dog = predict(model, pictures.astype(np.float32))[:, 0]
    scores = answers(bundle, pictures)
    np.testing.assert_allclose(scores, np.stack([1 - dog, dog], axis=1), atol=1e-6)
    assert bundle.manifest.output.activation == "sigmoid"


def test_logits_stay_logits_or_get_the_stated_activation(
    build: Builder, export: Exporter, pictures: np.ndarray
) -> None:
    model = build(head=None, inside=keras.layers.Rescaling(1 / 255))
    logits = predict(model, pictures.astype(np.float32))
    plain = export(model, stated=None)
    assert plain.manifest.output.score == "logit"
    np.testing.assert_allclose(answers(plain, pictures), logits, atol=1e-5)
    softmaxed = export(model, stated=None, activation="softmax")
    assert softmaxed.manifest.version == 2
    assert softmaxed.manifest.output.activation == "softmax"
    np.testing.assert_allclose(answers(softmaxed, pictures), tf.nn.softmax(logits), atol=1e-6)


def test_a_grey_model_of_open_size(build: Builder, export: Exporter) -> None:
    model = build(channels=1, size=(None, None))
    with pytest.raises(SettingsError, match="--size 224x224"):
        export(model)
    bundle = export(model, size=(30, 22), stated=from_numbers(scale=(1 / 255,)))
    spec = bundle.manifest.input
    assert (spec.height, spec.width, spec.channels) == (30, 22, 1)
    grey = np.random.default_rng(1).integers(0, 256, (2, 30, 22, 1), dtype=np.uint8)
    expected = predict(model, grey / np.float32(255))
    np.testing.assert_allclose(answers(bundle, grey), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["vgg19", "mobilenet_v2", "densenet"])
def test_preprocess_input_outside_the_model_goes_into_the_graph(
    build: Builder, export: Exporter, pictures: np.ndarray, name: str
) -> None:
    model = build()
    bundle = export(model, stated=from_name(name))
    prepared = getattr(keras.applications, name).preprocess_input(pictures.astype(np.float32))
    np.testing.assert_allclose(answers(bundle, pictures), predict(model, prepared), atol=1e-5)
    assert bundle.manifest.preprocessing.in_graph.startswith(f"stated at export: {name}")


@pytest.mark.parametrize("name", ["vgg19", "mobilenet_v2", "densenet"])
def test_preprocess_input_inside_the_model_is_found(
    build: Builder, export: Exporter, pictures: np.ndarray, name: str
) -> None:
    model = build(inside=getattr(keras.applications, name).preprocess_input)
    bundle = export(model, stated=None)
    expected = predict(model, pictures.astype(np.float32))
    np.testing.assert_allclose(answers(bundle, pictures), expected, atol=1e-5)
    assert bundle.manifest.preprocessing.in_graph.startswith("inside the model: ")


def test_a_normalization_layer_is_no_second_input(export: Exporter, pictures: np.ndarray) -> None:
    mean = np.linspace(90, 130, 3)
    picture = keras.Input((26, 38, 3))
    x = keras.layers.Normalization(mean=mean, variance=mean * 30)(picture)
    x = keras.layers.Flatten()(keras.layers.AveragePooling2D(12)(x))
    model = keras.Model(picture, keras.layers.Dense(3, activation="softmax")(x))
    bundle = export(model, stated=None)
    expected = predict(model, pictures.astype(np.float32))
    np.testing.assert_allclose(answers(bundle, pictures), expected, atol=1e-5)


def test_no_preprocessing_at_all_is_not_guessed(build: Builder, export: Exporter) -> None:
    with pytest.raises(SettingsError, match="does not guess it: say what your training code did"):
        export(build(), stated=None)


def test_preprocessing_inside_and_stated_needs_the_user_to_insist(
    build: Builder, export: Exporter, pictures: np.ndarray
) -> None:
    model = build(inside=keras.layers.Rescaling(2, offset=-1))
    with pytest.raises(SettingsError, match=r"the model already preprocesses.*--on-top"):
        export(model, stated=from_numbers(scale=(1 / 255,)))
    bundle = export(model, stated=from_numbers(scale=(1 / 255,), on_top=True))
    expected = predict(model, pictures / np.float32(255))
    np.testing.assert_allclose(answers(bundle, pictures), expected, atol=1e-6)


def test_a_legacy_h5_file(build: Builder, export: Exporter, pictures: np.ndarray) -> None:
    model = build(inside=keras.layers.Rescaling(1 / 255))
    bundle = export(model, suffix=".h5", stated=None)
    expected = predict(model, pictures.astype(np.float32))
    np.testing.assert_allclose(answers(bundle, pictures), expected, atol=1e-6)
    assert bundle.manifest.source.file == "model.h5"


def test_layers_called_like_the_graph_s_own_names(export: Exporter, pictures: np.ndarray) -> None:
    picture = keras.Input((26, 38, 3), name="image")
    x = keras.layers.Rescaling(1 / 255)(picture)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(picture, keras.layers.Dense(3, name="predictions")(x))
    bundle = export(model, stated=None, activation="softmax")
    values = Classifier(bundle).activations(pictures, ["image", "predictions"])
    np.testing.assert_array_equal(values["image"], pictures)
    expected = predict(model, pictures.astype(np.float32))
    np.testing.assert_allclose(values["predictions"], expected, atol=1e-6)


def test_two_exports_in_one_process_have_the_same_layers(build: Builder, export: Exporter) -> None:
    inside = keras.layers.Rescaling
    first = export(build(inside=inside(1 / 255)), stated=None)
    second = export(build(inside=inside(1 / 255)), stated=None)
    assert first.manifest.layers == second.manifest.layers
    assert (first.manifest.version, second.manifest.version) == (1, 2)


def test_a_layer_beside_the_road_is_not_differentiable(export: Exporter) -> None:
    picture = keras.Input((26, 38, 3))
    x = keras.layers.Rescaling(1 / 255)(picture)
    x = keras.layers.ZeroPadding2D(1, name="pad")(x)
    x = keras.layers.Conv2D(4, 3, strides=2, name="conv")(x)
    hard = keras.ops.round(x)
    x = keras.layers.GlobalAveragePooling2D()(hard)
    model = keras.Model(picture, keras.layers.Dense(3, activation="softmax", name="head")(x))
    bundle = export(model, stated=None)
    layers = {layer.path: layer.differentiable for layer in bundle.manifest.layers}
    assert layers["head"]
    assert layers["round"]
    assert not layers["conv"]


def test_a_saved_model_predicts_and_names_no_layers(
    build: Builder, export_file: Exporter, pictures: np.ndarray, tmp_path: Path
) -> None:
    model = build()
    model.export(tmp_path / "saved", verbose=False)
    with pytest.raises(SettingsError, match="a SavedModel does not tell whether it preprocesses"):
        export_file(tmp_path / "saved")
    bundle = export_file(tmp_path / "saved", stated=from_name("tf"))
    assert bundle.manifest.layers == ()
    assert bundle.manifest.output.activation == "softmax"
    expected = predict(model, pictures / np.float32(127.5) - 1)
    np.testing.assert_allclose(answers(bundle, pictures), expected, atol=1e-5)


def test_an_input_in_an_object_is_fed_by_its_name(export: Exporter, pictures: np.ndarray) -> None:
    picture = keras.Input((26, 38, 3), name="photo")
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(picture))
    model = keras.Model({"photo": picture}, keras.layers.Dense(3, activation="softmax")(x))
    bundle = export(model, stated=None)
    expected = predict(model, {"photo": pictures.astype(np.float32)})
    np.testing.assert_allclose(answers(bundle, pictures), expected, atol=1e-6)
