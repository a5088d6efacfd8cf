"""Who owns each minute: exactly one, the one with the highest rank."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.rules import Occurrence, Rule
from custom_components.joulekeeper.core.schedule import Action, Limits, Source
from custom_components.joulekeeper.core.timeline import (
    Segment,
    Span,
    resolve,
    rest_of,
    segment_of,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPAN = 90  # minutes in which everything lies


def rule(number: int = 1, source: Source = Source.SERVICE, **details: Any) -> Rule:
    """Return a rule whose revision is its number."""
    return Rule(
        **{
            "id": f"rule{number}",
            "action": Action.CHARGE,
            "start": NOON,
            "duration": 60 * MINUTE,
            "source": source,
            "revision": number,
        }
        | details
    )


def occurrence(of: Rule, start: int, end: int) -> Occurrence:
    """Return an occurrence between minutes counted from noon."""
    begin = NOON + start * MINUTE
    return Occurrence(of, begin, begin, NOON + end * MINUTE)


def span(start: int, end: int) -> Span:
    """Return a span between minutes counted from noon."""
    return Span(NOON + start * MINUTE, NOON + end * MINUTE)


def shown(segments: tuple[Segment, ...]) -> list[tuple[str, float, float]]:
    """Return what segments there are: rule, and minutes from noon."""
    return [
        (item.rule_id, (item.start - NOON) / MINUTE, (item.end - NOON) / MINUTE)
        for item in segments
    ]


def test_interrupted_and_resumed() -> None:
    """What has precedence cuts what has not, which goes on afterwards."""
    planned = occurrence(rule(1, Source.CALENDAR), 0, 60)
    forced = occurrence(rule(2, Source.MANUAL), 20, 30)
    assert shown(resolve([planned, forced])) == [
        ("rule1", 0, 20),
        ("rule2", 20, 30),
        ("rule1", 30, 60),
    ]
    assert shown(resolve([planned])) == [("rule1", 0, 60)]


def test_order_of_sources() -> None:
    """By hand, then by action, then by calendar; among equals the later edit."""
    order = [
        rule(1, Source.MANUAL),
        rule(2, Source.SERVICE),
        rule(4, Source.CALENDAR),
        rule(3, Source.CALENDAR),
        rule(9, Source.KEEPER),
    ]
    for high, low in pairwise(order):
        assert high.rank > low.rank
        overlapping = [occurrence(low, 0, 60), occurrence(high, 0, 60)]
        assert shown(resolve(overlapping)) == [(high.id, 0, 60)]


def test_nobody_gets_what_is_taken() -> None:
    """Not even an override."""
    forced = occurrence(rule(1, Source.MANUAL), 0, 60)
    taken = [span(50, 70), span(20, 40), span(25, 30), span(40, 45)]
    assert shown(resolve([forced], taken)) == [("rule1", 0, 20), ("rule1", 45, 50)]
    assert resolve([forced], [span(-5, 65)]) == ()
    assert resolve([], taken) == ()


def test_touching_is_not_overlapping() -> None:
    """Neighbours stay whole, also those of one rule."""
    neighbours = [occurrence(rule(1), 30, 60), occurrence(rule(1), 0, 30)]
    assert shown(resolve(neighbours, [span(60, 70)])) == [
        ("rule1", 0, 30),
        ("rule1", 30, 60),
    ]


def test_rest_of_a_span() -> None:
    """What none of the others covers, however they lie."""
    others = [span(50, 70), span(20, 40), span(25, 30), span(-10, 5)]
    assert rest_of(span(0, 60), others) == [span(5, 20), span(40, 50)]
    assert rest_of(span(0, 60), []) == [span(0, 60)]
    assert rest_of(span(0, 60), [span(60, 70), span(-5, 0)]) == [span(0, 60)]
    assert rest_of(span(0, 60), [span(0, 60)]) == []


minutes = st.integers(0, SPAN)


@st.composite
def sets_of_occurrences(draw: st.DrawFn) -> list[Occurrence]:
    """Draw rules, of which some have several occurrences, that may overlap."""
    found: dict[str, Occurrence] = {}
    for number in range(draw(st.integers(0, 5))):
        of = rule(number, draw(st.sampled_from(Source)))
        for _ in range(draw(st.integers(1, 3))):
            start = draw(st.integers(0, SPAN - 1))
            end = draw(st.integers(start + 1, SPAN))
            item = occurrence(of, start, end)
            found[item.id] = item
    return draw(st.permutations(list(found.values())))


spans = st.lists(
    st.tuples(minutes, minutes)
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: span(*pair)),
    max_size=3,
)


@given(sets_of_occurrences(), spans)
def test_each_minute_has_its_owner(
    occurrences: list[Occurrence], taken: list[Span]
) -> None:
    """The highest rank, nobody where it is taken or not asked for, never two."""
    segments = resolve(occurrences, taken)
    for number in range(-1, SPAN + 1):
        minute = NOON + number * MINUTE
        asked = [item for item in occurrences if item.start <= minute < item.end]
        owned = [item for item in segments if item.start <= minute < item.end]
        if not asked or any(item.start <= minute < item.end for item in taken):
            assert owned == []
            continue
        (owner,) = owned
        highest = max(item.rule.rank for item in asked)
        assert owner.occurrence_id in {
            item.id for item in asked if item.rule.rank == highest
        }


@given(sets_of_occurrences(), spans)
def test_segments_are_in_order_and_whole(
    occurrences: list[Occurrence], taken: list[Span]
) -> None:
    """Nothing overlaps, no part is cut in two; and what is resolved stays as it is."""
    by_id = {item.id: item for item in occurrences}
    segments = resolve(occurrences, taken)
    assert all(item.start < item.end for item in segments)
    for one, two in pairwise(segments):
        assert one.end <= two.start
        assert one.occurrence_id != two.occurrence_id or one.end < two.start
    parts = [
        replace(by_id[item.occurrence_id], start=item.start, end=item.end)
        for item in segments
    ]
    assert resolve(parts, taken) == segments
    assert resolve(reversed(occurrences), reversed(taken)) == segments


def test_segment_has_all_of_its_rule() -> None:
    """Whatever is sent is in the segment."""
    of = rule(
        action=Action.LIMIT,
        limits=Limits(max_export_w=0),
        power_w=100,
        target_soc=80,
        note="x",
    )
    item = occurrence(of, 0, 60)
    segment = segment_of(item, item.start, item.end)
    for name in ("action", "limits", "power_w", "target_soc", "note", "source"):
        assert getattr(segment, name) == getattr(of, name)
    assert (segment.rule_id, segment.occurrence_id) == (of.id, item.id)
    assert item.id == "rule1@20261120T120000Z"
    assert segment.duration == 60 * MINUTE
    assert segment.overlaps(NOON + 59 * MINUTE, NOON + 61 * MINUTE)
    assert not segment.overlaps(NOON + 60 * MINUTE, NOON + 61 * MINUTE)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"start": NOON - MINUTE, "end": NOON, "tag": "b"}, True),
        ({"occurrence_id": "other", "target_soc": 5}, True),
        ({"rule_id": "other"}, False),
        ({"action": Action.HOLD}, False),
        ({"power_w": 1}, False),
        ({"limits": Limits(max_export_w=0)}, False),
        ({"note": "other"}, False),
        ({"source": Source.MANUAL}, False),
    ],
)
def test_does_what(change: dict[str, Any], same: bool) -> None:
    """What the cloud would be told, but for the time."""
    item = occurrence(rule(), 0, 60)
    segment = segment_of(item, item.start, item.end)
    other = replace(segment, **change)
    assert segment.does_what(other) is other.does_what(segment) is same
    assert segment.at(other.start, other.end).start == other.start
