"""Inference over gRPC: every way to send a picture, every way to ask for an output."""

import grpc
import httpx
import numpy as np
import pytest

from service.grpc import open_inference_pb2 as pb
from tests.service.grpc.conftest import Client, floats, pixels_of, raw_request, serialize, wanted

Input = pb.ModelInferRequest.InferInputTensor
Contents = pb.InferTensorContents


def test_raw_pixels_are_predicted_in_their_order(grpc_client: Client) -> None:
    answer = grpc_client.call("ModelInfer", raw_request(pixels_of(2, 0, 1, 1), id="mine"))
    assert (answer.model_name, answer.model_version, answer.id) == ("colours", "2", "mine")
    assert [output.name for output in answer.outputs] == ["predictions"]
    assert floats(answer).shape == (4, 3)
    assert floats(answer).argmax(axis=1).tolist() == [2, 0, 1, 1]
    np.testing.assert_allclose(floats(answer).sum(axis=1), 1, rtol=1e-5)


def test_typed_pixels_are_predicted_as_raw_ones(grpc_client: Client) -> None:
    pixels = pixels_of(1, 2)
    contents = Contents(uint_contents=pixels.reshape(-1).tolist())
    typed = Input(name="pixels", datatype="UINT8", shape=pixels.shape, contents=contents)
    request = pb.ModelInferRequest(model_name="colours", inputs=[typed])
    raw = grpc_client.call("ModelInfer", raw_request(pixels))
    np.testing.assert_array_equal(floats(grpc_client.call("ModelInfer", request)), floats(raw))


@pytest.mark.parametrize("typed", [True, False])
def test_encoded_pictures_are_predicted_as_over_http(
    grpc_client: Client, pictures: tuple[bytes, ...], typed: bool
) -> None:
    tensor = Input(name="image", datatype="BYTES", shape=[3])
    request = pb.ModelInferRequest(model_name="colours", inputs=[tensor])
    if typed:
        request.inputs[0].contents.bytes_contents.extend(pictures)
    else:
        raw = b"".join(len(data).to_bytes(4, "little") + data for data in pictures)
        request.raw_input_contents.append(raw)
    scores = floats(grpc_client.call("ModelInfer", request))
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    url = f"{grpc_client.server.url}/v1/models/colours/predict"
    [result] = httpx.post(url, content=pictures[1]).json()["results"]
    assert result["classes"][0]["score"] == pytest.approx(float(scores[1, 1]), abs=1e-6)


def test_the_best_classes_come_as_text_where_they_are_asked_for(grpc_client: Client) -> None:
    request = raw_request(pixels_of(2), outputs=wanted("predictions", classification=2))
    answer = grpc_client.call("ModelInfer", request)
    assert (answer.outputs[0].datatype, list(answer.outputs[0].shape)) == ("BYTES", [1, 2])
    raw = answer.raw_output_contents[0]
    first = raw[4 : 4 + int.from_bytes(raw[:4], "little")].decode()
    score, index, label = first.split(":")
    assert (index, label) == ("2", "blue")
    assert 0 < float(score) <= 1


def test_layers_are_answered_in_the_order_they_are_asked_for(grpc_client: Client) -> None:
    pixels = pixels_of(0, 1)
    outputs = wanted("pool", "predictions", "rescaling")
    answer = grpc_client.call("ModelInfer", raw_request(pixels, outputs=outputs))
    assert [output.name for output in answer.outputs] == ["pool", "predictions", "rescaling"]
    assert floats(answer, 2).shape == (2, 48, 64, 3)
    np.testing.assert_allclose(floats(answer, 2), pixels / np.float32(255), rtol=1e-6)
    np.testing.assert_allclose(floats(answer, 0), floats(answer, 2).mean(axis=(1, 2)), rtol=1e-4)


@pytest.mark.parametrize("version", ["", "2"])
def test_a_version_can_be_named(grpc_client: Client, version: str) -> None:
    request = raw_request(pixels_of(0), model_version=version)
    assert grpc_client.call("ModelInfer", request).model_version == "2"


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_calls_are_inflated(grpc_client: Client, compression: grpc.Compression) -> None:
    client = type(grpc_client)(
        grpc_client.server, grpc_client.target, grpc_client.channel, compression=compression
    )
    pixels = np.zeros((2, 48, 64, 3), np.uint8)  # few bytes once compressed, so gRPC does it
    pixels[1, ..., 1] = 250
    assert floats(client.call("ModelInfer", raw_request(pixels)))[1].argmax() == 1
    assert client.call("ModelReady", pb.ModelReadyRequest(name="colours")).ready


def test_a_stream_answers_each_request_and_outlives_errors(grpc_client: Client) -> None:
    stream = grpc_client.channel.stream_stream(
        "/inference.GRPCInferenceService/ModelStreamInfer",
        request_serializer=serialize,
        response_deserializer=pb.ModelStreamInferResponse.FromString,
    )
    requests = [
        raw_request(pixels_of(1), id="first"),
        raw_request(pixels_of(1), model="nothing", id="wrong"),
        raw_request(pixels_of(2), id="last"),
    ]
    first, wrong, last = stream(iter(requests), timeout=60)
    assert first.infer_response.id == "first"
    assert floats(first.infer_response).argmax() == 1
    assert "no model 'nothing'" in wrong.error_message
    assert not wrong.HasField("infer_response")
    assert last.infer_response.id == "last"
    assert floats(last.infer_response).argmax() == 2


@pytest.mark.parametrize("timeout", [None, 7.0, 1000.0])
def test_a_client_may_set_any_deadline_or_none(grpc_client: Client, timeout: float | None) -> None:
    answer = grpc_client.call("ModelInfer", raw_request(pixels_of(1)), timeout)
    assert floats(answer).argmax() == 1
