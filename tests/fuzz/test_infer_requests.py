"""Requests of the Open Inference Protocol whose tensors, sizes and headers do not add up."""

import json
from collections import Counter

import pytest

from tests.fuzz.conftest import Ask
from tests.fuzz.infer_requests import LENGTH, binary_requests, json_requests, pixels_of
from tests.fuzz.networks import NETWORKS
from tests.fuzz.road import Answered, Asked
from tests.fuzz.rounds import fuzz

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

STATUSES = {200, 400, 404, 413, 415, 422, 501, 504}


def check_success(answered: Answered) -> None:
    """The answer's tensors are as large as it says."""
    head = int(answered.headers.get(LENGTH.lower(), len(answered.body)))
    body = json.loads(answered.body[:head], parse_constant=pytest.fail)
    binary = [one["parameters"]["binary_data_size"] for one in body["outputs"] if "data" not in one]
    assert sum(binary) == len(answered.body) - head
    for output in body["outputs"]:
        assert ("data" in output) != ("binary_data_size" in output.get("parameters", {}))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_good_request_is_answered(ask: Ask, name: str) -> None:
    pixels = pixels_of(name, 2)
    datatype = "UINT8" if pixels.dtype == "uint8" else "FP32"
    tensor = {"name": "pixels", "shape": list(pixels.shape), "datatype": datatype}
    request = {"inputs": [{**tensor, "data": pixels.ravel().tolist()}]}
    asked = Asked(f"/v2/models/{name}/infer", pieces=(json.dumps(request).encode(),))
    answered = ask(asked)
    assert answered.status == 200, answered.body
    check_success(answered)
    assert json.loads(answered.body)["outputs"][0]["shape"] == [2, 4]


def test_no_json_is_our_fault(ask: Ask) -> None:
    seen: Counter[int] = Counter()

    def check(asked: Asked) -> None:
        answered = ask(asked)
        seen[answered.status] += 1
        assert answered.status in STATUSES
        if answered.status == 200:
            check_success(answered)

    fuzz(json_requests(), check, share=0.13)
    assert {200, 400, 404} <= seen.keys(), "the requests are all alike"


def test_no_bytes_behind_the_json_are_our_fault(ask: Ask) -> None:
    seen: Counter[int] = Counter()

    def check(asked: Asked) -> None:
        answered = ask(asked)
        seen[answered.status] += 1
        assert answered.status in STATUSES
        if answered.status == 200:
            check_success(answered)

    fuzz(binary_requests(), check, share=0.1)
    assert {200, 400, 404} <= seen.keys(), "the requests are all alike"
