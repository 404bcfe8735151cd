"""Something that is used while its user waits for other things, and must not go meanwhile."""

import asyncio
from typing import Self


class Lease:
    """Base of what has users; on the event loop alone.

    with catalogue.find("fashion") as served:
        await ...  # it is not closed before the block ends
    """

    def __init__(self) -> None:
        self._users = 0
        self._unused: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        if self._unused is not None and not self._users:
            self._unused.set()

    async def unused(self) -> None:
        """Wait until nobody uses it; to be asked once nobody can find it any more."""
        if self._users:
            self._unused = asyncio.Event()
            await self._unused.wait()
