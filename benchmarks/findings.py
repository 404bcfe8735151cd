"""What a run of the benchmark found, as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.ceilings import Swept
from benchmarks.contest import Sample
from benchmarks.crew import Kind
from benchmarks.forms import Form
from benchmarks.overload import Overload
from benchmarks.processes import Memory

JPEG = "Cutaway, JPEG"
FORM = "Cutaway, JPEG in a form"
ARRAY = "Cutaway, .npy array"
INT8 = "Cutaway in int8, JPEG"
ONE_CLIENT = "Cutaway, JPEG, one client"
ONE_CALLER = "decode + infer, one caller"


@dataclass(frozen=True, slots=True)
class Effort:
    """How long everything is measured.

    Args:
        rounds, seconds: of the contest; seconds of one run.
        sweep_seconds: of one layout of the ceilings.
        form_rounds: in which a peer's forms compete; 0 takes the first.
        ceilings: layouts of each kind that take part in the contest.
        starts: of our server, for the time until it is ready.
    """

    rounds: int
    seconds: float
    sweep_seconds: float
    form_rounds: int
    ceilings: int
    starts: int


@dataclass(frozen=True, slots=True)
class Contest:
    """The interleaved rounds.

    Args:
        device: that our server runs on, as it says itself.
        layouts, kinds: of the ceilings: name → layout in words, kind.
        peers: peer → the name of the form that took part.
        on_our_provider: the best peer on our provider; None where that is the stock one.
        samples: name → one a round.
        starts: server → seconds until ready, beside everybody else.
        memories: server → what it held after the load.
        same_class: server → whether it answers the class that we do.
    """

    device: str
    layouts: Mapping[str, str]
    kinds: Mapping[str, Kind]
    peers: Mapping[str, str]
    on_our_provider: str | None
    samples: Mapping[str, list[Sample]]
    starts: Mapping[str, float]
    memories: Mapping[str, Memory]
    same_class: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class NetworkRun:
    """Everything that was found of one network.

    Args:
        model, trained: the bundle's name, and whether its weights are.
        agreements: top-1 agreement with fp32 of the bundle's other precisions.
        swept: of the ceilings, the best first.
        forms: peer → its forms, the best first.
        contest: the interleaved rounds.
        start_seconds: of our server until it was ready, alone on the machine.
        overload: of our server, at twice the saturating load.
    """

    model: str
    trained: bool
    agreements: Mapping[str, float]
    swept: list[Swept]
    forms: Mapping[str, list[Form]]
    contest: Contest
    start_seconds: list[float]
    overload: Overload
