import pytest

from scoring.errors import InputError
from scoring.sources.locations import parse_location
from scoring.sources.objects import list_objects
from tests.scoring.buckets import Bucket


def objects_of(url: str) -> list[tuple[str, int]]:
    return list(list_objects(parse_location(url)))


def test_objects_come_in_the_order_of_their_keys_with_their_sizes(s3: Bucket) -> None:
    for key in ("photos/b/2.jpg", "photos/b/10.jpg", "photos/a.jpg", "photos-2/1.jpg"):
        s3.put(key, key.encode())
    assert objects_of(f"{s3.url}/photos") == [("a.jpg", 12), ("b/10.jpg", 15), ("b/2.jpg", 14)]
    assert [path for path, _ in objects_of(s3.url)] == [
        "photos-2/1.jpg",
        "photos/a.jpg",
        "photos/b/10.jpg",
        "photos/b/2.jpg",
    ]


def test_what_is_hidden_and_what_a_job_wrote_is_passed_over(s3: Bucket) -> None:
    for key in (
        ".a.jpg",
        ".thumbs/1.jpg",
        "1.jpg",
        "scores/_job.json",
        "scores/part-000000.parquet",
    ):
        s3.put(key, b"")
    assert objects_of(s3.url) == [("1.jpg", 0)]


def test_more_objects_than_a_page_holds(s3: Bucket) -> None:
    for number in range(1005):
        s3.put(f"{number:04d}.jpg", b"")
    assert [path for path, _ in objects_of(s3.url)] == [f"{n:04d}.jpg" for n in range(1005)]


def test_a_bucket_that_cannot_be_listed_is_one_sentence(s3: Bucket) -> None:
    assert s3.url
    with pytest.raises(InputError, match=r"^cannot list s3://nobody-has-it: [^\n]+$"):
        objects_of("s3://nobody-has-it")
