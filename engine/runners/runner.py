"""What every device offers: a network that is ready to run."""

from typing import Protocol

import onnxruntime as ort

from bundle.manifest import Manifest, PrecisionName
from engine.arrays import Pixels, Scores
from engine.errors import GraphError


class Runner(Protocol):
    """A network on its device; `callers` threads may run it at a time."""

    @property
    def device(self) -> str:
        """`cpu`, `openvino`, `cuda:0`, `tensorrt:0`."""
        ...

    @property
    def precision(self) -> PrecisionName:
        """What is really computed: OpenVINO in bf16 says `bf16` of the fp32 graph."""
        ...

    @property
    def callers(self) -> int:
        """How many threads should call `run` at a time."""
        ...

    @property
    def decodes_apart(self) -> bool:
        """Whether pictures are decoded elsewhere, because the callers only copy and wait."""
        ...

    @property
    def sizes(self) -> tuple[int, ...]:
        """The batch sizes that runs are padded to, ascending, all warmed; empty: none is padded."""
        ...

    def run(self, pixels: Pixels, *, alone: bool = False) -> Scores:
        """Class scores: float32 (batch, classes).

        Args:
            pixels: (batch, height, width, channels) in the graph's size and type.
            alone: nothing else runs now, so that this run may take the whole device.

        Raises:
            DeviceMemoryError: the device has not the memory for this batch.
        """
        ...

    def describe(self) -> str:
        """The layout, for the log: `2 callers × 1 thread, 1 × 2 when alone`."""
        ...


def check_interface(session: ort.InferenceSession, manifest: Manifest, file: str) -> None:
    """A prediction graph takes exactly the declared input and gives the declared prediction, a
    score a label.

    Args:
        session: over the graph.
        manifest: of the bundle.
        file: the graph's name, for the message.

    Raises:
        GraphError: it has others.
    """
    inputs = [node.name for node in session.get_inputs()]
    outputs = [node.name for node in session.get_outputs()]
    expected = [manifest.input.tensor], [manifest.output.tensor]
    if (inputs, outputs) != expected:
        raise GraphError(
            f"{file} of {manifest.name} takes {inputs} and gives {outputs}; "
            f"expected {expected[0]} and {expected[1]}; export it again"
        )
    classes = session.get_outputs()[0].shape[-1]
    if isinstance(classes, int) and classes != len(manifest.labels):
        raise GraphError(
            f"{file} of {manifest.name} gives {classes} classes and there are "
            f"{len(manifest.labels)} labels; export it again"
        )
