import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.errors import InputError, SettingsError
from scoring.sources.picture import Picture
from scoring.sources.reading import ShardReader
from tests.scoring.buckets import Bucket
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.sources.archives import (
    Members,
    header_offsets,
    make_streamed_zip,
    make_zip,
    patch,
    patch_directory,
)
from tests.scoring.sources.inputs import pictures_of, plan_of, settings_of, sources_of

Maker = Callable[[Path, Members, int], Path]

FILES = {picture_name(index): make_picture(index) for index in range(7)}


@pytest.mark.parametrize("make", [make_zip, make_streamed_zip])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_pictures_of_a_zip_are_read(
    tmp_path: Path, s3: Bucket, make: Maker, method: int
) -> None:
    path = make(tmp_path / "photos.zip", FILES, method)
    expected = [Picture(f"photos.zip!{name}", data) for name, data in FILES.items()]
    assert pictures_of(path, shard_pictures=3) == expected
    s3.put("photos.zip", path.read_bytes())
    assert pictures_of(f"{s3.url}/photos.zip", shard_pictures=3) == expected


def test_a_zip_behind_something_else_is_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "photos.zip", FILES)
    path.write_bytes(b"#!/bin/sh\nexit\n" + path.read_bytes())
    assert [picture.data for picture in pictures_of(path)] == list(FILES.values())


def test_two_members_of_one_name_are_two_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.jpg", b"first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("1.jpg", b"second")
    assert [picture.data for picture in pictures_of(path)] == [b"first", b"second"]


def test_what_macos_adds_and_notes_and_folders_are_passed_over(tmp_path: Path) -> None:
    members = {"__MACOSX/._1.jpg": b"", "cats/": b"", "cats/1.jpg": b"1", "a.txt": b"a"}
    assert sources_of(make_zip(tmp_path / "a.zip", members)) == ["a.zip!cats/1.jpg"]


def test_folders_name_classes_where_it_is_asked(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"cats/1.jpg": b"1", "2.jpg": b"2"})
    assert [picture.expected for picture in pictures_of(path)] == [None, None]
    labelled = pictures_of(path, labels_from_folders=True)
    assert [picture.expected for picture in labelled] == ["cats", None]


@pytest.mark.parametrize("column", ["label_column", "path_column", "bytes_column"])
def test_columns_are_refused(tmp_path: Path, column: str) -> None:
    path = make_zip(tmp_path / "a.zip", FILES)
    with pytest.raises(SettingsError, match="has no column 'what'"):
        plan_of(path, **{column: "what"})


def test_names_that_lead_out_and_archives_within_are_refused(tmp_path: Path) -> None:
    for name in ("../1.jpg", "/etc/1.jpg", "cats\\..\\..\\1.jpg"):
        path = make_zip(tmp_path / "a.zip", {"1.jpg": b"1", name: b"2"})
        with pytest.raises(InputError, match="leads out of the archive"):
            plan_of(path)
    with pytest.raises(InputError, match=r"holds another archive, 'more\.zip'"):
        plan_of(make_zip(tmp_path / "a.zip", {"1.jpg": b"1", "more.zip": b"2"}))


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = patch_directory(make_zip(tmp_path / "a.zip", FILES), 8, 1)
    with pytest.raises(InputError, match=r"is encrypted .* unpack it with its password"):
        plan_of(path)


def test_another_compression_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", FILES, zipfile.ZIP_BZIP2)
    with pytest.raises(InputError, match=r"compressed by method 12; expected stored \(0\) or"):
        plan_of(path)


def test_a_picture_that_is_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("1.jpg")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match=r"a\.zip holds '1\.jpg' as a link"):
        plan_of(path)


def test_a_picture_that_swells_beyond_measure_is_a_bomb(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.bmp": bytes(20_000_000)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match=r"a ZIP bomb: '1\.bmp' would swell from .* to 20,000,000"):
        plan_of(path)


def test_a_small_blank_bitmap_is_none(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.bmp": bytes(5_000_000)}, zipfile.ZIP_DEFLATED)
    assert pictures_of(path) == [Picture("a.zip!1.bmp", bytes(5_000_000))]


def test_members_that_share_bytes_are_a_bomb(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.jpg": b"x" * 900, "2.jpg": b"y" * 900})
    data = path.read_bytes()
    second = data.rindex(b"PK\x01\x02")
    patch(path, [(second + 42, header_offsets(path)[0].to_bytes(4, "little"))])
    with pytest.raises(InputError, match="made like a ZIP bomb"):
        plan_of(path)


def test_a_member_that_lies_of_its_size_is_a_picture_with_an_error(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.bmp": bytes(3_000_000)}, zipfile.ZIP_DEFLATED)
    (picture,) = pictures_of(patch_directory(path, 24, 999, size=4))
    assert (picture.data, picture.error_code) == (None, "unreadable")
    assert "swells beyond the 999 bytes" in str(picture.error_message)


def test_a_picture_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.jpg": b"x" * 101, "2.jpg": b"x" * 100})
    large, small = pictures_of(path, max_file_bytes=100)
    assert (large.data, large.error_code) == (None, "file_too_large")
    assert small.data == b"x" * 100


def test_a_damaged_member_is_an_error_among_pictures(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", FILES)
    offset = header_offsets(path)[3] + 100
    patch(path, [(offset, bytes([path.read_bytes()[offset] ^ 4]))])
    pictures = pictures_of(path)
    assert [picture.error_code for picture in pictures] == [None] * 3 + ["unreadable"] + [None] * 3
    assert "checksum is wrong" in str(pictures[3].error_message)


@pytest.mark.parametrize("size", [0, 10, 3000, -1, -30])
def test_what_is_cut_off_or_no_zip_is_refused(tmp_path: Path, size: int) -> None:
    path = make_zip(tmp_path / "a.zip", FILES)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="is no ZIP archive, damaged or cut off"):
        plan_of(path)


def test_an_archive_that_went_since_the_plan_stops_the_job(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", FILES)
    (shard,) = plan_of(path)
    path.unlink()
    with pytest.raises(InputError, match=r"cannot read .*a\.zip: it is not there"):
        list(ShardReader(settings_of(path)).read(shard))
