"""Which requests need a key, and one that may what."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service import keys
from service.errors import ForbiddenError, UnauthenticatedError
from service.handlers import error_response
from service.keys import Keys

OPEN = frozenset(
    {
        "/",
        "/docs",
        "/livez",
        "/metrics",
        "/openapi.json",
        "/readyz",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
    }
)
"""Of these paths nobody is asked who they are: pages, documents, health, metrics."""
_ADMIN = "/v2/repository/"
_LAST = {
    "activations": keys.Scope.INSPECT,
    "infer": keys.Scope.PREDICT,
    "predict": keys.Scope.PREDICT,
    "selfcheck": keys.Scope.INSPECT,
    "sensitivity": keys.Scope.INSPECT,
}
"""By the last segment of a path: every route of a model ends in its verb."""


def is_open(path: str) -> bool:
    """Whether no key is needed."""
    return path in OPEN or (path.startswith("/v2/models/") and path.endswith("/ready"))


def scope_of(path: str) -> keys.Scope | None:
    """What a key must be allowed; null where every key will do."""
    if path.startswith(_ADMIN):
        return keys.Scope.ADMIN
    return _LAST.get(path.rpartition("/")[2])


class KeyGuard:
    """ASGI middleware: 401 without a key, 403 for what the key may not."""

    def __init__(self, app: ASGIApp, known: Keys) -> None:
        self.app = app
        self._keys = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        if scope["type"] == "http":
            keys.forget()
        if scope["type"] == "http" and not is_open(path := scope["path"]):
            try:
                self._keys.check(_authorization(scope), scope_of(path))
            except (UnauthenticatedError, ForbiddenError) as error:
                await error_response(error)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _authorization(scope: Scope) -> str | None:
    """The header's value; null where there is none, or more than one."""
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    return values[0].decode("latin-1") if len(values) == 1 else None


async def refuse_pages(request: Request) -> None:
    """Where no keys are asked for, no page administers the service.

    A browser lets the page of any site send a POST to this machine, and says that it is a page's.
    Programs say no such thing.

    Raises:
        ForbiddenError: the request is a page's.
    """
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        raise ForbiddenError("without API keys no web page may administer the service")
