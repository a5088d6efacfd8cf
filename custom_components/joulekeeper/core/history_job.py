"""How far the import of a device's past has come: which days are wanted, had, and late.

Nothing here fetches or waits. Instants are kept in UTC.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

DAY: Final = timedelta(days=1)
LATE_TRIES: Final = 7
_NOON: Final = 12
_APART: Final = timedelta(hours=6)
_FRESH: Final = timedelta(days=1)
"""What a cloud tells of a day that has only just ended, it may still correct."""
_LATELY: Final = timedelta(days=30)
_MOST_AT_ONCE: Final = 14
_LATER_DAYS_PER_DAY: Final = 30


@dataclass(slots=True)
class Late:
    """A day that is not all there: how often it was fetched again, and when it will be."""

    due: datetime
    tries: int = 0


@dataclass(slots=True)
class ImportJob:
    """The import of one device's past.

    `asked` are the days of the present request, `pending` those of them that are still
    to be fetched; `done` is every day that was ever booked. `zone` is the name of the
    zone of the device's calendar where the user gave one.
    """

    asked: set[date] = field(default_factory=set)
    pending: set[date] = field(default_factory=set)
    done: set[date] = field(default_factory=set)
    late: dict[date, Late] = field(default_factory=dict)
    zone: str | None = None
    cancelled: bool = False

    @property
    def progress(self) -> int | None:
        """How much of the request is done, %; None if there never was one."""
        if not self.asked:
            return None
        return 100 * (len(self.asked) - len(self.pending)) // len(self.asked)

    @property
    def is_running(self) -> bool:
        """Whether days of a request are still to be fetched."""
        return bool(self.pending) and not self.cancelled

    def ask(self, first: date, last: date, *, again: bool = False) -> None:
        """Want some days; a request that is under way is extended.

        What was booked before is only wanted `again` if the user says so.
        """
        days = set(_days(first, last))
        if not self.is_running:
            self.asked, self.pending = set(), set()
        self.cancelled = False
        self.asked |= days
        self.pending |= days if again else days - self.done

    def cancel(self) -> None:
        """Want no more days; what is booked stays."""
        self.cancelled = True
        self.late.clear()

    def due(self, now: datetime, besides: Iterable[date] = ()) -> date | None:
        """Return the next day to fetch: the oldest first, then those that were late."""
        if self.cancelled:
            return None
        if pending := self.pending.difference(besides):
            return min(pending)
        late = (day for day, item in self.late.items() if item.due <= now)
        return min(late, default=None)

    @property
    def next_due(self) -> datetime | None:
        """When a late day is to be fetched again, None when there is none."""
        return min((item.due for item in self.late.values()), default=None)

    @property
    def at_once(self) -> int:
        """How many days are best booked together: all that come later are summed anew."""
        first = min(self.pending, default=None)
        if first is None:
            return 1
        later = sum(day > first for day in self.done)
        return min(_MOST_AT_ONCE, 1 + later // _LATER_DAYS_PER_DAY)

    def took(self, day: date, now: datetime, *, blank: bool, settled: bool) -> None:
        """Note that a day was fetched, and booked unless it was blank.

        One that is not settled is tried again, and so is a blank one if the system was
        there before, or if it was lately. `now` is on the device's clock.
        """
        self.pending.discard(day)
        ended = datetime.combine(day + DAY, time.min, now.tzinfo)
        known_before = blank and any(item < day for item in self.done)
        if not blank:
            self.done.add(day)
        if blank:
            wanted = known_before or now - ended < _LATELY
        else:
            wanted = not settled or now - ended < _FRESH
        self._keep_late(day, now, wanted=wanted)

    def gave_up(self, day: date, now: datetime) -> None:
        """Note that a day cannot be fetched now; it is tried again with the late ones.

        `now` is on the device's clock.
        """
        self.pending.discard(day)
        self._keep_late(day, now, wanted=True)

    def _keep_late(self, day: date, now: datetime, *, wanted: bool) -> None:
        before = self.late.pop(day, None)
        tries = 0 if before is None else before.tries + 1
        if wanted and tries < LATE_TRIES and not self.cancelled:
            self.late[day] = Late(_next_noon(now), tries)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "asked": _spans(self.asked),
            "pending": _spans(self.pending),
            "done": _spans(self.done),
            "late": {
                day.isoformat(): {"due": item.due.isoformat(), "tries": item.tries}
                for day, item in self.late.items()
            },
            "zone": self.zone,
            "cancelled": self.cancelled,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ImportJob:
        """Return a job from its data; one of `records.SENSELESS` if they make none."""
        return cls(
            asked=_of_spans(data["asked"]),
            pending=_of_spans(data["pending"]),
            done=_of_spans(data["done"]),
            late={
                date.fromisoformat(day): Late(
                    datetime.fromisoformat(item["due"]), int(item["tries"])
                )
                for day, item in data["late"].items()
            },
            zone=data["zone"],
            cancelled=bool(data["cancelled"]),
        )


def _next_noon(now: datetime) -> datetime:
    """Return when to look again: around the next noon of a clock that is not near.

    Around midnight clouds are blank; the minutes stay those of chance.
    """
    later = (now.astimezone(UTC) + _APART).astimezone(now.tzinfo)
    day = later.date() if later.hour < _NOON else later.date() + DAY
    wall = time(_NOON, now.minute, now.second)
    return datetime.combine(day, wall, now.tzinfo).astimezone(UTC)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + n * DAY for n in range((last - first).days + 1))


def _spans(days: Iterable[date]) -> list[list[str]]:
    """Return days as the first and last ones of what is without a gap."""
    spans: list[list[date]] = []
    for day in sorted(days):
        if spans and day - spans[-1][1] == DAY:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    return [[day.isoformat() for day in span] for span in spans]


def _of_spans(spans: Iterable[Iterable[str]]) -> set[date]:
    days: set[date] = set()
    for span in spans:
        first, last = map(date.fromisoformat, span)
        days.update(_days(first, last))
    return days
