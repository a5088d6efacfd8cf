"""The undocumented WebSocket that pushes current prices (2.5)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import json
from typing import Any

from aiohttp import WSMsgType, web

from ..server import Call
from ..sun import noise
from .accounts import Account
from .api import Api
from .errors import DENIED, UNROUTED, ApiError
from .site import Site
from .times import index_at, start_of

_SERVICE = "live-prices"
_LOOK_S = 0.05  # of real time, at the cloud's clock


@dataclass(eq=False, slots=True)
class _Subscriber:
    """A connection and what it wants; `seen` is until when it was served."""

    socket: web.WebSocketResponse
    account: Account
    sites: list[Site] = field(default_factory=list)
    seen: datetime | None = None


class LivePrices:
    """All connections of one cloud."""

    def __init__(self, api: Api) -> None:
        """Serve what `api` shows.

        `status` is what a good subscription is answered, None for no answer at all.
        """
        self.status: int | None = 200
        self._api = api
        self._subscribers: list[_Subscriber] = []
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connections(self) -> int:
        """How many are connected."""
        return len(self._subscribers)

    def start(self) -> None:
        """Push by the clock from now on."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Push no more, and drop all connections."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.drop()

    async def drop(self) -> None:
        """Drop all connections, as the vendor's cloud does at times."""
        for subscriber in list(self._subscribers):
            await subscriber.socket.close()

    async def _watch(self) -> None:
        while True:
            # A clock that goes from timer to timer would halt at each look.
            await self._wanted.wait()
            await asyncio.sleep(_LOOK_S)
            await self.push()

    async def say(self, message: str | bytes) -> None:
        """Send something else to all connections, such as nonsense."""
        for subscriber in list(self._subscribers):
            if isinstance(message, bytes):
                await subscriber.socket.send_bytes(message)
            else:
                await subscriber.socket.send_str(message)

    # -- a connection ----------------------------------------------------------

    async def connect(self, call: Call) -> web.StreamResponse:
        """Serve a connection until it ends."""
        api, request = self._api, call.request
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return api.reply(UNROUTED, 403)
        try:
            account = api.gate.account(request.headers)
        except ApiError:
            return api.reply(DENIED, 403)
        if not api.behaviour.websocket:
            return api.reply(DENIED, 403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        subscriber = _Subscriber(socket, account)
        self._subscribers.append(subscriber)
        self._wanted.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    answer = self._take(subscriber, message.data)
                    if answer is not None:
                        await socket.send_json(answer)
        finally:
            self._subscribers.remove(subscriber)
            if not self._subscribers:
                self._wanted.clear()
        return socket

    def _take(self, subscriber: _Subscriber, text: str) -> dict[str, Any] | None:
        """Return the answer to a message."""
        if (status := self._subscribe(subscriber, text)) is None:
            return None
        if self._api.behaviour.websocket_ack == "type":
            if status == 200:
                return {"type": "subscription-success"}
            return {"type": "error", "message": "subscription failed"}
        return {"service": _SERVICE, "action": "subscribe", "status": status}

    def _subscribe(self, subscriber: _Subscriber, text: str) -> int | None:
        try:
            message = json.loads(text)
            wanted = (message["service"], message["action"])
            site_id = message["data"]["siteId"]
        except ValueError, LookupError, TypeError:
            return 400
        if wanted != (_SERVICE, "subscribe"):
            return 400
        site = subscriber.account.site(site_id)
        if site is None:
            return 404
        if self.status in (None, 200):
            if site not in subscriber.sites:
                subscriber.sites.append(site)
            subscriber.seen = self._api.clock()
        return self.status

    # -- pushes ----------------------------------------------------------------

    async def push(self) -> None:
        """Push what became due since the last look."""
        now = self._api.clock()
        for subscriber in list(self._subscribers):
            since, subscriber.seen = subscriber.seen, now
            if since is None:
                subscriber.seen = None
                continue
            for site in subscriber.sites:
                if self._is_due(site, since, now):
                    with suppress(ConnectionError):
                        await subscriber.socket.send_json(self._update(site, now))

    def _is_due(self, site: Site, since: datetime, now: datetime) -> bool:
        behaviour, n = self._api.behaviour, index_at(now)
        if not site.is_active(now):
            return False
        if noise(self._api.seed + 43, n) < behaviour.websocket_lost_share:
            return False
        times = [start_of(n)] if behaviour.websocket_estimates else []
        published = site.publication.published_at(n)
        is_last = n + 1 == site.slot(now).end
        if published is not None and (is_last or behaviour.websocket_estimates):
            times.append(published)
        lag = timedelta(seconds=behaviour.websocket_lag_s)
        return any(since < time + lag <= now for time in times)

    def _update(self, site: Site, now: datetime) -> dict[str, Any]:
        api = self._api
        prices = site.prices([site.slot(now)], now)
        data = {"siteId": site.spec.site_id} if api.behaviour.websocket_site_id else {}
        timestamp = api.told().replace(tzinfo=None).isoformat(timespec="milliseconds")
        return {
            "timestamp": f"{timestamp}Z",
            "service": _SERVICE,
            "action": "price-update",
            "data": {**data, "prices": prices},
        }
