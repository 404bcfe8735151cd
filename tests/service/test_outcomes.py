"""What the end of a request is counted as."""

import pytest
from starlette.requests import ClientDisconnect

from engine.errors import DeadlineExceededError, QueueFullError, UndecodableImageError
from service.metrics import Metrics
from service.outcomes import count_refused

BAGS = ("bags", "3")


@pytest.mark.parametrize(
    ("error", "outcome", "rejected"),
    [
        (QueueFullError("full", retry_after_seconds=1), "queue_full", True),
        (DeadlineExceededError("late"), "deadline_exceeded", True),
        (UndecodableImageError("no picture"), "undecodable_image", False),
        (ClientDisconnect(), "client_left", False),
        (KeyError("anything"), "internal", False),
    ],
)
def test_only_want_of_time_or_room_is_a_rejection(
    error: Exception, outcome: str, rejected: bool
) -> None:
    metrics = Metrics()
    assert count_refused(metrics, BAGS, error, 3) == outcome
    text = metrics.render().decode()
    images = f'cutaway_images_total{{model="bags",outcome="{outcome}",version="3"}} 3.0'
    assert images in text
    rejection = f'cutaway_rejections_total{{model="bags",reason="{outcome}",version="3"}} 1.0'
    assert (rejection in text) == rejected
