"""The user's folder of pictures, and what is wrong with it."""

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile

import pytest

from export.errors import ExportError
from export.finetune.datasets import check_readable
from export.finetune.pictures import find_pictures, without_copies

Maker = Callable[..., Path]


def test_classes_are_sorted_folders(make_pictures: Maker) -> None:
    folder = find_pictures(make_pictures({"red": 6, "blue": 5, "green": 7}))
    assert folder.class_names == ("blue", "green", "red")
    assert [len(files) for files in folder.files.values()] == [5, 7, 6]
    assert folder.count == 18


def test_classes_may_be_given_in_an_order_of_their_own(make_pictures: Maker) -> None:
    root = make_pictures()
    assert find_pictures(root, ("red", "blue")).class_names == ("red", "blue")
    with pytest.raises(ExportError, match="the classes named are"):
        find_pictures(root, ("red", "green"))


def test_hidden_folders_and_other_files_are_passed_over(make_pictures: Maker) -> None:
    root = make_pictures()
    (root / ".ipynb_checkpoints").mkdir()
    (root / "red" / "notes.txt").write_text("not a picture")
    (root / "red" / "deeper").mkdir()
    (root / "red" / "red0.jpg").rename(root / "red" / "deeper" / "RED0.JPG")
    folder = find_pictures(root)
    assert folder.class_names == ("blue", "red")
    assert len(folder.files["red"]) == 30


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"there is no folder .*nowhere"):
        find_pictures(tmp_path / "nowhere")


def test_one_class_alone_is_refused(make_pictures: Maker) -> None:
    with pytest.raises(ExportError, match="two at least; it has only 'red'"):
        find_pictures(make_pictures({"red": 9}))


def test_a_folder_without_class_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="two at least; it has none"):
        find_pictures(tmp_path)


def test_a_class_of_too_few_pictures_is_named_with_the_counts(make_pictures: Maker) -> None:
    with pytest.raises(ExportError, match=r"every class needs 5 pictures .* 'red' has 4: add"):
        find_pictures(make_pictures({"blue": 9, "red": 4}))


def test_pictures_that_cannot_be_decoded_are_named(make_pictures: Maker) -> None:
    root = make_pictures()
    whole = (root / "red" / "red2.jpg").read_bytes()
    (root / "red" / "red2.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "blue" / "blue1.png").write_text("text under a picture's name")
    with pytest.raises(ExportError, match=r"2 of 50 .*: blue/blue1.png, red/red2.jpg; remove"):
        check_readable(find_pictures(root))


def test_readable_pictures_pass(make_pictures: Maker) -> None:
    check_readable(find_pictures(make_pictures()))


def test_copies_of_a_picture_are_left_out(make_pictures: Maker) -> None:
    root = make_pictures()
    copyfile(root / "red" / "red3.png", root / "red" / "the same again.png")
    found = find_pictures(root)
    kept = without_copies(found)
    assert (found.count, kept.count) == (51, 50)
    assert root / "red" / "the same again.png" not in kept.files["red"]


def test_a_picture_in_two_classes_is_refused(make_pictures: Maker) -> None:
    root = make_pictures()
    copyfile(root / "red" / "red3.png", root / "blue" / "also blue.png")
    with pytest.raises(ExportError, match=r"blue/also blue.png and red/red3.png are the same"):
        without_copies(find_pictures(root))


def test_a_class_of_copies_has_too_few_pictures(make_pictures: Maker) -> None:
    root = make_pictures({"blue": 9, "red": 5})
    copyfile(root / "red" / "red3.png", root / "red" / "red1.png")
    with pytest.raises(ExportError, match=r"'red' has 4"):
        without_copies(find_pictures(root))
