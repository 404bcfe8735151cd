"""What is measured on was not calibrated on; too few or broken pictures are one sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bundle.digests import sha256_of
from bundle.repository import Bundle
from export.errors import SettingsError
from export.precision.options import PrecisionOptions
from export.precision.pictures import Parts, choose_pictures

Maker = Callable[..., Path]
Adder = Callable[..., Bundle]
LABELS = ("red", "green", "blue")


def choose(variant: Any = "int8", **settings: Any) -> Parts:
    return choose_pictures(PrecisionOptions("colours", (variant,), **settings), LABELS)


def test_half_of_one_folder_is_held_out_and_always_the_same_half(make_pictures: Maker) -> None:
    folder = make_pictures("all", 260)
    parts = choose(calibrate=folder)
    assert choose(calibrate=folder) == parts
    assert len(parts.calibration) + len(parts.held_out.files) == 260
    assert 100 <= len(parts.calibration) <= 160
    assert not set(parts.calibration) & set(parts.held_out.files)
    shutil.move(str(folder), str(folder.with_name("moved")))
    moved = choose(calibrate=folder.with_name("moved"))
    assert [f.name for f in moved.calibration] == [f.name for f in parts.calibration]


def test_copies_count_once_and_are_measured_not_calibrated_on(make_pictures: Maker) -> None:
    held = make_pictures("held", 100)
    folder = make_pictures("cal", 40, seed=1)
    for file in sorted(held.rglob("*.png"))[:10]:
        shutil.copy(file, folder / f"copy-{file.name}")
    shutil.copytree(held / "red", held / "red" / "again")
    parts = choose(calibrate=folder, held_out=held)
    assert len(parts.held_out.files) == 100
    assert len(parts.calibration) == 40
    digests = {sha256_of(file) for file in parts.held_out.files}
    assert not digests & {sha256_of(file) for file in parts.calibration}


def test_fp16_alone_measures_on_the_whole_folder(make_pictures: Maker) -> None:
    parts = choose("fp16", calibrate=make_pictures("all", 110))
    assert len(parts.held_out.files) == 110


def test_classes_are_the_folders_names_or_ids(make_pictures: Maker) -> None:
    held = make_pictures("held", 102)
    named = choose("fp16", held_out=held).held_out
    assert {
        file.parent.name for file, c in zip(named.files, named.classes, strict=True) if c == 1
    } == {"green"}
    for index, label in enumerate(LABELS):
        (held / label).rename(held / str(index))
    assert sorted(choose("fp16", held_out=held).held_out.classes) == sorted(named.classes)
    (held / "0").rename(held / "crimson")
    assert choose("fp16", held_out=held).held_out.classes == ()


def test_too_few_pictures_say_how_many_are_needed(make_pictures: Maker) -> None:
    held = make_pictures("held", 99)
    with pytest.raises(SettingsError, match=r"99 different pictures .* 100 are needed"):
        choose("fp16", held_out=held)
    assert len(choose("fp16", held_out=held, threshold=0.98).held_out.files) == 99
    with pytest.raises(SettingsError, match=r"5 pictures in .*few to calibrate on .* 20 are"):
        choose(calibrate=make_pictures("few", 5, seed=1), held_out=make_pictures("more", 100))
    with pytest.raises(SettingsError, match=r"half of .*small; or give --held-out FOLDER"):
        choose(calibrate=make_pictures("small", 60))


@pytest.mark.parametrize(
    ("threshold", "needed"), [(0.5, 2), (0.9, 10), (0.99, 100), (0.995, 200), (0.999, 1000)]
)
def test_as_many_are_needed_as_let_one_differ(threshold: float, needed: int) -> None:
    options = PrecisionOptions("colours", ("fp16",), held_out=Path(), threshold=threshold)
    assert options.needed == needed


def test_a_folder_that_is_none_or_is_empty(tmp_path: Path, make_pictures: Maker) -> None:
    held = make_pictures("held", 100)
    with pytest.raises(SettingsError, match=r"--calibrate expects a folder of pictures; .*nowhere"):
        choose(calibrate=tmp_path / "nowhere", held_out=held)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    with pytest.raises(SettingsError, match=r"--calibrate: there are no pictures in .*empty"):
        choose(calibrate=tmp_path / "empty", held_out=held)
    with pytest.raises(SettingsError, match="--held-out: there are no pictures in"):
        choose("fp16", held_out=tmp_path / "empty")


def test_a_broken_picture_is_named(add: Adder, make_pictures: Maker) -> None:
    held, folder = make_pictures("held", 100), make_pictures("cal", 30, seed=1)
    whole = (folder / "red" / "0003.png").read_bytes()
    (folder / "red" / "0003.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SettingsError, match=r"red/0003\.png cannot be used: .*out of the folder"):
        add("int8", calibrate=folder, held_out=held)
    (held / "blue" / "0002.png").write_bytes(b"no picture at all")
    with pytest.raises(SettingsError, match=r"held/blue/0002\.png cannot be used"):
        add("int8", calibrate=folder, held_out=held)


def test_what_is_missing_is_asked_for() -> None:
    with pytest.raises(SettingsError, match="which precision"):
        PrecisionOptions("colours", ())
    with pytest.raises(SettingsError, match="--int8 needs --calibrate FOLDER"):
        PrecisionOptions("colours", ("int8",), held_out=Path())
    with pytest.raises(SettingsError, match="give --held-out FOLDER"):
        PrecisionOptions("colours", ("fp16",))
