"""Load by `hey`, which is no Python: closed loop, or at a stated rate; latencies from its CSV."""

import csv
import math
import resource
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pictures import Body

MISSING = (
    "the load generator hey is not installed; `deploy/bench.sh` installs it "
    "(on Debian and Ubuntu: apt install hey)"
)
OK = 200
RAMP = 0.1
"""Share of a closed loop's time that is its ramp."""
STAGGER = 16
"""Processes that share a stated rate: the clients of one hey all send in the same moment."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the generator saw.

    Args:
        seconds: that requests were sent for.
        ramp_seconds: at the run's start that do not count: connections are made, queues fill.
        starts, latencies: of each answered request, in seconds; starts since the run's begin.
        statuses: of the same requests.
        client_cpu_seconds: that the generator itself took.
    """

    seconds: float
    ramp_seconds: float
    starts: tuple[float, ...]
    latencies: tuple[float, ...]
    statuses: tuple[int, ...]
    client_cpu_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers with 200 a second, without the ramp at the start and the tail after the end."""
        return self.within(math.inf)

    def within(self, limit_seconds: float) -> float:
        """Answers with 200 a second that took no longer than this."""
        ramp = self.ramp_seconds
        each = zip(self.starts, self.latencies, self.statuses, strict=True)
        good = sum(
            status == OK and latency <= limit_seconds and ramp <= start + latency <= self.seconds
            for start, latency, status in each
        )
        return good / (self.seconds - ramp)

    @property
    def offered_per_second(self) -> float:
        """Requests sent a second, whatever became of them."""
        ramp = self.ramp_seconds
        sent = sum(ramp <= start <= self.seconds for start in self.starts)
        return sent / (self.seconds - ramp)

    def quantile_ms(self, share: float) -> float:
        """A quantile of the latencies of answers with 200; NaN where there is none."""
        pairs = zip(self.latencies, self.statuses, strict=True)
        good = [latency for latency, status in pairs if status == OK]
        return float(np.quantile(good, share)) * 1000 if good else math.nan

    def counts(self) -> dict[int, int]:
        """How often each status came."""
        return dict(sorted(Counter(self.statuses).items()))


def installed() -> bool:
    """Whether there is a load generator."""
    return shutil.which("hey") is not None


def closed_loop(url: str, body: Body, *, clients: int, seconds: float) -> Load:
    """Every client sends its next request when the last one is answered."""
    before = _children_cpu_seconds()
    done = subprocess.run(
        _command(url, body, clients, seconds), capture_output=True, text=True, check=True
    )
    return parse(done.stdout, seconds, _children_cpu_seconds() - before)


def offered(url: str, body: Body, *, rate: float, clients: int, seconds: float) -> Load:
    """Requests at a stated rate, as far as enough clients are free to send them.

    Args:
        url, body: of each request.
        rate: requests a second, of all clients together.
        clients: at most that many requests wait at a time.
        seconds: how long, after a ramp until every client has sent its first request.
    """
    each = max(1, clients // STAGGER)
    own_rate = rate / (STAGGER * each)
    ramp = 2 / own_rate
    begin = time.monotonic()
    delays: list[float] = []
    before = _children_cpu_seconds()
    running: list[subprocess.Popen[str]] = []
    for _ in range(STAGGER):
        delays.append(time.monotonic() - begin)
        command = _command(url, body, each, ramp + seconds, own_rate)
        running.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        )
        time.sleep(1 / own_rate / STAGGER)
    outputs = [process.communicate()[0] for process in running]
    loads = [
        parse(output, ramp + seconds, ramp_seconds=ramp, delay=delay)
        for output, delay in zip(outputs, delays, strict=True)
    ]
    return join(loads, _children_cpu_seconds() - before)


def parse(
    text: str,
    seconds: float,
    client_cpu_seconds: float = 0.0,
    *,
    ramp_seconds: float | None = None,
    delay: float = 0.0,
) -> Load:
    """hey's CSV → Load; requests that were never answered are not in it.

    Args:
        text: the table.
        seconds: that hey ran.
        client_cpu_seconds: that it took.
        ramp_seconds: which do not count; a tenth where it is not said.
        delay: seconds that this hey began after the first of several.
    """
    rows = list(csv.DictReader(text.splitlines()))
    return Load(
        seconds=seconds,
        ramp_seconds=RAMP * seconds if ramp_seconds is None else ramp_seconds,
        starts=tuple(float(row["offset"]) + delay for row in rows),
        latencies=tuple(float(row["response-time"]) for row in rows),
        statuses=tuple(int(row["status-code"]) for row in rows),
        client_cpu_seconds=client_cpu_seconds,
    )


def join(loads: Sequence[Load], client_cpu_seconds: float) -> Load:
    """Runs at the same time as one."""
    return Load(
        seconds=loads[0].seconds,
        ramp_seconds=loads[0].ramp_seconds,
        starts=tuple(start for load in loads for start in load.starts),
        latencies=tuple(latency for load in loads for latency in load.latencies),
        statuses=tuple(status for load in loads for status in load.statuses),
        client_cpu_seconds=client_cpu_seconds,
    )


def _command(
    url: str, body: Body, clients: int, seconds: float, rate: float | None = None
) -> list[str]:
    """hey's command line."""
    command = ["hey", "-c", str(clients), "-z", f"{seconds:.3f}s", "-o", "csv", "-t", "60"]
    command += ["-m", "POST", "-D", str(Path(body.file)), "-T", body.content_type]
    return [*command, *(["-q", f"{rate:.4f}"] if rate else []), url]


def _children_cpu_seconds() -> float:
    """CPU time of the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
