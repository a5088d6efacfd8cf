"""Windows as the vendor writes them: `HH:mm` in the plant's wall time, for ever."""

from datetime import datetime
from functools import cache
import re

from .behaviour import Behaviour
from .errors import PARAMETER, ApiError

UNUSED = "00:00"
DAY_MIN = 24 * 60
GRID_MIN = 15
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
_MIDNIGHT = "24:00"

type Span = tuple[str, str]


def checked_time(value: object, behaviour: Behaviour) -> str:
    """Return a time of a write; "9:00" is refused, it lacks its zero (1.4)."""
    if isinstance(value, str) and (
        _TIME.match(value) or (value == _MIDNIGHT and behaviour.end_24_00 == "accepted")
    ):
        return value
    raise ApiError(PARAMETER)


@cache
def minutes(text: str) -> int:
    """Return minutes since midnight."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def is_used(span: Span) -> bool:
    """Whether it is a window at all: start and end the same is none (2.6)."""
    return span[0] != span[1]


@cache
def on_grid(span: Span, grid_min: int = GRID_MIN) -> bool:
    """Whether an inverter would execute it."""
    return all(minutes(text) % grid_min == 0 for text in span)


def check_grid(span: Span, behaviour: Behaviour, grid_min: int = GRID_MIN) -> None:
    """Refuse a window off the grid, where that is switched on."""
    if behaviour.off_grid != "ignored" and is_used(span):
        if not on_grid(span, grid_min):
            raise ApiError(behaviour.off_grid)


def parts(span: Span, behaviour: Behaviour) -> list[tuple[int, int, int]]:
    """Return (days after the start's, first minute, end minute) of a window.

    Two parts where it crosses midnight and that is executed.
    """
    begin, end = minutes(span[0]), minutes(span[1])
    if begin < end:
        return [(0, begin, end)]
    if begin == end or behaviour.midnight_windows == "ignored":
        return []
    return [(0, begin, DAY_MIN), (1, 0, end)]


def is_open(
    span: Span,
    local: datetime,
    behaviour: Behaviour,
    weekdays: frozenset[int] | None = None,
    grid_min: int = GRID_MIN,
) -> bool:
    """Whether an inverter is inside a window at its wall time `local`.

    `weekdays` are those of the start, 1 Monday to 7 Sunday; None: every day.
    """
    if not on_grid(span, grid_min):
        return False
    minute = local.hour * 60 + local.minute
    return any(
        first <= minute < end
        and (weekdays is None or (local.isoweekday() - 1 - later) % 7 + 1 in weekdays)
        for later, first, end in parts(span, behaviour)
    )


def overlap(
    one: tuple[Span, frozenset[int]],
    other: tuple[Span, frozenset[int]],
    behaviour: Behaviour,
) -> bool:
    """Whether two windows, each with its weekdays, ever meet."""

    def hours(window: tuple[Span, frozenset[int]]) -> list[tuple[int, int, int]]:
        span, days = window
        return [
            ((day - 1 + later) % 7, first, end)
            for later, first, end in parts(span, behaviour)
            for day in days
        ]

    return any(
        day == day_2 and first < end_2 and first_2 < end
        for day, first, end in hours(one)
        for day_2, first_2, end_2 in hours(other)
    )
