"""What is timed on a GPU: each work puts the same number of batches through the network."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import onnxruntime as ort

from benchmarks.rounds import Work
from bundle.manifest import Manifest
from engine.arrays import Pixels
from engine.runners.memory import Memory
from engine.runners.runner import Runner


def raw_work(
    session: ort.InferenceSession, manifest: Manifest, pixels: Pixels, memory: Memory, batches: int
) -> Work:
    """ONNX Runtime alone: input and output stay on the device, one caller, nothing is copied.

    Args:
        session: over the prediction graph.
        manifest: of its bundle.
        pixels: one batch.
        memory: of the device.
        batches: runs of each work.
    """
    source = memory.value(pixels.shape, pixels.dtype)
    source.update_inplace(pixels)
    target = memory.value((len(pixels), len(manifest.labels)), np.dtype(np.float32))
    binding = session.io_binding()
    binding.bind_ortvalue_input(manifest.input.tensor, source)
    binding.bind_ortvalue_output(manifest.output.tensor, target)

    def work() -> None:
        for _ in range(batches):
            session.run_with_iobinding(binding)

    return work


def engine_work(runner: Runner, pixels: Pixels, batches: int) -> Work:
    """Our engine: all its callers at once, from arrays in the host's memory to scores there."""
    return _shared(lambda _: runner.run(pixels), runner.callers, batches)


@contextmanager
def service_work(
    url: str, body: bytes, content_type: str, *, clients: int, requests: int
) -> Generator[Work]:
    """A server: requests of one batch each over connections that stay open until the end.

    Args:
        url: of the pictures.
        body: of each request.
        content_type: of the body.
        clients: requests at a time.
        requests: of each work.

    The work raises RuntimeError where an answer is not 200: a refusal would count as speed.
    """
    parts = urlsplit(url)
    connections = [HTTPConnection(parts.netloc, timeout=60) for _ in range(clients)]

    def ask(client: int) -> None:
        connection = connections[client]
        connection.request("POST", parts.path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{url} answered {answer.status}: {said[:300]!r}")

    try:
        yield _shared(ask, clients, requests)
    finally:
        for connection in connections:
            connection.close()


def _shared(run: Callable[[int], Any], callers: int, count: int) -> Work:
    """Work that callers divide among themselves; each knows its number."""
    pool = ThreadPoolExecutor(callers)
    shares: Sequence[int] = [count // callers + (n < count % callers) for n in range(callers)]

    def repeat(caller: int) -> None:
        for _ in range(shares[caller]):
            run(caller)

    def work() -> None:
        for _ in pool.map(repeat, range(callers)):
            pass

    return work
