"""Forecasts in the shapes that optimisers and chart cards read (dossier 4.4).

All are lists of plain data at a uniform step, oldest first, with times in ISO 8601 and
UTC, and prices in AUD/kWh; feed-in + is earned. A record that is longer than the step
is split, shorter ones are averaged; what is not known to its end is left out.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from .models import NEM, PriceRecord
from .prices import Prices
from .words import ChannelType, SpikeStatus

type Row = dict[str, Any]

STEP: Final = timedelta(minutes=30)
"""Of what planners read that know no other one."""

_DIGITS: Final = 5
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def lay_out(prices: Prices, channel: ChannelType) -> None:
    """Make all tables of a channel, so that they are there when they are shown.

    When another interval runs, their rows stay the same, and fewer of them are shown.
    """
    prices.table(_all_points, channel)
    prices.table(_all_rates, channel)
    prices.table(_all_forecasts, channel)


def points(prices: Prices, channel: ChannelType) -> list[Row]:
    """Return `{time, value}` from the running interval on, at the billing's step.

    Each value holds until the next time, as HAEO and chart cards read it.
    """
    now = prices.clock()
    rows = [row for end, row in prices.table(_all_points, channel) if end > now]
    if prices.running(channel) is None:
        return rows
    # What runs may be shown by another price than its own.
    running = [{**row, "value": _r(prices.price(channel))} for row in rows[:1]]
    return [*running, *rows[1:]]


def rates(prices: Prices, channel: ChannelType) -> list[Row]:
    """Return `{start, end, value}` of half-hours from the running one on.

    Predbat and evcc read these. Of the running one what is past may be missing.
    """
    now = prices.clock()
    return [
        row
        for start, since, row in prices.table(_all_rates, channel)
        if now < start + STEP and (since == start or since <= now)
    ]


def forecasts(prices: Prices, channel: ChannelType) -> list[Row]:
    """Return the half-hours to come with all that is told of them.

    The keys are those of Home Assistant's own integration, which EMHASS, HAEO, cards
    and blueprints read, and some more.
    """
    now = prices.clock()
    return [row for start, row in prices.table(_all_forecasts, channel) if start > now]


def _all_points(prices: Prices, channel: ChannelType) -> list[tuple[datetime, Row]]:
    """Return the rows of all records, each with its record's end."""
    step = prices.site.interval
    return [
        (
            item.span.end,
            {
                "time": _iso(item.span.start + n * step),
                "value": _r(prices.value(item)),
            },
        )
        for item in prices.board.of_channel(channel)
        for n in range(item.span.duration // step)
    ]


def _all_rates(
    prices: Prices, channel: ChannelType
) -> list[tuple[datetime, datetime, Row]]:
    """Return the rows of half-hours, with their start and since when they are known."""
    return [
        (
            start,
            items[0].span.start,
            {
                "start": _iso(start),
                "end": _iso(start + STEP),
                "value": _mean(prices.value(item) for item in items),
            },
        )
        for start, items in _half_hours(prices, channel)
    ]


def _all_forecasts(prices: Prices, channel: ChannelType) -> list[tuple[datetime, Row]]:
    """Return the rows of half-hours that are known as a whole, with their start."""
    return [
        (start, _forecast(prices, start, items))
        for start, items in _half_hours(prices, channel)
        if items[0].span.start == start
    ]


def _forecast(prices: Prices, start: datetime, items: list[PriceRecord]) -> Row:
    shares = [item.renewables for item in items]
    row: Row = {
        "duration": STEP // timedelta(minutes=1),
        "date": items[0].span.day.isoformat(),
        "start_time": _iso(start),
        "end_time": _iso(start + STEP),
        "nem_date": _iso((start + STEP).astimezone(NEM)),
        "per_kwh": _mean(prices.value(item) for item in items),
        "market_per_kwh": _mean(item.price for item in items),
        "spot_per_kwh": _mean(item.spot for item in items),
        "renewables": _mean(shares, 1),
        "spike_status": _worst_spike(items),
        "descriptor": _descriptor(items),
    }
    if all(item.advanced is not None for item in items):
        row |= {
            f"advanced_price_{name}": _mean(
                getattr(item.advanced, name) for item in items
            )
            for name in ("low", "predicted", "high")
        }
    if len(items) == 1 and (spread := items[0].spot_range) is not None:
        row |= {"range_min": _r(spread.least), "range_max": _r(spread.most)}
    windows = {item.tariff.demand_window for item in items if item.tariff is not None}
    if windows - {None}:
        row["demand_window"] = True in windows
    return row


def _worst_spike(items: list[PriceRecord]) -> str | None:
    told = {item.spike for item in items}
    return next(
        (status.value for status in reversed(SpikeStatus) if status in told), None
    )


def _descriptor(items: list[PriceRecord]) -> str | None:
    """Return the word for the dearest part."""
    dearest = max(items, key=lambda item: item.price or 0.0)
    return None if dearest.descriptor is None else dearest.descriptor.name.lower()


def _half_hours(
    prices: Prices, channel: ChannelType
) -> Iterator[tuple[datetime, list[PriceRecord]]]:
    """Yield the half-hours that are known to their end, with their records.

    Of the first one, which runs, the past may be missing.
    """

    def begin(item: PriceRecord) -> datetime:
        return item.span.start - (item.span.start - _EPOCH) % STEP

    records = prices.board.of_channel(channel)
    for start, group in groupby(records, begin):
        items = list(group)
        known = sum((item.span.duration for item in items), timedelta())
        if known == start + STEP - items[0].span.start:
            yield start, items


def _mean(values: Iterable[float | None], digits: int = _DIGITS) -> float | None:
    """Return the mean of what lasts equally long, None if any part is unknown."""
    known: list[float] = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return round(sum(known) / len(known), digits)


def _r(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _iso(instant: datetime) -> str:
    return instant.isoformat()
