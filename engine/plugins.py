"""Execution providers that come as packages of their own, registered once in a process."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import onnxruntime as ort

from engine.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Plugin:
    """A package with a provider's library in it."""

    device: str
    package: str
    module: str

    @property
    def installed(self) -> bool:
        """Whether the package is here; it is not imported."""
        return find_spec(self.module) is not None


OPENVINO = Plugin("openvino", "onnxruntime-ep-openvino", "onnxruntime_ep_openvino")
TENSORRT_RTX = Plugin(
    "tensorrt", "onnxruntime-ep-nv-tensorrt-rtx-cu13", "onnxruntime_ep_nv_tensorrt_rtx"
)


def plugin_devices(plugin: Plugin) -> list[ort.OrtEpDevice]:
    """The devices that a plugin finds on this machine; it is loaded at the first call.

    Raises:
        DeviceError: the package is not installed, or its library does not load.
    """
    names = _register(plugin)
    return [device for device in ort.get_ep_devices() if device.ep_name in names]


@cache
def _register(plugin: Plugin) -> frozenset[str]:
    """Load a plugin's library, once; the names of its providers.

    It stays registered where no device was found: that is 0.1 s and 10 MB of its file, mapped,
    which every worker shares, and unregistering gave none of them back.
    """
    if not plugin.installed:
        raise DeviceError(
            f"{plugin.device}: the package {plugin.package} is not installed; "
            "set the device to cpu or auto, or install it"
        )
    module = import_module(plugin.module)
    try:
        ort.register_execution_provider_library(plugin.package, module.get_library_path())
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        reason = str(error).splitlines()[0]
        raise DeviceError(
            f"{plugin.device}: the library of {plugin.package} does not load: {reason}; "
            "set the device to cpu or auto"
        ) from error
    return frozenset(module.get_ep_names())
