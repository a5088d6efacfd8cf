"""The line between Home Assistant and the cloud: how slow, how lossy, and who dies on it.

What happens on it is drawn from a seed. One request is under way at a time in real
time, so that they reach the cloud in the same order in each run.
"""

import asyncio
from dataclasses import dataclass, field
import os
from random import Random
import re
import signal
from typing import Any, Final

import aiohttp
from yarl import URL

from ..simulated import in_no_time
from . import life

_ROUND_TRIP_S: Final = 0.2
_HEARD: Final = 0.5
"""The share of the calls without an answer that the cloud has carried out."""


def die() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class Line:
    """All requests of this process."""

    random: Random
    writes: str
    """A pattern of the paths of calls that write, as far as their verb is not GET."""
    port: int
    """Where the cloud listens."""
    weather: life.Weather = field(default_factory=life.Weather)
    deadly: int = 0
    """The number of the write at which this process dies, from 1; 0: none."""
    answered: bool = False
    """Whether the cloud has carried that write out."""
    spoilt: int = 0
    """How many calls were lost or late."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def install(self) -> None:
        """Send everything through it."""
        request = aiohttp.ClientSession._request  # noqa: SLF001
        connect = aiohttp.TCPConnector.__init__

        def fresh(self: Any, *args: Any, **kwargs: Any) -> None:
            # A kept line would be found dead or alive by chance.
            kwargs.pop("keepalive_timeout", None)
            connect(self, *args, **kwargs | {"force_close": True})

        async def sent(
            session: Any, method: str, url: Any, **options: Any
        ) -> aiohttp.ClientResponse:
            async def made() -> aiohttp.ClientResponse:
                async with self._turn:
                    there = URL(url).with_port(self.port)
                    return await in_no_time(request(session, method, there, **options))

            limit = options.get("timeout")
            patience = getattr(limit, "total", None) or 300.0
            return await self._carried(method, str(url), patience, made)

        aiohttp.TCPConnector.__init__ = fresh  # type: ignore[method-assign]
        aiohttp.ClientSession._request = sent  # type: ignore[method-assign, assignment]  # noqa: SLF001

    async def _carried(
        self, method: str, url: str, patience: float, made: Any
    ) -> aiohttp.ClientResponse:
        weather, draw = self.weather, self.random
        lottery, heard = draw.random(), draw.random() < _HEARD
        late = draw.uniform(*weather.late_s)
        self.spoilt += bool(late) or lottery < weather.mute + weather.cut
        last = self._is_last(method, url)
        await asyncio.sleep(_ROUND_TRIP_S / 2)
        if last and not self.answered:
            die()
        if lottery < weather.mute + weather.cut and not heard:
            if lottery < weather.mute:
                await asyncio.sleep(patience)
                raise TimeoutError
            raise aiohttp.ClientOSError(104, "Connection reset by peer")
        try:
            answer: aiohttp.ClientResponse = await made()
        except aiohttp.ClientConnectionError:
            self.spoilt += 1
            raise
        if last:
            die()
        if lottery < weather.mute or late >= patience:
            await asyncio.sleep(patience)
            raise TimeoutError
        if lottery < weather.mute + weather.cut:
            raise aiohttp.ServerDisconnectedError
        await asyncio.sleep(late + _ROUND_TRIP_S / 2)
        return answer

    def _is_last(self, method: str, url: str) -> bool:
        if not self.deadly or method == "GET" or not re.search(self.writes, url):
            return False
        self.deadly -= 1
        return self.deadly == 0
