"""Files of PyTorch's old `.pth` format, written opcode by opcode: no PyTorch is needed."""

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Writer = Callable[..., Path]

STORAGES = {"float32": "FloatStorage", "int64": "LongStorage", "float16": "HalfStorage"}
ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(array: np.ndarray, key: str) -> bytes:
    """A call of _rebuild_tensor_v2 on a storage that a persistent id names."""
    storage = STORAGES[array.dtype.name]
    strides = tuple(stride // array.itemsize for stride in array.strides)
    elements = 1 + sum((n - 1) * s for n, s in zip(array.shape, strides, strict=True))
    pid = text("storage") + f"ctorch\n{storage}\n".encode() + text(key) + text("cpu")
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(("
        + (pid + number(elements) + b"NtQ" + number(0))
        + (numbers(array.shape) + numbers(strides) + b"\x89" + ORDERED_DICT + b"tR")
    )


def legacy_file(tensors: dict[str, np.ndarray]) -> bytes:
    """What `torch.save(state_dict, _use_new_zipfile_serialization=False)` writes."""
    header = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}]
    items = [text(name) + tensor(array, str(i)) for i, (name, array) in enumerate(tensors.items())]
    body = b"\x80\x02" + ORDERED_DICT + b"(" + b"".join(items) + b"u."
    keys = [str(i) for i in range(len(tensors))]
    parts = [pickle.dumps(value, protocol=2) for value in header]
    parts += [body, pickle.dumps(keys, protocol=2)]
    for array in tensors.values():
        raw = np.lib.stride_tricks.as_strided(array, (array.size,), (array.itemsize,))
        parts += [struct.pack("<q", array.size), raw.tobytes()]
    return b"".join(parts)


@pytest.fixture
def write_pth(tmp_path: Path) -> Writer:
    """Writes a state dict: (tensors) → the file."""

    def write(tensors: dict[str, np.ndarray]) -> Path:
        path = tmp_path / "weights.pth"
        path.write_bytes(legacy_file(tensors))
        return path

    return write


@pytest.fixture
def tensors() -> dict[str, np.ndarray]:
    """A transposed, a plain, a scalar and an integer tensor."""
    rng = np.random.default_rng(3)
    return {
        "conv.weight": rng.normal(size=(4, 3, 2, 5)).astype(np.float32),
        "fc.weight": rng.normal(size=(3, 7)).astype(np.float32).T,
        "half": rng.normal(size=6).astype(np.float16),
        "bn.num_batches_tracked": np.array(17, np.int64),
    }
