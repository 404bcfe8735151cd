"""The choice: which device a network runs on, and why not on the others."""

from dataclasses import dataclass

from bundle.repository import Bundle
from engine.runners.runner import Runner


@dataclass(frozen=True, slots=True)
class Choice:
    """A network that is ready to run, and of every other device why it does not run there."""

    runner: Runner
    refused: dict[str, str]


def choose(
    bundle: Bundle,
    *,
    device: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    max_batch: int = 8,
    memory_bytes: int = 0,
    measure: bool = True,
) -> Choice:
    """The device that was asked for, or of `auto` the fastest that reproduces the golden pictures.

    Args:
        bundle: a verified model version.
        device: `auto`, `cpu`, `openvino`, `cuda`, `cuda:N`, `tensorrt` or `tensorrt:N`.
        precision: `auto` (the fp32 graph in the device's fastest arithmetic that reproduces the
            golden pictures), `fp32`, `bf16`, `fp16` or `int8`.
        threads: of one run on a processor; 0 takes what is fastest here.
        max_batch: images in one run at most.
        memory_bytes: of a GPU's memory, at most; 0 is no cap.
        measure: whether to time anything; without, `auto` takes the first that starts.

    Raises:
        DeviceError: the device is unknown or does not run here.
        PrecisionError: the bundle has no such precision, or the device does not compute it.
        GoldenError: the device answers the golden pictures otherwise than Keras did.
        GraphError: the graph does not load, or has another interface than the manifest's.
    """
    raise NotImplementedError
