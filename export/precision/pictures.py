"""The pictures to calibrate on and those to measure on, which share none."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bundle.digests import sha256_of
from engine.arrays import Pixels
from engine.errors import ImageError
from engine.recipes import Recipe
from export.errors import SettingsError
from export.pictures import SUFFIXES
from export.precision.options import PrecisionOptions

CALIBRATION_PICTURES = 20
"""Fewer say too little of an activation's range."""

_HALF = 8
"""The first hexadecimal digit of half of all sha256s is smaller."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Picture files, and the class of each where the folders name it.

    Args:
        files: sorted by path.
        classes: as long as `files`; empty where they are not known.
    """

    files: tuple[Path, ...]
    classes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """What the ranges come from, and what the agreement is measured on."""

    calibration: tuple[Path, ...]
    held_out: Pictures


def choose_pictures(options: PrecisionOptions, labels: Sequence[str]) -> Parts:
    """List the folders, and keep what is measured apart from what is calibrated on.

    Copies count once, and by content: a picture that lies in both folders is measured only. Without
    a folder of held-out pictures, half of the others are held out, chosen by their sha256, so that
    the same picture is always on the same side.

    Raises:
        SettingsError: no such folder, no pictures, or too few of them.
    """
    wanted = _by_content(options.calibrate, "--calibrate") if options.calibrate else {}
    if options.held_out is not None:
        held = _by_content(options.held_out, "--held-out")
        root = options.held_out
    else:
        root = options.calibrate or Path()
        split = "int8" in options.variants
        held = {key: file for key, file in wanted.items() if not split or int(key[0], 16) < _HALF}
    calibration = tuple(sorted(file for key, file in wanted.items() if key not in held))
    files = tuple(sorted(held.values()))
    _check_counts(options, len(calibration), len(files), root)
    return Parts(calibration, Pictures(files, _classes(files, root, labels)))


def read_pictures(files: Iterable[Path], recipe: Recipe) -> Iterator[Pixels]:
    """Each picture as the network sees it: (height, width, channels), one at a time.

    Raises:
        SettingsError: a file cannot be read or is not a picture; the message names it.
    """
    for file in files:
        try:
            yield recipe(file.read_bytes())
        except OSError as error:
            raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
        except ImageError as error:
            raise SettingsError(
                f"{file} cannot be used: {error}; repair it or take it out of the folder"
            ) from error


def _by_content(folder: Path, option: str) -> dict[str, Path]:
    """The pictures under a folder by their sha256."""
    if not folder.is_dir():
        raise SettingsError(f"{option} expects a folder of pictures; {folder} is none")
    files = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    if not files:
        raise SettingsError(
            f"{option}: there are no pictures in {folder}; expected {', '.join(sorted(SUFFIXES))}"
        )
    return {sha256_of(path): path for path in sorted(files, reverse=True) if path.is_file()}


def _check_counts(options: PrecisionOptions, calibration: int, held_out: int, root: Path) -> None:
    """Raise SettingsError where there are too few pictures for what was asked."""
    if held_out < options.needed:
        how = "" if options.held_out else f" (half of {root}; or give --held-out FOLDER)"
        raise SettingsError(
            f"{held_out} different pictures to measure on{how}: for {options.threshold:.1%} "
            f"agreement {options.needed} are needed, so that one may differ"
        )
    if "int8" in options.variants and calibration < CALIBRATION_PICTURES:
        raise SettingsError(
            f"{calibration} pictures in {options.calibrate} to calibrate on that are not measured "
            f"on too: {CALIBRATION_PICTURES} are needed, and a hundred are better"
        )


def _classes(files: Sequence[Path], root: Path, labels: Sequence[str]) -> tuple[int, ...]:
    """Each file's class, if the folders under the root are labels or class ids; else nothing."""
    ids = {str(index): index for index in range(len(labels))}
    ids |= {label: index for index, label in enumerate(labels)}
    folders = [file.relative_to(root).parts[0] for file in files]
    if not all(name in ids for name in folders):
        return ()
    return tuple(ids[name] for name in folders)
