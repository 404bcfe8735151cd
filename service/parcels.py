"""A request's pictures as work for the slots, and what came back in the pictures' order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.arrays import Pixels
from engine.batching.batcher import Outcome
from service.decoding import Decoded
from service.errors import image_error
from service.schemas import Error
from service.uploads import Upload
from service.work import Done, Json, Work

log = logging.getLogger("cutaway")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one request wants predicted.

    Args:
        works: what the slots do, in order.
        results: of every picture `{"image": its name}`; an `error` where it cannot be used.
        pictures: of each picture in `works`, its place in `results`.
        decode_ms: of pictures that were decoded before.
    """

    works: list[Work]
    results: list[Json]
    pictures: list[int]
    decode_ms: float = 0.0

    @classmethod
    def of_upload(cls, upload: Upload, top_k: int, rows: int) -> Self:
        """Pictures still to be decoded, one each; ready ones as `rows` together."""
        if isinstance(upload, np.ndarray):
            results: list[Json] = [{"image": None} for _ in upload]
            return cls(_cut(upload, top_k, rows), results, list(range(len(upload))))
        works = [Work(picture.data, top_k) for picture in upload]
        return cls(works, [{"image": p.name} for p in upload], list(range(len(upload))))

    @classmethod
    def of_decoded(cls, decoded: Decoded, top_k: int, rows: int, decode_ms: float) -> Self:
        """Pictures that were decoded before; those that could not be have their error."""
        works = _cut(decoded.pixels, top_k, rows)
        return cls(works, decoded.results, decoded.good, decode_ms)

    def fill(self, outcomes: Sequence[Outcome[Done]]) -> None:
        """Give every picture its classes, or its error.

        Raises:
            Exception: the only piece of work has failed: its own error.
        """
        places = iter(self.pictures)
        for work, outcome in zip(self.works, outcomes, strict=True):
            done = outcome.result
            failure = done if isinstance(done, Exception) else done.error
            if failure is not None and len(self.results) == work.images:
                raise failure
            for row in range(work.images):
                result = self.results[next(places)]
                if isinstance(done, Exception):
                    log.error("a picture of several failed in the network", exc_info=done)
                    result["error"] = _FAILED
                elif done.error is not None:
                    result["error"] = image_error(done.error).model_dump()
                else:
                    result["classes"] = done.classes[row]


_FAILED = Error(code="internal", message="the network failed on this picture").model_dump()


def _cut(pixels: Pixels, top_k: int, rows: int) -> list[Work]:
    """Ready pictures, so many in a piece; views, no copies."""
    return [Work(b"", top_k, pixels[start : start + rows]) for start in range(0, len(pixels), rows)]
