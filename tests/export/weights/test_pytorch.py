"""The old `.pth` format: read bit for bit, and nothing in it is run."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from export.errors import ExportError
from export.weights.efficientnet_lite0 import packaged_file
from export.weights.pytorch import read_state_dict

Writer = Callable[..., Path]
Tensors = dict[str, np.ndarray]


def test_every_tensor_is_read_bit_for_bit(write_pth: Writer, tensors: Tensors) -> None:
    found = read_state_dict(write_pth(tensors))
    assert list(found) == list(tensors)
    for name, expected in tensors.items():
        assert found[name].dtype == expected.dtype
        assert found[name].shape == expected.shape
        assert found[name].tobytes() == expected.tobytes(), name


def test_the_packaged_file_has_296_tensors() -> None:
    found = read_state_dict(packaged_file())
    assert len(found) == 296
    assert found["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert sum(value.size for name, value in found.items() if "num_batches" not in name) == 4694024


class Call:
    """Pickles to a call of `os.system`."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch harmed",)


@pytest.mark.parametrize("position", [0, 3])
def test_a_pickle_that_names_a_command_is_refused_and_not_run(
    write_pth: Writer,
    tensors: Tensors,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    position: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_pth(tensors)
    header = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}][:position]
    path.write_bytes(b"".join(pickle.dumps(value, 2) for value in (*header, Call())))
    with pytest.raises(ExportError, match=r"refused: it asks to run posix.system"):
        read_state_dict(path)
    assert not (tmp_path / "harmed").exists()


def test_numpy_and_builtins_are_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.")
    with pytest.raises(ExportError, match=r"builtins.eval"):
        read_state_dict(path)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_a_file_cut_short_is_refused(write_pth: Writer, tensors: Tensors, share: float) -> None:
    path = write_pth(tensors)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ExportError, match=r"not a whole \.pth file"):
        read_state_dict(path)


@pytest.mark.parametrize("data", [b"", b"hello, these are no weights\n" * 40, b"\x80\x02K\x01."])
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(data)
    with pytest.raises(ExportError, match=r"not a whole \.pth file"):
        read_state_dict(path)


def test_the_newer_zip_format_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(ExportError, match="_use_new_zipfile_serialization=False"):
        read_state_dict(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"cannot read .*none.pth: No such file"):
        read_state_dict(tmp_path / "none.pth")


def test_a_tensor_that_leaves_its_storage_is_refused(write_pth: Writer) -> None:
    path = write_pth({"fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3)})
    data = path.read_bytes()
    shape = b"(J\x02\x00\x00\x00J\x03\x00\x00\x00t"
    assert data.count(shape) == 1
    path.write_bytes(data.replace(shape, b"(J\x02\x00\x00\x00J\x63\x00\x00\x00t"))
    with pytest.raises(ExportError, match="leaves its storage"):
        read_state_dict(path)
