"""NEM time: UTC+10 all year, in intervals of five minutes (1.5).

An interval is its number: whole five minutes since 1970. A slot is a run of them.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

NEM = timezone(timedelta(hours=10))
STEP_S = 300
DAY = 288
HALF_HOUR = 6
_OFFSET_S = 36_000


def index_at(time: datetime) -> int:
    """Return the interval that holds `time`."""
    return int(time.timestamp() // STEP_S)


def start_of(n: int) -> datetime:
    """Return the boundary at which an interval begins, UTC."""
    return datetime.fromtimestamp(n * STEP_S, UTC)


def nem_date(n: int) -> date:
    """Return the day that an interval belongs to."""
    return start_of(n).astimezone(NEM).date()


def day_start(day: date) -> int:
    """Return the first interval of a NEM day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=NEM)
    return index_at(midnight)


def hour_of(n: int) -> float:
    """Return the NEM hour 0 <= h < 24 at which an interval begins."""
    return (n * STEP_S + _OFFSET_S) % 86_400 / 3600


def utc_text(time: datetime) -> str:
    """Return a time as the vendor's `…Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Slot(NamedTuple):
    """Five or thirty minutes of one price: `steps` intervals from `first`."""

    first: int
    steps: int

    @property
    def end(self) -> int:
        """The first interval after it."""
        return self.first + self.steps

    @property
    def minutes(self) -> int:
        """Its length."""
        return self.steps * 5

    def intervals(self) -> Iterator[int]:
        """Return the numbers of its intervals."""
        return iter(range(self.first, self.end))


def slot_holding(n: int, minutes: int) -> Slot:
    """Return the slot of 5 or 30 minutes in which interval `n` lies."""
    count = minutes // 5
    return Slot(n // count * count, count)
