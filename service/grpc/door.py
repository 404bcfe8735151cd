"""Who may call, and how much all calls together may hold."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from grpc.aio import ServicerContext

from service.clients import ClientCap
from service.errors import DrainingError, OverloadedError
from service.grpc.clients import authorization_of, client_of
from service.keys import Keys, Scope
from service.life import Life
from service.settings import Settings


class Door:
    """Lets calls in, one by one."""

    def __init__(self, life: Life, settings: Settings, keys: Keys | None) -> None:
        self._life = life
        self._keys = keys
        self._clients = ClientCap(settings.max_client_requests)
        self._max_held_bytes = settings.max_buffered_bytes
        self._held_bytes = 0

    @contextmanager
    def admitted(
        self, route: str, scope: Scope | None, context: ServicerContext[Any, Any]
    ) -> Generator[None]:
        """A call while it is in work.

        Raises:
            DrainingError: it comes too late.
            UnauthenticatedError, ForbiddenError: its key is none, or may not do that.
            OverloadedError: too much is held already.
            TooManyRequestsError: its client has enough of them.
        """
        if self._life.refuses(route):
            raise DrainingError("the service is ending; send it to another one")
        if self._keys:
            self._keys.check(authorization_of(context), scope)
        self._check_room()
        with self._clients.one(client_of(context)):
            yield

    @contextmanager
    def holding(self, size: int) -> Generator[None]:
        """A message of so many bytes while it is in work.

        Raises:
            OverloadedError: it is too much for all that is held.
        """
        self._held_bytes += size
        try:
            self._check_room()
            yield
        finally:
            self._held_bytes -= size

    def _check_room(self) -> None:
        if self._held_bytes > self._max_held_bytes:
            raise OverloadedError("too many requests are being received; try again later")
