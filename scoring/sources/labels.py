"""What an input says that a picture shows."""

from scoring.sources.locations import is_relative

LABEL_COLUMNS = ("label", "class")
"""What a column of labels is usually called."""


def folder_label(path: str) -> str | None:
    """The class that a picture's folder names, as `python -m export finetune` reads folders.

    That is the first one: `cats` of `cats/indoor/1.jpg`. Of an absolute path or a URL it is the
    last one: its first is somebody's disk.

    Returns:
        None where it is in no folder.
    """
    folders = [part for part in path.split("/")[:-1] if part not in ("", ".", "..")]
    if not folders:
        return None
    return folders[0] if is_relative(path) else folders[-1]
