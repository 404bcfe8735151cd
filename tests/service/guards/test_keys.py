"""API keys and their file, by themselves."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import keys
from service.errors import ForbiddenError, UnauthenticatedError
from service.key_file import Key, KeysError, Scope, hash_of, new_key, read_keys
from service.keys import Keys, asking, open_keys, require

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def nobody_asked_before() -> Iterator[None]:
    """A test's own context knows what its last one asked."""
    yield
    keys.forget()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.jsonl"


def write(file: Path, *lines: str) -> None:
    """Write the file anew, as one that differs even to a coarse clock."""
    file.write_text("\n".join(lines))
    later = file.stat().st_mtime_ns + 1_000_000_000 * len(lines)
    os.utime(file, ns=(later, later))


def test_a_key_is_known_by_its_hash_alone(file: Path) -> None:
    token, line = new_key("ci", [Scope.PREDICT])
    assert token not in line
    assert len(token) > 40
    write(file, "# of the pipeline", "", line)
    key = Keys(file).check(f"Bearer {token}", Scope.PREDICT)
    assert key.name == "ci"
    assert key.scopes == {Scope.PREDICT}


def test_two_keys_never_are_the_same() -> None:
    assert len({new_key("x", [Scope.ADMIN])[0] for _ in range(50)}) == 50


def test_what_a_key_may_not_is_said_with_what_it_may(file: Path) -> None:
    token, line = new_key("ci", [Scope.PREDICT])
    write(file, line)
    with pytest.raises(ForbiddenError, match="may inspect, received 'ci', which may predict"):
        Keys(file).check(f"Bearer {token}", Scope.INSPECT)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer wrong"])
def test_whoever_shows_no_key_is_unauthenticated(file: Path, header: str | None) -> None:
    write(file, new_key("ci", [Scope.PREDICT])[1])
    with pytest.raises(UnauthenticatedError):
        Keys(file).check(header, None)


def test_the_kind_of_key_may_be_written_in_any_case(file: Path) -> None:
    token, line = new_key("ci", [Scope.PREDICT])
    write(file, line)
    assert Keys(file).check(f"bearer {token}", None).name == "ci"


LINE = new_key("ci", [Scope.PREDICT])[1]


@given(header=st.text() | st.text().map("Bearer {}".format))
def test_no_text_that_is_no_key_gets_in(
    tmp_path_factory: pytest.TempPathFactory, header: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any-keys.jsonl"
    if not file.exists():
        file.write_text(LINE)
    with pytest.raises(UnauthenticatedError):
        Keys(file).check(header, None)


def test_the_hash_is_no_key(file: Path) -> None:
    write(file, LINE)
    with pytest.raises(UnauthenticatedError):
        Keys(file).check(f"Bearer {json.loads(LINE)['hash']}", None)


def test_keys_change_without_a_restart(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_LOOK_SECONDS", 0.0)
    old, old_line = new_key("ci", [Scope.PREDICT])
    new, new_line = new_key("ci", [Scope.PREDICT])
    write(file, old_line)
    known = Keys(file)
    write(file, old_line, new_line)
    for token in (old, new):  # while both are in use
        assert known.check(f"Bearer {token}", None).name == "ci"
    write(file, "# the old one is struck out", "", new_line)
    assert known.check(f"Bearer {new}", None).name == "ci"
    with pytest.raises(UnauthenticatedError):
        known.check(f"Bearer {old}", None)


def test_while_the_file_cannot_be_used_the_last_keys_stay(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keys, "_LOOK_SECONDS", 0.0)
    token, line = new_key("ci", [Scope.PREDICT])
    write(file, line)
    known = Keys(file)
    write(file, line, "half a li")
    assert known.check(f"Bearer {token}", None).name == "ci"
    assert "the keys stay as they were" in caplog.text
    file.unlink()
    assert known.check(f"Bearer {token}", None).name == "ci"


def test_an_emptied_file_lets_nobody_in(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_LOOK_SECONDS", 0.0)
    token, line = new_key("ci", [Scope.PREDICT])
    write(file, line)
    known = Keys(file)
    write(file, "# nobody", "")
    with pytest.raises(UnauthenticatedError):
        known.check(f"Bearer {token}", None)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["{}"], "line 1: name: Field required"),
        ([LINE, "no json"], "line 2: the line: Invalid JSON"),
        (['{"name": "x", "hash": "sha256:12", "scopes": ["predict"]}'], "line 1: hash"),
        ([LINE.replace("predict", "everything")], "line 1: scopes"),
        ([LINE.replace('["predict"]', "[]")], "line 1: scopes"),
        ([LINE.replace("{", '{"until": 1, ')], "line 1: until"),
        ([], "has no key; make one"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    file: Path, lines: list[str], says: str
) -> None:
    write(file, *lines)
    with pytest.raises(KeysError, match=says) as caught:
        Keys(file)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_sentence(file: Path) -> None:
    with pytest.raises(KeysError, match="cannot be read: No such file"):
        Keys(file)
    with pytest.raises(KeysError, match="cannot be read"):
        read_keys(file.parent)


def test_keys_that_are_switched_off_are_not_read(file: Path) -> None:
    assert open_keys(file, "off") is None
    assert open_keys(None, "auto") is None
    with pytest.raises(KeysError):
        open_keys(file, "auto")


def test_who_asks_is_known_in_its_own_task_alone(file: Path) -> None:
    token, line = new_key("ci", [Scope.PREDICT])
    write(file, line)
    known = Keys(file)

    async def ask(shown: bool) -> Key | None:
        if shown:
            known.check(f"Bearer {token}", None)
            with pytest.raises(ForbiddenError):
                require(Scope.INSPECT)
            require(Scope.PREDICT)
        await asyncio.sleep(0)
        return asking()

    async def both() -> list[Key | None]:
        tasks = [asyncio.create_task(ask(shown)) for shown in (True, False)]
        return [await task for task in tasks]

    with_key, without = asyncio.run(both())
    assert with_key is not None
    assert without is None
    require(Scope.ADMIN)  # nobody asks for keys here


def test_the_command_makes_a_key_and_its_line(file: Path) -> None:
    command = [sys.executable, "-m", "service.keys", "new", "ci"]
    scopes = ["--scope", "predict", "--scope", "inspect"]
    done = subprocess.run([*command, *scopes], cwd=ROOT, capture_output=True, text=True, check=True)
    token, line = done.stdout.splitlines()
    write(file, line)
    assert json.loads(line)["hash"] == hash_of(token)
    assert Keys(file).check(f"Bearer {token}", Scope.INSPECT).scopes == {"predict", "inspect"}


def test_a_name_that_is_none_is_one_sentence() -> None:
    with pytest.raises(KeysError, match="expected a name of 1 to 64 letters"):
        new_key("two words", [Scope.PREDICT])
