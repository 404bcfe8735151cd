import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scoring.errors import InputError
from scoring.sources.planning import plan
from scoring.sources.reading import ShardReader
from tests.scoring.buckets import Bucket
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.refusals import UNPRIVILEGED
from tests.scoring.sources.inputs import pictures_of, plan_of, settings_of, touch
from tests.servers import ROOT


def errors_of(location: Path | str, **changes: int) -> list[tuple[str, str | None, str | None]]:
    return [
        (picture.source, picture.error_code, picture.error_message)
        for picture in pictures_of(location, **changes)
        if picture.data is None
    ]


def test_pictures_are_read_whole_and_in_order(pictures: Path, s3: Bucket) -> None:
    s3.put_folder(pictures, "photos")
    names = sorted(picture_name(index) for index in range(24))
    for location in (pictures, f"{s3.url}/photos"):
        read = pictures_of(location, shard_pictures=10)
        assert [picture.source for picture in read] == names
        assert [picture.data for picture in read] == [
            (pictures / name).read_bytes() for name in names
        ]
        assert all(picture.error_code is None for picture in read)


def test_an_empty_file_is_read_as_nothing(tmp_path: Path, s3: Bucket) -> None:
    (tmp_path / "empty.jpg").touch()
    s3.put("empty.jpg", b"")
    assert [picture.data for picture in pictures_of(tmp_path)] == [b""]
    assert [picture.data for picture in pictures_of(s3.url)] == [b""]


def test_files_that_cannot_be_read_are_rows_that_say_why(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "folder/2.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    names = ["gone.jpg", "1.jpg", "folder", "1.jpg/x.jpg", "loop.jpg", "pipe.jpg", "/dev/zero"]
    names += ["a" * 300, "nul\0.jpg"]
    (tmp_path / "all.txt").write_text("\n".join(names))
    assert errors_of(tmp_path / "all.txt") == [
        (name, "unreadable", f"the picture cannot be read: {words}")
        for name, words in [
            ("gone.jpg", "no such file or directory"),
            ("folder", "it is not a file"),
            ("1.jpg/x.jpg", "not a directory"),
            ("loop.jpg", "too many levels of symbolic links"),
            ("pipe.jpg", "it is not a file"),
            ("/dev/zero", "it is not a file"),
            ("a" * 300, "file name too long"),
            ("nul\0.jpg", "it has a name that no file can have"),
        ]
    ]


def test_a_file_that_nobody_may_read_is_a_row(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "1.jpg").chmod(0)
    script = (
        "from tests.scoring.sources.inputs import pictures_of\n"
        f"for picture in pictures_of({str(tmp_path)!r}): print(picture.error_message)"
    )
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "the picture cannot be read: permission denied\nNone\n"


def test_an_object_that_is_gone_is_a_row(s3: Bucket) -> None:
    s3.put("photos/1.jpg", b"1")
    s3.put("all.txt", f"photos/1.jpg\nphotos/2.jpg\n{s3.url}/photos/1.jpg\nphotos\n".encode())
    assert errors_of(f"{s3.url}/all.txt") == [
        (name, "unreadable", "the picture cannot be read: there is no such object")
        for name in ("photos/2.jpg", "photos")
    ]


def test_a_file_with_too_many_bytes_is_not_read(tmp_path: Path, s3: Bucket) -> None:
    (tmp_path / "1.jpg").write_bytes(bytes(1000))
    (tmp_path / "2.jpg").write_bytes(bytes(1001))
    with (tmp_path / "3.jpg").open("wb") as file:
        file.truncate(10**12)
    (tmp_path / "all.txt").write_text("1.jpg\n2.jpg\n3.jpg\n")
    for location in (tmp_path, tmp_path / "all.txt"):
        assert errors_of(location, max_file_bytes=1000) == [
            ("2.jpg", "file_too_large", "the file has 1,001 bytes; at most 1,000 are read"),
            (
                "3.jpg",
                "file_too_large",
                "the file has 1,000,000,000,000 bytes; at most 1,000 are read",
            ),
        ]
    s3.put("photos/2.jpg", bytes(1001))
    s3.put("all.txt", b"photos/2.jpg\n")
    for location in (f"{s3.url}/photos", f"{s3.url}/all.txt"):
        (error,) = errors_of(location, max_file_bytes=1000)
        assert error[1:] == ("file_too_large", "the file has 1,001 bytes; at most 1,000 are read")


def test_a_disk_that_is_gone_stops_the_job(tmp_path: Path) -> None:
    touch(tmp_path, "photos/1.jpg", "photos/2.jpg")
    settings = settings_of(tmp_path / "photos")
    shards = list(plan(settings))
    shutil.rmtree(tmp_path / "photos")
    with pytest.raises(InputError, match=r"photos is no longer there; bring it back and run again"):
        list(ShardReader(settings).read(shards[0]))


@pytest.fixture
def no_more_files() -> Iterator[Callable[[], None]]:
    """Makes opening a file fail from then on."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_what_no_picture_is_to_blame_for_stops_the_job(
    tmp_path: Path, no_more_files: Callable[[], None]
) -> None:
    touch(tmp_path, "1.jpg")
    (shard,) = plan_of(tmp_path)
    reader = ShardReader(settings_of(tmp_path))
    no_more_files()
    with pytest.raises(InputError, match=r"^cannot read .*: Too many open files; run again to"):
        list(reader.read(shard))


def test_a_picture_may_be_made_larger_while_it_is_scored(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(make_picture(0))
    settings = settings_of(tmp_path, max_file_bytes=50_000)
    (shard,) = plan_of(tmp_path, max_file_bytes=50_000)
    (tmp_path / "1.jpg").write_bytes(bytes(60_000))
    (picture,) = ShardReader(settings).read(shard)
    assert picture.error_code == "file_too_large"
