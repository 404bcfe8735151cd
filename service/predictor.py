"""One served model: pictures in, the wire's results out."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from time import perf_counter

from engine.arrays import Scores
from engine.batching.batcher import Batcher
from engine.batching.curve import ServiceCurve
from engine.batching.outcome import Outcome
from engine.classifier import Classifier
from engine.errors import DeadlineExceededError, QueueFullError
from service.decoding import Decoded, Decoding
from service.errors import NotReadyError
from service.parcels import Parcel
from service.settings import Settings
from service.slots import Slots
from service.spans import add_prediction, current_trace
from service.statistics import ModelStatistics
from service.uploads import Upload
from service.versions.lease import Lease
from service.work import Done, Json, Work, do

log = logging.getLogger("cutaway")


@dataclass(frozen=True, slots=True)
class Scored:
    """What a request got.

    Args:
        scores: (batch, classes).
        timing_ms: of `decode`, `queue` and `inference`, the slowest picture's of each.
        batch_size: pictures that shared the run.
    """

    scores: Scores
    timing_ms: Json
    batch_size: int


class Predictor(Lease):
    """Puts a request's pictures before the slots of its device, and answers what came back.

    `versions` are those of its model that are served, itself among them.
    """

    def __init__(
        self,
        classifier: Classifier,
        curve: Mapping[int, float],
        *,
        slots: Slots,
        decoders: Executor,
        settings: Settings,
    ) -> None:
        """Ready to predict.

        Args:
            classifier: the model version.
            curve: seconds of a run by its batch size.
            slots: of the classifier's device.
            decoders: threads that decode for a GPU, and for inspections.
            settings: the service's.
        """
        super().__init__()
        self.classifier = classifier
        self.manifest = classifier.manifest
        self.labels = (self.manifest.name, str(self.manifest.version))
        self.versions: Sequence[int] = (self.manifest.version,)
        self.statistics = ModelStatistics()
        self._slots = slots
        self._queue_images = settings.queue_images
        self._decoding = Decoding(classifier, decoders)
        self._batcher: Batcher[Work, Done] = slots.scheduler.batcher(
            self._run,
            ServiceCurve(curve),
            max_batch=settings.max_batch,
            max_queue=settings.queue_images,
            max_wait_seconds=settings.max_wait_ms / 1000,
        )

    @property
    def max_batch(self) -> int:
        """Pictures of a run at most; less than was set where the device's memory did not do."""
        return self._batcher.max_batch

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
            NotReadyError: the service is stopping.
        """
        parcel, outcomes = await self._answer(upload, top_k, timeout_ms)
        return {
            "model": self.manifest.name,
            "version": self.manifest.version,
            "precision": self.classifier.runner.precision,
            "score": self.manifest.output.score,
            "results": parcel.results,
            "timing_ms": parcel.timing_ms(outcomes),
            "batch_size": _batch_size(outcomes),
        }

    async def scores(self, upload: Upload, *, timeout_ms: int) -> Scored:
        """Every class's score of all pictures.

        Raises:
            ImageError: a picture cannot be decoded; of several the message says which.
            QueueFullError, DeadlineExceededError, NotReadyError: see `predict`.
        """
        parcel, outcomes = await self._answer(upload, 0, timeout_ms)
        timing_ms = parcel.timing_ms(outcomes)
        return Scored(parcel.scores(outcomes), timing_ms, _batch_size(outcomes))

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

    async def close(self) -> None:
        """Answer what waits, and take nothing more."""
        await self._batcher.close()

    async def _answer(
        self, upload: Upload, top_k: int, timeout_ms: int
    ) -> tuple[Parcel, list[Outcome[Done]]]:
        """A request's whole way, counted and traced."""
        started = perf_counter()
        try:
            parcel = await self._pack(upload, top_k, timeout_ms)
            left_seconds = timeout_ms / 1000 - (perf_counter() - started)
            if self._batcher.closed:
                raise NotReadyError("the service is stopping; try again later")
            outcomes = await self._batcher.submit(parcel.works, timeout_seconds=left_seconds)
            parcel.fill(outcomes)
        except Exception:
            self.statistics.failed(perf_counter() - started)
            raise
        seconds = perf_counter() - started
        self.statistics.succeeded(outcomes, seconds, decode_ms=parcel.decode_ms)
        trace = current_trace()
        if trace is not None:
            add_prediction(trace, self.labels, started, parcel, outcomes)
        return parcel, outcomes

    async def _pack(self, upload: Upload, top_k: int, timeout_ms: int) -> Parcel:
        """The upload as work; for a GPU its pictures are decoded here."""
        if not self.classifier.runner.decodes_apart:
            return Parcel.of_upload(upload, top_k)
        started = perf_counter()
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                decoded = await self.decode(upload)
        except TimeoutError as error:
            raise DeadlineExceededError(f"no answer within {timeout_ms} ms") from error
        return Parcel.of_decoded(decoded, top_k, (perf_counter() - started) * 1000)

    async def _run(self, works: Sequence[Work]) -> list[Done]:
        """A batch in a thread of a slot: the request's one hop."""
        loop = asyncio.get_running_loop()
        try:
            done = await loop.run_in_executor(self._slots.threads, self._do, works)
        except Exception as error:
            if works[1:]:
                text = "%d pictures failed together in %s, and are tried in halves: %s"
                log.warning(text, len(works), self.manifest.name, error)
            raise
        self.statistics.ran(done[0].run)
        return done

    def _do(self, works: Sequence[Work]) -> list[Done]:
        return do(works, self.classifier, alone=self._slots.alone)


def _batch_size(outcomes: Sequence[Outcome[Done]]) -> int:
    """Pictures that shared the largest run."""
    return max((outcome.batch_size for outcome in outcomes), default=0)
