"""The ranges of a network's activations, from pictures, in bounded memory."""

import contextlib
import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization.calibrate import (
    CalibrationDataReader,
    CalibrationMethod,
    create_calibrator,
    save_tensors_data,
)

from engine.arrays import Pixels
from export.precision.options import Method

METHODS: dict[Method, tuple[CalibrationMethod, dict[str, Any]]] = {
    "minmax": (CalibrationMethod.MinMax, {}),
    # With as many bins as quantized bins, ONNX Runtime's default, there is nothing to choose from.
    "entropy": (CalibrationMethod.Entropy, {"num_bins": 512, "num_quantized_bins": 128}),
    # Its default is symmetric, which wastes half the levels behind a ReLU.
    "percentile": (CalibrationMethod.Percentile, {"symmetric": False, "percentile": 99.999}),
}


class OnePicture(CalibrationDataReader):
    """Gives a single batch: ONNX Runtime keeps the activations of all batches that it is given."""

    def __init__(self, feed: dict[str, NDArray[Any]]) -> None:
        self._feed = feed

    def get_next(self) -> dict[str, NDArray[Any]]:
        """The batch, and then an empty one, which ends the reading."""
        feed, self._feed = self._feed, {}
        return feed


def write_ranges(
    model: onnx.ModelProto,
    pictures: Iterable[Pixels],
    method: Method,
    operators: list[str],
    file: Path,
) -> None:
    """Run the pictures one at a time and write the range of each tensor, for `quantize_static`.

    Args:
        model: prepared, weights inside.
        pictures: (height, width, channels) each.
        method: how a range follows from the values seen.
        operators: types of the nodes whose tensors are looked at.
        file: where the ranges go, as JSON.
    """
    kind, settings = METHODS[method]
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
        source = Path(scratch) / "prepared.onnx"
        onnx.save(model, source)
        calibrator = create_calibrator(
            source,
            operators,
            augmented_model_path=str(Path(scratch) / "augmented.onnx"),
            calibrate_method=kind,
            extra_options=settings,
        )
        name = model.graph.input[0].name
        for pixels in pictures:
            calibrator.collect_data(OnePicture({name: pixels[np.newaxis]}))
        save_tensors_data(calibrator.compute_data(), file)
