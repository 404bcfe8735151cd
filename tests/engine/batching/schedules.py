"""Random schedules: what comes when, into which world."""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from tests.engine.batching.network import LINEAR, NEARLY_FREE

MAX_BATCH = 8


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that comes `gap` seconds after the one before."""

    gap: float
    model: int
    sizes: tuple[int, ...]
    poisoned: int | None
    timeout: float
    cancel_after: float | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The world of one simulation, and what comes into it."""

    slots: int
    measured: tuple[dict[int, float], ...]
    paces: tuple[float, ...]
    memory_images: int
    max_queue: int
    max_wait_seconds: float
    arrivals: tuple[Arrival, ...]


SLOTS = (1, 2, 3)
CURVES = (LINEAR, NEARLY_FREE)
PACES = ((1.0,), (0.5, 1.0, 1.5), (1.0, 1.0, 1.0, 8.0), (3.0,))
MEMORY_IMAGES = (1000, 1000, 6, 3, 1)
MAX_QUEUE = (1000, 30, 6)
MAX_WAIT_SECONDS = (0.0, 0.0, 0.005)
GAPS = (0.0, 0.0, 0.001, 0.004, 0.012, 0.05)
SIZES = (1, 1, 1, 2, 5, MAX_BATCH)
POISONED = (None, None, None, 0, 2)
TIMEOUTS = (0.005, 0.03, 0.1, 0.4, 10.0)
CANCEL_AFTER = (None, None, None, 0.0, 0.003, 0.02)

SCHEDULE = st.builds(
    Schedule,
    slots=st.sampled_from(SLOTS),
    measured=st.tuples(*[st.sampled_from(CURVES)] * 2),
    paces=st.sampled_from(PACES),
    memory_images=st.sampled_from(MEMORY_IMAGES),
    max_queue=st.sampled_from(MAX_QUEUE),
    max_wait_seconds=st.sampled_from(MAX_WAIT_SECONDS),
    arrivals=st.lists(
        st.builds(
            Arrival,
            gap=st.sampled_from(GAPS),
            model=st.integers(0, 1),
            sizes=st.lists(st.sampled_from(SIZES), min_size=1, max_size=5).map(tuple),
            poisoned=st.sampled_from(POISONED),
            timeout=st.sampled_from(TIMEOUTS),
            cancel_after=st.sampled_from(CANCEL_AFTER),
        ),
        min_size=1,
        max_size=20,
    ).map(tuple),
)


def draw_schedule(random: Random) -> Schedule:
    """The same without hypothesis, which takes several times as long as the simulation."""
    choose = random.choice
    arrivals = tuple(
        Arrival(
            gap=choose(GAPS),
            model=choose((0, 1)),
            sizes=tuple(choose(SIZES) for _ in range(random.randint(1, 5))),
            poisoned=choose(POISONED),
            timeout=choose(TIMEOUTS),
            cancel_after=choose(CANCEL_AFTER),
        )
        for _ in range(random.randint(1, 40))
    )
    return Schedule(
        slots=choose(SLOTS),
        measured=(choose(CURVES), choose(CURVES)),
        paces=choose(PACES),
        memory_images=choose(MEMORY_IMAGES),
        max_queue=choose(MAX_QUEUE),
        max_wait_seconds=choose(MAX_WAIT_SECONDS),
        arrivals=arrivals,
    )
