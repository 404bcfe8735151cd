"""One bundle, running."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bundle.repository import INSPECT, Bundle
from engine.arrays import Pixels, Scores, check_pixels
from engine.choosing import choose
from engine.cores import core_count
from engine.devices import inspection_device
from engine.images import ImageLimits
from engine.inspector import Inspector
from engine.recipes import build_recipe
from engine.runners.runner import Runner


class Classifier:
    """Decodes pictures as the model was trained, and predicts; thread-safe."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        device: str = "cpu",
        precision: str = "auto",
        threads: int = 0,
        max_batch: int = 8,
        memory_bytes: int = 0,
        limits: ImageLimits | None = None,
        draft: bool = False,
        inspect_sessions: int = 8,
        inspect_bytes: int = 512_000_000,
        measure: bool = True,
    ) -> None:
        """Load the prediction graph; the inspection graph waits until somebody asks.

        Args:
            bundle: a verified model version.
            device: `auto`, `cpu`, `openvino`, `cuda`, `cuda:N`, `tensorrt` or `tensorrt:N`.
            precision: `auto`, `fp32`, `bf16`, `fp16` or `int8`; see `choose`.
            threads: of one run on a processor; 0 takes what is fastest.
            max_batch: images in one run at most.
            memory_bytes: of a GPU's memory, at most; 0 is no cap.
            limits: what may be decoded at all.
            draft: whether large JPEGs may be decoded at a smaller scale.
            inspect_sessions: kept for looking inside, at most.
            inspect_bytes: weights that they hold, at most.
            measure: whether to time devices and layouts (a fraction of a second each).

        Raises:
            DeviceError: the device is unknown, not active, or answers the golden pictures wrongly.
            PrecisionError: the bundle has no such precision, or the device does not compute it.
            GraphError: the graph does not load, or has another interface than the manifest's.
        """
        self.manifest = bundle.manifest
        self._recipe = build_recipe(
            bundle.manifest.input,
            bundle.manifest.preprocessing,
            limits or ImageLimits(),
            draft=draft,
        )
        choice = choose(
            bundle,
            device=device,
            precision=precision,
            threads=threads,
            max_batch=max_batch,
            memory_bytes=memory_bytes,
            measure=measure,
        )
        self.runner: Runner = choice.runner
        self.refused = choice.refused
        self.inspector = Inspector(
            bundle.path(INSPECT),
            bundle.manifest,
            device=inspection_device(choice.runner.device),
            threads=threads or core_count(),
            capacity=inspect_sessions,
            max_bytes=inspect_bytes,
        )

    def decode(self, data: bytes) -> Pixels:
        """An encoded picture as the network's input: (height, width, channels).

        Raises:
            ImageError: the bytes are not a picture that may be, or can be, decoded.
        """
        return self._recipe(data)

    def predict(self, pixels: Pixels, *, alone: bool = False) -> Scores:
        """Class scores of ready pictures.

        Args:
            pixels: (batch, height, width, channels) in the manifest's size and type.
            alone: nothing else runs now, so that this run may take the whole device.

        Returns:
            float32 (batch, classes).

        Raises:
            PixelsError: another shape or type.
            DeviceMemoryError: the device has not the memory for this batch.
        """
        self.check_pixels(pixels)
        return self.runner.run(pixels, alone=alone)

    def activations(self, pixels: Pixels, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """What named layers did on these pictures: path → float32 (batch, *the layer's shape).

        Raises:
            PixelsError: pixels of another shape or type.
            LayerNotFoundError: the network has no such layer; it names the nearest.
        """
        self.check_pixels(pixels)
        return self.inspector.activations(pixels, layers)

    def check_pixels(self, pixels: Pixels) -> None:
        """Raise PixelsError unless these are pictures of the network's size and type."""
        check_pixels(pixels, self.manifest.input)
