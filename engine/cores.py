"""How many cores this process may use."""

import math
import os
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def core_count() -> int:
    """Cores that the scheduler gives to this process, no more than its container may use.

    A container's limit is a quota of time on all of the machine's cores: a share of a core, at the
    end, counts as one.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, math.ceil(min(allowed or 1, _quota_cores())))


def _quota_cores() -> float:
    """The smallest quota of the control groups (version 2 or 1) around this process; infinite
    where there is none."""
    folders = [GROUPS, GROUPS / "cpu"]
    try:
        for line in MEMBERSHIP.read_text(encoding="ascii").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "cpu", "cpu,cpuacct"):
                root = GROUPS / "cpu" if controllers else GROUPS
                group = root / path.lstrip("/")
                folders += [group, *(p for p in group.parents if p.is_relative_to(root))]
    except (OSError, ValueError):
        pass
    return min(map(_quota_of, dict.fromkeys(folders)))


def _quota_of(folder: Path) -> float:
    """One control group's quota in cores."""
    for files in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            words = " ".join((folder / file).read_text(encoding="ascii") for file in files).split()
            quota, period = map(float, words)
        except (OSError, ValueError):  # no such file, or "max"
            continue
        if quota > 0 and period > 0:
            return quota / period
    return math.inf
