"""The cloud's times: milliseconds since 1970, and starts of periods (dossier 2)."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from ..parsing import integer

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_NOON: Final = time(12)


class Period(StrEnum):
    """What a row of statistics is about; the value is part of an endpoint's name."""

    HOUR = "Hour"
    DAY = "Day"
    MONTH = "Month"
    YEAR = "Year"


def instant(value: Any) -> datetime | None:
    """Return the instant of a number of milliseconds, also as text.

    None for what no device can have lived to see, such as 0.
    """
    millis = integer(value)
    if millis is None or not _millis(_FIRST) <= millis < _millis(_LAST):
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=millis)


def millis(moment: datetime) -> int:
    """Return an aware instant as the cloud wants it."""
    return _millis(moment)


def _millis(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def asked_at(period: Period, day: date, zone: tzinfo) -> int:
    """Return the `collectTime` that asks for the rows around a day of the plant's zone.

    Hours of that day, days of its month, months of its year, all years up to its own.
    It is in the middle of what is asked for, whatever zone the cloud thinks in.
    """
    match period:
        case Period.HOUR:
            middle = day
        case Period.DAY:
            middle = day.replace(day=15)
        case Period.MONTH | Period.YEAR:
            middle = day.replace(month=7, day=1)
    return _millis(datetime.combine(middle, _NOON, zone))


def period_start(period: Period, collected: datetime, zone: tzinfo) -> datetime:
    """Return the start of a row's period in the plant's zone, aware.

    The documented times are the plant's midnights, but some cloud's are UTC's: both are
    taken as they are, and what is neither is rounded to the nearest start.
    """
    if period is Period.HOUR:
        # The nearest hour, as an instant: an hour comes twice in autumn.
        offset = collected.astimezone(zone).utcoffset() or timedelta()
        wall = collected.astimezone(UTC) + offset + timedelta(minutes=30)
        back = timedelta(
            minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond
        )
        return (wall - back - offset).astimezone(zone)
    return datetime.combine(_start_day(period, collected, zone), time(), zone)


def _start_day(period: Period, collected: datetime, zone: tzinfo) -> date:
    for clock in (zone, UTC):
        wall = collected.astimezone(clock)
        if wall.timetz().replace(tzinfo=None) == time():
            day = wall.date()
            if period is Period.DAY or day.day == 1:
                break
    else:
        day = (collected.astimezone(zone) + timedelta(hours=12)).date()
    match period:
        case Period.MONTH:
            return (day + timedelta(days=15)).replace(day=1)
        case Period.YEAR:
            return (day + timedelta(days=183)).replace(month=1, day=1)
    return day
