"""Every file that is no usable model is answered with one sentence that names it and the remedy."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from export.errors import ModelFileError
from export.load import load_keras

Builder = Callable[..., keras.Model]


@pytest.fixture
def saved(tmp_path: Path, build: Builder) -> Path:
    """A good .keras file."""
    path = tmp_path / "good.keras"
    build().save(path)
    return path


@pytest.fixture
def legacy(tmp_path: Path, build: Builder) -> Path:
    """A good legacy .h5 file."""
    path = tmp_path / "good.h5"
    build().save(path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        load_keras(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("kind", ["saved", "legacy"])
def test_a_good_file_loads_with_its_compile_state(
    kind: str, request: pytest.FixtureRequest, build: Builder
) -> None:
    path: Path = request.getfixturevalue(kind)
    model = build()
    model.compile(loss="categorical_crossentropy")
    model.save(path)
    loaded = load_keras(path)
    assert getattr(loaded.loss, "__name__", loaded.loss) == "categorical_crossentropy"
    picture = np.ones((1, 26, 38, 3), np.float32)
    np.testing.assert_allclose(loaded(picture), model(picture), atol=1e-6)


def test_a_custom_loss_does_not_stop_the_model(tmp_path: Path, build: Builder) -> None:
    def my_loss(truth: Any, scores: Any) -> Any:
        return keras.ops.mean(truth - scores)

    model = build()
    model.compile(loss=my_loss)
    model.save(tmp_path / "custom_loss.keras")
    assert load_keras(tmp_path / "custom_loss.keras").name == model.name


def test_a_missing_file(tmp_path: Path) -> None:
    assert "there is no model file" in refused(tmp_path / "gone.keras")


def test_a_folder_that_is_no_saved_model(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "without saved_model.pb" in refused(tmp_path / "folder")


@pytest.mark.parametrize("name", ["empty.keras", "empty.h5"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "is empty; save the model again" in refused(tmp_path / name)


@pytest.mark.parametrize("name", ["text.keras", "text.h5"])
def test_text_under_a_model_s_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("my best model\n")
    assert "is not a Keras model file" in refused(tmp_path / name)


@pytest.mark.parametrize("kind", ["saved", "legacy"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_file_that_was_cut_short(kind: str, share: float, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(kind)
    content = path.read_bytes()
    path.write_bytes(content[: max(8, int(len(content) * share))])
    assert "copy or save it again" in refused(path)


def test_bit_flips_in_the_weights(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    middle = content.index(b"model.weights.h5") + 2000
    for offset in range(middle, middle + 64):
        content[offset] ^= 0xFF
    saved.write_bytes(content)
    assert "damaged" in refused(saved)


def test_a_zip_that_holds_no_model(tmp_path: Path) -> None:
    path = tmp_path / "photos.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", b"x")
    assert "without a Keras model" in refused(path)


def test_a_configuration_that_is_no_json(saved: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"{broken" if name == "config.json" else old.read(name))
    saved.write_bytes(buffer.getvalue())
    assert "configuration is unreadable" in refused(saved)


def test_weights_alone(tmp_path: Path, build: Builder) -> None:
    path = tmp_path / "only.weights.h5"
    build().save_weights(path)
    assert "holds weights alone" in refused(path)


def test_a_model_under_the_other_ending(saved: Path, legacy: Path) -> None:
    for path, suffix in ((saved, ".h5"), (legacy, ".keras")):
        other = path.with_name("renamed").with_suffix(suffix)
        other.write_bytes(path.read_bytes())
        assert f"rename it to *{path.suffix}" in refused(other)


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
def test_a_lambda_layer_is_named_and_never_run(tmp_path: Path, name: str, build: Builder) -> None:
    model = build(inside=keras.layers.Lambda(lambda x: x / 255, name="to_unit"))
    model.save(tmp_path / name)
    sentence = refused(tmp_path / name)
    assert "the Lambda layer 'to_unit'" in sentence
    assert "replace it with a Keras layer" in sentence


@pytest.mark.parametrize("name", ["custom.keras", "custom.h5"])
def test_a_custom_layer_is_named(tmp_path: Path, name: str, build: Builder) -> None:
    class Sharpen(keras.layers.Layer):
        def call(self, inputs: object) -> object:
            return inputs

    build(inside=Sharpen()).save(tmp_path / name)
    assert "uses 'Sharpen', which Keras does not know" in refused(tmp_path / name)


def test_something_saved_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "layer.keras"
    keras.saving.save_model(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), path)
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            config = b'{"class_name": "Dense", "config": {"units": 1}, "module": "keras.layers"}'
            new.writestr(name, config if name == "config.json" else old.read(name))
    path.write_bytes(content.getvalue())
    assert "cannot be loaded" in refused(path) or "not a model" in refused(path)
