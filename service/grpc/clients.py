"""Who calls, and how many calls of one client may be under way."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from grpc.aio import ServicerContext

from service.errors import TooManyRequestsError
from service.keys import asking


class ClientCap:
    """Of one key, or of one address, so many calls at a time; requests over HTTP count apart."""

    def __init__(self, most: int) -> None:
        """`most` 0 sets no cap."""
        self._most = most
        self._running: dict[str, int] = {}

    @contextmanager
    def one(self, client: str) -> Generator[None]:
        """Count a call of this client while it is in work.

        Raises:
            TooManyRequestsError: it is one too many.
        """
        if not self._most:
            yield
            return
        running = self._running.get(client, 0)
        if running >= self._most:
            raise TooManyRequestsError(
                f"expected at most {self._most} calls of a client at a time, received one more",
                max_client_requests=self._most,
            )
        self._running[client] = running + 1
        try:
            yield
        finally:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]


def client_of(context: ServicerContext[Any, Any]) -> str:
    """The name of the key, or the address; keys' names hold no space."""
    if key := asking():
        return f"key {key.name}"
    return address_of(context)


def address_of(context: ServicerContext[Any, Any]) -> str:
    """Of `ipv4:127.0.0.1:50000` what stands in the middle."""
    return context.peer().partition(":")[2].rpartition(":")[0]


def authorization_of(context: ServicerContext[Any, Any]) -> str | None:
    """The metadata of that name; null where there is none, or more than one."""
    metadata = context.invocation_metadata() or ()
    values = [value for name, value in metadata if name == "authorization"]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None
