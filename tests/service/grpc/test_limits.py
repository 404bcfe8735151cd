"""How large, how long and how many: the caps of the gRPC road."""

import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import grpc
import httpx
import pytest

from service.errors import BodyTooLargeError
from service.grpc.messages import inflate, is_compressed
from service.protocol.errors import ProtocolError
from tests.service.grpc.conftest import (
    SERVICE,
    Client,
    failure_of,
    floats,
    pixels_of,
    raw_request,
    serialize,
    wanted,
)


def metric(client: Client, name: str) -> float:
    """The first line of /metrics that begins so."""
    lines = httpx.get(f"{client.server.url}/metrics").text.splitlines()
    return float(next((line.split()[-1] for line in lines if line.startswith(name)), 0))


def memory_bytes(client: Client) -> int:
    """The most that the worker held so far."""
    [worker] = client.server.workers()
    with open(f"/proc/{worker}/status") as status:  # noqa: PTH123  no file to be kept
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_a_message_over_the_cap_is_refused(grpc_client: Client) -> None:
    error = grpc_client.fails("ModelInfer", raw_request(pixels_of(*[0] * 500)))
    assert error.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert grpc_client.call("ServerReady").ready


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_message_that_inflates_over_the_cap_is_refused_before_it_does(
    grpc_client: Client, compress: Callable[[bytes], bytes]
) -> None:
    bomb = compress(b"\x3a" + b"\x00" * 400_000_000)  # 0.4 MB of compressed bytes
    before = memory_bytes(grpc_client)
    call = grpc_client.raw("ModelInfer")
    error = failure_of(lambda: call(bomb, timeout=60))
    assert error.code == grpc.StatusCode.INVALID_ARGUMENT
    assert "at most 4000000 bytes" in error.details
    assert memory_bytes(grpc_client) - before < 100_000_000


def test_a_compressed_call_that_inflates_over_the_cap_is_refused(grpc_client: Client) -> None:
    request = raw_request(pixels_of(0))
    request.raw_input_contents[0] = b"\x00" * 200_000_000
    before = memory_bytes(grpc_client)
    call = grpc_client.method("ModelInfer")
    error = failure_of(lambda: call(request, timeout=60, compression=grpc.Compression.Gzip))
    assert error.code == grpc.StatusCode.INVALID_ARGUMENT
    assert memory_bytes(grpc_client) - before < 100_000_000


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_message_is_inflated_up_to_the_cap_and_not_over_it(
    compress: Callable[[bytes], bytes],
) -> None:
    data = raw_request(pixels_of(2), id="mine").SerializeToString()
    compressed = compress(data)
    assert is_compressed(compressed)
    assert not is_compressed(data)
    assert inflate(compressed, len(data)) == data
    with pytest.raises(BodyTooLargeError, match=f"at most {len(data) - 1} bytes"):
        inflate(compressed, len(data) - 1)


@pytest.mark.parametrize(("end", "says"), [(10, "before its end"), (-1, "before its end")])
def test_a_compressed_message_that_is_cut_off_is_none(end: int, says: str) -> None:
    data = gzip.compress(raw_request(pixels_of(2)).SerializeToString())
    with pytest.raises(ProtocolError, match=says):
        inflate(data[:end], 100_000)


def test_a_client_that_sends_no_message_is_cut_off(grpc_client: Client) -> None:
    never = threading.Event()

    def nothing() -> Iterator[bytes]:
        never.wait(60)
        yield from ()

    call = grpc_client.channel.stream_unary(f"/{SERVICE}/ModelInfer")
    started = time.monotonic()
    error = failure_of(lambda: call(nothing(), timeout=60))
    never.set()
    assert error.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert "did not arrive within 2 s" in error.details
    assert time.monotonic() - started < 30


def test_a_deadline_that_cannot_be_kept_is_refused(grpc_client: Client) -> None:
    request = raw_request(pixels_of(*[0] * 60), model="slow")
    error = grpc_client.fails("ModelInfer", request, timeout=0.05)
    assert error.code in (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    )


def test_the_client_s_deadline_is_the_request_s(grpc_client: Client) -> None:
    busy = [
        grpc_client.method("ModelInfer").future(
            raw_request(pixels_of(*[1] * 60), model="slow"), timeout=60
        )
        for _ in range(2)
    ]
    while not metric(grpc_client, 'cutaway_queued_images{model="slow"'):
        assert not all(call.done() for call in busy)
    error = grpc_client.fails("ModelInfer", raw_request(pixels_of(0), model="slow"), timeout=0.2)
    assert error.code in (
        grpc.StatusCode.RESOURCE_EXHAUSTED,  # said at once: the answer would come too late
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )
    for call in busy:
        call.cancel()


def test_a_call_that_is_cancelled_leaves_the_queue(grpc_client: Client) -> None:
    method = grpc_client.method("ModelInfer")
    calls = [
        method.future(raw_request(pixels_of(*[1] * 60), model="slow"), timeout=60) for _ in range(3)
    ]
    while not metric(grpc_client, 'cutaway_queued_images{model="slow"'):
        assert not all(call.done() for call in calls), [call.exception() for call in calls]
    for call in calls:
        call.cancel()
    deadline = time.monotonic() + 30
    while metric(grpc_client, 'cutaway_queued_images{model="slow"'):
        assert time.monotonic() < deadline, "pictures that nobody waits for are still queued"
    assert floats(grpc_client.call("ModelInfer", raw_request(pixels_of(2)))).argmax() == 2


def test_a_full_queue_says_when_to_try_again(grpc_client: Client) -> None:
    method = grpc_client.method("ModelInfer")
    request = raw_request(pixels_of(*[1] * 60), model="slow")
    calls = [method.future(request, timeout=60) for _ in range(6)]
    refused = [failure_of(call.result) for call in calls if call.exception() is not None]
    assert refused
    for error in refused:
        assert error.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert int(error.metadata["retry-after"]) >= 1


def test_answers_that_nobody_takes_count_until_their_client_is_gone(
    start_grpc: Callable[..., Client],
) -> None:
    client = start_grpc(CUTAWAY_MAX_ANSWER_BYTES="2000000")
    request = raw_request(pixels_of(*[0] * 64), outputs=wanted("rescaling"))  # 2.4 MB
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1024)]
    lazy = grpc.insecure_channel(client.target, options)  # asks, and then does not take the answer
    call = lazy.stream_stream(f"/{SERVICE}/ModelInfer")(iter([serialize(request)]))
    deadline = time.monotonic() + 60
    while metric(client, 'cutaway_inspections_total{kind="activations",outcome="answered"') < 1:
        assert time.monotonic() < deadline
    small = raw_request(pixels_of(0), outputs=wanted("pool"))
    error = client.fails("ModelInfer", small)
    assert error.code == grpc.StatusCode.UNAVAILABLE
    assert "wait for their clients" in error.details
    assert floats(client.call("ModelInfer", raw_request(pixels_of(1)))).argmax() == 1
    call.cancel()
    lazy.close()
    while True:
        try:
            client.call("ModelInfer", small)
            break
        except grpc.RpcError:
            assert time.monotonic() < deadline, "its room was not given back"
