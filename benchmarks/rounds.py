"""Interleaved rounds: every workload meets the same disturbances, and each is a ratio."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A workload's time as a multiple of the yardstick's, over all rounds.

    Args:
        median: of the rounds' ratios.
        low, high: the middle half of the rounds.
        cpu: the same median of CPU time, which other processes disturb less; 0 if not measured.
    """

    median: float
    low: float
    high: float
    cpu: float = 0.0


def interleave(
    works: Mapping[str, Work], *, rounds: int, warm_up: int = 3
) -> dict[str, dict[str, list[float]]]:
    """Run every workload once a round, in an order that turns with the round.

    Returns:
        `wall` and `cpu`: seconds of each workload, one a round.
    """
    names = list(works)
    for _ in range(warm_up):
        for work in works.values():
            work()
    found: dict[str, dict[str, list[float]]] = {
        clock: {name: [] for name in names} for clock in ("wall", "cpu")
    }
    for number in range(rounds):
        start = number % len(names)
        gc.collect()
        for name in names[start:] + names[:start]:
            wall, cpu = time.perf_counter(), time.process_time()
            works[name]()
            found["cpu"][name].append(time.process_time() - cpu)
            found["wall"][name].append(time.perf_counter() - wall)
    return found


def ratios(times: dict[str, dict[str, list[float]]], yardstick: str) -> dict[str, Ratio]:
    """Each workload against the yardstick of the same round."""
    found: dict[str, Ratio] = {}
    for name, seconds in times["wall"].items():
        each = np.array(seconds) / np.array(times["wall"][yardstick])
        low, median, high = np.quantile(each, [0.25, 0.5, 0.75])
        cpu = np.array(times["cpu"][name]) / np.maximum(times["cpu"][yardstick], 1e-9)
        found[name] = Ratio(float(median), float(low), float(high), float(np.median(cpu)))
    return found
