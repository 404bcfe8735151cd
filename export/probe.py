"""A look at a model file's bytes, before TensorFlow is even imported.

Keras answers "File not found" to any damaged `.keras` file; these answers say what is wrong.
"""

import zipfile
from pathlib import Path

import h5py

from export.errors import ModelFileError

ZIP_MAGIC = b"PK\x03\x04"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
KINDS = "a .keras file, a legacy .h5 file, or a SavedModel folder"


def is_saved_model(path: Path) -> bool:
    """Whether a path is a SavedModel folder."""
    return (path / "saved_model.pb").is_file()


def probe(path: Path) -> None:
    """Refuse what cannot be a model file.

    Raises:
        ModelFileError: missing, empty, damaged, without a model, or under the wrong ending.
    """
    if is_saved_model(path):
        return
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
