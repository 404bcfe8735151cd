"""Listing and opening bundles."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.errors import BundleCorruptError, ModelNotFoundError
from bundle.repository import MANIFEST, PREDICT, WEIGHTS, Bundle, Repository

Publisher = Callable[[Path, str], Bundle]


def test_an_empty_or_missing_repository_has_no_models(tmp_path: Path) -> None:
    assert Repository(tmp_path).names() == []
    assert Repository(tmp_path / "missing").names() == []


def test_the_highest_version_opens_by_default(tmp_path: Path, publish_model: Publisher) -> None:
    for _ in range(11):
        publish_model(tmp_path, "colours")
    repository = Repository(tmp_path)
    assert repository.versions("colours") == list(range(1, 12))
    assert repository.open("colours").manifest.version == 11
    assert repository.open("colours", 2).manifest.version == 2


def test_only_positive_numbers_are_versions(colours: Bundle) -> None:
    model = colours.folder.parent
    for name in (".staging-x", "0", "01", "2x", "-3", "latest", "²"):
        (model / name).mkdir()
    (model / "7").write_text("a file")
    assert Repository(model.parent).versions("colours") == [1]


def test_an_unknown_model_is_named_with_what_there_is(colours: Bundle) -> None:
    repository = Repository(colours.folder.parents[1])
    with pytest.raises(ModelNotFoundError, match=r"no model 'colors' .*; there are: colours"):
        repository.open("colors")
    with pytest.raises(ModelNotFoundError, match=r"no version 4; there are: 1"):
        repository.open("colours", 4)


def test_a_model_name_cannot_climb_out_of_the_repository(colours: Bundle) -> None:
    root = colours.folder.parents[1]
    inner = root / "inner"
    inner.mkdir()
    with pytest.raises(ModelNotFoundError):
        Repository(inner).open("../colours")


@pytest.mark.parametrize("file", [PREDICT, WEIGHTS])
def test_one_changed_byte_closes_the_bundle(colours: Bundle, file: str) -> None:
    path = colours.path(file)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BundleCorruptError, match=rf"{file} was altered: expected sha256"):
        Repository(colours.folder.parents[1]).open("colours")


def test_a_missing_file_is_named(colours: Bundle) -> None:
    colours.path(WEIGHTS).unlink()
    with pytest.raises(BundleCorruptError, match=rf"{WEIGHTS} is missing; export"):
        Repository(colours.folder.parents[1]).open("colours")


def test_a_folder_without_a_manifest_is_not_a_bundle(colours: Bundle) -> None:
    colours.path(MANIFEST).unlink()
    with pytest.raises(BundleCorruptError, match="has no manifest"):
        Repository(colours.folder.parents[1]).open("colours")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema_version", 2),
        ("files", {"../../etc/passwd": {"sha256": "0" * 64, "size_bytes": 1}}),
        ("surprise", True),
        ("name", "Has Spaces"),
    ],
)
def test_a_manifest_with_a_wrong_field_says_which(
    colours: Bundle, field: str, value: object
) -> None:
    path = colours.path(MANIFEST)
    manifest = json.loads(path.read_text())
    manifest[field] = value
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleCorruptError, match=rf"not a manifest: {field}"):
        Repository(colours.folder.parents[1]).open("colours")


def test_a_bundle_moves_with_its_folder(colours: Bundle, tmp_path: Path) -> None:
    shutil.copytree(colours.folder.parents[1], tmp_path / "elsewhere")
    moved = Repository(tmp_path / "elsewhere").open("colours")
    assert moved.manifest == colours.manifest
