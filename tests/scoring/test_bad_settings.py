"""Settings that fit neither the model nor the machine: one sentence, and no output is begun."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scoring.conftest import Scoring
from tests.scoring.refusals import COLOURS, check_nothing, check_refused


@pytest.fixture(autouse=True)
def _nothing_written(output: Path) -> Iterator[None]:
    yield
    check_nothing(output)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--layers", "poool"], ["poool", "pool"]),
        (["--layers", "pool,nothing-like-it"], ["nothing-like-it"]),
        (["--model", "nobody"], ["nobody"]),
        (["--model", "colours:7"], ["7"]),
        (["--model", "colours:champion"], ["champion"]),
        (["--device", "quantum"], ["quantum"]),
        (["--precision", "int8"], ["int8"]),
    ],
    ids=lambda value: "-".join(value).strip("-") if isinstance(value, list) else None,
)
def test_a_setting_that_does_not_fit_is_refused(
    *,
    options: list[str],
    words: list[str],
    models: Path,
    pictures: Path,
    output: Path,
    run_scoring: Scoring,
) -> None:
    done = run_scoring("run", *COLOURS, *options, "--models", models, pictures, output)
    check_refused(done, *words)


def test_a_folder_of_models_that_is_not_there_is_refused(
    tmp_path: Path, pictures: Path, output: Path, run_scoring: Scoring
) -> None:
    done = run_scoring("run", *COLOURS, "--models", tmp_path / "nowhere", pictures, output)
    check_refused(done, "nowhere")
