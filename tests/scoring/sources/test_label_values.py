import pytest

from scoring.sources.label_values import as_label


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (3, "3"),
        (0, "0"),
        (-1, None),
        ("tabby cat", "tabby cat"),
        (" 17\n", "17"),
        ("", None),
        ("cat\ud800", "cat?"),
        ("a caption\nof two lines", None),
        (None, None),
        (True, None),
        (0.5, None),
        (["cat"], None),
    ],
)
def test_a_label_is_a_line_of_text_or_a_number(value: object, label: str | None) -> None:
    assert as_label(value) == label


def test_numbers_are_named_where_the_classes_have_names() -> None:
    names = ("cat", "dog")
    assert [as_label(value, names) for value in (0, 1, 2, -1)] == ["cat", "dog", "2", None]
