"""From the book of a device to the events of its calendar, in words and with proof."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Final, NamedTuple, override

from homeassistant.components.calendar import CalendarEvent
from homeassistant.components.calendar.const import CalendarEventStatus

from .calendar_words import (
    LocalTimes,
    as_text,
    in_words,
    interrupted,
    progress,
    shown_rrule,
)
from .control import DeviceControl
from .core.capabilities import Support
from .core.dispatch import FINAL, RESTORING, Dispatch, State
from .core.recurrence import recurrence_id
from .core.rules import Occurrence, Rule
from .core.schedule import DAY, ScheduleItem
from .plan_data import description, rule_summary, segment_summary, summary

_AHEAD: Final = 7 * DAY
"""How far the next event is looked for."""
_INSTANT: Final = timedelta(seconds=1)
_NO_ID: Final = "foreign"
"""Names what the cloud gives no handle for."""

_PROVED: Final = frozenset({State.CONFIRMED, State.ACTIVE, State.DELIVERING})
_TAKEN_BACK: Final = frozenset({State.CANCELLED, State.SUPERSEDED})
_GIVEN_UP: Final = frozenset({State.MISSED, State.REJECTED})


class Event(CalendarEvent):
    """An event that is right by the way it is made.

    To have each of them checked, as those of a stranger, takes longer than all the rest.
    """

    def __post_init__(self) -> None:
        """Check nothing."""

    @property
    @override
    def start_datetime_local(self) -> datetime:
        """The start on the local clock, of one place in time.

        Times of one zone are compared by their clocks alone. In the hour that comes
        twice, Home Assistant would wait for what is past, at once and again and again.
        """
        return _placed(super().start_datetime_local)

    @property
    @override
    def end_datetime_local(self) -> datetime:
        """The end on the local clock, of one place in time."""
        return _placed(super().end_datetime_local)


def _placed(local: datetime) -> datetime:
    """Return the same time with its offset instead of its zone."""
    offset = local.utcoffset()
    return local if offset is None else local.replace(tzinfo=timezone(offset))


class _RuleWords(NamedTuple):
    """What is the same for all occurrences of a rule."""

    summary: str
    rrule: str | None
    approximated: str | None


class _Claim(NamedTuple):
    """Who wants a time; the highest rank gets it.

    The `id` is that of the occurrence; nothing else has one.
    """

    start: datetime
    end: datetime
    rank: tuple[int, int]
    what: What
    id: str = ""

    @property
    def is_edited(self) -> bool:
        """Whether its rule was changed after it had begun."""
        return isinstance(self.what, Occurrence) and self.start < self.what.start


type Left = tuple[Dispatch, ...]
"""What was sent for one occurrence that is over, or being taken back."""
type What = Occurrence | ScheduleItem | Left

_MOST_CUTS: Final = 3
"""So many are told of one event."""

_ABOVE: Final = (99, 0)
"""The rank of what others have planned: we go around it."""
_BELOW: Final = (-1, 0)
"""That of windows which recur in the cloud, and of what is being taken back."""


class Diary:
    """What the calendar of a device shows at one moment."""

    def __init__(self, control: DeviceControl, now: datetime) -> None:
        """Look into the book of the device."""
        self._ledger = control.ledger
        self._capabilities = control.capabilities
        self._now = now
        self._sent: defaultdict[str, list[Dispatch]] = defaultdict(list)
        for part in sorted(self._ledger.dispatches.values(), key=_start):
            self._sent[part.segment.occurrence_id].append(part)
        self._others = self._ledger.others(control.listed)
        self._words: dict[str, _RuleWords] = {}
        self._local = LocalTimes()

    def events(self, start: datetime, end: datetime) -> list[CalendarEvent]:
        """Return everything that shares time with a span, earliest first."""
        # What goes before an event may begin, or end, where the span no longer is.
        around = (start - DAY, end + DAY)
        planned = {claim.id: claim for claim in self._planned_in(*around)}
        others = [
            _claim_of_item(item)
            for item in self._others.between(*around)
            # Nobody knows since when a window comes again.
            if item.end > self._now or not item.recurring
        ]
        shown = [*planned.values(), *self._left(planned), *others]
        shown = [item for item in shown if item.start < end and start < item.end]
        edited = {item.start for item in planned.values() if item.is_edited}
        cuts = self._cuts([*planned.values(), *others])
        return [
            self._event(claim, cuts)
            for claim in sorted(shown, key=_begin)
            if not _is_part_of(claim, edited)
        ]

    def ruling(self) -> CalendarEvent | None:
        """Return the event that rules now, else the next one of the coming week."""
        now = self._now
        claims = list(self._soonest())
        claims += self._left({claim.id for claim in claims}, RESTORING)
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
        span = (max(chosen.start, now), chosen.end)
        around = [*map(_claim_of, self._ledger.occurrences(*span))]
        around += map(_claim_of_item, self._others.between(*span))
        return self._event(chosen, self._cuts(around))

    # -- who wants what --------------------------------------------------------

    def _planned_in(self, start: datetime, end: datetime) -> Iterator[_Claim]:
        """Yield what is wanted in a span and is not over yet, and what is wanted now."""
        spans = []
        if self._now < end:
            spans.append((max(start, self._now), end))
        if not start <= self._now < end:
            spans.append((self._now, self._now + _INSTANT))
        for span in spans:
            yield from map(_claim_of, self._ledger.occurrences(*span))

    def _soonest(self) -> Iterator[_Claim]:
        """Yield the first occurrence of each rule that was not given up."""
        until = self._now + _AHEAD
        for rule in self._ledger.rules.values():
            for occurrence in self._ledger.occurrences_of(rule, self._now, until):
                claim = _claim_of(occurrence)
                if not self._is_given_up(claim):
                    yield claim
                    break

    def _left(
        self, current: Collection[str], states: Collection[State] = FINAL | RESTORING
    ) -> Iterator[_Claim]:
        """Yield what was sent for occurrences that are not current."""
        for occurrence_id, parts in self._sent.items():
            if occurrence_id in current:
                continue
            found = [i for i in parts if i.state in states and self._is_left(i)]
            for left in _alike(found):
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
        if (parts := self._sent.get(occurrence_id)) is None:
            return None
        live = [part for part in parts if part.live]
        active = [part for part in live if part.active_at(self._now)]
        given_up = [part for part in reversed(parts) if part.state in _GIVEN_UP]
        return next(iter(active or live or given_up), None)

    def _is_given_up(self, claim: _Claim) -> bool:
        """Tell whether nothing of an occurrence that is wanted will be."""
        part = self._telling(claim.id) if claim.id else None
        return part is not None and part.state in _GIVEN_UP

    def _cuts(self, claims: Iterable[_Claim]) -> Mapping[str, list[_Claim]]:
        """Return, by occurrence, whatever of the claims goes before it from now on.

        What was given up does not.
        """
        cuts: defaultdict[str, list[_Claim]] = defaultdict(list)
        begun: list[_Claim] = []
        coming = sorted(
            (claim for claim in claims if claim.end > self._now), key=_begin
        )
        given_up = {claim.id for claim in coming if self._is_given_up(claim)}
        for claim in coming:
            begun = [other for other in begun if other.end > claim.start]
            for other in begun:
                if claim.rank == other.rank:
                    continue
                low, high = (
                    (claim, other) if claim.rank < other.rank else (other, claim)
                )
                if low.id and high.id not in given_up:
                    cuts[low.id].append(high)
            begun.append(claim)
        return cuts

    # -- in words --------------------------------------------------------------

    def _event(self, claim: _Claim, cuts: Mapping[str, list[_Claim]]) -> CalendarEvent:
        match claim.what:
            case Occurrence() as occurrence:
                return self._planned(claim, occurrence, cuts.get(claim.id, ()))
            case ScheduleItem() as item:
                return Event(
                    *self._local.window(claim.start, claim.end),
                    summary=summary(item),
                    description=description(item),
                    uid=item.id or _NO_ID,
                    status=CalendarEventStatus.CONFIRMED,
                )
            case parts:
                return self._past(claim, parts)

    def _planned(
        self,
        claim: _Claim,
        occurrence: Occurrence,
        cuts: Sequence[_Claim],
    ) -> CalendarEvent:
        rule, part = occurrence.rule, self._telling(claim.id)
        words = self._words_of(rule)
        state = part.state if part else State.PLANNED
        day = self._local[claim.start].day
        lines = progress(part, day, self._local)
        for other in cuts[:_MOST_CUTS]:
            begin = self._local[max(claim.start, other.start)]
            end = self._local[min(claim.end, other.end)]
            lines.append(interrupted(begin, end, day, self._name(other.what)))
        if len(cuts) > _MOST_CUTS:
            lines.append(f"Interrupted {len(cuts) - _MOST_CUTS} more times")
        if rule.target_soc is not None:
            lines.append(f"Ends early at {rule.target_soc} %")
        if rule.lease_end == occurrence.end:
            clock = self._local[claim.end].on(day)
            lines.append(f"Ends at {clock} unless renewed")
        if words.approximated is not None:
            lines.append(words.approximated)
        return Event(
            *self._local.window(claim.start, claim.end),
            summary=words.summary,
            description=as_text(lines, rule.note),
            uid=rule.id,
            recurrence_id=recurrence_id(occurrence.wall) if occurrence.wall else None,
            rrule=words.rrule,
            status=_proof(proved=state in _PROVED),
        )

    def _past(self, claim: _Claim, parts: Left) -> CalendarEvent:
        """Return what has been as an event that nobody takes for one to come."""
        told = [part for part in parts if part.state is not State.SUPERSEDED] or parts
        last = max(told, key=_end)
        day = self._local[claim.start].day
        lines = progress(last, day, self._local)
        lines += (
            interrupted(self._local[before.end], self._local[_start(after)], day)
            for before, after in pairwise(parts)
            if before.end < _start(after)
        )
        return Event(
            *self._local.window(claim.start, claim.end),
            summary=segment_summary(last.segment),
            description=as_text(lines, last.segment.note),
            uid=last.segment.occurrence_id,
            status=_proof(proved=last.confirmed_at is not None),
        )

    def _words_of(self, rule: Rule) -> _RuleWords:
        """Return what is the same for all occurrences of a rule."""
        words = self._words.get(rule.id)
        if words is None:
            how = self._capabilities.support(rule.action)
            approximated = None
            if how.support is Support.APPROXIMATE:
                approximated = f"Approximated: {in_words(how.reason or '')}"
            words = self._words[rule.id] = _RuleWords(
                summary=rule_summary(rule),
                rrule=shown_rrule(rule.recurrence) if rule.recurrence else None,
                approximated=approximated,
            )
        return words

    def _name(self, what: What) -> str:
        match what:
            case Occurrence():
                return self._words_of(what.rule).summary
            case ScheduleItem():
                return summary(what)
            case parts:
                return segment_summary(parts[0].segment)


# -- inside ------------------------------------------------------------------------


def _start(part: Dispatch) -> datetime:
    return part.segment.start


def _end(part: Dispatch) -> datetime:
    """Return the end to show: what never ran has that of its plan."""
    return part.segment.end if part.state in _GIVEN_UP else part.end


def _alike(parts: Iterable[Dispatch]) -> Iterator[Left]:
    """Yield what did the same one after the other: it was edited in between."""
    run: list[Dispatch] = []
    for part in parts:
        if run and not run[-1].segment.does_what(part.segment):
            yield tuple(run)
            run = []
        run.append(part)
    if run:
        yield tuple(run)


def _begin(claim: _Claim) -> datetime:
    return claim.start


def _claim_of(occurrence: Occurrence) -> _Claim:
    """Return an occurrence with all of its time, even if it was edited meanwhile."""
    return _Claim(
        occurrence.due,
        occurrence.end,
        occurrence.rule.rank,
        occurrence,
        occurrence.id,
    )


def _claim_of_item(item: ScheduleItem) -> _Claim:
    return _Claim(item.start, item.end, _BELOW if item.recurring else _ABOVE, item)


def _is_part_of(claim: _Claim, edited: Collection[datetime]) -> bool:
    """Tell whether it is how an occurrence began that was then edited with its series.

    `edited` is when such occurrences were due.
    """
    return (
        claim.start in edited
        and isinstance(claim.what, tuple)
        and all(part.state in _TAKEN_BACK for part in claim.what)
    )


def _proof(*, proved: bool) -> CalendarEventStatus:
    return CalendarEventStatus.CONFIRMED if proved else CalendarEventStatus.TENTATIVE
