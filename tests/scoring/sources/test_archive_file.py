"""Archives in object stores whose network and servers fail now and then, or that are gone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import InputError
from scoring.sources.planning import plan
from scoring.sources.reading import ShardReader
from tests.scoring.buckets import Bucket
from tests.scoring.faulty_proxy import Fault, faulty_proxy, random_faults
from tests.scoring.sources.archives import make_tar, make_zip
from tests.scoring.sources.inputs import pictures_of, settings_of
from tests.servers import free_port

FILES = {f"{number:02d}.jpg": bytes([number]) * 5000 for number in range(40)}


def make_parquet(path: Path) -> Path:
    table = pa.table({"image": pa.array(FILES.values(), pa.binary())})
    pq.write_table(table, path, row_group_size=5, compression="none", use_dictionary=False)
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "tar": lambda path: make_tar(path, FILES),
    "zip": lambda path: make_zip(path, FILES),
    "parquet": make_parquet,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_faults_that_pass_are_nowhere_to_be_seen(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    s3.put(f"a.{kind}", MAKERS[kind](tmp_path / f"a.{kind}").read_bytes())
    monkeypatch.setattr("scoring.sources.archive_file.WINDOW_BYTES", 2000)
    with faulty_proxy(s3.server, random_faults(3, refused=0.2, cut=0.2)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        pictures = pictures_of(f"{s3.url}/a.{kind}")
        assert proxy.met[Fault.REFUSED]
        assert proxy.met[Fault.CUT]
    assert [picture.data for picture in pictures] == list(FILES.values())


@pytest.mark.parametrize("kind", MAKERS)
def test_a_store_that_nobody_reaches_stops_the_job(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    s3.put(f"a.{kind}", MAKERS[kind](tmp_path / f"a.{kind}").read_bytes())
    shard = next(plan(settings_of(f"{s3.url}/a.{kind}")))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    reader = ShardReader(settings_of(f"{s3.url}-elsewhere/a.{kind}"))
    with pytest.raises(InputError, match=r"^cannot read s3://[^\n]+; run again to continue$"):
        list(reader.read(shard))


@pytest.mark.parametrize("kind", MAKERS)
def test_an_archive_that_is_gone_or_may_not_be_read_stops_the_job(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    s3.put(f"a.{kind}", MAKERS[kind](tmp_path / f"a.{kind}").read_bytes())
    shard = next(plan(settings_of(f"{s3.url}/a.{kind}")))
    with pytest.raises(InputError, match=r"^cannot read s3://[^\n]+: it is not there$"):
        list(ShardReader(settings_of(f"{s3.url}/b.{kind}")).read(replace(shard, path=f"b.{kind}")))
    with faulty_proxy(s3.server, lambda *_: Fault.FORBIDDEN) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        reader = ShardReader(settings_of(f"{s3.url}-elsewhere/a.{kind}"))
        with pytest.raises(InputError, match=r"^cannot read s3://[^\n]+: permission denied$"):
            list(reader.read(shard))
