"""The training pipeline's own loading of picture files: what the engine is measured against."""

import io
import math
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bundle.manifest import ImageInput, Preprocessing
from export.errors import SettingsError

# image_dataset_from_directory goes by the ending, TensorFlow's decoder by the content: a WebP
# picture is listed once it is called .png.
LISTED = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "BMP": ".bmp"}


def load_as_trained(
    files: Sequence[Path], spec: ImageInput, preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """Levels as the model saw them in training: float32 (files, height, width, channels).

    Raises:
        SettingsError: the training pipeline cannot read one of the files.
    """
    if preprocessing.recipe == "tensorflow":
        return _with_tensorflow(files, spec, preprocessing)
    rows = [_with_pillow(file, spec, preprocessing) for file in files]
    return np.stack(rows)


def _with_tensorflow(
    files: Sequence[Path], spec: ImageInput, preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """keras.utils.image_dataset_from_directory over copies of the files, in order."""
    lanczos = preprocessing.interpolation == "lanczos"
    with tempfile.TemporaryDirectory(prefix="cutaway-") as folder:
        for index, file in enumerate(files):
            shutil.copyfile(file, Path(folder) / f"{index:05d}{_ending(file)}")
        dataset = keras.utils.image_dataset_from_directory(
            folder,
            labels=None,  # type: ignore[arg-type]  # Keras documents None, and annotates str
            color_mode="rgb" if spec.channels == 3 else "grayscale",  # noqa: PLR2004 RGB
            batch_size=1,
            image_size=(spec.height, spec.width),
            shuffle=False,
            interpolation="lanczos3" if lanczos else preprocessing.interpolation,
            crop_to_aspect_ratio=preprocessing.method == "crop",
            pad_to_aspect_ratio=preprocessing.method == "pad",
            verbose=False,
        )
        rows: list[Any] = []
        try:
            rows.extend(batch.numpy()[0] for batch in dataset)
        except Exception as error:  # TensorFlow's decoders raise their own kinds
            name = files[len(rows)].name
            raise SettingsError(
                f"TensorFlow cannot read the sample {name}; leave it out, or use --recipe pillow "
                "if the training did"
            ) from error
    return np.stack(rows).astype(np.float32)


def _ending(file: Path) -> str:
    """The ending under which the folder reader lists this picture."""
    try:
        with Image.open(file) as picture:
            return LISTED.get(picture.format or "", ".png")
    except OSError as error:
        raise SettingsError(f"the sample {file.name} is not a picture: {error}") from error


def _with_pillow(file: Path, spec: ImageInput, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """keras.utils.load_img where it does the whole of it, otherwise Pillow's calls as others do."""
    grey = spec.channels == 1
    kernel = "box" if preprocessing.interpolation == "area" else preprocessing.interpolation
    size = (spec.width, spec.height)
    if preprocessing.method != "pad" and preprocessing.crop_fraction == 1:
        picture = keras.utils.load_img(
            _content(file, preprocessing),
            color_mode="grayscale" if grey else "rgb",
            target_size=(spec.height, spec.width),
            interpolation=kernel,
            keep_aspect_ratio=preprocessing.method == "crop",
        )
        return keras.utils.img_to_array(picture)
    picture = _opened(file, preprocessing).convert("L" if grey else "RGB")
    resample = Image.Resampling[kernel.upper()]
    if preprocessing.method == "pad":
        picture = ImageOps.pad(picture, size, resample)
    elif preprocessing.method == "crop":
        picture = _short_side(picture, size, preprocessing.crop_fraction, resample)
    else:
        fraction = preprocessing.crop_fraction
        enlarged = (math.floor(size[0] / fraction), math.floor(size[1] / fraction))
        picture = _centre(picture.resize(enlarged, resample), size)
    return keras.utils.img_to_array(picture)


def _content(file: Path, preprocessing: Preprocessing) -> Path | io.BytesIO:
    """The file itself, or its picture made upright and opaque, for load_img to open."""
    if preprocessing.exif == "ignore" and preprocessing.background is None:
        return file
    content = io.BytesIO()
    _opened(file, preprocessing).save(content, "PNG")
    return content


def _opened(file: Path, preprocessing: Preprocessing) -> Image.Image:
    """A picture upright and on its background, where the training code saw to that."""
    picture = Image.open(file)
    picture.load()
    if preprocessing.exif == "apply":
        picture = ImageOps.exif_transpose(picture)
    if preprocessing.background is not None and picture.has_transparency_data:
        picture = _on_background(picture, preprocessing.background)
    return picture


def _short_side(
    picture: Image.Image, size: tuple[int, int], fraction: float, resample: Image.Resampling
) -> Image.Image:
    """torchvision's Resize and CenterCrop for a square target, timm's ResizeKeepRatio otherwise."""
    width, height = math.floor(size[0] / fraction), math.floor(size[1] / fraction)
    if width == height and picture.width <= picture.height:
        scaled = (width, int(width * picture.height / picture.width))
    elif width == height:
        scaled = (int(height * picture.width / picture.height), height)
    else:
        ratio = min(picture.width / width, picture.height / height)
        scaled = (round(picture.width / ratio), round(picture.height / ratio))
    return _centre(picture.resize(scaled, resample), size)


def _centre(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """torchvision's CenterCrop."""
    left = round((picture.width - size[0]) / 2)
    top = round((picture.height - size[1]) / 2)
    return picture.crop((left, top, left + size[0], top + size[1]))


def _on_background(picture: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    """Blend transparent pixels over a colour."""
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, (*color, 255)), layer)
