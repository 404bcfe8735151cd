"""Everybody at once: servers and bare processes started side by side, then load in turn."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.answers import top_class
from benchmarks.ceilings import KINDS, Swept, best, quickest
from benchmarks.contenders import on_our_provider, ours
from benchmarks.contest import Run, compete, crew_run, server_run
from benchmarks.crew import Crew, Hands, Kind, Layout, crew
from benchmarks.findings import ARRAY, FORM, INT8, JPEG, ONE_CALLER, ONE_CLIENT, Contest, Effort
from benchmarks.forms import Form, body_for, check_answer
from benchmarks.pictures import Bodies
from benchmarks.plain_sessions import providers
from benchmarks.processes import memory
from benchmarks.servers import Running, Server, running
from bundle.repository import Bundle

CLIENTS = 16


@dataclass(slots=True)
class LineUp:
    """Starts contenders in a stack that ends them, and collects what each runs.

    Args:
        bundle: alone in its repository.
        bodies: of all requests.
        stack: ends everything.
        trained: whether the peers must answer our class.
    """

    bundle: Bundle
    bodies: Bodies
    stack: ExitStack
    trained: bool
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    servers: dict[str, Running] = field(default_factory=dict[str, Running])
    layouts: dict[str, str] = field(default_factory=dict[str, str])
    kinds: dict[str, Kind] = field(default_factory=dict[str, Kind])
    same_class: dict[str, bool] = field(default_factory=dict[str, bool])
    _crews: dict[Hands, Crew] = field(default_factory=dict[Hands, Crew])

    def add_ceilings(self, swept: Sequence[Swept], count: int) -> None:
        """The best layouts of each kind, and the quickest single caller."""
        for kind in KINDS:
            for number, layout in enumerate(best(swept, kind, count), start=1):
                self._add_layout(f"{kind}, ceiling {number}", layout, kind)
                self.kinds[f"{kind}, ceiling {number}"] = kind
        self._add_layout(ONE_CALLER, quickest(swept), "decode + infer")

    def add_ours(self) -> Running:
        """Our server, in every way that it is asked; in int8 too where the bundle has that."""
        server = self._start(ours(self.bundle))
        for name, body, clients in (
            (JPEG, self.bodies.raw, CLIENTS),
            (FORM, self.bodies.form, CLIENTS),
            (ARRAY, self.bodies.array, CLIENTS),
            (ONE_CLIENT, self.bodies.raw, 1),
        ):
            self.runs[name] = server_run(server, body, clients)
        if any(one.name == "int8" for one in self.bundle.manifest.precisions):
            other = self._start(ours(self.bundle, "Cutaway in int8", {"CUTAWAY_PRECISION": "int8"}))
            self.runs[INT8] = server_run(other, self.bodies.raw, CLIENTS)
        return server

    def add_peer(self, peer: Server, expected: int) -> None:
        """A peer, once it has answered what we do."""
        server = self._start(peer)
        body = body_for(peer, self.bodies.raw, self.bodies.peers_form)
        same = check_answer(server, body, expected, trained=self.trained)
        self.same_class[peer.name] = same
        self.runs[peer.name] = server_run(server, body, CLIENTS)

    def _start(self, server: Server) -> Running:
        """Start it, to be ended with the stack."""
        started = self.stack.enter_context(running(server))
        self.servers[server.name] = started
        return started

    def _add_layout(self, name: str, layout: Layout, kind: Kind) -> None:
        """Bare processes; those with the same hands are shared."""
        hands = layout.hands
        if hands not in self._crews:
            started = crew(self.bundle, hands, self.bodies.jpeg)
            self._crews[hands] = self.stack.enter_context(started)
        self.runs[name] = crew_run(self._crews[hands], layout, kind)
        self.layouts[name] = str(layout)


def hold_contest(
    bundle: Bundle,
    bodies: Bodies,
    swept: Sequence[Swept],
    forms: Mapping[str, list[Form]],
    effort: Effort,
    *,
    trained: bool,
) -> Contest:
    """Start everybody, let them run in turn, end them."""
    with ExitStack() as stack:
        line_up = LineUp(bundle, bodies, stack, trained)
        server = line_up.add_ours()
        device = device_of(server.base)
        expected = top_class(server, bodies.raw)
        peers = {peer: found[0].server for peer, found in forms.items()}
        for peer in peers.values():
            line_up.add_peer(peer, expected)
        elsewhere = None
        if "openvino" in device and "openvino" in providers():
            fastest = max(forms.values(), key=lambda found: found[0].per_second)[0].server
            line_up.add_peer(on_our_provider(fastest), expected)
            elsewhere = on_our_provider(fastest).name
        line_up.add_ceilings(swept, effort.ceilings)
        samples = compete(line_up.runs, rounds=effort.rounds, seconds=effort.seconds)
        return Contest(
            device=device,
            layouts=line_up.layouts,
            kinds=line_up.kinds,
            peers={peer: form.name for peer, form in peers.items()},
            on_our_provider=elsewhere,
            samples=samples,
            starts={name: one.start_seconds for name, one in line_up.servers.items()},
            memories={name: memory(one.pid) for name, one in line_up.servers.items()},
            same_class=line_up.same_class,
        )


def device_of(base: str) -> str:
    """The device our server says it runs on; the stock CPU provider where it says nothing."""
    return _find_device(httpx.get(f"{base}/v1/models", timeout=30).json()) or "cpu"


def _find_device(value: Any) -> str | None:  # noqa: ANN401  any JSON
    """The first text under the name `device`."""
    match value:
        case {"device": str(device)}:
            return device
        case dict() | list():
            inside = value.values() if isinstance(value, dict) else value
            return next((found for found in map(_find_device, inside) if found), None)
        case _:
            return None
