"""The default models: what they are made of, and that they are built once."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from bundle.repository import Bundle, Repository
from engine.classifier import Classifier
from export.__main__ import main
from export.defaults.fashion_mnist import CLASS_NAMES, SHEETS
from export.defaults.imagenet import imagenet_labels
from export.defaults.sheets import read_sheet, unpack_sheets, write_sheet
from export.defaults.subset import read_idx, write_subset

SAMPLES = Path(__file__).parents[2] / "export" / "samples"
Publisher = Callable[[Path, str], Bundle]


def test_the_vendored_subset_stays_under_500_kilobytes_with_its_notice() -> None:
    assert sum(path.stat().st_size for path in SHEETS.iterdir() if path.is_file()) <= 500_000
    assert "Copyright © 2017 Zalando SE" in (SHEETS / "NOTICE.md").read_text()


def test_every_class_has_280_pictures_and_no_two_are_alike() -> None:
    for name in CLASS_NAMES:
        tiles = read_sheet(SHEETS / f"{name}.png")
        assert tiles.shape == (280, 28, 28)
        assert len({tile.tobytes() for tile in tiles}) == 280, name


def test_class_8_is_a_bag() -> None:
    assert CLASS_NAMES[8] == "bag"


def test_a_sheet_gives_its_tiles_back_in_16_levels(tmp_path: Path) -> None:
    tiles = np.random.default_rng(1).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    write_sheet(tiles, tmp_path / "sheet.png")
    found = read_sheet(tmp_path / "sheet.png")
    np.testing.assert_array_equal(found, tiles // 16 * 17)
    assert np.abs(found.astype(int) - tiles).max() <= 15


def test_unpacking_gives_a_folder_of_grey_pictures_per_class(tmp_path: Path) -> None:
    unpack_sheets(SHEETS, ("bag", "coat"), tmp_path)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["bag", "coat"]
    files = sorted((tmp_path / "coat").iterdir())
    assert len(files) == 280
    with Image.open(files[7]) as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(picture, read_sheet(SHEETS / "coat.png")[7])


def test_the_subset_is_made_from_the_dataset_s_own_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    pictures = rng.integers(0, 256, (600, 28, 28), dtype=np.uint8)
    classes = np.repeat(np.arange(10, dtype=np.uint8), 60)
    for name, array in (("images-idx3", pictures), ("labels-idx1", classes)):
        lengths = np.array(array.shape, ">i4").tobytes()
        data = bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()
        (tmp_path / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(data))
    np.testing.assert_array_equal(read_idx(tmp_path / "train-images-idx3-ubyte.gz"), pictures)
    write_subset(tmp_path, tmp_path)
    tiles = read_sheet(tmp_path / "bag.png")
    np.testing.assert_array_equal(tiles, pictures[8 * 60 : 9 * 60] // 16 * 17)


def test_imagenet_has_its_1000_names_in_order() -> None:
    labels = imagenet_labels()
    assert len(labels) == 1000
    assert (labels[0], labels[985], labels[698]) == ("tench", "daisy", "palace")


def test_what_is_there_is_not_built_again(tmp_path: Path, publish_model: Publisher) -> None:
    for name in ("imagenet", "fashion"):
        publish_model(tmp_path, name)
    result = CliRunner().invoke(main, ["defaults", "--models", str(tmp_path)])
    assert result.exit_code == 0
    assert result.output == f"{tmp_path} has imagenet and fashion already\n"
    assert Repository(tmp_path).versions("imagenet") == [1]


@pytest.mark.slow
def test_both_are_built_and_answer(tmp_path: Path) -> None:
    models = tmp_path / "models"
    given = ["--models", str(models), "--report", str(tmp_path / "report")]
    result = CliRunner().invoke(main, ["defaults", *given])
    assert result.exit_code == 0, result.output
    repository = Repository(models)
    imagenet, fashion = repository.open("imagenet"), repository.open("fashion")
    assert imagenet.manifest.accuracy is None
    assert fashion.manifest.accuracy is not None
    assert fashion.manifest.accuracy.top1 >= 0.8
    assert fashion.manifest.accuracy.images == 560
    expected = {"china.jpg": "palace", "flower.jpg": "daisy", "coffee.jpg": "espresso"}
    assert {name: first_label(imagenet, SAMPLES / name) for name in expected} == expected
    unpack_sheets(SHEETS, ("bag",), tmp_path / "pictures")
    bags = sorted((tmp_path / "pictures" / "bag").iterdir())[:20]
    assert [first_label(fashion, bag) for bag in bags].count("bag") >= 17


def first_label(bundle: Bundle, picture: Path) -> str:
    classifier = Classifier(bundle)
    scores = classifier.predict(classifier.decode(picture.read_bytes())[None])
    return bundle.manifest.labels[int(scores[0].argmax())]
