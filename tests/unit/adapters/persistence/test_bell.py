"""Wake-ups within the process: none is lost."""

import asyncio
import time

from adapters.persistence.bell import Bell

LONG_S = 30.0


async def wait(bell: Bell, provider: str = "smscru", timeout_s: float = LONG_S) -> None:
    """Wait, and fail where nobody rings."""
    async with asyncio.timeout(10):
        await bell.wait(provider, timeout_s)


async def waits(bell: Bell, provider: str = "smscru") -> bool:
    """Tell whether a wait only ends with its time."""
    started = time.monotonic()
    await bell.wait(provider, 0.05)
    return time.monotonic() - started >= 0.04


async def test_a_ring_wakes_everybody_who_waits() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(wait(bell)) for _ in range(5)]
    await asyncio.sleep(0)
    bell.ring("smscru")
    await asyncio.gather(*waiting)


async def test_a_ring_nobody_waits_for_is_kept_once() -> None:
    bell = Bell()
    bell.ring("smscru")
    bell.ring("smscru")
    await wait(bell)
    assert await waits(bell)


async def test_a_ring_wakes_only_those_of_its_provider() -> None:
    bell = Bell()
    bell.ring("twilio")
    assert await waits(bell, "smscru")
    await wait(bell, "twilio")


async def test_without_a_ring_the_time_ends_the_wait() -> None:
    assert await waits(Bell())


async def test_a_ring_that_came_before_is_heard_even_with_no_time_to_wait() -> None:
    bell = Bell()
    bell.ring("smscru")
    await bell.wait("smscru", 0)
    assert await waits(bell)


async def test_a_waiter_who_goes_away_takes_no_ring_with_him() -> None:
    bell = Bell()
    gone = asyncio.create_task(wait(bell))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    bell.ring("smscru")
    await wait(bell)
