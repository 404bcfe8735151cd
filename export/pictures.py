"""The sample pictures that the gates run on."""

from collections.abc import Sequence
from pathlib import Path

from export.errors import SettingsError

OWN_SAMPLES = Path(__file__).parent / "samples"
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"}


def sample_files(stated: Sequence[Path]) -> tuple[Path, ...]:
    """The user's pictures, or our own photographs where there are none.

    Raises:
        SettingsError: a stated file is missing.
    """
    for path in stated:
        if not path.is_file():
            raise SettingsError(f"there is no sample picture {path}")
    return tuple(stated) or list_pictures(OWN_SAMPLES)


def list_pictures(folder: Path, limit: int = 64) -> tuple[Path, ...]:
    """The pictures under a folder, sorted, at most `limit` of them, evenly spread over all.

    Raises:
        SettingsError: not a folder, or no pictures in it.
    """
    if not folder.is_dir():
        raise SettingsError(f"--samples expects a folder of pictures; {folder} is none")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise SettingsError(
            f"there are no pictures in {folder}; expected {', '.join(sorted(SUFFIXES))}"
        )
    step = max(1, len(found) / limit)
    return tuple(found[int(index * step)] for index in range(min(limit, len(found))))
