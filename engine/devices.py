"""Devices: which ONNX Runtime provider was asked for, and whether it really runs."""

import re
from dataclasses import dataclass

import onnxruntime as ort

from engine.errors import DeviceError

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"


@dataclass(frozen=True, slots=True)
class Device:
    """A provider with its options, in ONNX Runtime's words."""

    provider: str
    options: dict[str, str]


def parse_device(name: str) -> Device:
    """`cpu`, `cuda`, `cuda:N` or `auto` (CUDA where this ONNX Runtime has it, else the CPU).

    Raises:
        DeviceError: another word, or a provider that this ONNX Runtime was not built with.
    """
    available = ort.get_available_providers()
    if name == "auto":
        name = "cuda" if CUDA in available else "cpu"
    if name == "cpu":
        return Device(CPU, {})
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    if match is None:
        raise DeviceError(f"no device {name!r}; expected auto, cpu, cuda or cuda:N")
    if CUDA not in available:
        raise DeviceError(
            f"device {name!r} needs the onnxruntime-gpu package (requirements/gpu.txt), "
            "and this installation has the CPU package"
        )
    return Device(CUDA, {"device_id": match[1] or "0"})


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
