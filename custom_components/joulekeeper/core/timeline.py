"""Who owns each minute of a device: overlaps are cut before anything is sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import heapq
import itertools
from typing import NamedTuple

from .rules import Occurrence
from .schedule import Action, Limits, Source

type _Precedence = tuple[int, int, str, datetime, int]
"""What comes first owns; the number only keeps occurrences from being compared."""


class Span(NamedTuple):
    """A time that somebody else owns; the end is exclusive."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A time of which one rule is the only owner: what a cloud is asked to hold.

    `power_w` and `limits` are what will be sent, and so is `limit_soc`, the state of
    charge at which the device itself is to stop. `tag` tells apart what is sent for
    one rule, where a cloud wants each item to have a name of its own.
    """

    rule_id: str
    occurrence_id: str
    source: Source
    action: Action
    start: datetime
    end: datetime
    power_w: int | None = None
    limits: Limits | None = None
    target_soc: int | None = None
    limit_soc: int | None = None
    note: str = ""
    tag: str = ""

    @property
    def duration(self) -> timedelta:
        """Time from start to end."""
        return self.end - self.start

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether it shares any time with the span; both ends are exclusive."""
        return self.start < end and start < self.end

    def does_what(self, other: Segment) -> bool:
        """Whether both ask the device for the same, whenever.

        A limit that nobody asked for will do where none is known, for the owner's floor
        is not known at each moment.
        """
        said = (other.limit_soc, other.target_soc, self.target_soc)
        return self == replace(
            other,
            occurrence_id=self.occurrence_id,
            limit_soc=self.limit_soc if said == (None,) * 3 else other.limit_soc,
            start=self.start,
            end=self.end,
            target_soc=self.target_soc,
            tag=self.tag,
        )

    def shares_wish_with(self, other: Segment) -> bool:
        """Whether both are parts of one occurrence, which was not edited since."""
        return self.occurrence_id == other.occurrence_id and self.does_what(other)

    def at(self, start: datetime, end: datetime) -> Segment:
        """Return the same for another time."""
        return replace(self, start=start, end=end)


def segment_of(occurrence: Occurrence, start: datetime, end: datetime) -> Segment:
    """Return a part of an occurrence as a segment."""
    rule = occurrence.rule
    return Segment(
        rule_id=rule.id,
        occurrence_id=occurrence.id,
        source=rule.source,
        action=rule.action,
        start=start,
        end=end,
        power_w=rule.power_w,
        limits=rule.limits,
        target_soc=rule.target_soc,
        note=rule.note,
    )


def resolve(
    occurrences: Iterable[Occurrence], taken: Iterable[Span] = ()
) -> tuple[Segment, ...]:
    """Give each moment exactly one owner; return their segments, earliest first.

    The occurrence of the highest rank owns it, unless it is taken by somebody else
    altogether. What is interrupted goes on afterwards.
    """
    pieces: list[tuple[Occurrence, datetime, datetime]] = []
    for owner, start, end in _owned(sorted(occurrences, key=_start), taken):
        if pieces and pieces[-1][0] is owner and pieces[-1][2] == start:
            pieces[-1] = (owner, pieces[-1][1], end)
        else:
            pieces.append((owner, start, end))
    return tuple(segment_of(owner, start, end) for owner, start, end in pieces)


def _start(occurrence: Occurrence) -> datetime:
    return occurrence.start


def _owned(
    occurrences: list[Occurrence], taken: Iterable[Span]
) -> Iterator[tuple[Occurrence, datetime, datetime]]:
    """Yield who owns each stretch between two changes, in order."""
    spans = list(taken)
    edges = {edge for item in occurrences for edge in (item.start, item.end)}
    edges.update(edge for span in spans for edge in span)
    waiting = iter(occurrences)
    following = next(waiting, None)
    running: list[tuple[_Precedence, Occurrence]] = []
    number = itertools.count()
    free = _Free(spans)
    for start, end in itertools.pairwise(sorted(edges)):
        while following is not None and following.start <= start:
            rank, revision = following.rule.rank
            name = (following.rule.id, following.due)
            precedence = (-rank, -revision, *name, next(number))
            heapq.heappush(running, (precedence, following))
            following = next(waiting, None)
        while running and running[0][-1].end <= start:
            heapq.heappop(running)
        if running and free.at(start):
            yield running[0][-1], start, end


class _Free:
    """Tells for ever later instants whether they are taken."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = sorted(spans, reverse=True)
        self._taken_until: datetime | None = None

    def at(self, instant: datetime) -> bool:
        while self._spans and self._spans[-1].start <= instant:
            end = self._spans.pop().end
            self._taken_until = max(end, self._taken_until or end)
        return self._taken_until is None or self._taken_until <= instant


def rest_of(span: Span, others: Iterable[Span]) -> list[Span]:
    """Return what of a span none of the others covers, earliest first."""
    rest: list[Span] = []
    start = span.start
    for other in sorted(others):
        if start < (edge := min(other.start, span.end)):
            rest.append(Span(start, edge))
        start = max(start, other.end)
    if start < span.end:
        rest.append(Span(start, span.end))
    return rest


def covered(segment: Segment, given_up: Iterable[Segment], now: datetime) -> bool:
    """Tell whether it was tried already to send the segment, or just that part."""
    soon = now + timedelta(minutes=1)
    return any(
        item.start <= max(segment.start, soon)
        and segment.end <= item.end
        and item.does_what(segment)
        for item in given_up
    )
