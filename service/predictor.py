"""One served model: pictures in, the wire's results out."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from time import perf_counter
from types import TracebackType
from typing import Self

import numpy as np

from engine.arrays import Pixels
from engine.batching import Answer, Batcher
from engine.classifier import Classifier
from engine.errors import DeadlineExceededError, QueueFullError
from service.decoding import Decoded, Decoding, Json
from service.predictions import best_classes
from service.settings import Settings
from service.uploads import Upload


class Predictor:
    """Decodes in a bounded pool, predicts through the model's batcher."""

    def __init__(
        self,
        classifier: Classifier,
        versions: Sequence[int],
        decoders: Executor,
        settings: Settings,
    ) -> None:
        self.classifier = classifier
        self.manifest = classifier.manifest
        self.versions = versions
        self._queue_images = settings.queue_images
        self._decoding = Decoding(classifier, decoders)
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
        return self._decoding.pending + self._batcher.queued

    async def predict(self, upload: Upload, *, top_k: int, timeout_ms: int) -> Json:
        """A `PredictAnswer`.

        A picture that cannot be decoded has its error in its place, unless it came alone.

        Raises:
            ImageError: the only picture cannot be decoded.
            QueueFullError: too many pictures wait; none was taken.
            DeadlineExceededError: no answer in time.
        """
        started = perf_counter()
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                decoded = await self.decode(upload)
                decode_ms = (perf_counter() - started) * 1000
                answer = await self._infer(decoded.pixels, timeout_ms)
        except TimeoutError as error:
            raise DeadlineExceededError(f"no answer within {timeout_ms} ms") from error
        for row, index in enumerate(decoded.good):
            best = best_classes(answer.scores[row], self.manifest.labels, top_k)
            decoded.results[index]["classes"] = best
        return {
            "model": self.manifest.name,
            "version": self.manifest.version,
            "precision": "fp32",
            "score": self.manifest.output.score,
            "results": decoded.results,
            "timing_ms": {
                "decode": round(decode_ms, 3),
                "queue": round(answer.queue_ms, 3),
                "inference": round(answer.inference_ms, 3),
            },
            "batch_size": answer.batch_size,
        }

    async def decode(self, upload: Upload) -> Decoded:
        """Admit a request's pictures and decode them.

        Raises:
            ImageError: the only picture cannot be decoded.
            QueueFullError: too many pictures wait; none was taken.
        """
        if self.queued + len(upload) > self._queue_images:
            raise QueueFullError(
                f"{self.queued} pictures wait and {len(upload)} more do not fit into the queue of "
                f"{self._queue_images}; try again later",
                retry_after_seconds=self._batcher.wait_seconds,
            )
        return await self._decoding.decode(upload)

    async def _infer(self, pixels: Pixels, timeout_ms: int) -> Answer:
        """Scores of the good pictures; of none, none."""
        if not len(pixels):
            return Answer(np.empty((0, 0), np.float32), 0.0, 0.0, 0)
        return await self._batcher.submit(pixels, deadline_seconds=timeout_ms / 1000)
