"""What is asked for power panels and X1 home storage (dossier 4.14)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from .client import AnkerClient
from .models import Site
from .panel import PanelDay, PanelSource, RunningInfo
from .parts import Part
from .shown import SteadyTotals

_GOOD_FOR: Final = 2.5
"""Intervals for which what was told last is shown; no values are live anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelNow:
    """The totals of a system and the day of each source so far.

    `country` is the account's, which tells what dollars are meant.
    """

    running: RunningInfo | None
    country: str
    days: Mapping[PanelSource, PanelDay] = field(default_factory=dict)
    begins: datetime

    def average_w(self, source: PanelSource, place: int = 0) -> float | None:
        """Return a power of the last five minutes by its place, None without it."""
        day = self.days.get(source)
        known = () if day is None else day.average_w
        return known[place] if place < len(known) else None


class PanelFeed:
    """What is asked for one of them; what fails keeps for a while what it had."""

    def __init__(
        self,
        client: AnkerClient,
        site: Site,
        midnight: Callable[[], datetime],
        interval: timedelta,
    ) -> None:
        """Know nothing yet; `midnight` returns when the system's day has begun."""
        self._midnight = midnight
        self._country = client.country
        self._good_for = interval * _GOOD_FOR
        self._clock = clock = client.clock
        self._steady = SteadyTotals()

        async def running() -> RunningInfo:
            return self._steady.after(await client.running_info(site), clock())

        self._running = Part(running, timedelta(), clock)

        def day(source: PanelSource) -> Part[tuple[datetime, PanelDay]]:
            async def fetch() -> tuple[datetime, PanelDay]:
                begins = midnight()
                now = clock().astimezone(begins.tzinfo)
                return begins, await client.panel_day(site, source, now)

            return Part(fetch, timedelta(), clock)

        self._days = {source: day(source) for source in PanelSource}

    async def now(self) -> PanelNow:
        """Return what can be known; raises why nothing can, and what `Part.get` does."""
        running = await self._running.get()
        known = {source: await part.get() for source, part in self._days.items()}
        if not self._is_fresh(self._running):
            running = None
        known = {
            source: told
            for source, told in known.items()
            if self._is_fresh(self._days[source])
        }
        if running is None and not known and self._running.error is not None:
            raise self._running.error
        begins = self._midnight()
        return PanelNow(
            running=running,
            country=self._country,
            days={
                source: told[1]
                for source, told in known.items()
                if told is not None and told[0] == begins
            },
            begins=begins,
        )

    def _is_fresh(self, part: Part[Any]) -> bool:
        told_at = part.told_at
        return (
            told_at is not None
            and timedelta() <= self._clock() - told_at < self._good_for
        )
