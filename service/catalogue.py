"""What is served: of every model in the repository the highest version that opens."""

import difflib
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from bundle.errors import BundleError, ModelNotFoundError
from bundle.repository import Repository
from engine.classifier import Classifier
from engine.errors import DeviceError, EngineError, PrecisionError
from engine.images import ImageLimits
from engine.warm_up import measure_curve
from service.errors import NotReadyError
from service.metrics import Gauge
from service.predictor import Predictor
from service.settings import Settings
from service.slots import device_group, open_slots

log = logging.getLogger("cutaway")


class StartupError(Exception):
    """There is nothing to serve; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A version that does not open; the log has the reason."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """What opened, by model, and the versions that did not.

    Args:
        measure: time every batch size; without, it is only tried whether the networks run.
        classifiers: ready to predict.
        curves: of each, seconds of a run by its batch size.
        failures: versions that are not served.
    """

    measure: bool
    classifiers: dict[str, Classifier] = field(default_factory=dict[str, Classifier])
    curves: dict[str, dict[int, float]] = field(default_factory=dict[str, dict[int, float]])
    failures: list[Failure] = field(default_factory=list[Failure])

    @classmethod
    def read(cls, settings: Settings, *, measure: bool = True) -> Self:
        """Open and warm up what the repository holds.

        Raises:
            StartupError: no folder, no model in it, none that opens, or a device or a precision
                was asked for that is not to be had.
        """
        repository = Repository(settings.models)
        if not settings.models.is_dir():
            raise StartupError(
                f"no folder {settings.models}; set CUTAWAY_MODELS to your models, or export one: "
                "python -m export convert MODEL --name N"
            )
        names = repository.names()
        if not names:
            raise StartupError(
                f"no model in {settings.models}; export one: "
                "python -m export convert MODEL --name N"
            )
        loaded = cls(measure)
        for name in names:
            loaded.open_newest(repository, name, settings)
        if not loaded.classifiers:
            raise StartupError(f"none of the models in {settings.models} opens: see above")
        return loaded

    def open_newest(self, repository: Repository, name: str, settings: Settings) -> None:
        """Open a model's highest version that opens; write down those above it.

        Raises:
            StartupError: the settings ask for what this machine or this model does not have.
        """
        for version in reversed(repository.versions(name)):
            try:
                self._open(repository, name, version, settings)
            except DeviceError as error:
                raise StartupError(str(error)) from error
            except PrecisionError as error:
                raise StartupError(f"{name} version {version}: {error}") from error
            except (BundleError, EngineError) as error:
                log.error("%s version %d is not served: %s", name, version, error)
                self.failures.append(Failure(name, version))
            else:
                return

    def _open(
        self, repository: Repository, name: str, version: int, settings: Settings
    ) -> None:
        """One version: verified, on its device, every batch size warm."""
        classifier = Classifier(
            repository.open(name, version),
            device=settings.device,
            precision=settings.precision,
            threads=settings.threads,
            max_batch=settings.max_batch,
            memory_bytes=settings.device_memory_bytes,
            limits=ImageLimits(
                max_pixels=settings.max_image_pixels, max_aspect=settings.max_image_aspect
            ),
            draft=settings.draft,
            inspect_sessions=settings.inspect_sessions,
            inspect_bytes=settings.inspect_cache_bytes,
            measure=self.measure,
        )
        if self.measure:
            spec = classifier.manifest.input
            self.curves[name] = measure_curve(classifier.runner, spec, settings.max_batch)
        self.classifiers[name] = classifier


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
                    slots[device_group(classifier.runner.device)],
                    decoders,
                    self._settings,
                )
                _announce(classifier)
            yield
            self._models = {}

    def __iter__(self) -> Iterator[Predictor]:
        return iter(self._models.values())

    def gauges(self) -> list[Gauge]:
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
                "cutaway_inspect_sessions",
                "Pruned networks that are kept for inspections.",
                of_each(lambda served: len(served.classifier.inspector.sessions.kept)),
            ),
            Gauge(
                "cutaway_inspect_cache_bytes",
                "Weights that those networks hold.",
                of_each(lambda served: served.classifier.inspector.sessions.held_bytes),
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
