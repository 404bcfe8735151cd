"""JSON answers, written by orjson: numpy's float32 keeps its seven digits."""

from collections.abc import Mapping

import orjson
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.schemas import Error, ErrorBody

_MEDIA_TYPE = "application/json"
ERROR_CODE = "cutaway.error_code"
"""Where a request's scope says, for the journal, which error was its answer."""


def json_response(
    content: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer of plain values or a wire type."""
    if isinstance(content, BaseModel):
        body = content.model_dump_json().encode()
    else:
        body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, headers, media_type=_MEDIA_TYPE)


class ErrorResponse(Response):
    """An error in the one shape; under /v2 in the Open Inference Protocol's, `{"error": text}`.

    Guards make it before a route is found, so the path of the request decides when it is sent.
    """

    def __init__(self, status: int, error: Error, headers: Mapping[str, str] | None = None) -> None:
        body = ErrorBody(error=error).model_dump_json().encode()
        super().__init__(body, status, headers, media_type=_MEDIA_TYPE)
        self._code, self._message, self._headers = error.code, error.message, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as ASGI wants it."""
        scope[ERROR_CODE] = self._code
        if not under_protocol(scope["path"]):
            await super().__call__(scope, receive, send)
            return
        answer = json_response(
            {"error": self._message}, status=self.status_code, headers=self._headers
        )
        await answer(scope, receive, send)


def under_protocol(path: str) -> bool:
    """Whether the Open Inference Protocol says what is answered at this path."""
    return path == "/v2" or path.startswith("/v2/")
