"""The inputs that every model has: ready `pixels`, or the encoded pictures of `image`."""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from math import prod

import numpy as np

from bundle.manifest import ImageInput
from engine.arrays import Pixels
from engine.errors import PixelsError
from service.errors import TooManyImagesError
from service.multipart import Picture
from service.protocol.datatypes import BYTES, datatype_of, numpy_dtype
from service.protocol.errors import ProtocolError
from service.protocol.messages import Tensor
from service.uploads import Upload

PIXELS = "pixels"
"""(batch, height, width, channels) in the network's own size and type."""
IMAGE = "image"
"""BYTES (batch,): picture files."""
BASE64 = "base64"
"""The parameter `content_type` of an `image` whose elements are written so, as in JSON they are."""


def pixels_datatype(spec: ImageInput) -> str:
    """UINT8 or FP32."""
    return datatype_of(np.empty(0, spec.dtype))


def picture_bytes(spec: ImageInput) -> int:
    """Of one picture's ready pixels."""
    shape = (spec.height, spec.width, spec.channels)
    return prod(shape) * numpy_dtype(pixels_datatype(spec)).itemsize


def read_inputs(inputs: Sequence[Tensor], spec: ImageInput, max_images: int) -> Upload:
    """The pictures of a request.

    Raises:
        ProtocolError: not exactly one of the two inputs, or of another datatype or shape.
        PixelsError: levels that are not finite.
        TooManyImagesError: more than `max_images` pictures.
    """
    if len(inputs) != 1 or inputs[0].name not in (PIXELS, IMAGE):
        names = ", ".join(repr(tensor.name[:64]) for tensor in inputs[:4]) or "none"
        raise ProtocolError(f"expected one input, {PIXELS!r} or {IMAGE!r}, received {names}")
    [tensor] = inputs
    if tensor.name == PIXELS:
        return _read_pixels(tensor, spec, max_images)
    return _read_pictures(tensor, max_images)


def _read_pixels(tensor: Tensor, spec: ImageInput, max_images: int) -> Pixels:
    """Ready pictures. FP16 does where FP32 is expected: every value of it is one of FP32."""
    expected, values = pixels_datatype(spec), tensor.values
    taken = (expected, "FP16") if expected == "FP32" else (expected,)
    if tensor.datatype not in taken or isinstance(values, list):
        raise ProtocolError(
            f"input {PIXELS!r}: expected {' or '.join(taken)}, received {tensor.datatype}"
        )
    size = (spec.height, spec.width, spec.channels)
    if len(tensor.shape) != len(size) + 1 or tensor.shape[1:] != size or not tensor.shape[0]:
        raise _wrong_shape(PIXELS, (-1, *size), tensor.shape)
    _check_count(tensor.shape[0], max_images)
    pixels = values.astype(spec.dtype, copy=False)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise PixelsError(f"input {PIXELS!r}: expected finite levels, received NaN or infinity")
    return pixels


def _read_pictures(tensor: Tensor, max_images: int) -> list[Picture]:
    """Encoded pictures."""
    if tensor.datatype != BYTES or not isinstance(tensor.values, list):
        raise ProtocolError(f"input {IMAGE!r}: expected {BYTES}, received {tensor.datatype}")
    if len(tensor.shape) != 1 or not tensor.shape[0]:
        raise _wrong_shape(IMAGE, (-1,), tensor.shape)
    _check_count(len(tensor.values), max_images)
    files = tensor.values
    if tensor.parameters.get("content_type") == BASE64:
        try:
            files = [b64decode(text, validate=True) for text in files]
        except binascii.Error as error:
            raise ProtocolError(f"input {IMAGE!r}: expected base64, received other text") from error
    return [Picture(None, data) for data in files]


def _check_count(images: int, most: int) -> None:
    if images > most:
        raise TooManyImagesError(
            f"expected at most {most} pictures in one request, received {images}", max_images=most
        )


def _wrong_shape(name: str, expected: tuple[int, ...], received: tuple[int, ...]) -> ProtocolError:
    return ProtocolError(
        f"input {name!r}: expected shape {list(expected)} with at least 1 picture, "
        f"received {list(received)}"
    )
