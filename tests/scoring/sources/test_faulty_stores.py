"""An input in an object store whose network and servers fail now and then."""

import pytest

from scoring.errors import InputError
from scoring.sources.planning import plan
from scoring.sources.reading import ShardReader
from tests.scoring.buckets import Bucket
from tests.scoring.faulty_proxy import Fault, faulty_proxy, random_faults
from tests.scoring.sources.inputs import pictures_of, settings_of
from tests.servers import free_port

COUNT = 40


def fill(bucket: Bucket) -> None:
    for number in range(COUNT):
        bucket.put(f"photos/{number:02d}.jpg", bytes([number]) * 1000)


def test_faults_that_pass_are_nowhere_to_be_seen(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(s3)
    with faulty_proxy(s3.server, random_faults(3, refused=0.1, cut=0.1)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        pictures = pictures_of(f"{s3.url}/photos")
        assert proxy.met[Fault.REFUSED]
        assert proxy.met[Fault.CUT]
    assert [picture.data for picture in pictures] == [bytes([n]) * 1000 for n in range(COUNT)]


def test_an_object_that_may_not_be_read_is_a_row(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(s3)

    def choose(method: str, path: str) -> Fault:
        return Fault.FORBIDDEN if method == "GET" and path.endswith("/07.jpg") else Fault.NONE

    with faulty_proxy(s3.server, choose) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        settings = settings_of(f"{s3.url}/photos")
        (shard,) = plan(settings)
        pictures = list(ShardReader(settings).read(shard))
    failed = [picture for picture in pictures if picture.data is None]
    assert [(picture.source, picture.error_code, picture.error_message) for picture in failed] == [
        ("07.jpg", "unreadable", "the picture cannot be read: permission denied")
    ]


def test_a_store_that_nobody_reaches_stops_the_job(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put("all.txt", b"photos/1.jpg\n")
    (shard,) = plan(settings_of(f"{s3.url}/all.txt"))
    unreached = f"{s3.url}-elsewhere"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(InputError, match=r"^cannot read s3://[^\n]+; run again to continue$"):
        list(ShardReader(settings_of(f"{unreached}/all.txt")).read(shard))
    with pytest.raises(InputError, match=r"^cannot open s3://[^\n]+$"):
        list(plan(settings_of(f"{unreached}/photos")))
