"""Opening the user's model file; every way in which that fails becomes one sentence."""

import re
import warnings
from pathlib import Path

import keras

from export.architecture import lambda_names, read_config
from export.errors import ModelFileError
from export.probe import probe
from export.untyped import Loaded

UNKNOWN_CLASS = re.compile(r"(?:Could not locate \w+|Unknown \w+:) '([^']+)'")


def load_keras(path: Path) -> keras.Model:
    """A `.keras` or `.h5` file as a Keras model, compiled where its loss loads too.

    Code in the file is never run: Keras's safe mode stays on, so a Lambda layer is refused.

    Raises:
        ModelFileError: missing, damaged, or with parts that only the training code knows.
    """
    probe(path)
    try:
        model = _load(path)
    except Exception as error:  # Keras raises whatever its parts raise
        raise ModelFileError(_explain(path, error)) from error
    if not isinstance(model, keras.Model):
        raise ModelFileError(
            f"{path} holds a {type(model).__name__}, not a model; save the whole model "
            "with model.save('model.keras')"
        )
    return model


def _load(path: Path) -> Loaded:
    """Load with the compile state, or without it where a custom loss is not known here."""
    with warnings.catch_warnings():
        # Keras warns of an uncompiled .h5 and of optimizer slots; neither matters to a prediction.
        warnings.simplefilter("ignore")
        try:
            return keras.models.load_model(path, compile=True, safe_mode=True)
        except Exception:  # noqa: BLE001 the second attempt raises what is really wrong
            return keras.models.load_model(path, compile=False, safe_mode=True)


def _explain(path: Path, error: Exception) -> str:
    """Why Keras could not load it, for a person."""
    try:
        lambdas = lambda_names(read_config(path))
    except Exception:  # noqa: BLE001 a damaged configuration is what is being explained
        return f"{path} is damaged: its configuration is unreadable; copy or save it again"
    if lambdas:
        return (
            f"{path} has the Lambda layer {lambdas[0]!r}, whose code would run on loading: "
            "replace it with a Keras layer (Rescaling for arithmetic on pixels) and save again"
        )
    unknown = UNKNOWN_CLASS.search(str(error))
    if unknown:
        return (
            f"{path} uses {unknown[1]!r}, which Keras does not know and whose code is not in the "
            "file: replace it with Keras's own layers and save again"
        )
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return (
        f"{path} cannot be loaded by Keras {keras.__version__} "
        f"({type(error).__name__}: {reason[:200]}); load and save it again where it was trained"
    )
