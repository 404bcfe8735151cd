"""What all peers share: Pillow, stock ONNX Runtime, the best classes, as one writes them by hand.

Each peer's processes read what they serve from `PEER_*` variables, because uvicorn and BentoML
start their workers themselves.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.plain_sessions import Provider, open_plain
from bundle.manifest import Manifest

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}
Answer = dict[str, Any]
Pixels = NDArray[np.generic]
"""One picture (height, width, channels)."""


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """How a peer serves.

    Args:
        bundle: the folder of the network.
        workers: processes that run it.
        threads: of one run.
        callers: runs at a time in one process.
        max_batch: requests in one run.
        provider: of ONNX Runtime.
    """

    bundle: Path
    workers: int = 1
    threads: int = 1
    callers: int = 1
    max_batch: int = 1
    provider: Provider = "cpu"

    def environment(self) -> dict[str, str]:
        """The variables that `read` understands."""
        return {f"PEER_{name.upper()}": str(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def read(cls) -> Self:
        """From this process's variables."""
        found = {name: os.environ[f"PEER_{name.upper()}"] for name in cls.__slots__}
        numbers = {k: int(found[k]) for k in ("workers", "threads", "callers", "max_batch")}
        provider: Provider = "openvino" if found["provider"] == "openvino" else "cpu"
        return cls(bundle=Path(found["bundle"]), provider=provider, **numbers)


class Network:
    """A session and the preprocessing that its manifest states, done with Pillow."""

    def __init__(self, settings: PeerSettings) -> None:
        text = (settings.bundle / "manifest.json").read_text(encoding="utf-8")
        self.manifest = Manifest.model_validate_json(text)
        self._session = open_plain(
            settings.bundle / "predict.onnx",
            settings.provider,
            threads=settings.threads,
            streams=settings.callers,
        )

    def decode(self, data: bytes) -> Pixels:
        """A picture file as (height, width, channels)."""
        with Image.open(io.BytesIO(data)) as image:
            return self.preprocess(image)

    def preprocess(self, image: Image.Image) -> Pixels:
        """An open picture as (height, width, channels): resized, and where stated cropped."""
        spec, how = self.manifest.input, self.manifest.preprocessing
        image = image.convert("L" if spec.channels == 1 else "RGB")
        resampling = FILTERS[how.interpolation]
        if how.method == "crop":
            scale = max(spec.height / image.height, spec.width / image.width) / how.crop_fraction
            size = (round(image.width * scale), round(image.height * scale))
            left, top = (size[0] - spec.width) // 2, (size[1] - spec.height) // 2
            image = image.resize(size, resampling)
            image = image.crop((left, top, left + spec.width, top + spec.height))
        else:
            image = image.resize((spec.width, spec.height), resampling)
        pixels = np.asarray(image, np.dtype(spec.dtype))
        return pixels.reshape(spec.height, spec.width, spec.channels)

    def classify(self, pictures: Sequence[Pixels]) -> list[Answer]:
        """The five best classes of each picture."""
        names = self.manifest.output.tensor, self.manifest.input.tensor
        scores = self._session.run([names[0]], {names[1]: np.stack(pictures)})[0]
        best = np.argsort(-scores, axis=-1)[:, :5]
        return [
            {"classes": [self._class(int(index), row) for index in order]}
            for order, row in zip(best, scores, strict=True)
        ]

    def _class(self, index: int, scores: NDArray[np.float32]) -> Answer:
        """One class as JSON."""
        label = self.manifest.labels[index]
        return {"class_id": index, "label": label, "score": float(scores[index])}
