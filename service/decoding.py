"""Pictures of requests → rows of the network's input, in a bounded pool of threads."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.errors import ImageError
from service.errors import image_error, numbered_error
from service.uploads import Upload

Json = dict[str, Any]
"""A wire type of service/schemas as plain values, ready to be written."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request's pictures.

    Args:
        pixels: (batch, height, width, channels) of those that can be used; possibly none.
        results: of every picture `{"image": its name}`, and an `error` where it cannot be used.
        errors: of the pictures that cannot be used, by their place.
    """

    pixels: Pixels
    results: list[Json]
    errors: Mapping[int, ImageError] = field(default_factory=dict[int, ImageError])

    @property
    def good(self) -> list[int]:
        """Of each row of `pixels`, which picture of the request it is."""
        return [index for index, result in enumerate(self.results) if "error" not in result]

    def check(self) -> None:
        """Raise the first picture's ImageError, if there is one, with the picture's place."""
        for index, error in self.errors.items():
            raise numbered_error(error, index) from error


class Decoding:
    """Decodes for one model; counts what is on the way."""

    def __init__(self, classifier: Classifier, decoders: Executor) -> None:
        self.pending = 0
        self._classifier = classifier
        self._decoders = decoders

    async def decode(self, upload: Upload) -> Decoded:
        """The pictures of a request, in their order.

        Raises:
            ImageError: the only picture cannot be used.
        """
        if isinstance(upload, np.ndarray):
            return Decoded(upload, [{"image": None} for _ in upload])
        loop = asyncio.get_running_loop()
        self.pending += len(upload)
        try:
            outcomes = await asyncio.gather(
                *(
                    loop.run_in_executor(self._decoders, self._try_decode, picture.data)
                    for picture in upload
                )
            )
        finally:
            self.pending -= len(upload)
        names = [picture.name for picture in upload]
        return self._collect(names, outcomes)

    def _collect(
        self, names: Sequence[str | None], outcomes: Sequence[Pixels | ImageError]
    ) -> Decoded:
        """The good ones as rows, the others as errors in their place."""
        if len(outcomes) == 1 and isinstance(outcomes[0], ImageError):
            raise outcomes[0]
        results: list[Json] = []
        rows: list[Pixels] = []
        errors: dict[int, ImageError] = {}
        for index, (name, outcome) in enumerate(zip(names, outcomes, strict=True)):
            result: Json = {"image": name}
            if isinstance(outcome, ImageError):
                errors[index] = outcome
                result["error"] = image_error(outcome).model_dump()
            else:
                rows.append(outcome)
            results.append(result)
        return Decoded(self._join(rows), results, errors)

    def _try_decode(self, data: bytes) -> Pixels | ImageError:
        """In a thread: one picture, or what is wrong with it."""
        try:
            return self._classifier.decode(data)
        except ImageError as error:
            return error

    def _join(self, rows: list[Pixels]) -> Pixels:
        """(batch, height, width, channels); no copy of a single row, no row at all allowed."""
        if len(rows) == 1:
            return rows[0][np.newaxis]
        spec = self._classifier.manifest.input
        nothing = np.empty((0, spec.height, spec.width, spec.channels), np.dtype(spec.dtype))
        return np.stack(rows) if rows else nothing
