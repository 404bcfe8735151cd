"""Ways in which a published version can be bad."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from bundle.digests import describe
from bundle.repository import GOLDEN, MANIFEST, PREDICT, Bundle

SECONDS = 60


def alter(bundle: Bundle) -> None:
    """Change a file behind the manifest's back."""
    path = bundle.path(PREDICT)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")


def mislead(bundle: Bundle) -> None:
    """Golden pictures that the network does not answer so."""
    pictures = np.zeros((1, 48, 64, 3), np.uint8)
    np.savez(bundle.path(GOLDEN), pixels=pictures, predictions=np.eye(3, dtype=np.float32)[:1])
    seal(bundle, GOLDEN)


def stiffen(bundle: Bundle) -> None:
    """A batch axis of one: it loads, and does not run."""
    graph = onnx.load(bundle.path(PREDICT), load_external_data=False)
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    bundle.path(PREDICT).write_bytes(graph.SerializeToString())
    seal(bundle, PREDICT)


def rename(bundle: Bundle) -> None:
    """Another model's manifest."""
    text = bundle.manifest.model_copy(update={"name": "other"}).model_dump_json()
    bundle.path(MANIFEST).write_text(text)


def seal(bundle: Bundle, file: str) -> None:
    """Write a file's digest down as if export had made it so."""
    files = {**bundle.manifest.files, file: describe(bundle.path(file))}
    text = bundle.manifest.model_copy(update={"files": files}).model_dump_json()
    bundle.path(MANIFEST).write_text(text)


def until(come: Callable[[], Any]) -> Any:
    """What `come` gives, once it gives something."""
    deadline = time.monotonic() + SECONDS
    while not (found := come()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return found
