"""The times of use: which tariff holds when, and what it costs (dossier 5.5).

A year has seasons of whole months, each of them a day of the week and one of the
weekend, in whole hours. There are no gaps. Only in the valley the battery is charged
from the grid.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from itertools import accumulate, pairwise
from typing import Any, Final, Self

from ..parsing import integer, mapping, number, objects

HOURS: Final = 24
MONTHS: Final = 12


class Tariff(IntEnum):
    """How dear an hour is."""

    PEAK = 1
    MID_PEAK = 2
    OFF_PEAK = 3
    VALLEY = 4


class DayType(StrEnum):
    """Which days of a week are meant."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Hours:
    """From one hour to another, the end exclusive; `raw` is all of it."""

    start: int
    end: int
    tariff: int
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def dump(self) -> dict[str, Any]:
        """Return it as the cloud has it."""
        times = {"start_time": self.start, "end_time": self.end, "type": self.tariff}
        return {**self.raw, **times}


@dataclass(frozen=True, slots=True)
class Price:
    """What a tariff costs per kWh, as the text that the cloud has."""

    tariff: int
    price: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def dump(self) -> dict[str, Any]:
        """Return it as the cloud has it."""
        return {**self.raw, "price": self.price, "type": self.tariff}


@dataclass(frozen=True, slots=True)
class DayTariffs:
    """A day of a season: its hours without gaps, and what its tariffs cost."""

    hours: tuple[Hours, ...]
    prices: tuple[Price, ...]

    @classmethod
    def parse(cls, hours: Any, prices: Any) -> Self | None:
        """Read a day; None where it has gaps, or anything that is not understood."""
        found: list[Hours] = []
        for item in objects(hours):
            start, end = integer(item.get("start_time")), integer(item.get("end_time"))
            tariff = integer(item.get("type"))
            if start is None or end is None or tariff is None or start >= end:
                return None
            found.append(Hours(start, end, tariff, item))
        found.sort(key=lambda it: it.start)
        if not found or (found[0].start, found[-1].end) != (0, HOURS):
            return None
        if any(one.end != other.start for one, other in pairwise(found)):
            return None
        costs: list[Price] = []
        for item in objects(prices):
            tariff, amount = integer(item.get("type")), number(item.get("price"))
            if tariff is None or amount is None:
                return None
            costs.append(Price(tariff, str(item["price"]), item))
        return cls(tuple(found), tuple(costs))

    def at(self, hour: int) -> Hours:
        """Return what holds in an hour."""
        return next(it for it in self.hours if it.start <= hour < it.end)

    def price(self, tariff: int) -> str | None:
        """Return what a tariff costs."""
        return next((it.price for it in self.prices if it.tariff == tariff), None)

    def tidy(self) -> DayTariffs:
        """Return it with equal neighbours made one, and no price of no hour."""
        made: list[Hours] = []
        for item in self.hours:
            if made and made[-1].tariff == item.tariff:
                made[-1] = replace(made[-1], end=item.end)
            else:
                made.append(item)
        used = {item.tariff for item in made}
        prices = tuple(it for it in self.prices if it.tariff in used)
        return DayTariffs(tuple(made), prices)

    def priced(self, tariff: int, price: str) -> DayTariffs:
        """Return it with another price of a tariff."""
        if self.price(tariff) is None:
            like = self.prices[0].raw if self.prices else {}
            return replace(self, prices=(*self.prices, Price(tariff, price, like)))
        prices = (
            replace(it, price=price) if it.tariff == tariff else it
            for it in self.prices
        )
        return replace(self, prices=tuple(prices))

    def with_hours(self, start: int, end: int, tariff: int) -> DayTariffs:
        """Return it with a tariff from one hour to another."""
        kept = [*_outside(self.hours, start, end), Hours(start, end, tariff)]
        return replace(self, hours=tuple(sorted(kept, key=lambda it: it.start)))

    def without(self, gone: Callable[[int], bool]) -> DayTariffs | None:
        """Return it without some of its hours, which their neighbours take over.

        The one before does; at the start of the day, or where that is the valley, the
        one after. None if nothing is left.
        """
        kept = [None if gone(hour) else self.at(hour) for hour in range(HOURS)]
        before = list(accumulate(kept, _later))
        after = list(accumulate(reversed(kept), _later))[::-1]
        made: list[Hours] = []
        for hour, own in enumerate(kept):
            heirs = [it for it in (before[hour], after[hour]) if it is not None]
            if not heirs:
                return None
            others = (it for it in heirs if it.tariff != Tariff.VALLEY)
            holds = own or next(others, heirs[0])
            made.append(replace(holds, start=hour, end=hour + 1))
        return replace(self, hours=tuple(made)).tidy()


def _later(one: Hours | None, other: Hours | None) -> Hours | None:
    return one if other is None else other


def _outside(hours: Iterable[Hours], start: int, end: int) -> list[Hours]:
    left: list[Hours] = []
    for item in hours:
        if item.start < start:
            left.append(replace(item, end=min(item.end, start)))
        if end < item.end:
            left.append(replace(item, start=max(item.start, end)))
    return left


@dataclass(frozen=True, slots=True)
class Season:
    """Months of a year, the last one included; `same` are all its days alike."""

    first: int
    last: int
    weekday: DayTariffs
    weekend: DayTariffs
    same: bool
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a season; None where anything is not understood."""
        months = mapping(raw.get("sea"))
        first = integer(months.get("start_month"))
        last = integer(months.get("end_month"))
        same = raw.get("is_same") is True
        weekday = DayTariffs.parse(raw.get("weekday"), raw.get("weekday_price"))
        weekend = DayTariffs.parse(raw.get("weekend"), raw.get("weekend_price"))
        if weekend is None and same:
            weekend = weekday
        if first is None or last is None or first > last:
            return None
        if weekday is None or weekend is None:
            return None
        return cls(first, last, weekday, weekend, same, raw)

    def dump(self) -> dict[str, Any]:
        """Return it as the cloud has it."""
        weekend = self.weekday if self.same else self.weekend
        return {
            **self.raw,
            "sea": {
                **mapping(self.raw.get("sea")),
                "start_month": self.first,
                "end_month": self.last,
            },
            "weekday": [item.dump() for item in self.weekday.hours],
            "weekend": [item.dump() for item in weekend.hours],
            "weekday_price": [item.dump() for item in self.weekday.prices],
            "weekend_price": [item.dump() for item in weekend.prices],
            "is_same": self.same,
        }

    def day(self, kind: DayType) -> DayTariffs:
        """Return the day of a kind."""
        weekend = kind is DayType.WEEKEND and not self.same
        return self.weekend if weekend else self.weekday

    def changed(
        self, kind: DayType, change: Callable[[DayTariffs], DayTariffs]
    ) -> Season:
        """Return it with days of a kind changed; one kind alone makes them differ."""
        if kind is DayType.ALL and self.same:
            return replace(self, weekday=(day := change(self.weekday)), weekend=day)
        weekday, weekend = self.weekday, self.day(DayType.WEEKEND)
        if kind is not DayType.WEEKEND:
            weekday = change(weekday)
        if kind is not DayType.WEEKDAY:
            weekend = change(weekend)
        return replace(self, weekday=weekday, weekend=weekend, same=False)


type Seasons = tuple[Season, ...]


def parse(value: Any) -> Seasons | None:
    """Return the seasons, none where there are none.

    None where they do not fill the year, or anything is not understood.
    """
    if not value:
        return ()
    if not isinstance(value, list):
        return None
    seasons = [Season.parse(mapping(item)) for item in value]
    known = [it for it in seasons if it is not None]
    if len(known) < len(seasons):
        return None
    known.sort(key=lambda it: it.first)
    if (known[0].first, known[-1].last) != (1, MONTHS):
        return None
    if any(one.last + 1 != other.first for one, other in pairwise(known)):
        return None
    return tuple(known)


def dump(seasons: Iterable[Season]) -> list[dict[str, Any]]:
    """Return seasons as the cloud has them."""
    return [season.dump() for season in seasons]


def season_at(seasons: Iterable[Season], month: int) -> Season | None:
    """Return the season of a month."""
    return next((it for it in seasons if it.first <= month <= it.last), None)


def day_type(local: datetime) -> DayType:
    """Return what kind of day it is."""
    return DayType.WEEKEND if local.isoweekday() > 5 else DayType.WEEKDAY


def tariff_at(seasons: Sequence[Season], local: datetime) -> tuple[int, str | None]:
    """Return the tariff of a moment, and what it costs; LookupError without any."""
    season = season_at(seasons, local.month)
    if season is None:
        raise LookupError("use_time")
    day = season.day(day_type(local))
    tariff = day.at(local.hour).tariff
    return tariff, day.price(tariff)
