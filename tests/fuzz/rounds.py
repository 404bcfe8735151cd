"""So many cases of a strategy, in rounds; between them it is measured what memory holds.

CUTAWAY_FUZZ_CASES: of all tests of this folder together; `make fuzz` sets 200,000.
CUTAWAY_FUZZ_SEED: another number draws other cases; the same one draws the same.
"""

import gc
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

CASES = int(os.environ.get("CUTAWAY_FUZZ_CASES", "3000"))
SEED = int(os.environ.get("CUTAWAY_FUZZ_SEED", "1"))
ROUND = 500
"""Cases of a round. Hypothesis remembers what it has tried for as long as one lasts."""
MEASURABLE_ROUNDS = 20
BYTES_A_CASE = 100
SLACK_BYTES = 8_000_000
"""A megabyte for every 10,000 cases, and what the allocator keeps or gives back as it likes."""


def fuzz(cases: SearchStrategy[T], check: Callable[[T], None], *, share: float) -> None:
    """Check this share of all cases; memory must not grow meanwhile."""
    wanted = max(1, round(CASES * share))
    done = 0

    def counted(case: T) -> None:
        nonlocal done
        done += 1
        check(case)

    held: list[int] = []
    number = 0
    while done < wanted:
        before = done
        _round(cases, counted, min(ROUND, wanted - done), SEED * 1_000_003 + number)
        assert done > before, "the strategy draws nothing"
        number += 1
        gc.collect()
        held.append(_resident_bytes())
    print(
        f"{done} cases, {held[0] / 1e6:.0f} MB after the first round, {held[-1] / 1e6:.0f} MB now"
    )
    _check_growth(held, done)


def _round(cases: SearchStrategy[T], check: Callable[[T], None], size: int, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=size,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
        report_multiple_bugs=False,
    )
    @given(cases)
    def one(case: T) -> None:
        check(case)

    with warnings.catch_warnings():
        # It tells of a failing case that is too large to print, and would hide what failed.
        warnings.simplefilter("ignore", HypothesisWarning)
        one()


def _check_growth(held: list[int], done: int) -> None:
    """The second half of the rounds holds no more than the first, once that has warmed up."""
    if len(held) < MEASURABLE_ROUNDS:
        return
    quarter = len(held) // 4
    grown = median(held[-quarter:]) - median(held[quarter : 2 * quarter])
    allowed = SLACK_BYTES + BYTES_A_CASE * done // 2
    assert grown < allowed, f"{grown / 1e6:.1f} MB more after {done} cases"


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
