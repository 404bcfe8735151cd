"""Pages of other origins: which of them may read the answers."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from service.picture_headers import LAYOUT_HEADER, RANGE_HEADER

_MAY_SEND = (
    "Accept",
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Inference-Header-Content-Length",
    "Traceparent",
    "Tracestate",
    "X-Request-ID",
)
_MAY_READ = (
    "Inference-Header-Content-Length",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
    LAYOUT_HEADER,
    RANGE_HEADER,
)


def with_cors(app: ASGIApp, origins: str) -> ASGIApp:
    """The application, open to the pages of these origins.

    Cookies are never taken: who asks is known by a header that a page must have been given.

    Args:
        app: answers.
        origins: separated by commas, or `*`.
    """
    return CORSMiddleware(
        app,
        allow_origins=origins.split(","),
        allow_methods=("GET", "POST"),
        allow_headers=_MAY_SEND,
        expose_headers=_MAY_READ,
    )
