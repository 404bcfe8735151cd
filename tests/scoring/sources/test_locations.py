import pickle
from pathlib import Path

import pytest

from scoring.errors import InputError
from scoring.sources.locations import Location, first_words, parse_location
from tests.scoring.buckets import Bucket


def test_a_path_is_made_absolute_and_its_links_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    assert parse_location("link/../link/").url == f"{tmp_path}/link"
    assert parse_location(f"/{tmp_path}").url == str(tmp_path)
    assert parse_location("a.jpg").is_local


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://bucket/photos/", "s3://bucket/photos"),
        ("S3://bucket", "s3://bucket"),
        ("gs://bucket/a b?c#d.jpg", "gs://bucket/a b?c#d.jpg"),
        (
            "abfs://photos@account.dfs.core.windows.net/2024",
            "abfs://photos@account.dfs.core.windows.net/2024",
        ),
        ("file:///photos/a%20b%FF.jpg", "/photos/a b\udcff.jpg"),
    ],
)
def test_a_url_names_an_object_store_or_a_file(text: str, url: str) -> None:
    assert parse_location(text).url == url
    assert parse_location(text).is_local == url.startswith("/")


@pytest.mark.parametrize("text", ["http://host/a.jpg", "https://host/a.jpg", "ftp://host/a.jpg"])
def test_nothing_is_fetched_from_elsewhere(text: str) -> None:
    with pytest.raises(InputError, match="nothing else is fetched: expected a path, s3://"):
        parse_location(text)


def test_an_input_whose_name_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match=r"^the path /data/caf\\xe9 is not UTF-8; rename it"):
        parse_location("/data/caf\udce9")


def test_a_url_without_a_bucket_and_an_empty_text_are_refused() -> None:
    with pytest.raises(InputError, match="'s3:///' names no bucket; expected s3://bucket/path"):
        parse_location("s3:///")
    with pytest.raises(InputError, match="received an empty text"):
        parse_location("")


@pytest.mark.parametrize(
    ("folder", "path", "joined"),
    [
        ("/photos", "cats/1.jpg", "/photos/cats/1.jpg"),
        ("/", "1.jpg", "/1.jpg"),
        ("/photos", "", "/photos"),
        ("/photos", "/elsewhere/1.jpg", "/elsewhere/1.jpg"),
        ("/photos", "s3://bucket/1.jpg", "s3://bucket/1.jpg"),
        ("s3://bucket", "1.jpg", "s3://bucket/1.jpg"),
        ("s3://bucket/lists", "../cats/./1.jpg", "s3://bucket/cats/1.jpg"),
        ("s3://bucket/lists", "../../../1.jpg", "s3://bucket/1.jpg"),
        ("s3://bucket/lists", "a..b/1.jpg", "s3://bucket/lists/a..b/1.jpg"),
    ],
)
def test_paths_are_seen_from_their_folder(folder: str, path: str, joined: str) -> None:
    assert Location(folder).join(path) == Location(joined)


def test_a_location_travels_to_other_processes() -> None:
    location = parse_location("s3://bucket/photos")
    assert pickle.loads(pickle.dumps(location)) == location  # noqa: S301 our own bytes


def test_a_file_and_an_object_are_opened_alike(tmp_path: Path, s3: Bucket) -> None:
    (tmp_path / "a b#c%20.jpg").write_bytes(b"0123456789")
    s3.put("photos/a b#c%20.jpg", b"0123456789")
    for folder in (str(tmp_path), f"{s3.url}/photos"):
        filesystem, path = parse_location(folder).join("a b#c%20.jpg").open_filesystem()
        assert filesystem.cat_file(path) == b"0123456789"
        assert filesystem.cat_file(path, start=2, end=4) == b"23"
        with filesystem.open(path, "rb") as file:
            file.seek(7)
            assert file.read() == b"789"


def test_an_object_store_that_the_environment_does_not_name_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(InputError, match=r"^cannot open abfs://photos: [^\n]+$"):
        parse_location("abfs://photos/2024").open_filesystem()


def test_what_a_store_says_is_one_short_line() -> None:
    assert first_words(FileNotFoundError(2, "No such file or directory")) == (
        "No such file or directory"
    )
    assert first_words(ValueError("Generic  S3 error:\n<Error>\n")) == "Generic S3 error:"
    answer = "<Error><Code>NoSuchBucket</Code>\n<Message>It does not exist</Message></Error>"
    assert first_words(ValueError(f"404:\n{answer}")) == "NoSuchBucket, It does not exist"
    assert len(first_words(ValueError("word " * 1000))) <= 300
    assert first_words(ValueError()) == "ValueError"


def test_keys_that_are_missing_are_named() -> None:
    error = ValueError("Error performing PUT http://169.254.169.254/latest/api/token: timed out")
    assert first_words(error).startswith("the environment has no keys for it: set AWS_ACCESS_KEY")
