"""The real command line against an object store that fails in every way: no byte is another."""

import shutil
from pathlib import Path

import pytest

from tests.scoring.buckets import Bucket
from tests.scoring.command import start
from tests.scoring.conftest import Scoring
from tests.scoring.faulty_proxy import FaultyProxy, faulty_proxy, random_faults
from tests.scoring.killing import Moment, kill_again_and_again
from tests.scoring.pictures import write_pictures
from tests.scoring.results import check_complete, digests

OPTIONS = ("run", "--model", "colours", "--device", "cpu", "--models")
FAULTS = {"refused": 0.06, "forgotten": 0.03, "cut": 0.04, "swallowed": 0.03, "stalled": 0.005}
MOMENTS = [Moment(0, 0.5), Moment(0, 2), *(Moment(5 * number, 0.1) for number in range(10))]
"""Two of them among the imports, the others while it scores."""


def test_pictures_and_results_in_a_failing_store_are_those_of_a_folder(
    s3: Bucket, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    pictures = write_pictures(tmp_path / "pictures", 60)
    s3.put_folder(pictures, "pictures")
    with faulty_proxy(s3.server, random_faults(1, **FAULTS)) as proxy:
        done = run_scoring(
            *(*OPTIONS, models, "--shard", "7", f"{s3.url}/pictures", f"{s3.url}/output"),
            **quick(s3, proxy),
        )
        assert done.returncode == 0, done.stderr
        assert sum(proxy.met.values()) > 80
    fetched = fetch(s3, tmp_path / "fetched")
    local = tmp_path / "local"
    assert run_scoring(*OPTIONS, models, "--shard", 7, pictures, local).returncode == 0
    check_complete(fetched, 60)
    assert digests(fetched) == digests(local)


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_kills_and_faults_together_change_no_byte(
    s3: Bucket, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    pictures = write_pictures(tmp_path / "pictures", 1200)
    s3.put_folder(pictures, "pictures")
    arguments = (*OPTIONS, models, "--shard", "20", f"{s3.url}/pictures", f"{s3.url}/output")
    log = tmp_path / "log"
    with faulty_proxy(s3.server, random_faults(2, **FAULTS)) as proxy:
        there = kill_again_and_again(
            lambda: start(*arguments, log=log, **quick(s3, proxy)),
            MOMENTS,
            lambda: sum("/part-" in key for key in s3.keys("output/")),
        )
        print(f"\nparts at each kill: {there}; requests: {dict(proxy.met)}")
    fetched = fetch(s3, tmp_path / "fetched")
    local = tmp_path / "local"
    assert run_scoring(*OPTIONS, models, "--shard", 20, pictures, local).returncode == 0
    check_complete(fetched, 1200)
    assert digests(fetched) == digests(local)
    assert "Traceback" not in log.read_text()


def quick(bucket: Bucket, proxy: FaultyProxy) -> dict[str, str]:
    """Through the proxy, and a request that is not answered is given up soon."""
    return bucket.environment(proxy.url) | {"AWS_TIMEOUT": "2s"}


def fetch(bucket: Bucket, folder: Path) -> Path:
    """The output, copied without the proxy."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for key in bucket.keys("output/"):
        (folder / key.removeprefix("output/")).write_bytes(bucket.get(key))
    return folder
