"""Labels of versions, as people write them."""

from pathlib import Path

import pytest

from bundle.aliases import ALIASES, read_aliases
from bundle.errors import AliasesError


def write(folder: Path, text: str) -> Path:
    (folder / ALIASES).write_text(text)
    return folder


def test_a_model_without_the_file_has_no_labels(tmp_path: Path) -> None:
    assert read_aliases(tmp_path) == {}
    assert read_aliases(tmp_path / "missing") == {}


def test_labels_find_versions_published_or_not(tmp_path: Path) -> None:
    folder = write(tmp_path, '{"default": 2, "stable": 2, "canary-1.x_y": 30}')
    assert read_aliases(folder) == {"default": 2, "stable": 2, "canary-1.x_y": 30}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"stable": 2', "the file: "),
        ("", "the file: "),
        ("[2]", "the file: "),
        ('{"stable": "2"}', "stable: "),
        ('{"stable": 2.5}', "stable: "),
        ('{"stable": true}', "stable: "),
        ('{"stable": 0}', "stable: "),
        ('{"2": 2}', "2: "),
        ('{"Stable": 2}', "Stable: "),
        ('{"": 2}', ": "),
        ('{"../up": 2}', "../up: "),
        ('{"latest": 2}', "'latest' to a version"),
    ],
)
def test_what_is_not_labels_and_versions_is_one_sentence(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(AliasesError) as raised:
        read_aliases(write(tmp_path, text))
    assert says in str(raised.value)
    assert ALIASES in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_folder_in_the_file_s_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ALIASES).mkdir()
    with pytest.raises(AliasesError, match="cannot be read: Is a directory"):
        read_aliases(tmp_path)
