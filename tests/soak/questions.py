"""What the mixed load asks, each with the status that is right for it."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from tests.engine.attribution.toys import HEIGHT, WIDTH
from tests.service.conftest import encode, picture

COLOURS = "/v1/models/colours"
POOLED = "/v1/models/pooled"
INFER = "/v2/models/pooled/infer"


@dataclass(frozen=True)
class Question:
    """A request, its right status, and how often it comes beside the others."""

    path: str
    status: int = 200
    weight: int = 2
    method: str = "POST"
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, client: httpx.AsyncClient) -> int:
        """The status that came."""
        answer = await client.request(
            self.method, self.path, content=self.body, headers=self.headers
        )
        return answer.status_code


def questions() -> Iterator[Question]:
    """Predictions above all; inspections, listings, the protocol and mistakes beside them."""
    png, jpeg = encode(picture(0)), encode(picture(1, 300, 420), "JPEG")
    yield Question(f"{COLOURS}/predict", body=png, weight=20)
    yield Question(f"{COLOURS}/predict?top_k=1", body=jpeg, weight=20)
    yield form(f"{COLOURS}/predict", png, jpeg, png[:150])
    yield array(f"{COLOURS}/predict", 48, 64)
    yield array(f"{POOLED}/predict", HEIGHT, WIDTH)
    yield Question(f"{POOLED}/activations?layer=conv&layer=pool", body=jpeg)
    yield Question(f"{POOLED}/activations?layer=conv&format=npz", body=png)
    yield Question(f"{POOLED}/activations?layer=conv_relu&format=png", body=png)
    yield Question(f"{POOLED}/sensitivity?method=grad-cam", body=jpeg)
    yield Question(f"{POOLED}/sensitivity?method=gradient&format=png", body=png)
    yield from reads()
    yield from mistakes(png)
    yield from protocol(png)


def reads() -> Iterator[Question]:
    """What is only looked at."""
    for path in ("/v1/models", POOLED, f"{POOLED}/layers", "/metrics", "/readyz", "/openapi.json"):
        yield Question(path, method="GET", weight=1)


def mistakes(png: bytes) -> Iterator[Question]:
    """What is refused."""
    yield Question(f"{COLOURS}/predict", 400, body=png[:150])
    yield Question(f"{COLOURS}/predict?top_k=many", 400, body=png)
    yield Question(f"{COLOURS}/predict", 415, body=b"no picture at all")
    yield Question("/v1/models/nobody/predict", 404, body=png)
    yield Question(f"{POOLED}/activations?layer=nowhere", 404, body=png)
    yield Question(f"{COLOURS}/predict", 405, method="PUT", body=png)


def protocol(png: bytes) -> Iterator[Question]:
    """The Open Inference Protocol: numbers as JSON, a picture as bytes, and a mistake."""
    size = HEIGHT * WIDTH * 3
    pixels = {"name": "pixels", "shape": [1, HEIGHT, WIDTH, 3], "datatype": "UINT8"}
    levels = [level % 256 for level in range(size)]
    yield Question(INFER, body=document([{**pixels, "data": levels}]))
    yield Question(INFER, 400, body=document([{**pixels, "data": levels[1:]}]))
    data = len(png).to_bytes(4, "little") + png
    image = {"name": "image", "shape": [1], "datatype": "BYTES"}
    head = document([{**image, "parameters": {"binary_data_size": len(data)}}])
    headers = {"Inference-Header-Content-Length": str(len(head))}
    yield Question(INFER, body=head + data, headers=headers)
    yield Question("/v2/models/pooled/stats", method="GET", weight=1)


def document(inputs: list[dict[str, Any]]) -> bytes:
    """An inference request in JSON."""
    return json.dumps({"inputs": inputs}).encode()


def form(path: str, *pictures: bytes) -> Question:
    """Several pictures in one form."""
    files = [("image", picture) for picture in pictures]
    request = httpx.Request("POST", "http://x", files=files)
    return Question(
        path, body=request.read(), headers={"Content-Type": request.headers["content-type"]}
    )


def array(path: str, height: int, width: int) -> Question:
    """Four ready pictures."""
    body = io.BytesIO()
    np.save(body, np.random.default_rng(9).integers(0, 255, (4, height, width, 3), np.uint8))
    return Question(path, body=body.getvalue(), headers={"Content-Type": "application/x-npy"})
