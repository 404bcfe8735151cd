"""`python -m scoring run`, as a user types it."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scoring.interrupts import Interrupts
from scoring.model import ModelWish
from scoring.order import Order
from scoring.running import run_order
from scoring.settings import InputSettings
from tests.scoring.command import clean_environment, command_line, start
from tests.scoring.conftest import Scoring
from tests.scoring.killing import count_parts
from tests.scoring.pictures import write_pictures
from tests.scoring.refusals import check_nothing, check_refused
from tests.scoring.results import check_complete, digests, read_job, read_rows
from tests.servers import ROOT

COLOURS = ("--model", "colours", "--device", "cpu")
SLOW = ("--model", "slow", "--device", "cpu", "--shard", "10", "--threads", "1")
SECONDS = 60

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(run_scoring: Scoring, models: Path, pictures: Path, tmp_path: Path) -> Run:
    """Scores the 24 pictures into `tmp_path/output` with these options."""

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return run_scoring("run", "--models", models, *options, pictures, tmp_path / "output")

    return run


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, models: Path, pictures: Path, run_scoring: Scoring
) -> Path:
    """A finished job over the 24 pictures."""
    output = tmp_path_factory.mktemp("finished") / "output"
    done = run_scoring("run", "--models", models, *COLOURS, pictures, output)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture
def again(finished: Path, models: Path, pictures: Path, run_scoring: Scoring) -> Run:
    """Runs that job again, with these options added."""

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return run_scoring("run", "--models", models, *COLOURS, *options, pictures, finished)

    return run


@pytest.fixture(scope="module")
def three_hundred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough for the slow model to be met at work: a hundred pictures, listed three times."""
    return write_list(tmp_path_factory.mktemp("input"), times=3)


def write_list(folder: Path, times: int) -> Path:
    """A list of a hundred pictures, each named so many times."""
    files = sorted(write_pictures(folder / "pictures", 100).rglob("*.*"))
    (folder / "list.txt").write_text("".join(f"{file}\n" for file in files) * times)
    return folder / "list.txt"


def wait_for_parts(output: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while count_parts(output) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.poll() is None, "it ended too soon"


def test_a_folder_becomes_parquet(run: Run, pictures: Path, tmp_path: Path) -> None:
    done = run(*COLOURS, "--shard", "10", "--labels-from-folders")
    assert done.returncode == 0, done.stderr
    output = tmp_path / "output"
    assert done.stdout.startswith(f"24 pictures, no errors, in {output}; ")
    check_complete(output, 24)
    assert len(digests(output)) == 3
    rows = read_rows(output)
    files = sorted(str(file.relative_to(pictures)) for file in pictures.rglob("*.*"))
    assert [row["source"] for row in rows] == files
    for row in rows:
        assert row["labels"][0] == row["expected"] == row["source"].partition("/")[0]


def stamps(output: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in output.iterdir()}


def test_a_finished_job_says_so_and_does_nothing(finished: Path, again: Run) -> None:
    before = stamps(finished)
    done = again()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("already finished: 24 pictures, no errors, in ")
    assert stamps(finished) == before


def test_what_was_left_open_is_decided_once(run: Run, tmp_path: Path) -> None:
    assert run("--model", "colours").returncode == 0
    model = read_job(tmp_path / "output")["settings"]["model"]
    assert model["device"] != "auto"
    assert model["precision"] != "auto"
    done = run("--model", "colours")
    assert "already finished" in done.stdout, done.stderr
    done = run("--model", "colours:1", "--device", model["device"])
    assert "already finished" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--top-k", "2"), "top_k"),
        (("--all-scores",), "all_scores"),
        (("--layers", "pool"), "layers"),
        (("--batch", "4"), "batch"),
        (("--shard", "7"), "shard"),
        (("--labels-from-folders",), "labels_from_folders"),
    ],
)
def test_other_settings_are_another_job(
    finished: Path, again: Run, options: tuple[str, ...], word: str
) -> None:
    before = stamps(finished)
    check_refused(again(*options), word)
    assert stamps(finished) == before


def test_layers_become_columns(run: Run, tmp_path: Path) -> None:
    options = ("--layers", "conv_relu, pool", "--layers", "pool", "--pool", "max")
    done = run("--model", "pooled", "--device", "cpu", *options)
    assert done.returncode == 0, done.stderr
    names = pq.read_schema(tmp_path / "output/part-000000.parquet").names
    assert [name for name in names if name.startswith("layer:")] == [
        "layer:conv_relu",
        "layer:pool",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "fruit"), ("no model 'fruit'", "colours")),
        (("--model", "colours:9"), ("no version 9",)),
        (("--model", "colours:new"), ("no label 'new'",)),
        ((*COLOURS, "--layers", "pol"), ("no layer 'pol'", "nearest: pool")),
        ((*COLOURS, "--precision", "int8"), ("no int8 graph",)),
        (("--model", "colours", "--device", "toaster"), ("no device 'toaster'",)),
        (("--model", "colours", "--device", "cuda:7"), ("cuda:7",)),
        ((*COLOURS, "--layers", "pool", "--precision", "fp16"), ("fp32",)),
        (
            (*COLOURS, "--layers", "rescaling", "--pool", "none", "--shard", "1000000"),
            ("36.9 GB", "--pool mean"),
        ),
    ],
)
def test_what_the_model_cannot_do_is_said_before_anything_is_written(
    run: Run, tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    check_refused(run(*options), *words)
    check_nothing(tmp_path / "output")


def test_an_address_without_a_cluster_is_a_mistake(run: Run) -> None:
    done = run(*COLOURS, "--address", "auto")
    assert done.returncode == 2
    assert "--engine ray" in done.stderr


def test_help_says_what_there_is(run_scoring: Scoring) -> None:
    done = run_scoring("run", "--help")
    assert done.returncode == 0
    for word in ("INPUT", "OUTPUT", "--model", "--layers", "--pool", "--engine", "s3://"):
        assert word in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_open_shards_and_the_same_command_goes_on(
    three_hundred: Path, models: Path, tmp_path: Path, run_scoring: Scoring, number: int
) -> None:
    output, log = tmp_path / "output", tmp_path / "log"
    arguments = ("run", *SLOW, "--models", models, three_hundred, output)
    process = start(*arguments, log=log)
    wait_for_parts(output, 1, process)
    process.send_signal(number)
    assert process.wait(SECONDS) == 128 + number
    words = log.read_text()
    parts = count_parts(output)
    assert 1 < parts < 30
    assert "stopping: what is open is finished first" in words
    assert f"stopped: {parts} of 30 shards are done; the same command goes on" in words
    assert "Traceback" not in words
    before = digests(output)
    done = run_scoring(*arguments)
    assert done.returncode == 0, done.stderr
    check_complete(output, 300)
    assert digests(output).items() >= before.items()
    assert read_job(output)["last_run"]["pictures"] == 300 - 10 * parts


def test_a_second_signal_ends_it_at_once(models: Path, tmp_path: Path) -> None:
    listed = write_list(tmp_path, times=50)  # minutes, in one shard
    output, log = tmp_path / "output", tmp_path / "log"
    options = (*SLOW, "--shard", "5000", "--models", models)
    arguments = ("run", *options, listed, output)
    process = start(*arguments, log=log)
    deadline = time.monotonic() + SECONDS
    while not (output / "_plan.arrow").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    while "stopping" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 130
    assert count_parts(output) == 0
    assert "stopped" not in log.read_text()
    assert "Traceback" not in log.read_text()


def test_on_a_terminal_there_is_a_bar(models: Path, pictures: Path, tmp_path: Path) -> None:
    reader, writer = pty.openpty()
    arguments = ("run", *COLOURS, "--models", models, pictures, tmp_path / "output")
    process = subprocess.Popen(
        command_line(*arguments),
        cwd=ROOT,
        env=clean_environment(TERM="xterm", COLUMNS="120"),
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    words = b""
    while True:
        try:
            words += os.read(reader, 10_000)
        except OSError:  # the other end is closed
            break
    os.close(reader)
    assert process.wait(SECONDS) == 0
    assert b"24/24" in words
    assert b"no errors" in words


def test_a_signal_before_the_plan_is_made_begins_nothing(
    models: Path, pictures: Path, tmp_path: Path
) -> None:
    interrupts = Interrupts()
    interrupts.handle(signal.SIGTERM, None)
    order = Order(
        InputSettings(location=str(pictures)),
        str(tmp_path / "output"),
        models,
        ModelWish("colours", "cpu"),
    )
    assert run_order(order, interrupts) == 143
    check_nothing(tmp_path / "output")
