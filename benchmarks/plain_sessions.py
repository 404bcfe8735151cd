"""ONNX Runtime as anybody uses it: a session over a graph file, none of our engine around it."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

import onnxruntime as ort

Provider = Literal["cpu", "openvino"]
PLUGIN = "OpenVINOExecutionProvider"


def open_plain(
    path: Path, provider: Provider, *, threads: int, streams: int
) -> ort.InferenceSession:
    """A session of one provider.

    Args:
        path: the graph.
        provider: ONNX Runtime's own, or the OpenVINO plugin in its default precision.
        threads: of one run, on ONNX Runtime's own provider.
        streams: runs at a time that the plugin prepares for.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    # Threads that spin take the cores from the decoding and the other callers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider == "openvino":
        load = f'{{"CPU": {{"NUM_STREAMS": "{streams}"}}}}'
        options.add_provider_for_devices(openvino_devices()[:1], {"load_config": load})
        return ort.InferenceSession(str(path), options)
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def providers() -> list[Provider]:
    """The providers that load on this machine."""
    return ["cpu", "openvino"] if openvino_devices() else ["cpu"]


@cache
def openvino_devices() -> list[Any]:
    """The plugin's device for this processor; none where it does not load or know the processor."""
    try:
        import onnxruntime_ep_openvino as plugin  # noqa: PLC0415  an extra

        ort.register_execution_provider_library(PLUGIN, plugin.get_library_path())
    except Exception:  # noqa: BLE001  whatever keeps it from loading: then it is not compared
        return []
    return [
        device
        for device in ort.get_ep_devices()
        if device.ep_name == PLUGIN and device.ep_metadata.get("ov_device") == "CPU"
        and "ov_meta_device" not in device.ep_metadata
    ]  # fmt: skip
