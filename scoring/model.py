"""The network of a job: found, settled, opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bundle.aliases import DEFAULT, LATEST, read_aliases
from bundle.digests import sha256_of
from bundle.manifest import Manifest, PrecisionName
from bundle.repository import MANIFEST, Bundle, Repository
from engine.classifier import Classifier
from engine.images import ImageLimits
from engine.layers import find_layer
from engine.precisions import declared_precision
from scoring.errors import SettingsError
from scoring.settings import ColumnSettings, ModelSettings

BATCH = 8
"""Processors: larger ones gain nothing."""
GPU_BATCH = 64
INSIDE = {"openvino": "cpu", "tensorrt": "cuda"}
"""By the kind of device: what computes the inside instead. See `engine.devices`."""


@dataclass(frozen=True, slots=True)
class ModelWish:
    """The network as the command line asks for it; what it leaves open is settled once a job.

    Args:
        model: `NAME`, `NAME:VERSION` or `NAME:LABEL`.
        device: `auto`, or one of the engine's devices.
        precision: `auto`, `fp32`, `bf16`, `fp16` or `int8`.
        batch: pictures of a run; None: what suits the device.
        max_image_pixels: width x height that a header may promise.
        max_image_aspect: long side to short side.
        draft: decode large JPEGs at a smaller scale.
    """

    model: str
    device: str = "auto"
    precision: PrecisionName | Literal["auto"] = "auto"
    batch: int | None = None
    max_image_pixels: int = 50_000_000
    max_image_aspect: float = 100.0
    draft: bool = False


def settle_model(
    wish: ModelWish, models: Path, *, inside: bool, begun: ModelSettings | None
) -> tuple[ModelSettings, Manifest]:
    """Decide what the command line left open, as the job was begun if it was.

    Args:
        wish: what was asked for.
        models: the model repository.
        inside: whether layers are asked for, which are computed in fp32.
        begun: of the output, where a run was there before.

    Raises:
        BundleError: there is no such model, or its files were altered.
        EngineError: it does not run here.
        SettingsError: the label or the precision cannot be had.
    """
    name, _, version = wish.model.partition(":")
    same = begun if begun is not None and begun.name == name else None
    number = same.version if same and not version else _find_version(models, name, version)
    bundle = Repository(models).open(name, number)
    device, precision = _settle_device(bundle, wish, inside=inside, begun=same)
    suits = BATCH if device in ("cpu", "openvino") else GPU_BATCH
    settings = ModelSettings(
        name=name,
        version=bundle.manifest.version,
        manifest_sha256=sha256_of(bundle.path(MANIFEST)),
        device=device,
        precision=precision,
        batch=wish.batch or (same.batch if same else suits),
        max_image_pixels=wish.max_image_pixels,
        max_image_aspect=wish.max_image_aspect,
        draft=wish.draft,
    )
    return settings, bundle.manifest


def settle_layers(columns: ColumnSettings, manifest: Manifest) -> ColumnSettings:
    """The same columns with the layers' own paths instead of aliases, each once.

    Raises:
        LayerNotFoundError: the network has no such layer; it names the nearest.
    """
    paths = dict.fromkeys(find_layer(manifest, path).path for path in columns.layers)
    return columns.model_copy(update={"layers": tuple(paths)})


def open_model(settings: ModelSettings, models: Path) -> Classifier:
    """The network, running with one thread a run: the order of its sums never changes then.

    Raises:
        SettingsError: that version is not the one that the job was begun with.
        BundleError: there is no such model, or its files were altered.
        EngineError: it does not run here as the settings say.
    """
    bundle = Repository(models).open(settings.name, settings.version)
    if sha256_of(bundle.path(MANIFEST)) != settings.manifest_sha256:
        raise SettingsError(
            f"{bundle.folder} is not the {settings.name} version {settings.version} that the job "
            "was begun with; put that one back, or choose another output"
        )
    return _open(bundle, settings)


def _open(bundle: Bundle, settings: ModelSettings) -> Classifier:
    """Open a bundle as the settings say; nothing is measured, all is decided."""
    limits = ImageLimits(settings.max_image_pixels, settings.max_image_aspect)
    return Classifier(
        bundle,
        device=settings.device,
        precision=settings.precision,
        threads=1,
        max_batch=settings.batch,
        limits=limits,
        draft=settings.draft,
        measure=False,
    )


def _find_version(models: Path, name: str, version: str) -> int | None:
    """The number behind `NAME:…`; None is the highest."""
    if version.isascii() and version.isdigit():
        return int(version)
    if version == LATEST:
        return None
    labels = read_aliases(models / name)
    if not version:
        return labels.get(DEFAULT)
    if version not in labels:
        have = ", ".join(labels) or "none"
        raise SettingsError(f"{name} has no label {version!r}; there are: {have}, {LATEST}")
    return labels[version]


def _settle_device(
    bundle: Bundle, wish: ModelWish, *, inside: bool, begun: ModelSettings | None
) -> tuple[str, PrecisionName]:
    """Device and precision by name, never `auto`; opened and measured only where it must be."""
    if inside and wish.precision not in ("auto", "fp32"):
        raise SettingsError(
            f"layers are computed in fp32, and --precision {wish.precision} was asked for; leave "
            "out one of the two"
        )
    device = begun.device if begun and wish.device == "auto" else _short_name(wish.device)
    precision = begun.precision if begun and wish.precision == "auto" else wish.precision
    if inside:
        precision = "fp32"
    declared_precision(bundle, precision)
    if device == "auto" or (device == "openvino" and precision == "auto"):
        runner = Classifier(bundle, device=device, precision=precision, threads=1).runner
        device, precision = _short_name(runner.device), runner.precision
    if inside:
        kind, colon, number = device.partition(":")
        device = INSIDE.get(kind, kind) + colon + number
    # A GPU that is left to choose computes the fp32 network in fp32.
    return device, "fp32" if precision == "auto" else precision


def _short_name(device: str) -> str:
    """`cuda` for `cuda:0`: on a cluster the number is not the user's to choose."""
    return device.removesuffix(":0")
