"""`python -m export`: one sentence for every mistake, never a traceback."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import pytest
from click.testing import CliRunner, Result

from bundle.repository import Repository
from export.__main__ import COMMANDS, main

Builder = Callable[..., keras.Model]


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., Result]:
    """Runs the command line with a repository of the test's own."""

    def run(*arguments: object) -> Result:
        env = {"CUTAWAY_MODELS": str(tmp_path / "models")}
        return CliRunner().invoke(main, [str(part) for part in arguments], env=env)

    return run


@pytest.fixture
def model(tmp_path: Path, build: Builder) -> Path:
    """A saved model without preprocessing."""
    build().save(tmp_path / "flowers.keras")
    return tmp_path / "flowers.keras"


def test_a_model_is_converted_with_a_report(
    cli: Callable[..., Result], model: Path, tmp_path: Path, photos: tuple[Path, ...]
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("aster\nbellis\ncrocus\ndaisy\n")
    samples = tmp_path / "samples"
    samples.mkdir()
    for photo in photos:
        (samples / photo.name).write_bytes(photo.read_bytes())
    result = cli("convert", model, "--name", "flowers", "--labels", labels, "--samples", samples,
                 "--scale", "1/255", "--resize", "crop")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "published flowers version 1" in result.output
    assert "4 layers, batch 1 and 3" in result.output
    manifest = Repository(tmp_path / "models").open("flowers").manifest
    assert manifest.labels == ("aster", "bellis", "crocus", "daisy")
    assert manifest.preprocessing.method == "crop"
    assert manifest.end_to_end.images == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--name", "Flowers!", "--preprocess", "tf"], "--name 'Flowers!' is no model name"),
        (["--name", "a", "--preprocess", "tf", "--scale", "2"], "say the same thing twice"),
        (["--name", "a", "--on-top"], "--on-top needs a preprocessing"),
        (["--name", "a", "--exif", "apply"], "it belongs to --recipe pillow"),
        (["--name", "a", "--labels", "none.txt"], "there is no label file"),
        (["--name", "a", "--samples", "nowhere"], "--samples expects a folder"),
        (["--name", "a"], "export does not guess it"),
        (["--name", "a", "--preprocess", "tf", "--size", "9x9"], "--size 9x9 contradicts"),
        (["--name", "a", "--preprocess", "tf", "--activation", "sigmoid"], "already ends in"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(
    cli: Callable[..., Result], model: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    result = cli("convert", model, *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale", "fast"], "expected one number, or three with commas, received 'fast'"),
        (["--size", "224"], "'224' is not HEIGHTxWIDTH"),
        (["--background", "white"], "'white' is not a colour"),
        (["--preprocess", "mobilnet"], "'mobilnet' is not one of"),
    ],
)
def test_a_value_that_cannot_be_parsed_is_a_usage_error(
    cli: Callable[..., Result], model: Path, arguments: list[str], sentence: str
) -> None:
    result = cli("convert", model, "--name", "a", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_help_and_mistakes_do_not_wait_for_tensorflow() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom export.__main__ import main\n"
        "assert CliRunner().invoke(main, ['convert', '--help']).exit_code == 0\n"
        "assert CliRunner().invoke(main, ['convert', 'x.keras', '--name', '!']).exit_code == 1\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_file_from_a_real_shell(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "export", "convert", "gone.keras", "--name", "gone",
               "--models", str(tmp_path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: there is no model file gone.keras")
    assert "Traceback" not in done.stderr


def test_even_a_mistake_of_ours_is_one_sentence(
    cli: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mistaken_command.py").write_text(
        "import click\n\n@click.command()\ndef command():\n    [][1]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(COMMANDS, "mistaken", "mistaken_command")
    result = cli("mistaken")
    assert result.exit_code == 1
    assert result.output.startswith("error: IndexError: list index out of range. Nobody expected")
    assert len(result.output.splitlines()) == 1
    monkeypatch.setenv("CUTAWAY_TRACEBACK", "1")
    assert isinstance(cli("mistaken").exception, IndexError)
