"""Multipart forms that are none, or other ones than they say."""

import json

import pytest
from hypothesis import strategies as st

from tests.fuzz.conftest import Ask
from tests.fuzz.damage import CUTS, Damage, damages, in_pieces
from tests.fuzz.image_files import PICTURES, PNGS
from tests.fuzz.road import Asked
from tests.fuzz.rounds import fuzz

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

PREDICT = "/v1/models/plain/predict"
BOUNDARIES = st.sampled_from(["x", "cut", "a b", "'", "-" * 70, "x" * 300, "", "x\r", "ü"])
ENDS = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r", ""])
VALUES = st.sampled_from(
    [
        *('form-data; name="image"', "form-data; name=image", 'form-data; name="image"; filename='),
        *('form-data; name="image"; filename="a\\"b.png"', "form-data; name*=UTF-8''image"),
        *('form-data; name="file"; filename="../../etc/passwd"', "form-data", "attachment", ""),
        *("form-data; name=" + '"' * 50, 'form-data; name="image"; name="file"', ";" * 2000),
        *("form-data; name=\"image\"; filename*=x'y'%ff%00", "form-data;name=image;=;==;'"),
    ]
)
NAMES = st.sampled_from(
    ["Content-Disposition"] * 6
    + ["content-disposition", "Content-Type", "Content-Length", "X", "", "A" * 5000, "ü", "a b"]
)
HEADERS = st.lists(st.tuples(NAMES, VALUES, ENDS), max_size=4) | st.just(
    [("Content-Disposition", 'form-data; name="image"', "\r\n")]
)
CONTENT_TYPES = st.sampled_from(
    [
        *("multipart/form-data; boundary={}",) * 6,
        *('multipart/form-data; boundary="{}"', "Multipart/Form-Data;BOUNDARY={};charset=x"),
        *("multipart/form-data", "multipart/form-data; boundary", "multipart/form-data; boundary="),
        *("multipart/mixed; boundary={}", "multipart/form-data; boundary={}; boundary=other"),
        *("multipart/form-data; boundary*=UTF-8''{}", "multipart/form-data, x; boundary={}"),
    ]
)


def _part(boundary: str, headers: list[tuple[str, str, str]], data: bytes, end: str) -> bytes:
    head = "".join(f"{name}: {value}{end}" for name, value, end in headers)
    return f"--{boundary}{end}{head}{end}".encode() + data + end.encode()


@st.composite
def forms(draw: st.DrawFn) -> Asked:
    """Parts with any headers, closed or not, cut into pieces, sometimes damaged."""
    boundary = draw(BOUNDARIES)
    data = st.sampled_from(PNGS) | PICTURES | st.just(f"\r\n--{boundary}\r\n".encode())
    parts = draw(st.lists(st.tuples(HEADERS, data, ENDS), max_size=4))
    body = b"".join(_part(boundary, *part) for part in parts)
    last = f"--{boundary}--\r\n".encode()
    body += draw(st.sampled_from([last, last, last[:-2], last[:-4], b"", last * 2, last + b"more"]))
    done: list[Damage] = draw(damages(2))
    for damage in done:
        body = damage.apply(body)
    kind = draw(CONTENT_TYPES).format(boundary)
    headers = (("Content-Type", kind),)
    return Asked(PREDICT, headers, in_pieces(body, draw(CUTS)))


def test_no_form_is_our_fault(ask: Ask) -> None:
    def check(asked: Asked) -> None:
        answered = ask(asked)
        assert answered.status in (200, 400, 413, 415)
        if answered.status == 200:
            for result in json.loads(answered.body)["results"]:
                assert ("classes" in result) != ("error" in result)

    fuzz(forms(), check, share=0.13)
