"""An NVIDIA GPU by ONNX Runtime's CUDA provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import onnxruntime as ort

from bundle.manifest import PrecisionName
from bundle.repository import Bundle
from engine.devices import Device
from engine.errors import DeviceError
from engine.graphs import constant_bytes, load_graph
from engine.precisions import declared_precision
from engine.runners.bound import CALLERS, BoundRunner, open_slots, padded_sizes
from engine.runners.driver import prepare
from engine.runners.memory import Memory
from engine.runners.pinned import pinned_array
from engine.runners.runner import check_interface
from engine.sessions import open_session


@dataclass(frozen=True, slots=True)
class Tuning:
    """What `benchmarks/gpu.py` compares.

    Args:
        search: how cuDNN finds its convolutions. By its own model, not by trying all of them: 16
            new shapes of a six-layer network took 31 ms instead of 10.1 s (RTX 2080 Ti), and later
            runs were no slower.
        channels_last: whether convolutions run in NHWC; None: in fp16, whose tensor cores read it
            so, while cuDNN transposes NCHW around every convolution.
        graphs: whether runs are recorded and replayed as CUDA graphs, a session for each caller.
            Off: while one is recorded, whatever another thread allocates on the GPU may fail, and
            a new version of a model is opened while the old one serves.
    """

    search: Literal["HEURISTIC", "EXHAUSTIVE"] = "HEURISTIC"
    channels_last: bool | None = None
    graphs: bool = False

    def __str__(self) -> str:
        words = {None: "", True: ", channels last", False: ", channels first"}[self.channels_last]
        return f"{self.search} search{words}{', CUDA graphs' * self.graphs}"


def open_cuda(
    bundle: Bundle,
    device: Device,
    precision: PrecisionName,
    *,
    max_batch: int,
    memory_bytes: int,
    tuning: Tuning | None = None,
) -> BoundRunner:
    """A network on a GPU, two callers at a time, each with buffers of its own.

    Every batch size has its own session. A convolution of the provider holds one cuDNN plan, for
    the last shape that it saw, and makes a new one whenever the shape changes, seen before or not:
    sizes that take turns on one session would pay 0.3 ms for each convolution at every turn. The
    price is a copy of the weights for each size (51 MB of ResNet-50 in fp16).

    Args:
        bundle: a verified model version.
        device: the GPU.
        precision: fp32 or fp16.
        max_batch: images in one run at most.
        memory_bytes: of the GPU's memory, for weights and runs, at most; 0 is no cap.
        tuning: other than the default.

    Raises:
        DeviceError: no driver, no such GPU, or libraries that do not load; the cap is too small.
        DeviceMemoryError: the network does not fit.
        GraphError: the graph has another interface than the manifest's.
    """
    tuning = tuning or Tuning()
    number = int(device.options.get("device_id", "0"))
    gpu = prepare(device.name, number)
    path = bundle.path(declared_precision(bundle, precision).file)
    sizes = padded_sizes(max_batch)
    copies = CALLERS if tuning.graphs else 1
    weights = constant_bytes(load_graph(path)) if memory_bytes else 0
    shares = share_memory(device.name, memory_bytes, weights, sizes, copies)

    @cache
    def opened(copy: int, size: int) -> ort.InferenceSession:  # noqa: ARG001  one for each
        options = provider_options(precision, tuning, shares[size])
        session = open_session(path, device=device.with_options(options), threads=1)
        check_interface(session, bundle.manifest, path.name)
        return session

    slots = open_slots(
        bundle.manifest,
        # A recorded graph must not run twice at a time; other sessions give each run a stream.
        lambda slot, size: opened(slot if tuning.graphs else 0, size),
        Memory("cuda", number, pinned_array),
        sizes,
        device=device.name,
        own_threads=tuning.graphs,  # the provider records and replays by thread
    )
    return BoundRunner(
        bundle.manifest, slots, device=device.name, precision=precision, notes=f"{gpu}, {tuning}"
    )


def provider_options(
    precision: PrecisionName, tuning: Tuning, limit_bytes: int = 0
) -> dict[str, str]:
    """The CUDA provider's settings of one session.

    Args:
        precision: of the graph.
        tuning: what may be compared.
        limit_bytes: of its arena; 0: none.
    """
    nhwc = precision == "fp16" if tuning.channels_last is None else tuning.channels_last
    options = {
        "cudnn_conv_algo_search": tuning.search,
        # By powers of two, a run that needs 1.1 GB would hold 2; sizes are fixed here.
        "arena_extend_strategy": "kSameAsRequested",
        # TF32 keeps 10 of fp32's 23 bits of mantissa: that is another precision than was declared.
        "use_tf32": "0",
        "prefer_nhwc": str(int(nhwc)),
        "enable_cuda_graph": str(int(tuning.graphs)),
    }
    if limit_bytes:
        options["gpu_mem_limit"] = str(limit_bytes)
    return options


def share_memory(
    device: str, memory_bytes: int, weight_bytes: int, sizes: Sequence[int], copies: int
) -> dict[int, int]:
    """Each session's part of the cap: the weights, and of the rest by its batch size.

    Args:
        device: its name, for messages.
        memory_bytes: of all together; 0: no cap, and no part.
        weight_bytes: of the network.
        sizes: batch sizes.
        copies: sessions of each size.

    Raises:
        DeviceError: the weights alone take more.
    """
    if not memory_bytes:
        return dict.fromkeys(sizes, 0)
    rest = memory_bytes - weight_bytes * len(sizes) * copies
    if rest <= 0:
        raise DeviceError(
            f"{device}: {len(sizes) * copies} sessions for batches of {', '.join(map(str, sizes))} "
            f"hold {weight_bytes / 1e6:.0f} MB of weights each, and the cap is "
            f"{memory_bytes / 1e6:.0f} MB; raise it, or lower the largest batch"
        )
    return {size: weight_bytes + rest * size // (sum(sizes) * copies) for size in sizes}
