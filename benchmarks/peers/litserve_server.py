"""LitServe: `LitAPI` with typed raw bytes, batching by `max_batch_size` and `batch_timeout`."""

import argparse
from typing import Annotated

import litserve as ls  # pyright: ignore[reportMissingImports]  in requirements/bench.txt alone
from fastapi import Body

from benchmarks.peers.network import Answer, Network, PeerSettings, Pixels

BATCH_TIMEOUT_SECONDS = 0.01
"""How long a batch waits for company: the value of LitServe's own examples."""


class Classify(ls.LitAPI):
    """Decodes, predicts and answers in a worker process."""

    def setup(self, device: str) -> None:  # noqa: ARG002  LitServe's own signature
        """Once in every worker."""
        self.network = Network(PeerSettings.read())

    def decode_request(self, request: Annotated[bytes, Body()], **_: object) -> Pixels:
        """The body's bytes → pixels."""
        return self.network.decode(request)

    def batch(self, inputs: list[Pixels]) -> list[Pixels]:
        """As it is: `classify` stacks."""
        return inputs

    def unbatch(self, output: list[Answer]) -> list[Answer]:
        """As it is: one answer a picture."""
        return output

    def predict(self, x: Pixels | list[Pixels], **_: object) -> Answer | list[Answer]:
        """A picture, or a list of them where batching is on."""
        return self.network.classify(x) if isinstance(x, list) else self.network.classify([x])[0]

    def encode_response(self, output: Answer, **_: object) -> Answer:
        """JSON as it is."""
        return output


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fast-queue", action="store_true", help="ZeroMQ between the processes")
    parser.add_argument("--api-servers", type=int, default=1, help="HTTP processes")
    options = parser.parse_args()
    settings = PeerSettings.read()
    api = Classify(
        max_batch_size=settings.max_batch,
        batch_timeout=BATCH_TIMEOUT_SECONDS if settings.max_batch > 1 else 0.0,
    )
    server = ls.LitServer(
        api,
        accelerator="cpu",
        workers_per_device=settings.workers,
        fast_queue=options.fast_queue,
    )
    server.run(
        host="127.0.0.1",
        port=options.port,
        num_api_servers=options.api_servers,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
