"""What a job left behind, read as anybody would: a folder of files, and pyarrow."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

BESIDE = {"_plan.arrow", "_job.json", "_SUCCESS"}
"""What a finished job has beside its parts."""

Row = dict[str, Any]


def parts(output: Path) -> list[Path]:
    """The files that hold rows."""
    return sorted(output.glob("part-*.parquet"))


def tables(output: Path) -> Iterator[pa.Table]:
    """Each part's rows."""
    for part in parts(output):
        yield pq.read_table(part)


def read_rows(output: Path) -> list[Row]:
    """Every row, in the order of their ids."""
    rows = [row for table in tables(output) for row in table.to_pylist()]
    return sorted(rows, key=lambda row: row["id"])


def by_source(output: Path) -> dict[str, Row]:
    """Every row by its picture; no picture has two."""
    rows = read_rows(output)
    found = {row["source"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def read_job(output: Path) -> dict[str, Any]:
    """`_job.json`."""
    return json.loads((output / "_job.json").read_text(encoding="utf-8"))


def digests(output: Path) -> dict[str, str]:
    """sha256 of every part."""
    return {part.name: hashlib.sha256(part.read_bytes()).hexdigest() for part in parts(output)}


def everything(folder: Path) -> dict[str, str]:
    """sha256 of every file in a folder and below; empty where there is no such folder."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def check_complete(output: Path, pictures: int) -> None:
    """Assert that a job is finished: every picture once, and nothing beside the job's own files."""
    ids = [number for table in tables(output) for number in table.column("id").to_pylist()]
    assert ids == list(range(pictures)), "a picture is missing, twice, or not in its place"
    names = {file.name for file in output.iterdir()}
    assert names == BESIDE | set(digests(output)), "something was left behind"
    assert (output / "_SUCCESS").read_bytes() == b""
