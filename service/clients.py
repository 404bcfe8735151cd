"""How many requests one client may have under way."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.access import is_open
from service.errors import TooManyRequestsError
from service.handlers import error_response
from service.keys import asking


class ClientGuard:
    """ASGI middleware: of one key, or of one address, so many requests at a time, and then 429.

    Health and metrics are not counted: who watches the service shares an address with its users.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self._most = most
        self._running: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        if scope["type"] != "http" or is_open(scope["path"]):
            await self.app(scope, receive, send)
            return
        client = _client(scope)
        running = self._running.get(client, 0)
        if running >= self._most:
            error = TooManyRequestsError(
                f"expected at most {self._most} requests of a client at a time, received one more",
                max_client_requests=self._most,
            )
            await error_response(error)(scope, receive, send)
            return
        self._running[client] = running + 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]


def _client(scope: Scope) -> str:
    """The name of the key, or the address; keys' names hold no space."""
    if key := asking():
        return f"key {key.name}"
    return scope["client"][0] if scope.get("client") else ""
