"""Keeps a site's prices fresh: polls when publication is likely, bridges short troubles.

While answers fail, or tell of no current price, the forecast of the last one is shown,
marked as an estimate, and the planner tries again within seconds. Only when that has
gone on for minutes, the error is raised, and the prices are not available.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...core.errors import AuthError, VendorError
from .board import PriceBoard
from .client import RESOLUTIONS, AmberClient
from .delays import SETTLEMENT, Observation
from .forecast import lay_out
from .limits import Room
from .memory import Memory
from .models import PriceRecord, Site
from .prices import PATIENCE, Basis, Prices
from .publication import PollPlanner

HORIZON: Final = timedelta(hours=48)
"""The market foretells 16 to 40 h (dossier section 3)."""
LONGEST_RETRY: Final = timedelta(minutes=1)
"""A price is wanted as soon as the cloud is back, and the limit has room for it."""

_MINUTE: Final = timedelta(minutes=1)
_HALF_HOUR: Final = timedelta(minutes=30)
_SAVE_EVERY: Final = timedelta(hours=1)
_AFTER_PUSH: Final = timedelta(seconds=2)
_PUSHED_BY: Final = timedelta(seconds=60)
"""After a boundary: later than nearly all prices, so that a live connection saves polls."""

type IsLive = Callable[[], bool]


class PriceFeed:
    """The prices of one site."""

    def __init__(
        self,
        client: AmberClient,
        site: Site,
        basis: Basis,
        memory: Memory,
        jitter: timedelta,
        sites: Callable[[], int],
        is_live: IsLive,
    ) -> None:
        """Poll nothing yet; `sites` tells among how many the account's limit is shared.

        `is_live` tells whether prices come by themselves now.
        """
        self.site = site
        self._listed = site.interval
        self._resolution: int | None = None
        self._client = client
        self._basis = basis
        self._memory = memory
        self._sites = sites
        self._is_live = is_live
        self._jitter = jitter
        self._planner = PollPlanner(
            site.interval, jitter, _observations(memory.part(_key(site)))
        )
        self._prices: Prices | None = None
        self._fetched_at: datetime | None = None
        self._failing_since: datetime | None = None
        self._saved_at = client.clock()

    def take(self, site: Site) -> None:
        """Follow what is listed anew: channels, or another billing interval.

        What the prices themselves told of the interval holds until another is listed.
        """
        listed, self._listed = self._listed, site.interval
        if listed != site.interval:
            self._resolution = None
        self._follow(
            replace(site, interval=self.site.interval)
            if listed == site.interval
            else site
        )

    def _follow(self, site: Site) -> None:
        if site.interval != self.site.interval:
            self._planner = PollPlanner(
                site.interval, self._jitter, self._planner.observations
            )
        self.site = site

    def _follow_length(self, length: timedelta) -> None:
        """Follow the length in which prices come, whatever is listed or asked for.

        A cut-over is listed late, and what comes by default is not certain (dossier
        1.2): where that is longer than the billing's interval, that one is asked for.
        """
        if length > self._listed and self._listed // _MINUTE in RESOLUTIONS:
            self._resolution = self._listed // _MINUTE
        if length != self.site.interval:
            self._follow(replace(self.site, interval=length))

    async def fetch(self) -> Prices:
        """Return the prices; what was known before for as long as `PATIENCE` lasts."""
        try:
            board = await self._asked()
        except AuthError:
            raise
        except VendorError:
            if (bridge := self._bridge()) is None:
                raise
            return bridge
        if (span := board.span) is not None:
            self._failing_since = None
            self._follow_length(span.duration)
        elif (bridge := self._bridge()) is not None:
            return bridge
        self._fetched_at = board.asked_at
        # To read, to learn, to plan and to lay out tables are some ms of work each, and
        # others have their turn between.
        await asyncio.sleep(0)
        confirmed_after = self._learn(board)
        self._next_poll(self._client.cloud_time())
        await self._remember()
        await asyncio.sleep(0)
        if (known := self._prices) is not None:
            board = board.after(known.board)
            confirmed_after = confirmed_after or known.confirmed_after
        prices = self._show(board, confirmed_after)
        for channel in prices.channels:
            await asyncio.sleep(0)
            lay_out(prices, channel)
        # Something may have come by itself meanwhile.
        return self._prices or prices

    async def _asked(self) -> PriceBoard:
        """Ask for the half-hour that runs, and for all that is foretold."""
        step = max(self.site.interval, SETTLEMENT)
        previous = max(1, _HALF_HOUR // step - 1)
        if self._resolution is not None:
            step = self._resolution * _MINUTE
        return await self._client.current_prices(
            self.site.id,
            previous=previous,
            following=HORIZON // step,
            resolution=self._resolution,
        )

    def _bridge(self) -> Prices | None:
        """Return what was known before the trouble, None once that is too old."""
        now = self._client.cloud_time()
        self._planner.failed()
        # What lies ahead is of a clock that was wrong.
        self._failing_since = min(self._failing_since or now, now)
        if (known := self._prices) is None:
            return None
        since = self._failing_since
        if since < known.board.asked_at <= now:
            # Prices have come by themselves meanwhile.
            since = known.board.asked_at
        return known if now - since <= PATIENCE else None

    def pushed(self, records: Iterable[PriceRecord]) -> Prices | None:
        """Return the prices with those that came by themselves, None before the first."""
        if (known := self._prices) is None:
            return None
        return self._show(
            known.board.with_current(records, self._client.cloud_time()),
            known.confirmed_after,
        )

    def due_in(self, prices: Prices, now: datetime) -> timedelta:
        """Return when the next poll is likely to tell something new."""
        cloud_now = self._client.cloud_time(now)
        due = self._next_poll(cloud_now)
        if self._is_live() and not self._failing_since:
            due = max(due, self._due_while_live(prices, cloud_now, due))
        return due - cloud_now

    def _next_poll(self, cloud_now: datetime) -> datetime:
        """Return when the planner wants to ask; it plans anew once per interval."""
        room = self._client.room
        room = Room(room.calls // max(1, self._sites()), room.free_at)
        return self._planner.next_poll(cloud_now, room)

    def next_change(self, prices: Prices, now: datetime) -> datetime | None:
        """Return when another interval runs, by our clock."""
        boundary = prices.next_boundary()
        return boundary and now + (boundary - self._client.cloud_time(now))

    # --------------------------------------------------------------------------

    def _due_while_live(self, prices: Prices, now: datetime, due: datetime) -> datetime:
        """Return when to ask for forecasts, which are not pushed, or for a late price."""
        boundary = self._planner.boundary(now)
        fetched = self._fetched_at is not None and self._fetched_at >= boundary
        if fetched:
            boundary = self._planner.boundary(due)
        elif prices.board.confirmed and prices.board.span_holds(now):
            return now + _AFTER_PUSH
        return boundary + _PUSHED_BY

    def _learn(self, board: PriceBoard) -> timedelta | None:
        """Tell the planner; return how late a price was that is final since this poll."""
        span = board.span
        start = None if span is None else span.start
        known = self._prices
        before = (
            known is not None and known.board.span == span and known.board.confirmed
        )
        self._planner.seen(board.asked_at, start, board.confirmed)
        if span is None or not board.confirmed or before:
            return None
        late = board.asked_at - (span.end - SETTLEMENT)
        return late if timedelta() <= late <= SETTLEMENT else None

    def _show(self, board: PriceBoard, confirmed_after: timedelta | None) -> Prices:
        last_final = dict(self._prices.last_final) if self._prices else {}
        for item in board.records:
            if item.channel is not None and item.is_final:
                last = last_final.get(item.channel)
                if last is None or last.span.start <= item.span.start:
                    last_final[item.channel] = item
        self._prices = Prices(
            site=self.site,
            board=board,
            last_final=last_final,
            basis=self._basis,
            confirmed_after=confirmed_after,
            limits=self._client.rate_limits,
            clock=self._client.cloud_time,
        )
        return self._prices

    async def _remember(self) -> None:
        """Keep what was learned, now and then: it is worth little."""
        now = self._client.clock()
        if abs(now - self._saved_at) < _SAVE_EVERY:
            return
        self._saved_at = now
        await self._memory.keep(
            _key(self.site),
            [item.as_data() for item in self._planner.observations],
        )


def _key(site: Site) -> str:
    return f"delays {site.id}"


def _observations(data: object) -> Iterable[Observation]:
    items = data if isinstance(data, list) else []
    return filter(None, map(Observation.from_data, items))
