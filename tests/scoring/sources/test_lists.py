from pathlib import Path

import pytest

from scoring.errors import InputError, SettingsError
from scoring.shards import Item
from tests.scoring.sources.inputs import pictures_of, plan_of, sources_of, touch


def listed(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def items_of(location: Path, **changes: str | bool) -> list[Item]:
    return [item for shard in plan_of(location, **changes) for item in shard.items]


def labels_of(location: Path, **changes: str | bool) -> list[tuple[str, str | None]]:
    return [(item.source, item.expected) for item in items_of(location, **changes)]


def test_the_paths_of_a_list_are_seen_from_its_folder(tmp_path: Path) -> None:
    touch(tmp_path, "lists/1.jpg", "photos/2.dat", "3.jpg")
    path = listed(
        tmp_path / "lists" / "all.txt", f"1.jpg\n\n../photos/2.dat\r\n{tmp_path}/3.jpg\n1.jpg"
    )
    assert sources_of(path) == ["1.jpg", "../photos/2.dat", f"{tmp_path}/3.jpg", "1.jpg"]


def test_a_list_keeps_the_blanks_and_signs_of_names(tmp_path: Path) -> None:
    touch(tmp_path, " a b.jpg ", "#1.jpg", "ü.jpg")
    path = listed(tmp_path / "all.txt", "\ufeff a b.jpg \n#1.jpg\nü.jpg\n")
    assert sources_of(path) == [" a b.jpg ", "#1.jpg", "ü.jpg"]


def test_a_url_of_the_web_in_a_list_is_refused_with_its_line(tmp_path: Path) -> None:
    path = listed(tmp_path / "all.txt", "1.jpg\n\nhttps://host/2.jpg\n")
    with pytest.raises(InputError, match=r"^line 3 of all\.txt: 'https://host/2\.jpg' is not in"):
        plan_of(path)


def test_a_list_without_lines_and_one_without_line_ends_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"all\.txt lists no picture$"):
        plan_of(listed(tmp_path / "all.txt", "\n\n"))
    with pytest.raises(InputError, match=r"line 2 of all\.txt is longer than 131,072 characters"):
        plan_of(listed(tmp_path / "all.txt", b"1.jpg\n" + b"a" * 3_000_000))


def test_a_column_of_paths_is_guessed_and_one_of_labels_too(tmp_path: Path) -> None:
    path = listed(tmp_path / "all.csv", 'n,Path,label\n1,a.jpg,cat\n2,"b,c.jpg",\n')
    assert labels_of(path) == [("a.jpg", "cat"), ("b,c.jpg", None)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_named(tmp_path: Path, separator: str) -> None:
    rows = [("where", "path", "what"), ("a.jpg", "no", "cat"), ("b.jpg", "no", "dog")]
    path = listed(tmp_path / "all.csv", "\r\n".join(separator.join(row) for row in rows))
    changes = {"path_column": "where", "label_column": "what"}
    assert labels_of(path, **changes) == [("a.jpg", "cat"), ("b.jpg", "dog")]


def test_folders_may_name_the_classes_of_a_csv(tmp_path: Path) -> None:
    path = listed(tmp_path / "all.csv", "path,label\ncats/a.jpg,x\nb.jpg,y\n")
    assert labels_of(path, labels_from_folders=True) == [("cats/a.jpg", "cats"), ("b.jpg", None)]


def test_columns_that_are_not_there_are_answered_with_those_that_are(tmp_path: Path) -> None:
    path = listed(tmp_path / "all.csv", "where,n\na.jpg,1\n")
    with pytest.raises(SettingsError, match=r"--path-column which one holds the paths: where, n$"):
        plan_of(path)
    with pytest.raises(SettingsError, match=r"^all\.csv has no column 'what'; there are: where, n"):
        plan_of(path, path_column="where", label_column="what")
    with pytest.raises(SettingsError, match="has no column 'bytes'"):
        plan_of(path, path_column="where", bytes_column="bytes")


def test_a_row_without_a_path_is_a_row_all_the_same(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    path = listed(tmp_path / "all.csv", "path,label\na.jpg,cat\n,dog\n")
    assert labels_of(path) == [("a.jpg", "cat"), ("all.csv#3", "dog")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label\na.jpg,cat\nb,c.jpg,dog\n", "line 3 of all.csv has 3 fields, its header 2"),
        ('path\na.jpg\n"b.jpg\nc.jpg\n', "is not CSV: unexpected end of data"),
        ("", "no column of all.csv is called path"),
        ("path,label\n", "all.csv lists no picture"),
    ],
)
def test_what_is_not_csv_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises((InputError, SettingsError), match=words):
        plan_of(listed(tmp_path / "all.csv", text))


def test_a_name_that_is_not_utf_8_is_found(tmp_path: Path) -> None:
    Path(str(tmp_path / "caf\udce9.jpg")).write_bytes(b"coffee")
    lines = b"caf\xe9.jpg\n%s/caf\xe9.jpg\n" % bytes(tmp_path)
    pictures = pictures_of(listed(tmp_path / "all.txt", lines))
    assert [picture.data for picture in pictures] == [b"coffee"] * 2
    names = [picture.source for picture in pictures]
    assert names == ["caf\\xe9.jpg", f"{tmp_path}/caf\\xe9.jpg"]


def test_a_long_list_is_read_as_it_is_planned(tmp_path: Path) -> None:
    path = listed(tmp_path / "all.txt", "".join(f"{number}.jpg\n" for number in range(25_000)))
    shards = plan_of(path)
    assert [shard.count for shard in shards] == [1000] * 25
    assert shards[24].items[-1] == Item("24999.jpg", "24999.jpg")
