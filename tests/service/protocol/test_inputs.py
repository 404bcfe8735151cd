"""What of a request becomes pictures."""

import numpy as np
import pytest

from bundle.manifest import ImageInput
from engine.errors import PixelsError
from service.errors import TooManyImagesError
from service.protocol.errors import ProtocolError
from service.protocol.http_body import read_raw_request
from service.protocol.inputs import read_inputs
from service.protocol.messages import Tensor

LEVELS = ImageInput(height=2, width=3, channels=1)
FLOATS = ImageInput(height=2, width=3, channels=1, dtype="float32")
SHAPE = (2, 2, 3, 1)


def pixels(dtype: str) -> Tensor:
    values = np.arange(12).reshape(SHAPE).astype(dtype)
    return Tensor.of_array("pixels", values)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_network_of_floats_takes_them_in_both_lengths(dtype: str) -> None:
    found = read_inputs([pixels(dtype)], FLOATS, 2)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(12).reshape(SHAPE))


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_a_network_of_floats_takes_no_others(dtype: str) -> None:
    with pytest.raises(ProtocolError, match=r"expected FP32 or FP16, received (UINT8|FP64)"):
        read_inputs([pixels(dtype)], FLOATS, 2)


def test_levels_that_are_not_finite_are_refused() -> None:
    values = np.zeros(SHAPE, np.float32)
    values[1, 1, 2, 0] = np.nan
    with pytest.raises(PixelsError, match="input 'pixels': expected finite levels"):
        read_inputs([Tensor.of_array("pixels", values)], FLOATS, 2)


def test_more_pictures_than_allowed_are_refused() -> None:
    with pytest.raises(TooManyImagesError, match="at most 1 pictures in one request, received 2"):
        read_inputs([pixels("uint8")], LEVELS, 1)


@pytest.mark.parametrize(
    ("spec", "body", "name"),
    [
        (LEVELS, bytes(range(6)), "pixels"),
        (LEVELS, bytes(range(7)), "image"),
        (LEVELS, b"GIF89a", "image"),
        (LEVELS, b"", "image"),
        (FLOATS, np.ones(6, "<f4").tobytes(), "pixels"),
        (FLOATS, bytes(range(6)), "image"),
    ],
)
def test_a_raw_body_is_pixels_if_it_has_their_size_and_is_no_picture(
    spec: ImageInput, body: bytes, name: str
) -> None:
    request = read_raw_request(body, spec, model="m", version=None)
    [tensor] = request.inputs
    assert tensor.name == name
    assert tensor.shape == ((1, 2, 3, 1) if name == "pixels" else (1,))
    assert request.binary
