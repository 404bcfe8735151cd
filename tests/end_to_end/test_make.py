"""`make` sets up once, and says in one sentence why it cannot.

The real scripts run, on a copy of theirs with locks of two small packages.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Finished = subprocess.CompletedProcess[str]

HOLDS = {
    "export": {"six"},
    "scoring": {"certifi"},
    "ray": {"certifi", "attrs"},
    "dev": {"six", "certifi", "attrs", "idna"},
}
"""What each lock of a copy asks for."""


def lock_of(*names: str) -> str:
    """The entries of some packages, hashes included, cut out of the real lock."""
    lock = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z])", lock, flags=re.MULTILINE)
    return "".join(entry for entry in entries if entry.split("==")[0] in names)


def make_house(folder: Path) -> Path:
    """A checkout with nothing but what set-up needs; the packages are `HOLDS`."""
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "requirements").mkdir(parents=True)
    shutil.copy(ROOT / "requirements/uv.txt", folder / "requirements")
    for name, wanted in HOLDS.items():
        (folder / f"requirements/{name}.txt").write_text(lock_of(*wanted))
    return folder


def set_up(house: Path, lock: str, **environment: str) -> Finished:
    """Run the set-up of the copy, as make does."""
    return subprocess.run(
        ["deploy/setup.sh", lock],
        cwd=house,
        env=os.environ | {"SETUP_MB": "200"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def packages(house: Path) -> set[str]:
    """What the environment holds of our packages."""
    command = [".venv/bin/python", "-m", "pip", "freeze"]
    listed = subprocess.run(command, cwd=house, capture_output=True, text=True, check=True).stdout
    return {line.split("==")[0] for line in listed.splitlines()} & HOLDS["dev"]


def stand_in(folder: Path, *names: str, script: str) -> Path:
    """Executables under the given names that run a shell script."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def sentence(result: Finished) -> str:
    """The one line that a refusal prints."""
    assert result.returncode != 0
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.fixture(scope="module")
def finished_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that was set up for serving."""
    folder = make_house(tmp_path_factory.mktemp("make") / "house")
    result = set_up(folder, "export", PYTHON=sys.executable)
    assert result.returncode == 0, result.stderr
    assert "Installing the packages of requirements/export.txt" in result.stderr
    assert packages(folder) == {"six"}
    return folder


@pytest.fixture
def house(finished_house: Path, tmp_path: Path) -> Path:
    """A set-up copy of a test's own."""
    shutil.copytree(finished_house, tmp_path / "house", symlinks=True)
    return tmp_path / "house"


def test_the_second_set_up_does_nothing(house: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (house / ".venv").rglob("*")}
    result = set_up(house, "export")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert {path: path.stat().st_mtime_ns for path in (house / ".venv").rglob("*")} == before


def test_testing_adds_to_serving_and_serving_takes_nothing_away(house: Path) -> None:
    assert set_up(house, "dev").returncode == 0
    assert packages(house) == HOLDS["dev"]
    again = set_up(house, "export")
    assert (again.returncode, again.stderr) == (0, "")
    assert packages(house) == HOLDS["dev"]


def test_what_was_set_up_before_stays_beside_what_is_set_up_now(house: Path) -> None:
    assert set_up(house, "scoring").returncode == 0
    assert packages(house) == {"six", "certifi"}
    assert "cp:" not in set_up(house, "ray").stderr
    assert packages(house) == {"six", "certifi", "attrs"}
    for name in ("scoring", "export", "ray"):
        assert set_up(house, name).stderr == "", name
    (house / "requirements/export.txt").write_text(lock_of("idna", "certifi"))
    assert set_up(house, "export").returncode == 0
    assert packages(house) == {"idna", "certifi", "attrs"}


def test_a_changed_lock_replaces_what_was_installed(house: Path) -> None:
    (house / "requirements/export.txt").write_text(lock_of("idna"))
    result = set_up(house, "export")
    assert "Installing the packages" in result.stderr
    assert packages(house) == {"idna"}


def test_where_uv_reaches_no_index_pip_installs(house: Path, tmp_path: Path) -> None:
    (house / "requirements/export.txt").write_text(lock_of("idna"))
    result = set_up(
        house,
        "export",
        UV_DEFAULT_INDEX="http://127.0.0.1:9/",
        UV_CACHE_DIR=str(tmp_path / "cache"),
        UV_HTTP_RETRIES="0",
    )
    assert result.returncode == 0, result.stderr
    assert "trying pip" in result.stderr
    assert "idna" in packages(house)


def test_a_package_that_is_not_the_locked_one_is_refused(house: Path) -> None:
    lock = house / "requirements/export.txt"
    lock.write_text(re.sub(r"sha256:\w{4}", "sha256:0000", lock_of("idna")))
    result = set_up(house, "export")
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].startswith("error: the packages of requirements/export")
    assert packages(house) == {"six"}
    assert set_up(house, "export").returncode != 0


def test_a_wrong_python_is_named(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    old = stand_in(
        tmp_path / "bin", "python3", "python3.11", "python3.12", "python", script="echo 3.9"
    )
    told = sentence(set_up(house, "export", PATH=f"{old}:{os.environ['PATH']}"))
    assert f"needs Python 3.11 or 3.12 and found 3.9 ({old}/python3)" in told
    named = sentence(set_up(house, "export", PYTHON=str(old / "python")))
    assert f"found 3.9 ({old}/python)" in named
    assert not (house / ".venv").exists()


def test_a_python_that_does_not_run_is_named(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    told = sentence(set_up(house, "export", PYTHON="/nowhere/python3.11"))
    assert "found no working /nowhere/python3.11" in told


def test_a_python_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    script = f'case "$*" in *ensurepip*) exit 1 ;; *) exec {sys.executable} "$@" ;; esac'
    bare = stand_in(tmp_path / "bin", "python3", script=script) / "python3"
    told = sentence(set_up(house, "export", PYTHON=str(bare)))
    assert f"{bare} has no venv module" in told
    assert "apt install python3.1" in told


def test_too_little_disk_is_said_before_anything_is_installed(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    told = sentence(set_up(house, "export", PYTHON=sys.executable, SETUP_MB="99999999"))
    assert re.search(r"needs about 99999999 MB of disk and \d+ MB are free under /", told)
    assert not (house / ".venv").exists()


@pytest.mark.parametrize("size_mb", [8, 60])
def test_a_disk_that_fills_up_in_the_middle_is_one_sentence(tmp_path: Path, size_mb: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(disk)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let the tests mount a tmpfs")
    try:
        house = make_house(disk / "house")
        result = set_up(house, "export", PYTHON=sys.executable, SETUP_MB="1")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert re.search(r"^error: .*\d+ MB.* (is|are) free", result.stderr.splitlines()[-1])


def test_a_busy_port_is_said_before_the_models_are_built(house: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        result = subprocess.run(
            ["make", "serve", f"PORT={port}"],
            cwd=house,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode != 0
    assert f"error: port {port} of 127.0.0.1 cannot be used" in result.stderr
    assert "make serve PORT=" in result.stderr
    assert not (house / "models").exists()


def test_models_are_built_only_where_there_are_none(house: Path) -> None:
    bundle = house / "models/mine/1"
    bundle.mkdir(parents=True)
    (bundle / "manifest.json").write_text("{}")
    result = subprocess.run(
        ["deploy/models.sh"], cwd=house, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_make_alone_lists_what_can_be_made() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = (
        "serve",
        "test",
        "test-all",
        "lint",
        "models",
        "scoring",
        "ray",
        "lock",
        "image",
        "clean",
    )
    for target in names:
        assert re.search(rf"^make {target} +[A-Z]", listed, re.MULTILINE)
