"""One picture on its way into the output."""

import hashlib
from dataclasses import dataclass

from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.errors import (
    ImageError,
    ImageTooLargeError,
    UndecodableImageError,
    UnsupportedImageError,
)
from engine.images import ImageLimits, read_header
from scoring.sources.picture import Picture

CODES: dict[type[ImageError], str] = {
    UnsupportedImageError: "unsupported_image",
    ImageTooLargeError: "image_too_large",
    UndecodableImageError: "undecodable_image",
}
"""The service answers the same words."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a picture before the network has seen it; `pixels` or an error.

    Args:
        source: its name in the output.
        expected: the class that the input says it is.
        sha256: of its bytes, in hexadecimal; None where they could not be read.
        width, height: pixels, as the header says; None where it could not be read, or promises
            more than is allowed.
        pixels: (height, width, channels), the network's input.
        error_code, error_message: why it cannot be scored.
    """

    source: str
    expected: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    pixels: Pixels | None = None
    error_code: str | None = None
    error_message: str | None = None


def decode_row(picture: Picture, classifier: Classifier, limits: ImageLimits) -> Row:
    """A picture's row, decoded as the model was trained."""
    data = picture.data
    if data is None:
        return Row(
            picture.source,
            picture.expected,
            error_code=picture.error_code,
            error_message=picture.error_message,
        )
    sha256 = hashlib.sha256(data).hexdigest()
    width = height = None
    try:
        header = read_header(data, limits)
        width, height = header.width, header.height
        pixels = classifier.decode(data)
    except ImageError as error:
        code, words = CODES[type(error)], str(error)
        return Row(picture.source, picture.expected, sha256, width, height, None, code, words)
    return Row(picture.source, picture.expected, sha256, width, height, pixels)
