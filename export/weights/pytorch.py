"""Tensors out of PyTorch's old `.pth` format, without PyTorch.

Such a file (torch.save before 1.6) is five pickles and then raw numbers:

    magic number · protocol version · facts of the machine · the object · the storages' keys
    then for each key, in that order: the count of its elements (int64), and the elements

The object refers to its storages by key; each tensor is a view (offset, shape, strides) of one. A
pickle can name any callable of any module, so only the few that a state dict needs are allowed.
"""

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from export.errors import ExportError

Tensors = dict[str, NDArray[Any]]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_ZIP_MAGIC = b"PK\x03\x04"
_COUNT = np.dtype("<i8")

_STORAGES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


@dataclass(frozen=True, slots=True)
class _Storage:
    """A run of numbers somewhere behind the pickles."""

    key: str
    dtype: np.dtype[Any]
    elements: int


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor: where in its storage it lies."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """The tensor itself, copied out of its storage's numbers."""
        last = self.offset + sum(
            (length - 1) * stride for length, stride in zip(self.shape, self.strides, strict=True)
        )
        if min((0, self.offset, *self.shape, *self.strides)) < 0 or last >= max(len(numbers), 1):
            raise ValueError(f"a tensor of shape {self.shape} leaves its storage")
        strides = tuple(stride * numbers.itemsize for stride in self.strides)
        return as_strided(numbers[self.offset :], self.shape, strides).copy()


class _Unpickler(pickle.Unpickler):
    """Knows the names that a state dict needs, and refuses every other."""

    def find_class(self, module_name: str, global_name: str, /) -> object:
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module_name, global_name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _View(
                storage, offset, shape, strides
            )
        if module_name == "torch" and global_name in _STORAGES:
            return _STORAGES[global_name]
        raise _ForbiddenNameError(f"{module_name}.{global_name}")

    def persistent_load(self, pid: tuple[Any, ...], /) -> _Storage:
        kind, dtype, key, _device, elements, _view = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise ValueError(f"expected a storage, received {kind!r}")
        return _Storage(str(key), dtype, int(elements))


class _ForbiddenNameError(Exception):
    """The pickle names a callable that no state dict needs."""


def read_state_dict(path: Path) -> Tensors:
    """Every tensor of a state dict saved by `torch.save` in its old format, bit for bit.

    Raises:
        ExportError: no such file, another format, cut short, or a pickle that names anything but
            tensors.
    """
    data = _read(path)
    try:
        return _parse(io.BytesIO(data), len(data))
    except _ForbiddenNameError as error:
        raise ExportError(
            f"{path} is refused: it asks to run {error}, and a file of weights needs no such thing"
        ) from error
    # A pickle of nonsense raises nearly anything; nothing of ours runs inside it.
    except Exception as error:  # noqa: BLE001 - see the line above
        _refuse(path, error)


def _read(path: Path) -> bytes:
    """The whole file; zip files, PyTorch's newer format, are told apart here."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from error
    if data.startswith(_ZIP_MAGIC):
        raise ExportError(
            f"{path} is PyTorch's newer zip format; save it again with "
            "torch.save(state_dict, path, _use_new_zipfile_serialization=False)"
        )
    return data


def _refuse(path: Path, error: Exception) -> NoReturn:
    raise ExportError(
        f"{path} is not a whole .pth file of PyTorch's old format "
        f"({str(error) or type(error).__name__}); fetch or save it again"
    ) from error


def _parse(stream: io.BytesIO, size_bytes: int) -> Tensors:
    """The five pickles, the numbers, and the tensors as views of them."""
    if _Unpickler(stream).load() != _MAGIC or _Unpickler(stream).load() != _PROTOCOL:
        raise ValueError("its first bytes are not the format's magic number")
    machine = _Unpickler(stream).load()
    if machine["little_endian"] is not True or sys.byteorder != "little":
        raise ValueError("it was written with another byte order")
    views = _Unpickler(stream).load()
    keys = _Unpickler(stream).load()
    if not isinstance(views, Mapping):
        raise ValueError(f"expected a state dict, received a {type(views).__name__}")
    tensors = {str(name): view for name, view in views.items() if isinstance(view, _View)}
    storages = {view.storage.key: view.storage for view in tensors.values()}
    numbers = {key: _read_numbers(stream, storages[key], size_bytes) for key in keys}
    return {name: view.of(numbers[view.storage.key]) for name, view in tensors.items()}


def _read_numbers(stream: io.BytesIO, storage: _Storage, size_bytes: int) -> NDArray[Any]:
    """One storage's numbers; its count is checked against what the file can hold."""
    count = int(np.frombuffer(stream.read(_COUNT.itemsize), _COUNT)[0])
    wanted = count * storage.dtype.itemsize
    if count != storage.elements or not 0 <= wanted <= size_bytes - stream.tell():
        raise ValueError(f"storage {storage.key} should hold {storage.elements} elements")
    return np.frombuffer(stream.read(wanted), storage.dtype)
