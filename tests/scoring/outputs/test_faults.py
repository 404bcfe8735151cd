"""A job in an object store that fails in every way ends like one in a folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scoring.errors import OutputError
from scoring.job import Job, open_job
from scoring.outputs.local import LocalOutput
from scoring.outputs.objects import ObjectOutput
from scoring.outputs.output import Output
from scoring.sources.locations import Location
from tests.scoring.buckets import Bucket
from tests.scoring.faulty_proxy import Fault, faulty_proxy, random_faults
from tests.scoring.jobs import make_settings, make_shards, make_table
from tests.scoring.outputs.quick import QUICK

SHARDS, PICTURES = 40, 30
FAULTS = {"refused": 0.1, "forgotten": 0.08, "cut": 0.08, "swallowed": 0.08, "stalled": 0.02}
"""A third of all requests fails; one of fifty is never answered."""


def work(output: Output, shards: int, *, threads: int = 4) -> Job:
    """Go on with the job for so many shards."""
    with output.hold():
        job = open_job(output, make_settings(), plan=lambda: make_shards(SHARDS, PICTURES))
        pending = [shard for shard, _ in zip(job.pending(), range(shards), strict=False)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda shard: job.commit(shard, make_table(shard)), pending))
        if next(job.pending(), None) is None:
            job.finish()
    return job


@pytest.fixture
def undisturbed(tmp_path: Path) -> dict[str, bytes]:
    """What the job comes to in a folder."""
    output = LocalOutput(tmp_path / "undisturbed")
    work(output, SHARDS)
    return {name: (output.folder / name).read_bytes() for name in output.names()}


def test_faults_change_no_byte(
    s3: Bucket, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_proxy(s3.server, random_faults(6, **FAULTS)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        monkeypatch.setenv("AWS_TIMEOUT", "1s")
        output = ObjectOutput(Location(f"{s3.url}/output"), pace=QUICK)
        for shards in (7, 0, 13, SHARDS):
            job = work(output, shards)
        met = {fault.name.lower() for fault, count in proxy.met.items() if count}
    assert met >= set(FAULTS), "not every fault came up"
    assert parts(found(s3)) == parts(undisturbed)
    assert found(s3)["_plan.arrow"] == undisturbed["_plan.arrow"]
    assert set(found(s3)) == set(undisturbed), "something was left behind"
    assert job.file.counts is not None
    assert job.file.counts.pictures == SHARDS * PICTURES


def test_a_store_that_ends_in_the_middle_leaves_a_job_that_goes_on(
    s3: Bucket, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = False

    def choose(method: str, path: str) -> Fault:
        nonlocal broken
        broken = broken or (method == "PUT" and "part-000011" in path)
        return Fault.FORBIDDEN if broken else Fault.NONE

    with faulty_proxy(s3.server, choose) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        output = ObjectOutput(Location(f"{s3.url}/output"), pace=QUICK)
        with pytest.raises(OutputError, match="refuses access"):
            work(output, SHARDS, threads=1)
        assert len(parts(found(s3))) == 11
        assert parts(found(s3)).items() <= parts(undisturbed).items()

        monkeypatch.setattr(proxy, "_choose", lambda _method, _path: Fault.NONE)
        work(output, SHARDS)
    assert parts(found(s3)) == parts(undisturbed)
    assert set(found(s3)) == set(undisturbed)


def parts(files: dict[str, bytes]) -> dict[str, bytes]:
    """Those of a job that do not tell the time."""
    return {name: data for name, data in files.items() if name.startswith("part-")}


def found(bucket: Bucket) -> dict[str, bytes]:
    """What is in the store, asked without the proxy."""
    return {key.removeprefix("output/"): bucket.get(key) for key in bucket.keys("output/")}
