"""What is said of the server and its models over gRPC."""

import grpc
import httpx
import numpy as np

from service.grpc import open_inference_pb2 as pb
from tests.service.grpc.conftest import Client, pixels_of, raw_request


def test_server_metadata_is_that_of_http(grpc_client: Client) -> None:
    said = grpc_client.call("ServerMetadata")
    document = httpx.get(f"{grpc_client.server.url}/v2").json()
    assert said.name == document["name"]
    assert said.version == document["version"]
    assert list(said.extensions) == document["extensions"]


def test_model_metadata_lists_inputs_outputs_and_layers(grpc_client: Client) -> None:
    said = grpc_client.call("ModelMetadata", pb.ModelMetadataRequest(name="colours"))
    assert said.name == "colours"
    assert said.platform
    inputs = {tensor.name: (tensor.datatype, list(tensor.shape)) for tensor in said.inputs}
    assert inputs == {"pixels": ("UINT8", [-1, 48, 64, 3]), "image": ("BYTES", [-1])}
    outputs = {tensor.name: (tensor.datatype, list(tensor.shape)) for tensor in said.outputs}
    assert outputs == {"predictions": ("FP32", [-1, 3])}
    layers = {
        tensor.name: (tensor.datatype, list(tensor.shape)) for tensor in said.optional_outputs
    }
    assert layers == {"rescaling": ("FP32", [-1, 48, 64, 3]), "pool": ("FP32", [-1, 3])}


def test_model_configuration_has_the_types_and_sizes(grpc_client: Client) -> None:
    config = grpc_client.call("ModelConfig", pb.ModelConfigRequest(name="colours")).config
    assert config.name == "colours"
    assert config.max_batch_size > 0
    inputs = {tensor.name: (tensor.data_type, list(tensor.dims)) for tensor in config.input}
    assert inputs["pixels"] == (pb.TYPE_UINT8, [48, 64, 3])
    assert inputs["image"][0] == pb.TYPE_STRING
    assert [(tensor.name, list(tensor.dims)) for tensor in config.output] == [("predictions", [3])]
    assert {tensor.name for tensor in config.optional_outputs} == {"rescaling", "pool"}


def test_a_version_that_is_not_served_is_not_found(grpc_client: Client) -> None:
    request = pb.ModelMetadataRequest(name="colours", version="77")
    assert grpc_client.fails("ModelMetadata", request).code == grpc.StatusCode.NOT_FOUND
    request = pb.ModelConfigRequest(name="colours", version="77")
    assert grpc_client.fails("ModelConfig", request).code == grpc.StatusCode.NOT_FOUND


def test_statistics_count_what_was_inferred(grpc_client: Client) -> None:
    request = pb.ModelStatisticsRequest(name="colours")
    [before] = grpc_client.call("ModelStatistics", request).model_stats
    grpc_client.call("ModelInfer", raw_request(pixels_of(0, 1, 2)))
    [after] = grpc_client.call("ModelStatistics", request).model_stats
    assert (after.name, after.version) == ("colours", "2")
    assert after.inference_count - before.inference_count == 3
    assert after.inference_stats.success.count - before.inference_stats.success.count == 1
    assert after.inference_stats.success.ns > before.inference_stats.success.ns
    assert after.execution_count > before.execution_count
    assert after.last_inference >= before.last_inference
    assert np.sum([batch.compute_infer.count for batch in after.batch_stats]) >= 1


def test_statistics_of_all_models_name_each(grpc_client: Client) -> None:
    everything = grpc_client.call("ModelStatistics").model_stats
    assert {"colours", "slow"} <= {model.name for model in everything}


def test_statistics_of_an_unknown_model_are_not_found(grpc_client: Client) -> None:
    error = grpc_client.fails("ModelStatistics", pb.ModelStatisticsRequest(name="nothing"))
    assert error.code == grpc.StatusCode.NOT_FOUND


def test_every_method_is_counted_by_its_name(grpc_client: Client) -> None:
    grpc_client.call("ServerLive")
    text = httpx.get(f"{grpc_client.server.url}/metrics").text
    assert 'route="/inference.GRPCInferenceService/ServerLive"' in text
