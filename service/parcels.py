"""A request's pictures as work for the slots, and what came back in the pictures' order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.arrays import Scores
from engine.batching.outcome import Outcome
from engine.errors import ImageError
from service.decoding import Decoded
from service.errors import image_error, numbered_error
from service.schemas import Error
from service.uploads import Upload
from service.work import Done, Json, Work

log = logging.getLogger("cutaway")

_FAILED = Error(code="internal", message="the network failed on this picture").model_dump()


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one request wants predicted.

    Args:
        works: what the slots do, one a picture.
        results: of every picture `{"image": its name}`; an `error` where it cannot be used.
        places: of each of `works`, its picture's place in `results`.
        decode_ms: of pictures that were decoded before.
        together: all pictures are wanted or none, and their scores alone: a `top_k` of 0.
    """

    works: list[Work]
    results: list[Json]
    places: Sequence[int]
    decode_ms: float = 0.0
    together: bool = False

    @classmethod
    def of_upload(cls, upload: Upload, top_k: int) -> Self:
        """Ready pictures, or pictures still to be decoded."""
        places = range(len(upload))
        if isinstance(upload, np.ndarray):
            works = [Work(b"", top_k, upload, row) for row in places]
            return cls(works, [{"image": None} for _ in places], places, together=not top_k)
        works = [Work(picture.data, top_k) for picture in upload]
        results: list[Json] = [{"image": picture.name} for picture in upload]
        return cls(works, results, places, together=not top_k)

    @classmethod
    def of_decoded(cls, decoded: Decoded, top_k: int, decode_ms: float) -> Self:
        """Pictures that were decoded before; those that could not be have their error.

        Raises:
            ImageError: all are wanted or none, and one could not be decoded.
        """
        if not top_k:
            decoded.check()
        works = [Work(b"", top_k, decoded.pixels, row) for row in range(len(decoded.pixels))]
        return cls(works, decoded.results, decoded.good, decode_ms, not top_k)

    def fill(self, outcomes: Sequence[Outcome[Done]]) -> None:
        """Give every picture its classes, or its error.

        Raises:
            Exception: the request's only picture has failed, or one of those wanted together: its
                own error.
        """
        for place, outcome in zip(self.places, outcomes, strict=True):
            result, done = self.results[place], outcome.result
            failure = done if isinstance(done, Exception) else done.error
            if failure is not None and len(self.results) == 1:
                raise failure
            if failure is not None and self.together:
                raise numbered_error(failure, place) if isinstance(failure, ImageError) else failure
            if isinstance(done, Exception):
                log.error("a picture of several failed in the network", exc_info=done)
                result["error"] = _FAILED
            elif done.error is not None:
                result["error"] = image_error(done.error).model_dump()
            else:
                result["classes"] = done.classes

    @staticmethod
    def scores(outcomes: Sequence[Outcome[Done]]) -> Scores:
        """Of pictures that were wanted together, once filled in: (batch, classes)."""
        rows = [each.result.scores for each in outcomes if isinstance(each.result, Done)]
        return np.stack([row for row in rows if row is not None])

    def timing_ms(self, outcomes: Sequence[Outcome[Done]]) -> Json:
        """The slowest picture's of each phase; one that failed counts for its wait alone."""
        done = [outcome.result for outcome in outcomes if isinstance(outcome.result, Done)]
        decode_ms = self.decode_ms + max((each.decode_ms for each in done), default=0.0)
        return {
            "decode": round(decode_ms, 3),
            "queue": round(max(map(_waited_ms, outcomes), default=0.0), 3),
            "inference": round(max((each.inference_ms for each in done), default=0.0), 3),
        }


def _waited_ms(outcome: Outcome[Done]) -> float:
    """In the queue, and then at hand for a thread."""
    done = outcome.result
    staged_ms = outcome.run_ms - done.spent_ms if isinstance(done, Done) else 0.0
    return outcome.queue_ms + max(staged_ms, 0.0)
