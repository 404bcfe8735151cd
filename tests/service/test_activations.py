"""Activations over HTTP: which numbers come, and in which form."""

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from bundle.repository import Bundle
from engine.classifier import Classifier

ACTIVATIONS = "/v1/models/colours/activations"
RED_GREEN_BLUE = (0, 1, 2)


def npy(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def ask(client: httpx.Client, pixels: np.ndarray, query: str) -> dict[str, Any]:
    answer = client.post(f"{ACTIVATIONS}?{query}", content=npy(pixels))
    assert answer.status_code == 200, answer.text
    return answer.json()


def load(client: httpx.Client, pixels: np.ndarray, query: str) -> dict[str, np.ndarray]:
    answer = client.post(f"{ACTIVATIONS}?format=npz&{query}", content=npy(pixels))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-npz"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="colours-activations.npz"'
    )
    return dict(np.load(io.BytesIO(answer.content), allow_pickle=False))


def rescaled(pixels: np.ndarray) -> np.ndarray:
    """What the layer `rescaling` of the colour model does."""
    return pixels.astype(np.float32) * np.float32(1 / 255)


def test_json_has_shape_and_statistics_of_every_channel(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    pixels = colour_pictures[:2].copy()
    pixels[0, :12, :, 1] = 0
    body = ask(client, pixels, "layer=rescaling&layer=pool")
    timing, results = body.pop("timing_ms"), body.pop("results")
    assert body == {
        "model": "colours",
        "version": 2,
        "precision": "fp32",
        "score": "probability",
        "dtype": "float32",
        "sort": "index",
        "crop": None,
        "layers": [
            {
                "layer": "rescaling",
                "keras_class": "Layer",
                "shape": [48, 64, 3],
                "selected": [48, 64, 3],
            },
            {"layer": "pool", "keras_class": "Layer", "shape": [3], "selected": [3]},
        ],
    }
    assert sorted(timing) == ["decode", "inference", "queue"]
    assert len(results) == 2
    for picture, result in zip(rescaled(pixels), results, strict=True):
        assert sorted(result) == ["image", "layers"]
        spatial, dense = result["layers"]
        assert sorted(spatial) == ["channels", "layer", "statistics"]
        assert spatial["channels"] == [0, 1, 2]
        found = spatial["statistics"]
        np.testing.assert_allclose(found["min"], picture.min((0, 1)))
        np.testing.assert_allclose(found["mean"], picture.mean((0, 1)), rtol=1e-5)
        np.testing.assert_allclose(found["max"], picture.max((0, 1)))
        np.testing.assert_allclose(found["std"], picture.std((0, 1)), rtol=1e-4)
        np.testing.assert_allclose(found["zeros"], (picture == 0).mean((0, 1)))
        assert found["nonfinite"] == [0, 0, 0]
        np.testing.assert_allclose(dense["statistics"]["mean"], picture.mean((0, 1)), rtol=1e-5)
    assert results[0]["layers"][0]["statistics"]["zeros"][1] > 0.25


def test_values_are_written_out_where_asked(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    query = "layer=rescaling&values=true&crop=5,60,3,4&channel=2,0"
    body = ask(client, colour_pictures, query)
    assert body["crop"] == {"y": 5, "x": 60, "height": 3, "width": 4}
    assert body["layers"][0]["selected"] == [3, 4, 2]
    for picture, result in zip(rescaled(colour_pictures), body["results"], strict=True):
        [found] = result["layers"]
        expected = picture[5:8, 60:64, [2, 0]]
        assert found["channels"] == [2, 0]
        assert found["saturated"] == 0
        np.testing.assert_array_equal(np.float32(found["values"]), expected)
        np.testing.assert_allclose(found["statistics"]["max"], expected.max((0, 1)))


def test_an_archive_holds_what_the_engine_says(
    client: httpx.Client, colours: Bundle, colour_pictures: np.ndarray
) -> None:
    pixels = colour_pictures[np.arange(20) % 3]  # more than one run of the network holds
    pixels[:, 7, 9] = np.arange(20)[:, None]
    expected = Classifier(colours).activations(pixels, ["rescaling", "pool"])
    arrays = load(client, pixels, "layer=*")
    assert sorted(arrays) == [
        ":about",
        ":rows",
        "pool",
        "pool:channels",
        "rescaling",
        "rescaling:channels",
    ]
    for path, values in expected.items():
        assert arrays[path].dtype == np.float32
        np.testing.assert_array_equal(arrays[path], values)
        np.testing.assert_array_equal(arrays[f"{path}:channels"], [RED_GREEN_BLUE] * 20)
    about = json.loads(str(arrays[":about"]))
    assert about["model"] == "colours"
    assert about["saturated"] == {"rescaling": [0] * 20, "pool": [0] * 20}


def test_half_precision_is_half_the_numbers_bytes(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    arrays = load(client, colour_pictures, "layer=rescaling&dtype=float16")
    assert arrays["rescaling"].dtype == np.float16
    np.testing.assert_array_equal(arrays["rescaling"], rescaled(colour_pictures).astype(np.float16))


def test_one_bad_picture_never_costs_the_others(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    files = [("image", (f"{i}.png", pictures[i])) for i in (0, 2)]
    files.insert(1, ("image", ("bad.png", pictures[1][:150])))
    results = client.post(f"{ACTIVATIONS}?layer=pool", files=files).json()["results"]
    assert [result["image"] for result in results] == ["0.png", "bad.png", "2.png"]
    assert results[1]["error"]["code"] == "undecodable_image"
    assert "layers" not in results[1]
    strongest = [np.argmax(results[i]["layers"][0]["statistics"]["mean"]) for i in (0, 2)]
    assert strongest == [0, 2]

    archive = client.post(f"{ACTIVATIONS}?layer=pool&format=npz", files=files).content
    arrays = np.load(io.BytesIO(archive))
    np.testing.assert_array_equal(arrays[":rows"], [0, 2])
    assert arrays["pool"].argmax(1).tolist() == [0, 2]
    about = json.loads(str(arrays[":about"]))
    assert about["results"][1]["error"]["code"] == "undecodable_image"


def test_only_bad_pictures_are_an_error_each_and_an_archive_without_rows(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    files = [("image", b"one"), ("image", b"two")]
    results = client.post(f"{ACTIVATIONS}?layer=*", files=files).json()["results"]
    assert [result["error"]["code"] for result in results] == ["unsupported_image"] * 2
    for sort in ("index", "contribution"):
        query = f"layer=*&format=npz&limit=2&sort={sort}"
        answer = client.post(f"{ACTIVATIONS}?{query}", files=files)
        arrays = np.load(io.BytesIO(answer.content))
        assert arrays["rescaling"].shape == (0, 48, 64, 2)
        assert arrays["pool:channels"].shape == (0, 2)
    refused(
        client.post(f"{ACTIVATIONS}?layer=pool&format=png", files=files), 400, "undecodable_image"
    )
    refused(client.post(f"{ACTIVATIONS}?layer=pool", content=b"one"), 415, "unsupported_image")


def test_the_best_classes_come_with_it_where_asked(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    predicted = client.post("/v1/models/colours/predict?top_k=2", content=npy(colour_pictures))
    body = ask(client, colour_pictures, "layer=rescaling&predictions=true&top_k=2")
    for mine, theirs in zip(body["results"], predicted.json()["results"], strict=True):
        assert [best["label"] for best in mine["classes"]] == [
            best["label"] for best in theirs["classes"]
        ]
        assert [best["score"] for best in mine["classes"]] == pytest.approx(
            [best["score"] for best in theirs["classes"]], abs=1e-6
        )
    about = load(client, colour_pictures, "layer=pool&predictions=true")[":about"]
    assert json.loads(str(about))["results"][2]["classes"][0]["label"] == "blue"


@pytest.mark.parametrize("sort", ["mean", "max", "std"])
def test_channels_are_sorted_picture_by_picture(
    client: httpx.Client, colour_pictures: np.ndarray, sort: str
) -> None:
    arrays = load(client, colour_pictures, f"layer=rescaling&sort={sort}&limit=2")
    expected = rescaled(colour_pictures)
    key = getattr(expected.astype(np.float64), sort)((1, 2))
    order = np.argsort(-key, axis=1)[:, :2]
    np.testing.assert_array_equal(arrays["rescaling:channels"], order)
    for row in range(3):
        np.testing.assert_array_equal(arrays["rescaling"][row], expected[row][..., order[row]])
    body = ask(client, colour_pictures, f"layer=rescaling&sort={sort}&limit=2")
    for row, result in enumerate(body["results"]):
        [layer] = result["layers"]
        assert layer["channels"] == order[row].tolist()
        assert layer["statistics"][sort] == pytest.approx(key[row][order[row]], rel=1e-4)


def test_contributions_are_activation_times_gradient_of_the_best_class(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    # the logit of a colour is 8 times its mean: it alone contributes
    body = ask(client, colour_pictures, "layer=*&sort=contribution&channel=0-2")
    for row, result in enumerate(body["results"]):
        assert result["classes"][0]["class_id"] == row
        logit = 8 * rescaled(colour_pictures)[row, ..., row].mean()
        for layer in result["layers"]:
            assert layer["channels"][0] == row
            assert layer["contributions"] == pytest.approx([logit, 0, 0], rel=1e-4)
    arrays = load(client, colour_pictures, "layer=pool&sort=contribution&limit=1")
    assert arrays["pool:channels"][:, 0].tolist() == [0, 1, 2]
    assert arrays["pool:contributions"].shape == (3, 1)


def test_a_limit_alone_takes_the_first_channels(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    arrays = load(client, colour_pictures, "layer=rescaling&limit=2&channel=2,1,0")
    np.testing.assert_array_equal(arrays["rescaling"], rescaled(colour_pictures)[..., [2, 1]])
    body = ask(client, colour_pictures, "layer=pool&limit=100")
    assert body["results"][0]["layers"][0]["channels"] == [0, 1, 2]


def test_a_version_may_follow_the_model(
    client: httpx.Client, colour_pictures: np.ndarray, refused: Callable[..., dict]
) -> None:
    path = "/v1/models/colours/versions/{}/activations?layer=pool"
    answer = client.post(path.format(2), content=npy(colour_pictures))
    assert answer.json()["version"] == 2
    refused(client.post(path.format(1), content=npy(colour_pictures)), 404, "model_not_found")
