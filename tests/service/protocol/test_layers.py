"""Layers are outputs for those who ask for them by name, and for nobody else."""

import httpx
import numpy as np
import pytest

from tests.service.protocol.bodies import (
    base64_image,
    binary_image,
    binary_pixels,
    outputs,
    pixels,
    post,
    protocol_error,
)

BINARY = {"binary_data": True}


def ask(client: httpx.Client, values: np.ndarray, *wanted: dict) -> httpx.Response:
    entry, data = binary_pixels(values)
    return post(client, {"inputs": [entry], "outputs": list(wanted)}, data)


def test_layers_are_answered_in_the_order_asked(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    wanted = [
        {"name": "pool", "parameters": {"binary_data": False}},
        {"name": "predictions", "parameters": BINARY},
        {"name": "rescaling", "parameters": BINARY},
    ]
    found = outputs(ask(client, colour_pictures, *wanted))
    assert list(found) == ["pool", "predictions", "rescaling"]
    levels = colour_pictures.astype(np.float32) / np.float32(255)
    np.testing.assert_allclose(found["rescaling"], levels, rtol=1e-6)
    np.testing.assert_allclose(found["pool"], levels.mean(axis=(1, 2)), rtol=1e-5)
    assert found["predictions"].argmax(axis=1).tolist() == [0, 1, 2]


def test_without_their_names_no_layer_is_answered(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    assert list(outputs(ask(client, colour_pictures))) == ["predictions"]


def test_layers_alone_are_answered_without_predictions(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    document = {"inputs": [base64_image(*pictures)], "outputs": [{"name": "pool"}]}
    found = outputs(post(client, document))
    assert list(found) == ["pool"]
    assert found["pool"].argmax(axis=1).tolist() == [0, 1, 2]


def test_a_layers_largest_units_can_be_asked_for(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    wish = {"name": "pool", "parameters": {"classification": 1}}
    texts = outputs(ask(client, colour_pictures, wish))["pool"]
    assert texts.shape == (3, 1)
    assert [text.split(":")[1:] for text in texts[:, 0]] == [["0"], ["1"], ["2"]]


def test_an_alias_is_answered_under_its_own_name(inside: httpx.Client) -> None:
    [model] = [m for m in inside.get("/v1/models").json()["models"] if m["name"] == "pooled"]
    table = inside.get("/v1/models/pooled/layers").json()["layers"]
    values = np.zeros((1, model["input"]["height"], model["input"]["width"], 3), np.uint8)
    for name in (table[0]["path"], *table[0]["aliases"]):
        entry, data = binary_pixels(values)
        document = {"inputs": [entry], "outputs": [{"name": name, "parameters": BINARY}]}
        found = outputs(post(inside, document, data, path="/v2/models/pooled/infer"))
        assert found[name].shape == (1, *table[0]["shape"])


def test_an_unknown_output_is_400_and_names_the_nearest(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    error = protocol_error(ask(client, colour_pictures, {"name": "poool"}), 400)
    assert error == (
        "no output of that name; expected 'predictions' or a layer: no layer 'poool'; "
        "nearest: pool, rescaling"
    )


def test_an_output_asked_for_twice_is_400(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    wanted = {"name": "pool"}
    error = protocol_error(ask(client, colour_pictures, wanted, wanted), 400)
    assert error == "output 'pool' is asked for twice"


def test_more_numbers_than_json_should_write_are_422(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    values = np.repeat(colour_pictures, 3, axis=0)
    error = protocol_error(ask(client, values, {"name": "rescaling"}), 422)
    assert error.startswith("asked 82944 values of layers in JSON; the cap is 65536")
    found = outputs(ask(client, values, {"name": "rescaling", "parameters": BINARY}))
    assert found["rescaling"].shape == (9, 48, 64, 3)


def test_one_bad_picture_fails_the_request_and_is_named(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    entry, data = binary_image(pictures[0], b"no picture")
    document = {"inputs": [entry], "outputs": [{"name": "pool"}]}
    error = protocol_error(post(client, document, data), 415)
    assert error.startswith("picture 1: these bytes are not a picture")


def test_a_model_without_layers_says_so(client: httpx.Client, colour_pictures: np.ndarray) -> None:
    document = {"inputs": [pixels(colour_pictures[:1])], "outputs": [{"name": "pool"}]}
    error = protocol_error(post(client, document, path="/v2/models/slow/infer"), 400)
    assert error.endswith("published for prediction alone")


@pytest.mark.parametrize("timeout", [-1, 1.5, "10", True, 300_000_001])
def test_a_timeout_that_cannot_be_is_400(
    client: httpx.Client, colour_pictures: np.ndarray, timeout: object
) -> None:
    entry, data = binary_pixels(colour_pictures)
    document = {
        "parameters": {"timeout": timeout},
        "inputs": [entry],
        "outputs": [{"name": "pool"}],
    }
    error = protocol_error(post(client, document, data), 400)
    assert error.startswith(
        "parameter 'timeout': expected a whole number of µs from 0 to 300000000, received "
    )
