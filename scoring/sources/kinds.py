"""What a file's name says of it."""

from scoring.shards import Kind

PICTURES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    # Pictures that are not decoded: each is a row that says so, and not left out unseen.
    *(".heic", ".heif", ".avif", ".jxl", ".jp2"),
)

_TARS = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
ARCHIVES: dict[Kind, tuple[str, ...]] = {
    "tar": _TARS,
    "zip": (".zip",),
    "parquet": (".parquet", ".pq"),
}


def kind_of(path: str) -> Kind:
    """How what lies there is read; `files` unless its name is that of an archive."""
    name = path.lower()
    for kind, ends in ARCHIVES.items():
        if name.endswith(ends):
            return kind
    return "files"


def is_picture(path: str) -> bool:
    """Whether its name is a picture's."""
    return path.lower().endswith(PICTURES)


def is_usable(path: str) -> bool:
    """Whether a folder that holds it means it: a picture, or an archive of pictures."""
    return is_picture(path) or kind_of(path) != "files"
