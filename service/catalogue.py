"""What is served while the service runs."""

import difflib
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from bundle.errors import ModelNotFoundError
from bundle.repository import PREDICT, Repository
from engine.classifier import Classifier
from service.errors import NotReadyError
from service.loading import Failure, Loaded
from service.metrics import Gauge, Info
from service.predictor import Predictor
from service.settings import Settings
from service.slots import device_group, open_slots

log = logging.getLogger("cutaway")


class Catalogue:
    """The served models while the service runs; empty before and after."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models: dict[str, Predictor] = {}
        self.failures: list[Failure] = []

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Load everything, serve it, and stop it again once its last answer is out.

        Raises:
            StartupError: see `Loaded.read`.
        """
        loaded = Loaded.read(self._settings)
        self.failures = loaded.failures
        repository = Repository(self._settings.models)
        threads = self._settings.decoders()
        runners = [classifier.runner for classifier in loaded.classifiers.values()]
        async with AsyncExitStack() as stack:
            decoders = stack.enter_context(ThreadPoolExecutor(threads, "decoding"))
            slots = await open_slots(runners, stack)
            for name, classifier in loaded.classifiers.items():
                self._models[name] = Predictor(
                    classifier,
                    repository.versions(name),
                    loaded.curves[name],
                    slots=slots[device_group(classifier.runner.device)],
                    decoders=decoders,
                    settings=self._settings,
                )
                _announce(classifier)
            yield
            self._models = {}

    def __iter__(self) -> Iterator[Predictor]:
        return iter(self._models.values())

    def gauges(self) -> list[Gauge | Info]:
        """What Prometheus is shown of the served models."""

        def of_each(read: Callable[[Predictor], float]) -> Callable[[], list[tuple[str, float]]]:
            return lambda: [(served.manifest.name, read(served)) for served in self]

        return [
            Gauge(
                "cutaway_queued_images",
                "Pictures decoding or waiting.",
                of_each(lambda served: served.queued),
            ),
            Gauge(
                "cutaway_max_batch",
                "Pictures of a run at most; halved where the device's memory did not do.",
                of_each(lambda served: served.max_batch),
            ),
            Gauge(
                "cutaway_inspect_sessions",
                "Pruned networks that are kept for inspections.",
                of_each(lambda served: len(served.classifier.inspector.sessions.kept)),
            ),
            Gauge(
                "cutaway_inspect_cache_bytes",
                "Weights that those networks hold.",
                of_each(lambda served: served.classifier.inspector.sessions.held_bytes),
            ),
            Info(
                "cutaway_model_info",
                "The models that are served, and where they run.",
                ("model", "version", "sha256", "precision", "device"),
                lambda: map(_facts, self),
            ),
            Info(
                "cutaway_device_info",
                "Of each model and device: `runs`, or why it does not run there.",
                ("model", "device", "status"),
                lambda: [line for served in self for line in _devices(served)],
            ),
        ]

    def find(self, name: str, version: str | None = None) -> Predictor:
        """A served model.

        Raises:
            NotReadyError: nothing is loaded now.
            ModelNotFoundError: no such model, or another version of it is served.
        """
        if not self._models:
            raise NotReadyError("the models are not loaded; try again later")
        model = self._models.get(name)
        if model is None:
            near = difflib.get_close_matches(name, self._models) or sorted(self._models)[:10]
            raise ModelNotFoundError(f"no model {name[:64]!r}; nearest: {', '.join(near)}")
        served = str(model.manifest.version)
        if version not in (None, served):
            raise ModelNotFoundError(
                f"model {name!r} is served in version {served}, not {str(version)[:20]!r}"
            )
        return model


def _facts(served: Predictor) -> Sequence[str]:
    """A model in the labels of `cutaway_model_info`; the sha256 is its prediction graph's."""
    manifest, runner = served.manifest, served.classifier.runner
    graph = manifest.files.get(PREDICT)
    digest = graph.sha256 if graph else ""
    return manifest.name, str(manifest.version), digest, runner.precision, runner.device


def _devices(served: Predictor) -> Iterator[Sequence[str]]:
    """A model in the labels of `cutaway_device_info`."""
    name = served.manifest.name
    yield name, served.classifier.runner.device, "runs"
    for device, reason in served.classifier.refused.items():
        yield name, device, reason


def _announce(classifier: Classifier) -> None:
    """Say at the start what runs where, how, and why nowhere else."""
    runner, manifest = classifier.runner, classifier.manifest
    log.info(
        "serving %s version %d on %s in %s: %s",
        manifest.name,
        manifest.version,
        runner.device,
        runner.precision,
        runner.describe(),
    )
    for device, reason in classifier.refused.items():
        log.debug("%s does not run on %s: %s", manifest.name, device, reason)
