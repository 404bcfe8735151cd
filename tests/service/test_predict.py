"""Good pictures, in every way they may come."""

import io
from collections.abc import Callable

import httpx
import numpy as np
import pytest

PREDICT = "/v1/models/colours/predict"


def labels(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["classes"][0]["label"] for result in answer.json()["results"]]


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_a_raw_picture_is_answered_as_documented(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    answer = client.post(PREDICT, content=pictures[1], headers={"Content-Type": "image/png"})
    body = answer.json()
    timing, results = body.pop("timing_ms"), body.pop("results")
    assert body == {
        "model": "colours",
        "version": 2,
        "precision": "fp32",
        "score": "probability",
        "batch_size": 1,
    }
    assert sorted(timing) == ["decode", "inference", "queue"]
    assert all(value >= 0 for value in timing.values())
    [result] = results
    assert result["image"] is None
    assert result["classes"][0]["label"] == "green"
    assert result["classes"][0]["class_id"] == 1
    scores = [best["score"] for best in result["classes"]]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "content_type",
    [None, "image/jpeg", "image/png", "application/octet-stream", "text/plain", "nonsense"],
)
def test_the_first_bytes_decide_not_the_content_type(
    client: httpx.Client, pictures: tuple[bytes, ...], content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    assert labels(client.post(PREDICT, content=pictures[2], headers=headers)) == ["blue"]


def test_several_pictures_are_answered_in_their_order_with_their_names(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    files = [("image", (f"{i}.png", pictures[i])) for i in (2, 0, 1, 0)]
    answer = client.post(PREDICT, files=files)
    assert labels(answer) == ["blue", "red", "green", "red"]
    names = [result["image"] for result in answer.json()["results"]]
    assert names == ["2.png", "0.png", "1.png", "0.png"]


def test_one_bad_picture_never_costs_the_others(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    bad = [pictures[0][:200], b"", b"%!PS-Adobe-3.0 EPSF-3.0\n"]
    files = [("image", ("good.png", pictures[1]))]
    files += [("image", ("bad.png", data)) for data in bad]
    files += [("image", ("good.png", pictures[2]))]
    results = client.post(PREDICT, files=files).json()["results"]
    assert [result.get("classes", [{}])[0].get("label") for result in results] == [
        "green",
        None,
        None,
        None,
        "blue",
    ]
    codes = [result["error"]["code"] for result in results if "error" in result]
    assert codes == ["undecodable_image", "undecodable_image", "unsupported_image"]


def test_only_bad_pictures_have_an_error_each(client: httpx.Client) -> None:
    answer = client.post(PREDICT, files=[("image", b"one"), ("image", b"two")])
    assert answer.status_code == 200
    assert [result["error"]["code"] for result in answer.json()["results"]] == [
        "unsupported_image",
        "unsupported_image",
    ]


def test_other_parts_of_a_form_are_ignored(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    answer = client.post(PREDICT, files={"image": pictures[0]}, data={"note": "a red one"})
    assert labels(answer) == ["red"]


@pytest.mark.parametrize("content_type", ["application/x-npy", None])
def test_an_array_of_ready_pictures_is_answered_row_by_row(
    client: httpx.Client, colour_pictures: np.ndarray, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = client.post(PREDICT, content=npy(colour_pictures[[2, 0]]), headers=headers)
    assert labels(answer) == ["blue", "red"]
    assert answer.json()["batch_size"] in (1, 2), "as many as were fastest when it was measured"


def test_an_array_larger_than_a_batch_is_answered_whole(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    rows = np.arange(20) % 3
    answer = client.post(PREDICT, content=npy(colour_pictures[rows]))
    assert labels(answer) == [("red", "green", "blue")[row] for row in rows]


@pytest.mark.parametrize(("top_k", "expected"), [(1, 1), (2, 2), (3, 3), (1000, 3)])
def test_top_k_says_how_many_classes(
    client: httpx.Client, pictures: tuple[bytes, ...], top_k: int, expected: int
) -> None:
    answer = client.post(PREDICT, content=pictures[0], params={"top_k": top_k})
    assert len(answer.json()["results"][0]["classes"]) == expected


@pytest.mark.parametrize(
    ("query", "received"),
    [
        ("top_k=0", "0"),
        ("top_k=-1", "-1"),
        ("top_k=abc", "abc"),
        ("top_k=", ""),
        ("timeout_ms=0", "0"),
        ("timeout_ms=99999999", 99999999),
        ("topk=3", "3"),
    ],
)
def test_a_malformed_query_is_400_and_says_what_was_received(
    client: httpx.Client,
    pictures: tuple[bytes, ...],
    refused: Callable[..., dict],
    query: str,
    received: object,
) -> None:
    parameter = query.partition("=")[0]
    answer = client.post(f"{PREDICT}?{query}", content=pictures[0])
    error = refused(answer, 400, "invalid_query")
    assert error["details"] == {"parameter": parameter, "received": received}
    assert parameter in error["message"]


def test_a_version_may_follow_the_model(
    client: httpx.Client, pictures: tuple[bytes, ...], refused: Callable[..., dict]
) -> None:
    path = "/v1/models/colours/versions/{}/predict"
    assert labels(client.post(path.format(2), content=pictures[0])) == ["red"]
    for version in (1, 3, "abc"):
        answer = client.post(path.format(version), content=pictures[0])
        assert "there are: 2, " in refused(answer, 404, "model_not_found")["message"]


def test_an_unknown_model_is_404_and_names_the_nearest(
    client: httpx.Client, pictures: tuple[bytes, ...], refused: Callable[..., dict]
) -> None:
    answer = client.post("/v1/models/colour/predict", content=pictures[0])
    assert "nearest: colours" in refused(answer, 404, "model_not_found")["message"]


def test_another_method_is_405_and_says_which_is_expected(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    answer = client.get(PREDICT)
    assert (
        refused(answer, 405, "method_not_allowed")["message"] == "expected POST here, received GET"
    )
    assert answer.headers["allow"] == "POST"
