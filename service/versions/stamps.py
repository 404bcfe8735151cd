"""What tells whether files were changed, without reading them."""

from pathlib import Path

Stamp = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change of each file; equal as long as none was changed."""


def stamp(path: Path) -> Stamp:
    """Of a file, or of all files in a folder; empty where there is none, or it cannot be read."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        stats = [(file.name, file.stat()) for file in files]
    except OSError:
        return ()
    return tuple((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
