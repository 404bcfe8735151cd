"""The real command line against an object store that fails in every way: no byte is another."""

import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.scoring.buckets import Bucket
from tests.scoring.command import start
from tests.scoring.conftest import Scoring
from tests.scoring.faulty_proxy import FaultyProxy, faulty_proxy, random_faults
from tests.scoring.pictures import write_pictures
from tests.scoring.results import check_complete, digests

OPTIONS = ("run", "--model", "colours", "--device", "cpu", "--models")
FAULTS = {"refused": 0.06, "forgotten": 0.03, "cut": 0.04, "swallowed": 0.03, "stalled": 0.005}
END_SECONDS = 900


def test_pictures_and_results_in_a_failing_store_are_those_of_a_folder(
    s3: Bucket, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    pictures = write_pictures(tmp_path / "pictures", 60)
    s3.put_folder(pictures, "pictures")
    with faulty_proxy(s3.server, random_faults(1, **FAULTS)) as proxy:
        done = run_scoring(
            *(*OPTIONS, models, "--shard", 7, f"{s3.url}/pictures", f"{s3.url}/output"),
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
    """Killed twelve times, each time a little later."""
    pictures = write_pictures(tmp_path / "pictures", 1200)
    s3.put_folder(pictures, "pictures")
    arguments = (*OPTIONS, models, "--shard", 20, f"{s3.url}/pictures", f"{s3.url}/output")
    log = tmp_path / "log"
    with faulty_proxy(s3.server, random_faults(2, **FAULTS)) as proxy:
        for number in range(12):
            process = start(*arguments, log=log, **quick(s3, proxy))
            time.sleep(1 + number * 0.7)
            process.send_signal(signal.SIGKILL)
            process.wait()
            print(f"kill {number}: {sum('/part-' in key for key in s3.keys('output/'))} parts")
        code = start(*arguments, log=log, **quick(s3, proxy)).wait(END_SECONDS)
        print(dict(proxy.met))
    assert code == 0, log.read_text()
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
