"""What is loaded, and what failed, as the repository changes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.aliases import ALIASES
from bundle.errors import ModelNotFoundError
from bundle.repository import Bundle
from service.loading import Failure, StartupError
from service.settings import Settings
from service.versions.stock import Stock
from tests.service.versions.damages import alter, mislead, rename, stiffen

Publish = Callable[..., Bundle]
Label = Callable[..., None]


@pytest.fixture
def stock(settings: Settings) -> Stock:
    return Stock(settings, measure=False)


def loaded(stock: Stock) -> list[int]:
    return sorted(stock.models["colours"].loaded)


def default(stock: Stock) -> int | None:
    return stock.models["colours"].selection.default


def test_at_the_start_the_default_and_every_labelled_version_are_loaded(
    stock: Stock, publish: Publish, label: Label
) -> None:
    for _ in range(4):
        publish()
    label(stable=1, canary=3, default=3)
    assert stock.fill() == []
    assert (loaded(stock), default(stock)) == ([1, 3], 3)


def test_the_highest_version_that_opens_is_the_default(stock: Stock, publish: Publish) -> None:
    publish()
    publish()
    alter(publish())
    mislead(publish())
    assert stock.fill() == [
        Failure("colours", 4, "golden"),
        Failure("colours", 3, "corrupt"),
    ]
    assert stock.failures == [Failure("colours", 3, "corrupt"), Failure("colours", 4, "golden")]
    assert (loaded(stock), default(stock)) == ([2], 2)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(alter, "corrupt"), (mislead, "golden"), (stiffen, "graph"), (rename, "corrupt")],
)
def test_a_new_version_that_is_bad_leaves_the_old_one(
    stock: Stock, publish: Publish, spoil: Callable[[Bundle], None], reason: str
) -> None:
    publish()
    stock.fill()
    before = stock.models["colours"].loaded[1]
    spoil(publish())
    assert stock.changed() == ["colours"]
    assert stock.update("colours") == [Failure("colours", 2, reason)]
    assert dict(stock.models["colours"].loaded) == {1: before}


def test_what_failed_is_not_tried_again_until_its_files_change(
    stock: Stock, publish: Publish
) -> None:
    publish()
    stock.fill()
    bundle = publish()
    whole = (bundle.folder / "predict.onnx").read_bytes()
    alter(bundle)
    assert stock.update("colours")
    assert stock.changed() == []
    assert stock.update("colours") == [], "known, and said"
    (bundle.folder / "predict.onnx").write_bytes(whole)
    assert stock.changed() == ["colours"]
    assert stock.update("colours") == []
    assert (stock.failures, default(stock)) == ([], 2)


def test_somebody_may_ask_for_another_try(stock: Stock, publish: Publish) -> None:
    publish()
    alter(publish())
    assert stock.fill()
    stock.again("colours")
    assert stock.update("colours") == [Failure("colours", 2, "corrupt")]
    with pytest.raises(ModelNotFoundError, match="no model 'nothing'; there are: colours"):
        stock.again("nothing")
    with pytest.raises(ModelNotFoundError):
        stock.again("colours/../colours")


def test_a_label_moves_and_nothing_that_stays_is_loaded_again(
    stock: Stock, publish: Publish, label: Label
) -> None:
    for _ in range(3):
        publish()
    label(default=2, canary=3)
    stock.fill()
    kept = dict(stock.models["colours"].loaded)
    label(default=3, old=2)
    assert stock.changed() == ["colours"]
    stock.update("colours")
    assert dict(stock.models["colours"].loaded) == kept
    assert stock.models["colours"].selection.labels == {"old": 2}
    assert default(stock) == 3


def test_labels_that_cannot_be_read_leave_those_of_before(
    stock: Stock, publish: Publish, label: Label, tmp_path: Path
) -> None:
    publish()
    publish()
    label(default=1, stable=1)
    stock.fill()
    (tmp_path / "colours" / ALIASES).write_text('{"default": 2')
    assert stock.update("colours") == [Failure("colours", None, "aliases")]
    assert stock.changed() == []
    assert default(stock) == 1
    label(default=2)
    assert stock.changed() == ["colours"]
    assert stock.update("colours") == []
    assert (stock.failures, default(stock)) == ([], 2)


def test_a_label_of_a_version_that_is_not_there_yet_finds_it_when_it_comes(
    stock: Stock, publish: Publish, label: Label
) -> None:
    publish()
    label(default=1, canary=2)
    assert stock.fill() == [Failure("colours", 2, "not_published")]
    assert stock.changed() == []
    publish()
    assert stock.changed() == ["colours"]
    stock.update("colours")
    assert stock.models["colours"].selection.labels == {"canary": 2}


def test_a_version_whose_files_are_replaced_is_loaded_again(stock: Stock, publish: Publish) -> None:
    publish()
    bundle = publish()
    stock.fill()
    before = stock.models["colours"].loaded[2]
    path = bundle.folder / "predict.onnx"
    path.write_bytes(path.read_bytes())
    assert stock.changed() == ["colours"]
    assert stock.update("colours") == []
    assert stock.models["colours"].loaded[2] is not before


def test_a_version_whose_files_are_spoilt_goes_on_as_it_was_loaded(
    stock: Stock, publish: Publish
) -> None:
    publish()
    bundle = publish()
    stock.fill()
    before = stock.models["colours"].loaded[2]
    alter(bundle)
    assert stock.update("colours") == [Failure("colours", 2, "corrupt")]
    assert stock.models["colours"].loaded[2] is before
    assert stock.changed() == []


def test_a_version_that_is_deleted_leaves_the_next_and_a_model_goes_with_its_last(
    stock: Stock, publish: Publish, tmp_path: Path
) -> None:
    publish("other")
    publish()
    publish()
    stock.fill()
    shutil.rmtree(tmp_path / "colours" / "2")
    assert stock.changed() == ["colours"]
    stock.update("colours")
    assert loaded(stock) == [1]
    shutil.rmtree(tmp_path / "colours")
    assert stock.changed() == ["colours"]
    stock.update("colours")
    assert list(stock.models) == ["other"]
    assert stock.changed() == []


def test_a_new_model_is_found(stock: Stock, publish: Publish) -> None:
    publish()
    stock.fill()
    publish("another")
    assert stock.changed() == ["another"]
    assert stock.update("another") == []
    assert stock.models["another"].selection.default == 1


def test_a_disk_that_is_gone_takes_nothing_with_it(
    stock: Stock, publish: Publish, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish()
    stock.fill()
    (tmp_path / "colours").rename(tmp_path.parent / "away")
    assert stock.changed() == []
    assert stock.changed() == []
    assert [record.getMessage() for record in caplog.records] == [
        f"no model in {tmp_path} any more; what is served goes on"
    ]
    assert loaded(stock) == [1]


def test_nothing_that_opens_is_the_start_s_end(stock: Stock, publish: Publish) -> None:
    alter(publish())
    with pytest.raises(StartupError, match="none of the models in"):
        stock.fill()
