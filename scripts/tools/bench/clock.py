"""Simulated time, and a cloud at some distance."""

import asyncio
from typing import Any

import aiohttp

from ..simulated import SPAWN, SimulatedClock, SimulatedLoop, in_no_time, replace_time

__all__ = ["SPAWN", "SimulatedClock", "SimulatedLoop", "install"]


def install(clock: SimulatedClock, latency: float) -> None:
    """Put this process on simulated time; to be called before Home Assistant is imported.

    Every request then takes `latency` simulated seconds, half on either way; what the
    cloud itself needs takes no simulated time.
    """
    replace_time(clock.timestamp)
    request = aiohttp.ClientSession._request  # noqa: SLF001

    async def delayed(self: Any, *args: Any, **kwargs: Any) -> aiohttp.ClientResponse:
        if not isinstance(asyncio.get_running_loop(), SimulatedLoop):
            return await request(self, *args, **kwargs)
        await asyncio.sleep(latency / 2)
        answer = await in_no_time(request(self, *args, **kwargs))
        await asyncio.sleep(latency / 2)
        return answer

    aiohttp.ClientSession._request = delayed  # type: ignore[method-assign]  # noqa: SLF001
