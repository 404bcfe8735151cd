"""Which pictures two jobs have in common."""

from pathlib import Path

import pytest

from scoring.compare.comparison import Comparison, compare
from scoring.errors import InputError
from scoring.results.scored import open_scored
from tests.scoring.known_jobs import Known, write_job

SCORES = (0.7, 0.2, 0.1)
OTHER = (0.1, 0.2, 0.7)


def compared(folder: Path, a: list[Known], b: list[Known]) -> Comparison:
    """Two jobs over these pictures."""
    outputs = [write_job(folder / name, known) for name, known in (("a", a), ("b", b))]
    return compare(*(open_scored(str(output)) for output in outputs))


def named(*sources: str, scores: tuple[float, ...] = SCORES) -> list[Known]:
    """Pictures whose bytes follow from the first letter of their names."""
    return [Known(s, scores, sha256=f"{ord(s[0]):064x}") for s in sources]


def test_pictures_are_found_by_their_names(tmp_path: Path) -> None:
    found = compared(tmp_path, named("a.jpg", "b.jpg", "c.jpg"), named("c.jpg", "b.jpg", "d.jpg"))
    pairs = found.pairs
    assert (pairs.pictures, pairs.only_a, pairs.only_b) == (2, 1, 1)
    assert (pairs.by_bytes, pairs.other_bytes) == (0, 0)
    assert found.agreement.share == 1


def test_pictures_with_other_names_are_found_by_their_bytes(tmp_path: Path) -> None:
    old = [Known(f"old/{i}.jpg", SCORES, sha256=f"{i:064x}") for i in range(4)]
    new = [Known(f"new/{i}.jpg", SCORES, sha256=f"{i:064x}") for i in range(5)]
    pairs = compared(tmp_path, old, new).pairs
    assert (pairs.pictures, pairs.by_bytes, pairs.only_a, pairs.only_b) == (4, 4, 0, 1)


def test_a_name_comes_before_the_bytes(tmp_path: Path) -> None:
    a = [Known("a.jpg", SCORES, sha256="1" * 64), Known("b.jpg", OTHER, sha256="2" * 64)]
    b = [Known("a.jpg", SCORES, sha256="2" * 64), Known("b.jpg", OTHER, sha256="1" * 64)]
    found = compared(tmp_path, a, b)
    assert (found.pairs.pictures, found.pairs.by_bytes, found.pairs.other_bytes) == (2, 0, 2)
    assert found.agreement.same == 2


def test_a_picture_that_a_list_names_twice_is_two_pictures(tmp_path: Path) -> None:
    twice = named("a.jpg", "a.jpg", "b.jpg")
    pairs = compared(tmp_path, twice, twice).pairs
    assert (pairs.pictures, pairs.only_a, pairs.only_b) == (3, 0, 0)
    pairs = compared(tmp_path / "once", twice, named("a.jpg", "b.jpg")).pairs
    assert (pairs.pictures, pairs.only_a, pairs.only_b) == (2, 1, 0)


def test_jobs_without_a_common_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="have no picture in common, neither by its name nor"):
        compared(tmp_path, named("a.jpg"), named("b.jpg"))
