import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.gpu import ENGINE, RAW, SERVICE, TORCH, VARIANTS, compare, main, table
from benchmarks.gpu_torch import installed, resnet50v2
from benchmarks.gpu_works import engine_work, raw_work, service_work
from bundle.repository import PREDICT, Bundle
from engine.runners.bound import BoundRunner, open_slots
from engine.runners.memory import Memory
from engine.sessions import open_session
from tests.benchmarks.echo import Echo
from tests.engine.runners.test_cuda import without_gpu


@without_gpu
def test_without_a_gpu_it_says_so_in_one_sentence_and_succeeds(tmp_path: Path) -> None:
    result = tmp_path / "gpu.md"
    done = CliRunner().invoke(main, ["--result", str(result)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("skipped: cuda:0: ")
    assert done.output.count("\n") == 1
    assert not result.exists()


def test_speeds_are_compared_the_right_way_round() -> None:
    seconds = {RAW: [1.0, 1.1], ENGINE: [1.25, 1.375], SERVICE: [2.5, 2.75], TORCH: [1.0, 1.1]}
    seconds |= {next(iter(VARIANTS)): [0.5, 0.55]}
    lines = compare({"wall": seconds, "cpu": seconds})
    assert [line.value.split()[0] for line in lines] == ["0.80", "0.80", "0.50", "2.00"]
    assert [line.met for line in lines] == [False, False, False, None]
    faster = {RAW: [1.0], ENGINE: [1.0], SERVICE: [1.25]}
    lines = compare({"wall": faster, "cpu": faster})
    assert [line.met for line in lines] == [True, None, True]
    assert "no torch" in table(lines)


def test_raw_runs_and_the_engine_put_every_batch_through(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    session = open_session(colours.path(PREDICT), threads=1)
    raw_work(session, colours.manifest, colour_pictures, Memory(), 4)()
    slots = open_slots(colours.manifest, lambda _, __: session, Memory(), (4,), device="cpu")

    class Counting(BoundRunner):
        answers: list[list[int]]

        def run(self, pixels: np.ndarray, *, alone: bool = False) -> np.ndarray:
            scores = super().run(pixels, alone=alone)
            self.answers.append(scores.argmax(axis=1).tolist())
            return scores

    runner = Counting(colours.manifest, slots, device="cpu", precision="fp32")
    runner.answers = []
    engine_work(runner, colour_pictures, 7)()
    assert runner.answers == [[0, 1, 2]] * 7


def test_the_service_gets_every_request(echo: Echo) -> None:
    body = b"\x93NUMPY"
    with service_work(echo.url, body, "application/x-npy", clients=3, requests=8) as work:
        work()
        work()
    assert echo.seen == {("application/x-npy", body)}


def test_a_refusal_is_no_speed() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with (
            service_work(url, b"x", "text/plain", clients=1, requests=1) as work,
            pytest.raises(RuntimeError, match="answered 501"),
        ):
            work()
        server.shutdown()
        thread.join()


@pytest.mark.skipif(not installed(), reason="PyTorch is not installed")
def test_the_yardstick_is_resnet50v2() -> None:
    network = resnet50v2().eval()
    assert (
        sum(each.numel() for each in network.parameters()) == 25_568_360
    )  # as Keras counts the trainable ones
