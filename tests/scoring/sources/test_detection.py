import os
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import InputError
from scoring.sources.detection import InputKind, detect
from scoring.sources.locations import parse_location
from tests.scoring.buckets import Bucket
from tests.scoring.pictures import make_picture
from tests.scoring.sources.inputs import touch


def kind_of(location: Path | str) -> InputKind:
    return detect(parse_location(str(location)))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("photo.JPG", "files"),
        ("all.txt", "list"),
        ("all.tsv", "csv"),
        ("photos.tar", "tar"),
        ("photos.tar.gz", "tar"),
        ("photos.zip", "zip"),
        ("photos.parquet", "parquet"),
    ],
)
def test_a_file_is_what_its_name_says(tmp_path: Path, s3: Bucket, name: str, kind: str) -> None:
    touch(tmp_path, name)
    s3.put(name, b"anything")
    assert kind_of(tmp_path / name) == kind
    assert kind_of(f"{s3.url}/{name}") == kind


def make_files(folder: Path) -> None:
    """A picture and archives whose names say nothing."""
    (folder / "picture").write_bytes(make_picture(0))
    touch(folder, "1.jpg", "notes")
    with tarfile.open(folder / "tar", "w") as tar:
        tar.add(folder / "1.jpg", "1.jpg")
    with zipfile.ZipFile(folder / "zip", "w") as archive:
        archive.write(folder / "1.jpg", "1.jpg")
    pq.write_table(pa.table({"n": [1]}), folder / "parquet")
    (folder / "empty").touch()


def test_a_file_whose_name_says_nothing_is_what_its_first_bytes_say(
    tmp_path: Path, s3: Bucket
) -> None:
    make_files(tmp_path)
    s3.put_folder(tmp_path, "data")
    for folder in (tmp_path, f"{s3.url}/data"):
        assert kind_of(f"{folder}/picture") == "files"
        for name in ("tar", "zip", "parquet"):
            assert kind_of(f"{folder}/{name}") == name
        for name in ("notes", "empty"):
            with pytest.raises(InputError, match=f"{name} is nothing that can be scored; expected"):
                kind_of(f"{folder}/{name}")


def test_a_folder_and_a_prefix_and_a_bucket_are_folders(tmp_path: Path, s3: Bucket) -> None:
    s3.put("photos/cats/1.jpg", b"")
    assert kind_of(tmp_path) == "folder"
    for url in (s3.url, f"{s3.url}/photos", f"{s3.url}/photos/cats/"):
        assert kind_of(url) == "folder"


def test_what_is_not_there_is_said_with_what_is_expected(tmp_path: Path, s3: Bucket) -> None:
    touch(tmp_path, "1.jpg")
    s3.put("photos/1.jpg", b"")
    for location in (tmp_path / "gone", tmp_path / "1.jpg" / "gone", f"{s3.url}/phot"):
        with pytest.raises(InputError, match=rf"^there is no {location}; expected a folder, a "):
            kind_of(location)


def test_a_bucket_that_is_not_there_is_one_sentence(s3: Bucket) -> None:
    assert s3.url
    with pytest.raises(InputError, match=r"^(cannot open|there is no) s3://nobody-has-it/photos"):
        kind_of("s3://nobody-has-it/photos")


def test_a_star_makes_a_glob_unless_something_is_called_so(tmp_path: Path) -> None:
    touch(tmp_path, "Photos [2019]/1.jpg")
    assert kind_of(tmp_path / "Photos [2019]") == "folder"
    assert kind_of(tmp_path / "Photos*" / "*.jpg") == "glob"
    assert kind_of("s3://bucket/photos/**/*.jpg") == "glob"


def test_the_output_of_a_job_is_no_input(tmp_path: Path, s3: Bucket) -> None:
    touch(tmp_path, "_job.json", "part-000000.parquet")
    s3.put_folder(tmp_path, "scores")
    for location in (tmp_path, f"{s3.url}/scores"):
        with pytest.raises(InputError, match="is the output of a scoring job"):
            kind_of(location)


def test_a_pipe_is_no_input_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match=r"pipe\.jpg is neither a file nor a folder"):
        kind_of(tmp_path / "pipe.jpg")
