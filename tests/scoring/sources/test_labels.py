import pytest

from scoring.sources.labels import folder_label


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("cats/1.jpg", "cats"),
        ("cats/indoor/1.jpg", "cats"),
        ("./cats/1.jpg", "cats"),
        ("../photos/1.jpg", "photos"),
        ("1.jpg", None),
        ("/home/somebody/cats/1.jpg", "cats"),
        ("s3://bucket/photos/cats/1.jpg", "cats"),
    ],
)
def test_the_folder_names_the_class(path: str, label: str | None) -> None:
    assert folder_label(path) == label
