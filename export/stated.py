"""Preprocessing that the user's training code did outside the model, as the user states it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from export.errors import SettingsError

Mode = Literal["tf", "caffe", "torch", "none"]
Color = Literal["RGB", "BGR"]

# Which of imagenet_utils' modes each keras.applications module's preprocess_input is; "none" are
# the modules whose models rescale inside and whose function returns its argument.
KERAS_MODULES: dict[str, Mode] = {
    "convnext": "none",
    "densenet": "torch",
    "efficientnet": "none",
    "efficientnet_v2": "none",
    "inception_resnet_v2": "tf",
    "inception_v3": "tf",
    "mobilenet": "tf",
    "mobilenet_v2": "tf",
    "mobilenet_v3": "none",
    "nasnet": "tf",
    "resnet": "caffe",
    "resnet50": "caffe",
    "resnet_v2": "tf",
    "vgg16": "caffe",
    "vgg19": "caffe",
    "xception": "tf",
}
PREPROCESS_NAMES = ("tf", "caffe", "torch", "none", *KERAS_MODULES)

# ImageNet's statistics as imagenet_utils has them: caffe's in BGR order, torch's in RGB of 0-1.
CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_STD = (0.229, 0.224, 0.225)

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StatedPreprocessing:
    """One affine map of the levels: `levels[..., order] * scale + offset`, per channel.

    Args:
        scale: one factor, or one a channel.
        offset: one summand, or one a channel, added after the factor.
        color: the order in which the model wants its channels.
        words: the same for a person.
        on_top: it is meant to come before the preprocessing that the model itself contains.
    """

    scale: Numbers
    offset: Numbers
    color: Color
    words: str
    on_top: bool = False

    @property
    def is_identity(self) -> bool:
        """Whether the levels enter the model as they are."""
        plain = all(factor == 1 for factor in self.scale)
        return plain and not any(self.offset) and self.color == "RGB"

    def check_channels(self, channels: int) -> None:
        """Raise SettingsError where the numbers do not fit a model of that many channels."""
        if channels == 1 and self.color == "BGR":
            raise SettingsError(
                f"{self.words}: BGR needs three channels, and the model takes one (grey levels)"
            )
        for numbers in (self.scale, self.offset):
            if len(numbers) not in (1, channels):
                raise SettingsError(
                    f"{self.words}: expected 1 or {channels} numbers, received {len(numbers)}"
                )

    def apply(self, levels: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model is given for levels of shape (..., channels), 0-255, RGB or grey."""
        ordered = levels[..., ::-1] if self.color == "BGR" else levels
        scaled = ordered * np.array(self.scale, np.float32) + np.array(self.offset, np.float32)
        return scaled.astype(np.float32)


def from_name(name: str, *, on_top: bool = False) -> StatedPreprocessing:
    """A mode, or the mode of a keras.applications module.

    Raises:
        SettingsError: neither is called so.
    """
    mode = KERAS_MODULES.get(name, name)
    words = name if name == mode else f"{name} ({mode})"
    if mode == "none":
        return StatedPreprocessing((1.0,), (0.0,), "RGB", f"{words}: levels as they are", on_top)
    if mode == "tf":
        words += ": levels / 127.5 - 1"
        return StatedPreprocessing((1 / 127.5,), (-1.0,), "RGB", words, on_top)
    if mode == "caffe":
        words += ": BGR levels - (103.939, 116.779, 123.68)"
        offset = tuple(-mean for mean in CAFFE_MEAN)
        return StatedPreprocessing((1.0,), offset, "BGR", words, on_top)
    if mode == "torch":
        words += ": (levels / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)"
        scale = tuple(1 / (255 * std) for std in TORCH_STD)
        offset = tuple(-mean / std for mean, std in zip(TORCH_MEAN, TORCH_STD, strict=True))
        return StatedPreprocessing(scale, offset, "RGB", words, on_top)
    raise SettingsError(
        f"no preprocessing is called {name!r}; there are: {', '.join(PREPROCESS_NAMES)}"
    )


def from_numbers(
    *,
    scale: Numbers = (1.0,),
    offset: Numbers = (0.0,),
    mean: Numbers = (0.0,),
    std: Numbers = (1.0,),
    color: Color = "RGB",
    on_top: bool = False,
) -> StatedPreprocessing:
    """`((levels in colour order) * scale + offset - mean) / std`, as Rescaling and torch write it.

    Raises:
        SettingsError: a zero divisor, lists of different lengths, or a mean and deviation for
            levels of 0-1 while the levels are still 0-255.
    """
    if not all(std):
        raise SettingsError(f"--std holds a zero: {_join(std)}")
    if scale == (1.0,) and std != (1.0,) and max(map(abs, (*mean, *std))) <= 1:
        raise SettingsError(
            f"--mean {_join(mean)} and --std {_join(std)} are for levels of 0-1, "
            "and the levels are 0-255 here: add --scale 1/255"
        )
    length = max(len(scale), len(offset), len(mean), len(std))
    columns = [_spread(numbers, length) for numbers in (scale, offset, mean, std)]
    rows = list(zip(*columns, strict=True))
    words = _words(scale, offset, mean, std, color)
    return StatedPreprocessing(
        tuple(factor / deviation for factor, _, _, deviation in rows),
        tuple((summand - centre) / deviation for _, summand, centre, deviation in rows),
        color,
        words,
        on_top,
    )


def parse_numbers(text: str) -> Numbers:
    """`127.5`, `1/255` or `0.485,0.456,0.406` as one to three numbers.

    Raises:
        ValueError: something else.
    """
    try:
        numbers = tuple(float(Fraction(part.strip())) for part in text.split(","))
    except (ValueError, ZeroDivisionError):
        numbers = ()
    if len(numbers) not in (1, 3):
        raise ValueError(f"expected one number, or three with commas, received {text!r}")
    return numbers


def _spread(numbers: Numbers, length: int) -> Numbers:
    """One number for every channel, or the numbers themselves."""
    if len(numbers) == length:
        return numbers
    if len(numbers) == 1:
        return numbers * length
    raise SettingsError(f"expected 1 or {length} numbers, received {len(numbers)}")


def _words(scale: Numbers, offset: Numbers, mean: Numbers, std: Numbers, color: Color) -> str:
    """The map in a person's words, with only the parts that do something."""
    words = f"{color} levels"
    if scale != (1.0,):
        words += f" * {_join(scale)}"
    if offset != (0.0,):
        words += f" + {_join(offset)}"
    if mean != (0.0,):
        words += f" - {_join(mean)}"
    if std != (1.0,):
        words = f"({words}) / {_join(std)}"
    return words


def _join(numbers: Numbers) -> str:
    """One number as it is, three in brackets."""
    text = ", ".join(f"{number:.6g}" for number in numbers)
    return text if len(numbers) == 1 else f"({text})"
