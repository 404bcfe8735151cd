"""The files of a folder, in order, without ever holding more than a directory's names."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scoring.errors import InputError

JOB_FILE = "_job.json"
"""A folder with this in it holds what a scoring job found, and no pictures to be scored."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A local folder that is searched for files.

    Args:
        top: its path.
        is_wanted: of a path relative to `top`: whether that file is meant.
        max_depth: folders are entered whose paths have fewer parts than this.
    """

    top: str
    is_wanted: Callable[[str], bool]
    max_depth: int | None = None

    def files(self) -> Iterator[str]:
        """The wanted files, relative to `top`; those of a directory sorted by name.

        What is hidden is passed over, and what is no file. Links to files in the folder count as
        files; links to directories in it are not followed, whose files are found where they lie.

        Raises:
            InputError: a directory cannot be listed, or a link leads out of `top`.
        """
        real_top = os.path.realpath(self.top)
        waiting = [iter(self._list("", real_top))]
        while waiting:
            found = next(waiting[-1], None)
            if found is None:
                waiting.pop()
            elif found.endswith("/"):
                waiting.append(iter(self._list(found, real_top)))
            else:
                yield found

    def _list(self, folder: str, real_top: str) -> list[str]:
        """Paths in a directory; those of directories end in `/`, as does `folder`."""
        found: list[str] = []
        try:
            with os.scandir(os.path.join(self.top, folder)) as entries:  # noqa: PTH118 as scandir
                for entry in entries:
                    if entry.name == JOB_FILE:
                        return []
                    path = self._judge(entry, folder, real_top)
                    if path is not None:
                        found.append(path)
        except OSError as error:
            raise InputError(f"cannot list {self.top}/{folder}: {error.strerror}") from error
        # As sorted by the name alone: `/` would come before the digits and letters, `-` before it.
        return sorted(found, key=lambda path: path.rstrip("/"))

    def _judge(self, entry: os.DirEntry[str], folder: str, real_top: str) -> str | None:
        """An entry's path, or None where it is not meant."""
        path = folder + entry.name
        if entry.name.startswith("."):
            return None
        if entry.is_symlink():
            return self._judge_link(entry.path, path, real_top)
        if entry.is_dir(follow_symlinks=False):
            depth = path.count("/") + 1
            return f"{path}/" if self.max_depth is None or depth < self.max_depth else None
        return path if entry.is_file(follow_symlinks=False) and self.is_wanted(path) else None

    def _judge_link(self, link: str, path: str, real_top: str) -> str | None:
        """The same of a link; one to nowhere is a file that cannot be read."""
        target = os.path.realpath(link)
        is_folder = os.path.isdir(target)  # noqa: PTH112 paths are text all through here
        if not is_folder and not self.is_wanted(path):
            return None
        if os.path.commonpath((real_top, target)) != real_top:
            raise InputError(
                f"{self.top}/{path} is a link to {target}, outside of {self.top}: put what it "
                "leads to into the folder, or name its files in a list"
            )
        return None if is_folder else path
