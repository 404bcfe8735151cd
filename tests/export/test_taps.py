"""Every layer has one path, and the path means that layer's output."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.load import load_keras
from export.taps import Tap, tapping

Builder = Callable[..., keras.Model]
applications: Any = keras.applications


def run(model: keras.Model, pictures: np.ndarray) -> dict[str, Tap]:
    with tapping() as recorder:
        model(tf.constant(pictures.astype(np.float32)), training=False)
    taps = {tap.path: tap for tap in recorder.taps}
    assert len(taps) == len(recorder.taps), "a path was given twice"
    return taps


def transfer_model() -> keras.Model:
    base = applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(32, 40, 3), alpha=0.35
    )
    augmentation = keras.Sequential(
        [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.05)], name="augment"
    )
    picture = keras.Input((32, 40, 3))
    x = applications.mobilenet_v2.preprocess_input(augmentation(picture))
    x = keras.layers.GlobalAveragePooling2D()(base(x, training=False))
    x = keras.layers.Dropout(0.2)(x)
    x = keras.layers.Dense(5, activation="relu")(x)
    return keras.Model(picture, keras.layers.Dense(3, activation="softmax")(x))


def test_a_path_goes_through_the_models_around_the_layer() -> None:
    taps = run(transfer_model(), np.ones((1, 32, 40, 3)))
    assert taps["mobilenetv2_0.35_32/Conv1"].keras_class == "Conv2D"
    for path in ("input_layer", "augment/random_flip", "augment", "true_divide", "subtract",
                 "mobilenetv2_0.35_32/input_layer", "mobilenetv2_0.35_32",
                 "global_average_pooling2d", "dropout", "dense", "dense_1"):  # fmt: skip
        assert path in taps


def test_two_builds_in_one_process_have_the_same_paths() -> None:
    first = run(transfer_model(), np.ones((1, 32, 40, 3)))
    keras.layers.Dense(1)
    second = run(transfer_model(), np.ones((1, 32, 40, 3)))
    assert list(first) == list(second)


def test_a_reloaded_model_has_the_same_paths(tmp_path: Path) -> None:
    model = transfer_model()
    model.save(tmp_path / "model.keras")
    keras.layers.Conv2D(1, 1)
    reloaded = load_keras(tmp_path / "model.keras")
    pictures = np.ones((1, 32, 40, 3))
    assert list(run(model, pictures)) == list(run(reloaded, pictures))


def test_a_path_means_that_layer_and_no_other(build: Builder, pictures: np.ndarray) -> None:
    model = build(inside=keras.layers.Rescaling(1 / 255))
    taps = run(model, pictures)
    for layer in model.layers[1:]:
        alone = keras.Model(model.input, layer.output)
        path = str(layer.name)
        np.testing.assert_allclose(
            taps[path].value, alone(pictures.astype(np.float32)), rtol=1e-5, atol=1e-6
        )


def test_a_shared_layer_has_a_path_for_each_call(pictures: np.ndarray) -> None:
    picture = keras.Input((26, 38, 3))
    shared = keras.layers.Conv2D(3, 3, padding="same", name="shared")
    model = keras.Model(picture, shared(shared(picture)))
    taps = run(model, pictures)
    once = shared(pictures.astype(np.float32))
    np.testing.assert_allclose(taps["shared"].value, once, atol=1e-5)
    np.testing.assert_allclose(taps["shared@1"].value, shared(once), rtol=1e-5, atol=1e-4)


def test_a_sub_model_called_twice_has_two_paths_for_each_of_its_layers(
    pictures: np.ndarray,
) -> None:
    inner = keras.Sequential(
        [keras.Input((26, 38, 3)), keras.layers.Conv2D(3, 3, padding="same", name="c1")], name="enc"
    )
    picture = keras.Input((26, 38, 3))
    taps = run(keras.Model(picture, inner(inner(picture))), pictures)
    assert {"enc", "enc@1", "enc/c1", "enc/c1@1"} <= set(taps)
    assert not np.array_equal(taps["enc/c1"].value, taps["enc/c1@1"].value)


def test_one_name_in_two_sub_models_makes_two_paths(pictures: np.ndarray) -> None:
    def encoder(name: str) -> keras.Model:
        inner = keras.Input((26, 38, 3))
        return keras.Model(inner, keras.layers.Conv2D(2, 3, name="c1")(inner), name=name)

    picture = keras.Input((26, 38, 3))
    both = keras.layers.Add()([encoder("enc")(picture), encoder("enc_b")(picture)])
    taps = run(keras.Model(picture, both), pictures)
    assert {"enc/c1", "enc_b/c1"} <= set(taps)
    assert not np.array_equal(taps["enc/c1"].value, taps["enc_b/c1"].value)


def test_a_layer_with_two_outputs_has_a_path_for_each(pictures: np.ndarray) -> None:
    class Two(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs, inputs * 2

    picture = keras.Input((26, 38, 3))
    first, second = Two(name="two")(picture)
    taps = run(keras.Model(picture, keras.layers.Add()([first, second])), pictures)
    np.testing.assert_array_equal(taps["two:1"].value, 2 * pictures.astype(np.float32))


def test_layers_that_pass_on_their_input_are_layers_too(
    build: Builder, pictures: np.ndarray
) -> None:
    model = keras.Sequential(
        [keras.Input((26, 38, 3)), keras.layers.Dropout(0.5), build(inside=None)]
    )
    taps = run(model, pictures)
    for path in ("input_layer", "dropout"):
        np.testing.assert_array_equal(taps[path].value, pictures)


def test_parameters_are_counted_with_those_inside() -> None:
    taps = run(transfer_model(), np.ones((1, 32, 40, 3)))
    base = applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(32, 40, 3), alpha=0.35
    )
    assert taps["mobilenetv2_0.35_32"].parameters == base.count_params()
    assert taps["dense_1"].parameters == 5 * 3 + 3
    assert taps["dropout"].parameters == taps["true_divide"].parameters == 0


def test_the_hook_leaves_nothing_behind(build: Builder, pictures: np.ndarray) -> None:
    before = keras.Layer.__call__, keras.Operation.__call__
    run(build(), pictures)
    assert (keras.Layer.__call__, keras.Operation.__call__) == before
