"""When counters of the day began, for clouds that only tell how far they have come.

A counter begins anew at the plant's midnight, or when its inverter wakes up, or when
the cloud gets to know of it: what it tells until then is still yesterday's. So a new
day begins with the first reading in which a counter has fallen; after a long gap, in
which that may have gone unseen, with the date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final, Self

from ..parsing import calendar_date, mapping, number, timestamp
from .state import State

_PART: Final = "days"
_LONGEST: Final = timedelta(days=10)
_LONGEST_DAY: Final = timedelta(days=1)
_LONG_GAP: Final = timedelta(hours=2, minutes=30)

type Counters = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class _Day:
    """The day that counters are of, and what they had come to at an instant."""

    day: date
    at: datetime
    counters: Counters

    @classmethod
    def parse(cls, data: Any) -> Self | None:
        known = mapping(data)
        day, at = calendar_date(known.get("day")), timestamp(known.get("at"))
        told = known.get("counters")
        if day is None or at is None or not isinstance(told, list):
            return None
        return cls(day, at, tuple(number(item) for item in told))

    def as_data(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "at": self.at.isoformat(),
            "counters": list(self.counters),
        }

    def followed_by(self, day: date, at: datetime, counters: Counters) -> _Day:
        """Return the day after a later reading of the counters."""
        pairs = list(zip(self.counters, counters, strict=False))
        fell = any(
            before is not None and now is not None and now < before
            for before, now in pairs
        )
        # What stood still at nothing cannot fall.
        blank = not any(before for before, _ in pairs)
        unseen = not timedelta() <= at - self.at <= _LONG_GAP
        begun = fell or blank or unseen or day - self.day > _LONGEST_DAY
        kept = tuple(before if now is None else now for before, now in pairs)
        return _Day(day if begun else self.day, at, counters if begun else kept)


class DayStarts:
    """Remembers over restarts of which day the counters of an account's things are."""

    def __init__(self, state: State, account: str, zone: tzinfo) -> None:
        """Know nothing until the state is loaded; `zone` is the plants'."""
        self._account = account
        self._zone = zone
        self._days: dict[str, _Day] = {}
        state.bind(_PART, self._as_data, self._restore)

    def begins(
        self, name: str, at: datetime, counters: Sequence[float | None]
    ) -> datetime:
        """Return the midnight at which the day of some counters began, aware.

        `at` is the time of the reading; readings of one name come in order.
        """
        day, told = at.astimezone(self._zone).date(), tuple(counters)
        before = self._days.get(name)
        if before is None or len(before.counters) != len(told):
            before = _Day(day, at, told)
        known = self._days[name] = before.followed_by(day, at, told)
        return datetime.combine(known.day, time(), self._zone)

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        for name, item in mapping(saved.get("days")).items():
            if (day := _Day.parse(item)) is not None:
                self._days[name] = day

    def _as_data(self) -> dict[str, Any]:
        newest = max((item.day for item in self._days.values()), default=date.min)
        return {
            "account": self._account,
            "days": {
                name: item.as_data()
                for name, item in self._days.items()
                if newest - item.day <= _LONGEST
            },
        }
