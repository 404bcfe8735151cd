"""What the server and its models say of themselves."""

import tomllib

import httpx
import pytest

from service.protocol.model_metadata import VERSION
from tests.servers import ROOT
from tests.service.protocol.bodies import protocol_error

LAYERS = [
    {"name": "rescaling", "datatype": "FP32", "shape": [-1, 48, 64, 3]},
    {"name": "pool", "datatype": "FP32", "shape": [-1, 3]},
]


def test_the_server_lives_and_is_ready(client: httpx.Client) -> None:
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True, "live": True}


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_names_itself_and_its_extensions(client: httpx.Client, path: str) -> None:
    about = client.get(path).json()
    assert (about["name"], about["version"]) == ("cutaway", VERSION)
    assert {"binary_tensor_data", "classification", "parameters"} <= set(about["extensions"])


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_the_models_can_be_listed(client: httpx.Client) -> None:
    assert sorted(client.get("/v2/models").json()["models"]) == ["colours", "slow"]


@pytest.mark.parametrize("version", ["", "/versions/2"])
def test_a_model_names_its_inputs_and_outputs(client: httpx.Client, version: str) -> None:
    about = client.get(f"/v2/models/colours{version}").json()
    assert about.pop("versions")
    assert about == {
        "name": "colours",
        "platform": "onnx_onnxv1",
        "inputs": [
            {"name": "pixels", "datatype": "UINT8", "shape": [-1, 48, 64, 3]},
            {"name": "image", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [{"name": "predictions", "datatype": "FP32", "shape": [-1, 3]}],
        "optional_outputs": LAYERS,
    }


@pytest.mark.parametrize("version", ["", "/versions/2"])
def test_a_model_is_ready(client: httpx.Client, version: str) -> None:
    answer = client.get(f"/v2/models/colours{version}/ready")
    assert answer.json() == {"name": "colours", "ready": True}


def test_a_model_that_is_not_served_is_not_ready(client: httpx.Client) -> None:
    protocol_error(client.get("/v2/models/broken/ready"), 404)


def test_a_models_configuration_is_in_tritons_words(client: httpx.Client) -> None:
    config = client.get("/v2/models/colours/config").json()
    assert config["name"] == "colours"
    assert config["max_batch_size"] >= 1
    [pixels, image] = config["input"]
    assert (pixels["data_type"], pixels["dims"]) == ("TYPE_UINT8", [48, 64, 3])
    assert (image["data_type"], image["dims"]) == ("TYPE_STRING", [1])
    assert pixels["optional"]
    assert image["optional"]
    assert config["output"] == [{"name": "predictions", "data_type": "TYPE_FP32", "dims": [3]}]
    assert [layer["name"] for layer in config["optional_outputs"]] == ["rescaling", "pool"]
    assert config["parameters"]["version"] == {"string_value": "2"}


def test_the_document_has_the_protocols_routes(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/v2", "/v2/health/ready", "/v2/models/{model}/infer"):
        operation = next(iter(document["paths"][path].values()))
        error = operation["responses"]["500"]["content"]["application/json"]["schema"]
        assert error == {"$ref": "#/components/schemas/ProtocolErrorBody"}
    infer = document["paths"]["/v2/models/{model}/versions/{version}/infer"]["post"]
    assert set(infer["requestBody"]["content"]) == {"application/json", "application/octet-stream"}
