"""A job on a cluster writes what one machine writes, byte for byte."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.scoring.buckets import Bucket
from tests.scoring.cluster.conftest import PICTURES, Task
from tests.scoring.cluster.nodes import Nodes
from tests.scoring.conftest import Scoring
from tests.scoring.results import check_complete, digests, everything, read_job


def test_a_cluster_writes_the_same_bytes_as_one_machine(
    nodes: Nodes, slow_job: Task, run_scoring: Scoring, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    done = run_scoring(*slow_job.arguments, output, "--engine", "ray", "--address", nodes.address)
    assert done.returncode == 0, done.stderr
    check_complete(output, PICTURES)
    assert digests(output) == digests(slow_job.expected)
    assert read_job(output)["counts"] == read_job(slow_job.expected)["counts"]
    for noise in ("ray", "raylet", "worker", "Warning", "Traceback"):
        assert noise not in done.stdout + done.stderr


def test_a_finished_job_starts_no_task(
    nodes: Nodes, slow_job: Task, run_scoring: Scoring, tmp_path: Path
) -> None:
    output = shutil.copytree(slow_job.expected, tmp_path / "output")
    before = everything(output)
    again = run_scoring(*slow_job.arguments, output, "--engine", "ray", "--address", nodes.address)
    assert again.returncode == 0, again.stderr
    assert "finished" in again.stdout + again.stderr
    assert everything(output) == before


def test_without_an_address_this_machine_is_the_cluster_of_one_task_of_two_threads(
    slow_job: Task, run_scoring: Scoring, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    options = (output, "--engine", "ray", "--threads", 2)
    with tempfile.TemporaryDirectory(prefix="t-") as temporary:  # Ray's sockets need short names
        done = run_scoring(*slow_job.arguments, *options, TMPDIR=temporary, HOME="/nowhere")
        assert not list(Path(temporary).iterdir()), "Ray's folder is left"
    assert done.returncode == 0, done.stderr
    assert digests(output) == digests(slow_job.expected)
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_nodes_read_from_and_write_to_an_object_store(
    s3: Bucket, slow_job: Task, run_scoring: Scoring, tmp_path: Path
) -> None:
    *options, pictures = slow_job.arguments
    s3.put_folder(Path(pictures), "pictures")
    done = run_scoring(
        *options, f"{s3.url}/pictures", f"{s3.url}/output", "--engine", "ray", **s3.environment()
    )
    assert done.returncode == 0, done.stderr
    for name, digest in digests(slow_job.expected).items():
        (tmp_path / name).write_bytes(s3.get(f"output/{name}"))
        assert digests(tmp_path)[name] == digest
