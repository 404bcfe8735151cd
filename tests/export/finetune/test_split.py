"""Three parts of every class."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.errors import ExportError
from export.finetune.pictures import MINIMUM, PictureFolder, find_pictures
from export.finetune.settings import FinetuneSettings
from export.finetune.split import Split, link_folder, split_pictures

Maker = Callable[..., Path]


def folder_of(counts: list[int]) -> PictureFolder:
    root = Path("pictures")
    files = {
        f"c{i}": tuple(root / f"c{i}" / f"{j}.png" for j in range(n)) for i, n in enumerate(counts)
    }
    return PictureFolder(root, files)


def parts(split: Split) -> list[dict[str, tuple[Path, ...]]]:
    return [split.train, split.validation, split.holdout]


@given(st.lists(st.integers(MINIMUM, 300), min_size=2, max_size=6), st.integers(0, 99))
def test_every_class_is_in_every_part_in_its_share(counts: list[int], seed: int) -> None:
    split = split_pictures(folder_of(counts), holdout=0.2, validation=0.15, seed=seed)
    for index, count in enumerate(counts):
        train, validation, holdout = (len(part[f"c{index}"]) for part in parts(split))
        assert holdout == max(1, round(0.2 * count))
        assert validation == max(1, round(0.15 * count))
        assert train == count - holdout - validation


@given(st.lists(st.integers(MINIMUM, 60), min_size=2, max_size=4), st.integers(0, 99))
def test_the_parts_share_no_picture_and_lose_none(counts: list[int], seed: int) -> None:
    folder = folder_of(counts)
    split = split_pictures(folder, holdout=0.2, validation=0.15, seed=seed)
    files = [path for part in parts(split) for paths in part.values() for path in paths]
    assert len(files) == len(set(files)) == folder.count


def test_a_seed_repeats_its_split_and_another_gives_another() -> None:
    folder = folder_of([40, 60])
    first, again = (split_pictures(folder, holdout=0.2, validation=0.1, seed=4) for _ in range(2))
    other = split_pictures(folder, holdout=0.2, validation=0.1, seed=5)
    assert first == again
    assert first.holdout != other.holdout


def test_links_lay_a_part_out_for_keras(make_pictures: Maker, tmp_path: Path) -> None:
    folder = find_pictures(make_pictures({"blue": 5, "red": 6}))
    laid = link_folder(folder.files, tmp_path / "links")
    found = sorted(laid.rglob("*.*"))
    assert [path.parent.name for path in found] == ["blue"] * 5 + ["red"] * 6
    assert [path.resolve() for path in found] == [
        path.resolve() for files in folder.files.values() for path in files
    ]


@pytest.mark.parametrize(("holdout", "validation"), [(0, 0.1), (0.2, 0), (0.5, 0.4), (-0.1, 0.2)])
def test_shares_that_leave_nothing_are_refused(
    tmp_path: Path, holdout: float, validation: float
) -> None:
    with pytest.raises(ExportError, match="both must be above 0, and at most"):
        FinetuneSettings(
            pictures=tmp_path, name="n", report=tmp_path, holdout=holdout, validation=validation
        )
