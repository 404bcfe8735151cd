"""The same pictures as every kind of input."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Files = Mapping[str, bytes]
"""Name → content; names have folders."""


def write_folder(folder: Path, files: Files) -> Path:
    """A folder."""
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def write_list(folder: Path, files: Files) -> Path:
    """A text list beside the files that it names."""
    write_folder(folder, files)
    path = folder / "list.txt"
    path.write_text("".join(f"{name}\n" for name in files), encoding="utf-8")
    return path


def write_tar(folder: Path, files: Files) -> Path:
    """One tar archive."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pictures.tar"
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_zip(folder: Path, files: Files) -> Path:
    """One ZIP archive, stored: a deflated picture of one colour looks like a bomb."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_parquet(folder: Path, files: Files) -> Path:
    """One Parquet file: the pictures' names and bytes, in row groups of 100."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pictures.parquet"
    table = pa.table({"name": list(files), "image": pa.array(files.values(), pa.binary())})
    pq.write_table(table, path, row_group_size=100)
    return path


WRITERS: Mapping[str, Callable[[Path, Files], Path]] = {
    "folder": write_folder,
    "list": write_list,
    "tar": write_tar,
    "zip": write_zip,
    "parquet": write_parquet,
}
