"""What an owner changes of his times of use (dossier 5.5, Modify rules)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from ...core.errors import InvalidRequest
from ..parsing import text
from .use_time import (
    HOURS,
    MONTHS,
    DayTariffs,
    DayType,
    Hours,
    Price,
    Season,
    Seasons,
    Tariff,
    day_type,
    dump,
    parse,
    season_at,
)

MOST_SEASONS: Final = 5
"""That many the app allows."""
MOST_PRICE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffChange:
    """A change, or with `delete` a deletion, of a part of the plan.

    Of months and hours the last month is included, the end hour is not. Both edges put
    an interval in; one alone means the interval that it is in. What is not told at all
    is that of now. `unit` and `default_price` are for what has no price yet.
    """

    first_month: int | None = None
    last_month: int | None = None
    days: DayType | None = None
    start_hour: int | None = None
    end_hour: int | None = None
    tariff: Tariff | None = None
    price: float | None = None
    delete: bool = False
    unit: str = "€"
    default_price: float = 0.0

    @property
    def of_hours(self) -> bool:
        """Whether a deletion is one of hours, by themselves or by their tariff."""
        edges = self.start_hour, self.end_hour
        return edges != (None, None) or self.tariff is not None

    @property
    def of_months(self) -> bool:
        """Whether it names months."""
        return self.first_month is not None or self.last_month is not None

    @property
    def only_price(self) -> bool:
        """Whether it is a price of a tariff, not meant to move any hour to it."""
        edges = self.start_hour, self.end_hour
        return self.price is not None and edges == (None, None)

    def check(self) -> None:
        """Raise InvalidRequest `window_backwards`, `slot_time_error`, and so on."""
        for edge, most in (
            (self.first_month, MONTHS),
            (self.last_month, MONTHS),
            (self.end_hour, HOURS),
        ):
            if edge is not None and not 1 <= edge <= most:
                raise InvalidRequest("no such month or hour", reason="slot_time_error")
        if self.start_hour is not None and not 0 <= self.start_hour < HOURS:
            raise InvalidRequest("no such hour", reason="slot_time_error")
        if self.price is not None and not 0 <= self.price <= MOST_PRICE:
            raise InvalidRequest("no such price", reason="price_out_of_range")
        if self.first_month and self.last_month and self.first_month > self.last_month:
            raise InvalidRequest("it ends before it starts", reason="window_backwards")
        if self.start_hour is not None and self.end_hour is not None:
            if self.start_hour >= self.end_hour:
                raise InvalidRequest(
                    "it ends before it starts", reason="window_backwards"
                )
        told = (
            self.first_month,
            self.last_month,
            self.days,
            self.start_hour,
            self.end_hour,
            self.tariff,
            self.price,
        )
        if not self.delete and all(it is None for it in told):
            raise InvalidRequest("nothing is to be changed", reason="nothing_told")


def modified(
    use_time: Any, change: TariffChange, local: datetime
) -> list[dict[str, Any]]:
    """Return the times of use with a change, as the cloud has them.

    `local` is now by the banks' wall clock. InvalidRequest with a reason.
    """
    change.check()
    if (seasons := parse(use_time)) is None:
        raise InvalidRequest("the plan is not understood", reason="settings_unknown")
    if change.delete:
        made = _joined(_deleted(seasons, change, local))
        _check_deletion(seasons, made, change)
    else:
        seasons = seasons or _blank(change)
        seasons, season = _chosen(seasons, change, local)
        kind = _kind(season, change, local)
        _check_price(season, kind, change)
        new = season.changed(kind, lambda day: _changed(day, change, local))
        made = _joined([new if item is season else item for item in seasons])
    if len(made) > MOST_SEASONS:
        raise InvalidRequest("too many seasons", reason="too_many_seasons")
    return dump(made)


def _check_price(season: Season, kind: DayType, change: TariffChange) -> None:
    """Refuse a price of a tariff that none of the days has."""
    if not change.only_price or change.tariff is None:
        return
    kinds = (DayType.WEEKDAY, DayType.WEEKEND) if kind is DayType.ALL else (kind,)
    days = [season.day(it) for it in kinds]
    if all(
        len(day.hours) > 1 and all(it.tariff != change.tariff for it in day.hours)
        for day in days
    ):
        raise InvalidRequest("no hour has this tariff", reason="tariff_missing")


def _check_deletion(seasons: Seasons, left: list[Season], change: TariffChange) -> None:
    """Refuse a deletion that changes nothing, or more than what it names."""
    if _tidied(left) == _tidied(seasons):
        raise InvalidRequest("its neighbours are the same", reason="nothing_deleted")
    if not left and (change.of_hours or change.of_months):
        raise InvalidRequest("nothing would be left", reason="nothing_left")
    if change.of_hours and _adds_valley(seasons, left):
        raise InvalidRequest("the valley is beside it", reason="gap_to_valley")


def _tidied(seasons: Iterable[Season]) -> list[Season]:
    """Return seasons as they compare: whatever does the same is the same."""
    return _joined(
        replace(it, weekday=it.weekday.tidy(), weekend=it.day(DayType.WEEKEND).tidy())
        for it in seasons
    )


def _adds_valley(seasons: Seasons, left: list[Season]) -> bool:
    """Tell whether the battery would be charged in an hour in which it was not."""
    return any(
        new.day(kind).at(hour).tariff == Tariff.VALLEY
        and old.day(kind).at(hour).tariff != Tariff.VALLEY
        for month in range(1, MONTHS + 1)
        if (old := season_at(seasons, month)) and (new := season_at(left, month))
        for kind in (DayType.WEEKDAY, DayType.WEEKEND)
        for hour in range(HOURS)
    )


def _kind(season: Season, change: TariffChange, local: datetime) -> DayType:
    """Return which days are meant: those of now, unless they are all alike."""
    if change.days is not None:
        return change.days
    return DayType.ALL if season.same else day_type(local)


def _blank(change: TariffChange) -> Seasons:
    """Return a year of nothing but off-peak hours."""
    price = Price(Tariff.OFF_PEAK, _text(change.default_price))
    day = DayTariffs((Hours(0, HOURS, Tariff.OFF_PEAK),), (price,))
    unit = {"unit": change.unit}
    return (Season(1, MONTHS, day, day, same=True, raw=unit),)


def _chosen(
    seasons: Seasons, change: TariffChange, local: datetime
) -> tuple[Seasons, Season]:
    """Return the season that is meant, split off where both its months are told."""
    first, last = change.first_month, change.last_month
    found = season_at(seasons, first or last or local.month) or seasons[0]
    if first is None or last is None:
        return seasons, found
    new = replace(found, first=first, last=last)
    outside = (it for it in _cut(seasons, first, last) if not first <= it.first <= last)
    return tuple(sorted((*outside, new), key=lambda it: it.first)), new


def _cut(seasons: Iterable[Season], first: int, last: int) -> Seasons:
    """Return seasons of which each is either among some months, or outside of them."""
    made: list[Season] = []
    for item in seasons:
        edges = sorted({item.first, item.last + 1, first, last + 1})
        inside = (it for it in edges if item.first <= it <= item.last + 1)
        made += (
            replace(item, first=one, last=other - 1) for one, other in pairwise(inside)
        )
    return tuple(made)


def _changed(day: DayTariffs, change: TariffChange, local: datetime) -> DayTariffs:
    start, end = change.start_hour, change.end_hour
    if start is not None and end is not None:
        tariff: int = change.tariff or Tariff.OFF_PEAK
        day = day.with_hours(start, end, tariff)
    else:
        hour = start if start is not None else None if end is None else end - 1
        chosen = day.at(local.hour if hour is None else hour)
        tariff = change.tariff or chosen.tariff
        if not change.only_price or len(day.hours) == 1:
            day = day.with_hours(chosen.start, chosen.end, tariff)
    if change.price is not None:
        day = day.priced(tariff, _text(change.price))
    elif day.price(tariff) is None:
        day = day.priced(tariff, _text(change.default_price))
    return day.tidy()


def _text(price: float) -> str:
    return f"{price:.5f}".rstrip("0").rstrip(".") if price % 1 else f"{price:.0f}"


def _joined(seasons: Iterable[Season]) -> list[Season]:
    """Return seasons with equal neighbours made one."""
    made: list[Season] = []
    for item in seasons:
        if made and _same(made[-1], item):
            made[-1] = replace(made[-1], last=item.last)
        else:
            made.append(item)
    return made


def _same(one: Season, other: Season) -> bool:
    unit = text(one.raw.get("unit")) == text(other.raw.get("unit"))
    return unit and one == replace(other, first=one.first, last=one.last)


def _deleted(seasons: Seasons, change: TariffChange, local: datetime) -> list[Season]:
    """Delete hours, else a tariff, else a kind of day, else months, else all."""
    if change.first_month is not None and change.last_month is not None:
        seasons = _cut(seasons, change.first_month, change.last_month)
    if change.of_hours:
        return _without_hours(seasons, change, local)
    if change.days is not None:
        made = []
        for item in seasons:
            if not _meant(item, change, local):
                made.append(item)
            elif (left := _one_kind(item, change.days)) is not None:
                made.append(left)
        return _closed(made)
    if change.of_months:
        return _closed([it for it in seasons if not _meant(it, change, local)])
    return []


def _without_hours(
    seasons: Seasons, change: TariffChange, local: datetime
) -> list[Season]:
    start, end = change.start_hour, change.end_hour

    def without(day: DayTariffs) -> DayTariffs | None:
        if start is None and end is None:
            return day.without(lambda hour: day.at(hour).tariff == change.tariff)
        if start is not None and end is not None:
            return day.without(lambda hour: start <= hour < end)
        meant = day.at(start if start is not None else (end or HOURS) - 1)
        return day.without(lambda hour: meant.start <= hour < meant.end)

    made: list[Season] = []
    for item in seasons:
        if not _meant(item, change, local):
            made.append(item)
            continue
        kind = _kind(item, change, local)
        weekday: DayTariffs | None = item.weekday
        weekend: DayTariffs | None = item.day(DayType.WEEKEND)
        if kind is not DayType.WEEKEND:
            weekday = without(item.weekday)
        if kind is not DayType.WEEKDAY:
            weekend = without(item.day(DayType.WEEKEND))
        # A day of which nothing is left is as the other one; both are a season less.
        same = (item.same and kind is DayType.ALL) or weekday is None or weekend is None
        weekday = weekday or weekend
        if weekday is not None:
            other = weekday if same or weekend is None else weekend
            made.append(replace(item, weekday=weekday, weekend=other, same=same))
    return _closed(made)


def _one_kind(season: Season, gone: DayType) -> Season | None:
    """Return a season without a kind of day, which then is as the other one."""
    if gone is DayType.ALL:
        return None
    if season.same:
        return season
    kept = DayType.WEEKDAY if gone is DayType.WEEKEND else DayType.WEEKEND
    day = season.day(kept)
    return replace(season, weekday=day, weekend=day, same=True)


def _meant(season: Season, change: TariffChange, local: datetime) -> bool:
    """Tell whether a deletion concerns a season."""
    first, last = change.first_month, change.last_month
    if first is None and last is None:
        first = last = local.month
    first, last = first or last or 1, last or first or MONTHS
    return season.first <= last and first <= season.last


def _closed(seasons: list[Season]) -> list[Season]:
    """Return seasons of which the one before a gap takes it over, at first the next."""
    firsts = [1, *(item.first for item in seasons[1:])]
    lasts = [*(item.first - 1 for item in seasons[1:]), MONTHS]
    return [
        replace(item, first=first, last=last)
        for item, first, last in zip(seasons, firsts, lasts, strict=False)
    ]
