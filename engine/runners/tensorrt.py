"""An NVIDIA GPU by TensorRT: built into onnxruntime-gpu, or TensorRT-RTX as a plugin."""

import ctypes
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import onnxruntime as ort

from bundle.manifest import ImageInput, PrecisionName
from bundle.repository import Bundle
from engine.devices import Device
from engine.errors import DeviceError
from engine.precisions import declared_precision
from engine.runners.bound import BoundRunner, open_slots, padded_sizes
from engine.runners.driver import INSTEAD, prepare
from engine.runners.memory import Memory
from engine.runners.pinned import pinned_array
from engine.runners.runner import check_interface
from engine.sessions import open_session


def open_tensorrt(
    bundle: Bundle,
    device: Device,
    precision: PrecisionName,
    *,
    max_batch: int,
    memory_bytes: int,
    engines: Path | None = None,
) -> BoundRunner:
    """A network on TensorRT, two callers at a time, each with buffers of its own.

    One session serves every batch size: its engine is built once for a range of shapes, and a new
    size within the range only sets a shape. Runs themselves take turns (the provider holds a lock
    over its execution context); what overlaps is the copying.

    Args:
        bundle: a verified model version.
        device: the GPU, with the built-in provider or with the plugin's.
        precision: fp32, fp16 or int8.
        max_batch: images in one run at most.
        memory_bytes: that TensorRT may use to try kernels, at most; 0 leaves it to TensorRT. The
            provider has no cap for what an engine itself holds.
        engines: the folder that keeps built engines, which take minutes; the user's cache folder
            by default. They are programs: nobody else may write there.

    Raises:
        DeviceError: no driver, no such GPU, libraries that do not load, or a graph that TensorRT
            does not take.
        DeviceMemoryError: the network does not fit.
        GraphError: the graph has another interface than the manifest's.
    """
    number = int(device.name.partition(":")[2] or "0")
    gpu = prepare(device.name, number)
    entry = declared_precision(bundle, precision)
    sizes = padded_sizes(max_batch)
    digest = bundle.manifest.files[entry.file].sha256[:16]
    folder = _make(engines, f"{digest}-{sizes[-1]}-{ort.__version__}-{gpu.replace(' ', '-')}")
    spec = bundle.manifest.input
    if device.plugin is None:
        _load_tensorrt(device.name)
        options = built_in_options(spec, precision, sizes[-1], folder, memory_bytes)
    else:
        options = plugin_options(spec, sizes[-1], folder, memory_bytes)
    session = open_session(bundle.path(entry.file), device=device.with_options(options), threads=1)
    check_interface(session, bundle.manifest, entry.file)
    slots = open_slots(
        bundle.manifest,
        lambda _slot, _size: session,
        Memory("cuda", number, pinned_array),
        sizes,
        device=device.name,
    )
    notes = f"{gpu}, {device.provider}, engine kept in {folder or 'memory alone'}"
    return BoundRunner(bundle.manifest, slots, device=device.name, precision=precision, notes=notes)


def built_in_options(
    spec: ImageInput,
    precision: PrecisionName,
    max_batch: int,
    folder: Path | None,
    workspace_bytes: int,
) -> dict[str, str]:
    """The settings of TensorrtExecutionProvider.

    Args:
        spec: the network's input.
        precision: of the graph.
        max_batch: the largest batch, for which kernels are chosen.
        folder: keeps the engine, and the timings of kernels; None: nothing is kept.
        workspace_bytes: to try kernels in; 0: TensorRT's own choice.
    """
    options = {
        **_shapes("trt", spec, max_batch),
        # Without these TensorRT computes a graph of halves in fp32, and refuses one of QDQ nodes.
        "trt_fp16_enable": str(int(precision == "fp16")),
        "trt_int8_enable": str(int(precision == "int8")),
    }
    for kept in ("engine", "timing") if folder else ():
        options[f"trt_{kept}_cache_enable"] = "1"
        options[f"trt_{kept}_cache_path"] = str(folder)
    if workspace_bytes:
        options["trt_max_workspace_size"] = str(workspace_bytes)
    return options


def plugin_options(
    spec: ImageInput, max_batch: int, folder: Path | None, workspace_bytes: int
) -> dict[str, str]:
    """The settings of NvTensorRTRTXExecutionProvider; it takes its types from the graph.

    Args: see `built_in_options`.
    """
    options = _shapes("nv", spec, max_batch)
    if folder:
        options["nv_runtime_cache_path"] = str(folder)
    if workspace_bytes:
        options["nv_max_workspace_size"] = str(workspace_bytes)
    return options


def _shapes(prefix: str, spec: ImageInput, max_batch: int) -> dict[str, str]:
    """One profile from a single image to the largest batch; kernels are chosen for the largest.

    Without it the engine is built again whenever a batch is larger than all before.
    """
    picture = f"{spec.height}x{spec.width}x{spec.channels}"
    batches = {"min": 1, "opt": max_batch, "max": max_batch}
    return {
        f"{prefix}_profile_{kind}_shapes": f"{spec.tensor}:{batch}x{picture}"
        for kind, batch in batches.items()
    }


def _make(engines: Path | None, name: str) -> Path | None:
    """The folder of one engine; None where it cannot be, and the engine is built at every start."""
    try:
        folder = (engines or Path.home() / ".cache" / "cutaway" / "tensorrt") / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    return folder


def _load_tensorrt(device: str) -> None:
    """Load TensorRT's library: from the system, or from its wheel, which loads it when imported."""
    with suppress(ImportError):
        import_module("tensorrt_libs")
    try:
        ctypes.CDLL("libnvinfer.so.10")
    except OSError as error:
        raise DeviceError(
            f"{device}: TensorRT 10 is not installed ({error}); install the package "
            f"tensorrt-cu13-libs, version 10, or use cuda, or {INSTEAD}"
        ) from error
