"""Three parts of every class: to learn from, to stop early by, and to measure on at the end."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.model_selection import train_test_split

from export.finetune.pictures import PictureFolder

Files = dict[str, tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Split:
    """Files by class, in the folder's order; the parts share none."""

    train: Files
    validation: Files
    holdout: Files


def split_pictures(folder: PictureFolder, *, holdout: float, validation: float, seed: int) -> Split:
    """Split every class in the same shares, so that the parts are stratified by construction.

    The hold-out is touched once, after training: early stopping looks at the validation part, or
    the accuracy in the manifest would be the best of as many tries as there were epochs.

    Args:
        holdout, validation: shares of each class, rounded, one picture at least.
    """
    train: Files = {}
    watched: Files = {}
    held: Files = {}
    for name, files in folder.files.items():
        rest, held[name] = _cut(files, round(holdout * len(files)), seed)
        train[name], watched[name] = _cut(rest, round(validation * len(files)), seed)
    return Split(train, watched, held)


def _cut(files: Sequence[Path], count: int, seed: int) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The others, and `count` of them (one at least)."""
    rest, taken = train_test_split(list(files), test_size=max(1, count), random_state=seed)
    return tuple(sorted(rest)), tuple(sorted(taken))


def link_folder(files: Files, folder: Path) -> Path:
    """Lay a part out as a folder per class, of links to the files.

    So image_dataset_from_directory itself reads a part, and nothing of its decoding and resizing
    has to be imitated.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name, paths in files.items():
        (folder / name).mkdir(parents=True)
        for index, path in enumerate(paths):
            link = folder / name / f"{index:06}{path.suffix.lower()}"
            link.symlink_to(path.resolve())
    return folder
