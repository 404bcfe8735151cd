"""What a sensitivity is refused for: each with its status, its code and what to ask instead."""

import io
from collections.abc import Callable

import httpx
import numpy as np
import pytest

from engine.attribution.methods import METHODS
from tests.engine.attribution.toys import HEIGHT, WIDTH

Refused = Callable[..., dict]


def ready(count: int = 1) -> bytes:
    pixels = np.random.default_rng(9).integers(0, 255, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def post(client: httpx.Client, query: str, model: str = "pooled", count: int = 1) -> httpx.Response:
    return client.post(f"/v1/models/{model}/sensitivity?{query}", content=ready(count))


def test_an_unknown_method_is_400_and_names_all(inside: httpx.Client, refused: Refused) -> None:
    error = refused(post(inside, "method=gradcam"), 400, "invalid_query")
    assert error["details"]["methods"] == list(METHODS)
    assert "did you mean grad-cam?" in error["message"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("method=gradient&samples=3", "it has none"),
        ("method=smoothgrad&steps=3", "it has samples, noise, seed"),
        ("method=grad-cam&seed=3", "no parameter 'seed'"),
        ("method=occlusion&patch=3", "no parameter 'patch'"),
        ("method=smoothgrad&samples=0", "expected 1 to 100000, received 0"),
        ("method=smoothgrad&noise=nan", "noise: expected 0 to 10"),
        ("method=smoothgrad&noise=-1", "noise: expected 0 to 10"),
        ("method=smoothgrad&samples=many", "samples: "),
        ("method=smoothgrad&seed=-1", "seed: expected 0 to"),
        ("method=smoothgrad&seed=x", "seed: "),
        ("method=smoothgrad&seed=1&seed=2", "one word and one number"),
        ("seed=one&seed=activation&target=channel:conv:0", "one word and one number"),
        ("method=integrated-gradients&steps=501", "expected 1 to 500"),
        ("method=integrated-gradients&baseline=red", "baseline: "),
        ("method=occlusion&layer=conv", "ask method=gradient"),
        ("method=grad-cam&layer=conv*", "must be one layer"),
        ("method=grad-cam&layer=input", "must be one layer"),
        ("method=grad-cam&reduce=l2", "answers a map"),
        ("method=grad-cam&format=png&display=raw", "answers a map"),
        ("layer=conv&reduce=sum", "maps of the picture"),
        ("layer=conv&faithfulness=true", "maps of the picture"),
        ("layer=conv&layer=pool&format=png", "must be one"),
        ("target=channel:conv:0&faithfulness=true", "ask a class"),
        ("overlay=0.5", "goes with format=png"),
        ("values=true&format=npz", "goes with format=json"),
        ("format=png&overlay=2", "overlay"),
        ("format=png&overlay=.5&display=raw", "leave display out"),
        ("format=png&scale=fixed&lo=2&hi=1", "lo must lie below hi"),
        ("format=png&lo=2", "goes with scale=fixed"),
        ("format=png&quantile=.9", "goes with scale=quantile"),
        ("timeout_ms=99999999", "timeout_ms"),
        ("wrt=input", "no parameter 'wrt'"),
    ],
)
def test_a_query_that_does_not_fit_together_is_400(
    inside: httpx.Client, refused: Refused, query: str, says: str
) -> None:
    error = refused(post(inside, query), 400, "invalid_query")
    assert says in error["message"]
    assert error["details"]["parameter"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("target=class:4", "from 0 to 3, received 4"),
        ("target=label:boots", "nearest: boot"),
        ("target=top2", "expected a target"),
        ("target=class:1&seed=activation", "leave it out"),
        ("target=channel:conv:0&score=logit", "leave it out"),
    ],
)
def test_a_target_that_does_not_exist_is_400(
    inside: httpx.Client, refused: Refused, query: str, says: str
) -> None:
    assert says in refused(post(inside, query), 400, "invalid_target")["message"]


def test_a_network_of_bare_logits_has_no_probability(
    inside: httpx.Client, refused: Refused
) -> None:
    error = refused(post(inside, "score=probability", "logits"), 400, "invalid_target")
    assert "ask score=logit" in error["message"]
    assert post(inside, "score=logit", "logits").status_code == 200


@pytest.mark.parametrize(
    "query", ["layer=convolution", "method=grad-cam&layer=con", "target=channel:conv3:0"]
)
def test_an_unknown_layer_is_404_with_the_three_nearest(
    inside: httpx.Client, refused: Refused, query: str
) -> None:
    error = refused(post(inside, query), 404, "layer_not_found")
    assert len(error["details"]["nearest"]) == 3
    assert "conv" in error["details"]["nearest"]


@pytest.mark.parametrize("target", ["channel:conv:5", "neuron:conv:6:0:0", "neuron:pool:0:0:0"])
def test_an_unknown_channel_or_position_is_404(
    inside: httpx.Client, refused: Refused, target: str
) -> None:
    refused(post(inside, f"target={target}"), 404, "channel_not_found")


def test_a_layer_after_the_target_is_422_no_gradient(
    inside: httpx.Client, refused: Refused
) -> None:
    error = refused(post(inside, "target=channel:conv:0&layer=pool"), 422, "no_gradient")
    assert "pool" in error["message"]


def test_an_operator_without_a_rule_is_422_and_named(
    inside: httpx.Client, refused: Refused
) -> None:
    error = refused(post(inside, "", "odd"), 422, "no_gradient_rule")
    assert "Asinh" in error["message"]
    assert post(inside, "method=occlusion&patch_pixels=6", "odd").status_code == 200


@pytest.mark.parametrize(
    ("query", "model"),
    [
        ("method=cam", "flat"),
        ("method=cam&score=probability", "pooled"),
        ("method=cam&layer=conv_relu", "pooled"),
        ("method=grad-cam&layer=pool", "pooled"),
        ("method=grad-cam", "odd"),
        ("method=grad-cam&target=channel:conv2:0", "pooled"),
        ("method=occlusion&patch_pixels=13", "pooled"),
        ("method=occlusion&patch_pixels=2&stride_pixels=3", "pooled"),
    ],
)
def test_a_method_that_this_network_or_layer_does_not_allow_is_422(
    inside: httpx.Client, refused: Refused, query: str, model: str
) -> None:
    refused(post(inside, query, model), 422, "method_not_applicable")


def test_a_model_published_for_prediction_alone_is_422(
    client: httpx.Client, refused: Refused, pictures: tuple[bytes, ...]
) -> None:
    answer = client.post("/v1/models/slow/sensitivity", content=pictures[0])
    assert "with its layers" in refused(answer, 422, "method_not_applicable")["message"]


@pytest.mark.parametrize(
    ("query", "count", "answer"),
    [
        ("method=smoothgrad&samples=2001", 1, ("2001 passes", "another samples")),
        ("method=smoothgrad&samples=50", 41, ("2050 passes", "40 pictures at a time")),
        ("method=smoothgrad&samples=100000", 1, ("100000 passes", "another samples")),
        (
            "method=occlusion&patch_pixels=1&stride_pixels=1",
            9,
            ("2160 passes", "8 pictures at a time"),
        ),
        ("method=grad-cam&faithfulness=true", 12, ("2028 passes", "11 pictures at a time")),
    ],
)
def test_more_passes_than_allowed_are_422_with_what_fits(
    inside: httpx.Client, refused: Refused, query: str, count: int, answer: tuple[str, str]
) -> None:
    error = refused(post(inside, query, count=count), 422, "too_much")
    assert (error["details"]["asked"], error["details"]["fits"]) == answer
    assert error["details"]["cap"] == "2000 passes"


def test_too_many_values_in_json_are_422_and_npz_has_them(
    inside: httpx.Client, refused: Refused
) -> None:
    query = "layer=rescaling&layer=input&values=true"
    error = refused(post(inside, query, count=60), 422, "too_much")
    assert error["details"]["fits"] == "format=npz"
    assert post(inside, "layer=rescaling&layer=input&format=npz", count=60).status_code == 200


def test_a_wrong_picture_is_refused_as_predict_does(
    inside: httpx.Client, refused: Refused, pictures: tuple[bytes, ...]
) -> None:
    path = "/v1/models/pooled/sensitivity"
    refused(inside.post(path, content=b"nothing"), 415, "unsupported_image")
    refused(inside.post(path, content=pictures[0][:90]), 400, "undecodable_image")
    refused(inside.post(path, content=ready()[:-1]), 400, "invalid_array")
    refused(inside.post("/v1/models/nothing/sensitivity", content=ready()), 404, "model_not_found")
    refused(inside.get(path), 405, "method_not_allowed")


def test_a_deadline_that_passes_is_504_and_stops_the_work(
    inside: httpx.Client, refused: Refused
) -> None:
    query = "method=smoothgrad&samples=1900&timeout_ms=1"
    error = refused(post(inside, query), 504, "deadline_exceeded")
    assert error["message"] == "no answer within 1 ms"
