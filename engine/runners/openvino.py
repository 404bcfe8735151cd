"""The processor, by the OpenVINO plugin: bf16 where it has it."""

import json
from functools import partial

import onnxruntime as ort

from bundle.manifest import PrecisionName
from bundle.repository import Bundle
from engine.devices import Device
from engine.precisions import declared_precision
from engine.runners.host import HostRunner, Layout, lay_out
from engine.runners.runner import check_interface
from engine.sessions import open_session

BATCH = 4
"""Two callers did the most images a second at it, on two cores with bf16."""


def open_openvino(
    bundle: Bundle,
    device: Device,
    precision: PrecisionName,
    *,
    threads: int,
    max_batch: int,
    measure: bool,
) -> HostRunner:
    """A network on OpenVINO, one session with a stream for each caller.

    Args:
        bundle: a verified model version.
        device: the plugin's processor.
        precision: fp32, bf16 (the fp32 graph) or int8.
        threads: of one run; 0: as many as are fastest.
        max_batch: images in one run at most.
        measure: whether to time layouts.

    Raises:
        DeviceError: OpenVINO does not take the graph.
        GraphError: the graph has another interface than the manifest's.
    """
    path = bundle.path(declared_precision(bundle, precision).file)

    def opener(layout: Layout) -> ort.InferenceSession:
        target = device.with_options(_options(precision, layout))
        session = open_session(path, device=target, threads=layout.threads)
        check_interface(session, bundle.manifest, path.name)
        return session

    runner = partial(HostRunner, device.name, precision, bundle.manifest)
    batch = min(BATCH, max_batch)
    return lay_out(runner, opener, threads=threads, batch=batch, measure=measure)


def _options(precision: PrecisionName, layout: Layout) -> dict[str, str]:
    """OpenVINO's own settings of a session."""
    config = {
        # What an int8 graph leaves in floating point is computed as it was measured, in fp32.
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "NUM_STREAMS": str(layout.callers),
        "INFERENCE_NUM_THREADS": str(layout.callers * layout.threads),
        # Pinned threads of two workers would share the same cores and leave others idle.
        "ENABLE_CPU_PINNING": "NO",
    }
    return {"load_config": json.dumps({"CPU": config})}
