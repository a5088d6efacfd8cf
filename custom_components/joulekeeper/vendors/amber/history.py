"""The past of a site by the hour: metered energy and its money (dossier 1.7, 5).

One call brings up to a week, and all of the household's tools share 50 calls in 300 s: a
year is 53 calls in half an hour, 9 of them in 300 s.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from ...core.history import (
    CONTROLLED_LOAD_COST,
    CONTROLLED_LOAD_ENERGY,
    EXPORT_COMPENSATION,
    EXPORT_ENERGY,
    IMPORT_COST,
    IMPORT_ENERGY,
    HistoryDay,
    Series,
)
from .client import AmberClient
from .days import DAY, Rows, is_settled, total
from .models import CURRENCY, NEM, Site
from .ranges import UsageRanges
from .usage import UsageDiary
from .words import ChannelType

DAY_PAUSE: Final = timedelta(seconds=5)
FOLLOWED_AT: Final = timedelta(hours=4)
"""Meter data arrives about 3 o'clock (dossier 1.2)."""
_KEPT_FOR: Final = timedelta(minutes=30)

SERIES: Final[Mapping[ChannelType, tuple[Series, Series]]] = {
    ChannelType.GENERAL: (IMPORT_ENERGY, IMPORT_COST.in_currency(CURRENCY)),
    ChannelType.FEED_IN: (EXPORT_ENERGY, EXPORT_COMPENSATION.in_currency(CURRENCY)),
    ChannelType.CONTROLLED_LOAD: (
        CONTROLLED_LOAD_ENERGY,
        CONTROLLED_LOAD_COST.in_currency(CURRENCY),
    ),
}
"""Energy and money of a channel."""


class AmberHistory:
    """The past of an account's sites; days are the market's, whatever zone is given.

    Of what one call brought, the days that are asked for next are kept for them.
    """

    day_pause: Final = DAY_PAUSE
    followed_at: Final = FOLLOWED_AT

    def __init__(
        self,
        client: AmberClient,
        sites: Callable[[], Mapping[str, Site]],
        diary: Callable[[str], UsageDiary | None] = lambda site_id: None,
    ) -> None:
        """Take what tells a site's diary, which is told of all that is fetched."""
        self._client = client
        self._sites = sites
        self._diary = diary
        self._kept: dict[tuple[str, date], tuple[datetime, Rows]] = {}
        self._seen: dict[str, set[ChannelType]] = defaultdict(set)
        self._ranges = UsageRanges(client)

    def zone(self, device_id: str) -> tzinfo:
        """Return the market's zone, which has no daylight saving."""
        return NEM

    def series(self, device_id: str) -> tuple[Series, ...]:
        """Return what a site has a past of: its channels, and those that it had."""
        if (site := self._sites().get(device_id)) is None:
            return ()
        channels = site.channel_types | self._seen[device_id]
        return tuple(
            series
            for channel, pair in SERIES.items()
            if channel in channels
            for series in pair
        )

    def last_day(self, device_id: str) -> date | None:
        """Return the day on which a site was closed, None while it is supplied."""
        site = self._sites().get(device_id)
        return None if site is None else site.closed_on

    async def fetch_day(
        self, device_id: str, day: date, zone: tzinfo, soon: Sequence[date] = ()
    ) -> HistoryDay:
        """Return a day of the market by the hour; what the client raises."""
        now = self._client.cloud_time()
        until, rows = self._kept.pop((device_id, day), (now, ()))
        if until <= now:
            rows = await self._fetch(device_id, day, soon)
        self._seen[device_id].update(row.channel for row in rows if row.channel)
        return HistoryDay(
            sums=sums(rows),
            levels={},
            settled=is_settled(day, rows, self._sites().get(device_id), now),
        )

    async def _fetch(self, site_id: str, day: date, soon: Sequence[date]) -> Rows:
        """Return the rows of a day; keep those of other days that one call brings."""
        end = day + self._ranges.most_days * DAY
        also = [item for item in soon if day < item < end]
        days = await self._ranges.fetch(site_id, day, max(also, default=day))
        now = self._client.cloud_time()
        self._kept = {key: item for key, item in self._kept.items() if item[0] > now}
        for item in also:
            self._kept[site_id, item] = now + _KEPT_FOR, days.get(item, ())
        if (diary := self._diary(site_id)) is not None:
            for item in (day, *also):
                await diary.note(item, days.get(item, ()))
                await asyncio.sleep(0)
        return days.get(day, ())


def sums(rows: Rows) -> Mapping[str, Mapping[datetime, float]]:
    """Return energies, kWh, and money, AUD, by series and full hour of UTC.

    What is not known adds nothing, and what is known of the same row does. Hours of the
    market are hours of UTC; several registers of one channel are added.
    """
    values: dict[str, dict[datetime, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        if row.channel is None:
            continue
        hour = row.span.start.replace(minute=0, second=0, microsecond=0)
        for series, value in zip(SERIES[row.channel], (row.kwh, row.cost), strict=True):
            if value is not None:
                values[series.key][hour].append(value)
    return {
        key: {hour: total(items) or 0.0 for hour, items in hours.items()}
        for key, hours in values.items()
    }
