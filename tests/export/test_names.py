"""Frozen names depend on the model alone."""

import keras

from export.names import frozen_names


def names(operations: list[keras.Operation]) -> list[str]:
    frozen = frozen_names(operations)
    return [frozen[id(operation)] for operation in operations]


def test_automatic_numbers_begin_anew_in_each_model() -> None:
    layers = [keras.layers.Conv2D(1, 1, name=f"conv2d_{number}") for number in (94, 95, 97)]
    assert names([*layers]) == ["conv2d", "conv2d_1", "conv2d_2"]


def test_the_order_is_that_of_creation_not_of_the_list() -> None:
    first = keras.layers.Dense(1, name="dense_9")
    second = keras.layers.Dense(1, name="dense_10")
    assert names([second, first]) == ["dense_1", "dense"]


def test_given_names_stay_even_with_a_number() -> None:
    layers = [
        keras.layers.Conv2D(1, 1, name="block1_conv1"),
        keras.layers.Concatenate(name="mixed9_0"),
        keras.layers.Activation("relu", name="predictions"),
    ]
    assert names([*layers]) == ["block1_conv1", "mixed9_0", "predictions"]


def test_an_automatic_name_never_takes_a_given_one() -> None:
    given = keras.layers.Activation("relu", name="dense")
    automatic = keras.layers.Dense(1, name="dense_5")
    assert names([given, automatic]) == ["dense", "dense_1"]


def test_keras_2_names_become_those_of_today() -> None:
    assert names([keras.layers.InputLayer((3,), name="input_7")]) == ["input_layer"]


def test_camel_case_classes_are_recognised() -> None:
    layers = [
        keras.layers.GlobalAveragePooling2D(name="global_average_pooling2d_3"),
        keras.layers.BatchNormalization(name="batch_normalization_12"),
        keras.layers.ReLU(name="re_lu_4"),
    ]
    assert names([*layers]) == ["global_average_pooling2d", "batch_normalization", "re_lu"]
