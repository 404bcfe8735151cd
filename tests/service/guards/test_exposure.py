"""Where the service may listen without keys."""

import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import pytest

from service.exposure import (
    ExposedError,
    announced_host,
    check_exposure,
    is_loopback,
    listening_host,
)
from service.settings import Settings

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "2001:db8::1", "printer.example"])  # noqa: S104  the address to be refused
def test_strangers_are_not_served_without_keys(host: str) -> None:
    with pytest.raises(ExposedError, match=f"to listen on {host}, received none"):
        check_exposure(Settings(), host)
    check_exposure(Settings(auth="off"), host)
    check_exposure(Settings(api_keys=Path("keys.jsonl")), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", None])
def test_this_machine_is_served(host: str | None) -> None:
    check_exposure(Settings(), host)


def test_an_address_that_means_every_address_is_not_this_machine() -> None:
    assert not is_loopback("0.0.0.0")  # noqa: S104  the address to be refused
    assert not is_loopback("")


def test_a_worker_knows_the_address_of_its_socket() -> None:
    with closing(socket.create_server(("127.0.0.3", 0))) as listener:
        with click.Context(click.Command("worker")) as context:
            context.params = {"fd": listener.fileno()}
            assert listening_host() == "127.0.0.3"
        assert listener.getsockname()[0] == "127.0.0.3", "it is still open"
    assert listening_host() is None


def test_the_supervisor_knows_what_it_was_told() -> None:
    with click.Context(click.Command("serve")) as context:
        context.params = {"host": "192.0.2.7"}
        assert announced_host() == "192.0.2.7"


def test_bentoml_told_to_listen_everywhere_ends_in_one_sentence(run_service: Run) -> None:
    done = run_service(BENTOML_HOST="0.0.0.0")  # noqa: S104  nothing is to listen there
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in output
    assert output.count("error: ") == 1
    assert "expected API keys (CUTAWAY_API_KEYS) to listen on 0.0.0.0" in output


def test_keys_that_cannot_be_read_end_it_in_one_sentence(run_service: Run, tmp_path: Path) -> None:
    done = run_service(CUTAWAY_API_KEYS=str(tmp_path / "keys.jsonl"))
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in output
    assert "cannot be read: No such file" in output
