"""Self-checks over HTTP: what a monitoring system reads."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from service.selfcheck_schemas import SelfCheckAnswer
from tests.engine.attribution.toys import HEIGHT, WIDTH

Refused = Callable[..., dict]
PATH = "/v1/models/{}/selfcheck?{}"


def ready(count: int = 2) -> bytes:
    pixels = np.random.default_rng(8).integers(0, 255, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def ask(client: httpx.Client, query: str = "", count: int = 2) -> dict[str, Any]:
    answer = client.post(PATH.format("pooled", query), content=ready(count))
    assert answer.status_code == 200, answer.text
    SelfCheckAnswer.model_validate_json(answer.content)
    return answer.json()


def test_two_methods_are_checked_unless_others_are_asked_for(inside: httpx.Client) -> None:
    body = ask(inside)
    assert [method["method"] for method in body["methods"]] == ["gradient", "grad-cam"]
    assert (body["model"], body["version"], body["precision"]) == ("pooled", 1, "fp32")
    assert body["results"] == [{"image": None}, {"image": None}]
    verdicts = {method["verdict"] for method in body["methods"]}
    assert body["verdict"] == ("passed" if verdicts == {"passed"} else "failed")


@pytest.mark.parametrize(("stages", "expected"), [(1, 1), (2, 2), (8, 3)])
def test_the_cascade_has_as_many_stages_as_asked_or_as_there_are_layers(
    inside: httpx.Client, stages: int, expected: int
) -> None:
    body = ask(inside, f"method=gradient&stages={stages}")
    [method] = body["methods"]
    cascade = method["cascade"]
    assert [stage["stage"] for stage in cascade] == list(range(1, expected + 1))
    random = [path for stage in cascade for path in stage["layers"]]
    assert len(random) == 3, "the head and two convolutions have weights"
    assert random[-1].startswith("conv")
    for stage in cascade:
        assert -1 <= stage["spearman"] <= 1
    assert body["passes"] == 2 * (expected + 1)


def test_the_verdict_follows_from_the_numbers(inside: httpx.Client) -> None:
    for method in ask(inside, "method=gradient&method=guided&method=layer-cam")["methods"]:
        passed = method["similarity"] < method["threshold"] and method["dead"] < 1
        assert method["verdict"] == ("passed" if passed else "failed")
        assert method["similarity"] == pytest.approx(
            np.mean([stage["spearman"] for stage in method["cascade"]])
        )


def test_a_method_with_random_numbers_repeats_itself(inside: httpx.Client) -> None:
    query = "method=smoothgrad&stages=1&seed=5"
    assert ask(inside, query)["methods"] == ask(inside, query)["methods"]


def test_every_method_can_be_checked(inside: httpx.Client) -> None:
    names = ("input-x-gradient", "deconv", "cam", "grad-cam++", "score-cam")
    query = "&".join(f"method={name}" for name in names)
    body = ask(inside, f"{query}&stages=1", count=1)
    assert [method["method"] for method in body["methods"]] == list(names)


def test_the_served_model_is_not_touched(inside: httpx.Client) -> None:
    path = "/v1/models/pooled/sensitivity?method=grad-cam"
    before = inside.post(path, content=ready()).json()["results"]
    ask(inside)
    assert inside.post(path, content=ready()).json()["results"] == before


def test_a_bad_picture_is_left_out(inside: httpx.Client, pictures: tuple[bytes, ...]) -> None:
    files = [("image", ("a.png", pictures[0])), ("image", ("b.png", b"nothing"))]
    body = inside.post(PATH.format("pooled", "method=gradient"), files=files).json()
    assert [result["image"] for result in body["results"]] == ["a.png", "b.png"]
    assert body["results"][1]["error"]["code"] == "unsupported_image"
    assert body["passes"] == 4


@pytest.mark.parametrize(
    ("model", "query", "expected"),
    [
        ("pooled", "method=nothing", (400, "invalid_query")),
        ("pooled", "stages=0", (400, "invalid_query")),
        ("pooled", "samples=3", (400, "invalid_query")),
        ("pooled", "target=channel:conv:0", (400, "invalid_query")),
        ("pooled", "target=class:9", (400, "invalid_target")),
        ("flat", "method=cam", (422, "method_not_applicable")),
        ("odd", "", (422, "no_gradient_rule")),
        ("pooled", "method=smoothgrad&stages=30", (422, "too_much")),
        ("nothing", "", (404, "model_not_found")),
    ],
)
def test_what_cannot_be_checked_is_refused(
    inside: httpx.Client, refused: Refused, model: str, query: str, expected: tuple[int, str]
) -> None:
    refused(inside.post(PATH.format(model, query), content=ready()), *expected)


def test_only_bad_pictures_are_400(inside: httpx.Client, refused: Refused) -> None:
    files = [("image", b"one"), ("image", b"two")]
    refused(inside.post(PATH.format("pooled", ""), files=files), 400, "undecodable_image")
