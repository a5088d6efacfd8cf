"""One site: its market, the board it reads, its meter, and its records."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
import zlib

from . import payloads
from .behaviour import Behaviour
from .board import Board, Minutes, nem_now
from .fixtures import SiteSpec
from .market import Market
from .meter import Meter, MeterData
from .publication import Publication
from .times import DAY, Slot, day_start, index_at, nem_date, slot_holding

_ONE_DAY = timedelta(days=1)


class Site:
    """A site that lives on whether or not it is asked."""

    def __init__(
        self,
        spec: SiteSpec,
        market: Market,
        behaviour: Behaviour,
        begin: datetime,
        seed: int,
    ) -> None:
        """Start its house at `begin`."""
        own = seed + zlib.crc32(spec.site_id.encode())
        self.spec = spec
        self.market = market
        self.publication = Publication(own, behaviour)
        self.board = Board(market, self.publication, behaviour)
        self.meter = Meter(spec, begin, own)
        self.data = MeterData(own, behaviour)
        self._behaviour = behaviour

    def is_active(self, now: datetime) -> bool:
        """Whether it is supplied now."""
        return self.spec.status(nem_now(now)) == "active"

    def minutes(self, resolution: int | None) -> Minutes:
        """Return the length of slots where a `resolution` is asked for, or none."""
        behaviour, spec = self._behaviour, self.spec
        if resolution is None and behaviour.default_resolution == 30:
            resolution = 30
        if resolution == 30 and behaviour.resolution_30 == "ignored":
            resolution = None

        def minutes(n: int) -> int:
            return resolution or spec.minutes(nem_date(n))

        return minutes

    # -- records ---------------------------------------------------------------

    def prices(self, slots: list[Slot], now: datetime) -> list[dict[str, Any]]:
        """Return the records of all channels for the slots, the channels in order."""
        shown = [
            self.board.shown(slot, now)
            for slot in slots
            if self.spec.status(nem_date(slot.first)) == "active"
        ]
        outage = self._behaviour.outage
        if outage != "none":
            shown = [s for s in shown if s.kind == "Actual" and outage == "actuals"]
        return [
            payloads.interval(self.spec, channel.type, item, now, self._behaviour)
            for channel in payloads.channels_of(self.spec)
            for item in shown
        ]

    def usage(self, start: date, end: date, now: datetime) -> list[dict[str, Any]]:
        """Return the rows of the days from `start` to `end` that are known now."""
        self.meter.advance(now)
        truths = [self.board.truth(slot) for slot in self._told(start, end, now)]
        rows = []
        for channel in payloads.channels_of(self.spec):
            for truth in truths:
                kwh = self.meter.kwh(channel.type, truth.slot)
                told = self.data.row(channel, truth.slot, kwh, now)
                if told is None:
                    continue
                rows.append(
                    payloads.usage(self.spec, channel, truth, *told, self._behaviour)
                )
        return rows

    def _told(self, start: date, end: date, now: datetime) -> Iterator[Slot]:
        today = nem_now(now)
        # Nothing is known of the time before the house or after today.
        start = max(start, nem_date(self.meter.first))
        day = start
        while day <= min(end, today):
            if self.spec.status(day) == "active" and self._has_arrived(day, now):
                n = day_start(day)
                while n < day_start(day) + DAY:
                    slot = slot_holding(n, self.spec.minutes(day))
                    if self.meter.knows(slot):
                        yield slot
                    n = slot.end
            day += _ONE_DAY

    def _has_arrived(self, day: date, now: datetime) -> bool:
        if day == nem_now(now):
            return self._behaviour.usage_today == "partial"
        arrives = self.data.plan(day).arrives
        return arrives is not None and now >= arrives

    # -- what is so ------------------------------------------------------------

    def slot(self, at: datetime) -> Slot:
        """Return the billing interval that holds a time."""
        n = index_at(at)
        return slot_holding(n, self.spec.minutes(nem_date(n)))
