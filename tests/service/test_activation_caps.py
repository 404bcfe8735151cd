"""What is refused before anything is run, and how."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle.repository import Bundle
from service.caps import pictures_a_run
from service.selection import Selection
from service.settings import Settings

ACTIVATIONS = "/v1/models/colours/activations"
PICTURE_BYTES = 48 * 64 * 3 * 4


def npy(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def small(start_server: Callable[..., Any], models: Path) -> Iterator[httpx.Client]:
    """A server with small caps: two pictures of `rescaling`, one layer, six values."""
    server = start_server(
        CUTAWAY_MODELS=str(models),
        CUTAWAY_MAX_ACTIVATION_BYTES=str(2 * PICTURE_BYTES),
        CUTAWAY_MAX_ACTIVATION_LAYERS="1",
        CUTAWAY_MAX_JSON_VALUES="6",
        CUTAWAY_MAX_INSPECT_TIMEOUT_MS="40000",
        CUTAWAY_INSPECT_SESSIONS="2",
    )
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client
    server.close()


def test_too_many_bytes_say_what_was_asked_the_cap_and_what_fits(
    small: httpx.Client, colour_pictures: np.ndarray, refused: Callable[..., dict]
) -> None:
    query = f"{ACTIVATIONS}?layer=rescaling&format=npz"
    answer = small.post(query, content=npy(colour_pictures))
    error = refused(answer, 422, "too_much")
    assert error["message"].startswith("asked 0.1 MB of 1 layer for 3 images; the cap is 0.073728")
    assert error["details"]["fits"] == "dtype=float16 or 2 images or limit=2"
    for fitting in ("&dtype=float16", "&limit=2", "&crop=0,0,32,64"):
        assert small.post(query + fitting, content=npy(colour_pictures)).status_code == 200
    assert small.post(query, content=npy(colour_pictures[:2])).status_code == 200


def test_a_sprite_counts_the_whole_layer(
    small: httpx.Client, colour_pictures: np.ndarray, refused: Callable[..., dict]
) -> None:
    query = f"{ACTIVATIONS}?layer=rescaling&format=png&limit=1"
    refused(small.post(query, content=npy(colour_pictures)), 422, "too_much")
    assert small.post(query, content=npy(colour_pictures[:2])).status_code == 200


def test_a_run_holds_no_more_than_an_answer_may(colours: Bundle) -> None:
    rescaling, pool = colours.manifest.layers
    settings = Settings(max_activation_bytes=2 * PICTURE_BYTES, max_batch=8)
    assert pictures_a_run(Selection((rescaling,), channels=(0,)), settings) == 2
    assert pictures_a_run(Selection((rescaling, pool), limit=1), settings) == 1
    assert pictures_a_run(Selection((pool,)), settings) == 8
    assert pictures_a_run(Selection((rescaling,)), Settings(max_activation_bytes=1)) == 1


def test_too_many_layers_are_422(
    small: httpx.Client, colour_pictures: np.ndarray, refused: Callable[..., dict]
) -> None:
    answer = small.post(f"{ACTIVATIONS}?layer=**", content=npy(colour_pictures))
    error = refused(answer, 422, "too_much")
    assert error["details"] == {"asked": "2 layers", "cap": "1 layer", "fits": "1 layer"}


def test_too_many_values_in_json_are_422_and_point_to_npz(
    small: httpx.Client, colour_pictures: np.ndarray, refused: Callable[..., dict]
) -> None:
    query = f"{ACTIVATIONS}?layer=pool&values=true"
    assert small.post(query, content=npy(colour_pictures[:2])).status_code == 200
    error = refused(small.post(query, content=npy(colour_pictures)), 422, "too_much")
    assert error["message"].startswith("asked 9 values in JSON; the cap is 6")
    assert error["details"]["fits"] == "format=npz"


def test_what_is_too_much_for_one_picture_is_refused_before_the_body_is_read(
    small: httpx.Client, refused: Callable[..., dict]
) -> None:
    answer = small.post(f"{ACTIVATIONS}?layer=rescaling&values=true", content=b"no picture")
    refused(answer, 422, "too_much")


def test_kept_sessions_are_bounded_and_shown(
    small: httpx.Client, colour_pictures: np.ndarray
) -> None:
    body = npy(colour_pictures[:1])
    for query in ("layer=pool", "layer=rescaling", "layer=pool&predictions=true"):
        for sort in ("", "&sort=contribution"):
            assert small.post(f"{ACTIVATIONS}?{query}{sort}", content=body).status_code == 200
    text = small.get("/metrics").text
    assert 'cutaway_inspect_sessions{model="colours",version="2"} 2.0' in text
    assert 'cutaway_inspect_sessions{model="slow",version="1"} 0.0' in text
    [held] = [
        float(line.split()[-1])
        for line in text.splitlines()
        if line.startswith('cutaway_inspect_cache_bytes{model="colours",version="2"}')
    ]
    assert 0 < held < 10_000
    assert 'cutaway_inspections_pending{kind="activations"} 0.0' in text
    assert 'cutaway_inspections_total{kind="activations",outcome="answered"}' in text
    assert 'cutaway_inspection_seconds_bucket{kind="activations",le="0.025"}' in text
    assert 'cutaway_images_total{model="colours",outcome="inspected",version="2"}' in text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "layer: field required"),
        ("layer=", "layer: string should have at least 1 character"),
        ("layer=pool&chanel=1", "there is no parameter 'chanel' here"),
        ("layer=pool&channel=x", "channel: expected numbers and ranges such as 0-7,12"),
        ("layer=pool&crop=0,0,1,1", "crop: expected layers with a grid; pool is (3,)"),
        (
            "layer=rescaling&crop=48,0,1,1",
            "crop: expected y,x,height,width within rescaling, 48 high",
        ),
        ("layer=pool&dtype=int8", "dtype: input should be 'float32' or 'float16'"),
        ("layer=pool&format=xml", "format: input should be"),
        ("layer=pool&limit=0", "limit: input should be greater"),
        ("layer=pool&sort=best", "sort: input should be"),
        ("layer=pool&scale=layer", "scale goes with format=png"),
        ("layer=pool&top_k=2", "top_k goes with predictions=true"),
        ("layer=pool&format=npz&values=true", "values goes with format=json"),
        ("layer=pool&timeout_ms=40001", "timeout_ms: expected at most 40000"),
        ("&".join(["layer=pool"] * 65), "layer: list should have at most 64 items"),
    ],
)
def test_a_malformed_query_is_400_and_names_the_parameter(
    small: httpx.Client, refused: Callable[..., dict], query: str, says: str
) -> None:
    error = refused(small.post(f"{ACTIVATIONS}?{query}", content=b""), 400, "invalid_query")
    assert says in error["message"]
    assert error["details"]["parameter"] in says


def test_an_unknown_layer_is_404_and_names_the_nearest(
    small: httpx.Client, refused: Callable[..., dict]
) -> None:
    error = refused(small.post(f"{ACTIVATIONS}?layer=rescale"), 404, "layer_not_found")
    assert error["message"] == "no layer 'rescale'; nearest: rescaling, pool"
    assert error["details"] == {"layer": "rescale", "nearest": ["rescaling", "pool"]}
    error = refused(small.post(f"{ACTIVATIONS}?layer=x*"), 404, "layer_not_found")
    assert error["details"]["layer"] == "x*"


def test_a_channel_beyond_the_layer_is_404(
    small: httpx.Client, refused: Callable[..., dict]
) -> None:
    error = refused(
        small.post(f"{ACTIVATIONS}?layer=rescaling&channel=0-3"), 404, "channel_not_found"
    )
    assert error["message"] == "layer rescaling has no channel 3; expected 0 to 2"


def test_a_bundle_for_prediction_alone_has_no_layers_and_says_so(
    small: httpx.Client, refused: Callable[..., dict]
) -> None:
    for layer in ("conv", "*"):
        answer = small.post(f"/v1/models/slow/activations?layer={layer}")
        error = refused(answer, 404, "layer_not_found")
        assert "slow was published for prediction alone" in error["message"]
        assert error["details"]["nearest"] == []
