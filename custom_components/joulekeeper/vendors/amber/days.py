"""What was metered on a day of the market, put in order (dossier 1.7)."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from .models import NEM, Site, UsageRecord
from .words import ChannelType, UsageQuality

DAY: Final = timedelta(days=1)
_DECIMALS: Final = 6
_LATELY: Final = timedelta(days=31)

type Rows = tuple[UsageRecord, ...]
type _Register = tuple[ChannelType | None, str | None]


def start_of(day: date) -> datetime:
    """Return the first instant of a day of the market."""
    return datetime.combine(day, time.min, NEM)


async def by_day(records: Iterable[UsageRecord]) -> Mapping[date, Rows]:
    """Return the rows of each day; a week of 5 min takes its time, so in slices."""
    days: dict[date, list[UsageRecord]] = defaultdict(list)
    for item in records:
        days[item.span.day].append(item)
    ordered: dict[date, Rows] = {}
    for day, rows in sorted(days.items()):
        await asyncio.sleep(0)
        ordered[day] = in_order(day, rows)
    await asyncio.sleep(0)
    return ordered


def in_order(day: date, rows: Iterable[UsageRecord]) -> Rows:
    """Return the rows of a day by register and time.

    A row has to begin in its own day (dossier 1.5). What was told of a register before
    does not count again, in whatever length it comes; of what begins together, what is
    certain counts.
    """
    start, end = start_of(day), start_of(day + DAY)
    kept: list[UsageRecord] = []
    known_until: dict[_Register, datetime] = {}
    for item in sorted(rows, key=_order):
        span, register = item.span, (item.channel, item.identifier)
        if start <= span.start < end and span.start >= known_until.get(register, start):
            known_until[register] = span.end
            kept.append(item)
    return tuple(kept)


def _order(item: UsageRecord) -> tuple[str, str, datetime, bool, datetime]:
    span = item.span
    register = item.channel or "", item.identifier or ""
    return *register, span.start, not _is_certain(item), span.end


def _is_certain(item: UsageRecord) -> bool:
    """Tell whether nothing of a row is estimated or unknown."""
    known = item.kwh is not None and item.cost is not None
    return known and item.quality is UsageQuality.BILLABLE


def is_settled(day: date, rows: Rows, site: Site | None, now: datetime) -> bool:
    """Tell whether nothing of a day is estimated, unknown or missing.

    A register that the site has now may not have been there on a day long ago.
    """
    if not rows or not all(map(_is_certain, rows)):
        return False
    covered: dict[_Register, timedelta] = defaultdict(timedelta)
    for item in rows:
        covered[item.channel, item.identifier] += item.span.duration
    is_fresh = now - start_of(day) < _LATELY
    return site is None or all(
        _is_whole(channel, site, covered, is_fresh) for channel in site.channel_types
    )


def _is_whole(
    channel: ChannelType,
    site: Site,
    covered: Mapping[_Register, timedelta],
    is_fresh: bool,
) -> bool:
    """Tell whether the registers of a channel were told from midnight to midnight."""
    listed = {(item.type, item.identifier) for item in site.channels}
    own = {item for item in covered if item[0] is channel}
    wanted = {item for item in listed if item[0] is channel}
    if not own:
        return not is_fresh
    if not (known := own & wanted):
        return max(covered[item] for item in own) >= DAY
    return all(covered[item] >= DAY for item in known) and (
        known == wanted or not is_fresh
    )


def total(values: Iterable[float | None]) -> float | None:
    """Return the sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return round(sum(known), _DECIMALS) if known else None
