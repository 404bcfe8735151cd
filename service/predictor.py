"""One served model: pictures in, the wire's results out."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from time import perf_counter

from engine.batching.batcher import Batcher, Outcome
from engine.batching.curve import ServiceCurve
from engine.classifier import Classifier
from engine.errors import DeadlineExceededError, QueueFullError
from service.decoding import Decoded, Decoding
from service.parcels import Parcel
from service.settings import Settings
from service.slots import Slots
from service.uploads import Upload
from service.work import Done, Json, Work, do


class Predictor:
    """Puts a request's pictures before the slots of its device, and answers what came back."""

    def __init__(
        self,
        classifier: Classifier,
        versions: Sequence[int],
        curve: Mapping[int, float],
        *,
        slots: Slots,
        decoders: Executor,
        settings: Settings,
    ) -> None:
        """Ready to predict.

        Args:
            classifier: the model.
            versions: published ones, for the list of models.
            curve: seconds of a run by its batch size.
            slots: of the classifier's device.
            decoders: threads that decode for a GPU, and for inspections.
            settings: the service's.
        """
        self.classifier = classifier
        self.manifest = classifier.manifest
        self.versions = versions
        self._slots = slots
        self._queue_images = settings.queue_images
        self._decoding = Decoding(classifier, decoders)
        self._curve = ServiceCurve(curve)
        self._batcher: Batcher[Work, Done] = slots.scheduler.batcher(
            self._run,
            self._curve,
            max_batch=settings.max_batch,
            max_queue=settings.queue_images,
            max_wait_seconds=settings.max_wait_ms / 1000,
        )

    @property
    def queued(self) -> int:
        """Pictures that are being decoded apart, or wait for a slot."""
        return self._decoding.pending + self._batcher.queued

    async def predict(self, upload: Upload, *, top_k: int, timeout_ms: int) -> Json:
        """A `PredictAnswer`.

        A picture that cannot be used has its error in its place, unless it came alone.

        Raises:
            ImageError: the only picture cannot be decoded.
            QueueFullError: too many pictures wait, or the answer would come too late; none was
                taken.
            DeadlineExceededError: no answer in time.
        """
        started = perf_counter()
        parcel = await self._pack(upload, top_k, timeout_ms)
        spent_seconds = perf_counter() - started
        outcomes = await self._batcher.submit(
            parcel.works,
            sizes=[work.images for work in parcel.works],
            timeout_seconds=max(timeout_ms / 1000 - spent_seconds, 0.0),
        )
        parcel.fill(outcomes)
        return {
            "model": self.manifest.name,
            "version": self.manifest.version,
            "precision": self.classifier.runner.precision,
            "score": self.manifest.output.score,
            "results": parcel.results,
            "timing_ms": _timing(parcel, outcomes),
            "batch_size": max((outcome.batch_size for outcome in outcomes), default=0),
        }

    async def decode(self, upload: Upload) -> Decoded:
        """Admit a request's pictures and decode them, for a GPU or an inspection.

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

    async def _pack(self, upload: Upload, top_k: int, timeout_ms: int) -> Parcel:
        """The upload as work; for a GPU its pictures are decoded here."""
        rows = min(self._curve.best, self._batcher.max_batch)
        if not self.classifier.runner.decodes_apart:
            return Parcel.of_upload(upload, top_k, rows)
        started = perf_counter()
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                decoded = await self.decode(upload)
        except TimeoutError as error:
            raise DeadlineExceededError(f"no answer within {timeout_ms} ms") from error
        return Parcel.of_decoded(decoded, top_k, rows, (perf_counter() - started) * 1000)

    async def _run(self, works: Sequence[Work]) -> list[Done]:
        """A batch in a thread of a slot: the request's one hop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._slots.threads, self._do, works)

    def _do(self, works: Sequence[Work]) -> list[Done]:
        return do(works, self.classifier, alone=self._slots.alone)


def _timing(parcel: Parcel, outcomes: Sequence[Outcome[Done]]) -> Json:
    """The slowest of each, in milliseconds; work that failed counts for its wait alone."""
    done = [outcome.result for outcome in outcomes if isinstance(outcome.result, Done)]
    return {
        "decode": round(max((each.decode_ms for each in done), default=0.0) + parcel.decode_ms, 3),
        "queue": round(max((outcome.queue_ms for outcome in outcomes), default=0.0), 3),
        "inference": round(max((each.inference_ms for each in done), default=0.0), 3),
    }
