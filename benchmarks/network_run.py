"""One network, measured whole: ceilings, the peers' forms, start-up, overload, the contest."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.ceilings import Swept, sweep
from benchmarks.contenders import ours, peers
from benchmarks.findings import Effort, NetworkRun
from benchmarks.forms import choose_form
from benchmarks.line_up import CLIENTS, hold_contest
from benchmarks.overload import measure_overload
from benchmarks.pictures import make_bodies
from benchmarks.servers import running
from bundle.repository import Bundle, Repository

RUN_PICTURES = 100
"""In one run, at least: of 36 pictures answered in batches of 8, where the run happens to end moved
a peer's pace above the ceiling (1.00 of it, 0.92-1.11)."""


def measure_network(bundle: Bundle, folder: Path, effort: Effort, *, trained: bool) -> NetworkRun:
    """Everything in its order; the machine should have nothing else to do.

    Args:
        bundle: the network.
        folder: takes the bodies, and the bundle in a repository of its own.
        effort: how long.
        trained: whether the weights are, so that every server must answer the same class.
    """
    bundle = _alone(bundle, folder / "models")
    bodies = make_bodies(bundle, folder)
    print(f"{bundle.manifest.name}: sweeping the ceilings", flush=True)
    swept = sweep(bundle, bodies.jpeg, effort.sweep_seconds)
    effort = long_enough(effort, swept)
    print(f"{bundle.manifest.name}: comparing the peers' forms", flush=True)
    forms = {
        name: choose_form(
            servers, bodies.raw, bodies.peers_form, clients=CLIENTS,
            rounds=effort.form_rounds, seconds=effort.seconds,
        )
        for name, servers in peers(bundle).items()
    }  # fmt: skip
    print(f"{bundle.manifest.name}: starting, overloading", flush=True)
    starts = [_start_seconds(bundle) for _ in range(effort.starts)]
    with running(ours(bundle)) as server:
        overload = measure_overload(
            server, bodies.raw, rounds=max(1, effort.rounds // 3), seconds=2 * effort.seconds
        )
    print(f"{bundle.manifest.name}: {effort.rounds} rounds of everybody in turn", flush=True)
    contest = hold_contest(bundle, bodies, swept, forms, effort, trained=trained)
    agreements = {
        one.name: one.top1_agreement for one in bundle.manifest.precisions if one.name != "fp32"
    }
    name = bundle.manifest.name
    return NetworkRun(name, trained, agreements, swept, forms, contest, starts, overload)


def long_enough(effort: Effort, swept: Sequence[Swept]) -> Effort:
    """The effort with runs in which even a slow network answers many pictures."""
    pace = max(one.pace.per_second for one in swept if one.kind == "decode + infer")
    return replace(effort, seconds=max(effort.seconds, RUN_PICTURES / pace))


def _start_seconds(bundle: Bundle) -> float:
    """One start of our server."""
    with running(ours(bundle)) as server:
        return server.start_seconds


def _alone(bundle: Bundle, root: Path) -> Bundle:
    """The bundle in a repository of its own: memory and start-up are this network's alone."""
    name = bundle.manifest.name
    shutil.copytree(bundle.folder, root / name / bundle.folder.name)
    return Repository(root).open(name)
