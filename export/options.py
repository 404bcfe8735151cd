"""What a conversion is told: the user's decisions, checked against each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bundle.manifest import Accuracy
from export.errors import SettingsError
from export.stated import StatedPreprocessing

Interpolation = Literal["nearest", "bilinear", "bicubic", "area", "lanczos"]


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How a model was trained and is to be published; see `python -m export convert --help`.

    Args:
        name: the published model's name.
        labels: class names in the model's order; None numbers them.
        recipe, method, interpolation, antialias, crop_fraction, exif, background: how the training
            pipeline turned a picture file into levels (bundle's Preprocessing).
        stated: what the training code did to the levels outside the model, if anything.
        samples: picture files for the golden set and the end-to-end gate; empty: our own photos.
        activation: appended to a model that ends in logits.
        input_dtype: auto tries uint8 and falls back to float32 where rounding moves the answers.
        size: (height, width), where the model leaves them open.
        accuracy: measured on held-out pictures, if it was.
        training: a note on the training for the manifest.
    """

    name: str
    labels: tuple[str, ...] | None = None
    recipe: Literal["tensorflow", "pillow"] = "tensorflow"
    method: Literal["stretch", "crop", "pad"] = "stretch"
    interpolation: Interpolation = "bilinear"
    antialias: bool = False
    crop_fraction: float = 1.0
    exif: Literal["ignore", "apply"] = "ignore"
    background: tuple[int, int, int] | None = None
    stated: StatedPreprocessing | None = None
    samples: tuple[Path, ...] = ()
    activation: Literal["softmax", "sigmoid"] | None = None
    input_dtype: Literal["auto", "uint8", "float32"] = "auto"
    size: tuple[int, int] | None = None
    accuracy: Accuracy | None = None
    training: str = ""

    def __post_init__(self) -> None:
        """Refuse what no training pipeline of that recipe does.

        Raises:
            SettingsError: a setting that the recipe does not have.
        """
        if self.recipe == "tensorflow":
            foreign = {
                "--exif apply": self.exif == "apply",
                "--background": self.background is not None,
                "--crop-fraction": self.crop_fraction != 1,
                "--antialias": self.antialias,
            }
            for option, given in foreign.items():
                if given:
                    raise SettingsError(
                        f"image_dataset_from_directory has no {option}; "
                        "it belongs to --recipe pillow"
                    )
        elif self.crop_fraction != 1 and self.method == "pad":
            raise SettingsError("--crop-fraction crops, and --resize pad keeps the whole picture")
