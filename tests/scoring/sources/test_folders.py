import os
from pathlib import Path

import pytest

from scoring.errors import InputError
from scoring.sources.folders import Folder
from scoring.sources.kinds import is_usable
from tests.scoring.sources.inputs import touch


def files_of(top: Path, max_depth: int | None = None) -> list[str]:
    return list(Folder(str(top), is_usable, max_depth).files())


def test_a_folder_is_walked_in_the_order_of_its_names(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.jpg", "b/10.jpg", "a.jpg", "c.jpg", "b/deep/1.png", "b-1.jpg", "B.jpg")
    assert files_of(tmp_path) == [
        "B.jpg",
        "a.jpg",
        "b/10.jpg",
        "b/2.jpg",
        "b/deep/1.png",
        "b-1.jpg",
        "c.jpg",
    ]


def test_hidden_files_and_folders_and_other_files_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, ".a.jpg", ".thumbnails/1.jpg", "notes.txt", "._b.jpg", "b.jpg", "empty/x.json")
    assert files_of(tmp_path) == ["b.jpg"]


def test_what_is_called_a_picture_and_is_no_file_is_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "folder.jpg/b.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert files_of(tmp_path) == ["a.jpg", "folder.jpg/b.jpg"]


def test_folders_are_entered_as_deep_as_is_asked(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "a/1.jpg", "a/b/1.jpg")
    assert files_of(tmp_path, max_depth=1) == ["1.jpg"]
    assert files_of(tmp_path, max_depth=2) == ["1.jpg", "a/1.jpg"]


def test_a_link_to_a_picture_of_the_folder_is_a_picture(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg")
    (tmp_path / "best.jpg").symlink_to("cats/1.jpg")
    (tmp_path / "gone.jpg").symlink_to("cats/2.jpg")
    assert files_of(tmp_path) == ["best.jpg", "cats/1.jpg", "gone.jpg"]


def test_a_link_to_a_directory_of_the_folder_is_not_followed_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg")
    (tmp_path / "again").symlink_to("cats")
    (tmp_path / "cats" / "loop").symlink_to("..")
    (tmp_path / "cats" / "self").symlink_to("self")
    assert files_of(tmp_path) == ["cats/1.jpg"]


@pytest.mark.parametrize("target", ["other/1.jpg", "other", "/etc"])
def test_a_link_out_of_the_folder_is_refused_by_name(tmp_path: Path, target: str) -> None:
    touch(tmp_path, "photos/cats/1.jpg", "other/1.jpg")
    (tmp_path / "photos" / "cats" / "way-out.jpg").symlink_to(tmp_path / target)
    with pytest.raises(InputError, match=r"cats/way-out\.jpg is a link to .*, outside of"):
        files_of(tmp_path / "photos")


def test_a_folder_beside_with_a_longer_name_is_outside(tmp_path: Path) -> None:
    touch(tmp_path, "photos/1.jpg", "photos-private/2.jpg")
    (tmp_path / "photos" / "2.jpg").symlink_to("../photos-private/2.jpg")
    with pytest.raises(InputError, match="outside of"):
        files_of(tmp_path / "photos")


def test_a_link_out_of_the_folder_that_nobody_would_read_is_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "photos/1.jpg", "notes.txt", "hidden/1.jpg")
    (tmp_path / "photos" / "notes.txt").symlink_to("../notes.txt")
    (tmp_path / "photos" / ".cache").symlink_to("../hidden")
    assert files_of(tmp_path / "photos") == ["1.jpg"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "disk/cats/1.jpg")
    (tmp_path / "disk" / "best.jpg").symlink_to(tmp_path / "disk" / "cats" / "1.jpg")
    (tmp_path / "photos").symlink_to("disk")
    assert files_of(tmp_path / "photos") == ["best.jpg", "cats/1.jpg"]


def test_the_output_of_a_job_in_the_folder_is_no_input(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "scores/_job.json", "scores/part-000000.parquet")
    assert files_of(tmp_path) == ["1.jpg"]


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^cannot list .*/gone/: No such file or directory$"):
        files_of(tmp_path / "gone")


def test_a_hundred_folders_deep(tmp_path: Path) -> None:
    path = "/".join(["d"] * 100) + "/1.jpg"
    touch(tmp_path, path)
    assert files_of(tmp_path) == [path]
