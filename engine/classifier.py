"""One bundle, running."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bundle.repository import INSPECT, PREDICT, Bundle
from engine.arrays import Pixels, Scores, check_pixels
from engine.errors import GraphError
from engine.images import ImageLimits
from engine.inspector import Inspector
from engine.recipes import build_recipe
from engine.sessions import open_session


class Classifier:
    """Decodes pictures as the model was trained, and predicts; thread-safe."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        device: str = "cpu",
        threads: int = 0,
        limits: ImageLimits | None = None,
        inspect_sessions: int = 8,
        inspect_bytes: int = 512_000_000,
    ) -> None:
        """Load the prediction graph; the inspection graph waits until somebody asks.

        Args:
            bundle: a verified model version.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            threads: of one run; 0 takes one a core.
            limits: what may be decoded at all.
            inspect_sessions: kept for looking inside, at most.
            inspect_bytes: weights that they hold, at most.

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
        self.inspector = Inspector(
            bundle.path(INSPECT),
            bundle.manifest,
            device=device,
            threads=threads,
            capacity=inspect_sessions,
            max_bytes=inspect_bytes,
        )

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
            LayerNotFoundError: the network has no such layer; it names the nearest.
        """
        self.check_pixels(pixels)
        return self.inspector.activations(pixels, layers)

    def check_pixels(self, pixels: Pixels) -> None:
        """Raise PixelsError unless these are pictures of the network's size and type."""
        check_pixels(pixels, self.manifest.input)

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
