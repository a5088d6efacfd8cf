"""The words of a calendar's events, and what of them a user has written."""

from collections.abc import Iterable
from datetime import date, datetime
import re
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util

from .core.dispatch import Dispatch, State
from .core.recurrence import Recurrence, recurrence_id, wall_of_recurrence_id
from .core.schedule import DAY, wall_instant
from .reasons import reason_in_words

MAX_NOTE: Final = 100

_UNTIL: Final = re.compile(r"(?<=UNTIL=)\d{8}T\d{6}")
_DAILY_ON_DAYS: Final = re.compile(r"^FREQ=DAILY(?=(;WKST=..)?;BYDAY=)")
_MADE_BY: Final = "Made by Joulekeeper"
_NOTE: Final = "Note: "
_OURS: Final = re.compile(
    r"Made by Joulekeeper$|(Status|Reason|Approximated): |Ends (early )?at \d"
    r"|(Confirmed|Delivering since|First delivered|Interrupted) \d"
)
"""How our own lines of a description begin."""

_STATES: Final = {
    State.OVERRIDDEN: "overridden elsewhere",
    State.RESTORE_PENDING: "being taken back",
    State.RESTORE_FAILED: "cannot be taken back",
}


class LocalTime(NamedTuple):
    """An instant on Home Assistant's clock; `clock` is its hours and minutes."""

    time: datetime
    day: date
    clock: str

    def on(self, day: date) -> str:
        """Return it in words; with its date if that is not the day."""
        return self.clock if self.day == day else f"{self.day} {self.clock}"

    @property
    def is_midnight(self) -> bool:
        """Whether a day begins, which may be at one o'clock when clocks change."""
        local = self.time
        return local.hour <= 1 and dt_util.start_of_local_day(self.day) == local


class LocalTimes(dict[datetime, LocalTime]):
    """Instants by Home Assistant's clock, each converted once.

    A calendar tells the same ones again and again: when an event begins, another one
    is interrupted.
    """

    def __missing__(self, instant: datetime) -> LocalTime:
        """Convert one."""
        time = dt_util.as_local(instant)
        # A format of the whole takes four times as long.
        local = LocalTime(time, time.date(), f"{time.hour:02}:{time.minute:02}")
        self[instant] = local
        return local

    def window(self, start: datetime, end: datetime) -> tuple[date, date]:
        """Return start and end of an event; whole days as such."""
        first, last = self[start], self[end]
        if first.is_midnight and last.is_midnight:
            return first.day, last.day
        return first.time, last.time


def progress(part: Dispatch | None, day: date, local: LocalTimes) -> list[str]:
    """Return how far something has come, why, and what proves it."""
    if part is None:
        return [f"Status: {State.PLANNED}"]
    lines = [f"Status: {_STATES.get(part.state) or in_words(part.state)}"]
    if part.reason:
        lines.append(f"Reason: {reason_in_words(part.reason)}")
    if part.confirmed_at and part.confirm_latency is not None:
        took = f"{part.confirm_latency.total_seconds():.0f} s"
        lines.append(f"Confirmed {local[part.confirmed_at].on(day)} after {took}")
    if part.delivering_at:
        delivering = part.state is State.DELIVERING
        verb = "Delivering since" if delivering else "First delivered"
        lines.append(f"{verb} {local[part.delivering_at].on(day)}")
    return lines


def interrupted(begin: LocalTime, end: LocalTime, day: date, by: str = "") -> str:
    """Return from when to when something goes before an event of a day, and what."""
    line = f"Interrupted {begin.on(day)} to {end.on(begin.day)}"
    return f"{line} by {by}" if by else line


def in_words(key: str) -> str:
    """Return a key as words."""
    return key.replace("_", " ")


def as_text(lines: Iterable[str], note: str) -> str:
    """Return a description: our lines, then the note of the user."""
    return "\n".join([_MADE_BY, *lines, *([_NOTE + note] if note else [])])


def note_of(text: str) -> str:
    """Return what a user has written into a description, without our own lines."""
    lines = text.splitlines()
    if _MADE_BY in lines:
        notes = (i for i, line in enumerate(lines) if line.startswith(_NOTE))
        first = next(notes, len(lines))
        above = [line for line in lines[:first] if not _OURS.match(line)]
        lines = [*above, *(line.removeprefix(_NOTE) for line in lines[first:])]
    return " ".join(" ".join(lines).split())


def shown_rrule(series: Recurrence) -> str:
    """Return a repetition as it is shown: its end is an instant at which it takes place.

    Home Assistant's dialog takes any end for UTC and knows only its day, by the clock of
    Home Assistant.
    """

    def last(until: re.Match[str]) -> str:
        end = wall_of_recurrence_id(until[0])
        early = end.time() < series.first.time()
        day = end.date() - DAY if early else end.date()
        instant = wall_instant(day, series.first.time(), ZoneInfo(series.zone))
        return f"{recurrence_id(dt_util.as_utc(instant).replace(tzinfo=None))}Z"

    # The dialog drops the days of the week from what comes daily.
    rule = _DAILY_ON_DAYS.sub("FREQ=WEEKLY", series.rule)
    return _UNTIL.sub(last, rule)
