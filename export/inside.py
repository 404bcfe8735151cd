"""Preprocessing that the model itself contains, before its first layer with weights."""

from collections.abc import Sequence
from itertools import groupby

import keras

from export.errors import SettingsError
from export.stated import StatedPreprocessing
from export.taps import Tap

# Besides the two layers, the bare operations that preprocess_input leaves in a functional model.
SCALING = {"Add", "Divide", "Multiply", "Normalization", "Rescaling", "Subtract", "TrueDivide"}
EXAMPLES = (
    "say what your training code did to the levels 0-255 before the model: "
    "--preprocess mobilenet_v2 (or another keras.applications name), --scale 1/255, "
    "--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --scale 1/255, "
    "or --preprocess none if it took them as they are"
)


def contained_preprocessing(taps: Sequence[Tap]) -> str:
    """What the model does to the levels itself, in words; "" where it does nothing.

    Rescaling and Normalization layers and bare arithmetic count, in nested models too; a
    BatchNormalization does not, since it is as much a part of many networks that want scaled input.
    """
    parts: list[str] = []
    for tap in taps:
        layer = tap.operation
        if not tap.leaf or isinstance(layer, keras.layers.InputLayer):
            continue
        if isinstance(layer, keras.layers.Rescaling):
            parts.append(f"Rescaling(scale={_short(layer.scale)}, offset={_short(layer.offset)})")
        elif isinstance(layer, keras.layers.Normalization):
            parts.append("Normalization")
        elif not isinstance(layer, keras.Layer):
            parts.append(tap.keras_class)
        elif layer.weights and not _is_augmentation(layer):
            break
    scales = any(part.split("(")[0] in SCALING for part in parts)
    return ", ".join(part for part, _ in groupby(parts)) if scales else ""


def describe_preprocessing(contained: str, stated: StatedPreprocessing | None) -> str:
    """What the whole graph does to the levels, for the manifest.

    Raises:
        SettingsError: nobody says it, or the model and the user both do.
    """
    if not contained and stated is None:
        raise SettingsError(
            f"the model contains no preprocessing, and export does not guess it: {EXAMPLES}"
        )
    if stated is None or (contained and stated.is_identity):
        return f"inside the model: {contained}"
    if not contained:
        return f"stated at export: {stated.words}"
    if not stated.on_top:
        raise SettingsError(
            f"the model already preprocesses ({contained}), and {stated.words} was stated too: "
            "leave the statement out, or add --on-top if the training code really did both"
        )
    return f"stated at export: {stated.words}; then inside the model: {contained}"


def _is_augmentation(layer: keras.Layer) -> bool:
    """Augmentation layers hold the state of their random generator, which is no weight."""
    return all("seed" in weight.path for weight in layer.weights)


def _short(number: object) -> str:
    """A scale or offset, a list of them included."""
    if isinstance(number, (list, tuple)):
        return "(" + ", ".join(_short(part) for part in number) + ")"
    return f"{number:.6g}" if isinstance(number, (int, float)) else str(number)
