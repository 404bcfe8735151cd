"""What the end of a request is counted as, if it was not answered."""

from starlette.requests import ClientDisconnect

from service.errors import STATUSES
from service.metrics import Labels, Metrics

REJECTED = frozenset(code for status, code in STATUSES.values() if status in (429, 503, 504))
"""For want of time or room: the same request may be answered another time."""


def outcome_of(error: Exception) -> str:
    """A code of `STATUSES`, `client_left`, or `internal` for what nobody expected."""
    if isinstance(error, ClientDisconnect):
        return "client_left"
    return STATUSES[type(error)][1] if type(error) in STATUSES else "internal"


def count_refused(metrics: Metrics, model: Labels, error: Exception, images: int) -> str:
    """Count why none of a request's pictures was answered.

    Args:
        metrics: where.
        model: its name and version.
        error: what the request ended with.
        images: pictures of the request.

    Returns:
        the outcome.
    """
    outcome = outcome_of(error)
    metrics.count_images(model, outcome, images)
    if outcome in REJECTED:
        metrics.count_rejection(model, outcome)
    return outcome
