"""How long after its mark a record is shown, learned from the newest one in a history.

A plant tells its values at full five minutes, and the cloud shows them some time later;
an answer with present values has no time (dossier 2.5), the rows of a history have.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ..parsing import integer, mapping, number, timestamp

PERIOD: Final = timedelta(minutes=5)
USUAL_DELAY: Final = timedelta(seconds=90)
"""From the mark to the cloud, while nothing is known."""
LOOK_GAP: Final = timedelta(seconds=65)
"""Between two looks, for a history is told once a minute."""
LOOK_EVERY: Final = timedelta(hours=3)
"""Once the delay is known."""
_SETTLE_EVERY: Final = timedelta(minutes=45)
"""While it is only known to be late enough."""

_PERIOD_S: Final = PERIOD.total_seconds()
_SILENT_S: Final = 4 * _PERIOD_S
"""A newest record that is older tells nothing of the cloud: the plant is silent."""
_FINE_S: Final = 3.0
"""The search ends where this is left of it."""
_FIRST_SLACK_S: Final = 1.0
_BEFORE_EDGE_S: Final = 1.0
"""So much before the edge it is looked whether it is still right."""
_NEAR_S: Final = 0.5
_JUMP_S: Final = 30.0
"""Delays that differ by more are no jitter."""
_UP_S: Final = 2.5
_DOWN_S: Final = 1.0
_IN_TIME: Final = 3
"""Looks in a row after which the edge comes nearer."""
_ABOVE_MISSED_S: Final = 1.5
_REMEMBERED: Final = timedelta(days=2)
"""A delay at which a record was missing lately is not tried again."""
_DEEP_S: Final = 30.0
_DEEP_EVERY: Final = 8
"""Of so many looks one is so much before the edge: the cloud may be faster by now."""
_MOST_MISSES: Final = 4
"""In a row, after which it is searched anew."""


def mark_before(moment: datetime) -> datetime:
    """Return the last full five minutes."""
    seconds = int(moment.timestamp() // _PERIOD_S * _PERIOD_S)
    return datetime.fromtimestamp(seconds, UTC)


class Phase:
    """The delay after which nearly every record is there, from looks at the newest.

    A look proves that one record was there at some delay, and the next one not yet. It
    is searched by halving what is left; delays differ from record to record, so from
    then on the edge is followed: a record that is missing just before it moves it away
    at once, several that are there move it nearer (each of them until one is missing),
    but not to where one was missing lately. All times are the cloud's.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._low_s: float | None = None
        """Too early for some record, while it is searched."""
        self._high_s: float | None = None
        """Late enough for some record."""
        self._edge_s: float | None = None
        self._in_time = self._misses = 0
        self._looks = 0
        self._missed: dict[datetime, float] = {}
        """Delays at which a record was missing, and when that was."""
        self._settled = False
        """Whether a record was missing at the edge since it was found."""
        self.next_look: datetime | None = None
        """When the next look pays; None for at once."""

    @property
    def delay(self) -> timedelta:
        """The time from a mark to the moment at which its record is there."""
        for known in (self._edge_s, self._high_s):
            if known is not None:
                return timedelta(seconds=known)
        return USUAL_DELAY

    @property
    def known(self) -> bool:
        """Whether it is known to some seconds."""
        return self._edge_s is not None

    def learn(self, newest: datetime, now: datetime) -> None:
        """Take in that the newest record at an instant was that of a mark."""
        age = (now - newest).total_seconds()
        if not -_PERIOD_S < age < _SILENT_S:
            self.next_look = now + LOOK_EVERY
            return
        if self._edge_s is None:
            self._search(age - _PERIOD_S, age)
        else:
            self._follow(self._edge_s, age - _PERIOD_S, age, now)
        self._plan(now)

    def postpone(self, now: datetime, wait: timedelta) -> None:
        """Take in that there is nothing to be seen for some time."""
        self.next_look = now + wait

    def _search(self, missing_s: float, there_s: float) -> None:
        if self._low_s is None or self._high_s is None:
            low, high = missing_s, there_s
        elif missing_s >= self._high_s or there_s <= self._low_s:
            apart = max(missing_s - self._high_s, self._low_s - there_s)
            if apart < _JUMP_S:
                # Some records come sooner, some later.
                self._found(max(missing_s, self._high_s) + _FIRST_SLACK_S)
                return
            low, high = missing_s, there_s
        else:
            low, high = max(self._low_s, missing_s), min(self._high_s, there_s)
        self._low_s, self._high_s = low, high
        if high - low <= _FINE_S:
            self._found(high + _FIRST_SLACK_S)

    def _found(self, edge_s: float) -> None:
        self._edge_s = edge_s
        self._low_s = self._high_s = None
        self._settled = False
        self._in_time = self._misses = self._looks = 0

    def _follow(
        self, edge_s: float, missing_s: float, there_s: float, now: datetime
    ) -> None:
        self._missed = {
            at: delay
            for at, delay in self._missed.items()
            if timedelta() <= now - at < _REMEMBERED
        }
        if missing_s >= edge_s - _BEFORE_EDGE_S - _NEAR_S:
            self._misses += 1
            self._settled = True
            self._missed[now] = missing_s
            self._in_time = 0
            if self._misses >= _MOST_MISSES:
                # What was known does not hold any more.
                self._search_in(missing_s, there_s)
                return
            self._low_s = missing_s
            up = _UP_S * 2.0 ** (self._misses - 1)
            self._edge_s = max(edge_s, missing_s + up)
        elif there_s <= edge_s - _DEEP_S + _NEAR_S:
            self._search_in(there_s - _PERIOD_S, there_s)
        elif there_s <= edge_s + _NEAR_S:
            low = self._low_s
            if self._misses > 1 and low is not None and there_s - low > _FINE_S:
                # It is somewhere in between.
                self._search_in(low, there_s)
                return
            self._misses = 0
            self._in_time += 1
            if not self._settled or self._in_time % _IN_TIME == 0:
                floor_s = max(self._missed.values(), default=-_PERIOD_S)
                nearer_s = max(edge_s - _DOWN_S, floor_s + _ABOVE_MISSED_S)
                self._edge_s = min(edge_s, nearer_s)

    def _search_in(self, low_s: float, high_s: float) -> None:
        self._edge_s, self._misses = None, 0
        self._low_s, self._high_s = low_s, high_s
        self._missed = {}

    def _plan(self, now: datetime) -> None:
        """Set when to look again: where it tells most."""
        wait = timedelta()
        if self._edge_s is None:
            low, high = self._low_s or 0.0, self._high_s or 0.0
            after = (low + high) / 2
        elif self._misses:
            after = self._edge_s
        else:
            self._looks += 1
            deep = self._looks % _DEEP_EVERY == 0
            after = self._edge_s - (_DEEP_S if deep else _BEFORE_EDGE_S)
            wait = LOOK_EVERY if self._settled else _SETTLE_EVERY
        earliest = now + max(LOOK_GAP, wait)
        delay = timedelta(seconds=after)
        moment = mark_before(earliest - delay) + delay
        while moment < earliest:
            moment += PERIOD
        self.next_look = moment

    # -- over restarts -----------------------------------------------------------

    def as_data(self) -> dict[str, Any]:
        """Return what has to be known after a restart."""
        return {
            "low": self._low_s,
            "high": self._high_s,
            "edge": self._edge_s,
            "in_time": self._in_time,
            "misses": self._misses,
            "looks": self._looks,
            "missed": {at.isoformat(): delay for at, delay in self._missed.items()},
            "settled": self._settled,
            "next_look": self.next_look and self.next_look.isoformat(),
        }

    def restore(self, data: Any, now: datetime) -> None:
        """Take what was known before a restart; nothing of what makes no sense."""
        saved: Mapping[str, Any] = mapping(data)
        self._edge_s = _seconds(saved.get("edge"))
        low, high = _seconds(saved.get("low")), _seconds(saved.get("high"))
        if low is not None and (self._edge_s is not None or low < (high or low)):
            self._low_s, self._high_s = low, None if self._edge_s else high
        self._in_time = max(0, integer(saved.get("in_time")) or 0)
        self._misses = min(max(0, integer(saved.get("misses")) or 0), _MOST_MISSES)
        self._settled = saved.get("settled") is True
        self._looks = max(0, integer(saved.get("looks")) or 0)
        for key, value in mapping(saved.get("missed")).items():
            at, delay = timestamp(key), _seconds(value)
            if at is not None and delay is not None:
                self._missed[at] = delay
        planned = timestamp(saved.get("next_look"))
        if planned is not None and planned - now <= timedelta(days=1):
            self.next_look = planned


def _seconds(value: Any) -> float | None:
    told = number(value)
    return told if told is not None and -_PERIOD_S < told < _SILENT_S else None
