"""A real server that speaks gRPC, and a plain client of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from service.grpc import open_inference_pb2 as pb
from tests.servers import Server, free_port

SERVICE = "inference.GRPCInferenceService"


@dataclass(frozen=True)
class Client:
    """Calls methods by their names."""

    server: Server
    target: str
    channel: grpc.Channel
    metadata: tuple[tuple[str, str], ...] = ()
    compression: grpc.Compression = grpc.Compression.NoCompression
    answers: dict[str, Any] = field(
        default_factory=lambda: {
            method.name: method
            for method in pb.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods
        }
    )

    def method(self, name: str) -> grpc.UnaryUnaryMultiCallable:
        answer = getattr(pb, self.answers[name].output_type.name)
        return self.channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=serialize,
            response_deserializer=answer.FromString,
        )

    def call(self, name: str, request: Any = None, timeout: float | None = 60) -> Any:
        """The answer; the request is empty if none is given."""
        if request is None:
            request = getattr(pb, self.answers[name].input_type.name)()
        return self.method(name)(
            request, timeout=timeout, metadata=self.metadata, compression=self.compression
        )

    def fails(self, name: str, request: Any, timeout: float | None = 60) -> "Failure":
        """How the call ends."""
        return failure_of(lambda: self.call(name, request, timeout))

    def raw(self, name: str) -> Any:
        """A call that sends bytes, whatever they are."""
        return self.channel.unary_unary(f"/{SERVICE}/{name}")


@dataclass(frozen=True)
class Failure:
    """How a call ended that was refused."""

    code: grpc.StatusCode
    details: str
    metadata: dict[str, str]


def failure_of(call: Callable[[], Any]) -> Failure:
    """Calls, and expects a refusal in one sentence."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    error: Any = raised.value
    assert "Traceback" not in error.details()
    return Failure(error.code(), error.details(), dict(error.trailing_metadata()))


@pytest.fixture(scope="session")
def start_grpc(
    start_server: Callable[..., Server], models: Path
) -> Iterator[Callable[..., Client]]:
    """Starts servers with gRPC and settings; clients of them."""
    channels: list[grpc.Channel] = []

    def start(**settings: str) -> Client:
        target = f"127.0.0.1:{free_port()}"
        ours = {"CUTAWAY_MODELS": str(models), "CUTAWAY_GRPC_PORT": target.split(":")[1]}
        server = start_server(**(ours | settings))
        channels.append(grpc.insecure_channel(target))
        return Client(server, target, channels[-1])

    yield start
    for channel in channels:
        channel.close()


@pytest.fixture(scope="session")
def grpc_client(start_grpc: Callable[..., Client]) -> Client:
    """A client of the server that most tests of gRPC share."""
    return start_grpc(
        CUTAWAY_MAX_BODY_BYTES="4000000",
        CUTAWAY_BODY_TIMEOUT_SECONDS="2",
        CUTAWAY_QUEUE_IMAGES="128",
    )


def serialize(message: Any) -> bytes:
    """A message as it travels."""
    return message.SerializeToString()


def pixels_of(*colours: int) -> np.ndarray:
    """uint8 (batch, 48, 64, 3): red, green and blue pictures (0, 1, 2) with seeded noise."""
    batch = np.random.default_rng(5).integers(0, 60, (len(colours), 48, 64, 3), dtype=np.uint8)
    for row, colour in enumerate(colours):
        batch[row, ..., colour] += 180
    return batch


def raw_request(pixels: np.ndarray, model: str = "colours", **fields: Any) -> pb.ModelInferRequest:
    """An inference of ready pixels, in raw bytes."""
    tensor = pb.ModelInferRequest.InferInputTensor(
        name="pixels", datatype="UINT8", shape=pixels.shape
    )
    return pb.ModelInferRequest(
        model_name=model, inputs=[tensor], raw_input_contents=[pixels.tobytes()], **fields
    )


def wanted(*names: str, **parameters: int) -> list[Any]:
    """Outputs that are asked for, with parameters of each."""
    given = {name: pb.InferParameter(int64_param=value) for name, value in parameters.items()}
    return [
        pb.ModelInferRequest.InferRequestedOutputTensor(name=name, parameters=given)
        for name in names
    ]


def floats(response: pb.ModelInferResponse, index: int = 0) -> np.ndarray:
    """One of the FP32 outputs."""
    output = response.outputs[index]
    assert output.datatype == "FP32"
    return np.frombuffer(response.raw_output_contents[index], "<f4").reshape(tuple(output.shape))
