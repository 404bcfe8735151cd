import pytest

from scoring.errors import SettingsError
from scoring.sources.columns import PATH_COLUMNS, find_column, guess_column


def test_a_column_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match=r"^a\.csv has no column 'file'; there are: path, n$"):
        find_column("a.csv", ["path", "n"], "file")
    assert find_column("a.csv", ["path", "n"], "n") == "n"
    assert find_column("a.csv", ["path", "n"], None) is None


def test_of_a_thousand_columns_twenty_are_named() -> None:
    with pytest.raises(SettingsError, match=r"c18, c19 and 980 more$"):
        find_column("a.csv", [f"c{number}" for number in range(1000)], "file")


def test_usual_names_are_guessed_in_their_order_however_written() -> None:
    assert guess_column(["image", "Path"], PATH_COLUMNS) == "Path"
    assert guess_column([" image ", "n"], PATH_COLUMNS) == " image "
    assert guess_column(["n"], PATH_COLUMNS) is None
    assert guess_column(["path", "PATH"], PATH_COLUMNS) == "path"
