"""The gate's reference, Keras's and Pillow's own loading, agrees with the engine's recipes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.recipes import build_recipe
from export.errors import SettingsError
from export.pictures import OWN_SAMPLES, list_pictures, sample_files
from export.training import load_as_trained

HEIGHT, WIDTH = 61, 83


def difference(files: tuple[Path, ...], channels: Any = 3, **settings: Any) -> float:
    spec = ImageInput(dtype="float32", height=HEIGHT, width=WIDTH, channels=channels)
    preprocessing = Preprocessing(in_graph="", **settings)
    trained = load_as_trained(files, spec, preprocessing)
    recipe = build_recipe(spec, preprocessing)
    served = np.stack([recipe(file.read_bytes()) for file in files])
    assert trained.shape == served.shape == (len(files), HEIGHT, WIDTH, channels)
    return float(np.abs(trained - served).max())


@pytest.mark.parametrize("method", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_the_tensorflow_recipe_is_image_dataset_from_directory(
    method: str, interpolation: str
) -> None:
    files = sample_files(())
    worst = difference(files, recipe="tensorflow", method=method, interpolation=interpolation)
    assert worst < 0.02


def test_the_tensorflow_recipe_in_grey() -> None:
    files = sample_files(())
    assert difference(files, 1, recipe="tensorflow", method="stretch") < 1.01


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "stretch", "interpolation": "nearest"},
        {"method": "stretch", "interpolation": "area"},
        {"method": "stretch", "interpolation": "bilinear", "crop_fraction": 0.875},
        {"method": "crop", "interpolation": "lanczos"},
        {"method": "crop", "interpolation": "bicubic", "crop_fraction": 0.875},
        {"method": "pad", "interpolation": "bilinear"},
        {"method": "stretch", "interpolation": "bilinear", "background": (255, 255, 255)},
        {"method": "crop", "interpolation": "bilinear", "background": (9, 90, 200)},
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_pillow_recipe_is_load_img_torchvision_and_timm(
    settings: dict[str, Any], channels: int
) -> None:
    assert difference(sample_files(()), channels, recipe="pillow", **settings) == 0


def test_a_turned_photo_is_turned_where_training_turned_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(OWN_SAMPLES / "china.jpg").save(tmp_path / "turned.jpg", exif=exif)
    files = (tmp_path / "turned.jpg",)
    for exif_policy in ("ignore", "apply"):
        assert difference(files, recipe="pillow", method="stretch", exif=exif_policy) == 0


def test_what_the_training_pipeline_cannot_read_is_named(tmp_path: Path) -> None:
    Image.open(OWN_SAMPLES / "china.jpg").save(tmp_path / "scan.tiff")
    with pytest.raises(SettingsError, match=r"TensorFlow cannot read the sample scan\.tiff"):
        difference((tmp_path / "scan.tiff",), recipe="tensorflow", method="stretch")
    (tmp_path / "notes.jpg").write_text("no picture")
    with pytest.raises(SettingsError, match=r"the sample notes\.jpg is not a picture"):
        difference((tmp_path / "notes.jpg",), recipe="tensorflow", method="stretch")


def test_samples_are_spread_over_a_large_folder(tmp_path: Path) -> None:
    for index in range(10):
        (tmp_path / f"{index}.jpg").touch()
    (tmp_path / "labels.txt").touch()
    assert [path.stem for path in list_pictures(tmp_path, limit=5)] == ["0", "2", "4", "6", "8"]
    assert len(list_pictures(tmp_path)) == 10


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there are no pictures in"):
        list_pictures(tmp_path)
