"""Devices: which ONNX Runtime provider was asked for, and whether it really runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import onnxruntime as ort

from engine.errors import DeviceError
from engine.plugins import OPENVINO, TENSORRT_RTX, Plugin, plugin_devices

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
KINDS = ("cpu", "openvino", "cuda", "tensorrt")
EXPECTED = "auto, cpu, openvino, cuda, cuda:N, tensorrt or tensorrt:N"


@dataclass(frozen=True, slots=True)
class Device:
    """A provider with its options, in ONNX Runtime's words.

    `plugin` is the device of a provider that came as a package of its own; of one that is built
    in, None.
    """

    name: str
    provider: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    plugin: ort.OrtEpDevice | None = None

    @property
    def kind(self) -> str:
        """The name without the device's number: `cpu`, `openvino`, `cuda`, `tensorrt`."""
        return self.name.partition(":")[0]

    def with_options(self, options: Mapping[str, str]) -> "Device":
        """The same device with more options."""
        return replace(self, options={**self.options, **options})

    def add_to(self, options: ort.SessionOptions) -> list[tuple[str, Mapping[str, str]]]:
        """Tell a session's options of a plugin, or give the list of built-in providers to try."""
        if self.plugin is not None:
            options.add_provider_for_devices([self.plugin], dict(self.options))
            return []
        mine = (self.provider, dict(self.options))
        return [mine] if self.provider == CPU else [mine, (CPU, {})]


def parse_device(name: str) -> Device:
    """One device by its name: `cpu`, `openvino`, `cuda`, `cuda:N`, `tensorrt`, `tensorrt:N`.

    `auto` is no device: `engine.choosing` measures which one that is.

    Raises:
        DeviceError: another word, or a device that this installation or machine does not have.
    """
    match = re.fullmatch(r"(?:(cpu|openvino)|(cuda|tensorrt)(?::(\d{1,3}))?)", name)
    if match is None:
        raise DeviceError(f"no device {name!r}; expected {EXPECTED}")
    if match[1] == "cpu":
        return Device("cpu", CPU)
    if match[1] == "openvino":
        return _openvino()
    number = int(match[3] or 0)
    return _cuda(number) if match[2] == "cuda" else _tensorrt(number)


def candidates() -> tuple[list[Device], dict[str, str]]:
    """The devices that are here, the processor first; and of the others by kind, why not."""
    found: list[Device] = []
    refused: dict[str, str] = {}
    for name in KINDS:
        try:
            found.append(parse_device(name))
        except DeviceError as error:
            refused[name] = reason(error)
    return found, refused


def reason(error: Exception) -> str:
    """Why a device does not run, without the advice to leave the choice to `auto`."""
    return str(error).partition("; set the device to")[0]


def inspection_device(name: str) -> Device:
    """Where the inside of a network is computed in fp32, given the device that predicts: a
    processor's by the stock provider, a GPU's by CUDA in full precision."""
    kind, _, number = name.partition(":")
    if kind in ("cpu", "openvino") or CUDA not in ort.get_available_providers():
        return Device("cpu", CPU)
    # TF32 keeps 10 bits of a fraction's 23, and gradients would show it.
    return Device(f"cuda:{number}", CUDA, {"device_id": number, "use_tf32": "0"})


def check_active(session: ort.InferenceSession, device: Device) -> None:
    """Refuse a silent fall-back: ONNX Runtime goes on with the CPU when a provider fails to load.

    Raises:
        DeviceError: the session runs without the provider that was asked for.
    """
    active = session.get_providers()
    if device.provider not in active:
        raise DeviceError(
            f"asked for {device.provider}, which did not start; active: {', '.join(active)}. "
            "Check the driver and its libraries, or set the device to cpu"
        )


def _openvino() -> Device:
    """OpenVINO on the processor; its AUTO device would choose among devices by itself."""
    for found in plugin_devices(OPENVINO):
        about = found.ep_metadata
        if about.get("ov_device") == "CPU" and "ov_meta_device" not in about:
            return Device("openvino", found.ep_name, {}, found)
    raise DeviceError(
        "openvino: its plugin finds no processor that it takes; it runs on Intel's alone; "
        "set the device to cpu or auto"
    )


def _cuda(number: int) -> Device:
    """An NVIDIA GPU by the provider that is built into onnxruntime-gpu."""
    if CUDA not in ort.get_available_providers():
        raise DeviceError(
            f"cuda:{number}: needs the package onnxruntime-gpu (requirements/gpu.txt), and this "
            "installation has the CPU package; set the device to cpu or auto"
        )
    return Device(f"cuda:{number}", CUDA, {"device_id": str(number)})


def _tensorrt(number: int) -> Device:
    """An NVIDIA GPU by TensorRT: the plugin, which nobody installs by chance, or what is built
    into onnxruntime-gpu (whose list has it even where TensorRT's libraries are missing)."""
    name = f"tensorrt:{number}"
    if TENSORRT in ort.get_available_providers() and not TENSORRT_RTX.installed:
        return Device(name, TENSORRT, {"device_id": str(number)})
    return _numbered(name, TENSORRT_RTX, number)


def _numbered(name: str, plugin: Plugin, number: int) -> Device:
    """One of the GPUs that a plugin finds."""
    gpus = [d for d in plugin_devices(plugin) if d.device.type == ort.OrtHardwareDeviceType.GPU]
    if number < len(gpus):
        return Device(name, gpus[number].ep_name, {}, gpus[number])
    raise DeviceError(
        f"{name}: its plugin finds {len(gpus) or 'no'} NVIDIA GPUs; set the device to cpu or auto"
    )
