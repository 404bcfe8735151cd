"""Triton's own gRPC client, every call of it."""

import asyncio
import queue
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def client(about: dict[str, str]) -> Any:
    with triton.InferenceServerClient(about["grpc"]) as client:
        yield client


def ready_pixels(pixels: np.ndarray, datatype: str = "UINT8") -> Any:
    tensor = triton.InferInput("pixels", list(pixels.shape), datatype)
    tensor.set_data_from_numpy(pixels)
    return [tensor]


def test_health(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("colours")
    assert client.is_model_ready("colours", "2")


@pytest.mark.parametrize("as_json", [True, False])
def test_metadata(client: Any, as_json: bool) -> None:
    server = client.get_server_metadata(as_json=as_json)
    model = client.get_model_metadata("colours", "2", as_json=as_json)
    assert (server["name"] if as_json else server.name) == "cutaway"
    inputs = model["inputs"] if as_json else model.inputs
    names = [tensor["name"] if as_json else tensor.name for tensor in inputs]
    assert names == ["pixels", "image"]


def test_model_configuration(client: Any) -> None:
    config = client.get_model_config("colours", as_json=True)["config"]
    assert config["name"] == "colours"
    assert config["input"][0]["data_type"] == "TYPE_UINT8"
    assert config["output"][0]["name"] == "predictions"


def test_statistics(client: Any, pixels: np.ndarray) -> None:
    def count() -> Any:
        [model] = client.get_inference_statistics("colours", "2").model_stats
        return model.inference_count, model.inference_stats.success.count

    pictures, requests = count()
    client.infer("colours", ready_pixels(pixels))
    assert count() == (pictures + 3, requests + 1)
    names = {model.name for model in client.get_inference_statistics().model_stats}
    assert {"colours", "slow"} <= names


def test_repository_index_unload_and_load(client: Any, pixels: np.ndarray) -> None:
    def states() -> Any:
        index = client.get_model_repository_index()
        return {(model.name, model.version): model.state for model in index.models}

    assert states()["colours", "2"] == "READY"
    assert states()["changing", "1"] == "READY"
    client.unload_model("changing")
    with pytest.raises(InferenceServerException, match="changing"):
        client.infer("changing", ready_pixels(pixels))
    client.load_model("changing")
    assert client.is_model_ready("changing")
    answer = client.infer("changing", ready_pixels(pixels))
    assert answer.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


def test_a_model_is_not_loaded_from_a_file_that_a_client_sends(client: Any) -> None:
    with pytest.raises(InferenceServerException) as raised:
        client.load_model("changing", config="{}", files={"file:1/predict.onnx": b"model"})
    status = raised.value.status()
    assert status in ("StatusCode.UNIMPLEMENTED", "StatusCode.INVALID_ARGUMENT")
    assert client.is_model_ready("changing")


def test_a_model_that_is_not_there_cannot_be_loaded(client: Any) -> None:
    with pytest.raises(InferenceServerException) as raised:
        client.load_model("nothing")
    assert raised.value.status() == "StatusCode.NOT_FOUND"


def test_infer(client: Any, pixels: np.ndarray) -> None:
    answer = client.infer("colours", ready_pixels(pixels), request_id="mine")
    scores = answer.as_numpy("predictions")
    assert scores.shape == (3, 3)
    assert scores.dtype == np.float32
    assert scores.argmax(axis=1).tolist() == [2, 0, 1]
    said = answer.get_response()
    assert (said.id, said.model_name, said.model_version) == ("mine", "colours", "2")


def test_infer_of_picture_files(client: Any, files: np.ndarray) -> None:
    tensor = triton.InferInput("image", list(files.shape), "BYTES")
    tensor.set_data_from_numpy(files)
    answer = client.infer("colours", [tensor], model_version="2")
    assert answer.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


def test_infer_with_a_class_count(
    client: Any, pixels: np.ndarray, labels_of: Callable[[np.ndarray], list[list[str]]]
) -> None:
    wanted = triton.InferRequestedOutput("predictions", class_count=2)
    answer = client.infer("colours", ready_pixels(pixels), outputs=[wanted])
    classes = answer.as_numpy("predictions")
    assert classes.shape == (3, 2)
    assert [row[0] for row in labels_of(classes)] == ["blue", "red", "green"]


def test_infer_with_layers(client: Any, pixels: np.ndarray) -> None:
    names = ["pool", "predictions", "rescaling"]
    outputs = [triton.InferRequestedOutput(name) for name in names]
    answer = client.infer("colours", ready_pixels(pixels), outputs=outputs)
    assert [output.name for output in answer.get_response().outputs] == names
    expected = pixels / np.float32(255)
    np.testing.assert_allclose(answer.as_numpy("rescaling"), expected, rtol=1e-6)


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_infer_with_compression(client: Any, pixels: np.ndarray, compression: str | None) -> None:
    answer = client.infer("colours", ready_pixels(pixels), compression_algorithm=compression)
    assert answer.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


def test_infer_with_parameters(client: Any, pixels: np.ndarray) -> None:
    answer = client.infer(
        "colours",
        ready_pixels(pixels),
        priority=1,
        timeout=5_000_000,
        client_timeout=20,
        parameters={"anything": "goes"},
    )
    assert answer.as_numpy("predictions").shape == (3, 3)


def test_async_infer(client: Any, pixels: np.ndarray) -> None:
    answers: queue.Queue = queue.Queue()
    for _ in range(8):
        client.async_infer(
            "colours", ready_pixels(pixels), lambda result, error: answers.put((result, error))
        )
    for _ in range(8):
        result, error = answers.get(timeout=60)
        assert error is None
        assert result.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


def test_stream_infer(client: Any, pixels: np.ndarray) -> None:
    answers: queue.Queue = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer("colours", ready_pixels(pixels), request_id="first")
    client.async_stream_infer("nothing", ready_pixels(pixels), request_id="wrong")
    client.async_stream_infer("colours", ready_pixels(pixels), request_id="last")
    (first, _), (_, wrong), (last, _) = (answers.get(timeout=60) for _ in range(3))
    client.stop_stream()
    assert first.get_response().id == "first"
    assert "no model 'nothing'" in str(wrong)
    assert last.as_numpy("predictions").argmax(axis=1).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("model", "name", "shape", "error"),
    [
        ("nothing", "pixels", (1, 48, 64, 3), ("no model 'nothing'", "NOT_FOUND")),
        ("colours", "other", (1, 48, 64, 3), ("received 'other'", "INVALID_ARGUMENT")),
        (
            "colours",
            "pixels",
            (1, 64, 48, 3),
            ("expected shape [-1, 48, 64, 3]", "INVALID_ARGUMENT"),
        ),
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
    assert raised.value.status() == f"StatusCode.{status}"


def test_a_deadline_that_cannot_be_kept(client: Any, pixels: np.ndarray) -> None:
    many = np.concatenate([pixels] * 20)
    with pytest.raises(InferenceServerException) as raised:
        client.infer("slow", ready_pixels(many), timeout=1000)
    assert raised.value.status() in (
        "StatusCode.RESOURCE_EXHAUSTED",
        "StatusCode.DEADLINE_EXCEEDED",
    )


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
        lambda client: client.register_cuda_shared_memory("one", b"aGFuZGxl", 0, 10),
        lambda client: client.unregister_cuda_shared_memory("one"),
    ],
)
def test_what_the_service_does_not_have_is_unimplemented(
    client: Any, call: Callable[[Any], Any]
) -> None:
    with pytest.raises(InferenceServerException) as raised:
        call(client)
    assert raised.value.status() == "StatusCode.UNIMPLEMENTED"


def test_the_asyncio_client(about: dict[str, str], pixels: np.ndarray) -> None:
    async def infer() -> np.ndarray:
        async with triton_aio.InferenceServerClient(about["grpc"]) as client:
            assert await client.is_server_ready()
            answer = await client.infer("colours", ready_pixels(pixels))
            return answer.as_numpy("predictions")

    assert asyncio.run(infer()).argmax(axis=1).tolist() == [2, 0, 1]
