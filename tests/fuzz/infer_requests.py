"""Requests of the Open Inference Protocol: good ones, and good ones with something odd in them."""

import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.fuzz.damage import CUTS, Damage, damages, in_pieces
from tests.fuzz.image_files import PICTURES, PNGS
from tests.fuzz.networks import NETWORKS
from tests.fuzz.road import Asked

LENGTH = "Inference-Header-Content-Length"
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        255,
        256,
        2**31,
        2**63,
        2**64,
        10**40,
        0.5,
        -0.0,
        1e308,
        1e-320,
    ),
    *(float("nan"), float("inf"), "", "0", "x", "\0", "é", "\ud800", "\u202e", "a" * 3000),
    *([], {}, [[]], [[], []], [{}], [None], {"": None}, [1, [2]], [[1], [2, 3]], ["a", 1]),
    *(
        "UINT8",
        "uint8",
        "INT8",
        "UINT64",
        "FP16",
        "FP32",
        "FP64",
        "BOOL",
        "BYTES",
        "BF16",
        "STRING",
    ),
    *("pixels", "image", "predictions", "rescaling", "pool", "plain"),
    *([0], [-1], [1], [1, 0], [1, 1], [2**62, 2**62], [2**31, 2**31, 2**31], [1.0], ["1"], [True]),
    *([0, 2**62, 2**62, 3], [0, 7, 10, 3], [1] * 40, [2**63 - 1]),
]
KEYS = [
    *("id", "parameters", "inputs", "outputs", "name", "shape", "datatype", "data", "timeout"),
    *("binary_data", "binary_data_size", "binary_data_output", "classification", "priority"),
    *("sequence_id", "shared_memory_region", "headers", "", "x" * 300),
]
TEXTS = [
    *("", " ", "[]", "null", "1", '"x"', "{", "}", "{}", "[" * 20_000, '{"a":' * 20_000, "nan"),
    *('{"inputs": [], "inputs": []}', '{"inputs": NaN}', '{"inputs": [{}]}', "\ufeff{}", "{}{}"),
    *('{"inputs": [1e999]}', '{"inputs": "\\ud800"}', '{"inputs": [], "id": "\x00"}', "'{}'"),
]


def pixels_of(name: str, rows: int, seed: int = 0) -> np.ndarray:
    """(rows, height, width, channels) of what that network takes."""
    network = NETWORKS[name]
    levels = np.random.default_rng(seed).integers(0, 256, (rows, *network.size))
    return levels.astype(network.dtype)


@st.composite
def _pixels(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Ready pictures as numbers, nested or flat."""
    pixels = pixels_of(name, draw(st.integers(1, 3)))
    datatype = "UINT8" if pixels.dtype == np.uint8 else "FP32"
    data = pixels.tolist() if draw(st.booleans()) else pixels.ravel().tolist()
    return {"name": "pixels", "shape": list(pixels.shape), "datatype": datatype, "data": data}


@st.composite
def _files(draw: st.DrawFn) -> dict[str, Any]:
    """Encoded pictures as text."""
    files = draw(st.lists(st.sampled_from(PNGS) | PICTURES, min_size=1, max_size=2))
    return {
        "name": "image",
        "shape": [len(files)],
        "datatype": "BYTES",
        "parameters": {"content_type": "base64"},
        "data": [b64encode(file).decode() for file in files],
    }


def _classification(count: int) -> dict[str, int]:
    return {"classification": count} if count else {}


@st.composite
def good_requests(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """As JSON values."""
    request: dict[str, Any] = {}
    if draw(st.booleans()):
        request["id"] = draw(st.sampled_from(["", "7", "é" * 20]))
    parameters = {"timeout": 10_000_000, "priority": 0, "x": "y"}
    if draw(st.booleans()):
        request["parameters"] = parameters
    request["inputs"] = [draw(_pixels(name) | _files())]
    outputs = st.sampled_from([["predictions"], ["pool"], ["rescaling", "predictions"], []])
    if draw(st.booleans()):
        request["outputs"] = [
            {"name": output, "parameters": draw(st.sampled_from([0, 2]).map(_classification))}
            for output in draw(outputs)
        ]
    return request


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a tree of JSON values; of long lists only the beginning."""
    if isinstance(value, dict):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value[:3]))
    else:
        return []
    found = [(value, key) for key, _ in items]
    for _, inner in items:
        found += _places(inner)
    return found


@st.composite
def odd_requests(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A good request in which up to three things were done."""
    request = draw(good_requests(name))
    for _ in range(draw(st.integers(0, 3))):
        places = _places(request)
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        odd = deepcopy(draw(st.sampled_from(ODD)))
        match draw(st.sampled_from(["replace", "replace", "remove", "repeat", "wrap", "add"])):
            case "remove":
                del container[key]
            case "repeat" if isinstance(container, list):
                container.append(container[key])
            case "wrap":
                container[key] = [container[key]]
            case "add" if isinstance(container, dict):
                container[draw(st.sampled_from(KEYS))] = odd
            case _:
                container[key] = odd
    return request


PATHS = st.sampled_from(
    [*("/v2/models/{}/infer",) * 8, "/v2/models/{}/versions/1/infer"]
    + [f"/v2/models/{{}}/versions/{odd}/infer" for odd in ("2", "01", "default", "-1", "x" * 300)]
    + ["/v2/models/{}x/infer", "/v2/models//infer"]
)
MODELS = st.sampled_from(list(NETWORKS))


def _encoded(request: Any) -> bytes:
    return json.dumps(request).encode("utf-8", "surrogatepass")


@st.composite
def json_requests(draw: st.DrawFn) -> Asked:
    """JSON alone, well formed or not."""
    name = draw(MODELS)
    body = draw(
        odd_requests(name).map(_encoded)
        | odd_requests(name).map(_encoded)
        | st.sampled_from(TEXTS).map(lambda text: text.encode("utf-8", "surrogatepass"))
    )
    done: list[Damage] = draw(st.just([]) | damages(2))
    for damage in done:
        body = damage.apply(body)
    kind = draw(st.sampled_from(["application/json"] * 4 + ["text/plain", "x", "image/png"]))
    path = draw(PATHS).format(name)
    return Asked(path, (("Content-Type", kind),), in_pieces(body, draw(CUTS)))


@st.composite
def binary_requests(draw: st.DrawFn) -> Asked:
    """JSON and bytes behind it, with sizes and lengths that may lie, packed or not."""
    name = draw(MODELS)
    if draw(st.booleans()):
        pixels = pixels_of(name, draw(st.integers(1, 2)))
        datatype = "UINT8" if pixels.dtype == np.uint8 else "FP32"
        tensor, values = ("pixels", list(pixels.shape), datatype), pixels.tobytes()
    else:
        files = draw(st.lists(st.sampled_from(PNGS) | PICTURES, min_size=1, max_size=3))
        tensor = ("image", [len(files)], "BYTES")
        values = b"".join(len(file).to_bytes(4, "little") + file for file in files)
    done: list[Damage] = draw(st.just([]) | damages(2))
    for damage in done:
        values = damage.apply(values)
    lie = st.sampled_from([0, 0, 0, 0, 0, 1, -1, 4, 2**31, -(2**40)])
    request = draw(odd_requests(name)) if draw(st.integers(0, 3)) == 0 else {}
    request["inputs"] = [
        {
            **dict(zip(("name", "shape", "datatype"), tensor, strict=True)),
            "parameters": {"binary_data_size": len(values) + draw(lie)},
        }
    ]
    if draw(st.booleans()):
        outputs = draw(st.lists(st.sampled_from(["predictions", "pool", "none"]), max_size=3))
        request["outputs"] = [
            {"name": output, "parameters": {"binary_data": draw(st.sampled_from(ODD[:3]))}}
            for output in outputs
        ]
    head = _encoded(request)
    if draw(st.integers(0, 4)) == 0:
        head, values = b"", draw(st.sampled_from([values, b"", values[4:], PNGS[0]]))
    length = str(len(head) + draw(lie))
    odd_length = st.sampled_from(
        ["", "x", "1e3", "+1", " 7", "0x7", "7, 7", "9" * 30, "9" * 5000, "٣"]
    )
    length = draw(st.just(length) | st.just(length) | odd_length)
    headers = [("Content-Type", "application/octet-stream")]
    if length.isascii():  # other letters cannot be sent in a header
        headers.append((LENGTH, length))
    return _packed(draw, draw(PATHS).format(name), headers, head + values)


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 1),
    "deflate": lambda body: zlib.compress(body, 1),
    "raw deflate": lambda body: zlib.compress(body, 1)[2:-4],
    "gzip twice": lambda body: gzip.compress(gzip.compress(body, 1), 1),
    "two members": lambda body: gzip.compress(body[:7], 1) + gzip.compress(body[7:], 1),
    "cut": lambda body: gzip.compress(body, 1)[:-9],
    "swollen": lambda body: gzip.compress(body + bytes(2_000_000), 1),
}
ENCODINGS = ["gzip", "deflate", "identity", "br", "gzip, deflate", "GZIP", ""]


def _packed(draw: st.DrawFn, path: str, headers: list[tuple[str, str]], body: bytes) -> Asked:
    """As it is, or by an encoding, which may be another one than it says."""
    way = draw(st.sampled_from([*("none",) * 12, *WAYS]))
    if way != "none":
        body = WAYS[way](body)
        usual = "deflate" if "deflate" in way else "gzip"
        headers.append(("Content-Encoding", draw(st.sampled_from([usual] * 8 + ENCODINGS))))
    return Asked(path, tuple(headers), in_pieces(body, draw(CUTS)))
