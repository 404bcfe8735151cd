"""At the start: of every model in the repository the highest version that opens."""

import logging
from dataclasses import dataclass, field
from typing import Self

from bundle.errors import BundleError
from bundle.repository import Repository
from engine.classifier import Classifier
from engine.errors import DeviceError, EngineError, PrecisionError
from engine.images import ImageLimits
from engine.warm_up import measure_curve
from service.settings import Settings

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

    def _open(self, repository: Repository, name: str, version: int, settings: Settings) -> None:
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
