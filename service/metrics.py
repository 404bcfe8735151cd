"""What the service counts. Called on the event loop alone; every label's values are bounded."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from service.families import Counts, Family, Gauge, Histograms, Info

__all__ = ["Gauge", "Info", "Metrics"]

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What a client may write there is not bounded; the labels are."""
PICTURES = (1, 2, 4, 8, 16, 32, 64)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
INSPECTION_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class Metrics(Collector):
    """Counts, and shows the gauges of others beside them."""

    def __init__(self) -> None:
        self._requests = Counts(
            "cutaway_requests", "Requests answered.", ("route", "method", "status")
        )
        self._images = Counts(
            "cutaway_images", "Pictures received, by outcome.", ("model", "outcome")
        )
        self._rejections = Counts(
            "cutaway_rejections", "Predictions refused for want of time.", ("model", "reason")
        )
        self._inspections = Counts(
            "cutaway_inspections", "Inspections asked for.", ("kind", "outcome")
        )
        self._request_seconds = Histograms(
            "cutaway_request_seconds", "From headers to the end of the answer.", "route", SECONDS
        )
        self._phases = {
            phase: Histograms(f"cutaway_{phase}_seconds", about, "model", SECONDS)
            for phase, about in (
                ("decode", "Decoding; of a request's pictures the slowest."),
                ("queue", "Waiting for the network; of a request's pictures the slowest."),
                ("inference", "The network's run; of a request's pictures the slowest."),
            )
        }
        self._prediction_seconds = Histograms(
            "cutaway_prediction_seconds",
            "From the whole request received to its answer.",
            "model",
            SECONDS,
        )
        self._batch_size = Histograms(
            "cutaway_batch_size", "Pictures of the run that answered.", "model", PICTURES
        )
        self._inspection_seconds = Histograms(
            "cutaway_inspection_seconds",
            "From the whole request received to its answer.",
            "kind",
            INSPECTION_SECONDS,
        )
        self._families: list[Family] = [
            self._requests,
            self._images,
            self._rejections,
            self._inspections,
            self._request_seconds,
            *self._phases.values(),
            self._prediction_seconds,
            self._batch_size,
            self._inspection_seconds,
        ]
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def add(self, family: Family) -> None:
        """Show something more."""
        self._families.append(family)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request; `route` is the template, never the path a client wrote."""
        self._requests.add(route, method if method in METHODS else "other", str(status))
        self._request_seconds.observe(route, seconds)

    def count_images(self, model: str, outcome: str, count: int) -> None:
        """Pictures of one request; the outcome is `predicted`, `inspected` or a code."""
        self._images.add(model, outcome, count=count)

    def observe_prediction(
        self, model: str, timing_ms: Mapping[str, float], batch_size: int, seconds: float
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

    def count_rejection(self, model: str, reason: str) -> None:
        """One prediction that the service had no time or no room for; `reason` is a code."""
        self._rejections.add(model, reason)

    def observe_inspection(self, kind: str, outcome: str, seconds: float) -> None:
        """One inspection; the outcome is `answered`, `client_left` or an error code."""
        self._inspections.add(kind, outcome)
        self._inspection_seconds.observe(kind, seconds)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus reads."""
        return [family.describe() for family in self._families]

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)
