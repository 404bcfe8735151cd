"""Which form of a peer is its best here: all of them at once, load in turn, the fastest taken."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.answers import top_class
from benchmarks.contest import compete, median, server_run
from benchmarks.pictures import Body
from benchmarks.servers import Running, Server, running


@dataclass(frozen=True, slots=True)
class Form:
    """A peer's form and what it reached when the forms were compared; 0 where none was."""

    server: Server
    per_second: float


def body_for(server: Server, raw: Body, form: Body) -> Body:
    """The picture as this server takes it."""
    return form if server.field else raw


def choose_form(
    forms: Sequence[Server], raw: Body, form: Body, *, clients: int, rounds: int, seconds: float
) -> list[Form]:
    """A peer's forms, the best first; of one round or none, the first form unseen."""
    if rounds == 0:
        return [Form(forms[0], 0.0)]
    with ExitStack() as stack:
        started = {server.name: stack.enter_context(running(server)) for server in forms}
        runs = {
            name: server_run(one, body_for(one.server, raw, form), clients)
            for name, one in started.items()
        }
        found = compete(runs, rounds=rounds, seconds=seconds)
    paces = [Form(server, median(found[server.name], "per_second")) for server in forms]
    return sorted(paces, key=lambda one: -one.per_second)


def check_answer(server: Running, body: Body, expected: int, *, trained: bool) -> bool:
    """Whether it answers the class that we do.

    Raises:
        RuntimeError: a network with trained weights is answered otherwise: then nothing compares.
    """
    found = top_class(server, body)
    if trained and found != expected:
        raise RuntimeError(f"{server.server.name} answers class {found} where we say {expected}")
    return found == expected
