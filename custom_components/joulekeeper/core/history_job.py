"""How far the import of a device's past has come: which days are wanted, had, and late.

Days are wanted because the user asked for them, or because every day that ends is: then
they are followed. Nothing here fetches or waits. Instants are kept in UTC.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

DAY: Final = timedelta(days=1)
_NOONS: Final = (1, 1, 2, 3, 5, 8, 11)
"""How far apart the tries of a late day are, in noons: a month in all, for what is
estimated at first becomes certain within weeks."""
LATE_TRIES: Final = len(_NOONS)
_NOON: Final = 12
_APART: Final = timedelta(hours=6)
_FRESH: Final = timedelta(days=1)
"""What a cloud tells of a day that has only just ended, it may still correct."""
_LATELY: Final = timedelta(days=30)
_MOST_AT_ONCE: Final = 14
_LATER_DAYS_PER_DAY: Final = 30
FIRST_FOLLOWED: Final = timedelta(days=7)
"""How far back following begins."""
MOST_FOLLOWED: Final = timedelta(days=60)
"""What is caught up with at most after a time in which nothing was fetched."""
_NOT_FETCHED: Final = -1


@dataclass(slots=True)
class Late:
    """A day that is not all there: how often it was fetched again, and when it will be.

    One that is followed and was not fetched yet has -1 tries.
    """

    due: datetime
    tries: int = 0


@dataclass(slots=True)
class ImportJob:
    """The import of one device's past.

    `asked` are the days of the present request, `pending` those of them that are still
    to be fetched; `done` is every day that was ever booked. `zone` is the name of the
    zone of the device's calendar where the user gave one. Every day from the first of
    `followed` on is wanted without being asked for, and among the late ones up to the
    last of them, which is the running day.
    """

    asked: set[date] = field(default_factory=set)
    pending: set[date] = field(default_factory=set)
    done: set[date] = field(default_factory=set)
    late: dict[date, Late] = field(default_factory=dict)
    zone: str | None = None
    cancelled: bool = False
    followed: tuple[date, date] | None = None

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
        """Want no more days that were asked for; what is booked stays."""
        self.cancelled = True
        self.late = {
            day: item for day, item in self.late.items() if self._is_followed(day)
        }

    def follow(self, now: datetime, wait: timedelta, end: date | None = None) -> None:
        """Want each day that ends, `wait` after its end; `now` is the device's clock.

        The first time the last week is wanted too, later what was missed meanwhile, and
        none after the `end`.
        """
        today = now.date()
        if self.followed is not None and self.followed[1] > today + DAY:
            self._forget_the_future(now)
        begin, last = self.followed or (today - FIRST_FOLLOWED, None)
        first = begin if last is None else max(last + DAY, today - MOST_FOLLOWED)
        if end is not None:
            self.late = {day: item for day, item in self.late.items() if day <= end}
        for day in _days(first, today if end is None else min(today, end)):
            if day not in self.done:
                due = _end_of(day, now) + wait
                self.late.setdefault(day, Late(due.astimezone(UTC), _NOT_FETCHED))
        self.followed = begin, max(today, last or today)

    def _forget_the_future(self, now: datetime) -> None:
        """Go back to the last week: the clock was wrong, and now it is not."""
        assert self.followed is not None
        today, noon = now.date(), _later_noon(now, 1)
        week = today - FIRST_FOLLOWED
        self.followed = min(self.followed[0], week), week - DAY
        self.late = {
            day: Late(min(item.due, noon), item.tries)
            for day, item in self.late.items()
            if day < today
        }

    def _is_followed(self, day: date) -> bool:
        return self.followed is not None and day >= self.followed[0]

    def due(self, now: datetime, besides: Collection[date] = ()) -> list[date]:
        """Return the days to fetch in their order: those asked for, then late ones.

        Those `besides` are fetched already, and wait to be booked.
        """
        pending = sorted(self.pending.difference(besides)) if self.is_running else []
        late = (day for day, item in self.late.items() if item.due <= now)
        return pending + sorted(set(late).difference(besides, pending))

    @property
    def next_due(self) -> datetime | None:
        """When a late day is to be fetched again, None when there is none."""
        return min((item.due for item in self.late.values()), default=None)

    @property
    def at_once(self) -> int:
        """How many days are best booked together: all that come later are summed anew."""
        if not self.is_running:
            return 1
        first = min(self.pending)
        later = sum(day > first for day in self.done)
        return min(_MOST_AT_ONCE, 1 + later // _LATER_DAYS_PER_DAY)

    def took(self, day: date, now: datetime, *, blank: bool, settled: bool) -> None:
        """Note that a day was fetched, and booked unless it was blank.

        One that is not settled is tried again, and so is a blank one if the system was
        there before, or if it was lately; a settled one that is fresh is read once more.
        `now` is on the device's clock.
        """
        self.pending.discard(day)
        end = _end_of(day, now)
        not_before = now
        if blank:
            known_before = any(item < day for item in self.done)
            wanted = known_before or now - end < _LATELY
        else:
            self.done.add(day)
            wanted = not settled or now - end < _FRESH
            if settled:
                not_before = end + _FRESH
        self._keep_late(day, now, not_before, wanted=wanted)

    def gave_up(self, day: date, now: datetime) -> None:
        """Note that a day cannot be fetched now; it is tried again with the late ones.

        `now` is on the device's clock.
        """
        self.pending.discard(day)
        self._keep_late(day, now, now, wanted=True)

    def _keep_late(
        self, day: date, now: datetime, not_before: datetime, *, wanted: bool
    ) -> None:
        before = self.late.pop(day, None)
        tries = 0 if before is None else before.tries + 1
        if self.cancelled and not self._is_followed(day):
            return
        if wanted and tries < LATE_TRIES:
            due = _later_noon(now, _NOONS[tries])
            if due < not_before:
                due = _later_noon(now, _NOONS[tries] + 1)
            self.late[day] = Late(due, tries)

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
            "followed": self.followed and [day.isoformat() for day in self.followed],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ImportJob:
        """Return a job from its data; one of `records.SENSELESS` if they make none."""
        followed = data.get("followed")
        if followed is not None:
            since, until = map(date.fromisoformat, followed)
            followed = since, until
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
            followed=followed,
        )


def _end_of(day: date, now: datetime) -> datetime:
    """Return when a day of a clock ends."""
    return datetime.combine(day + DAY, time.min, now.tzinfo)


def _later_noon(now: datetime, noons: int) -> datetime:
    """Return about the next noon of a clock that is not near, or a later one.

    Around midnight clouds are blank; the minutes stay those of chance.
    """
    later = (now.astimezone(UTC) + _APART).astimezone(now.tzinfo)
    day = later.date() if later.hour < _NOON else later.date() + DAY
    wall = time(_NOON, now.minute, now.second)
    day += (noons - 1) * DAY
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
