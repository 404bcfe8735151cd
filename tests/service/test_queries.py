"""Every parameter of every query, given what nobody means: an answer of the one shape, never 5xx.

The parameters are those of the server's own OpenAPI document, so that a new one is tried, too.
"""

import io
import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from tests.engine.attribution.toys import HEIGHT, WIDTH

MAX_ERROR_BYTES = 2048
"""An error quotes what it received, but not a query of 60 kB."""

ODD = [
    *("", " ", "\0", "%", "'\"<b>", "é", "\u0661", "\U0001f600", "\u202e", "\r\nX: y"),
    *("0", "-0", "-0.0", "-1", "+1", "1.0", "1e3", "1_000", "0x10", "true", "null", "[]"),
    *("1e39", "-1e39", "1e-46", "1e308", "1e400", "-1e400", "nan", "-NaN", "inf", "-Infinity"),
    *("9223372036854775808", "9" * 30, "-" + "9" * 30, "9" * 5000, "x" * 10_000),
    *("*", "**/" * 30, "?" * 300, "[", "[!]", "0-999999999", "5-1", "0,0,0,0", "9,9,9,9"),
    *("class:", "class:-1", "class:" + "9" * 9, "label:", "label:" + "a" * 9000, "channel::"),
    *("channel:conv:999999999", "neuron:conv:-1:0:0", "one", "input"),
]
MISWRITTEN = ["%ff%fe", "%ED%A0%80", "%", "%zz", "+", "%00"]
"""Not UTF-8, half a surrogate pair, and escapes that are none."""

BESIDE = {
    "lo": "format=png&scale=fixed&hi=1",
    "hi": "format=png&scale=fixed&lo=0",
    "quantile": "format=png&scale=quantile",
    "zoom": "format=png",
    "map": "format=png",
    "overlay": "format=png",
    "display": "format=png",
    "channel": "format=png",
    "samples": "method=smoothgrad",
    "noise": "method=smoothgrad&samples=2",
    "seed": "method=smoothgrad&samples=2",
    "steps": "method=integrated-gradients",
    "baseline": "method=integrated-gradients&steps=2",
    "channels": "method=score-cam",
    "patch_pixels": "method=occlusion",
    "stride_pixels": "method=occlusion&patch_pixels=6",
    "fill": "method=occlusion&patch_pixels=6",
}
"""What a parameter needs beside it to be looked at; what the route does not know is left out."""


def ready() -> bytes:
    pixels = np.random.default_rng(9).integers(0, 255, (1, HEIGHT, WIDTH, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def parameters(client: httpx.Client, route: str) -> list[str]:
    paths = client.get("/openapi.json").json()["paths"]
    described = paths[f"/v1/models/{{model}}/{route}"]["post"]["parameters"]
    return [each["name"] for each in described if each["in"] == "query"]


def queries(route: str, names: list[str]) -> Iterator[str]:
    """One odd thing each, beside what makes sense."""
    layer = ["layer=conv"] if route == "activations" else []
    for name in names:
        given = BESIDE.get(name, "").split("&")
        known = [each for each in layer + given if each.partition("=")[0] in names]
        beside = "&".join(each for each in known if not each.startswith(f"{name}="))
        yield from (f"{beside}&{name}={quote(value, safe='')}" for value in ODD)
        yield from (f"{beside}&{name}={raw}" for raw in MISWRITTEN)
        yield from (f"{beside}&{name}", f"{beside}&{name}=1&{name}=2", beside + f"&{name}=1" * 3000)


def check_answer(answer: httpx.Response, query: str) -> None:
    """2xx, or an error of the client's in the one shape."""
    where = f"{query[:160]}: {answer.text[:300]}"
    if answer.is_success:
        return
    late = answer.status_code == 504 and "timeout_ms=" in query
    assert 400 <= answer.status_code < 500 or late, where
    assert answer.headers["content-type"] == "application/json", where
    assert len(answer.content) <= MAX_ERROR_BYTES, where
    body = json.loads(answer.content)
    assert list(body) == ["error"], where
    assert sorted(body["error"]) == ["code", "details", "message"], where


@pytest.mark.parametrize("route", ["predict", "activations", "sensitivity", "selfcheck"])
def test_no_value_of_a_parameter_is_our_fault(inside: httpx.Client, route: str) -> None:
    body = ready()
    names = parameters(inside, route)
    assert "timeout_ms" in names
    for query in queries(route, names):
        url = f"/v1/models/pooled/{route}?{query}"
        check_answer(inside.post(url, content=body), query)


@pytest.mark.parametrize("odd", ODD)
def test_no_path_and_no_name_of_a_parameter_is_our_fault(inside: httpx.Client, odd: str) -> None:
    name = quote(odd, safe="")
    for url in (
        f"/v1/models/{name}/predict",
        f"/v1/models/pooled/versions/{name}/predict",
        f"/v1/models/pooled/predict?{name}=1",
    ):
        answer = inside.post(url, content=ready())
        if not answer.is_success:  # a version may be written +1, say
            check_answer(answer, url)


def test_a_range_beyond_float32_is_refused_and_its_ends_are_drawn(inside: httpx.Client) -> None:
    url = "/v1/models/pooled/{}?layer=conv&format=png&scale=fixed&lo={}&hi={}"
    for route in ("activations", "sensitivity"):
        refused = inside.post(url.format(route, 0, "1e39"), content=ready())
        assert refused.status_code == 400
        message = refused.json()["error"]["message"]
        assert message.startswith("hi: input should be less than or equal to 340282")
        widest = url.format(route, "-3.4028234663852886e38", "3.4028234663852886e38")
        for query in ("", "&map=diverging", "&map=grey"):
            assert inside.post(widest + query, content=ready()).status_code == 200
        narrowest = url.format(route, "-1e-320", "1e-320")
        assert inside.post(narrowest, content=ready()).status_code == 200


def test_layers_are_bounded_before_they_are_searched(inside: httpx.Client) -> None:
    answer = inside.post("/v1/models/pooled/sensitivity?" + "layer=*&" * 65, content=ready())
    assert answer.status_code == 400
    assert "layer: list should have at most 64" in answer.json()["error"]["message"]
