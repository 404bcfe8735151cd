"""Errors → gRPC's status codes, by the HTTP status that the one table gives them."""

import logging
import uuid
from dataclasses import dataclass

from grpc import StatusCode

from service.errors import answer_to

log = logging.getLogger("cutaway")

_CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    408: StatusCode.DEADLINE_EXCEEDED,
    # Too large stays too large: RESOURCE_EXHAUSTED would have clients send it again.
    413: StatusCode.INVALID_ARGUMENT,
    415: StatusCode.INVALID_ARGUMENT,
    422: StatusCode.INVALID_ARGUMENT,
    429: StatusCode.RESOURCE_EXHAUSTED,
    500: StatusCode.INTERNAL,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call that failed is answered.

    Args:
        status: the same over HTTP; what the call is counted as.
        code: gRPC's.
        message: one sentence.
        reason: what it is counted as, as over HTTP.
        metadata: sent after it: `retry-after`, in seconds, where it may be tried again.
    """

    status: int
    code: StatusCode
    message: str
    reason: str = "internal"
    metadata: tuple[tuple[str, str], ...] = ()


def refusal_of(error: Exception) -> Refusal:
    """The answer to an error; one that nobody expected is logged under a number."""
    try:
        answer = answer_to(error)
    except KeyError:
        call_id = uuid.uuid4().hex
        log.error("call %s failed", call_id, exc_info=error)
        message = f"the service failed on this call; its log says why under {call_id}"
        return Refusal(500, StatusCode.INTERNAL, message)
    metadata = tuple((name.lower(), value) for name, value in answer.headers.items())
    code = _CODES[answer.status]
    return Refusal(answer.status, code, answer.error.message, answer.error.code, metadata)
