"""Whether the service lives and is ready, asked over gRPC."""

from collections.abc import Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service.grpc import open_inference_pb2 as pb
from tests.service.grpc.conftest import Client, failure_of


def test_a_server_with_models_is_live_and_ready(grpc_client: Client) -> None:
    assert grpc_client.call("ServerLive").live
    assert grpc_client.call("ServerReady").ready


@pytest.mark.parametrize("version", ["", "2"])
def test_a_served_model_is_ready(grpc_client: Client, version: str) -> None:
    assert grpc_client.call(
        "ModelReady", pb.ModelReadyRequest(name="colours", version=version)
    ).ready


def test_a_model_that_is_not_there_is_named_with_the_nearest(grpc_client: Client) -> None:
    error = grpc_client.fails("ModelReady", pb.ModelReadyRequest(name="colors"))
    assert error.code == grpc.StatusCode.NOT_FOUND
    assert "nearest: colours" in error.details


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService"])
def test_the_health_service_says_serving(grpc_client: Client, service: str) -> None:
    health = health_pb2_grpc.HealthStub(grpc_client.channel)
    answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_the_health_service_knows_no_other_service(grpc_client: Client) -> None:
    health = health_pb2_grpc.HealthStub(grpc_client.channel)
    error = failure_of(
        lambda: health.Check(health_pb2.HealthCheckRequest(service="other.Service"), timeout=30)
    )
    assert error.code == grpc.StatusCode.NOT_FOUND


def test_whoever_watches_hears_that_the_service_ends(start_grpc: Callable[..., Client]) -> None:
    client = start_grpc(CUTAWAY_DRAIN_SECONDS="3")
    health = health_pb2_grpc.HealthStub(client.channel)
    heard = health.Watch(health_pb2.HealthCheckRequest(), timeout=60)
    states = health_pb2.HealthCheckResponse
    assert next(heard).status == states.SERVING
    client.server.process.terminate()
    assert next(heard).status == states.NOT_SERVING
    assert not client.call("ServerReady").ready, "a service that ends said that it was ready"
    assert client.call("ServerLive").live
    assert client.server.process.wait(60) == 0
