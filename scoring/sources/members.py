"""Members of archives: their names, and what makes an archive one that cannot be used."""

from scoring.errors import InputError, SettingsError
from scoring.sources.locations import readable
from scoring.sources.picture import Picture

_NESTED = (
    *(".7z", ".rar", ".zip", ".tar", ".tgz", ".tbz2", ".txz"),
    *(".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"),
)


def member_name(written: str) -> str:
    """A member's name as text, its folders parted by single slashes, without a leading `./`.

    Args:
        written: as in the archive; Windows writes backslashes.
    """
    parts = readable(written.replace("\\", "/")).split("/")
    absolute = "/" if parts[0] == "" else ""
    return absolute + "/".join(part for part in parts if part not in ("", "."))


def is_hidden(name: str) -> bool:
    """Whether it is what folders hide, or one of the forks that macOS adds to archives."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or any(part.startswith(".") and part != ".." for part in parts)


def check_name(archive: str, name: str) -> None:
    """Refuse what leads out of the archive, and what would have to be unpacked first.

    Args:
        archive: where it is, for the message.
        name: by `member_name`.

    Raises:
        InputError: see above.
    """
    if name.startswith("/") or ".." in name.split("/"):
        raise InputError(
            f"{archive} holds {name!r}, whose name leads out of the archive; pack it again with "
            "relative names"
        )
    if name.lower().endswith(_NESTED):
        raise InputError(
            f"{archive} holds another archive, {name!r}, whose pictures would be missed; unpack it "
            "and give the folder"
        )


def check_columns(archive: str, *asked: str | None) -> None:
    """Refuse settings that name columns of what has none.

    Raises:
        SettingsError: one of them is named.
    """
    named = next((column for column in asked if column is not None), None)
    if named is not None:
        raise SettingsError(f"{archive} has no column {named!r}; leave the option out")


def link_error(archive: str, name: str) -> InputError:
    """The error for a picture whose bytes are elsewhere, or not in one piece."""
    return InputError(
        f"{archive} holds {name!r} as a link or a sparse file; pack the files themselves "
        "(tar --dereference --hard-dereference, zip without --symlinks)"
    )


def too_large(source: str, expected: str | None, size_bytes: int, max_bytes: int) -> Picture:
    """A picture of more bytes than are read."""
    message = f"the file has {size_bytes:,} bytes; at most {max_bytes:,} are read"
    return Picture(source, None, expected, "file_too_large", message)


def unreadable(source: str, expected: str | None, reason: str) -> Picture:
    """A picture that is there and cannot be read."""
    return Picture(source, None, expected, "unreadable", f"the picture cannot be read: {reason}")
