"""What Prometheus is shown of the served models, read when it asks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from bundle.repository import PREDICT
from engine.devices import parse_device
from service.catalogue import Catalogue
from service.families import Family, Info, Labels, ModelGauge
from service.predictor import Predictor


def model_gauges(served: Iterable[Predictor]) -> list[Family]:
    """Gauges and facts of every version that is served when Prometheus asks."""

    def of_each(read: Callable[[Predictor], float]) -> Callable[[], list[tuple[Labels, float]]]:
        return lambda: [(one.labels, read(one)) for one in served]

    return [
        ModelGauge(
            "cutaway_queued_images",
            "Pictures decoding or waiting.",
            of_each(lambda one: one.queued),
        ),
        ModelGauge(
            "cutaway_max_batch",
            "Pictures of a run at most; halved where the device's memory did not do.",
            of_each(lambda one: one.max_batch),
        ),
        ModelGauge(
            "cutaway_inspect_sessions",
            "Pruned networks that are kept for inspections.",
            of_each(lambda one: len(one.classifier.inspector.sessions.kept)),
        ),
        ModelGauge(
            "cutaway_inspect_cache_bytes",
            "Weights that those networks hold.",
            of_each(lambda one: one.classifier.inspector.sessions.held_bytes),
        ),
        ModelGauge(
            "cutaway_inspect_cache_hits",
            "Runs of inspections whose pruned network was kept.",
            of_each(lambda one: one.classifier.inspector.sessions.hits),
            total=True,
        ),
        ModelGauge(
            "cutaway_inspect_cache_misses",
            "Runs of inspections whose pruned network had to be built.",
            of_each(lambda one: one.classifier.inspector.sessions.misses),
            total=True,
        ),
        Info(
            "cutaway_model_info",
            "The models that are served, and where they run.",
            ("model", "version", "sha256", "precision", "device", "provider"),
            lambda: map(_facts, served),
        ),
        Info(
            "cutaway_device_info",
            "Of each model and device: `runs`, or why it does not run there.",
            ("model", "version", "device", "status"),
            lambda: [line for one in served for line in _devices(one)],
        ),
    ]


def label_info(catalogue: Catalogue) -> Info:
    """The labels of aliases.json, `default` and `latest`, and the version that each finds now."""
    return Info(
        "cutaway_label_info",
        "The labels of the served versions.",
        ("model", "version", "label"),
        lambda: [
            (*served.labels, label)
            for shelf in catalogue.shelves.values()
            for served in shelf
            for label in shelf.labels_of(served)
        ],
    )


def _facts(served: Predictor) -> Sequence[str]:
    """A model in the labels of `cutaway_model_info`; the sha256 is its prediction graph's."""
    runner = served.classifier.runner
    graph = served.manifest.files.get(PREDICT)
    digest = graph.sha256 if graph else ""
    return *served.labels, digest, runner.precision, runner.device, _provider(runner.device)


def _devices(served: Predictor) -> Iterator[Sequence[str]]:
    """A model in the labels of `cutaway_device_info`."""
    yield *served.labels, served.classifier.runner.device, "runs"
    for device, reason in served.classifier.refused.items():
        yield *served.labels, device, reason


@cache
def _provider(device: str) -> str:
    """In ONNX Runtime's words."""
    return parse_device(device).provider
