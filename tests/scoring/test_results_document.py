"""docs/scoring-results.md: its tables are what a job writes, its queries run."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.scoring.results import parts
from tests.servers import ROOT

DOCUMENT = (ROOT / "docs" / "scoring-results.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
EXTRA = ("--all-scores", "--layers", "pool", "--labels-from-folders")


@pytest.fixture(scope="module")
def scored(
    run_scoring: Callable[..., subprocess.CompletedProcess[str]],
    pictures: Path,
    models: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A job with every column, in a folder named as in the document."""
    output = tmp_path_factory.mktemp("document") / "results"
    job = ("run", "--models", models, "--model", "colours", "--shard", 10, *EXTRA)
    done = run_scoring(*job, pictures, output)
    assert done.returncode == 0, done.stderr
    return output


def documented_columns() -> dict[str, str]:
    """Column → type, of the document's table."""
    table = DOCUMENT.split("## Columns")[1].split("\n\n")[2]
    columns: dict[str, str] = {}
    for line in table.splitlines()[2:]:
        names, types = (cell.strip() for cell in line.split("|")[1:3])
        kinds = types.replace("\\", "").split(", ")
        found = re.findall(r"`([^`]+)`", names)
        columns |= dict(zip(found, kinds * (len(found) if len(kinds) == 1 else 1), strict=True))
    return columns


def written_type(field: object) -> str:
    """An Arrow type in the document's words: a dictionary of strings is strings to its reader."""
    words = re.sub(r"dictionary<values=(\w+),.*", r"\1", str(field))
    words = re.sub(r"(\w+)<\w+: (\w+)>.*", r"\1<\2>", words)
    return re.sub(r"\bfloat\b", "float32", words)


def test_the_columns_are_those_of_the_document(scored: Path) -> None:
    schema = pq.read_schema(parts(scored)[0])
    about = schema.metadata or {}
    of_layer = schema.field("layer:pool").metadata or {}
    written = {field.name: written_type(field.type) for field in schema}
    columns = documented_columns()
    columns["layer:pool"] = columns.pop("layer:PATH")
    assert written == columns
    assert about[b"cutaway.schema_version"] == b"1"
    assert about[b"cutaway.score"] == b"probability"
    assert json.loads(of_layer[b"cutaway.shape"]) == [3]
    assert of_layer[b"cutaway.pool"] == b"mean"


def test_the_files_are_those_of_the_document(scored: Path) -> None:
    table = DOCUMENT.split("## Columns")[0]
    names = {re.sub(r"\d{6}", "000000", file.name) for file in scored.iterdir()}
    assert names == set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(query.split())[:60])
def test_the_queries_run(query: str, scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scored.parent)
    with duckdb.connect() as database:
        rows = database.execute(query).fetchall()
    assert rows or "HAVING" in query, "it answers nothing"
