"""One served model: pictures in, the wire's results out."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from heapq import nlargest
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import numpy as np

from engine.arrays import Pixels, Scores
from engine.batching import Answer, Batcher
from engine.classifier import Classifier
from engine.errors import DeadlineExceededError, ImageError, QueueFullError
from service.errors import image_error
from service.multipart import Picture
from service.settings import Settings

Json = dict[str, Any]
"""A wire type of service/schemas.py as plain values, ready to be written."""


class Predictor:
    """Decodes in a bounded pool, predicts through the model's batcher."""

    def __init__(
        self,
        classifier: Classifier,
        versions: Sequence[int],
        decoders: Executor,
        settings: Settings,
    ) -> None:
        self.manifest = classifier.manifest
        self.versions = versions
        self._classifier = classifier
        self._decoders = decoders
        self._queue_images = settings.queue_images
        self._decoding = 0
        self._batcher = Batcher(
            classifier.predict, max_batch=settings.max_batch, max_queue=settings.queue_images
        )

    async def __aenter__(self) -> Self:
        await self._batcher.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._batcher.stop()

    @property
    def queued(self) -> int:
        """Pictures that are being decoded, or wait for the network."""
        return self._decoding + self._batcher.queued

    async def predict(
        self, upload: Sequence[Picture] | Pixels, *, top_k: int, timeout_ms: int
    ) -> Json:
        """A `PredictAnswer`.

        A picture that cannot be decoded has its error in its place, unless it came alone.

        Raises:
            ImageError: the only picture cannot be decoded.
            QueueFullError: too many pictures wait; none was taken.
            DeadlineExceededError: no answer in time.
        """
        self._admit(len(upload))
        started = perf_counter()
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                pixels, results = await self._decode(upload)
                decode_ms = (perf_counter() - started) * 1000
                answer = await self._infer(pixels, timeout_ms)
        except TimeoutError as error:
            raise DeadlineExceededError(f"no answer within {timeout_ms} ms") from error
        rows = iter(answer.scores)
        for result in results:
            if "error" not in result:
                result["classes"] = self._best(next(rows), top_k)
        return {
            "model": self.manifest.name,
            "version": self.manifest.version,
            "precision": "fp32",
            "score": self.manifest.output.score,
            "results": results,
            "timing_ms": {
                "decode": round(decode_ms, 3),
                "queue": round(answer.queue_ms, 3),
                "inference": round(answer.inference_ms, 3),
            },
            "batch_size": answer.batch_size,
        }

    def _admit(self, count: int) -> None:
        """Refuse pictures before any work is put into them."""
        if self.queued + count > self._queue_images:
            raise QueueFullError(
                f"{self.queued} pictures wait and {count} more do not fit into the queue of "
                f"{self._queue_images}; try again later",
                retry_after_seconds=self._batcher.wait_seconds,
            )

    async def _decode(self, upload: Sequence[Picture] | Pixels) -> tuple[Pixels, list[Json]]:
        """The network's input, one row a good picture, and one result to fill in for each."""
        if isinstance(upload, np.ndarray):
            return upload, [{"image": None} for _ in upload]
        loop = asyncio.get_running_loop()
        self._decoding += len(upload)
        try:
            outcomes = await asyncio.gather(
                *(
                    loop.run_in_executor(self._decoders, self._try_decode, picture.data)
                    for picture in upload
                )
            )
        finally:
            self._decoding -= len(upload)
        if len(outcomes) == 1 and isinstance(outcomes[0], ImageError):
            raise outcomes[0]
        results: list[Json] = []
        rows: list[Pixels] = []
        for picture, outcome in zip(upload, outcomes, strict=True):
            result: Json = {"image": picture.name}
            if isinstance(outcome, ImageError):
                result["error"] = image_error(outcome).model_dump()
            else:
                rows.append(outcome)
            results.append(result)
        return self._join(rows), results

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
        spec = self.manifest.input
        nothing = np.empty((0, spec.height, spec.width, spec.channels), np.dtype(spec.dtype))
        return np.stack(rows) if rows else nothing

    async def _infer(self, pixels: Pixels, timeout_ms: int) -> Answer:
        """Scores of the good pictures; of none, none."""
        if not len(pixels):
            return Answer(np.empty((0, 0), np.float32), 0.0, 0.0, 0)
        return await self._batcher.submit(pixels, deadline_seconds=timeout_ms / 1000)

    def _best(self, scores: Scores, top_k: int) -> list[Json]:
        """The highest classes of one row, best first, equal ones by their id.

        Not numpy's sort: it gives the interpreter's lock away, and on the event loop getting it
        back from the decoding threads took 0.7 ms; this takes 0.2 ms for 1000 classes.
        """
        values: list[float] = scores.tolist()
        order = nlargest(top_k, range(len(values)), key=values.__getitem__)
        labels = self.manifest.labels
        return [{"class_id": i, "label": labels[i], "score": scores[i]} for i in order]
