from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import InputError, SettingsError
from scoring.sources.parquets import BATCH_BYTES
from scoring.sources.picture import Picture
from scoring.sources.reading import ShardReader
from tests.scoring.buckets import Bucket
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.sources.archives import patch
from tests.scoring.sources.inputs import pictures_of, plan_of, settings_of, sources_of, touch

PICTURES = [make_picture(index) for index in range(10)]


def make_parquet(path: Path, columns: dict[str, Any], rows: int = 4, **options: Any) -> Path:
    """A file in row groups of `rows`."""
    pq.write_table(pa.table(columns), path, row_group_size=rows, **options)
    return path


def hugging_face(pictures: list[bytes | None]) -> pa.Array:
    kind = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
    cells = [picture and {"bytes": picture, "path": "x.jpg"} for picture in pictures]
    return pa.array(cells, kind)


@pytest.mark.parametrize(
    "image",
    [
        pa.array(PICTURES, pa.binary()),
        pa.array(PICTURES, pa.large_binary()),
        hugging_face([*PICTURES]),
    ],
    ids=["binary", "large", "struct"],
)
def test_the_pictures_of_a_file_are_read(tmp_path: Path, s3: Bucket, image: pa.Array) -> None:
    path = make_parquet(tmp_path / "photos.parquet", {"n": range(10), "image": image})
    expected = [Picture(f"photos.parquet#{row}", data) for row, data in enumerate(PICTURES)]
    assert pictures_of(path, shard_pictures=5) == expected
    s3.put("photos.parquet", path.read_bytes())
    assert pictures_of(f"{s3.url}/photos.parquet", shard_pictures=5) == expected


def test_a_shard_is_whole_row_groups(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"image": PICTURES}, rows=3)
    shards = plan_of(path, shard_pictures=7)
    assert [shard.row_groups for shard in shards] == [(0, 1), (2, 3)]
    assert [(shard.first_id, shard.count) for shard in shards] == [(0, 6), (6, 4)]
    (_, last) = shards
    read = list(ShardReader(settings_of(path)).read(last))
    assert [picture.source for picture in read] == [f"a.parquet#{row}" for row in range(6, 10)]


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "brotli"])
def test_every_compression_is_read(tmp_path: Path, compression: str) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"image": PICTURES}, compression=compression)
    assert [picture.data for picture in pictures_of(path)] == PICTURES


def test_large_row_groups_are_read_in_batches(tmp_path: Path) -> None:
    pictures = [bytes([number]) * 1_000_000 for number in range(30)]
    small_pages = {"use_dictionary": False, "data_page_size": 1, "write_batch_size": 1}
    path = make_parquet(tmp_path / "a.parquet", {"image": pictures}, rows=30, **small_pages)
    reader = ShardReader(settings_of(path)).read(plan_of(path)[0])
    before = pa.total_allocated_bytes()
    most = max(pa.total_allocated_bytes() - before for _ in reader)
    assert most < 3 * BATCH_BYTES < 30_000_000


def test_labels_are_numbers_names_or_those_of_hugging_face(tmp_path: Path) -> None:
    def labels_of(path: Path, **changes: Any) -> list[str | None]:
        return [picture.expected for picture in pictures_of(path, **changes)]

    images = {"image": PICTURES[:3]}
    numbers = make_parquet(tmp_path / "a.parquet", {**images, "label": [2, None, -1]})
    assert labels_of(numbers) == ["2", None, None]
    kinds = pa.array(["cat", "dog", "cat"], pa.dictionary(pa.int32(), pa.string()))
    names = make_parquet(tmp_path / "b.parquet", {**images, "kind": kinds})
    assert labels_of(names) == [None] * 3
    assert labels_of(names, label_column="kind") == ["cat", "dog", "cat"]
    table = pa.table({**images, "label": [1, 0, -1]}).replace_schema_metadata(
        {"huggingface": '{"info": {"features": {"label": {"names": ["cat", "dog"]}}}}'}
    )
    pq.write_table(table, tmp_path / "c.parquet")
    assert labels_of(tmp_path / "c.parquet") == ["dog", "cat", None]


def test_a_row_without_bytes_and_one_with_too_many_are_errors(tmp_path: Path) -> None:
    image = hugging_face([b"x" * 101, None, b"x" * 100])
    path = make_parquet(tmp_path / "a.parquet", {"image": image, "label": [1, 2, 3]})
    large, missing, small = pictures_of(path, max_file_bytes=100)
    assert (large.data, large.error_code, large.expected) == (None, "file_too_large", "1")
    assert (missing.data, missing.error_code, missing.expected) == (None, "unreadable", "2")
    assert "the row has no bytes" in str(missing.error_message)
    assert small == Picture("a.parquet#2", b"x" * 100, "3")


def test_paths_are_seen_from_the_file_s_folder(tmp_path: Path) -> None:
    names = [picture_name(index) for index in range(5)]
    touch(tmp_path / "tables" / "photos", *names)
    columns = {"path": [f"photos/{name}" for name in names], "label": range(5)}
    path = make_parquet(tmp_path / "tables" / "a.parquet", columns, rows=2)
    for location in (path, tmp_path / "tables" / "*.parquet"):
        read = pictures_of(location)
        assert [picture.source for picture in read] == columns["path"]
        assert [picture.data for picture in read] == [name.encode() for name in names]
        assert [picture.expected for picture in read] == list("01234")
    assert {shard.kind for shard in plan_of(path)} == {"files"}


def test_folders_of_paths_name_classes_where_it_is_asked(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"path": ["cats/1.jpg", "2.jpg"], "label": [3, 4]})
    read = pictures_of(path, labels_from_folders=True)
    assert [picture.expected for picture in read] == ["cats", None]


def test_a_row_without_a_path_is_an_error_among_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg")
    path = make_parquet(tmp_path / "a.parquet", {"path": ["1.jpg", None, ""]})
    assert [picture.error_code for picture in pictures_of(path)] == [
        *(None, "unreadable", "unreadable")
    ]
    assert sources_of(path) == ["1.jpg", "a.parquet#1", "a.parquet#2"]


def test_a_url_of_the_web_is_refused_with_its_row(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"url": ["1.jpg", "https://host/2.jpg"]})
    with pytest.raises(InputError, match=r"^row 1 of a\.parquet: 'https://host/2\.jpg' is not in"):
        plan_of(path)


def test_files_of_a_folder_are_read_one_after_the_other(tmp_path: Path) -> None:
    for name in ("b", "a"):
        make_parquet(tmp_path / f"{name}.parquet", {"image": PICTURES[:2]})
    assert sources_of(tmp_path) == [f"{name}.parquet#{row}" for name in "ab" for row in (0, 1)]


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"image": PICTURES, "n": range(10)})
    with pytest.raises(SettingsError, match=r"no column 'nose'; there are: image, n$"):
        plan_of(path, bytes_column="nose")


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"image": pa.array([], pa.binary())})
    with pytest.raises(InputError, match="no picture is in"):
        plan_of(path)


@pytest.mark.parametrize("size", [0, 4, 300, -1, -20])
def test_what_is_cut_off_or_no_parquet_is_refused(tmp_path: Path, size: int) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"image": PICTURES})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"is no Parquet file, or damaged \(.*\); fetch"):
        plan_of(path)


def test_a_damaged_row_group_is_errors_among_pictures(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"image": PICTURES}, use_dictionary=False)
    page = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    patch(path, [(page, b"\xff" * 40)])
    codes = [picture.error_code for picture in pictures_of(path)]
    assert codes == [None] * 4 + ["unreadable"] * 4 + [None] * 2


def test_a_damaged_column_of_paths_is_refused(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"path": [f"{row}.jpg" for row in range(10)]})
    offset = pq.ParquetFile(path).metadata.row_group(1).column(0).dictionary_page_offset
    with pytest.raises(InputError, match=r"a\.parquet is damaged behind row"):
        plan_of(patch(path, [(offset, b"\xff" * 40)]))


def test_a_file_that_changed_since_the_plan_stops_the_job(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "a.parquet", {"image": PICTURES})
    shard = plan_of(path)[0]
    reader = ShardReader(settings_of(path))
    make_parquet(path, {"image": PICTURES[:2]})
    with pytest.raises(InputError, match="has changed since"):
        list(reader.read(shard))
    path.unlink()
    with pytest.raises(InputError, match=r"cannot read .*a\.parquet: it is not there"):
        list(reader.read(shard))
