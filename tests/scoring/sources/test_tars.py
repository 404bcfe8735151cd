import tarfile
from pathlib import Path
from typing import Any

import pytest
from fsspec.spec import AbstractBufferedFile

from scoring.errors import InputError, SettingsError
from scoring.sources.picture import Picture
from scoring.sources.reading import ShardReader
from tests.scoring.buckets import Bucket
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.sources.archives import add_member, make_tar, patch
from tests.scoring.sources.inputs import pictures_of, plan_of, settings_of, sources_of

FILES = {picture_name(index): make_picture(index) for index in range(7)}


def labels_of(location: Path, **changes: Any) -> dict[str, str | None]:
    return {picture.source: picture.expected for picture in pictures_of(location, **changes)}


def count_ranges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What is asked of an object store from now on: first byte, and the one behind the last."""
    ranges: list[tuple[int, int]] = []

    class Counted(AbstractBufferedFile):
        def _fetch_range(self, start: int, end: int) -> bytes:
            ranges.append((start, end))
            return super()._fetch_range(start, end)

    monkeypatch.setattr("scoring.sources.archive_file.AbstractBufferedFile", Counted)
    return ranges


def test_the_pictures_of_a_tar_are_read_in_its_order(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", FILES)
    assert pictures_of(path, shard_pictures=3) == [
        Picture(f"photos.tar!{name}", data) for name, data in FILES.items()
    ]


def test_shards_say_where_each_picture_lies(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", FILES)
    data = path.read_bytes()
    shards = plan_of(path, shard_pictures=3)
    assert [shard.count for shard in shards] == [3, 3, 1]
    assert {shard.kind for shard in shards} == {"tar"}
    items = [item for shard in shards for item in shard.items]
    assert [data[item.offset : item.offset + item.size] for item in items] == list(FILES.values())


def test_tars_of_a_folder_are_read_one_after_the_other(tmp_path: Path) -> None:
    for number in (10, 2):
        make_tar(tmp_path / f"shard-{number:03}.tar", {f"{number}.jpg": b"x"})
    assert sources_of(tmp_path) == ["shard-002.tar!2.jpg", "shard-010.tar!10.jpg"]
    assert sources_of(tmp_path / "shard-*.tar") == ["shard-002.tar!2.jpg", "shard-010.tar!10.jpg"]


def test_a_tar_in_an_object_store_is_scanned_and_read_by_windows(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = count_ranges(monkeypatch)
    monkeypatch.setattr("scoring.sources.archive_file.WINDOW_BYTES", 40_000)
    files = {f"{number:03}.jpg": bytes([number]) * 9_000 for number in range(100)}
    path = make_tar(tmp_path / "photos.tar", files)
    s3.put("data/photos.tar", path.read_bytes())
    settings = settings_of(f"{s3.url}/data/photos.tar")
    (shard,) = plan_of(f"{s3.url}/data/photos.tar")
    assert len(ranges) < 30  # a hundred headers
    ranges.clear()
    pictures = list(ShardReader(settings).read(shard))
    assert [picture.data for picture in pictures] == list(files.values())
    assert len(ranges) < 30
    assert sum(end - start for start, end in ranges) < 1.1 * path.stat().st_size


def test_nothing_behind_a_shard_is_fetched_from_an_object_store(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = count_ranges(monkeypatch)
    path = make_tar(tmp_path / "a.tar", {f"{number}.jpg": bytes(5000) for number in range(9)})
    s3.put("a.tar", path.read_bytes())
    shard = plan_of(f"{s3.url}/a.tar", shard_pictures=2)[1]
    ranges.clear()
    assert len(list(ShardReader(settings_of(f"{s3.url}/a.tar")).read(shard))) == 2
    (begin, end) = ranges[0][0], ranges[-1][1]
    assert (begin, end) == (shard.items[0].offset, shard.items[1].offset + 5000)


def test_a_class_beside_a_picture_is_what_it_shows(tmp_path: Path) -> None:
    members = {
        "0.jpg": b"0",
        "0.cls": b"281\n",
        "1.cls": b"cat",  # before the picture too
        "1.jpg": b"1",
        "2.jpg": b"2",
        "2.json": b'{"label": 7}',
        "3.jpg": b"3",
        "4.json": b'{"label": 9}',
        "5.seg.png": b"5",
        "5.png": b"5",
        "5.cls": b"1",
    }
    assert list(labels_of(make_tar(tmp_path / "a.tar", members)).values()) == [
        *("281", "cat", "7", None),
        *("1", "1"),
    ]


def test_a_field_of_json_is_named_by_the_label_column(tmp_path: Path) -> None:
    members = {"0.jpg": b"0", "0.cls": b"1", "0.json": b'{"label": 7, "species": "felis"}'}
    path = make_tar(tmp_path / "a.tar", members)
    assert list(labels_of(path, label_column="species").values()) == ["felis"]
    assert list(labels_of(path, label_column="cls").values()) == ["1"]
    with pytest.raises(SettingsError, match=r"says 'what' of a picture; there are: label, species"):
        labels_of(path, label_column="what")


def test_folders_name_classes_where_it_is_asked(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"./cats/0.jpg": b"0", "cats/0.cls": b"1", "1.jpg": b"1"})
    assert labels_of(path, labels_from_folders=True) == {
        "a.tar!cats/0.jpg": "cats",
        "a.tar!1.jpg": None,
    }


def test_pictures_without_end_may_share_a_key(tmp_path: Path) -> None:
    members = {f"IMG.{number:04}.jpg": b"x" for number in range(2500)}
    path = make_tar(tmp_path / "a.tar", members)
    assert sources_of(path) == [f"a.tar!{name}" for name in members]


def test_hidden_members_and_directories_and_notes_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        add_member(archive, "cats.jpg", type=tarfile.DIRTYPE)
        add_member(archive, "cats.jpg/._1.jpg", b"fork")
        add_member(archive, "cats.jpg/1.jpg", b"picture")
        add_member(archive, "README", b"words")
    assert sources_of(path) == ["a.tar!cats.jpg/1.jpg"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_picture_that_is_a_link_is_refused(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        add_member(archive, "1.jpg", b"picture")
        add_member(archive, "2.jpg", type=kind, linkname="1.jpg")
    with pytest.raises(InputError, match=r"a\.tar holds '2\.jpg' as a link"):
        plan_of(path)


def test_a_device_that_is_called_a_picture_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        add_member(archive, "1.jpg", b"picture")
        add_member(archive, "2.jpg", type=tarfile.FIFOTYPE)
    assert sources_of(path) == ["a.tar!1.jpg"]


def test_names_that_lead_out_and_archives_within_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leads out of the archive"):
        plan_of(make_tar(tmp_path / "a.tar", {"../1.jpg": b"1"}))
    with pytest.raises(InputError, match="holds another archive"):
        plan_of(make_tar(tmp_path / "b.tar", {"1.jpg": b"1", "more.zip": b"2"}))


def test_a_name_that_is_not_utf_8_is_shown(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"caf\udce9.jpg": b"1"})
    assert sources_of(path) == ["a.tar!caf\\xe9.jpg"]


def test_a_picture_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"1.jpg": b"x" * 101, "2.jpg": b"x" * 100})
    large, small = pictures_of(path, max_file_bytes=100)
    assert (large.data, large.error_code) == (None, "file_too_large")
    assert large.error_message == "the file has 101 bytes; at most 100 are read"
    assert small.data == b"x" * 100


def test_an_archive_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no picture is in .*a\.tar"):
        plan_of(make_tar(tmp_path / "a.tar", {"README": b"words"}))


def test_columns_are_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", FILES)
    for changes in ({"path_column": "path"}, {"bytes_column": "image"}):
        with pytest.raises(SettingsError, match="has no column"):
            plan_of(path, **changes)


def test_damage_in_the_middle_is_found_by_the_plan(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", FILES)
    with tarfile.open(path) as archive:
        header = archive.getmembers()[4].offset
    with pytest.raises(InputError, match=rf"a\.tar is damaged at byte {header:,}"):
        plan_of(patch(path, [(header + 5, b"\xff")]))


def test_an_archive_that_shrank_or_went_since_the_plan_stops_the_job(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", FILES)
    reader = ShardReader(settings_of(path))
    (shard,) = plan_of(path)
    path.write_bytes(path.read_bytes()[: shard.items[-1].offset + 1])
    with pytest.raises(InputError, match="has changed since the job was planned"):
        list(reader.read(shard))
    path.unlink()
    with pytest.raises(InputError, match=r"cannot read .*a\.tar: it is not there"):
        list(reader.read(shard))
