"""`--base` and `--weights`."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from export.errors import ExportError
from export.zoo.bases import base_names, find_base


def test_every_network_of_keras_applications_is_there_but_convnext() -> None:
    names = base_names()
    assert names[0] == "efficientnet-lite0"
    constructors = {name for name in vars(keras.applications) if name[0].isupper()}
    missing = constructors - set(names)
    assert set(names[1:]) < constructors
    assert all(name.startswith("ConvNeXt") for name in missing)
    assert {"VGG19", "InceptionV3", "ResNet50V2", "MobileNetV2", "EfficientNetB0"} <= constructors


def test_capital_letters_do_not_matter() -> None:
    assert find_base("mobilenetv2").name == "MobileNetV2"
    assert find_base("EfficientNet-Lite0").name == "efficientnet-lite0"


def test_an_unknown_base_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(ExportError, match=r"no base is called 'ResNet51'; nearest: ResNet50"):
        find_base("ResNet51")


def test_a_base_that_cannot_be_exported_is_refused_before_it_is_trained() -> None:
    with pytest.raises(ExportError, match="ConvNeXtTiny can be trained and not exported"):
        find_base("convnexttiny")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MobileNetV2", [200 / 127.5 - 1, 100 / 127.5 - 1, -1.0]),
        ("VGG19", [-103.939, 100 - 116.779, 200 - 123.68]),
        ("EfficientNetB0", [200.0, 100.0, 0.0]),
        ("efficientnet-lite0", [200.0, 100.0, 0.0]),
    ],
)
def test_each_base_brings_its_own_preprocessing(name: str, expected: list[float]) -> None:
    levels: Any = np.tile(np.array([200, 100, 0], np.float32), (1, 2, 3, 1))
    answered = np.asarray(find_base(name).preprocess(levels))
    np.testing.assert_allclose(answered[0, 1, 2], expected, rtol=1e-6)


def test_a_size_that_a_base_cannot_have_is_refused() -> None:
    with pytest.raises(ExportError, match="InceptionV3 cannot be built for 32x40 pixels"):
        find_base("InceptionV3").build((32, 40), "none")


def test_a_file_of_weights_is_loaded(tmp_path: Path) -> None:
    base = find_base("MobileNetV2")
    first = base.build((32, 48), "none")
    file = tmp_path / "base.weights.h5"
    first.save_weights(file)
    second = base.build((32, 48), file)
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.weights.h5"
    find_base("MobileNet").build((32, 32), "none").save_weights(file)
    with pytest.raises(ExportError, match="does not hold weights of MobileNetV2"):
        find_base("MobileNetV2").build((32, 32), file)


def test_a_text_file_is_refused_as_weights(tmp_path: Path) -> None:
    file = tmp_path / "notes.weights.h5"
    file.write_text("these are no weights")
    with pytest.raises(ExportError, match="does not hold weights of MobileNetV2"):
        find_base("MobileNetV2").build((32, 32), file)


def test_a_missing_file_of_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"there is no file .*none.h5"):
        find_base("MobileNetV2").build((32, 32), tmp_path / "none.h5")
    with pytest.raises(ExportError, match=r"cannot read .*none.pth"):
        find_base("efficientnet-lite0").build((32, 32), tmp_path / "none.pth")


def test_without_a_network_the_message_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))  # no weights from an earlier download
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(
        ExportError, match=r"cannot fetch MobileNetV2's ImageNet weights .*--weights"
    ):
        find_base("MobileNetV2").build((96, 96), "imagenet")
