"""Serving against the ceilings and the peers: `python -m benchmarks.serving`, or `make bench`.

Everything takes turns in one run; see benchmarks/README.md.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from benchmarks.findings import Effort, NetworkRun
from benchmarks.load import MISSING, installed
from benchmarks.network_run import measure_network
from benchmarks.pictures import HEIGHT, WIDTH, sample_jpeg
from benchmarks.plot import draw
from benchmarks.report import ROOT
from benchmarks.servers import Server
from benchmarks.serving_report import write_report
from benchmarks.subjects import SUBJECTS, open_subject

RESULT = ROOT / "benchmarks" / "results" / "serving.md"
NETWORKS = {"imagenet": ("imagenet",), "resnet50v2": ("resnet50v2",),
            "both": ("imagenet", "resnet50v2")}  # fmt: skip
QUICK = Effort(rounds=2, seconds=2, sweep_seconds=0.3, form_rounds=0, ceilings=1, starts=1)


@click.command()
@click.option("--models", default="models", show_default=True, help="Folder of the default models.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--cache", default=".cache/benchmarks/models", show_default=True,
              help="Repository of the networks with random weights.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--network", default="both", show_default=True, type=click.Choice(sorted(NETWORKS)))
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(1),
              help="Of one run in a round.")  # fmt: skip
@click.option("--quick", is_flag=True, help="To see that it works: no sweep of the peers' forms.")
@click.option("--result", default=RESULT, help="The Markdown file to write; plot and JSON beside.",
              type=click.Path(path_type=Path))  # fmt: skip
def main(
    *,
    models: Path,
    cache: Path,
    network: str,
    rounds: int,
    seconds: float,
    quick: bool,
    result: Path,
) -> None:
    """Measure, print, and write the result."""
    if reason := what_is_missing():
        print(reason)
        return
    full = Effort(rounds, seconds, sweep_seconds=1.5, form_rounds=3, ceilings=2, starts=3)
    effort = QUICK if quick else full
    runs: list[NetworkRun] = []
    for name in NETWORKS[network]:
        subject = SUBJECTS[name]
        bundle = open_subject(subject, models, cache)
        with tempfile.TemporaryDirectory() as folder:
            trained = subject.keras_name is None
            runs.append(measure_network(bundle, Path(folder), effort, trained=trained))
    picture = f"JPEG {WIDTH}×{HEIGHT}, {len(sample_jpeg()) / 1000:.0f} kB"
    plot = result.with_suffix(".png")
    text = write_report(runs, effort, picture, plot.name)
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(text, encoding="utf-8")
    result.with_suffix(".json").write_text(as_json(runs), encoding="utf-8")
    draw(runs, plot)
    print(text)


def what_is_missing(find: Callable[[str], object] = find_spec) -> str | None:
    """Why nothing can be measured here, in a sentence."""
    if not installed():
        return f"skipped: {MISSING}"
    if find("litserve") is None:
        return "skipped: the peers are not installed; `deploy/bench.sh` installs them"
    return None


def as_json(runs: list[NetworkRun]) -> str:
    """The raw numbers; of a server its name alone."""
    return json.dumps([_plain(run) for run in runs], indent=1) + "\n"


def _plain(value: Any) -> Any:  # noqa: ANN401  any data of ours
    """Data as JSON's own types."""
    match value:
        case Server():
            return value.name
        case _ if is_dataclass(value):
            return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return round(value, 4)
        case _:
            return value


if __name__ == "__main__":
    main()
