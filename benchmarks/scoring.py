"""Scoring jobs against the ceilings: `python -m benchmarks.scoring`, or `make bench-scoring`.

See benchmarks/README.md.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import click

from benchmarks.pictures import HEIGHT, WIDTH, sample_jpeg
from benchmarks.report import ROOT
from benchmarks.scoring_album import Album
from benchmarks.scoring_commands import compare_engines
from benchmarks.scoring_goals import EmbeddedRun, RayRun, write_report
from benchmarks.scoring_run import measure_network
from benchmarks.serving import NETWORKS
from benchmarks.subjects import SUBJECTS, open_subject

RESULT = ROOT / "benchmarks" / "results" / "scoring.md"


@click.command()
@click.option("--models", default="models", show_default=True, help="Folder of the default models.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--cache", default=".cache/benchmarks/models", show_default=True,
              help="Repository of the networks with random weights.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--network", default="both", show_default=True, type=click.Choice(sorted(NETWORKS)))
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=12.0, show_default=True, type=click.FloatRange(0.5),
              help="Of one job in a round.")  # fmt: skip
@click.option("--ray-pictures", default=20_000, show_default=True, type=click.IntRange(0, 60_000),
              help="Of each engine's whole command; 0 leaves Ray out.")  # fmt: skip
@click.option("--ray-rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--quick", is_flag=True, help="To see that it works: short runs, two rounds.")
@click.option("--result", default=RESULT, help="The Markdown file to write.",
              type=click.Path(path_type=Path))  # fmt: skip
def main(
    *,
    models: Path,
    cache: Path,
    network: str,
    rounds: int,
    seconds: float,
    ray_pictures: int,
    ray_rounds: int,
    quick: bool,
    result: Path,
) -> None:
    """Measure, print, and write the result."""
    if quick:
        rounds, seconds, ray_pictures, ray_rounds = 2, 2.0, min(ray_pictures, 400), 1
    jpeg = sample_jpeg()
    runs: list[EmbeddedRun] = []
    ray: RayRun | None = None
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        album = Album(work / "pictures", jpeg)
        for name in NETWORKS[network]:
            subject = SUBJECTS[name]
            bundle = open_subject(subject, models, cache)
            run = measure_network(
                bundle, album, jpeg, work, rounds=rounds, seconds=seconds,
                sweep_seconds=0.3 if quick else 1.5, ceilings=1 if quick else 3,
                trained=subject.keras_name is None,
            )  # fmt: skip
            runs.append(run)
        if ray_pictures and find_spec("ray"):
            bundle = open_subject(SUBJECTS["imagenet"], models, cache)
            ray = compare_engines(bundle, album.folder(ray_pictures), work, rounds=ray_rounds)
    picture = f"A JPEG of {WIDTH}×{HEIGHT}, {len(jpeg) / 1000:.0f} kB"
    text = write_report(runs, ray, rounds=rounds, picture=picture)
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
