"""The graph files of a bundle, as they are written into its folder."""

from pathlib import Path

import onnx

from bundle.repository import INSPECT, PREDICT, WEIGHTS
from engine.graphs import load_graph, prune
from export.convert import OUTPUT
from export.surgery import take_float32

# Smaller tensors (shapes, limits, scalars) stay in the graph, where shape inference needs them.
EXTERNAL_FROM_BYTES = 1024


def write_graphs(model: onnx.ModelProto, folder: Path) -> None:
    """Write `inspect.onnx`, the pruned `predict.onnx`, and `weights.bin` under both.

    Args:
        model: the whole network; its weights leave it.
        folder: an empty folder.

    Raises:
        OSError: the disk is full or not writable.
    """
    onnx.save_model(
        model,
        str(folder / INSPECT),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=WEIGHTS,
        size_threshold=EXTERNAL_FROM_BYTES,
    )
    (folder / WEIGHTS).touch()  # a network so small that all its weights stay in the graph
    (folder / WEIGHTS).chmod(0o644)  # ONNX writes it for the owner alone; a container's user reads
    pruned = prune(load_graph(folder / INSPECT), [OUTPUT])
    (folder / PREDICT).write_bytes(pruned.SerializeToString())


def declare_float32(folder: Path) -> None:
    """Make both graphs take float32 pictures, which are not rounded to whole levels."""
    for name in (INSPECT, PREDICT):
        model = load_graph(folder / name)
        take_float32(model)
        (folder / name).write_bytes(model.SerializeToString())
