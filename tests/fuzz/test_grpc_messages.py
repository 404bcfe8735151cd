"""Messages of gRPC that were damaged on their way, or whose contents do not fit together."""

from collections import Counter
from collections.abc import Iterator

import grpc
import pytest
from hypothesis import strategies as st

from service.grpc import open_inference_pb2 as pb
from tests.fuzz.conftest import FuzzServer
from tests.fuzz.damage import Damage, damages
from tests.fuzz.image_files import GOOD, STRANGERS
from tests.fuzz.infer_requests import pixels_of
from tests.fuzz.networks import NETWORKS
from tests.fuzz.rounds import fuzz

INFER = "/inference.GRPCInferenceService/ModelInfer"
OTHERS = ["ModelMetadata", "ModelConfig", "ModelReady", "ModelStatistics", "RepositoryIndex"]
FINE = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNIMPLEMENTED,
}
NAMES = [*("pixels",) * 4, "image", "", "predictions", "x" * 300]
DATATYPES = ["UINT8", "UINT8", "FP32", "FP16", "BYTES", "BOOL", "INT64", "BF16", "", "uint8"]
SHAPES = [[1, 7, 10, 3], [2, 7, 10, 3], [1], [0], [], [-1], [2**62, 2**62], [2**63 - 1], [1] * 99]
OUTPUTS = ["predictions", "pool", "rescaling", "none", ""]


@pytest.fixture(scope="module")
def channel(fuzz_server: FuzzServer) -> Iterator[grpc.Channel]:
    """A client of the real server."""
    with grpc.insecure_channel(fuzz_server.grpc) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)
        yield channel


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A ModelInferRequest; the fields of most fit together, the bytes of some are damaged."""
    good = draw(st.booleans())
    odd_names = [] if good else ["none", "", "\u00e9"]
    name: str = draw(st.sampled_from([*NETWORKS, *odd_names]))
    request = pb.ModelInferRequest(model_name=name, id=draw(st.sampled_from(["", "7", "\u00e9"])))
    request.model_version = draw(st.sampled_from(["", "", "1", "x"] if not good else ["", "1"]))
    for _ in range(1 if good else draw(st.integers(0, 2))):
        tensor = request.inputs.add()
        pixels = pixels_of(name, 1) if name in NETWORKS else pixels_of("plain", 1)
        tensor.name, tensor.datatype = "pixels", "UINT8" if pixels.dtype == "uint8" else "FP32"
        tensor.shape[:] = pixels.shape
        values = pixels.tobytes()
        if not good:
            tensor.name = draw(st.sampled_from(NAMES))
            tensor.datatype = draw(st.sampled_from(DATATYPES))
            tensor.shape[:] = draw(st.sampled_from(SHAPES))
            values = draw(st.sampled_from([values, values[1:], b"", *GOOD[:3], *STRANGERS[:3]]))
            if draw(st.booleans()):
                tensor.contents.uint_contents[:] = list(values[:300])
                tensor.contents.bytes_contents.append(values)
        if good or draw(st.booleans()):
            request.raw_input_contents.append(values)
    for output in draw(st.lists(st.sampled_from(OUTPUTS[:3] if good else OUTPUTS), max_size=2)):
        asked = request.outputs.add(name=output)
        if draw(st.booleans()):
            asked.parameters["classification"].int64_param = draw(st.sampled_from([0, 1, 9, -1]))
    data = request.SerializeToString()
    done: list[Damage] = draw(st.just([]) | damages(3))
    for damage in done:
        data = damage.apply(data)
    return data


def test_no_message_is_our_fault(fuzz_server: FuzzServer, channel: grpc.Channel) -> None:
    failures = fuzz_server.log_text().count("Traceback")
    seen: Counter[grpc.StatusCode] = Counter()

    def check(case: tuple[str, bytes]) -> None:
        path, data = case
        status = _status(channel, path, data)
        seen[status] += 1
        assert status in FINE

    paths = [INFER] * 12 + [INFER.replace("ModelInfer", name) for name in OTHERS]
    fuzz(st.tuples(st.sampled_from(paths), requests()), check, share=0.03)
    assert {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT} <= seen.keys()
    assert fuzz_server.log_text().count("Traceback") == failures


def _status(channel: grpc.Channel, path: str, data: bytes) -> grpc.StatusCode:
    call = channel.unary_unary(path).future(data, timeout=60)
    details = call.details() or ""
    assert "Traceback" not in details
    assert "Exception" not in details
    return call.code()
