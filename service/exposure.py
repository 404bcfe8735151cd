"""Whether the service may listen where BentoML was told to: without keys on loopback alone."""

import ipaddress
import os
import socket
from typing import Any

import click
from bentoml._internal.configuration.containers import BentoMLContainer

from service.settings import Settings


class ExposedError(Exception):
    """Strangers could ask; the message is one sentence."""


def check_exposure(settings: Settings, host: str | None) -> None:
    """Raise ExposedError if `host` is not loopback and everybody would be served.

    Args:
        settings: whether keys are asked for.
        host: an address; null where it is not known.
    """
    if settings.auth == "off" or settings.api_keys is not None:
        return
    if host is not None and not is_loopback(host):
        raise ExposedError(
            f"expected API keys (CUTAWAY_API_KEYS) to listen on {host}, received none; name a "
            "file of keys, listen on 127.0.0.1, or serve everybody with CUTAWAY_AUTH=off; see "
            "docs/security.md"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def announced_host() -> str:
    """In the supervisor: where BentoML is going to listen."""
    return str(_asked("host") or BentoMLContainer.http.host.get())


def announced_port() -> int:
    """In the supervisor: the port that BentoML is going to take there; 0 is any."""
    asked = _asked("port")
    return int(BentoMLContainer.http.port.get() if asked is None else asked)


def _asked(option: str) -> Any:  # noqa: ANN401  whatever the command line takes
    """An option of BentoML's command line; null where it was not given."""
    context = click.get_current_context(silent=True)
    return context.params.get(option) if context else None


def listening_host() -> str | None:
    """In a worker: where its socket listens; null elsewhere, and for a socket in the file system.

    BentoML tells its workers no address, but the number of a socket that is open already.
    """
    context = click.get_current_context(silent=True)
    number = context.params.get("fd") if context else None
    if number is None:
        return None
    with socket.socket(fileno=os.dup(number)) as listener:
        name = listener.getsockname()
    return None if isinstance(name, str | bytes) else str(name[0])
