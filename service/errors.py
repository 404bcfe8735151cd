"""What a request can be refused for, and the one table from error to HTTP status and code.

RequestError
├── InvalidQueryError      a parameter of the query is malformed, out of range or unknown
├── InvalidTargetError     no such class or label, or not a form of a target
├── BodyTooLargeError      more bytes than allowed
├── BodyTimeoutError       the body did not arrive in time
├── OverloadedError        too many bodies in memory; try again
├── UnknownEncodingError   a Content-Encoding that is not understood
├── BodyEncodingError      the body is not what its Content-Encoding says
├── MultipartError         not the multipart form that was announced, or no `image` in it
├── TooManyImagesError     more pictures than one request may bring
├── UnauthenticatedError   no API key, or none that is known
├── ForbiddenError         the key may not do this
├── TooManyRequestsError   of this client at a time
├── VersionFailedError     a version that somebody asked to load cannot be served
├── NotReadyError          the models are not loaded, or no longer
└── DrainingError          the service is ending
"""

import math
from dataclasses import dataclass, field

from bundle.errors import ModelNotFoundError
from engine.errors import (
    ChannelNotFoundError,
    DeadlineExceededError,
    DeadlineUnreachableError,
    DeviceMemoryError,
    ImageError,
    ImageTooLargeError,
    LayerNotFoundError,
    MethodError,
    NoGradientError,
    PixelsError,
    QueueFullError,
    TargetError,
    TooMuchError,
    UndecodableImageError,
    UnsupportedImageError,
    UnsupportedOperatorError,
)
from service.protocol.errors import NotFiniteError, ProtocolError, UnsupportedError
from service.schemas import Error

RETRY_AFTER_SECONDS = 1.0


class RequestError(Exception):
    """Base of this room's errors; the message is one sentence, `details` the facts in it."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.details = details


class InvalidQueryError(RequestError):
    """A parameter of the query cannot be used."""


class InvalidTargetError(RequestError):
    """The query's target is of no known form, or names no class of this model."""


class BodyTooLargeError(RequestError):
    """The body has more bytes than allowed."""


class BodyTimeoutError(RequestError):
    """The body did not arrive in time."""


class OverloadedError(RequestError):
    """All requests together hold more bytes than allowed."""


class UnknownEncodingError(RequestError):
    """The body is compressed in a way that is not understood."""


class BodyEncodingError(RequestError):
    """The body does not inflate as its Content-Encoding says."""


class MultipartError(RequestError):
    """The body is not the form that its Content-Type announces, or has no picture."""


class TooManyImagesError(RequestError):
    """More pictures than one request may bring."""


class UnauthenticatedError(RequestError):
    """No API key, or none that is known."""


class ForbiddenError(RequestError):
    """The key is known and may not do this."""


class TooManyRequestsError(RequestError):
    """This client has as many requests under way as it may."""


class VersionFailedError(RequestError):
    """A version that is to be served cannot be; what was served before still is."""


class NotReadyError(RequestError):
    """The models are not loaded yet, or no longer."""


class DrainingError(RequestError):
    """The service is ending and takes nothing more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is answered."""

    status: int
    error: Error
    headers: dict[str, str] = field(default_factory=dict[str, str])


STATUSES: dict[type[Exception], tuple[int, str]] = {
    InvalidQueryError: (400, "invalid_query"),
    InvalidTargetError: (400, "invalid_target"),
    TargetError: (400, "invalid_target"),
    MultipartError: (400, "malformed_multipart"),
    BodyEncodingError: (400, "malformed_encoding"),
    ProtocolError: (400, "invalid_request"),
    UndecodableImageError: (400, "undecodable_image"),
    PixelsError: (400, "invalid_array"),
    UnauthenticatedError: (401, "unauthenticated"),
    ForbiddenError: (403, "forbidden"),
    ModelNotFoundError: (404, "model_not_found"),
    LayerNotFoundError: (404, "layer_not_found"),
    ChannelNotFoundError: (404, "channel_not_found"),
    BodyTimeoutError: (408, "body_timeout"),
    BodyTooLargeError: (413, "body_too_large"),
    ImageTooLargeError: (413, "image_too_large"),
    TooManyImagesError: (413, "too_many_images"),
    UnsupportedImageError: (415, "unsupported_image"),
    UnknownEncodingError: (415, "unsupported_encoding"),
    TooMuchError: (422, "too_much"),
    NotFiniteError: (422, "not_finite"),
    MethodError: (422, "method_not_applicable"),
    NoGradientError: (422, "no_gradient"),
    UnsupportedOperatorError: (422, "no_gradient_rule"),
    VersionFailedError: (422, "version_failed"),
    QueueFullError: (429, "queue_full"),
    DeadlineUnreachableError: (429, "deadline_unreachable"),
    TooManyRequestsError: (429, "too_many_requests"),
    UnsupportedError: (501, "unsupported"),
    DeviceMemoryError: (503, "device_memory"),
    OverloadedError: (503, "overloaded"),
    NotReadyError: (503, "not_ready"),
    DrainingError: (503, "draining"),
    DeadlineExceededError: (504, "deadline_exceeded"),
}
"""Every error that a request can be answered with; any other is ours: 500 `internal`."""


def answer_to(error: Exception) -> Answer:
    """The answer to one of the errors of `STATUSES`.

    Raises:
        KeyError: the error is none of them.
    """
    status, code = STATUSES[type(error)]
    headers: dict[str, str] = {}
    if status in (429, 503):
        seconds = RETRY_AFTER_SECONDS
        if isinstance(error, QueueFullError):
            seconds = error.retry_after_seconds
        headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = 'Bearer realm="cutaway"'
    body = Error(code=code, message=str(error), details=_details(error))
    return Answer(status, body, headers)


def _details(error: Exception) -> dict[str, object]:
    """The facts of the message, for programs."""
    match error:
        case RequestError():
            return error.details
        case LayerNotFoundError():
            return {"layer": error.layer, "nearest": list(error.nearest)}
        case TooMuchError():
            return {"asked": error.asked, "cap": error.cap, "fits": error.fits}
        case _:
            return {}


def numbered_error(error: ImageError, index: int) -> ImageError:
    """The same error, which says of which picture of its request it is."""
    return type(error)(f"picture {index}: {error}")


def image_error(error: ImageError) -> Error:
    """What a bad picture among others says in its place."""
    return answer_to(error).error
