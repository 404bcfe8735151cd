"""Results in an object store."""

import json
import threading
import time
from collections.abc import Callable

import pytest

from scoring.errors import BusyError, OutputError
from scoring.outputs.holder import Holder
from scoring.outputs.objects import ObjectOutput
from scoring.sources.locations import Location
from tests.scoring.buckets import Bucket
from tests.scoring.faulty_proxy import Fault, faulty_proxy
from tests.scoring.outputs.quick import QUICK
from tests.servers import free_port

LOCK_KEY = "some/output/_lock.json"


@pytest.fixture
def bucket(prefix: ObjectOutput, s3: Bucket) -> Bucket:
    """The bucket of `prefix`, looked at from outside."""
    del prefix
    return s3


def elsewhere() -> Holder:
    """A holder on another machine, of which nobody here knows whether it lives."""
    return Holder.here().model_copy(update={"host": "elsewhere", "kernel": "another boot"})


def test_objects_lie_under_the_prefix(prefix: ObjectOutput, bucket: Bucket) -> None:
    with prefix.hold():
        prefix.commit("part-000000.parquet", b"rows")
        assert bucket.keys() == [LOCK_KEY, "some/output/part-000000.parquet"]
    assert bucket.keys() == ["some/output/part-000000.parquet"]


def test_a_whole_bucket_takes_results(s3: Bucket) -> None:
    output = ObjectOutput(Location(s3.url), pace=QUICK)
    with output.hold():
        output.commit("part-000000.parquet", b"rows")
    assert output.names() == set(s3.keys()) == {"part-000000.parquet"}


def test_neighbours_and_folders_below_are_told_apart(prefix: ObjectOutput, bucket: Bucket) -> None:
    bucket.put("some/output-2/part-000000.parquet", b"of another job")
    bucket.put("some/output/below/notes.txt", b"somebody else's")
    assert prefix.names() == {"below"}


def test_a_lock_that_nobody_renews_is_taken_over(prefix: ObjectOutput, bucket: Bucket) -> None:
    bucket.put(LOCK_KEY, elsewhere().encode())
    begin = time.monotonic()
    with prefix.hold():
        assert time.monotonic() - begin >= QUICK.stale_seconds
        assert json.loads(bucket.get(LOCK_KEY))["host"] == Holder.here().host
    assert bucket.keys() == []


def test_a_lock_that_is_no_lock_is_taken_over(prefix: ObjectOutput, bucket: Bucket) -> None:
    bucket.put(LOCK_KEY, b"half of it")
    with prefix.hold():
        pass
    assert bucket.keys() == []


def test_a_lock_that_is_renewed_from_elsewhere_is_not(prefix: ObjectOutput, bucket: Bucket) -> None:
    ended = threading.Event()

    def renew() -> None:
        holder = elsewhere()
        while not ended.is_set():
            bucket.put(LOCK_KEY, holder.encode())
            holder = holder.renewed()
            time.sleep(0.2)

    thread = threading.Thread(target=renew)
    bucket.put(LOCK_KEY, elsewhere().encode())
    thread.start()
    try:
        with pytest.raises(BusyError, match="on elsewhere, since"), prefix.hold():
            pytest.fail("both held it")
    finally:
        ended.set()
        thread.join()


def test_a_held_lock_is_renewed(prefix: ObjectOutput, bucket: Bucket) -> None:
    with prefix.hold():
        wait_until(lambda: json.loads(bucket.get(LOCK_KEY))["renewals"] >= 3)


def test_a_run_that_lost_its_hold_writes_no_more(prefix: ObjectOutput, bucket: Bucket) -> None:
    theirs = elsewhere().encode()
    with prefix.hold():
        bucket.put(LOCK_KEY, theirs)  # as whoever takes it over after a long silence

        def commit_fails() -> bool:
            try:
                prefix.commit("part-000000.parquet", b"rows")
            except BusyError:
                return True
            return False

        wait_until(commit_fails)
        with pytest.raises(BusyError, match="another run took it over"):
            prefix.replace("_job.json", b"{}")
    assert bucket.get(LOCK_KEY) == theirs, "whoever lost it does not remove it"


def test_a_lock_survives_answers_that_are_lost(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second write is done and its answer lost, the first one among them."""
    writes = 0

    def choose(method: str, path: str) -> Fault:
        nonlocal writes
        del path
        writes += method == "PUT"
        return Fault.SWALLOWED if method == "PUT" and writes % 2 else Fault.NONE

    with faulty_proxy(s3.server, choose) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        output = ObjectOutput(Location(f"{s3.url}/some/output"), pace=QUICK)
        with output.hold():
            wait_until(lambda: json.loads(s3.get(LOCK_KEY))["renewals"] >= 5)
            output.commit("part-000000.parquet", b"rows")
        assert proxy.met[Fault.SWALLOWED] > 2
    assert s3.keys() == ["some/output/part-000000.parquet"]


def test_a_bucket_that_is_not_there_is_said(s3: Bucket) -> None:
    place = f"{s3.url}-of-nobody/output"
    output = ObjectOutput(Location(place))
    for attempt in (
        lambda: output.hold().__enter__(),
        output.names,
        lambda: output.commit("part-000000.parquet", b"rows"),
    ):
        with pytest.raises(OutputError, match=f"no such place as {place}"):
            attempt()


def test_a_store_that_refuses_is_said(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_proxy(s3.server, lambda _method, _path: Fault.FORBIDDEN) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        output = ObjectOutput(Location(f"{s3.url}/output"))
        with pytest.raises(OutputError, match="refuses access; check the keys"), output.hold():
            pytest.fail("it was allowed")


def test_a_conflict_is_no_success_of_somebody_else(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers it when a delete of the same name comes in between, and has written nothing."""
    faults = iter([Fault.CONFLICT, Fault.CONFLICT])

    def choose(method: str, path: str) -> Fault:
        del path
        return next(faults, Fault.NONE) if method == "PUT" else Fault.NONE

    with faulty_proxy(s3.server, choose) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        output = ObjectOutput(Location(f"{s3.url}/output"))
        assert output.commit("part-000000.parquet", b"rows")
        assert proxy.met[Fault.CONFLICT] == 2
    assert s3.get("output/part-000000.parquet") == b"rows"


def test_a_store_that_is_not_there_is_said_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Bucket(f"http://127.0.0.1:{free_port()}", "bucket-of-no-server")
    for name, value in elsewhere.environment().items():
        monkeypatch.setenv(name, value)
    output = ObjectOutput(Location(f"{elsewhere.url}/output"), patience_seconds=1)
    with pytest.raises(OutputError, match=r"cannot be used: .*run the same command again"):
        output.commit("part-000000.parquet", b"rows")


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something that happens within seconds."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
