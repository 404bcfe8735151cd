"""What may be written as OUTPUT."""

from pathlib import Path

import pytest

from scoring.errors import OutputError
from scoring.outputs.local import LocalOutput
from scoring.outputs.places import open_output
from tests.scoring.buckets import Bucket


def test_a_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_output("some/scores") == LocalOutput(tmp_path / "some" / "scores")
    assert open_output("some/scores").location == str(tmp_path / "some" / "scores")


def test_nothing_is_made_by_opening(tmp_path: Path) -> None:
    open_output(str(tmp_path / "scores"))
    assert list(tmp_path.iterdir()) == []


def test_an_object_store_is_opened_from_its_location_again(s3: Bucket) -> None:
    first = open_output(f"{s3.url}/scores/")
    first.commit("part-000000.parquet", b"rows")
    assert first.location == f"{s3.url}/scores"
    assert open_output(first.location).names() == {"part-000000.parquet"}


@pytest.mark.parametrize("text", ["https://example.com/scores", "ftp://host/scores", "", "s3://"])
def test_other_places_are_refused(text: str) -> None:
    with pytest.raises(OutputError, match="is no place for results"):
        open_output(text)
