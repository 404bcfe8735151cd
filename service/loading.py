"""Loading one version: verified, on its device, right on its golden pictures, every size warm."""

from collections.abc import Mapping
from dataclasses import dataclass

from bundle.errors import AliasesError, BundleCorruptError, BundleError, ModelNotFoundError
from bundle.repository import Bundle, Repository
from engine.classifier import Classifier
from engine.errors import DeviceError, DeviceMemoryError, EngineError, PrecisionError
from engine.golden import GoldenError
from engine.images import ImageLimits
from engine.warm_up import measure_curve
from service.settings import Settings


class StartupError(Exception):
    """There is nothing to serve; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version that is ready to predict.

    Args:
        classifier: the network on its device.
        curve: seconds of a run by its batch size; empty where nothing was measured.
    """

    classifier: Classifier
    curve: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Failure:
    """A version that cannot be served; the log has the error's own words.

    Args:
        name: of the model.
        version: its number; null where the model's aliases.json cannot be used.
        reason: one of the words of `REASONS`.
    """

    name: str
    version: int | None
    reason: str

    def __str__(self) -> str:
        """One sentence without the names of files, for clients."""
        what = f"{self.name} version {self.version}" if self.version else self.name
        return f"{what} is not served: {REASONS[self.reason]}; the log says more"


REASONS = {
    "aliases": "its aliases.json cannot be used",
    "not_published": "there is no such version",
    "corrupt": "its files are not those that were published",
    "golden": "it answers its golden pictures otherwise than Keras did",
    "precision": "it cannot be computed in the precision that is set",
    "memory": "the device has not the memory for it beside what is served",
    "device": "its device does not run it",
    "graph": "its network does not load, or does not run",
    "internal": "the service failed on it",
}
"""Why a version is not served: the words of metrics, and clients' sentences."""

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (AliasesError, "aliases"),
    (ModelNotFoundError, "not_published"),
    (BundleError, "corrupt"),
    (GoldenError, "golden"),
    (PrecisionError, "precision"),
    (DeviceMemoryError, "memory"),
    (DeviceError, "device"),
    (EngineError, "graph"),
)


def reason_of(error: Exception) -> str:
    """Which of `REASONS` an error is."""
    return next((reason for kind, reason in _KINDS if isinstance(error, kind)), "internal")


def load_version(
    repository: Repository, name: str, version: int, settings: Settings, *, measure: bool = True
) -> Loaded:
    """Open a version and warm it up; takes seconds.

    Args:
        repository: where it lies.
        name: of the model.
        version: its number.
        settings: device, precision, limits.
        measure: time devices, layouts and batch sizes; without, it is only tried whether it runs.

    Raises:
        BundleError: there is no such version, or its files are not those that were published.
        EngineError: it does not run here, or not as it should.
    """
    bundle = _open(repository, name, version)
    classifier = Classifier(
        bundle,
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
        measure=measure,
    )
    if not measure:
        return Loaded(classifier, {})
    return Loaded(
        classifier, measure_curve(classifier.runner, bundle.manifest.input, settings.max_batch)
    )


def _open(repository: Repository, name: str, version: int) -> Bundle:
    """The bundle, if it is the one that its folder's name says: two of one name would be mixed."""
    bundle = repository.open(name, version)
    found = bundle.manifest
    if (found.name, found.version) != (name, version):
        raise BundleCorruptError(
            f"{bundle.folder} holds {found.name} version {found.version}; a published version "
            "keeps its folder's name; export the model again"
        )
    return bundle
