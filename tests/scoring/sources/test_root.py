import os

import pytest

from scoring.errors import InputError
from scoring.sources.locations import Location, parse_location
from scoring.sources.root import Archive, root_of


@pytest.mark.parametrize(
    ("location", "base", "path", "name"),
    [
        ("/data/photos", "/data", "photos/cats/1.jpg", "cats/1.jpg"),
        ("/data/photos.tar", "/data", "photos.tar", "photos.tar"),
        ("/data/photos/*/*.jpg", "/data/photos", "cats/1.jpg", "cats/1.jpg"),
        ("/data/cat*.jpg", "/data", "cat1.jpg", "cat1.jpg"),
        ("/data/list.txt", "/data", "/elsewhere/1.jpg", "/elsewhere/1.jpg"),
        ("/", "/", "cats/1.jpg", "cats/1.jpg"),
        ("s3://bucket", "s3://bucket", "cats/1.jpg", "cats/1.jpg"),
        ("s3://bucket/photos", "s3://bucket", "photos/1.jpg", "1.jpg"),
        ("s3://bucket/*.jpg", "s3://bucket", "1.jpg", "1.jpg"),
    ],
)
def test_names_begin_where_the_input_does(location: str, base: str, path: str, name: str) -> None:
    root = root_of(Location(location))
    assert root.base == Location(base)
    assert root.name_of(path) == name


def test_a_name_that_is_not_utf_8_is_planned_as_text_and_found_again() -> None:
    root = root_of(Location("/data/photos"))
    item = root.item("photos/caf\udce9.jpg")
    assert item.source == "caf\\xe9.jpg"
    item.path.encode()
    assert os.fsencode(root.locate(item.path).url) == b"/data/photos/caf\xe9.jpg"


def test_paths_in_an_archive_are_seen_from_its_folder() -> None:
    archive = Archive(root_of(parse_location("s3://bucket/tables")), "tables/2024/a.parquet")
    assert archive.source == "2024/a.parquet"
    assert archive.location.url == "s3://bucket/tables/2024/a.parquet"
    item = archive.beside("cats/1.jpg", "cat")
    assert (item.source, item.path, item.expected) == (
        "cats/1.jpg",
        "tables/2024/cats/1.jpg",
        "cat",
    )
    assert archive.beside("s3://other/1.jpg").path == "s3://other/1.jpg"
    with pytest.raises(InputError, match="nothing else is fetched"):
        archive.beside("https://host/1.jpg")
