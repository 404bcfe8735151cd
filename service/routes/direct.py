"""Routes whose requests do not pass through FastAPI, which goes on documenting them.

FastAPI's middlewares, its search for the route, its dependencies and exit stacks take a quarter of
what the event loop spends on a prediction; the network waits for the interpreter meanwhile.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import Any, get_args
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import STATUSES
from service.handlers import error_response

KNOWN = tuple(STATUSES)


@dataclass(frozen=True, slots=True)
class _Direct:
    """A route, ready to be matched: `endpoint` is `(request, model, options) -> Response`.

    `options` is a pydantic model of single-valued parameters.
    """

    route: APIRoute
    path: Pattern[str]
    methods: set[str]
    options: type[BaseModel]
    endpoint: Callable[..., Awaitable[Response]]

    @classmethod
    def of(cls, route: APIRoute) -> "_Direct":
        """What its endpoint's annotations say."""
        options = get_args(route.endpoint.__annotations__["options"])[0]
        return cls(route, route.path_regex, route.methods or set(), options, route.endpoint)

    def read(self, query: bytes) -> BaseModel | None:
        """The options; null where they are not what they should be."""
        given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}
        try:
            return self.options.model_validate(given)
        except ValidationError:
            return None


class DirectRoutes:
    """ASGI middleware: answers these routes' requests itself, and passes on all others.

    What a route does not allow, another method or a malformed query, is passed on too, so that
    its error is the same as everywhere.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self._routes = [_Direct.of(route) for route in routes if isinstance(route, APIRoute)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        if scope["type"] == "http":
            for direct in self._routes:
                match = direct.path.match(scope["path"])
                if match and scope["method"] in direct.methods:
                    options = direct.read(scope["query_string"])
                    if options is not None:
                        scope["route"], scope["path_params"] = direct.route, match.groupdict()
                        response = await _answer(direct, options, Request(scope, receive, send))
                        await response(scope, receive, send)
                        return
        await self.app(scope, receive, send)


async def _answer(direct: _Direct, options: Any, request: Request) -> Response:  # noqa: ANN401
    """The endpoint's answer, or that to a known error."""
    try:
        return await direct.endpoint(request, request.path_params["model"], options)
    except KNOWN as error:
        return error_response(error)
