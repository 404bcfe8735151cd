"""The gRPC server's port and life."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import grpc

from service.grpc import open_inference_pb2 as pb
from tests.servers import ROOT, Server, environment, free_port, start
from tests.service.grpc.conftest import Client, failure_of, floats, pixels_of, raw_request


def test_a_port_that_is_taken_is_one_sentence(run_service: Callable, models: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run_service(CUTAWAY_MODELS=str(models), CUTAWAY_GRPC_PORT=port)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in output
    [error] = [line for line in output.splitlines() if line.startswith("error: ")]
    assert f"port {port} of 127.0.0.1 cannot be had" in error
    assert "CUTAWAY_GRPC_PORT" in error


PROTOCOLS = ("tcp", "tcp6")
LISTEN = "0A"


def listening(pid: int) -> int:
    """How many ports a process listens on."""
    tables = (Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:] for name in PROTOCOLS)
    lines = [line.split() for table in tables for line in table]
    sockets = {f"socket:[{line[9]}]" for line in lines if line[3] == LISTEN}
    return len(sockets & {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()})


def test_port_0_serves_http_alone(server: Server, grpc_client: Client) -> None:
    [alone], [both] = server.workers(), grpc_client.server.workers()
    assert listening(alone) == 1
    assert listening(both) == 2


def test_sigterm_answers_what_is_in_flight_and_frees_the_port(
    start_grpc: Callable[..., Client],
) -> None:
    client = start_grpc()
    request = raw_request(pixels_of(*[2] * 60), model="slow")
    running = client.method("ModelInfer").future(request, timeout=60)
    client.call("ModelInfer", raw_request(pixels_of(0)))
    assert client.server.stop() == 0
    assert floats(running.result()).shape == (60, 3)
    error = failure_of(lambda: client.call("ServerLive"))
    assert error.code == grpc.StatusCode.UNAVAILABLE
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(client.target.split(":")[1])))
    assert "Traceback" not in client.server.log.read_text()


def test_it_listens_where_http_does_and_nowhere_else(tmp_path: Path, models: Path) -> None:
    http_port, grpc_port = free_port(), free_port()
    command = [sys.executable, "-m", "bentoml", "serve", ".", "--host", "127.0.0.2"]
    settings = {"CUTAWAY_MODELS": str(models), "CUTAWAY_GRPC_PORT": str(grpc_port)}
    server = start(
        [*command, "--port", str(http_port)],
        f"http://127.0.0.2:{http_port}",
        tmp_path / "log",
        cwd=ROOT,
        env=environment(tmp_path, settings),
    )
    try:
        with grpc.insecure_channel(f"127.0.0.2:{grpc_port}") as channel:
            call = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
            assert pb.ServerLiveResponse.FromString(call(b"", timeout=30)).live
        with socket.socket() as elsewhere:
            assert elsewhere.connect_ex(("127.0.0.1", grpc_port)) != 0
    finally:
        server.close()
