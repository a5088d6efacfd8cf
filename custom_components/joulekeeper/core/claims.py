"""What of its time each occurrence gets: not what was refused, nor what was given up."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from .capabilities import Capabilities
from .changes import Compiled, Refusal
from .check import START_GRACE, Problem, Verdict, fit
from .dispatch import FITS_AGAIN, Dispatch, State
from .rules import Occurrence
from .schedule import MINUTE
from .timeline import Segment, Span, resolve, rest_of, segment_of

MIN_REMAINING: Final = timedelta(minutes=3)
"""What was interrupted, or is late, is not taken up for less than this."""
TOO_SHORT: Final = "too_short"
"""The reason of what is not sent as less than that was left."""
SETTLED_WITHIN: Final = timedelta(seconds=30)
"""A start so long ago needs no new one, where the cloud takes starts of the past."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An occurrence, with when it takes part in who owns what, and when it does not.

    What it is `denied` goes to what lies below.
    """

    occurrence: Occurrence
    verdict: Verdict
    denied: tuple[Span, ...]

    def pieces(self) -> list[Occurrence]:
        """Return the occurrence without what it is denied."""
        if not self.denied:
            return [self.occurrence]
        whole = Span(self.occurrence.start, self.occurrence.end)
        return [
            replace(self.occurrence, start=start, end=end)
            for start, end in rest_of(whole, self.denied)
        ]

    def refused(self, owned: Iterable[Segment], taken: Iterable[Span]) -> list[Segment]:
        """Return what it would own, if its rule did fit the device.

        `owned` are the segments that go before it.
        """
        occurrence = self.occurrence
        if not self.verdict.problems:
            return []
        others = [*taken]
        others += (
            Span(item.start, item.end)
            for item in owned
            if item.overlaps(occurrence.start, occurrence.end)
        )
        return [
            segment_of(occurrence, start, end)
            for span in self.denied
            for start, end in rest_of(span, others)
        ]


def claims_of(
    occurrences: Iterable[Occurrence],
    dispatches: Collection[Dispatch],
    able: Capabilities,
    now: datetime,
) -> list[Claim]:
    """Return what each of the occurrences may have, by what has come of it so far."""
    parts: defaultdict[str, list[Dispatch]] = defaultdict(list)
    for item in dispatches:
        parts[item.segment.occurrence_id].append(item)
    verdicts: dict[str, Verdict] = {}

    def given_up(item: Dispatch) -> bool:
        if not item.misfit:
            return leaves_time(item)
        too_late = startable(item.segment, dispatches, able, now)[1]
        return too_late is not None and item.reason != TOO_SHORT

    claims: list[Claim] = []
    for occurrence in occurrences:
        rule = occurrence.rule
        if (verdict := verdicts.get(rule.id)) is None:
            verdict = verdicts[rule.id] = fit(rule, able)
        if able.coarse:
            start, end = able.widened(occurrence.start, occurrence.end)
            occurrence = replace(occurrence, start=start, end=end)
        denied: tuple[Span, ...] = ()
        sent, fits = parts.get(occurrence.id, ()), not verdict.problems
        over = [i for i in sent if fits and i.segment.end > now and given_up(i)]
        if over or not fits:
            whole = segment_of(occurrence, occurrence.start, occurrence.end)
            asked = _effective(whole, verdict, able)
            live = [item for item in sent if item.may_be_held]
            denied = _denied(asked, over, live, now, fits=fits)
        claims.append(Claim(occurrence, verdict, denied))
    return claims


def _denied(
    asked: Segment,
    over: Iterable[Dispatch],
    live: Iterable[Dispatch],
    now: datetime,
    *,
    fits: bool,
) -> tuple[Span, ...]:
    """Return what of its time an occurrence does not get.

    What does not fit the device has nothing but what the cloud holds of it already: that
    was within the limits when it was sent. What was given up is not tried again.
    """
    lost = [Span(asked.start, asked.end)]
    if fits:
        lost = [_span(i, asked, now) for i in over if i.segment.does_what(asked)]
        live = [item for item in live if item.segment.does_what(asked)]
    held = [_span(item, asked, now) for item in live]
    return tuple(rest for span in lost for rest in rest_of(span, held))


def share_out(
    claims: Collection[Claim],
    taken: Collection[Span],
    able: Capabilities,
    now: datetime,
) -> Compiled:
    """Give each moment from now on one owner, but for what is taken by others."""
    by_id = {claim.occurrence.id: claim for claim in claims}
    owned = resolve((piece for claim in claims for piece in claim.pieces()), taken)
    asked = list(owned)
    for claim in claims:
        rank = claim.occurrence.rule.rank
        asked += claim.refused(
            (i for i in owned if by_id[i.occurrence_id].occurrence.rule.rank >= rank),
            taken,
        )
    segments: list[Segment] = []
    refused: list[Refusal] = []
    for segment in sorted(asked, key=lambda item: item.start):
        claim = by_id[segment.occurrence_id]
        start, rule = claim.occurrence.start, claim.occurrence.rule
        horizon = able.horizon(now, recurring=rule.recurrence is not None)
        # What goes on after an interruption is told when it does.
        begin = segment.start if able.one_at_a_time else start
        if segment.end <= now or (horizon is not None and begin >= horizon):
            continue
        segment = _effective(segment, claim.verdict, able)
        if claim.verdict.problems:
            refused.append(Refusal(segment, claim.verdict.problems[0]))
        elif segment.duration < (
            able.min_duration if segment.start == start else MIN_REMAINING
        ):
            refused.append(Refusal(segment, Problem("too_short")))
        else:
            segments.append(segment)
    return Compiled(tuple(segments), tuple(refused))


def leaves_time(item: Dispatch) -> bool:
    """Tell whether others may have the time of something that was given up.

    Minutes that are too few to be sent are so for others, too.
    """
    given_up = item.state in (State.MISSED, State.REJECTED) and not item.misfit
    return given_up and item.segment.end - item.end >= MIN_REMAINING


def taken_back(
    given_up: Mapping[str, Iterable[Dispatch]],
    told: Mapping[Segment, str],
    now: datetime,
) -> Iterator[Dispatch]:
    """Yield the refusals in whose place something else is told now, or sent.

    `given_up` is by occurrence; `told` gives the reason.
    """
    for segment, reason in told.items():
        for item in given_up.get(segment.occurrence_id, ()):
            if item.misfit and item.segment.overlaps(segment.start, segment.end):
                yield item.finished(State.SUPERSEDED, now, reason)


def startable(
    segment: Segment,
    dispatches: Iterable[Dispatch],
    able: Capabilities,
    now: datetime,
    *,
    again: bool = False,
) -> tuple[Segment, str | None]:
    """Return a segment as it can be sent now, or why it is too late for it.

    `dispatches` are all that there were. What is sent `again` was in time before.
    """
    earliest = able.earliest_start(now)
    settled = not able.lead_time and now - segment.start <= SETTLED_WITHIN
    if segment.start >= earliest or settled:
        return segment, None
    grace = START_GRACE + (able.granularity if able.coarse else timedelta())
    if not again and now - _free_since(segment, dispatches, now) > grace:
        return segment, "late"
    shortened = segment.at(earliest, segment.end)
    hardly_late = now - segment.start <= SETTLED_WITHIN
    if shortened.duration < MIN_REMAINING and not hardly_late:
        return segment, TOO_SHORT
    return shortened, None


def _free_since(
    segment: Segment, dispatches: Iterable[Dispatch], now: datetime
) -> datetime:
    """Return since when a segment could run: since its start, but for others.

    What ran already, or was kept from its start by what had precedence, may go on; so
    may what did not fit until now.
    """
    since = segment.start
    for item in dispatches:
        if item.segment.occurrence_id == segment.occurrence_id:
            if item.confirmed_at is not None:
                return now
            if item.segment.overlaps(segment.start, segment.end):
                if item.misfit:
                    return now
                if item.reason == FITS_AGAIN:
                    since = max(since, item.end)
        elif item.segment.start <= now and (
            item.confirmed_at is not None
            or (item.state is State.REJECTED and not item.misfit)
        ):
            since = max(since, min(item.end, now))
    return since


def _effective(segment: Segment, verdict: Verdict, able: Capabilities) -> Segment:
    """Return a segment as it will be sent."""
    return replace(
        segment,
        power_w=verdict.effective.power_w,
        limits=verdict.effective.limits,
        limit_soc=able.stops_at(segment.action, segment.target_soc),
        note=segment.note if able.takes_notes else "",
    )


def _span(item: Dispatch, whole: Segment, now: datetime) -> Span:
    """Return what was sent for; what begins by now stands for all that was before."""
    begun = item.segment.start <= now + MINUTE
    return Span(whole.start if begun else item.segment.start, item.segment.end)
