"""One bundle, running."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bundle.repository import INSPECT, PREDICT, Bundle
from engine.arrays import Pixels, Scores
from engine.errors import GraphError, LayerNotFoundError, PixelsError
from engine.images import ImageLimits
from engine.recipes import build_recipe
from engine.sessions import Sessions, open_session


class Classifier:
    """Decodes pictures as the model was trained, and predicts; thread-safe."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        device: str = "cpu",
        threads: int = 0,
        limits: ImageLimits | None = None,
    ) -> None:
        """Load the prediction graph; the inspection graph waits until somebody asks.

        Args:
            bundle: a verified model version.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            threads: of one run; 0 takes one a core.
            limits: what may be decoded at all.

        Raises:
            DeviceError: the device is unknown or not active.
            GraphError: the graph does not load, or has another interface than the manifest's.
        """
        self.manifest = bundle.manifest
        self._recipe = build_recipe(
            bundle.manifest.input, bundle.manifest.preprocessing, limits or ImageLimits()
        )
        self._session = open_session(bundle.path(PREDICT), device=device, threads=threads)
        self._check_interface()
        self._inspection: Sessions | None = None
        if bundle.manifest.layers:
            self._inspection = Sessions(bundle.path(INSPECT), device=device, threads=threads)

    def decode(self, data: bytes) -> Pixels:
        """An encoded picture as the network's input: (height, width, channels).

        Raises:
            ImageError: the bytes are not a picture that may be, or can be, decoded.
        """
        return self._recipe(data)

    def predict(self, pixels: Pixels) -> Scores:
        """Class scores of ready pictures.

        Args:
            pixels: (batch, height, width, channels) in the manifest's size and type.

        Returns:
            float32 (batch, classes).

        Raises:
            PixelsError: another shape or type.
        """
        self.check_pixels(pixels)
        spec = self.manifest
        return self._session.run([spec.output.tensor], {spec.input.tensor: pixels})[0]

    def activations(self, pixels: Pixels, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """What named layers did on these pictures: path → float32 (batch, *the layer's shape).

        Raises:
            PixelsError: pixels of another shape or type.
            LayerNotFoundError: the network has no such layer, or the bundle names none.
        """
        self.check_pixels(pixels)
        tensors = {layer.path: layer.tensor for layer in self.manifest.layers}
        for path in layers:
            if path not in tensors:
                raise LayerNotFoundError(f"model {self.manifest.name} has no layer {path!r}")
        if self._inspection is None or not layers:
            return {}
        wanted = list(dict.fromkeys(tensors[path] for path in layers))
        values = self._inspection.run(wanted, {self.manifest.input.tensor: pixels})
        by_tensor = dict(zip(wanted, values, strict=True))
        return {path: by_tensor[tensors[path]] for path in layers}

    def check_pixels(self, pixels: Pixels) -> None:
        """Raise PixelsError unless these are pictures of the network's size and type."""
        spec = self.manifest.input
        expected = (spec.height, spec.width, spec.channels)
        if pixels.ndim != len(expected) + 1 or pixels.shape[1:] != expected or not len(pixels):
            size = ", ".join(map(str, expected))
            raise PixelsError(
                f"expected pictures of shape (batch, {size}), received {pixels.shape}"
            )
        if pixels.dtype != np.dtype(spec.dtype):
            raise PixelsError(f"expected {spec.dtype} pictures, received {pixels.dtype}")

    def _check_interface(self) -> None:
        """The graph takes exactly the declared input and gives the declared prediction."""
        spec = self.manifest
        inputs = [node.name for node in self._session.get_inputs()]
        outputs = [node.name for node in self._session.get_outputs()]
        if inputs != [spec.input.tensor] or outputs != [spec.output.tensor]:
            raise GraphError(
                f"{PREDICT} of {spec.name} takes {inputs} and gives {outputs}; "
                f"expected {[spec.input.tensor]} and {[spec.output.tensor]}; export it again"
            )
