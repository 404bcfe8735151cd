"""Triton's own HTTP client, every call of it."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def client(about: dict[str, str]) -> Any:
    with triton.InferenceServerClient(about["http"], concurrency=4) as client:
        yield client


def ready_pixels(pixels: np.ndarray, *, binary: bool) -> Any:
    tensor = triton.InferInput("pixels", list(pixels.shape), "UINT8")
    tensor.set_data_from_numpy(pixels, binary_data=binary)
    return [tensor]


def picture_files(files: np.ndarray) -> Any:
    tensor = triton.InferInput("image", list(files.shape), "BYTES")
    tensor.set_data_from_numpy(files, binary_data=True)
    return [tensor]


def test_health(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("colours")
    assert client.is_model_ready("colours", "2")
    assert not client.is_model_ready("nothing")
    assert not client.is_model_ready("colours", "77")


def test_server_metadata(client: Any) -> None:
    said = client.get_server_metadata()
    assert said["name"]
    assert {"binary_tensor_data", "classification", "statistics"} <= set(said["extensions"])


def test_model_metadata(client: Any) -> None:
    said = client.get_model_metadata("colours", "2")
    assert said["name"] == "colours"
    inputs = {tensor["name"]: (tensor["datatype"], tensor["shape"]) for tensor in said["inputs"]}
    assert inputs == {"pixels": ("UINT8", [-1, 48, 64, 3]), "image": ("BYTES", [-1])}
    assert [tensor["name"] for tensor in said["outputs"]] == ["predictions"]
    assert [tensor["name"] for tensor in said["optional_outputs"]] == ["rescaling", "pool"]


def test_model_configuration(client: Any) -> None:
    config = client.get_model_config("colours")
    assert config["name"] == "colours"
    assert config["max_batch_size"] > 0
    assert config["output"][0]["data_type"] == "TYPE_FP32"


def test_statistics(client: Any, pixels: np.ndarray) -> None:
    def count() -> Any:
        [model] = client.get_inference_statistics("colours", "2")["model_stats"]
        return model["inference_count"], model["inference_stats"]["success"]["count"]

    pictures, requests = count()
    client.infer("colours", ready_pixels(pixels, binary=True))
    assert count() == (pictures + 3, requests + 1)
    everything = client.get_inference_statistics()["model_stats"]
    assert {"colours", "slow"} <= {model["name"] for model in everything}


def test_repository_index_unload_and_load(client: Any, pixels: np.ndarray) -> None:
    def states() -> Any:
        return {
            (model["name"], model.get("version")): model["state"]
            for model in client.get_model_repository_index()
        }

    assert states()["colours", "2"] == "READY"
    assert states()["changing", "1"] == "READY"
    client.unload_model("changing")
    assert not client.is_model_ready("changing")
    with pytest.raises(InferenceServerException, match="changing"):
        client.infer("changing", ready_pixels(pixels, binary=True))
    client.load_model("changing")
    assert client.is_model_ready("changing")
    answer = client.infer("changing", ready_pixels(pixels, binary=True))
    assert answer.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


def test_a_model_is_not_loaded_from_a_file_that_a_client_sends(client: Any) -> None:
    with pytest.raises(InferenceServerException) as raised:
        client.load_model("changing", config="{}", files={"file:1/predict.onnx": b"model"})
    assert raised.value.status() in ("400", "501")
    assert client.is_model_ready("changing")


def test_a_model_that_is_not_there_cannot_be_loaded(client: Any) -> None:
    with pytest.raises(InferenceServerException) as raised:
        client.load_model("nothing")
    assert raised.value.status() == "404"


@pytest.mark.parametrize("binary_input", [True, False])
@pytest.mark.parametrize("binary_output", [True, False])
def test_infer_in_every_mix_of_json_and_binary(
    client: Any, pixels: np.ndarray, binary_input: bool, binary_output: bool
) -> None:
    answer = client.infer(
        "colours",
        ready_pixels(pixels, binary=binary_input),
        outputs=[triton.InferRequestedOutput("predictions", binary_data=binary_output)],
        request_id="mine",
    )
    scores = answer.as_numpy("predictions")
    assert scores.shape == (3, 3)
    assert scores.dtype == np.float32
    assert scores.argmax(axis=1).tolist() == [2, 0, 1]
    said = answer.get_response()
    assert (said["id"], said["model_name"], said["model_version"]) == ("mine", "colours", "2")
    assert ("data" in answer.get_output("predictions")) != binary_output


def test_infer_of_picture_files(client: Any, files: np.ndarray) -> None:
    answer = client.infer("colours", picture_files(files), model_version="2")
    assert answer.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


@pytest.mark.parametrize("binary", [True, False])
def test_infer_with_a_class_count(
    client: Any,
    pixels: np.ndarray,
    binary: bool,
    labels_of: Callable[[np.ndarray], list[list[str]]],
) -> None:
    wanted = triton.InferRequestedOutput("predictions", binary_data=binary, class_count=2)
    answer = client.infer("colours", ready_pixels(pixels, binary=True), outputs=[wanted])
    classes = answer.as_numpy("predictions")
    assert classes.shape == (3, 2)
    if not binary:  # the client leaves text that came in JSON as it is
        classes = np.array([[str(text).encode() for text in row] for row in classes], object)
    assert [row[0] for row in labels_of(classes)] == ["blue", "red", "green"]


@pytest.mark.parametrize("binary", [True, False])
def test_infer_with_layers(client: Any, pixels: np.ndarray, binary: bool) -> None:
    names = ["pool", "predictions", "rescaling"]
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]
    answer = client.infer("colours", ready_pixels(pixels, binary=True), outputs=outputs)
    assert [output["name"] for output in answer.get_response()["outputs"]] == names
    expected = pixels / np.float32(255)
    np.testing.assert_allclose(answer.as_numpy("rescaling"), expected, rtol=1e-6)
    np.testing.assert_allclose(answer.as_numpy("pool"), expected.mean(axis=(1, 2)), rtol=1e-4)


@pytest.mark.parametrize("request_compression", [None, "gzip", "deflate"])
@pytest.mark.parametrize("response_compression", [None, "gzip", "deflate"])
def test_infer_with_compression(
    client: Any,
    pixels: np.ndarray,
    request_compression: str | None,
    response_compression: str | None,
) -> None:
    answer = client.infer(
        "colours",
        ready_pixels(pixels, binary=True),
        request_compression_algorithm=request_compression,
        response_compression_algorithm=response_compression,
    )
    assert answer.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


def test_infer_with_parameters(client: Any, pixels: np.ndarray) -> None:
    answer = client.infer(
        "colours",
        ready_pixels(pixels, binary=True),
        priority=1,
        timeout=5_000_000,
        parameters={"anything": "goes"},
    )
    assert answer.as_numpy("predictions").shape == (3, 3)


def test_async_infer(client: Any, pixels: np.ndarray) -> None:
    running = [client.async_infer("colours", ready_pixels(pixels, binary=True)) for _ in range(8)]
    for request in running:
        scores = request.get_result().as_numpy("predictions")
        assert scores.argmax(axis=1).tolist() == [2, 0, 1]


def test_a_body_made_by_hand(about: dict[str, str], pixels: np.ndarray) -> None:
    name = "Inference-Header-Content-Length"
    made = triton.InferenceServerClient
    body, length = made.generate_request_body(ready_pixels(pixels, binary=True))
    url = f"http://{about['http']}/v2/models/colours/infer"
    sent = httpx.post(url, content=body, headers={name: str(length)})
    answer = made.parse_response_body(sent.content, header_length=int(sent.headers[name]))
    assert answer.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("model", "name", "shape", "error"),
    [
        ("nothing", "pixels", (1, 48, 64, 3), ("no model 'nothing'", "404")),
        ("colours", "other", (1, 48, 64, 3), ("received 'other'", "400")),
        ("colours", "pixels", (1, 64, 48, 3), ("expected shape [-1, 48, 64, 3]", "400")),
    ],
)
def test_errors(
    client: Any, model: str, name: str, shape: tuple[int, ...], error: tuple[str, str]
) -> None:
    tensor = triton.InferInput(name, list(shape), "UINT8")
    tensor.set_data_from_numpy(np.zeros(shape, np.uint8))
    with pytest.raises(InferenceServerException) as raised:
        client.infer(model, [tensor])
    says, status = error
    assert says in raised.value.message()
    assert raised.value.status() == status


def test_a_deadline_that_cannot_be_kept(client: Any, pixels: np.ndarray) -> None:
    many = np.concatenate([pixels] * 20)
    with pytest.raises(InferenceServerException) as raised:
        client.infer("slow", ready_pixels(many, binary=True), timeout=1000)
    assert raised.value.status() in ("429", "504")


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_trace_settings(),
        lambda client: client.update_trace_settings(settings={"trace_level": "OFF"}),
        lambda client: client.get_log_settings(),
        lambda client: client.update_log_settings({"log_info": True}),
        lambda client: client.get_system_shared_memory_status(),
        lambda client: client.register_system_shared_memory("one", "/one", 10),
        lambda client: client.unregister_system_shared_memory("one"),
        lambda client: client.get_cuda_shared_memory_status(),
        lambda client: client.register_cuda_shared_memory("one", b"handle", 0, 10),
        lambda client: client.unregister_cuda_shared_memory("one"),
    ],
)
def test_what_the_service_does_not_have_is_refused(client: Any, call: Callable[[Any], Any]) -> None:
    with pytest.raises(InferenceServerException) as raised:
        call(client)
    assert raised.value.status() in ("404", "501")


def test_the_asyncio_client(about: dict[str, str], pixels: np.ndarray) -> None:
    async def infer() -> np.ndarray:
        async with triton_aio.InferenceServerClient(about["http"]) as client:
            assert await client.is_server_ready()
            answer = await client.infer("colours", ready_pixels(pixels, binary=True))
            return answer.as_numpy("predictions")

    assert asyncio.run(infer()).argmax(axis=1).tolist() == [2, 0, 1]
