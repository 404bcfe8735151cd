"""API keys over gRPC: who may call what, and how often."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from service.grpc import open_inference_pb2 as pb
from service.keys import Scope, new_key
from tests.service.grpc.conftest import Client, failure_of, floats, pixels_of, raw_request, wanted

DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture(scope="module")
def tokens() -> dict[Scope, tuple[str, str]]:
    """A key of each scope, and its line in the file."""
    return {scope: new_key(str(scope), [scope]) for scope in Scope}


@pytest.fixture(scope="module")
def guarded(
    start_grpc: Callable[..., Client],
    tokens: dict[Scope, tuple[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Client:
    """A client without a key of a server that asks for one, and takes one call of each."""
    path: Path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text("\n".join(line for _, line in tokens.values()))
    return start_grpc(CUTAWAY_API_KEYS=str(path), CUTAWAY_MAX_CLIENT_REQUESTS="1")


@pytest.fixture
def with_key(guarded: Client, tokens: dict[Scope, tuple[str, str]]) -> Callable[[Scope], Client]:
    """A client with the key of that scope."""
    return lambda scope: replace(
        guarded, metadata=(("authorization", f"Bearer {tokens[scope][0]}"),)
    )


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer cutaway_wrong"),)])
@pytest.mark.parametrize("name", ["ModelInfer", "ModelMetadata", "RepositoryModelUnload"])
def test_without_a_key_that_is_known_nothing_is_done(
    guarded: Client, name: str, metadata: tuple[tuple[str, str], ...]
) -> None:
    error = replace(guarded, metadata=metadata).fails(name, None)
    assert error.code == grpc.StatusCode.UNAUTHENTICATED
    assert "key" in error.details


def test_health_and_readiness_need_no_key(guarded: Client) -> None:
    assert guarded.call("ServerLive").live
    assert guarded.call("ServerReady").ready
    assert guarded.call("ModelReady", pb.ModelReadyRequest(name="colours")).ready


def test_predictions_need_their_scope(with_key: Callable[[Scope], Client]) -> None:
    request = raw_request(pixels_of(1))
    answer = with_key(Scope.PREDICT).call("ModelInfer", request)
    assert floats(answer).argmax() == 1
    assert with_key(Scope.ADMIN).fails("ModelInfer", request).code == DENIED


def test_layers_need_the_scope_of_inspections(with_key: Callable[[Scope], Client]) -> None:
    error = with_key(Scope.PREDICT).fails(
        "ModelInfer", raw_request(pixels_of(1), outputs=wanted("pool"))
    )
    assert error.code == DENIED
    assert "inspect" in error.details


def test_the_repository_needs_the_scope_of_administration(
    with_key: Callable[[Scope], Client],
) -> None:
    assert with_key(Scope.ADMIN).call("RepositoryIndex").models
    error = with_key(Scope.PREDICT).fails("RepositoryIndex", pb.RepositoryIndexRequest())
    assert error.code == DENIED


def test_every_key_may_ask_what_is_served(with_key: Callable[[Scope], Client]) -> None:
    for scope in Scope:
        said = with_key(scope).call("ModelMetadata", pb.ModelMetadataRequest(name="colours"))
        assert said.name == "colours"


def test_a_stream_without_a_key_is_refused_before_it_sends(guarded: Client) -> None:
    stream = guarded.channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
    error = failure_of(lambda: next(stream(iter(()), timeout=30)))
    assert error.code == grpc.StatusCode.UNAUTHENTICATED


def test_one_call_too_many_of_a_key_is_refused(with_key: Callable[[Scope], Client]) -> None:
    client = with_key(Scope.PREDICT)
    method = client.method("ModelInfer")
    request = raw_request(pixels_of(*[1] * 60), model="slow")
    calls = [method.future(request, timeout=60, metadata=client.metadata) for _ in range(3)]
    codes = [call.code() for call in calls]
    assert codes.count(grpc.StatusCode.OK) == 1
    assert codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 2
