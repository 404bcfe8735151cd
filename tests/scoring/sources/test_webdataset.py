import pytest

from scoring.sources.webdataset import Sample, split_name


@pytest.mark.parametrize(
    ("name", "key", "ending"),
    [
        ("cats/17.jpg", "cats/17", "jpg"),
        ("cats/17.seg.png", "cats/17", "seg.png"),
        ("cats.old/17.CLS", "cats.old/17", "cls"),
        ("README", "README", ""),
    ],
)
def test_the_key_ends_at_the_first_dot_of_the_last_part(name: str, key: str, ending: str) -> None:
    assert split_name(name) == (key, ending)


def test_a_class_is_a_number_or_a_name() -> None:
    sample = Sample("1")
    sample.read_class(b"281\n")
    assert sample.label == "281"


@pytest.mark.parametrize(
    ("content", "column", "label"),
    [
        (b'{"label": 3, "caption": "a cat"}', None, "3"),
        (b'{"cls": "cat"}', None, "cat"),
        (b'{"label": null, "class": "cat"}', None, "cat"),
        (b'{"label": 3, "species": "felis"}', "species", "felis"),
        (b'{"label": 3}', "species", None),
        (b'{"caption": "a cat"}', None, None),
        (b"[1, 2]", None, None),
        (b"{", None, None),
        (b"\xff\xfe", None, None),
        (b"[" * 100_000, None, None),
    ],
)
def test_json_says_the_class_in_a_field(
    content: bytes, column: str | None, label: str | None
) -> None:
    sample = Sample("1")
    sample.read_json(content, column)
    assert sample.label == label


def test_a_class_of_its_own_counts_more_than_json() -> None:
    sample = Sample("1")
    sample.read_class(b"1")
    sample.read_json(b'{"label": 2}', None)
    assert sample.label == "1"
