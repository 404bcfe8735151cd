"""BentoML's own way: a batchable API over pictures, `benchmarks.peers.bentoml_service:Classify`.

Pictures arrive as the form field `images`, as BentoML's image examples take them.
"""

import bentoml
from PIL.Image import Image

from benchmarks.peers.network import Answer, Network, PeerSettings

settings = PeerSettings.read()


@bentoml.service(
    workers=settings.workers,
    threads=settings.callers,
    http={"host": "127.0.0.1"},  # pyright: ignore[reportArgumentType]  the rest has defaults
    traffic={"timeout": 60},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
    tracing={"excluded_urls": ".*"},
)
class Classify:
    """Decodes and predicts whole batches in a worker process."""

    def __init__(self) -> None:
        self.network = Network(settings)

    @bentoml.api(batchable=True, max_batch_size=settings.max_batch, max_latency_ms=30_000)
    def predict(self, images: list[Image]) -> list[Answer]:
        """The classes of each picture."""
        return self.network.classify([self.network.preprocess(image) for image in images])
