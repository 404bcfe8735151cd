"""Class names come in the model's order, whatever file they are in."""

from pathlib import Path

import pytest

from export.errors import SettingsError
from export.labels import labels_for, read_labels

LABELS = ("tench", "great white shark", "hen")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lines.txt", "tench\ngreat white shark\nhen\n"),
        ("windows.txt", "\ufefftench\r\ngreat white shark\r\nhen\r\n\r\n"),
        ("list.json", '["tench", "great white shark", "hen"]'),
        ("numbered.json", '{"1": "great white shark", "0": "tench", "2": "hen"}'),
        ("class_indices.json", '{"hen": 2, "tench": 0, "great white shark": 1}'),
        ("imagenet.json", '{"0": ["n1", "tench"], "1": ["n2", "great white shark"], '
                          '"2": ["n3", "hen"]}'),
        ("alone.csv", "tench\ngreat white shark\nhen\n"),
        ("header.csv", "label\ntench\ngreat white shark\nhen\n"),
        ("numbered.csv", "2,hen\n0,tench\n1,great white shark\n"),
        ("both.csv", "id,name\n0,tench\n1,great white shark\n2,hen\n"),
        ("turned.csv", "class,index\ntench,0\nhen,2\n\"great white shark\",1\n"),
    ],
)  # fmt: skip
def test_each_format_gives_the_labels_in_class_order(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode())
    assert read_labels(file) == LABELS


def test_a_training_folder_gives_its_sub_folders_in_keras_order(tmp_path: Path) -> None:
    for name in ("rose", "Daisy", "tulip"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").touch()
    assert read_labels(tmp_path) == ("Daisy", "rose", "tulip")


def test_labels_beyond_ascii_survive(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("Rösti\n日本\n", encoding="utf-8")
    assert read_labels(file) == ("Rösti", "日本")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.txt", "", "holds no labels"),
        ("hole.txt", "a\n\nb\n", "empty label for class 1"),
        ("broken.json", "[", "is not JSON"),
        ("odd.json", '"cat"', "neither a list of labels"),
        ("gap.json", '{"0": "a", "2": "b"}', "must run from 0 to 1"),
        ("twice.json", '{"a": 0, "b": 0}', "must run from 0 to 1"),
        ("wide.csv", "0,a,x\n1,b,y\n", "expected the label, or number and label"),
        ("words.csv", "a,b\nc,d\n", "no column of class numbers"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_labels(file)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no label file"):
        read_labels(tmp_path / "none.txt")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not readable as UTF-8"):
        read_labels(tmp_path / "binary.txt")


def test_a_wrong_count_names_both_numbers() -> None:
    with pytest.raises(SettingsError, match="the model has 5 classes and 3 labels were given"):
        labels_for(LABELS, 5)


def test_without_labels_the_classes_are_numbered() -> None:
    assert labels_for(None, 3) == ("class 0", "class 1", "class 2")
