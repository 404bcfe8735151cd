"""What the service counts. Called on the event loop alone; every label's values are bounded."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from service.families import (
    Counts,
    Family,
    Gauge,
    Histograms,
    Info,
    Labels,
    ModelGauge,
    Versioned,
)

__all__ = ["Gauge", "Info", "Labels", "Metrics", "ModelGauge"]

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What a client may write there is not bounded; the labels are."""
MODEL = ("model", "version")
PICTURES = (1, 2, 4, 8, 16, 32, 64)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
INSPECTION_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
PHASES = {
    "decode": "Decoding; of a request's pictures the slowest.",
    "queue": "Waiting for the network; of a request's pictures the slowest.",
    "inference": "The network's run; of a request's pictures the slowest.",
}
ANSWERED = "From the whole request received to its answer."


class Metrics(Collector):
    """Counts, and shows the gauges of others beside them.

    A model is its name and its version, `Predictor.labels`.
    """

    def __init__(self) -> None:
        self._requests = Counts(
            "cutaway_requests", "Requests answered.", ("route", "method", "status")
        )
        self._errors = Counts(
            "cutaway_errors", "Requests answered with an error, by its code.", ("route", "code")
        )
        self._request_seconds = Histograms(
            "cutaway_request_seconds",
            "From headers to the end of the answer.",
            ("route",),
            SECONDS,
        )
        self._images = Counts(
            "cutaway_images", "Pictures received, by outcome.", (*MODEL, "outcome")
        )
        self._rejections = Counts(
            "cutaway_rejections",
            "Predictions and inspections refused for want of time or room.",
            (*MODEL, "reason"),
        )
        self._phases = {
            phase: Histograms(f"cutaway_{phase}_seconds", about, MODEL, SECONDS)
            for phase, about in PHASES.items()
        }
        self._prediction_seconds = Histograms(
            "cutaway_prediction_seconds", ANSWERED, MODEL, SECONDS
        )
        self._batch_size = Histograms(
            "cutaway_batch_size", "Pictures of the run that answered.", MODEL, PICTURES
        )
        self._inspections = Counts(
            "cutaway_inspections", "Inspections asked for.", ("kind", "outcome")
        )
        self._inspection_seconds = Histograms(
            "cutaway_inspection_seconds", ANSWERED, ("kind",), INSPECTION_SECONDS
        )
        self._versioned: list[Versioned] = [
            self._images,
            self._rejections,
            *self._phases.values(),
            self._prediction_seconds,
            self._batch_size,
        ]
        self._families: list[Family] = [
            self._requests,
            self._errors,
            self._request_seconds,
            *self._versioned,
            self._inspections,
            self._inspection_seconds,
        ]
        self._served: Callable[[], Iterable[Labels]] | None = None
        self._gone: set[Labels] = set()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def add(self, family: Family) -> None:
        """Show something more."""
        self._families.append(family)

    def watch(self, served: Callable[[], Iterable[Labels]]) -> None:
        """Forget the versions that are served no more.

        Their last numbers are shown once more, so that nothing of the drain is lost; kept for
        ever, they would be a hundred lines for every version that was ever published.
        """
        self._served = served

    def count_request(
        self, route: str, method: str, status: int, seconds: float, code: str | None = None
    ) -> None:
        """One answered request.

        Args:
            route: the template, never the path that a client wrote.
            method: as the client wrote it.
            status: 499 where the client left.
            seconds: from headers to the end of the answer.
            code: of the error that it was answered with.
        """
        self._requests.add(route, method if method in METHODS else "other", str(status))
        self._request_seconds.observe((route,), seconds)
        if code is not None:
            self._errors.add(route, code)

    def count_images(self, model: Labels, outcome: str, count: int) -> None:
        """Pictures of one request; the outcome is `predicted`, `inspected` or a code."""
        self._images.add(*model, outcome, count=count)

    def observe_prediction(
        self, model: Labels, timing_ms: Mapping[str, float], batch_size: int, seconds: float
    ) -> None:
        """One answered prediction.

        Args:
            model: a served one.
            timing_ms: of `decode`, `queue` and `inference`.
            batch_size: pictures that shared the run; 0 where no picture was fit to be run.
            seconds: from the whole request received to its answer.
        """
        self._prediction_seconds.observe(model, seconds)
        for phase, histograms in self._phases.items():
            histograms.observe(model, timing_ms[phase] / 1000)
        if batch_size:
            self._batch_size.observe(model, batch_size)

    def count_rejection(self, model: Labels, reason: str) -> None:
        """One request that the service had no time or no room for; `reason` is a code."""
        self._rejections.add(*model, reason)

    def observe_inspection(self, kind: str, outcome: str, seconds: float) -> None:
        """One inspection; the outcome is `answered`, `client_left` or an error code."""
        self._inspections.add(kind, outcome)
        self._inspection_seconds.observe((kind,), seconds)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus reads."""
        self._forget()
        return [family.describe() for family in self._families]

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)

    def _forget(self) -> None:
        """Drop the versions that were not served when this was last asked, either."""
        if self._served is None:
            return
        shown = {model for family in self._versioned for model in family.models()}
        gone = shown.difference(self._served())
        for family in self._versioned:
            family.forget(gone & self._gone)
        self._gone = gone
