"""How a service process starts, what it loads, and how it ends."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import ROOT, Server, environment, free_port
from tests.service.conftest import runner

Run = Callable[..., subprocess.CompletedProcess[str]]


def ends_in_one_sentence(done: subprocess.CompletedProcess[str], *says: str) -> None:
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in output
    assert "Tracking" not in output, "BentoML would have reported its usage"
    errors = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, output
    for words in says:
        assert words in output


def test_sigterm_answers_what_is_in_flight_and_ends_with_exit_code_0(
    start_server: Callable, models: Path, pictures: tuple[bytes, ...]
) -> None:
    server = start_server(CUTAWAY_MODELS=str(models))
    answer = httpx.post(f"{server.url}/v1/models/colours/predict", content=pictures[0])
    assert answer.status_code == 200
    with ThreadPoolExecutor(1) as background:
        slow = f"{server.url}/v1/models/slow/predict?timeout_ms=30000"
        idle = 'cutaway_queued_images{model="slow",version="1"} 0.0'
        files = [("image", pictures[0])] * 48
        running = background.submit(httpx.post, slow, files=files, timeout=60)
        while idle in httpx.get(f"{server.url}/metrics").text:
            assert not running.done(), running.result().text
        assert server.stop() == 0
        assert running.result().status_code == 200, "a request in flight was lost"
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"CUTAWAY_MODELS": "nowhere-at-all"}, ["no folder nowhere-at-all"]),
        ({"CUTAWAY_MAX_BATCH": "many"}, ["CUTAWAY_MAX_BATCH", "received 'many'"]),
    ],
)
def test_what_cannot_be_served_ends_bentoml_in_one_sentence(
    run_service: Run, settings: dict[str, str], says: list[str]
) -> None:
    ends_in_one_sentence(run_service(**settings), *says)


def test_an_empty_repository_is_one_sentence(preflight: Run, tmp_path: Path) -> None:
    ends_in_one_sentence(preflight(CUTAWAY_MODELS=str(tmp_path)), "no model in", "export")


def test_a_repository_of_corrupt_bundles_is_one_sentence(
    preflight: Run, tmp_path: Path, publish_model: Callable
) -> None:
    bundle = publish_model(tmp_path / "models", "only")
    (bundle.folder / "weights.bin").write_bytes(b"altered")
    done = preflight(CUTAWAY_MODELS=str(tmp_path / "models"))
    ends_in_one_sentence(done, "none of the models", "was altered: expected sha256")


def test_a_device_that_is_not_there_is_one_sentence(preflight: Run, models: Path) -> None:
    done = preflight(CUTAWAY_MODELS=str(models), CUTAWAY_DEVICE="warp")
    ends_in_one_sentence(done, "no device 'warp'")


def test_a_port_that_is_taken_is_one_sentence(models: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        run = runner(tmp_path / "home", "bentoml", "serve", ".", "--port", str(port))
        done = run(CUTAWAY_MODELS=str(models))
    ends_in_one_sentence(done, f"port {port} of 127.0.0.1 cannot be had", "--port N")


def test_sigterm_while_the_models_are_first_opened_ends_it_at_once(
    models: Path, tmp_path: Path
) -> None:
    """The first process of a container does not even die of a signal it has no handler for."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bentoml", "serve", ".", "--port", str(free_port())],
        cwd=ROOT,
        env=environment(tmp_path / "home", {"CUTAWAY_MODELS": str(models)}),
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, "", tmp_path)
    while not any(is_preflight(child) for child in server.workers()):
        assert process.poll() is None
    process.terminate()
    _, words = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in words


def is_preflight(pid: int) -> bool:
    with suppress(OSError):
        return b"service.preflight" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def test_an_unknown_variable_is_named_with_the_nearest_setting(
    preflight: Run, models: Path
) -> None:
    done = preflight(CUTAWAY_MODELS=str(models), CUTAWAY_TOPK="3")
    assert done.returncode == 0
    assert "CUTAWAY_TOPK is not a setting" in done.stderr
    assert "did you mean CUTAWAY_TOP_K?" in done.stderr


@pytest.mark.usefixtures("client")
def test_a_running_worker_has_loaded_nothing_of_export_or_scoring(server: Any) -> None:
    workers = server.workers()
    assert workers
    for worker in workers:
        mapped = Path(f"/proc/{worker}/maps").read_text()
        for name in ("tensorflow", "libarrow", "_duckdb", "obstore", "_raylet"):
            assert name not in mapped, name


def test_importing_the_service_leaves_export_and_scoring_out_and_telemetry_off() -> None:
    code = (
        "import sys, service.app\n"
        "from bentoml._internal.utils.analytics import usage_stats\n"
        "from bentoml._internal.configuration.containers import BentoMLContainer as box\n"
        "service.app.Cutaway.inject_config()\n"
        "heavy = {'tensorflow', 'keras', 'tf2onnx', 'torch', 'sklearn', 'matplotlib',"
        " 'pyarrow', 'duckdb', 'obstore', 'ray'} & set(sys.modules)\n"
        "print(len(heavy), usage_stats.do_not_track(), box.http.host.get(), box.http.port.get())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["0", "True", "127.0.0.1", "3000"], done.stderr
