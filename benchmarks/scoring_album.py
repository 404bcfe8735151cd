"""Folders of one photo under many names, as input of scoring jobs."""

import os
from pathlib import Path

FOLDER_FILES = 1_000


class Album:
    """Folders of any number of pictures, each made once."""

    def __init__(self, root: Path, jpeg: bytes) -> None:
        """Write the photo.

        Args:
            root: takes the folders; on one file system, for hard links.
            jpeg: the photo.
        """
        self._root = root
        self._photo = root / "photo.jpg"
        root.mkdir(parents=True, exist_ok=True)
        self._photo.write_bytes(jpeg)

    def folder(self, pictures: int) -> Path:
        """A folder with that many; a thousand in each of its own folders."""
        folder = self._root / f"{pictures}"
        if folder.exists():
            return folder
        for index in range(pictures):
            # Links, not copies: tens of thousands of photos would not stay in the page cache, and
            # a round would measure the disk that its turn happened to meet.
            file = folder / f"{index // FOLDER_FILES:03d}" / f"{index:06d}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            os.link(self._photo, file)
        return folder
