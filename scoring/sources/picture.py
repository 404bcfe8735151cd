"""A picture of the input, read and not yet decoded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """What was read; either `data` or an error.

    Args:
        source: the picture's name in the output: `cats/1.jpg`, `photos.tar!cats/1.jpg`,
            `photos.parquet#17`.
        data: the encoded file; None where it could not be read.
        expected: the class that the input says it is, a label or a class id in digits; None where
            it says nothing.
        error_code: why it could not be read, as in the output: `unreadable`, `file_too_large`.
        error_message: one sentence for a person.
    """

    source: str
    data: bytes | None
    expected: str | None = None
    error_code: str | None = None
    error_message: str | None = None
