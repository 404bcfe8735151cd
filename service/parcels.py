"""A request's pictures as work for the slots, and what came back in the pictures' order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.batching.outcome import Outcome
from service.decoding import Decoded
from service.errors import image_error
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
    """

    works: list[Work]
    results: list[Json]
    places: Sequence[int]
    decode_ms: float = 0.0

    @classmethod
    def of_upload(cls, upload: Upload, top_k: int) -> Self:
        """Ready pictures, or pictures still to be decoded."""
        places = range(len(upload))
        if isinstance(upload, np.ndarray):
            works = [Work(b"", top_k, upload, row) for row in places]
            return cls(works, [{"image": None} for _ in places], places)
        works = [Work(picture.data, top_k) for picture in upload]
        return cls(works, [{"image": picture.name} for picture in upload], places)

    @classmethod
    def of_decoded(cls, decoded: Decoded, top_k: int, decode_ms: float) -> Self:
        """Pictures that were decoded before; those that could not be have their error."""
        works = [Work(b"", top_k, decoded.pixels, row) for row in range(len(decoded.pixels))]
        return cls(works, decoded.results, decoded.good, decode_ms)

    def fill(self, outcomes: Sequence[Outcome[Done]]) -> None:
        """Give every picture its classes, or its error.

        Raises:
            Exception: the request's only picture has failed: its own error.
        """
        for place, outcome in zip(self.places, outcomes, strict=True):
            result, done = self.results[place], outcome.result
            failure = done if isinstance(done, Exception) else done.error
            if failure is not None and len(self.results) == 1:
                raise failure
            if isinstance(done, Exception):
                log.error("a picture of several failed in the network", exc_info=done)
                result["error"] = _FAILED
            elif done.error is not None:
                result["error"] = image_error(done.error).model_dump()
            else:
                result["classes"] = done.classes

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
