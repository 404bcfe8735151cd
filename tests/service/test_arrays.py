"""Arrays that lie, and what is never done with them."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from bundle.manifest import ImageInput
from engine.errors import PixelsError
from service.arrays import read_array
from service.errors import TooManyImagesError

SPEC = ImageInput(height=4, width=6, channels=3)
FLOATS = ImageInput(height=4, width=6, channels=3, dtype="float32")


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version)
    return buffer.getvalue()


def header(text: str, data: bytes = b"") -> bytes:
    """An .npy file with a header of our own."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data


def rows(count: int, dtype: str = "uint8") -> np.ndarray:
    values = np.random.default_rng(count).integers(0, 256, (count, 4, 6, 3))
    return values.astype(dtype)


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_ready_pictures_come_back_as_they_were(version: tuple[int, int]) -> None:
    pixels = rows(3)
    assert np.array_equal(read_array(npy(pixels, version), SPEC, 8), pixels)


def test_an_array_in_column_order_comes_back_the_same() -> None:
    pixels = np.asfortranarray(rows(3))
    found = read_array(npy(pixels), SPEC, 8)
    assert np.array_equal(found, pixels)
    assert found.flags.c_contiguous


def test_a_network_of_floats_takes_floats() -> None:
    pixels = rows(2, "float32") + 0.25
    assert np.array_equal(read_array(npy(pixels), FLOATS, 8), pixels)


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


def test_python_objects_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    flag = tmp_path / "unpickled"
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb(flag)], dtype=object), allow_pickle=True)
    assert b"unpickled" in buffer.getvalue()
    with pytest.raises(PixelsError, match="received object"):
        read_array(buffer.getvalue(), SPEC, 8)
    assert not flag.exists()


@pytest.mark.parametrize(
    "array",
    [
        rows(2)[0],
        rows(2).transpose(0, 2, 1, 3),
        rows(2)[..., :1],
        rows(0),
        rows(2).astype("float32"),
        rows(2).astype("int8"),
        rows(2).astype(">u2"),
        np.uint8(3),
        rows(2).astype("bool"),
    ],
)
def test_another_shape_or_type_is_refused(array: np.ndarray) -> None:
    with pytest.raises(PixelsError, match=r"expected uint8 pictures of shape \(batch, 4, 6, 3\)"):
        read_array(npy(np.asarray(array)), SPEC, 8)


def test_a_truncated_or_padded_array_is_refused() -> None:
    whole = npy(rows(2))
    for data in (whole[:-1], whole + b"\x00"):
        with pytest.raises(PixelsError, match="promises 144 bytes"):
            read_array(data, SPEC, 8)


def test_a_header_that_promises_terabytes_allocates_nothing() -> None:
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 4, 6, 3)}\n"
    with pytest.raises(TooManyImagesError):
        read_array(header(text, b"x" * 72), SPEC, 8)
    with pytest.raises(PixelsError, match="promises"):
        read_array(header(text, b"x" * 72), SPEC, 10**13)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x03\x00\x00\x00",
        b"\x93NUMPY\x01\x00\xff\xff",
        header("{'descr': '|u1'}\n"),
        header("__import__('os').getpid()\n"),
        header("{" * 5000),
        header("[" * 9000 + "]" * 9000),
        header("-" * 9000 + "1"),
        header("1" + "+1" * 4500),
        *(header(sign * 240) for sign in ("-", "+1", "(", "[", "\n", "1,", ".a")),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 4, 6, 3)}\n"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (True, 4, 6, 3)}\n", b"x" * 72),
        header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (1, 4, 6, 3)}\n"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (1L, 4, 6, 3)}\n", b"x" * 72),
        header("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1, 4, 6, 3)}\n"),
        header("{'descr': '\x00', 'fortran_order': False, 'shape': (1, 4, 6, 3)}\n"),
        b"not an array at all",
    ],
)
def test_a_header_that_does_not_read_is_refused(data: bytes) -> None:
    with pytest.raises(PixelsError):
        read_array(data, SPEC, 8)


def test_a_header_longer_than_any_that_numpy_writes_is_not_read() -> None:
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 4, 6, 3)}"
    data = bytes(72)
    assert read_array(header(text + " " * (246 - len(text)), data), SPEC, 8).shape == (1, 4, 6, 3)
    with pytest.raises(PixelsError, match="header of at most 256 bytes, received 257"):
        read_array(header(text + " " * (247 - len(text)), data), SPEC, 8)


def test_numbers_that_are_not_finite_are_refused() -> None:
    for value in (np.nan, np.inf):
        pixels = rows(1, "float32")
        pixels[0, 1, 2, 0] = value
        with pytest.raises(PixelsError, match="finite"):
            read_array(npy(pixels), FLOATS, 8)


def test_too_many_pictures_are_refused() -> None:
    with pytest.raises(TooManyImagesError, match="at most 2"):
        read_array(npy(rows(3)), SPEC, 2)
