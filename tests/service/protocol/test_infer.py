"""Inference over HTTP: every mix of JSON and binary says the same."""

import json
import zlib
from collections.abc import Callable

import httpx
import numpy as np
import pytest

from tests.service.protocol.bodies import (
    INFER,
    LENGTH,
    base64_image,
    binary_image,
    binary_pixels,
    outputs,
    pixels,
    post,
    protocol_error,
)

PREDICT = "/v1/models/colours/predict"


def scores(answer: httpx.Response) -> np.ndarray:
    found = outputs(answer)
    assert list(found) == ["predictions"]
    return found["predictions"]


@pytest.fixture
def expected(client: httpx.Client, colour_pictures: np.ndarray) -> np.ndarray:
    """What raw binary answers of the three pictures, one by one."""
    rows = [
        scores(client.post(INFER, content=picture.tobytes(), headers={LENGTH: "0"}))
        for picture in colour_pictures
    ]
    found = np.concatenate(rows)
    assert found.argmax(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    return found


@pytest.mark.parametrize("binary_in", [False, True])
@pytest.mark.parametrize("binary_out", [False, True])
def test_json_and_binary_tensors_say_the_same_in_any_mix(
    client: httpx.Client,
    colour_pictures: np.ndarray,
    expected: np.ndarray,
    binary_in: bool,
    binary_out: bool,
) -> None:
    entry, data = binary_pixels(colour_pictures)
    document = {
        "inputs": [entry if binary_in else pixels(colour_pictures)],
        "outputs": [{"name": "predictions", "parameters": {"binary_data": binary_out}}],
    }
    answer = post(client, document, *([data] if binary_in else []))
    np.testing.assert_allclose(scores(answer), expected, atol=1e-6)
    assert (LENGTH in answer.headers) == binary_out
    kind = "application/octet-stream" if binary_out else "application/json"
    assert answer.headers["content-type"] == kind


def test_data_may_be_nested_as_the_shape_is(
    client: httpx.Client, colour_pictures: np.ndarray, expected: np.ndarray
) -> None:
    nested = pixels(colour_pictures, data=colour_pictures.tolist())
    np.testing.assert_allclose(scores(post(client, {"inputs": [nested]})), expected, atol=1e-6)


def test_outputs_that_are_not_named_follow_the_requests_own_wish(
    client: httpx.Client, colour_pictures: np.ndarray, expected: np.ndarray
) -> None:
    document = {
        "parameters": {"binary_data_output": True},
        "inputs": [pixels(colour_pictures)],
    }
    answer = post(client, document)
    assert LENGTH in answer.headers
    np.testing.assert_allclose(scores(answer), expected, atol=1e-6)
    document["outputs"] = [{"name": "predictions", "parameters": {"binary_data": False}}]
    assert LENGTH not in post(client, document).headers


def test_picture_files_are_answered_as_predict_answers_them(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    results = client.post(PREDICT, files=[("image", data) for data in pictures]).json()["results"]
    expected = [[0.0] * 3 for _ in results]
    for row, result in zip(expected, results, strict=True):
        for each in result["classes"]:
            row[each["class_id"]] = each["score"]
    entry, data = binary_image(*pictures)
    np.testing.assert_allclose(scores(post(client, {"inputs": [entry]}, data)), expected, atol=1e-6)
    written = post(client, {"inputs": [base64_image(*pictures)]})
    np.testing.assert_allclose(scores(written), expected, atol=1e-6)
    raw = client.post(INFER, content=pictures[1], headers={LENGTH: "0"})
    assert LENGTH in raw.headers
    np.testing.assert_allclose(scores(raw), expected[1:2], atol=1e-6)


def test_the_answer_names_model_version_and_id(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    inputs = [pixels(colour_pictures[:1])]
    answer = post(client, {"id": "mine", "inputs": inputs}).json()
    head = {key: answer[key] for key in ("model_name", "model_version", "id")}
    assert head == {"model_name": "colours", "model_version": "2", "id": "mine"}
    [output] = answer["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("predictions", "FP32", [1, 3])
    assert "id" not in post(client, {"inputs": inputs, "id": None}).json()


def test_a_version_may_be_named(client: httpx.Client, colour_pictures: np.ndarray) -> None:
    document = {"inputs": [pixels(colour_pictures)]}
    path = "/v2/models/colours/versions/{}/infer"
    assert scores(post(client, document, path=path.format(2))).shape == (3, 3)
    for version in ("99", "newest"):
        error = protocol_error(post(client, document, path=path.format(version)), 404)
        assert version in error


@pytest.mark.parametrize("binary", [False, True])
def test_classification_answers_the_best_classes_as_text(
    client: httpx.Client, colour_pictures: np.ndarray, expected: np.ndarray, binary: bool
) -> None:
    wish = {"classification": 2, "binary_data": binary}
    document = {
        "inputs": [pixels(colour_pictures)],
        "outputs": [{"name": "predictions", "parameters": wish}],
    }
    answer = post(client, document)
    assert answer.status_code == 200
    texts = outputs(answer)["predictions"]
    assert texts.shape == (3, 2)
    for row, best in zip(expected, texts[:, 0], strict=True):
        score, index, label = best.split(":")
        assert int(index) == row.argmax()
        assert label == ("red", "green", "blue")[row.argmax()]
        assert float(score) == pytest.approx(row.max(), rel=1e-5)


def test_no_more_classes_are_answered_than_there_are(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    document = {
        "inputs": [pixels(colour_pictures[:1])],
        "outputs": [{"name": "predictions", "parameters": {"classification": 1000}}],
    }
    assert outputs(post(client, document))["predictions"].shape == (1, 3)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bodies_may_be_compressed(
    client: httpx.Client, colour_pictures: np.ndarray, expected: np.ndarray, encoding: str
) -> None:
    entry, data = binary_pixels(colour_pictures)
    text = json.dumps({"inputs": [entry]}).encode()
    compress = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    body = compress.compress(text + data) + compress.flush()
    headers = {LENGTH: str(len(text)), "Content-Encoding": encoding}
    answer = client.post(INFER, content=body, headers=headers)
    np.testing.assert_allclose(scores(answer), expected, atol=1e-6)


def test_a_large_request_in_json_is_answered_too(client: httpx.Client) -> None:
    values = np.random.default_rng(3).integers(0, 256, (40, 48, 64, 3), dtype=np.uint8)
    assert scores(post(client, {"inputs": [pixels(values)]})).shape == (40, 3)


def test_predictions_are_counted_whatever_road_they_took(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    def predicted() -> float:
        text = client.get("/metrics").text
        return sum(
            float(line.split()[-1])
            for line in text.splitlines()
            if line.startswith("cutaway_images_total")
            and 'model="colours"' in line
            and 'outcome="predicted"' in line
        )

    before = predicted()
    post(client, {"inputs": [pixels(colour_pictures)]})
    assert predicted() == before + 3


def test_one_bad_picture_fails_the_request_and_is_named(
    client: httpx.Client, pictures: tuple[bytes, ...], encoder: Callable[..., bytes]
) -> None:
    entry, data = binary_image(pictures[0], b"no picture", pictures[1])
    error = protocol_error(post(client, {"inputs": [entry]}, data), 415)
    assert error.startswith("picture 1: these bytes are not a picture")
    entry, data = binary_image(pictures[0], pictures[1], encoder(2)[:-40])
    error = protocol_error(post(client, {"inputs": [entry]}, data), 400)
    assert error.startswith("picture 2: the PNG picture cannot be decoded")
    entry, data = binary_image(b"alone and bad")
    error = protocol_error(post(client, {"inputs": [entry]}, data), 415)
    assert error.startswith("these bytes are not a picture")


def test_a_request_that_cannot_make_its_time_is_429_with_retry_after(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    values = np.repeat(colour_pictures, 20, axis=0)
    path = "/v2/models/slow/infer"
    post(client, {"inputs": [pixels(values[:8])]}, path=path)  # now it is known how long it takes
    document = {"parameters": {"timeout": 1000}, "inputs": [pixels(values)]}
    answer = post(client, document, path=path)
    assert answer.status_code in (429, 504)
    protocol_error(answer, answer.status_code)
    assert answer.status_code == 504 or int(answer.headers["retry-after"]) >= 1
