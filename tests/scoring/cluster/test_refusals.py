"""What a cluster cannot do is one sentence, and exit code 1."""

import tarfile
from pathlib import Path

import pytest

from bundle.digests import sha256_of
from bundle.repository import MANIFEST, Bundle
from scoring.cluster.task import Assignment, open_bench
from scoring.errors import ClusterError, SettingsError
from scoring.job import open_job
from scoring.outputs.places import open_output
from scoring.settings import ColumnSettings, InputSettings, JobSettings, ModelSettings
from scoring.shards import Item, Shard
from tests.scoring.cluster.conftest import Task
from tests.scoring.cluster.nodes import Nodes
from tests.scoring.conftest import Scoring
from tests.servers import free_port


@pytest.fixture
def settings(bundle: Bundle, pictures: Path) -> JobSettings:
    return JobSettings(
        input=InputSettings(location=str(pictures)),
        model=ModelSettings(
            name="colours",
            version=1,
            manifest_sha256=sha256_of(bundle.path(MANIFEST)),
            device="cpu",
            precision="fp32",
        ),
        columns=ColumnSettings(),
    )


@pytest.fixture
def assignment(settings: JobSettings, models: Path, tmp_path: Path) -> Assignment:
    """Of a job that has begun."""
    output = open_output(str(tmp_path / "output"))
    with output.hold():
        shard = Shard(0, 0, 1, "files", items=(Item("red/000000.png", "red/000000.png"),))
        open_job(output, settings, plan=lambda: [shard])
    return Assignment(settings, output.location, models, 1)


def test_a_node_that_sees_everything_opens_its_bench(assignment: Assignment) -> None:
    assert open_bench(assignment) is open_bench(assignment), "opened once a process"


def test_a_node_that_does_not_see_the_output_says_so(
    settings: JobSettings, models: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "a folder of the node alone"
    with pytest.raises(ClusterError, match="must share the folder"):
        open_bench(Assignment(settings, str(elsewhere), models, 1))
    assert not elsewhere.exists()


def test_a_node_with_another_job_in_its_folder_says_so(assignment: Assignment) -> None:
    other = assignment.settings.model_copy(update={"columns": ColumnSettings(top_k=1)})
    with pytest.raises(ClusterError, match="does not hold this job"):
        open_bench(Assignment(other, assignment.output, assignment.models, 1))


def test_a_node_with_another_model_says_so(assignment: Assignment) -> None:
    model = assignment.settings.model.model_copy(update={"manifest_sha256": "0" * 64})
    settings = assignment.settings.model_copy(update={"model": model})
    output = Path(assignment.output)
    file = (output / "_job.json").read_text()
    mine = assignment.settings.model.manifest_sha256
    (output / "_job.json").write_text(file.replace(mine, "0" * 64))
    with pytest.raises(SettingsError, match="was begun with"):
        open_bench(Assignment(settings, assignment.output, assignment.models, 1))


def test_a_node_with_other_packages_says_so(assignment: Assignment) -> None:
    path = Path(assignment.output, "_job.json")
    path.write_text(path.read_text().replace('"pyarrow": "', '"pyarrow": "0.'))
    with pytest.raises(SettingsError, match="pyarrow"):
        open_bench(assignment)


def test_no_cluster_at_the_address(slow_job: Task, run_scoring: Scoring, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    done = run_scoring(
        *slow_job.arguments, tmp_path / "output", "--engine", "ray", "--address", address
    )
    assert done.returncode == 1
    assert f"error: there is no Ray cluster at {address}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("output/part-*"))


@pytest.mark.parametrize("address", ["ray://127.0.0.1:10001", "auto", "127.0.0.1", ":6379"])
def test_an_address_has_a_host_and_a_port(
    address: str, slow_job: Task, run_scoring: Scoring, tmp_path: Path
) -> None:
    done = run_scoring(
        *slow_job.arguments, tmp_path / "output", "--engine", "ray", "--address", address
    )
    assert done.returncode == 1
    assert not (tmp_path / "output").exists()
    assert done.stderr.startswith(
        f"error: expected HOST:PORT of a Ray cluster as --address, received {address!r}"
    )


def test_a_gpu_that_no_node_has(slow_job: Task, run_scoring: Scoring, tmp_path: Path) -> None:
    arguments = [word if word != "cpu" else "cuda" for word in slow_job.arguments]
    done = run_scoring(*arguments, tmp_path / "output", "--engine", "ray")
    assert done.returncode == 1
    assert "1 GPU of one node, and no node has that" in done.stderr


def test_what_a_task_meets_is_the_jobs_error(
    nodes: Nodes, slow_job: Task, run_scoring: Scoring, tmp_path: Path
) -> None:
    """An archive that is gone when the nodes get to it."""
    archive, output = tmp_path / "pictures.tar", tmp_path / "output"
    with tarfile.open(archive, "w") as tar:
        tar.add(slow_job.arguments[-1], "pictures")
    arguments = (*slow_job.arguments[:-1], archive, output, "--engine", "ray")
    stopped = run_scoring(*arguments, "--address", "127.0.0.1:1")
    assert stopped.returncode == 1
    archive.unlink()
    done = run_scoring(*arguments, "--address", nodes.address)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert str(archive) in done.stderr
    assert "said by node" in done.stderr
    assert "Traceback" not in done.stderr
    assert {file.name for file in output.iterdir()} == {"_job.json", "_plan.arrow"}
