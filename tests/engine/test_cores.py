"""Cores: as many as this process may use."""

import os
from pathlib import Path

import pytest

from engine import cores


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups without a quota, on a machine of eight cores."""
    monkeypatch.setattr(cores, "GROUPS", tmp_path)
    monkeypatch.setattr(cores, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_quota_it_is_what_the_scheduler_gives(groups: Path) -> None:
    assert cores.core_count() == 8
    write(groups / "cpu.max", "max 100000\n")
    assert cores.core_count() == 8


@pytest.mark.parametrize(
    ("quota", "expected"), [(200_000, 2), (150_000, 2), (50_000, 1), (9_900_000, 8)]
)
def test_a_containers_quota_is_counted_up_to_whole_cores(
    groups: Path, quota: int, expected: int
) -> None:
    write(groups / "cpu.max", f"{quota} 100000\n")
    assert cores.core_count() == expected


def test_the_narrowest_of_nested_groups_counts(groups: Path) -> None:
    write(groups / "membership", "0::/system/service\n")
    write(groups / "system" / "cpu.max", "300000 100000\n")
    write(groups / "system" / "service" / "cpu.max", "max 100000\n")
    assert cores.core_count() == 3


def test_the_first_version_of_control_groups_counts_too(groups: Path) -> None:
    write(groups / "membership", "12:memory:/elsewhere\n5:cpu,cpuacct:/service\n")
    write(groups / "cpu" / "cpu.cfs_quota_us", "-1\n")
    write(groups / "cpu" / "cpu.cfs_period_us", "100000\n")
    assert cores.core_count() == 8
    write(groups / "cpu" / "service" / "cpu.cfs_quota_us", "400000\n")
    write(groups / "cpu" / "service" / "cpu.cfs_period_us", "100000\n")
    assert cores.core_count() == 4
