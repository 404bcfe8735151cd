"""Requests of the protocol as clients write them, and what came back."""

import json
from base64 import b64encode
from struct import pack, unpack_from
from typing import Any

import httpx
import numpy as np

LENGTH = "Inference-Header-Content-Length"
INFER = "/v2/models/colours/infer"

Json = dict[str, Any]


def pixels(values: np.ndarray, **more: Any) -> Json:
    """Ready pictures whose levels are written out."""
    data = values.reshape(-1).tolist()
    return {"name": "pixels", "datatype": "UINT8", "shape": list(values.shape), "data": data} | more


def binary_pixels(values: np.ndarray, **more: Any) -> tuple[Json, bytes]:
    """Ready pictures whose bytes follow the JSON."""
    entry = pixels(values)
    del entry["data"]
    return entry | {"parameters": {"binary_data_size": values.nbytes}} | more, values.tobytes()


def binary_image(*files: bytes, **more: Any) -> tuple[Json, bytes]:
    """Encoded pictures whose bytes follow the JSON."""
    data = elements(*files)
    entry = {"name": "image", "datatype": "BYTES", "shape": [len(files)]}
    return entry | {"parameters": {"binary_data_size": len(data)}} | more, data


def base64_image(*files: bytes) -> Json:
    """Encoded pictures in the JSON."""
    return {
        "name": "image",
        "datatype": "BYTES",
        "shape": [len(files)],
        "parameters": {"content_type": "base64"},
        "data": [b64encode(data).decode() for data in files],
    }


def elements(*texts: bytes) -> bytes:
    """Of BYTES in binary."""
    return b"".join(pack("<I", len(text)) + text for text in texts)


def post(
    client: httpx.Client, document: Any, *binary: bytes, path: str = INFER, **headers: str
) -> httpx.Response:
    """Send a request; json.dumps writes NaN, as many clients do."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    if binary:
        headers = {LENGTH: str(len(text))} | headers
    return client.post(path, content=b"".join([text, *binary]), headers=headers)


def outputs(answer: httpx.Response) -> dict[str, np.ndarray]:
    """The outputs by name, whether they were written out or follow the JSON."""
    assert answer.status_code == 200, answer.text
    length = int(answer.headers.get(LENGTH, len(answer.content)))
    document, rest = json.loads(answer.content[:length]), answer.content[length:]
    found: dict[str, np.ndarray] = {}
    for entry in document["outputs"]:
        if "data" in entry:
            values = np.array(entry["data"], np.float32 if entry["datatype"] == "FP32" else object)
        else:
            size = entry["parameters"]["binary_data_size"]
            values, rest = _binary(entry["datatype"], rest[:size]), rest[size:]
        found[entry["name"]] = values.reshape(entry["shape"])
    assert not rest
    return found


def protocol_error(answer: httpx.Response, status: int) -> str:
    """Asserts the protocol's error shape; gives the text."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    body = json.loads(answer.content)
    assert list(body) == ["error"]
    assert isinstance(body["error"], str)
    assert "Traceback" not in body["error"]
    return body["error"]


def _binary(datatype: str, data: bytes) -> np.ndarray:
    if datatype == "FP32":
        return np.frombuffer(data, "<f4")
    texts: list[str] = []
    while data:
        (length,) = unpack_from("<I", data)
        texts.append(data[4 : 4 + length].decode())
        data = data[4 + length :]
    return np.array(texts, object)
