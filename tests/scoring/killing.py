"""A job whose process is killed, with no warning, again and again."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Moment:
    """Once so many parts are there, and this much later."""

    parts: int
    seconds: float


def random_moments(
    kills: int, shards: int, *, start_seconds: float, linger_seconds: float, seed: int
) -> list[Moment]:
    """A third anywhere in the first seconds of a process; the others anywhere in the job's course.

    Its last tenth is left out, so that every kill meets a process at work.

    Args:
        kills: how many.
        shards: of the job.
        start_seconds: in which a process imports, opens the model, plans or reads the plan, and
            begins to score.
        linger_seconds: after a part appeared, at most.
        seed: of the dice.
    """
    dice = random.Random(seed)  # noqa: S311  moments, no secret
    early = [number < (kills + 2) // 3 for number in range(kills)]
    dice.shuffle(early)
    course = iter(sorted(dice.randrange(shards - shards // 10) for _ in range(kills)))
    return [
        Moment(0, dice.uniform(0, start_seconds))
        if is_early
        else Moment(next(course), dice.uniform(0, linger_seconds))
        for is_early in early
    ]


def count_parts(output: Path) -> int:
    """Parts in a folder, which need not be there yet."""
    with suppress(FileNotFoundError):
        return sum(name.startswith("part-") for name in os.listdir(output))  # noqa: PTH208  fast
    return 0


def kill_at(
    moment: Moment, process: subprocess.Popen[bytes], count: Callable[[], int]
) -> int | None:
    """SIGKILL at that moment; the exit code of a process that ended before it came."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while count() < moment.parts and process.poll() is None:
        assert time.monotonic() < deadline, f"no {moment.parts} parts in {PATIENCE_SECONDS} s"
        time.sleep(0.01)
    with suppress(subprocess.TimeoutExpired):
        return process.wait(moment.seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return None


def kill_again_and_again(
    begin: Callable[[], subprocess.Popen[bytes]],
    moments: Sequence[Moment],
    count: Callable[[], int],
) -> list[int]:
    """Begin a job and kill it, once for each moment; then let it finish.

    Returns:
        Parts that were there at each kill.
    """
    found: list[int] = []
    for moment in moments:
        code = kill_at(moment, begin(), count)
        assert code is None, f"it ended by itself, with {code}, before {moment}"
        found.append(count())
    process = begin()
    assert process.wait(PATIENCE_SECONDS) == 0
    return found
