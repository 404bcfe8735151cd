"""The locks: complete, hashed, for every Python we run on; they name no place to fetch from."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
NAMES = (
    "uv",
    "service",
    "gpu",
    "scoring",
    "scoring-gpu",
    "ray",
    "export",
    "dev",
    "bench",
    "clients",
)


def entries(name: str) -> dict[str, set[str]]:
    """Package name → its locked versions."""
    found: dict[str, set[str]] = {}
    for line in (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9._-]+)==([^ ;]+)", line):
            found.setdefault(match[1], set()).add(match[2])
    return found


def asked_for(name: str) -> set[str]:
    """The packages that an .in file asks for, with those of the files that it includes."""
    wanted: set[str] = set()
    for line in (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines():
        if include := re.fullmatch(r"-r ([\w-]+)\.in", line):
            wanted |= asked_for(include[1])
        elif match := re.match(r"[a-z0-9-]+", line):
            wanted.add(match[0])
    return wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_package_of_a_lock_has_its_hashes(name: str) -> None:
    lock = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z])", lock, flags=re.MULTILINE)
    assert len(blocks) > 1 or name == "uv"
    for block in filter(str.strip, blocks):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.splitlines()[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_names_no_address_and_no_option(name: str) -> None:
    lock = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|^-|@ ", lock, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_holds_what_is_asked_for(name: str) -> None:
    assert asked_for(name) <= set(entries(name))


def test_the_locks_agree_with_each_other() -> None:
    everything = entries("dev")
    for name in ("uv", "service", "scoring", "ray", "export"):
        for package, versions in entries(name).items():
            assert versions <= everything[package], (name, package)
    for package, versions in everything.items():  # the peers come on top of all that tests
        assert versions == entries("bench")[package], package


def test_the_locks_serve_both_pythons() -> None:
    lock = (REQUIREMENTS / "dev.txt").read_text(encoding="utf-8")
    assert "python_full_version < '3.12'" in lock
    assert "python_full_version >= '3.12'" in lock


def test_scoring_is_on_top_of_the_service_and_ray_on_top_of_scoring() -> None:
    service, scoring, ray = (set(entries(name)) for name in ("service", "scoring", "ray"))
    assert service < scoring < ray
    assert not {"pyarrow", "duckdb", "obstore"} & service
    assert "ray" not in scoring
    assert not {"moto", "boto3", "tensorflow-cpu"} & ray


def test_the_service_is_locked_without_tensorflow_and_nothing_with_pytorch() -> None:
    assert not {"tensorflow-cpu", "tensorflow", "keras", "tf2onnx"} & set(entries("service"))
    for name in NAMES:
        assert not {"torch", "efficientnet-pytorch"} & set(entries(name)), name
