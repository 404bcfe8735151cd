"""JSON answers, written by orjson: numpy's float32 keeps its seven digits."""

from collections.abc import Mapping

import orjson
from pydantic import BaseModel
from starlette.responses import Response


def json_response(
    content: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer of plain values or a wire type."""
    if isinstance(content, BaseModel):
        body = content.model_dump_json().encode()
    else:
        body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, headers, media_type="application/json")
