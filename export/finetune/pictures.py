"""The user's pictures: a folder per class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bundle.digests import sha256_of
from export.errors import ExportError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
"""What keras.utils.image_dataset_from_directory takes; it passes over all other files."""

_CLASSES = 2

MINIMUM = 5
"""Pictures a class: one held out, one for early stopping, and three to learn from."""


@dataclass(frozen=True, slots=True)
class PictureFolder:
    """The classes in order, and each one's files, sorted."""

    root: Path
    files: dict[str, tuple[Path, ...]]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The folders' names, in the order of the network's outputs."""
        return tuple(self.files)

    @property
    def count(self) -> int:
        """Pictures in all."""
        return sum(map(len, self.files.values()))


def find_pictures(root: Path, class_names: Sequence[str] | None = None) -> PictureFolder:
    """List a folder of class folders, sub-folders of a class included.

    Args:
        root: the folder; hidden folders in it are passed over.
        class_names: the folders in the order wanted; None sorts them by name.

    Raises:
        ExportError: no such folder, fewer than two classes, or a class of too few pictures.
    """
    if not root.is_dir():
        raise ExportError(f"there is no folder {root}; expected one with a folder per class in it")
    found = sorted(
        entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    )
    if len(found) < _CLASSES:
        have = f"only {found[0]!r}" if found else "none"
        raise ExportError(f"{root} needs a folder per class, two at least; it has {have}")
    names = list(class_names) if class_names is not None else found
    if sorted(names) != found:
        raise ExportError(f"{root} has the folders {found}, and the classes named are {names}")
    return _checked(PictureFolder(root, {name: _pictures_in(root / name) for name in names}))


def _checked(folder: PictureFolder) -> PictureFolder:
    """The folder, if every class has enough pictures."""
    small = [
        f"{name!r} has {len(files)}" for name, files in folder.files.items() if len(files) < MINIMUM
    ]
    if small:
        raise ExportError(
            f"every class needs {MINIMUM} pictures (JPEG, PNG, GIF or BMP) at least; "
            f"in {folder.root} {', '.join(small[:5])}: add pictures, or leave the class out"
        )
    return folder


def without_copies(folder: PictureFolder) -> PictureFolder:
    """Leave out files that are byte for byte copies of another of their class.

    A copy on the other side of the split would be a held-out picture that training has seen.

    Raises:
        ExportError: one picture lies in two classes.
    """
    first: dict[str, Path] = {}
    kept: dict[str, list[Path]] = {name: [] for name in folder.files}
    for name, files in folder.files.items():
        for path in files:
            known = first.setdefault(sha256_of(path), path)
            if known is path:
                kept[name].append(path)
            elif known not in kept[name]:
                raise ExportError(
                    f"{known.relative_to(folder.root)} and {path.relative_to(folder.root)} are the "
                    "same picture in two classes; remove one of them"
                )
    return _checked(PictureFolder(folder.root, {name: tuple(kept[name]) for name in kept}))


def _pictures_in(folder: Path) -> tuple[Path, ...]:
    """Every picture under a class's folder, sorted."""
    return tuple(
        sorted(
            path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()
        )
    )
