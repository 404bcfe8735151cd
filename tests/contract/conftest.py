"""A real server of this repository, for clients that have an environment of their own."""

import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SERVICE_PYTHON = ROOT / ".venv" / "bin" / "python"


@pytest.fixture(scope="session")
def about() -> Iterator[dict[str, str]]:
    """Where the server is: `http`, `grpc`; and `descriptor`, its protobuf."""
    process = subprocess.Popen(
        [SERVICE_PYTHON, "-m", "tests.contract.serving"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert line, "the server did not start; its words are above"
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.wait(timeout=90)
        process.stdout.close()


def pixels_of(*colours: int) -> np.ndarray:
    """uint8 (batch, 48, 64, 3): red, green and blue pictures (0, 1, 2) with seeded noise."""
    batch = np.random.default_rng(5).integers(0, 60, (len(colours), 48, 64, 3), dtype=np.uint8)
    for row, colour in enumerate(colours):
        batch[row, ..., colour] += 180
    return batch


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """A blue, a red and a green picture in the network's own size."""
    return pixels_of(2, 0, 1)


@pytest.fixture(scope="session")
def files() -> np.ndarray:
    """The same as picture files: BYTES (3,)."""
    return np.array([_bitmap(one) for one in pixels_of(2, 0, 1)], dtype=np.object_)


def _bitmap(picture: np.ndarray) -> bytes:
    """A picture of (height, width, 3) as a BMP of 24 bits; its rows are multiples of 4 bytes."""
    height, width, _ = picture.shape
    rows = picture[::-1, :, ::-1].tobytes()
    buffer = io.BytesIO()
    for value, size in (
        (0x4D42, 2), (54 + len(rows), 4), (0, 4), (54, 4),
        (40, 4), (width, 4), (height, 4), (1, 2), (24, 2), (0, 4), (len(rows), 4),
        (2835, 4), (2835, 4), (0, 4), (0, 4),
    ):  # fmt: skip
        buffer.write(value.to_bytes(size, "little"))
    buffer.write(rows)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def labels_of() -> Any:
    """BYTES of a classification, `score:index:label` → its labels."""

    def read(classes: np.ndarray) -> list[list[str]]:
        return [[text.decode().split(":")[2] for text in row] for row in classes]

    return read
