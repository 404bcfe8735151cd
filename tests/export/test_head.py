"""What a model's last activation says of its scores."""

import keras
import pytest

from export.errors import ModelError, SettingsError
from export.head import Head, decide_head, find_activation


def dense(units: int = 4, activation: str | None = None) -> keras.Layer:
    return keras.layers.Dense(units, activation=activation)


def ending(*layers: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((6,)), *layers])


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([dense(activation="softmax")], "softmax"),
        ([dense(activation="sigmoid")], "sigmoid"),
        ([dense()], "none"),
        ([dense(activation="log_softmax")], "none"),
        ([dense(), keras.layers.Activation("softmax")], "softmax"),
        ([dense(), keras.layers.Softmax()], "softmax"),
        ([dense(activation="softmax"), keras.layers.Dropout(0.1)], "softmax"),
        ([dense(activation="sigmoid"), keras.layers.Reshape((4,))], "sigmoid"),
        ([ending(dense(6), ending(dense(activation="softmax")))], "softmax"),
    ],
)  # fmt: skip
def test_the_activation_is_found_wherever_it_is(layers: list[keras.Layer], expected: str) -> None:
    assert find_activation(ending(*layers)) == expected


def test_a_bare_operation_at_the_end_counts() -> None:
    vector = keras.Input((6,))
    assert find_activation(keras.Model(vector, keras.ops.softmax(dense()(vector)))) == "softmax"
    assert find_activation(keras.Model(vector, dense()(vector) * 2.0)) == "none"


def test_another_activation_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="ends in the activation 'tanh'"):
        find_activation(ending(dense(activation="tanh")))


@pytest.mark.parametrize(
    "loss", ["mse", "mae", keras.losses.Huber(), keras.losses.mean_squared_error]
)
def test_a_linear_head_with_a_regression_loss_is_refused(loss: object) -> None:
    model = ending(dense())
    model.compile(loss=loss)
    with pytest.raises(ModelError, match="regression model"):
        find_activation(model)


def test_a_linear_head_with_a_classification_loss_gives_logits() -> None:
    model = ending(dense())
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert find_activation(model) == "none"


def test_one_linear_unit_is_refused_unless_it_is_stated_to_be_a_logit() -> None:
    with pytest.raises(ModelError, match=r"one linear unit.*--activation sigmoid"):
        decide_head("none", 1, None)
    assert decide_head("none", 1, "sigmoid") == Head(1, "sigmoid", "sigmoid")


def test_one_sigmoid_unit_is_two_classes() -> None:
    assert decide_head("sigmoid", 1, None).classes == 2
    assert decide_head("sigmoid", 3, None).classes == 3


def test_a_stated_activation_that_contradicts_the_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="already ends in softmax"):
        decide_head("softmax", 4, "sigmoid")
    assert decide_head("softmax", 4, "softmax").append is None


def test_a_softmax_over_one_unit_is_refused() -> None:
    with pytest.raises(ModelError, match="always answers 1"):
        decide_head("softmax", 1, None)
