"""Prices that come by themselves, by the retailer's undocumented WebSocket.

Dossier section 2.5. It is an addition: whatever becomes of it, prices are polled. It
pushes what the current price is, no forecasts, and only to accounts for which it is
enabled. A refusal is no reason to ask for another token: polling would tell.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
import json
import logging
from random import uniform
from typing import Any, Final

import aiohttp

from ...core.errors import NotSupported, TransientError
from ...core.models import Clock
from ..parsing import integer, mapping, objects, text
from .client import API_URL
from .models import PriceRecord

LIVE_URL: Final = "wss://api-ws.amber.com.au"
STALE: Final = timedelta(seconds=360)
"""Where prices change every 300 s: without any for longer, something is wrong."""
FIRST_WAIT_S: Final = 5.0
LAST_WAIT_S: Final = 60.0
CHANCE: Final = 0.2
"""By how much of itself a wait differs, so that not all come back at once."""

_LOGGER = logging.getLogger(__name__)

_SERVICE: Final = "live-prices"
_HEARTBEAT_S: Final = 30.0
_HANDSHAKE_S: Final = 20.0
_DENIED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

type OnPrices = Callable[[tuple[PriceRecord, ...]], None]


def live_url(base_url: str | None) -> str:
    """Return where to connect, for the account's own server address if it has one."""
    root = (base_url or API_URL).rstrip("/").removesuffix("/v1")
    if root == API_URL:
        return LIVE_URL
    return f"ws{root.removeprefix('http')}/"


@dataclass(eq=False, slots=True, repr=False)
class _Line:
    """An open connection: the sites that were asked for, and when each was heard of.

    `waiting` is the site whose answer is still to come. `deadline` is the loop's time
    at which the connection is of no use any more.
    """

    socket: aiohttp.ClientWebSocketResponse
    deadline: float
    sites: set[str] = field(default_factory=set)
    seen: dict[str, datetime] = field(default_factory=dict)
    waiting: str | None = None


class LivePrices:
    """The connection of one account, there for as long as somebody listens.

    `sleep` is what the waits between connections are spent with.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        token: str,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: Callable[[str], timedelta] = lambda site_id: STALE,
    ) -> None:
        """Connect nowhere yet; `patience` is how long nothing may come of a site."""
        self._http = http
        self._url = url
        self._token = token
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._listeners: list[tuple[str, OnPrices]] = []
        self._task: asyncio.Task[None] | None = None
        self._line: _Line | None = None
        self._refused_sites: set[str] = set()
        self._wait_s = FIRST_WAIT_S
        self._told = False
        self.refused = False
        """Whether it was given up, since it is not enabled for this account."""

    def is_live(self, site_id: str) -> bool:
        """Tell whether a site's prices come by themselves now.

        That is an open connection that brought some, or was told to, not long ago.
        """
        line = self._line
        seen = None if line is None else line.seen.get(site_id)
        return seen is not None and abs(self._clock() - seen) < self._patience(site_id)

    async def listen(self, site_id: str, on_prices: OnPrices) -> None:
        """Hand over a site's prices, one record per channel, whenever some come.

        Lives until it is cancelled, and then the last one closes the connection; ends
        by itself once live prices are given up for the account. Whatever `on_prices`
        raises ends all that listen.
        """
        if self.refused:
            return
        listener = (site_id, on_prices)
        self._listeners.append(listener)
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            elif self._line is not None:
                await self._ask_next(self._line)
            task = self._task
            await asyncio.wait({task})
            task.result()
        finally:
            self._listeners.remove(listener)
            if not self._listeners and self._task is not None:
                task, self._task = self._task, None
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    # -- connections -----------------------------------------------------------

    async def _run(self) -> None:
        """Connect again and again, until it is clear that this is no use."""
        while True:
            try:
                await self._follow(await self._connect())
            except NotSupported as error:
                self.refused = True
                _LOGGER.info(
                    "Live prices are not enabled for this account (%s), it is polled",
                    error,
                )
                return
            except TransientError as error:
                level = logging.DEBUG if self._told else logging.INFO
                self._told = True
                _LOGGER.log(level, "No live prices for a while: %s", error)
            wait_s = self._wait_s * uniform(1 - CHANCE, 1 + CHANCE)
            self._wait_s = min(2 * self._wait_s, LAST_WAIT_S)
            await self._sleep(wait_s)

    async def _connect(self) -> _Line:
        """Return a new connection.

        Raises NotSupported where the cloud denies it, TransientError otherwise; errors
        of aiohttp hold the address and the token, so they are only named.
        """
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                socket = await self._http.ws_connect(
                    self._url,
                    headers={"Authorization": f"Bearer {self._token}"},
                    heartbeat=_HEARTBEAT_S,
                )
        except aiohttp.WSServerHandshakeError as error:
            message = f"HTTP {error.status}"
            if error.status in _DENIED:
                raise NotSupported(message) from None
            raise TransientError(message) from None
        except TimeoutError:
            raise TransientError("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(type(error).__name__) from None
        return _Line(socket, self._deadline())

    async def _follow(self, line: _Line) -> None:
        """Take what a connection brings, until it is closed or of no use any more."""
        self._line = line
        try:
            await self._ask_next(line)
            if not line.sites:
                raise NotSupported("every site is refused")
            while True:
                async with asyncio.timeout_at(line.deadline):
                    message = await line.socket.receive()
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(line, message.data)
                elif message.type is not aiohttp.WSMsgType.BINARY:
                    code = line.socket.close_code
                    raise TransientError(f"closed with code {code}")
        except TimeoutError:
            raise TransientError("no update in time") from None
        finally:
            if self._line is line:
                self._line = None
            # Goodbye is said, but no answer to it awaited.
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await line.socket.close()

    def _deadline(self) -> float:
        """Return until when something has to come, of any site."""
        patience = max(self._patience(site_id) for site_id, _ in self._listeners)
        return asyncio.get_running_loop().time() + patience.total_seconds()

    # -- messages --------------------------------------------------------------

    async def _ask_next(self, line: _Line) -> None:
        """Subscribe to one more site, if there is one and no answer is to come.

        One at a time, for an answer does not name the site.
        """
        known = line.sites | self._refused_sites
        site_id = next((item for item, _ in self._listeners if item not in known), None)
        if site_id is None or line.waiting is not None:
            return
        line.waiting = site_id
        line.sites.add(site_id)
        # A connection that is lost is noticed where it is read.
        with suppress(ConnectionError):
            await line.socket.send_json(
                {
                    "service": _SERVICE,
                    "action": "subscribe",
                    "data": {"siteId": site_id},
                }
            )

    async def _take(self, line: _Line, data: str) -> None:
        """Take a message; one that makes no sense costs only itself."""
        try:
            message = mapping(json.loads(data))
        except ValueError, RecursionError:
            return
        if (message.get("service"), message.get("action")) == (
            _SERVICE,
            "price-update",
        ):
            self._take_update(line, mapping(message.get("data")))
        elif (status := _status(message)) is not None:
            self._take_answer(line, status)
        await self._ask_next(line)

    def _take_answer(self, line: _Line, status: int) -> None:
        """Take the answer to a subscription.

        Raises NotSupported once every site is refused, TransientError for a cloud that
        fails.
        """
        if (site_id := line.waiting) is None:
            return
        message = f"subscription: status {status}"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER:
            raise TransientError(message)
        line.waiting = None
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            line.seen[site_id] = self._clock()
            return
        line.sites.discard(site_id)
        self._refused_sites.add(site_id)
        if self._refused_sites.issuperset(item for item, _ in self._listeners):
            raise NotSupported(message)
        _LOGGER.info("Live prices are not enabled for a site, it is polled")

    def _take_update(self, line: _Line, data: Mapping[str, Any]) -> None:
        """Hand over prices; whose they are is not told where there is one site."""
        site_id = text(data.get("siteId"))
        if site_id is None and len(line.sites) == 1:
            (site_id,) = line.sites
        found = filter(None, map(PriceRecord.parse, objects(data.get("prices"))))
        records = tuple(found)
        if site_id not in line.sites or not records:
            return
        if line.waiting == site_id:
            line.waiting = None
        line.seen[site_id] = self._clock()
        line.deadline = self._deadline()
        self._wait_s = FIRST_WAIT_S
        for item, on_prices in list(self._listeners):
            if item == site_id:
                on_prices(records)


def _status(message: Mapping[str, Any]) -> int | None:
    """Return the status that answers a subscription, None for any other message."""
    match message:
        case {"service": "live-prices", "action": "subscribe", "status": status}:
            return integer(status)
        case {"type": "subscription-success"}:
            return HTTPStatus.OK
        case {"type": "error"}:
            return HTTPStatus.FORBIDDEN
    return None
