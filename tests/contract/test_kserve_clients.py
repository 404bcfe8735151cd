"""KServe's two clients, every call of the protocol that they have."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
import httpx
import numpy as np
import pytest
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

T = TypeVar("T")
EXPECTED = [2, 0, 1]


def rest(about: dict[str, str], use: Callable[[InferenceRESTClient, str], Awaitable[T]]) -> T:
    """What `use` makes of a client and the server's address."""

    async def run() -> T:
        async with InferenceRESTClient(RESTConfig(protocol="v2", timeout=60)) as client:
            return await use(client, f"http://{about['http']}")

    return asyncio.run(run())


def over_grpc(about: dict[str, str], use: Callable[[InferenceGRPCClient], Awaitable[T]]) -> T:
    """What `use` makes of a client."""

    async def run() -> T:
        async with InferenceGRPCClient(about["grpc"]) as client:
            return await use(client)

    return asyncio.run(run())


def request_of(
    pixels: np.ndarray, *, binary: bool, model: str = "colours", outputs: Any = None
) -> InferRequest:
    """An inference of ready pixels."""
    tensor = InferInput("pixels", list(pixels.shape), "UINT8")
    tensor.set_data_from_numpy(pixels, binary_data=binary)
    return InferRequest(model, [tensor], request_id="mine", request_outputs=outputs)


def test_rest_health(about: dict[str, str]) -> None:
    assert rest(about, lambda client, url: client.is_server_live(url))
    assert rest(about, lambda client, url: client.is_server_ready(url))
    assert rest(about, lambda client, url: client.is_model_ready(url, "colours"))
    assert not rest(about, lambda client, url: client.is_model_ready(url, "nothing"))


@pytest.mark.parametrize("binary_input", [True, False])
@pytest.mark.parametrize("binary_output", [True, False])
def test_rest_infer(
    about: dict[str, str], pixels: np.ndarray, binary_input: bool, binary_output: bool
) -> None:
    wanted = [RequestedOutput("predictions", {"binary_data": binary_output})]
    request = request_of(pixels, binary=binary_input, outputs=wanted)
    answer = rest(about, lambda client, url: client.infer(url, request, model_name="colours"))
    assert (answer.id, answer.model_name) == ("mine", "colours")
    assert answer.outputs[0].as_numpy().argmax(axis=1).tolist() == EXPECTED


def test_rest_infer_of_picture_files(about: dict[str, str], files: np.ndarray) -> None:
    tensor = InferInput("image", list(files.shape), "BYTES")
    tensor.set_data_from_numpy(files)
    request = InferRequest("colours", [tensor])
    answer = rest(about, lambda client, url: client.infer(url, request, model_name="colours"))
    assert answer.outputs[0].as_numpy().argmax(axis=1).tolist() == EXPECTED


def test_rest_infer_with_layers(about: dict[str, str], pixels: np.ndarray) -> None:
    wanted = [RequestedOutput(name, {"binary_data": True}) for name in ("pool", "predictions")]
    request = request_of(pixels, binary=True, outputs=wanted)
    answer = rest(about, lambda client, url: client.infer(url, request, model_name="colours"))
    expected = (pixels / np.float32(255)).mean(axis=(1, 2))
    np.testing.assert_allclose(answer.get_output_by_name("pool").as_numpy(), expected, rtol=1e-4)


def test_rest_errors(about: dict[str, str], pixels: np.ndarray) -> None:
    request = request_of(pixels, binary=True, model="nothing")
    with pytest.raises(httpx.HTTPStatusError, match="no model 'nothing'") as raised:
        rest(about, lambda client, url: client.infer(url, request, model_name="nothing"))
    assert raised.value.response.status_code == 404


def test_grpc_health(about: dict[str, str]) -> None:
    assert over_grpc(about, lambda client: client.is_server_live())
    assert over_grpc(about, lambda client: client.is_server_ready())
    assert over_grpc(about, lambda client: client.is_model_ready("colours"))
    with pytest.raises(grpc.RpcError) as raised:
        over_grpc(about, lambda client: client.is_model_ready("nothing"))
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("binary", [True, False])
def test_grpc_infer(about: dict[str, str], pixels: np.ndarray, binary: bool) -> None:
    request = request_of(pixels, binary=binary)
    answer = over_grpc(about, lambda client: client.infer(request))
    assert (answer.id, answer.model_name, answer.model_version) == ("mine", "colours", "2")
    assert answer.outputs[0].as_numpy().argmax(axis=1).tolist() == EXPECTED


def test_grpc_infer_of_picture_files(about: dict[str, str], files: np.ndarray) -> None:
    tensor = InferInput("image", list(files.shape), "BYTES")
    tensor.set_data_from_numpy(files)
    answer = over_grpc(about, lambda client: client.infer(InferRequest("colours", [tensor])))
    assert answer.outputs[0].as_numpy().argmax(axis=1).tolist() == EXPECTED


def test_grpc_infer_with_layers(about: dict[str, str], pixels: np.ndarray) -> None:
    wanted = [RequestedOutput("pool"), RequestedOutput("predictions")]
    request = request_of(pixels, binary=True, outputs=wanted)
    answer = over_grpc(about, lambda client: client.infer(request))
    assert [output.name for output in answer.outputs] == ["pool", "predictions"]
    expected = (pixels / np.float32(255)).mean(axis=(1, 2))
    np.testing.assert_allclose(answer.outputs[0].as_numpy(), expected, rtol=1e-4)


def test_grpc_errors(about: dict[str, str], pixels: np.ndarray) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        over_grpc(about, lambda client: client.infer(request_of(pixels, binary=True, model="no")))
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
    assert "no model 'no'" in raised.value.details()
