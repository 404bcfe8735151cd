"""Work that ends when its client hangs up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


async def unless_disconnected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; it is cancelled when the client hangs up.

    It costs one task: the work runs in the caller's own, and the other one waits for the client.

    Args:
        receive: the connection, its body read to the end.
        work: sees a CancelledError at its `await`.

    Raises:
        ClientDisconnect: the client has gone.
    """
    watch = _Watch(asyncio.current_task())
    watching = asyncio.create_task(watch.wait(receive))
    try:
        return await work
    except asyncio.CancelledError as error:
        # As asyncio.timeout does it: a cancellation from elsewhere is passed on.
        if watch.gone and watch.working.uncancel() == 0:
            raise ClientDisconnect from error
        raise
    finally:
        watching.cancel()


class _Watch:
    """Waits for the end of a connection, and then cancels the task that works for it."""

    def __init__(self, working: asyncio.Task[Any] | None) -> None:
        assert working is not None  # noqa: S101  it runs in a coroutine
        self.working = working
        self.gone = False

    async def wait(self, receive: Receive) -> None:
        """Cancel the work when nobody waits for it."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self.working.cancel()
