import pytest

from scoring.sources.kinds import is_picture, is_usable, kind_of


@pytest.mark.parametrize("name", ["1.jpg", "1.JPEG", "a/b.webp", "holiday.HEIC"])
def test_pictures_are_known_by_their_names_and_so_are_those_that_cannot_be_decoded(
    name: str,
) -> None:
    assert is_picture(name)
    assert is_usable(name)
    assert kind_of(name) == "files"


def test_archives_are_known_by_their_names() -> None:
    assert [kind_of(name) for name in ("a.tar", "A.TGZ", "a.tar.zst", "a.zip", "a.parquet")] == [
        "tar",
        "tar",
        "tar",
        "zip",
        "parquet",
    ]
    assert is_usable("a.tar")


@pytest.mark.parametrize("name", ["notes.txt", "labels.csv", "jpg", "Thumbs.db", "a.jpg.part"])
def test_anything_else_in_a_folder_is_not_meant(name: str) -> None:
    assert not is_usable(name)
