"""Opening the user's model file; every way in which that fails becomes one sentence."""

import re
import warnings
import zipfile
from pathlib import Path

import h5py
import keras

from export.architecture import lambda_names, read_config
from export.errors import ModelFileError
from export.untyped import Loaded

ZIP_MAGIC = b"PK\x03\x04"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
KINDS = "a .keras file, a legacy .h5 file, or a SavedModel folder"
UNKNOWN_CLASS = re.compile(r"(?:Could not locate \w+|Unknown \w+:) '([^']+)'")


def is_saved_model(path: Path) -> bool:
    """Whether a path is a SavedModel folder."""
    return (path / "saved_model.pb").is_file()


def load_keras(path: Path) -> keras.Model:
    """A `.keras` or `.h5` file as a Keras model, compiled where its loss loads too.

    Code in the file is never run: Keras's safe mode stays on, so a Lambda layer is refused.

    Raises:
        ModelFileError: missing, damaged, or with parts that only the training code knows.
    """
    _probe(path)
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


def _probe(path: Path) -> None:
    """Look at the bytes before Keras does: it answers "File not found" to any damaged file."""
    if not path.exists():
        raise ModelFileError(f"there is no model file {path}; expected {KINDS}")
    if path.is_dir():
        raise ModelFileError(f"{path} is a folder without saved_model.pb; expected {KINDS}")
    try:
        with path.open("rb") as stream:
            magic = stream.read(8)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from error
    if not magic:
        raise ModelFileError(f"{path} is empty; save the model again")
    suffix = path.suffix.lower()
    if magic.startswith(ZIP_MAGIC) and suffix == ".keras":
        _probe_zip(path)
    elif magic == HDF5_MAGIC and suffix in (".h5", ".hdf5"):
        _probe_hdf5(path)
    elif magic == HDF5_MAGIC or magic.startswith(ZIP_MAGIC):
        right = ".h5" if magic == HDF5_MAGIC else ".keras"
        raise ModelFileError(
            f"{path} holds a {right} model under another ending; rename it to *{right}"
        )
    else:
        raise ModelFileError(
            f"{path} is not a Keras model file (it begins with {magic[:8]!r}); expected {KINDS}"
        )


def _probe_zip(path: Path) -> None:
    """A .keras file is a zip whose members must match their checksums."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        raise ModelFileError(
            f"{path} is damaged or cut short ({error}); copy or save it again"
        ) from error
    except Exception as error:  # zlib and the decoders under it have errors of their own
        raise ModelFileError(f"{path} is damaged ({error}); copy or save it again") from error
    if damaged:
        raise ModelFileError(
            f"{path} is damaged: {damaged} in it does not match its checksum; copy or save it again"
        )
    if "config.json" not in names:
        raise ModelFileError(f"{path} is a zip file without a Keras model in it; expected {KINDS}")


def _probe_hdf5(path: Path) -> None:
    """An .h5 file must open and hold a model, not weights alone."""
    try:
        with h5py.File(path) as archive:
            whole = "model_config" in archive.attrs
    except (OSError, RuntimeError) as error:
        raise ModelFileError(
            f"{path} is damaged or cut short ({str(error).split('(')[-1].strip(')')}); "
            "copy or save it again"
        ) from error
    if not whole:
        raise ModelFileError(
            f"{path} holds weights alone, without the model; save the whole model "
            "with model.save('model.keras')"
        )


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
