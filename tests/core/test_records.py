"""What is kept in a file: everything comes back, of other versions what is known."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.dispatch import Dispatch, State
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.core.records import (
    SENSELESS,
    Unread,
    decode,
    decode_parts,
    encode,
)
from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Inexact, Rule
from custom_components.joulekeeper.core.schedule import Action, Limits, Source
from custom_components.joulekeeper.core.timeline import Segment
from custom_components.joulekeeper.core.wishes import Closing

texts = st.text(max_size=5)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
    lambda wall: wall.replace(tzinfo=UTC)
)
walls = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))
spans = st.timedeltas(timedelta(), timedelta(days=30))
watts = st.none() | st.integers(0, 10000)
limits = st.none() | st.builds(Limits, max_import_w=watts, max_generation_va=watts)
recurrences = st.builds(
    Recurrence,
    first=walls,
    length=spans,
    zone=texts,
    rule=texts,
    exdates=st.frozensets(walls, max_size=3),
)
rules = st.builds(
    Rule,
    id=texts,
    action=st.sampled_from(Action),
    start=instants,
    duration=spans,
    recurrence=st.none() | recurrences,
    power_w=watts,
    target_soc=watts,
    limits=limits,
    source=st.sampled_from(Source),
    note=texts,
    inexact=st.sampled_from(Inexact),
    revision=st.integers(0, 99),
    valid_from=st.none() | instants,
    lease_end=st.none() | instants,
)
segments = st.builds(
    Segment,
    rule_id=texts,
    occurrence_id=texts,
    source=st.sampled_from(Source),
    action=st.sampled_from(Action),
    start=instants,
    end=instants,
    power_w=watts,
    limits=limits,
    target_soc=watts,
    note=texts,
    tag=texts,
)
dispatches = st.builds(
    Dispatch,
    segment=segments,
    state=st.sampled_from(State),
    reason=st.none() | texts,
    vendor_id=st.none() | texts,
    attempts=st.integers(0, 9),
    sent_at=st.none() | instants,
    ended_at=st.none() | instants,
    mismatches=st.integers(0, 9),
    outcome=st.none() | st.sampled_from(State),
)
closings = st.builds(
    Closing, at=instants, until=instants, state=st.sampled_from(State), reason=texts
)
ledgers = st.builds(
    Ledger,
    rules=st.dictionaries(texts, rules, max_size=2),
    dispatches=st.dictionaries(texts, dispatches, max_size=2),
    closings=st.dictionaries(texts, closings, max_size=2),
    deleted=st.dictionaries(texts, instants, max_size=2),
    revision=st.integers(0, 99),
)


def through_a_file(value: object) -> Any:
    """Return plain data after it was written and read."""
    return json.loads(json.dumps(encode(value)))


@given(ledgers)
def test_ledger_comes_back(ledger: Ledger) -> None:
    """All of it is just what it was, to the microsecond."""
    again = decode(Ledger, through_a_file(ledger))
    assert again == ledger
    assert through_a_file(again) == through_a_file(ledger)


@given(ledgers, st.text(min_size=1, max_size=5))
def test_other_versions(ledger: Ledger, name: str) -> None:
    """What is unknown is passed over, at any depth."""
    data = through_a_file(ledger)

    def with_more(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: with_more(item) for key, item in value.items()}

    more = {f"new {name}": {"a": [1, None]}}
    data = with_more(data) | more
    for part in ("rules", "dispatches", "closings"):
        data[part] = {key: value | more for key, value in data[part].items()}
    for dispatch in data["dispatches"].values():
        dispatch["segment"] |= more
    assert decode(Ledger, data) == ledger


def test_what_is_missing_gets_its_default() -> None:
    """Also in the parts; a file may be of a version that knew less."""
    assert decode(Ledger, {}) == Ledger()
    start = "2026-11-20T12:00:00+00:00"
    rule = {"id": "a", "action": "charge", "start": start, "duration": 90}
    assert decode(Rule, rule) == Rule(
        id="a",
        action=Action.CHARGE,
        start=datetime(2026, 11, 20, 12, tzinfo=UTC),
        duration=timedelta(seconds=90),
    )


def test_small_file() -> None:
    """What is None is left out, and sets are in order."""
    wanted = Recurrence(
        first=datetime(2026, 11, 20, 7),
        length=timedelta(hours=1),
        zone="UTC",
        rule="FREQ=DAILY",
        exdates=frozenset({datetime(2026, 11, 22), datetime(2026, 11, 21)}),
    )
    assert encode(wanted) == {
        "first": "2026-11-20T07:00:00",
        "length": 3600.0,
        "zone": "UTC",
        "rule": "FREQ=DAILY",
        "exdates": ["2026-11-21T00:00:00", "2026-11-22T00:00:00"],
    }
    assert encode(Limits(max_export_w=0)) == {"max_export_w": 0}


@dataclass
class Shelf:
    """Something that has a list, as the log of a journal."""

    limits: list[Limits] = field(default_factory=list)
    label: str = ""


def test_lists() -> None:
    """A list of dataclasses comes back as such."""
    shelf = Shelf([Limits(max_export_w=0), Limits()], "x")
    assert decode(Shelf, through_a_file(shelf)) == shelf


broken = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "start", "segment", "at", "action", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["rules", "dispatches", "closings", "deleted", "revision"]),
        broken,
        min_size=1,
    )
)
def test_broken_file(data: dict[str, Any]) -> None:
    """What makes no sense raises just what the reader of the file expects."""
    try:
        ledger = decode(Ledger, data)
    except SENSELESS:
        return
    assert isinstance(ledger.rules, dict)


@pytest.mark.parametrize(
    "change",
    [
        {"action": "dance"},
        {"start": "yesterday"},
        {"start": 5},
        {"duration": "an hour"},
        {"duration": 1e300},
        {"power_w": "much"},
        {"power_w": True},
        {"note": 5},
        {"limits": 5},
        {"recurrence": "FREQ=DAILY"},
    ],
)
def test_broken_rule(change: dict[str, Any]) -> None:
    """Each of them alone."""
    start = "2026-11-20T12:00:00+00:00"
    rule = {"id": "a", "action": "charge", "start": start, "duration": 90}
    with pytest.raises(SENSELESS):
        decode(Rule, rule | change)


def test_number_that_is_not_whole() -> None:
    """It is no reason to lose a schedule."""
    assert decode(Limits, {"max_export_w": 5.0}).max_export_w == 5


def test_parts() -> None:
    """Each field, and each item of a dict, is read or kept by itself."""
    start = "2026-11-20T12:00:00+00:00"
    good = {"id": "a", "action": "charge", "start": start, "duration": 90}
    ledger, unread = decode_parts(
        Ledger,
        {
            "rules": {"a": good, "b": good | {"action": "dance"}},
            "deleted": {"x": start, "y": None},
            "closings": 5,
            "revision": "many",
            "new": 1,
        },
    )
    assert ledger == Ledger(
        rules={"a": decode(Rule, good)}, deleted={"x": datetime.fromisoformat(start)}
    )
    assert set(map(repr, unread)) == {
        repr(Unread("rules", "b", good | {"action": "dance"})),
        repr(Unread("deleted", "y", None)),
        repr(Unread("closings", "", 5)),
        repr(Unread("revision", "", "many")),
    }
    assert decode_parts(Ledger, [1]) == (Ledger(), (Unread("", "", [1]),))


@given(ledgers)
def test_parts_of_what_is_sound(ledger: Ledger) -> None:
    """It is the same as to read it at once."""
    assert decode_parts(Ledger, through_a_file(ledger)) == (ledger, ())


@given(broken | st.dictionaries(st.sampled_from(["rules", "revision"]), broken))
def test_parts_never_raise(data: Any) -> None:
    """Whatever it is, a ledger comes of it."""
    ledger, _ = decode_parts(Ledger, data)
    assert isinstance(ledger.rules, dict)
