"""Sensitivities as JSON and as numbers, by every method, beside the engine's own answer."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle.repository import INSPECT, Repository
from engine.attribution.maps import to_map
from engine.attribution.methods import METHODS
from engine.inspector import INPUT, Inspector
from engine.targets import ChannelTarget, ClassTarget, Target
from service.sensitivity_schemas import SensitivityAnswer
from tests.engine.attribution.toys import HEIGHT, WIDTH

POOLED = "/v1/models/pooled/sensitivity"
FEW = {"smoothgrad": "samples=3", "integrated-gradients": "steps=4", "score-cam": "channels=2"}


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.fixture
def pixels() -> np.ndarray:
    """uint8 (3, 12, 20, 3), distinct, wider than high."""
    return np.random.default_rng(5).integers(0, 255, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def pooled(networks: Path) -> Inspector:
    """The same network, asked without a server."""
    bundle = Repository(networks).open("pooled", 1)
    return Inspector(bundle.path(INSPECT), bundle.manifest)


def ask(client: httpx.Client, query: str, pixels: np.ndarray, path: str = POOLED) -> dict[str, Any]:
    answer = client.post(f"{path}?{query}", content=npy(pixels))
    assert answer.status_code == 200, answer.text
    SensitivityAnswer.model_validate_json(answer.content)  # as the OpenAPI document has it
    return answer.json()


def load(client: httpx.Client, query: str, pixels: np.ndarray) -> dict[str, np.ndarray]:
    answer = client.post(f"{POOLED}?format=npz&{query}", content=npy(pixels))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-npz"
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as archive:
        return dict(archive)


def test_the_default_is_the_gradient_of_each_pictures_best_class(
    inside: httpx.Client, pixels: np.ndarray, pooled: Inspector
) -> None:
    body = ask(inside, "", pixels)
    assert (body["model"], body["version"], body["precision"]) == ("pooled", 1, "fp32")
    assert (body["method"], body["layers"], body["reduce"]) == ("gradient", ["input"], "max")
    assert body["variant"].startswith("signed dJ/dX")
    assert "2014" in body["source"]
    assert body["passes"] == {"forward": 3, "backward": 3}
    assert sorted(body["timing_ms"]) == ["decode", "inference", "queue"]
    best = pooled.predict(pixels).argmax(axis=-1).tolist()
    assert [result["target"]["class_id"] for result in body["results"]] == best
    scores = pooled.scores(pixels, ClassTarget())
    values = [result["target"]["value"] for result in body["results"]]
    assert values == pytest.approx(scores.tolist(), rel=1e-5)
    assert {result["target"]["score"] for result in body["results"]} == {"logit"}
    expected = pooled.sensitivity(pixels, ClassTarget(), [INPUT]).gradients[INPUT]
    for row, result in enumerate(body["results"]):
        [gradient] = result["gradients"]
        assert gradient["shape"] == [HEIGHT, WIDTH, 3]
        assert gradient["values"] is None
        assert gradient["statistics"]["max"] == pytest.approx(float(expected[row].max()))
        assert gradient["channels"]["mean"] == pytest.approx(expected[row].mean((0, 1)).tolist())
        np.testing.assert_allclose(
            result["map"]["values"], to_map(expected)[row], rtol=1e-4, atol=1e-9
        )


@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_what_its_function_gives(
    inside: httpx.Client, pixels: np.ndarray, pooled: Inspector, name: str
) -> None:
    options = FEW.get(name, "")
    found = load(inside, f"method={name.replace('+', '%2B')}&target=2&{options}", pixels)
    given = {key: int(value) for key, _, value in [options.partition("=")] if key}
    expected = METHODS[name].function(pooled, pixels, ClassTarget((2,)), **given)
    if METHODS[name].result == "tensor":
        np.testing.assert_allclose(found[INPUT], expected, rtol=1e-4, atol=1e-7)
        expected = to_map(expected)
    np.testing.assert_allclose(found[":map"], expected, rtol=1e-4, atol=1e-7)
    assert found[":map"].dtype == np.float32
    assert found[":rows"].tolist() == [0, 1, 2]
    about = json.loads(str(found[":about"]))
    assert about["method"] == name
    assert [result["target"]["query"] for result in about["results"]] == ["class:2"] * 3
    assert about["passes"]["backward"] == (
        about["passes"]["forward"] if METHODS[name].needs_gradient else 0
    )


@pytest.mark.parametrize("spelled", ["grad-cam%2B%2B", "grad-cam++", "Grad-CAM++"])
def test_grad_cam_plus_plus_needs_no_escaping(
    inside: httpx.Client, pixels: np.ndarray, spelled: str
) -> None:
    assert ask(inside, f"method={spelled}", pixels)["method"] == "grad-cam++"


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("target=class:1", ClassTarget((1,))),
        ("target=label:boot", ClassTarget((1,))),
        ("target=1&score=probability", ClassTarget((1,), "probability")),
        ("target=channel:conv2_relu:3", ChannelTarget("conv2_relu", 3)),
        (
            "target=channel:conv2_relu:3&seed=activation",
            ChannelTarget("conv2_relu", 3, seed="activation"),
        ),
        ("target=neuron:conv2_relu:2:7:3", ChannelTarget("conv2_relu", 3, (2, 7))),
        ("target=channel:pool:4", ChannelTarget("pool", 4)),
    ],
)
def test_every_target_gives_its_own_gradient_and_value(
    inside: httpx.Client, pixels: np.ndarray, pooled: Inspector, query: str, target: Target
) -> None:
    found = load(inside, query, pixels)
    expected = pooled.sensitivity(pixels, target, [INPUT]).gradients[INPUT]
    np.testing.assert_allclose(found[INPUT], expected, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(found[":score"], pooled.scores(pixels, target), rtol=1e-5)


def test_a_channel_target_says_what_it_is(inside: httpx.Client, pixels: np.ndarray) -> None:
    body = ask(inside, "target=neuron:conv2_relu:2:7:3&seed=activation", pixels[:1])
    target = body["results"][0]["target"]
    assert target.pop("value") >= 0
    assert target == {
        "query": "neuron:conv2_relu:2:7:3",
        "layer": "conv2_relu",
        "channel": 3,
        "position": [2, 7],
        "seed": "activation",
        "score": "activation",
    }


def test_a_word_and_a_number_may_both_be_seeds(inside: httpx.Client, pixels: np.ndarray) -> None:
    query = "method=smoothgrad&samples=2&target=channel:conv_relu:0&seed=activation"
    first = ask(inside, f"{query}&seed=7", pixels[:1])
    assert first["parameters"]["seed"] == 7
    assert first["results"][0]["target"]["seed"] == "activation"
    again = ask(inside, f"{query}&seed=7", pixels[:1])
    other = ask(inside, f"{query}&seed=8", pixels[:1])
    assert first["results"] == again["results"]
    assert first["results"][0]["map"] != other["results"][0]["map"]


def test_gradients_of_layers_by_path_glob_and_input(
    inside: httpx.Client, pixels: np.ndarray, pooled: Inspector
) -> None:
    found = load(inside, "layer=conv*&layer=input&layer=pool", pixels)
    paths = ["input", "conv", "conv_relu", "conv2", "conv2_relu", "pool"]
    assert [name for name in found if not name.startswith(":")] == paths
    expected = pooled.sensitivity(pixels, ClassTarget(), paths).gradients
    for path in paths:
        np.testing.assert_allclose(found[path], expected[path], rtol=1e-4, atol=1e-8)


def test_gradients_of_layers_alone_have_no_map(inside: httpx.Client, pixels: np.ndarray) -> None:
    body = ask(inside, "layer=conv2&layer=pool&values=true", pixels[:2])
    assert body["layers"] == ["conv2", "pool"]
    for result in body["results"]:
        assert "map" not in result
        assert [gradient["shape"] for gradient in result["gradients"]] == [[6, 10, 5], [5]]
        assert np.array(result["gradients"][0]["values"]).shape == (6, 10, 5)
        assert len(result["gradients"][1]["channels"]["max"]) == 5


@pytest.mark.parametrize("rule", ["deconv", "guided"])
def test_the_other_ways_back_reach_layers_too(
    inside: httpx.Client, pixels: np.ndarray, rule: str
) -> None:
    assert sorted(load(inside, f"method={rule}&layer=conv&layer=input", pixels)) == sorted(
        ["input", "conv", ":map", ":score", ":rows", ":about"]
    )


def test_a_cam_says_which_layer_it_took(inside: httpx.Client, pixels: np.ndarray) -> None:
    for method in ("grad-cam", "layer-cam", "cam", "score-cam"):
        assert ask(inside, f"method={method}", pixels[:1])["layers"] == ["conv2_relu"]
    body = ask(inside, "method=grad-cam&layer=conv_relu", pixels[:1])
    assert body["layers"] == ["conv_relu"]
    assert body["results"][0]["map"]["shape"] == [6, 10]
    assert body["results"][0]["gradients"] == []
    assert body["reduce"] is None


@pytest.mark.parametrize("reduce", ["max", "l2", "sum"])
def test_the_map_is_reduced_as_asked(inside: httpx.Client, pixels: np.ndarray, reduce: Any) -> None:
    found = load(inside, f"reduce={reduce}", pixels)
    np.testing.assert_allclose(found[":map"], to_map(found[INPUT], reduce), rtol=1e-6)


def test_faithfulness_stands_beside_the_map_with_its_yardstick(
    inside: httpx.Client, pixels: np.ndarray
) -> None:
    body = ask(inside, "method=grad-cam&faithfulness=true&target=1", pixels)
    for result in body["results"]:
        found = result["faithfulness"]
        curves = found.pop("curves")
        assert sorted(found) == ["deletion", "insertion", "random_deletion", "random_insertion"]
        assert all(0 <= value <= 1 for value in found.values())
        assert {len(curve) for curve in curves.values()} == {21}
    assert body["passes"] == {"forward": 3 * (1 + 2 * 21 * 4), "backward": 3}


def test_one_bad_picture_never_costs_the_others(
    inside: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    parts = (pictures[0], b"nothing", pictures[2])
    files = [("image", (f"{i}.png", data)) for i, data in enumerate(parts)]
    body = inside.post(f"{POOLED}?method=grad-cam", files=files).json()
    assert [result["image"] for result in body["results"]] == ["0.png", "1.png", "2.png"]
    assert ["map" in result for result in body["results"]] == [True, False, True]
    assert body["results"][1]["error"]["code"] == "unsupported_image"
    archive = inside.post(f"{POOLED}?format=npz", files=files)
    with np.load(io.BytesIO(archive.content)) as arrays:
        assert arrays[":rows"].tolist() == [0, 2]
        assert arrays["input"].shape == (2, HEIGHT, WIDTH, 3)


def test_only_bad_pictures_have_an_error_each(inside: httpx.Client, refused: Any) -> None:
    files = [("image", b"one"), ("image", b"two")]
    body = inside.post(POOLED, files=files).json()
    codes = [result["error"]["code"] for result in body["results"]]
    assert codes == ["unsupported_image", "unsupported_image"]
    assert body["passes"] == {"forward": 0, "backward": 0}
    for name in ("png", "npz"):
        answer = inside.post(f"{POOLED}?format={name}", files=files)
        refused(answer, 400, "undecodable_image")


def test_more_pictures_than_a_run_holds_are_answered_as_if_alone(
    inside: httpx.Client, pixels: np.ndarray
) -> None:
    many = np.concatenate([pixels] * 7)  # 21: runs of 8, 8 and 5
    found = load(inside, "method=smoothgrad&samples=2", many)
    alone = load(inside, "method=smoothgrad&samples=2", pixels)
    for start in (0, 6, 18):
        np.testing.assert_allclose(
            found["input"][start : start + 3], alone["input"], rtol=1e-4, atol=1e-8
        )


def test_a_version_may_follow_the_model(inside: httpx.Client, pixels: np.ndarray) -> None:
    path = "/v1/models/pooled/versions/1/sensitivity"
    assert ask(inside, "", pixels[:1], path)["version"] == 1


def test_the_parameters_of_the_answer_are_all_of_the_method(
    inside: httpx.Client, pixels: np.ndarray
) -> None:
    body = ask(inside, "method=occlusion&patch_pixels=4", pixels[:1])
    assert body["parameters"] == {"patch_pixels": 4, "stride_pixels": 0, "fill": "grey"}
    assert body["layers"] == ["input"]
    assert body["passes"]["backward"] == 0


def test_integrated_gradients_say_how_far_they_are_from_adding_up(
    inside: httpx.Client, pixels: np.ndarray, pooled: Inspector
) -> None:
    body = ask(inside, "method=integrated-gradients&steps=40&baseline=grey", pixels)
    answered = [result["completeness_gap"] for result in body["results"]]
    shares = load(inside, "method=integrated-gradients&steps=40&baseline=grey", pixels)["input"]
    grey = np.full(pixels.shape, 127.5, np.float32)
    classes = ClassTarget(tuple(result["target"]["class_id"] for result in body["results"]))
    rise = pooled.scores(pixels, classes) - pooled.scores(grey, classes)
    gap = np.abs(shares.sum((1, 2, 3)) - rise)
    assert answered == pytest.approx(gap.tolist(), abs=1e-4)
    assert "completeness_gap" not in ask(inside, "", pixels)["results"][0]
