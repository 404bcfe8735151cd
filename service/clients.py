"""How many requests one client may have under way."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from service.access import is_open
from service.errors import TooManyRequestsError
from service.handlers import error_response
from service.keys import asking


class ClientCap:
    """Of one key, or of one address, so many requests at a time."""

    def __init__(self, most: int) -> None:
        """`most` 0 sets no cap."""
        self._most = most
        self._running: dict[str, int] = {}

    @contextmanager
    def one(self, client: str) -> Generator[None]:
        """Count a request of this client while it is in work.

        Raises:
            TooManyRequestsError: it is one too many.
        """
        if not self._most:
            yield
            return
        running = self._running.get(client, 0)
        if running >= self._most:
            raise TooManyRequestsError(
                f"expected at most {self._most} requests of a client at a time, received one more",
                max_client_requests=self._most,
            )
        self._running[client] = running + 1
        try:
            yield
        finally:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]


class ClientGuard:
    """ASGI middleware: one request of a client too many is answered 429.

    Health and metrics are not counted: who watches the service shares an address with its users.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self._cap = ClientCap(most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        app = self.app
        with ExitStack() as stack:
            if scope["type"] == "http" and not is_open(scope["path"]):
                try:
                    stack.enter_context(self._cap.one(_client(scope)))
                except TooManyRequestsError as error:
                    app = error_response(error)
            await app(scope, receive, send)


def _client(scope: Scope) -> str:
    """The name of the key, or the address; keys' names hold no space."""
    if key := asking():
        return f"key {key.name}"
    return scope["client"][0] if scope.get("client") else ""
