from itertools import islice
from pathlib import Path

import pytest

from scoring.errors import InputError, SettingsError
from scoring.sources.planning import plan
from tests.scoring.buckets import Bucket
from tests.scoring.containers import write_tar
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.sources.inputs import plan_of, settings_of, sources_of, touch


def test_a_folder_is_planned_in_the_order_of_its_names(tmp_path: Path) -> None:
    touch(tmp_path, "b/1.jpg", "a/2.jpg", "a/1.png", "notes.txt")
    (shard,) = plan_of(tmp_path)
    assert (shard.index, shard.first_id, shard.count, shard.kind) == (0, 0, 3, "files")
    assert [item.source for item in shard.items] == ["a/1.png", "a/2.jpg", "b/1.jpg"]
    assert shard.file == "part-000000.parquet"


def test_a_prefix_is_planned_like_a_folder_with_the_sizes_of_its_objects(s3: Bucket) -> None:
    for name in ("b/1.jpg", "a/2.jpg", "notes.txt"):
        s3.put(f"photos/{name}", name.encode())
    (shard,) = plan_of(f"{s3.url}/photos")
    assert [(item.source, item.size) for item in shard.items] == [("a/2.jpg", 7), ("b/1.jpg", 7)]


def test_a_large_folder_is_cut_into_shards_as_it_is_listed(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{folder}/{name}.jpg" for folder in range(4) for name in range(5)))
    shards = plan_of(tmp_path, shard_pictures=8)
    assert [(shard.index, shard.first_id, shard.count) for shard in shards] == [
        (0, 0, 8),
        (1, 8, 8),
        (2, 16, 4),
    ]
    # A folder behind them cannot be used, which only who comes there finds out.
    (tmp_path / "4").mkdir()
    (tmp_path / "4" / "out").symlink_to("/etc")
    assert list(islice(plan(settings_of(tmp_path, shard_pictures=8)), 2)) == shards[:2]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.jpg", ["1.jpg"]),
        ("*/*.jpg", ["cats/2.jpg", "dogs/4.jpg"]),
        ("**/*.jpg", ["1.jpg", "cats/2.jpg", "cats/old/3.jpg", "dogs/4.jpg"]),
        ("[c-d]*/[!2]*", ["cats/notes.md", "dogs/4.jpg"]),
        ("cats/**/?.jpg", ["2.jpg", "old/3.jpg"]),
        ("dogs/?.jpg", ["4.jpg"]),
    ],
)
def test_a_glob_takes_what_it_matches(
    tmp_path: Path, s3: Bucket, pattern: str, names: list[str]
) -> None:
    every = ("1.jpg", "cats/2.jpg", "cats/old/3.jpg", "cats/notes.md", "dogs/4.jpg", "dogs/.5.jpg")
    touch(tmp_path, *every)
    s3.put_folder(tmp_path, "photos")
    assert sources_of(tmp_path / pattern) == sources_of(f"{s3.url}/photos/{pattern}") == names


def test_a_glob_that_matches_nothing_or_means_nothing_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg")
    with pytest.raises(InputError, match=r"^no file matches .*/\*\.png$"):
        plan_of(tmp_path / "*.png")
    with pytest.raises(InputError, match=r"`\*\*` stands for folders"):
        plan_of(tmp_path / "**.jpg")


def test_a_single_picture_is_an_input(tmp_path: Path, s3: Bucket) -> None:
    touch(tmp_path, "a b.jpg")
    s3.put("photos/a b.jpg", b"")
    assert sources_of(tmp_path / "a b.jpg") == ["a b.jpg"]
    assert sources_of(f"{s3.url}/photos/a b.jpg") == ["a b.jpg"]


def test_a_name_that_is_not_utf_8_is_planned_and_read(tmp_path: Path) -> None:
    Path(str(tmp_path / "caf\udce9.jpg")).write_bytes(b"coffee")
    assert sources_of(tmp_path) == ["caf\\xe9.jpg"]


def test_folders_name_the_classes(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "cats/old/2.jpg", "3.jpg")
    (shard,) = plan_of(tmp_path, labels_from_folders=True)
    assert [item.expected for item in shard.items] == [None, "cats", "cats"]
    (shard,) = plan_of(tmp_path)
    assert [item.expected for item in shard.items] == [None, None, None]


def test_archives_among_the_pictures_of_a_folder_are_shards_of_their_own(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "z.jpg")
    files = {picture_name(index): make_picture(index) for index in range(3)}
    archive = write_tar(tmp_path / "m", files)
    shards = plan_of(tmp_path)
    assert [(shard.kind, shard.first_id, shard.count) for shard in shards] == [
        ("files", 0, 1),
        ("tar", 1, 3),
        ("files", 4, 1),
    ]
    name = archive.relative_to(tmp_path).as_posix()
    assert sources_of(tmp_path)[1].startswith(f"{name}!")


def test_a_list_may_name_archives(tmp_path: Path) -> None:
    files = {picture_name(index): make_picture(index) for index in range(3)}
    archive = write_tar(tmp_path / "m", files).relative_to(tmp_path)
    (tmp_path / "all.txt").write_text(f"{archive}\n")
    sources = sources_of(tmp_path / "all.txt")
    assert len(sources) == 3
    assert sources[0].startswith(f"{archive}!")


@pytest.mark.parametrize("option", ["path_column", "bytes_column", "label_column"])
def test_pictures_without_columns_have_no_column(tmp_path: Path, option: str) -> None:
    touch(tmp_path, "a.jpg")
    with pytest.raises(SettingsError, match="a folder of pictures has no column 'x'; leave the"):
        plan_of(tmp_path, **{option: "x"})


def test_labels_are_in_a_column_or_in_folders(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose one"):
        plan_of(tmp_path, label_column="x", labels_from_folders=True)


def test_a_folder_without_pictures_says_what_it_looked_for(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt", ".hidden.jpg")
    with pytest.raises(InputError, match=r"^no picture is in .*: no file there ends in \.jpg "):
        plan_of(tmp_path)
