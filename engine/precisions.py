"""Precisions: which graph of a bundle has one, and which devices compute it."""

from bundle.manifest import Precision, PrecisionName
from bundle.repository import Bundle
from engine.devices import Device
from engine.errors import GraphError, PrecisionError

COMPUTED: dict[str, tuple[PrecisionName, ...]] = {
    "cpu": ("fp32", "int8"),
    "openvino": ("fp32", "bf16", "int8"),
    "cuda": ("fp32", "fp16"),
    "tensorrt": ("fp32", "fp16", "int8"),
}
"""By the kind of device. OpenVINO computes bf16 where the processor does."""

INSTEAD = {
    "fp16": "x86 has no fp16 convolution: use cuda or tensorrt, or int8",
    "int8": "CUDA would compute it in fp32: use tensorrt, cpu or openvino, or fp16",
    "bf16": "OpenVINO does, on processors that have it: use auto or fp32",
}


def declared_precision(bundle: Bundle, name: str) -> Precision:
    """What the manifest says of a precision; of bf16, which is the fp32 graph computed otherwise,
    that of fp32 where it says nothing.

    Raises:
        PrecisionError: the bundle has no such graph.
        GraphError: it has none at all.
    """
    declared = {entry.name: entry for entry in bundle.manifest.precisions}
    found = declared.get(name) or (declared.get("fp32") if name in ("auto", "bf16") else None)
    if "fp32" not in declared:
        raise GraphError(f"{bundle.manifest.name} declares no fp32 graph; export it again")
    if found is None:
        raise PrecisionError(
            f"{bundle.manifest.name} has no {name} graph; it has {', '.join(declared)}: "
            "add one with `python -m export precision`, or set the precision to auto"
        )
    return found


def precisions_to_try(device: Device, asked: str) -> tuple[PrecisionName, ...]:
    """What a device should compute in, the fastest first.

    Args:
        device: that runs the network.
        asked: `auto` (the fp32 graph in the fastest arithmetic) or one precision.

    Raises:
        PrecisionError: the device does not compute what was asked for.
    """
    names = COMPUTED[device.kind]
    computed: dict[str, PrecisionName] = {
        name: name for name in names if name != "bf16" or _has_bf16(device)
    }
    if asked == "auto":
        return ("bf16", "fp32") if "bf16" in computed else ("fp32",)
    if asked in computed:
        return (computed[asked],)
    instead = INSTEAD.get(asked, "expected auto, fp32, bf16, fp16 or int8")
    raise PrecisionError(f"{device.name} does not compute {asked} here; {instead}")


def _has_bf16(device: Device) -> bool:
    """Whether OpenVINO says that this processor computes in bf16."""
    if device.plugin is None:
        return False
    return "BF16" in device.plugin.ep_metadata.get("OPTIMIZATION_CAPABILITIES", "").split()
