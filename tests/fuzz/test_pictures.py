"""Picture files that nobody would send, alone and among good ones."""

import json

import pytest
from hypothesis import strategies as st

from tests.fuzz.conftest import Ask
from tests.fuzz.damage import CUTS, in_pieces
from tests.fuzz.image_files import GOOD, PICTURES, PNGS
from tests.fuzz.networks import NETWORKS
from tests.fuzz.road import Asked
from tests.fuzz.rounds import fuzz

# As in production, where engine.images asks for it: metadata that Pillow warns of is not read.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

MODELS = st.sampled_from(list(NETWORKS))


def test_the_files_that_are_damaged_are_good_ones(ask: Ask) -> None:
    for name in NETWORKS:
        for data in GOOD:
            answered = ask(Asked(f"/v1/models/{name}/predict", pieces=(data,)))
            assert answered.status == 200, (data[:20], answered.body)


def test_no_picture_is_our_fault(ask: Ask) -> None:
    def check(case: tuple[str, bytes, list[int]]) -> None:
        name, data, cuts = case
        answered = ask(Asked(f"/v1/models/{name}/predict", pieces=in_pieces(data, cuts)))
        assert answered.status in (200, 400, 413, 415)
        if answered.status == 200:
            [result] = json.loads(answered.body)["results"]
            assert sum(best["score"] for best in result["classes"]) == pytest.approx(1, abs=1e-5)

    fuzz(st.tuples(MODELS, PICTURES, CUTS), check, share=0.33)


def test_no_picture_costs_the_others(ask: Ask) -> None:
    boundary = "kuHJ7-never-in-a-picture"

    def part(data: bytes) -> bytes:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"\r\n\r\n'
        return head.encode() + data + b"\r\n"

    def check(case: tuple[str, list[bytes]]) -> None:
        name, bad = case
        body = b"".join(map(part, [PNGS[0], *bad, PNGS[1]])) + f"--{boundary}--\r\n".encode()
        headers = (("Content-Type", f"multipart/form-data; boundary={boundary}"),)
        answered = ask(Asked(f"/v1/models/{name}/predict", headers, (body,)))
        assert answered.status == 200
        results = json.loads(answered.body)["results"]
        assert len(results) == len(bad) + 2
        assert results[0]["classes"]
        assert results[-1]["classes"]
        for result in results:
            assert ("classes" in result) != ("error" in result)

    fuzz(st.tuples(MODELS, st.lists(PICTURES, min_size=1, max_size=3)), check, share=0.08)


def test_no_picture_breaks_an_inspection(ask: Ask) -> None:
    def check(case: tuple[str, bytes]) -> None:
        name, data = case
        query = "layer=*&values=true&predictions=true"
        asked = Asked(f"/v1/models/{name}/activations", pieces=(data,), query=query)
        assert ask(asked).status in (200, 400, 413, 415)

    fuzz(st.tuples(MODELS, PICTURES), check, share=0.04)
