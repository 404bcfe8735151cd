"""The networks that fine-tuning can start from: `--base NAME --weights imagenet | FILE | none`."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras

from export.errors import ModelFileError, SettingsError
from export.weights import efficientnet_lite0 as lite0_weights
from export.zoo.efficientnet_lite0 import efficientnet_lite0

LITE0 = "efficientnet-lite0"
Weights = Literal["imagenet", "none"] | Path
Size = tuple[int, int]
Tensor = keras.KerasTensor

# keras.applications gives these their own size; the course's 224 x 224 serves all others.
_SIZES: dict[str, Size] = {
    "InceptionV3": (299, 299),
    "InceptionResNetV2": (299, 299),
    "Xception": (299, 299),
    "NASNetLarge": (331, 331),
}


@dataclass(frozen=True, slots=True)
class Base:
    """A headless network.

    Args:
        name: as `--base` calls it.
        size: (height, width) in pixels where the user states none.
        build: makes the network for a size, with its weights; what comes out is
            (batch, height, width, channels).
        preprocess: from RGB levels 0-255 to what the network takes, as part of a Keras graph.
    """

    name: str
    size: Size
    build: Callable[[Size, Weights], keras.Model]
    preprocess: Callable[[Tensor], Tensor]


def base_names() -> list[str]:
    """Everything `--base` takes."""
    return [LITE0, *sorted(name for name in _applications() if not name.startswith("ConvNeXt"))]


def find_base(name: str) -> Base:
    """The base of that name, upper and lower case alike.

    Raises:
        SettingsError: there is none (the message has the nearest names), or it cannot be exported.
    """
    if name.lower() == LITE0:
        return Base(LITE0, (224, 224), _build_lite0, lambda levels: levels)
    applications = _applications()
    by_lower = {known.lower(): known for known in applications}
    known = by_lower.get(name.lower())
    if known is None:
        nearest = difflib.get_close_matches(name.lower(), [LITE0, *by_lower], n=3, cutoff=0.4)
        names = [by_lower.get(each, each) for each in nearest] or [LITE0, "MobileNetV2"]
        raise SettingsError(f"no base is called {name!r}; nearest: {', '.join(names)}")
    if known.startswith("ConvNeXt"):
        raise SettingsError(
            f"{known} can be trained and not exported: tf2onnx has no ONNX form of its grouped "
            "convolutions; take another base"
        )
    constructor, module = applications[known]

    def build(size: Size, weights: Weights) -> keras.Model:
        return _build_application(known, constructor, size, weights)

    return Base(known, _SIZES.get(known, (224, 224)), build, module.preprocess_input)


def _applications() -> dict[str, tuple[Callable[..., Any], Any]]:
    """keras.applications' constructors, each with the module that has its preprocess_input."""
    modules: list[Any] = [
        module
        for module in vars(keras.applications).values()
        if hasattr(module, "preprocess_input")
    ]
    found: dict[str, tuple[Callable[..., Any], Any]] = {}
    for module in modules:
        for name, value in vars(module).items():
            if name[0].isupper() and callable(value):
                found[name] = (value, module)
    # Keras puts these two beside their module, not into it.
    for name in ("MobileNetV3Large", "MobileNetV3Small"):
        found[name] = (getattr(keras.applications, name), keras.applications.mobilenet_v3)
    return found


def _build_lite0(size: Size, weights: Weights) -> keras.Model:
    """EfficientNet-Lite0 up to its last activation; it scales the levels itself."""
    model = efficientnet_lite0(size, classes=None)
    if weights != "none":
        path = lite0_weights.packaged_file() if weights == "imagenet" else weights
        lite0_weights.load_weights(model, Path(path))
    return model


def _build_application(
    name: str, constructor: Callable[..., Any], size: Size, weights: Weights
) -> keras.Model:
    """As Keras builds it with include_top=False; its errors become one sentence of ours."""
    shape = (*size, 3)
    try:
        model = constructor(weights=None, include_top=False, input_shape=shape)
    except ValueError as error:
        raise SettingsError(
            f"{name} cannot be built for {size[0]}x{size[1]} pixels: {first_sentence(error)}"
        ) from error
    if weights == "none":
        return model
    if isinstance(weights, Path) and not weights.is_file():
        raise ModelFileError(f"there is no file {weights}; give --weights imagenet, FILE or none")
    try:
        return constructor(weights=str(weights), include_top=False, input_shape=shape)
    # Keras raises a plain Exception where a download fails, and anything h5py has for a bad file.
    except Exception as error:
        if weights == "imagenet":
            raise ModelFileError(
                f"cannot fetch {name}'s ImageNet weights ({first_sentence(error)}); "
                "give --weights FILE, --weights none, or --base efficientnet-lite0"
            ) from error
        raise ModelFileError(
            f"{weights} does not hold weights of {name} without its top: {first_sentence(error)}"
        ) from error


def first_sentence(error: Exception) -> str:
    """The start of a library's message, on one line."""
    text = " ".join(str(error).split())
    return text.split(". ")[0][:200] or type(error).__name__
