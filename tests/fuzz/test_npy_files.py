"""Arrays whose headers lie, swell, or are no headers."""

import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.fuzz.conftest import Ask
from tests.fuzz.damage import CUTS, Damage, damages, in_pieces
from tests.fuzz.networks import NETWORKS
from tests.fuzz.road import Asked
from tests.fuzz.rounds import fuzz

TYPES = ["|u1", "<u1", "<f4", ">f4", "|O", "|S4", "<U2", "<M8[s]", "|V3", "<f2", "|b1", "u1,u1", ""]
LENGTHS = st.integers(0, 3) | st.sampled_from(
    ["-1", "True", "1.0", "None", "9" * 30, "1L", "2**40", "1_0", "[1]", "()", "10**12", "'1'"]
)
TEXTS = st.sampled_from(
    [
        "{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}",
        "{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}}}",
        "{{'shape': {shape}, 'fortran_order': {order}, 'descr': {descr!r}, 'more': 1}}",
        "{{'descr': [('a', {descr!r}), ('b', '|O')], 'fortran_order': {order}, 'shape': {shape}}}",
        "dict(descr={descr!r}, fortran_order={order}, shape={shape})",
        "{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}",
        "",
    ]
)
ORDERS = st.sampled_from(["False", "False", "False", "True", "0", "None", "'x'"])
VERSIONS = st.sampled_from([b"\x01\x00"] * 5 + [b"\x02\x00", b"\x03\x00", b"\x00\x00", b"\xff\x07"])
VALUES = st.sampled_from([b"\x00", b"\x80", b"\xff", b"\x00\x00\x80\x7f", b"\x00\x00\xc0\x7f"])


@st.composite
def npy_files(draw: st.DrawFn) -> Asked:
    """For one of the networks; some are what it takes."""
    name = draw(st.sampled_from(list(NETWORKS)))
    network = NETWORKS[name]
    own = "|u1" if network.dtype == "uint8" else "<f4"
    rows = draw(st.integers(0, 3))
    usual = f"({rows}, {', '.join(map(str, network.size))})"
    odd = st.lists(LENGTHS, max_size=6).map(lambda one: f"({', '.join(map(str, one))})")
    text = draw(TEXTS).format(
        descr=draw(st.sampled_from([own] * 8 + TYPES)),
        order=draw(ORDERS),
        shape=draw(st.just(usual) | odd),
    )
    text += " " * draw(st.sampled_from([0, 1, 40, 130, 9000])) + draw(
        st.sampled_from(["\n", "", "\0"])
    )
    version = draw(VERSIONS)
    width = "<I" if version == b"\x02\x00" else "<H"
    promised = draw(st.just(len(text)) | st.integers(0, 65_535))
    item = 1 if network.dtype == "uint8" else 4
    height, across, channels = network.size
    size = rows * height * across * channels * item + draw(st.sampled_from([0, 0, 0, 1, -1, 7]))
    values = (draw(VALUES) * (size + 4))[: max(size, 0)]
    body = b"\x93NUMPY" + version + struct.pack(width, promised) + text.encode() + values
    done: list[Damage] = draw(damages(2))
    for damage in done:
        body = damage.apply(body)
    kinds = ["application/x-npy", "application/octet-stream", "application/python-pickle"]
    headers = (("Content-Type", draw(st.sampled_from(kinds))),)
    return Asked(f"/v1/models/{name}/predict", headers, in_pieces(body, draw(CUTS)))


def test_no_array_is_our_fault(ask: Ask) -> None:
    seen: set[int] = set()

    def check(asked: Asked) -> None:
        answered = ask(asked)
        assert answered.status in (200, 400, 413, 415)
        seen.add(answered.status)

    fuzz(npy_files(), check, share=0.1)
    assert seen >= {200, 400}, "the arrays are all alike"


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", ["application/x-npy", "application/vnd.bentoml+pickle", None])
def test_nothing_is_ever_unpickled(ask: Ask, tmp_path: Path, kind: str | None) -> None:
    flag = tmp_path / "unpickled"
    headers = (("Content-Type", kind),) if kind else ()
    for data in (pickle.dumps(Bomb(flag)), b"\x93NUMPY" + pickle.dumps(Bomb(flag))):
        for route, query in (("predict", ""), ("activations", "layer=pool")):
            answered = ask(Asked(f"/v1/models/plain/{route}", headers, (data,), query))
            assert answered.status in (400, 415)
    assert not flag.exists()
