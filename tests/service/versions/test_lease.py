"""What is in use does not go."""

import asyncio

import pytest

from service.versions.lease import Lease


def test_it_is_unused_once_the_last_user_has_left() -> None:
    async def use() -> None:
        lease = Lease()
        await lease.unused()
        with lease, lease:
            waiting = asyncio.create_task(lease.unused())
            await asyncio.sleep(0)
            with lease:
                pass
            await asyncio.sleep(0)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(use())


def test_a_user_that_fails_has_left_too() -> None:
    async def use() -> None:
        lease = Lease()
        with pytest.raises(ZeroDivisionError), lease:
            raise ZeroDivisionError
        await asyncio.wait_for(lease.unused(), 1)

    asyncio.run(use())
