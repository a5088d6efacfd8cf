"""Plans on loan: what is ours is in them for a while, and then nothing of it is left."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.schedule import Action, Source
from custom_components.joulekeeper.core.timeline import Segment
from custom_components.joulekeeper.vendors.anker import (
    day,
    profile as profiles,
    profile_edits,
)
from custom_components.joulekeeper.vendors.anker.day import parse, wall_spans
from custom_components.joulekeeper.vendors.anker.lending import compose, owner_of
from custom_components.joulekeeper.vendors.anker.marks import Mark, marks_of, name_of
from custom_components.joulekeeper.vendors.anker.plan import SitePlan
from custom_components.joulekeeper.vendors.anker.rate_plan import Plan
from custom_components.joulekeeper.vendors.anker.week import day_of

from .plans import (
    BERLIN,
    LEFT,
    RIGHT,
    SYSTEM_A,
    SYSTEM_B,
    SYSTEM_C,
    profile,
    rate_plan,
    slot,
    span,
    week_item,
)

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)  # a Friday, noon in Berlin
HOUR = timedelta(hours=1)
A = profile(*SYSTEM_A)
B = profile(*SYSTEM_B, serials=(LEFT, RIGHT))
C = rate_plan(*SYSTEM_C)
SB3 = rate_plan(
    week_item(0, list(range(7)), span("00:00", "24:00", 200, charging_type=0)),
    product="A17C5",
)
AC = rate_plan(*SYSTEM_C, mode=1, product="A17C2")


def segment(
    start: datetime = NOW,
    hours: float = 1,
    action: Action = Action.DISCHARGE,
    tag: str = "a",
    power_w: int | None = 500,
) -> Segment:
    """Return a segment that starts at an instant."""
    powered = action in (Action.CHARGE, Action.DISCHARGE)
    return Segment(
        rule_id=tag,
        occurrence_id=tag,
        source=Source.SERVICE,
        action=action,
        start=start,
        end=start + hours * HOUR,
        power_w=power_w if powered else None,
        tag=tag,
    )


def slots(plan: SitePlan) -> list[tuple[str, str, int, bool]]:
    """Return the slots as they are written, in short."""
    assert plan.profile is not None
    return [
        (
            it["start_time"],
            it["end_time"],
            it["appliance_loads"][0]["power"],
            it["turn_on"],
        )
        for it in plan.profile.dump()["ranges"]
    ]


def items(plan: SitePlan) -> list[tuple[list[int], list[tuple[str, str, int]]]]:
    """Return the manual week as it is written, in short."""
    assert plan.rate_plan is not None
    return [
        (
            it["week"],
            [(s["start_time"], s["end_time"], s["power"]) for s in it["ranges"]],
        )
        for it in plan.rate_plan.weeks_data()["custom_rate_plan"]
    ]


def stored(plan: SitePlan) -> SitePlan:
    """Return a plan after it was written, and read again."""
    if plan.profile is not None:
        raw = json.loads(json.dumps(plan.profile.dump()))
        raw = {**plan.profile.raw, **raw}
    else:
        assert plan.rate_plan is not None
        raw = json.loads(json.dumps(plan.rate_plan.dump()))
    return SitePlan.parse(raw, plan.banks, plan.zone, meter=plan.meter)


# -- the day profile ---------------------------------------------------------------


def test_a_slot_is_cut() -> None:
    """Ours is in it for its time, with all else as the owner has it."""
    made = compose(A, [segment()], NOW)
    assert slots(made.plan) == [
        ("00:00", "08:00", 200, True),
        ("08:00", "12:00", 300, True),
        ("12:00", "13:00", 500, True),
        ("13:00", "24:00", 300, True),
    ]
    assert made.mine == ("12:00-13:00 500 W",)
    assert owner_of(A, (A, made.plan), stored(made.plan)) == A


def test_hold_stops_the_output() -> None:
    """Over the owner's edges, and over midnight; his powers stay where they are."""
    start = NOW + 10 * HOUR  # 22:00
    made = compose(A, [segment(start, 11, Action.HOLD)], NOW)
    assert slots(made.plan) == [
        ("00:00", "08:00", 200, False),
        ("08:00", "09:00", 300, False),
        ("09:00", "22:00", 300, True),
        ("22:00", "24:00", 300, False),
    ]
    assert made.mine == ("00:00-09:00 off", "22:00-24:00 off")
    assert all(it.is_in(made.plan) for it in made.placed["a"])


def test_two_banks_share_equally() -> None:
    """Whatever the owner has had them do; and it comes back as it was."""
    own = slot(
        "00:00",
        "24:00",
        250,
        power_setting_mode=2,
        device_power_loads=[
            {"device_sn": LEFT, "power": 100},
            {"device_sn": RIGHT, "power": 150},
        ],
    )
    owner = profile(own, serials=(LEFT, RIGHT))
    made = compose(owner, [segment(power_w=1400)], NOW).plan
    assert made.profile is not None
    lent = made.profile.dump()["ranges"][1]
    assert lent["power_setting_mode"] == 1
    assert [it["power"] for it in lent["device_power_loads"]] == [700, 700]
    assert owner_of(owner, (owner, made), stored(made)) == owner


def test_no_slots_at_all() -> None:
    """Ours alone, in two; and nothing is left of it."""
    owner = profile()
    made = compose(owner, [segment()], NOW).plan
    assert slots(made) == [("12:00", "12:30", 500, True), ("12:30", "13:00", 500, True)]
    back = owner_of(owner, (owner, made), stored(made))
    assert back.as_data() == owner.as_data()
    assert back.profile is not None
    assert back.profile.dump() == {"ranges": []}


@pytest.mark.parametrize(("asked", "set_to"), [(10, 100), (505, 505), (5000, 800)])
def test_powers_are_within_limits(asked: int, set_to: int) -> None:
    """Those of the profile."""
    (mark,) = compose(A, [segment(power_w=asked)], NOW).placed["a"]
    assert mark.power_w == set_to


def test_what_finds_no_place() -> None:
    """Two that would be at the same time of the day."""
    again = segment(NOW + 24 * HOUR, tag="b", power_w=600)
    assert compose(A, [segment(), again], NOW).placed.keys() == {"a"}
    later = segment(NOW + 2 * HOUR, tag="b", power_w=600)
    assert compose(A, [segment(), later], NOW).placed.keys() == {"a", "b"}


def test_owner_changes_another_slot() -> None:
    """That is his, and ours is not."""
    lent = compose(A, [segment()], NOW).plan
    now = stored(lent)
    assert now.profile is not None
    seen = now.profile.slots or ()
    changed = now.profile.powered(seen[0], 350)
    now = replace(now, profile=now.profile.with_slots((changed, *seen[1:])))
    back = owner_of(A, (A, lent), stored(now))
    assert slots(back) == [("00:00", "08:00", 350, True), ("08:00", "24:00", 300, True)]


def test_owner_changes_ours() -> None:
    """It is his from then on."""
    lent = compose(A, [segment()], NOW).plan
    now = profile(
        slot("00:00", "08:00", 200),
        slot("08:00", "12:00", 300),
        slot("12:00", "13:00", 150),
        slot("13:00", "24:00", 300),
    )
    back = owner_of(A, (A, lent), now)
    assert slots(back) == [
        ("00:00", "08:00", 200, True),
        ("08:00", "12:00", 300, True),
        ("12:00", "13:00", 150, True),
        ("13:00", "24:00", 300, True),
    ]


@pytest.mark.parametrize("change", ["shares", "priority", "discharge", "off", "on"])
def test_owner_changes_something_of_ours(change: str) -> None:
    """That is his; the rest is given back, for it was never his."""
    dual = profile(*SYSTEM_B, serials=(LEFT, RIGHT))
    wanted = segment(action=Action.HOLD if change == "on" else Action.DISCHARGE)
    made = compose(dual, [wanted], NOW)
    (mark,) = made.placed["a"]
    raw = json.loads(json.dumps(stored(made.plan).as_data()["4"]))
    mine = raw["ranges"][2]
    assert mine["start_time"] == "12:00"
    match change:
        case "shares":
            mine["power_setting_mode"] = 2
            mine["device_power_loads"][0]["power"] = 100
            mine["device_power_loads"][1]["power"] = 400
        case "priority":
            mine["charge_priority"] = 33
        case "discharge":
            mine["priority_discharge_switch"] = 1
        case "off" | "on":
            mine["turn_on"] = change == "on"
    now = SitePlan.parse(raw, dual.banks, dual.zone)
    after = owner_of(dual, (dual, made.plan), now)
    assert after.profile is not None
    noon = after.profile.at(12 * 60)
    assert noon is not None
    wants = {
        "shares": (500, 80, 0, True),
        "priority": (300, 33, 0, True),
        "discharge": (300, 80, 1, True),
        "off": (300, 80, 0, False),
        "on": (300, 80, 0, True),
    }
    assert (
        profiles.power_w(noon),
        profiles.charge_priority(noon),
        int(profiles.discharges_first(noon) or 0),
        profiles.lets_out(noon),
    ) == wants[change]
    assert profiles.is_advanced(noon) == (change == "shares")
    # What is still ours is still to be taken back, what is his is not.
    assert mark.is_in(now) == (change in ("priority", "discharge"))
    others = replace(
        after.profile, slots=day.without(after.profile.slots or (), 720, 780)
    )
    rest = day.without((dual.profile and dual.profile.slots) or (), 720, 780)
    assert day.holds_same(others.slots or (), rest, profiles.does_same)


def test_shares_that_the_cloud_works_out() -> None:
    """Equal ones are nobody's edit, however they are told."""
    dual = profile(*SYSTEM_B, serials=(LEFT, RIGHT))
    made = compose(dual, [segment()], NOW)
    raw = json.loads(json.dumps(stored(made.plan).as_data()["4"]))
    for it in raw["ranges"]:
        it["power_setting_mode"] = 2
    now = SitePlan.parse(raw, dual.banks, dual.zone)
    assert made.placed["a"][0].is_in(now)
    assert owner_of(dual, (dual, made.plan), now).as_data() == dual.as_data()


def test_what_the_cloud_tells_beside_the_slots_is_its_own() -> None:
    """It may change meanwhile, and is not taken back to what it was."""
    lent = compose(A, [segment()], NOW).plan
    now = stored(lent)
    assert now.profile is not None
    raw = {**now.profile.raw, "min_load": 150, "new": 1}
    now = SitePlan.parse(raw, now.banks, now.zone)
    back = owner_of(A, (A, lent), now)
    assert back.profile is not None
    assert back.profile.dump() == {
        **raw,
        "ranges": A.as_data()["4"]["ranges"],
    }


# -- the week ----------------------------------------------------------------------


def test_only_the_day_that_is_needed() -> None:
    """What is left behind would come again in a week, not tomorrow."""
    made = compose(C, [segment()], NOW)
    assert items(made.plan) == [
        ([0, 6], [("00:00", "24:00", 150)]),
        ([1, 2, 3, 4], [("00:00", "07:00", 100), ("07:00", "24:00", 250)]),
        (
            [5],
            [
                ("00:00", "07:00", 100),
                ("07:00", "12:00", 250),
                ("12:00", "13:00", 500),
                ("13:00", "24:00", 250),
            ],
        ),
    ]
    assert made.mine == ("Fri 12:00-13:00 500 W",)
    assert owner_of(C, (C, made.plan), stored(made.plan)).as_data() == C.as_data()


def test_over_midnight_are_two_days() -> None:
    """And hold is no output at all."""
    made = compose(C, [segment(NOW + 11 * HOUR, 2, Action.HOLD)], NOW)
    assert made.mine == ("Fri 23:00-24:00 0 W", "Sat 00:00-01:00 0 W")
    assert all(it.is_in(made.plan) for it in made.placed["a"])


def test_another_mode_is_left_at_the_start_only() -> None:
    """What is left of the manual plan would rule from then on."""
    owner = rate_plan(*SYSTEM_C, mode=7)
    later = segment(NOW + HOUR, tag="b")
    assert compose(owner, [later], NOW).placed == {}
    made = compose(owner, [segment(), later], NOW)
    assert made.placed.keys() == {"a"}
    assert made.plan.rate_plan is not None
    assert made.plan.rate_plan.mode == 3
    back = owner_of(owner, (owner, made.plan), stored(made.plan))
    assert back.as_data() == owner.as_data()
    # In manual mode it is laid ahead.
    assert compose(C, [segment(), later], NOW).placed.keys() == {"a", "b"}


def test_the_owner_changes_the_mode() -> None:
    """Ours is not in force any more, and his choice stays."""
    owner = rate_plan(*SYSTEM_C, mode=1)
    made = compose(owner, [segment()], NOW)
    now = stored(made.plan)
    assert now.rate_plan is not None
    now = replace(now, rate_plan=now.rate_plan.with_mode(2))
    assert not any(it.is_in(now) for it in made.placed["a"])
    back = owner_of(owner, (owner, made.plan), now)
    assert back.rate_plan is not None
    assert back.rate_plan.mode == 2
    assert back.rate_plan.weeks_data()["custom_rate_plan"] == list(SYSTEM_C)


def test_charging_with_all_there_is() -> None:
    """A backup charge in whatever mode; its times are not those of a wall clock."""
    made = compose(AC, [segment(action=Action.CHARGE, power_w=None)], NOW)
    assert made.plan.rate_plan is not None
    assert made.plan.rate_plan.mode == 1
    assert made.plan.rate_plan.raw["manual_backup"] == {
        "ranges": [
            {
                "start_time": round(NOW.timestamp()),
                "end_time": round((NOW + HOUR).timestamp()),
            }
        ],
        "switch": True,
    }
    (mark,) = made.placed["a"]
    assert str(mark) == "backup charge 2026-11-20T11:00Z to 2026-11-20T12:00Z"
    now = stored(made.plan)
    assert mark.is_in(now)
    back = owner_of(AC, (AC, made.plan), now)
    assert back.as_data() == AC.as_data()
    # It has ended by itself, for the battery is full: that is no edit of the owner's.
    off = {**made.plan.rate_plan.raw["manual_backup"], "switch": False}
    ended = replace(now, rate_plan=made.plan.rate_plan.with_backup(off))
    assert mark.was_in(ended)
    assert not mark.is_in(ended)
    assert not mark.was_in(now)
    assert owner_of(AC, (AC, made.plan), ended).as_data() == AC.as_data()


@pytest.mark.parametrize("items", [(), SYSTEM_C[:1]])
def test_gaps_of_a_week_that_nobody_uses(items: tuple[dict[str, Any], ...]) -> None:
    """They would give 200 W for as long as nobody gives the owner's mode back."""
    owner = rate_plan(*items, mode=1)
    made = compose(owner, [segment()], NOW)
    assert made.plan.rate_plan is not None
    powers = {it[0] for it in minutes_of(made.plan) if it is not None}
    assert powers == {0, 500, *(150 for _ in items)}
    assert None not in minutes_of(made.plan)
    assert made.mine == ("Fri 12:00-13:00 500 W",)
    back = owner_of(owner, (owner, made.plan), stored(made.plan))
    assert back.as_data() == owner.as_data()
    # In his own mode his gaps are his.
    manual = compose(rate_plan(*items), [segment()], NOW).plan
    assert None in minutes_of(manual)


def test_a_backup_charge_of_half_a_minute() -> None:
    """It lasts as long as the shortest one that there is."""
    made = compose(AC, [segment(NOW, 1 / 120, Action.CHARGE, power_w=None)], NOW)
    (mark,) = made.placed["a"]
    assert mark.backup is not None
    assert mark.backup.end - mark.backup.start == timedelta(minutes=5)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("pieces", "placed"), [(12, {"a"}), (13, set()), (15, set())])
def test_no_more_slots_than_the_app_shows(
    first: bool, pieces: int, placed: set[str]
) -> None:
    """Ours cuts one of the owner's in two; it waits where there is no room for that."""
    edges = [f"{it:02}:00" for it in (0, *range(2, pieces), 23)]
    hours = [*pairwise([*edges[:-1], "24:00"])]
    assert len(hours) == pieces - 1
    hours = [*hours[:-1], (hours[-1][0], "23:50"), ("23:50", "24:00")]
    noon = NOW + 10 * HOUR + timedelta(minutes=30)
    if first:
        owner = profile(*(slot(*it, 100 + n) for n, it in enumerate(hours)))
    else:
        spans = (span(*it, 10 * n) for n, it in enumerate(hours))
        owner = rate_plan(week_item(0, list(range(7)), *spans))
    made = compose(owner, [segment(noon, 0.5)], NOW)
    assert made.placed.keys() == placed
    if not placed:
        assert made.plan == owner


def test_charging_with_a_power() -> None:
    """A range, where the plan shows that it knows such; all the power is a backup."""
    made = compose(SB3, [segment(action=Action.CHARGE, power_w=600)], NOW)
    assert made.mine == ("Fri 12:00-13:00 charge 600 W",)
    assert made.plan.rate_plan is not None
    friday = day_of(made.plan.rate_plan.week(Plan.MANUAL) or (), 5)
    assert friday[1].raw == span("12:00", "13:00", 600, charging_type=1)
    made = compose(SB3, [segment(action=Action.CHARGE, power_w=1200)], NOW)
    assert made.mine[0].startswith("backup charge")


# -- names -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "made"),
    [
        (A, segment()),
        (A, segment(NOW + 9 * HOUR, 11, Action.HOLD)),
        (C, segment(NOW + 11 * HOUR, 2)),
        (C, segment(action=Action.HOLD)),
        (SB3, segment(action=Action.CHARGE, power_w=300)),
        (AC, segment(action=Action.CHARGE, power_w=None)),
    ],
)
def test_names_tell_all(plan: SitePlan, made: Segment) -> None:
    """What is ours is found again by its name alone."""
    composed = compose(plan, [made], NOW)
    marks = composed.placed["a"]
    assert marks_of(name_of(marks)) == marks
    assert all(it.is_in(stored(composed.plan)) for it in marks)
    assert not any(it.is_in(plan) for it in marks)


@pytest.mark.parametrize(
    "name",
    ["", "x", "12:00-13:00", "Foo 12:00-13:00 1 W", "25:00-26:00 off", "backup charge"],
)
def test_other_names_tell_nothing(name: str) -> None:
    """They are not ours."""
    assert marks_of(name) == ()
    assert Mark.of_text(name) is None


# -- clock changes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "minutes", "spans"),
    [
        # Clocks go forward at 02:00 on Sunday: an hour of the wall clock is not there.
        ((2026, 3, 29, 0, 30), 60, [(0, 90, 120), (0, 180, 210)]),
        ((2026, 3, 28, 23, 0), 180, [(0, 0, 120), (0, 180, 240)]),
        # Clocks go back at 03:00: an hour is there twice, and told once.
        ((2026, 10, 25, 0, 30), 45, [(0, 120, 135), (0, 150, 180)]),
        ((2026, 10, 24, 22, 0), 240, [(0, 0, 180)]),
        ((2026, 11, 20, 22, 30), 120, [(5, 1410, 1440), (6, 0, 90)]),
    ],
)
def test_wall_clock(
    start: tuple[int, int, int, int, int],
    minutes: int,
    spans: list[tuple[int, int, int]],
) -> None:
    """What it shows, in the zone of the site."""
    begin = datetime(*start, tzinfo=UTC)
    found = wall_spans(begin, begin + timedelta(minutes=minutes), BERLIN)
    assert [(it.day, it.start, it.end) for it in found] == spans


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    minutes=st.integers(1, 24 * 60),
)
def test_wall_clock_shows_every_minute(start: datetime, minutes: int) -> None:
    """No more and no less than a clock that is looked at each minute."""
    begin = start.replace(second=0, microsecond=0, tzinfo=UTC)
    shown = set()
    for minute in range(minutes):
        local = (begin + timedelta(minutes=minute)).astimezone(BERLIN)
        shown.add((local.isoweekday() % 7, local.hour * 60 + local.minute))
    found = wall_spans(begin, begin + timedelta(minutes=minutes), BERLIN)
    told = {(it.day, minute) for it in found for minute in range(it.start, it.end)}
    assert told == shown


# -- properties --------------------------------------------------------------------

quarters = st.lists(st.integers(1, 95), max_size=5, unique=True).map(sorted)
powers = st.sampled_from([100, 200, 300, 450])


@st.composite
def profiles_of_owners(draw: st.DrawFn) -> SitePlan:
    """Return a profile with some slots, gaps and powers."""
    edges = [0, *draw(quarters), 96]
    texts = [f"{it // 4:02}:{it % 4 * 15:02}" for it in edges]
    made = [
        slot(one, other, draw(powers), turn_on=draw(st.booleans()))
        for one, other in pairwise(texts)
        if draw(st.integers(0, 5))
    ]
    return profile(*made)


@st.composite
def weeks_of_owners(draw: st.DrawFn) -> SitePlan:
    """Return a week with some items, gaps and powers, in some mode."""
    days = draw(st.permutations(range(7)))
    cuts = sorted(draw(st.sets(st.integers(0, 7), min_size=2, max_size=4)))
    made = []
    for index, (one, other) in enumerate(pairwise(cuts)):
        edges = [0, *draw(quarters), 96]
        texts = [f"{it // 4:02}:{it % 4 * 15:02}" for it in edges]
        ranges = [
            span(begin, end, draw(powers))
            for begin, end in pairwise(texts)
            if draw(st.integers(0, 5))
        ]
        made.append(week_item(index, sorted(days[one:other]), *ranges))
    return rate_plan(*made, mode=draw(st.sampled_from([1, 3, 7, 8])), product="A17C2")


@st.composite
def some_segments(draw: st.DrawFn) -> list[Segment]:
    """Return segments that follow each other, the first one from now on."""
    made = []
    start = NOW
    for index in range(draw(st.integers(1, 3))):
        start += draw(st.integers(0, 40)) * timedelta(minutes=7)
        hours = draw(st.integers(1, 40)) / 10
        action = draw(st.sampled_from([Action.DISCHARGE, Action.HOLD]))
        made.append(segment(start, hours, action, str(index), draw(powers)))
        start = made[-1].end
    return made


owners = st.one_of(profiles_of_owners(), weeks_of_owners())


type Minute = tuple[Any, ...] | None
"""Power, whether there is output, and charge priority; None in a gap."""


def edited_minute(theirs: Minute, shown: Minute, now: Minute) -> Minute:
    """Return what the owner wants who saw the one and has made the other of it."""
    if now is None or shown is None:
        return theirs if now == shown else now
    changed = [one != other for one, other in zip(now, shown, strict=True)]
    changed[1] = changed[1] or bool(changed[0] and now[1])
    if theirs is None:
        return now if changed[0] or changed[1] else None
    return tuple(
        new if other else old
        for new, old, other in zip(now, theirs, changed, strict=True)
    )


def minutes_of(plan: SitePlan) -> list[Minute]:
    """Return what a plan does in each minute of the week."""
    made: list[Minute] = []
    for weekday in range(7):
        if plan.profile is not None:
            pieces = plan.profile.slots or ()
        else:
            assert plan.rate_plan is not None
            pieces = day_of(plan.rate_plan.manual or (), weekday)
        found: list[Minute] = [None] * 24 * 60
        for it in pieces:
            does = (
                it.raw.get("power", profiles.power_w(it)),
                profiles.lets_out(it),
                profiles.charge_priority(it),
            )
            found[it.start : it.end] = [does] * (it.end - it.start)
        made += found
    return made


@settings(max_examples=60)
@given(owner=owners, wanted=some_segments())
def test_what_is_lent_is_given_back(owner: SitePlan, wanted: list[Segment]) -> None:
    """Byte for byte; and what is written can be read, is in order, and within limits."""
    made = compose(owner, wanted, NOW)
    now = stored(made.plan)
    assert now.holds_same(made.plan)
    for marks in made.placed.values():
        assert all(it.is_in(now) for it in marks)
    back = owner_of(owner, (owner, made.plan), now)
    assert json.dumps(back.as_data()) == json.dumps(owner.as_data())
    if made.plan.profile is not None:
        ranges = made.plan.profile.dump()["ranges"]
        pieces = parse(ranges)
        assert pieces is not None
        assert len(pieces) >= 2
        assert all(100 <= it["appliance_loads"][0]["power"] <= 800 for it in ranges)
        assert now.profile is not None
        assert now.profile.slots is not None
    else:
        assert now.rate_plan is not None
        assert now.rate_plan.understood


@settings(max_examples=60)
@given(
    owner=owners,
    wanted=some_segments(),
    edit=st.tuples(st.integers(0, 92), st.integers(1, 4), st.integers(0, 6)),
    side=st.booleans(),
)
def test_what_the_owner_changes_stays(
    owner: SitePlan, wanted: list[Segment], edit: tuple[int, int, int], side: bool
) -> None:
    """In ours or elsewhere; and only that."""
    first, length, weekday = edit
    start, end = first * 15, (first + length) * 15
    lent = compose(owner, wanted, NOW).plan
    change = priority_in_app if side else changed_in_app
    now = change(stored(lent), start, end, weekday)
    back = minutes_of(owner_of(owner, (owner, lent), now))
    every = zip(minutes_of(owner), minutes_of(lent), minutes_of(now), strict=True)
    assert back == [edited_minute(*it) for it in every]
    assert side or minutes_of(now) != minutes_of(lent)


def priority_in_app(
    plan: SitePlan, start: int, end: int, _weekday: int, priority: int = 33
) -> SitePlan:
    """Return a plan with another charge priority in all slots of a time."""
    if plan.profile is None:
        return plan
    slots = tuple(
        it.having(charge_priority=priority) if it.start < end and start < it.end else it
        for it in plan.profile.slots or ()
    )
    return replace(plan, profile=plan.profile.with_slots(slots))


def changed_in_app(
    plan: SitePlan, start: int, end: int, weekday: int, priority: int | None = None
) -> SitePlan:
    """Return a plan with 777 W for a while, as the app would save it."""
    if plan.profile is not None:
        change = profile_edits.SlotChange(system_w=777, charge_priority=priority)
        return replace(
            plan, profile=profile_edits.inserting(plan.profile, start, end, change)
        )
    assert plan.rate_plan is not None
    raw: dict[str, Any] = json.loads(json.dumps(plan.rate_plan.dump()))
    week = raw["custom_rate_plan"] or []
    for item in week:
        if weekday in item["week"]:
            item["week"].remove(weekday)
    texts = [f"{it // 60:02}:{it % 60:02}" for it in (start, end)]
    mine = week_item(9, [weekday], span(texts[0], texts[1], 777))
    week = [*(it for it in week if it["week"]), mine]
    return SitePlan.parse({**raw, "custom_rate_plan": week}, plan.banks, plan.zone)
