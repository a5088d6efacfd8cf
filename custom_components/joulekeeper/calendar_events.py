"""From the book of a device to the events of its calendar, in words and with proof."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
import re
from typing import Final, NamedTuple

from homeassistant.components.calendar import CalendarEvent
from homeassistant.components.calendar.const import CalendarEventStatus
from homeassistant.util import dt as dt_util

from .control import DeviceControl
from .core.check import fit
from .core.dispatch import FINAL, RESTORING, Dispatch, State
from .core.recurrence import Recurrence, recurrence_id, wall_of_recurrence_id
from .core.rules import Occurrence
from .core.schedule import DAY, ScheduleItem
from .plan_data import description, rule_summary, segment_summary, summary

MAX_NOTE: Final = 100
_AHEAD: Final = 7 * DAY
"""How far the next event is looked for."""
_INSTANT: Final = timedelta(seconds=1)
_NO_ID: Final = "foreign"
"""Names what the cloud gives no handle for."""

_UNTIL: Final = re.compile(r"(?<=UNTIL=)\d{8}T\d{6}")
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
REASONS: Final = {
    "budget": "too many changes within an hour, it waits",
    "cannot_connect": "the cloud cannot be reached",
    "changed_elsewhere": "it was changed elsewhere",
    "credentials_refused": "the cloud refuses the credentials",
    "deleted": "it was deleted",
    "deleted_elsewhere": "it was deleted elsewhere",
    "empty": "the battery is empty",
    "forced_again": "another action was forced",
    "full": "the battery is full",
    "late": "it could not be sent in time",
    "limit": "a limit of the inverter is reached",
    "mode_differs": "the inverter is in another mode",
    "never_confirmed": "the cloud has not listed it",
    "no_answer": "the cloud did not answer",
    "offline": "the inverter is offline",
    "power_differs": "the measured power differs",
    "rate_limited": "the cloud takes no more changes for a while",
    "refused": "the cloud refused it",
    "replaced": "something else took its place",
    "sent_again": "it was sent again",
    "stale": "no fresh measurement",
    "stopped": "it was stopped",
    "target_reached": "the target is reached",
    "too_short": "too little of its time was left",
}
_PROVED: Final = frozenset({State.CONFIRMED, State.ACTIVE, State.DELIVERING})
_TAKEN_BACK: Final = frozenset({State.CANCELLED, State.SUPERSEDED})
_GIVEN_UP: Final = frozenset({State.MISSED, State.REJECTED})


class _Claim(NamedTuple):
    """Who wants a time; the highest rank gets it."""

    start: datetime
    end: datetime
    rank: tuple[int, int]
    what: What


type Left = tuple[Dispatch, ...]
"""What was sent for one occurrence that is over, or being taken back."""
type What = Occurrence | ScheduleItem | Left

_ABOVE: Final = (99, 0)
"""The rank of what others have planned: we go around it."""
_BELOW: Final = (-1, 0)
"""That of windows which recur in the cloud, and of what is being taken back."""


class Diary:
    """What the calendar of a device shows at this moment."""

    def __init__(self, control: DeviceControl) -> None:
        """Look into the book of the device."""
        self._ledger = control.ledger
        self._capabilities = control.capabilities
        self._now = dt_util.utcnow()
        self._sent: defaultdict[str, list[Dispatch]] = defaultdict(list)
        for part in sorted(self._ledger.dispatches.values(), key=_start):
            self._sent[part.segment.occurrence_id].append(part)
        self._others = self._ledger.others(control.listed)

    def events(self, start: datetime, end: datetime) -> list[CalendarEvent]:
        """Return everything that shares time with a span, earliest first."""
        current = {
            occurrence.id: occurrence
            for span in ((start, end), (self._now, self._now + _INSTANT))
            for occurrence in self._ledger.occurrences(*span)
            if occurrence.end > self._now
        }
        claims = [*map(self._claim, current.values()), *self._left(current)]
        claims = [item for item in claims if not _is_part_of(item, current.values())]
        claims += map(_claim_of_item, self._others.between(start, end))
        claims = [item for item in claims if item.start < end and start < item.end]
        interruptions = self._interruptions(claims)
        return [
            self._event(claim, interruptions)
            for claim in sorted(claims, key=lambda claim: claim.start)
        ]

    def ruling(self) -> CalendarEvent | None:
        """Return the event that rules now, else the next one of the coming week."""
        now = self._now
        claims = list(self._soonest())
        current = [item.what.id for item in claims if isinstance(item.what, Occurrence)]
        claims += self._left(current, RESTORING)
        following = self._others.active_or_next(now)
        items = (*self._others.between(now, now + _INSTANT), following)
        claims += (_claim_of_item(item) for item in items if item is not None)
        claims = [claim for claim in claims if claim.end > now]
        if not claims:
            return None
        chosen = max(
            (claim for claim in claims if claim.start <= now),
            key=lambda claim: (claim.rank, claim.start),
            default=None,
        ) or min(claims, key=lambda claim: claim.start)
        return self._event(chosen, self._interruptions([chosen]))

    # -- who wants what --------------------------------------------------------

    def _claim(self, occurrence: Occurrence) -> _Claim:
        """Return an occurrence with all of its time, even if it was edited meanwhile."""
        return _Claim(occurrence.due, occurrence.end, occurrence.rule.rank, occurrence)

    def _soonest(self) -> Iterator[_Claim]:
        """Yield the first occurrence of each rule that was not given up."""
        until = self._now + _AHEAD
        for rule in self._ledger.rules.values():
            for occurrence in self._ledger.occurrences_of(rule, self._now, until):
                part = self._telling(occurrence.id)
                if part is None or part.state not in _GIVEN_UP:
                    yield self._claim(occurrence)
                    break

    def _left(
        self, current: Collection[str], states: Collection[State] = FINAL | RESTORING
    ) -> Iterator[_Claim]:
        """Yield what was sent for occurrences that are not current."""
        for occurrence_id, parts in self._sent.items():
            if occurrence_id in current:
                continue
            left = tuple(
                part for part in parts if part.state in states and self._is_left(part)
            )
            if left:
                yield _Claim(_start(left[0]), max(map(_end, left)), _BELOW, left)

    def _is_left(self, part: Dispatch) -> bool:
        """Tell whether it is worth an event: not when it was over before it began."""
        if part.state in _GIVEN_UP:
            return _start(part) <= self._now
        return part.state in RESTORING or _start(part) < part.end

    def _telling(self, occurrence_id: str) -> Dispatch | None:
        """Return what tells how a current occurrence is doing.

        That is what is active, else what comes next, else what was given up.
        """
        parts = self._sent.get(occurrence_id, [])
        live = [part for part in parts if part.live]
        active = [part for part in live if part.active_at(self._now)]
        given_up = [part for part in reversed(parts) if part.state in _GIVEN_UP]
        return next(iter(active or live or given_up), None)

    def _interruptions(self, claims: Collection[_Claim]) -> Mapping[str, list[str]]:
        """Return, by occurrence, a line for whatever goes before it from now on."""
        lines: defaultdict[str, list[str]] = defaultdict(list)
        planned = [item for item in claims if isinstance(item.what, Occurrence)]
        if not planned:
            return lines
        first = max(self._now, min(claim.start for claim in planned))
        last = max(claim.end for claim in planned)
        around = [*map(self._claim, self._ledger.occurrences(first, last))]
        around += map(_claim_of_item, self._others.between(first, last))
        begun: list[_Claim] = []
        for claim in sorted(around, key=lambda claim: claim.start):
            begun = [other for other in begun if other.end > claim.start]
            for other in begun:
                low, high = sorted((claim, other), key=lambda item: item.rank)
                end = min(claim.end, other.end)
                loses = low.rank < high.rank and end > self._now
                if (
                    loses
                    and isinstance(low.what, Occurrence)
                    and not isinstance(high.what, tuple)
                ):
                    lines[low.what.id].append(
                        _interrupted(claim.start, end, low.start, _words(high.what))
                    )
            begun.append(claim)
        return lines

    # -- in words --------------------------------------------------------------

    def _event(
        self, claim: _Claim, interruptions: Mapping[str, list[str]]
    ) -> CalendarEvent:
        match claim.what:
            case Occurrence() as occurrence:
                return self._planned(claim, occurrence, interruptions)
            case ScheduleItem() as item:
                return CalendarEvent(
                    *_window(claim),
                    summary=summary(item),
                    description=description(item),
                    uid=item.id or _NO_ID,
                    status=CalendarEventStatus.CONFIRMED,
                )
            case parts:
                return _past(claim, parts)

    def _planned(
        self,
        claim: _Claim,
        occurrence: Occurrence,
        interruptions: Mapping[str, list[str]],
    ) -> CalendarEvent:
        rule, part = occurrence.rule, self._telling(occurrence.id)
        state = part.state if part else State.PLANNED
        lines = [*_progress(part, claim), *interruptions.get(occurrence.id, ())]
        if rule.target_soc is not None:
            lines.append(f"Ends early at {rule.target_soc} %")
        if rule.lease_end == occurrence.end:
            lines.append(f"Ends at {_clock(claim.end, claim.start)} unless renewed")
        lines += (
            f"Approximated: {_in_words(item.effective)}"
            for item in fit(rule, self._capabilities).adjustments
            if item.code == "approximate"
        )
        return CalendarEvent(
            *_window(claim),
            summary=rule_summary(rule),
            description=_text(lines, rule.note),
            uid=rule.id,
            recurrence_id=recurrence_id(occurrence.wall) if occurrence.wall else None,
            rrule=shown_rrule(rule.recurrence) if rule.recurrence else None,
            status=_proof(proved=state in _PROVED),
        )


def note_of(text: str) -> str:
    """Return what a user has written into a description, without our own lines."""
    lines = text.splitlines()
    if _MADE_BY in lines:
        notes = (i for i, line in enumerate(lines) if line.startswith(_NOTE))
        first = next(notes, len(lines))
        above = [line for line in lines[:first] if not _OURS.match(line)]
        lines = [*above, *(line.removeprefix(_NOTE) for line in lines[first:])]
    return " ".join(" ".join(lines).split())[:MAX_NOTE]


def shown_rrule(series: Recurrence) -> str:
    """Return a repetition as it is shown: its end is a time at which it takes place.

    The user's dialog knows only the day of the end.
    """

    def last(until: re.Match[str]) -> str:
        end = wall_of_recurrence_id(until[0])
        early = end.time() < series.first.time()
        day = end.date() - DAY if early else end.date()
        return recurrence_id(datetime.combine(day, series.first.time()))

    return _UNTIL.sub(last, series.rule)


# -- inside ------------------------------------------------------------------------


def _start(part: Dispatch) -> datetime:
    return part.segment.start


def _end(part: Dispatch) -> datetime:
    """Return the end to show: what never ran has that of its plan."""
    return part.segment.end if part.state in _GIVEN_UP else part.end


def _claim_of_item(item: ScheduleItem) -> _Claim:
    return _Claim(item.start, item.end, _BELOW if item.recurring else _ABOVE, item)


def _is_part_of(claim: _Claim, current: Iterable[Occurrence]) -> bool:
    """Tell whether it is how an occurrence began that was then edited with its series."""
    if not isinstance(claim.what, tuple):
        return False
    return all(part.state in _TAKEN_BACK for part in claim.what) and any(
        claim.start == occurrence.due < occurrence.start for occurrence in current
    )


def _past(claim: _Claim, parts: Left) -> CalendarEvent:
    """Return what has been as an event that nobody takes for one to come."""
    told = [part for part in parts if part.state is not State.SUPERSEDED] or parts
    last = max(told, key=_end)
    lines = _progress(last, claim)
    lines += (
        _interrupted(before.end, _start(after), claim.start)
        for before, after in pairwise(parts)
        if before.end < _start(after)
    )
    return CalendarEvent(
        *_window(claim),
        summary=segment_summary(last.segment),
        description=_text(lines, last.segment.note),
        uid=last.segment.occurrence_id,
        status=_proof(proved=last.confirmed_at is not None),
    )


def _window(claim: _Claim) -> tuple[date, date]:
    """Return start and end; whole days, by Home Assistant's clock, as such."""
    start, end = dt_util.as_local(claim.start), dt_util.as_local(claim.end)
    midnights = (dt_util.start_of_local_day(moment.date()) for moment in (start, end))
    if [*map(dt_util.as_utc, midnights)] == [claim.start, claim.end]:
        return start.date(), end.date()
    return start, end


def _proof(*, proved: bool) -> CalendarEventStatus:
    return CalendarEventStatus.CONFIRMED if proved else CalendarEventStatus.TENTATIVE


def _progress(part: Dispatch | None, claim: _Claim) -> list[str]:
    """Return how far something has come, why, and what proves it."""
    if part is None:
        return [f"Status: {State.PLANNED}"]
    lines = [f"Status: {_STATES.get(part.state) or _in_words(part.state)}"]
    if part.reason:
        lines.append(f"Reason: {REASONS.get(part.reason) or _in_words(part.reason)}")
    if part.confirmed_at and part.confirm_latency is not None:
        took = f"{part.confirm_latency.total_seconds():.0f} s"
        lines.append(f"Confirmed {_clock(part.confirmed_at, claim.start)} after {took}")
    if part.delivering_at:
        delivering = part.state is State.DELIVERING
        verb = "Delivering since" if delivering else "First delivered"
        lines.append(f"{verb} {_clock(part.delivering_at, claim.start)}")
    return lines


def _interrupted(start: datetime, end: datetime, day: datetime, by: str = "") -> str:
    line = f"Interrupted {_clock(start, day)} to {_clock(end, start)}"
    return f"{line} by {by}" if by else line


def _words(what: Occurrence | ScheduleItem) -> str:
    return rule_summary(what.rule) if isinstance(what, Occurrence) else summary(what)


def _clock(moment: datetime, other: datetime) -> str:
    """Return a local time; with its date if that is not the date of the other."""
    moment, other = dt_util.as_local(moment), dt_util.as_local(other)
    same_day = moment.date() == other.date()
    return f"{moment:%H:%M}" if same_day else f"{moment:%Y-%m-%d %H:%M}"


def _in_words(key: str) -> str:
    return key.replace("_", " ")


def _text(lines: Iterable[str], note: str) -> str:
    return "\n".join([_MADE_BY, *lines, *([_NOTE + note] if note else [])])
