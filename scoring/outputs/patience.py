"""Requests that are repeated while a store is out of reach."""

import time
from collections.abc import Callable
from typing import TypeVar

from obstore.exceptions import GenericError

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 15.0

Answer = TypeVar("Answer")


def persist(request: Callable[[], Answer], patience_seconds: float) -> Answer:
    """Make a request, again and again where its answer is lost.

    obstore repeats what a server answers with 5xx, and connections that it cannot open; what may
    have been done it does not, nor what ended in a reset. Ours may all be done twice: a second
    conditional put finds the name taken by the same bytes, or by our own token.

    Raises:
        obstore.exceptions.BaseError: the server's answer; or none came for so long.
    """
    deadline = time.monotonic() + patience_seconds
    wait_seconds = FIRST_WAIT_SECONDS
    while True:
        try:
            return request()
        except GenericError as error:
            is_answer = "Server returned" in str(error)
            if is_answer or time.monotonic() + wait_seconds > deadline:
                raise
        time.sleep(wait_seconds)
        wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)
