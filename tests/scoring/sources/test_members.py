import pytest

from scoring.errors import InputError, SettingsError
from scoring.sources.members import check_columns, check_name, is_hidden, member_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("cats/1.jpg", "cats/1.jpg"),
        ("./cats/1.jpg", "cats/1.jpg"),
        ("cats\\1.jpg", "cats/1.jpg"),
        ("cats//1.jpg", "cats/1.jpg"),
        ("/cats/1.jpg", "/cats/1.jpg"),
        ("caf\udce9.jpg", "caf\\xe9.jpg"),
        ("../1.jpg", "../1.jpg"),
    ],
)
def test_names_are_text_with_single_slashes(written: str, name: str) -> None:
    assert member_name(written) == name


@pytest.mark.parametrize("name", [".a.jpg", "cats/._1.jpg", ".git/1.jpg", "__MACOSX/1.jpg"])
def test_what_folders_hide_is_hidden_and_so_are_the_forks_of_macos(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["a.jpg", "cats/1.jpg", "../1.jpg", "a..jpg"])
def test_anything_else_is_not_hidden(name: str) -> None:
    assert not is_hidden(name)


@pytest.mark.parametrize("name", ["../1.jpg", "cats/../../1.jpg", "/etc/1.jpg"])
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^a\.zip holds '.*1\.jpg', whose name leads out of"):
        check_name("a.zip", name)


@pytest.mark.parametrize("name", ["more.zip", "cats/more.TAR", "more.tar.gz"])
def test_an_archive_in_an_archive_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^a\.zip holds another archive, '.*', whose pictures"):
        check_name("a.zip", name)


def test_notes_and_compressed_notes_may_be_there() -> None:
    for name in ("notes.txt", "labels.json.gz", "cats/1.jpg"):
        check_name("a.zip", name)


def test_columns_of_what_has_none_are_refused() -> None:
    check_columns("a.zip", None, None)
    with pytest.raises(SettingsError, match=r"^a\.zip has no column 'what'; leave the option out"):
        check_columns("a.zip", None, "what")
