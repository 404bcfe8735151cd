"""From a published bundle to its next version with fp16 and int8, or to one sentence."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from rich.console import Console

from bundle.errors import BundleCorruptError, ModelNotFoundError, PublishError
from bundle.repository import Bundle, Repository
from engine.sessions import open_session
from export.errors import GateError, SettingsError
from export.precision.agreement import Agreement
from export.precision.options import PrecisionOptions
from export.precision.run import add_precisions, check_agreement
from tests.export.precision.conftest import colour_network, publish_network

Maker = Callable[..., Path]
Adder = Callable[..., Bundle]


def test_both_precisions_are_published_as_the_next_version(
    add: Adder, make_pictures: Maker, repository: Repository
) -> None:
    before = repository.open("colours")
    held = make_pictures("held", 120, seed=1)
    bundle = add("fp16", "int8", calibrate=make_pictures("cal", 30), held_out=held)
    assert repository.open("colours") == bundle  # every sha256 is right
    assert bundle.manifest.version == 2
    fp32, fp16, int8 = bundle.manifest.precisions
    assert fp32 == before.manifest.precisions[0]
    assert (fp16.name, fp16.file) == ("fp16", "predict.fp16.onnx")
    assert (int8.name, int8.file) == ("int8", "predict.int8.onnx")
    for entry in (fp16, int8):
        assert entry.images == 120
        assert entry.top1_agreement >= 0.99
        assert 0 < entry.mean_abs_difference <= entry.max_abs_difference < 0.05
        assert entry.fp32_accuracy is not None
        assert entry.accuracy == pytest.approx(entry.fp32_accuracy, abs=0.01)
    assert fp16.calibration is None
    assert int8.calibration is not None
    assert (int8.calibration.method, int8.calibration.images) == ("percentile", 30)


def test_everything_else_of_the_bundle_stays_byte_for_byte(
    add: Adder, make_pictures: Maker, repository: Repository
) -> None:
    before = repository.open("colours")
    after = add("fp16", held_out=make_pictures("held", 100))
    for name, file in before.manifest.files.items():
        assert after.manifest.files[name] == file
    added = set(after.manifest.files) - set(before.manifest.files)
    assert added == {"predict.fp16.onnx"}  # weights of less than 1 kB stay in the graph
    changed = {"version", "created", "precisions", "files"}
    kept = before.manifest.model_dump(exclude=changed)
    assert after.manifest.model_dump(exclude=changed) == kept


@pytest.mark.parametrize("method", ["entropy", "percentile", "minmax"])
def test_every_method_of_calibration_keeps_the_answers(
    add: Adder, make_pictures: Maker, method: str
) -> None:
    held = make_pictures("held", 100, seed=1)
    bundle = add("int8", calibrate=make_pictures("cal", 30), held_out=held, method=method)
    entry = bundle.manifest.precisions[-1]
    assert entry.calibration is not None
    assert entry.calibration.method == method


def test_pictures_without_classes_have_no_accuracy(add: Adder, make_pictures: Maker) -> None:
    bundle = add("fp16", held_out=make_pictures("held", 100, labelled=False))
    entry = bundle.manifest.precisions[-1]
    assert entry.accuracy is None
    assert entry.fp32_accuracy is None


def test_the_variant_takes_and_gives_what_fp32_does(add: Adder, make_pictures: Maker) -> None:
    held = make_pictures("held", 100, seed=1)
    bundle = add("fp16", "int8", calibrate=make_pictures("cal", 30), held_out=held)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 48, 64, 3), dtype=np.uint8)
    for entry in bundle.manifest.precisions:
        onnx.checker.check_model(str(bundle.path(entry.file)), full_check=True)
        session = open_session(bundle.path(entry.file))
        assert [node.name for node in session.get_inputs()] == ["image"]
        (scores,) = session.run(["predictions"], {"image": pixels})
        assert scores.dtype == np.float32
        assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_older_version_can_be_the_beginning(
    add: Adder, make_pictures: Maker, repository: Repository
) -> None:
    held = make_pictures("held", 100)
    add("fp16", held_out=held)
    with pytest.raises(SettingsError, match=r"version 2 has fp16 already \(100.0% agreement\)"):
        add("fp16", held_out=held)
    assert add("fp16", held_out=held, version=1).manifest.version == 3
    assert repository.versions("colours") == [1, 2, 3]


def test_a_threshold_that_is_not_reached_publishes_nothing(
    repository: Repository, make_pictures: Maker
) -> None:
    # Calibrated on black pictures alone, every range ends at nearly nothing.
    dark = make_pictures("cal", 30)
    from PIL import Image  # noqa: PLC0415 only here

    for index, file in enumerate(sorted(dark.rglob("*.png"))):
        Image.new("RGB", (56, 40), (index % 4, index // 4, 0)).save(file)
    options = PrecisionOptions(
        "colours", ("int8",), calibrate=dark, held_out=make_pictures("held", 100)
    )
    written = StringIO()
    sentence = r"int8 gives fp32's first class on \d+ of 100 .* and 99.0% is asked; nothing was"
    with pytest.raises(GateError, match=sentence):
        add_precisions(options, repository, console=Console(file=written, width=120))
    assert "/100" in written.getvalue()
    assert repository.versions("colours") == [1]
    assert [path.name for path in (repository.root / "colours").iterdir()] == ["1"]


def test_answers_that_are_no_numbers_pass_no_gate() -> None:
    reference = np.array([[0.9, 0.1]], np.float32)
    broken = Agreement(reference, np.array([[np.nan, np.nan]], np.float32))
    with pytest.raises(GateError, match="fp16 gives"):
        check_agreement({"fp16": broken}, 0.5)


def test_the_report_has_the_numbers(add: Adder, make_pictures: Maker) -> None:
    written = StringIO()
    add("fp16", held_out=make_pictures("held", 100), console=Console(file=written, width=120))
    text = written.getvalue()
    assert "100/100 (100.0%)" in text
    assert "published colours version 2 with fp16" in text
    assert "CUTAWAY_PRECISION=fp16" in text


def test_an_unknown_model_is_named(
    add: Adder, make_pictures: Maker, repository: Repository
) -> None:
    held = make_pictures("held", 100)
    options = PrecisionOptions("flowers", ("fp16",), held_out=held)
    with pytest.raises(ModelNotFoundError, match=r"no model 'flowers'.*there are: colours"):
        add_precisions(options, repository)
    with pytest.raises(ModelNotFoundError, match="no version 7"):
        add("fp16", held_out=held, version=7)


def test_an_altered_bundle_is_not_built_upon(
    add: Adder, make_pictures: Maker, repository: Repository
) -> None:
    with (repository.root / "colours" / "1" / "predict.onnx").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(BundleCorruptError, match="was altered"):
        add("fp16", held_out=make_pictures("held", 100))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A repository on a file system of 16 kB: room for a version, and not for the next."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_leaves_the_version_before(
    tiny_disk: Path, tmp_path: Path, make_pictures: Maker
) -> None:
    source = publish_network(tmp_path / "elsewhere", colour_network())
    shutil.copytree(source.folder, tiny_disk / "colours" / "1")
    repository = Repository(tiny_disk)
    options = PrecisionOptions("colours", ("fp16",), held_out=make_pictures("held", 100))
    with pytest.raises(PublishError, match="is full; free some space and export colours again"):
        add_precisions(options, repository, console=Console(file=StringIO()))
    assert repository.versions("colours") == [1]
    assert [path.name for path in (tiny_disk / "colours").iterdir()] == ["1"]
