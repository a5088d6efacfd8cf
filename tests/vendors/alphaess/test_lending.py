"""Plans on loan: what is ours is in them for a while, and then nothing of it is left."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
import json
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.schedule import Action, Source
from custom_components.joulekeeper.core.timeline import Segment
from custom_components.joulekeeper.vendors.alphaess.lending import compose, owner_of
from custom_components.joulekeeper.vendors.alphaess.periodic import (
    Period,
    PeriodicSchedule,
)
from custom_components.joulekeeper.vendors.alphaess.plan import (
    Plan,
    are_apart,
    as_data,
    from_data,
    window_of,
)
from custom_components.joulekeeper.vendors.alphaess.settings import (
    UNUSED,
    ChargeSettings,
    DischargeSettings,
    TimeWindow,
)
from custom_components.joulekeeper.vendors.alphaess.wall_windows import (
    of_segment,
    overlaps,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday, 13:00 in Berlin
QUARTER = timedelta(minutes=15)


def segment(
    start: datetime,
    hours: float = 1,
    action: Action = Action.CHARGE,
    tag: str = "a",
    power_w: int | None = 3000,
    limit_soc: int | None = 80,
) -> Segment:
    """Return a segment that starts at an instant."""
    return Segment(
        rule_id=tag,
        occurrence_id=tag,
        source=Source.SERVICE,
        action=action,
        start=start,
        end=start + timedelta(hours=hours),
        power_w=power_w,
        limit_soc=limit_soc,
        tag=tag,
    )


def period(
    start: time,
    end: time,
    days: str = "1234567",
    power_w: int = 2000,
    limit: float = 90,
) -> Period:
    """Return a period on days of the week, from 1 for Monday."""
    return Period(
        window=TimeWindow(start, end),
        weekdays=frozenset(int(day) - 1 for day in days),
        power_w=power_w,
        limit_soc=limit,
    )


def weekly(charge: list[Period], discharge: list[Period]) -> Plan:
    """Return a weekly schedule."""
    return Plan(
        periodic=PeriodicSchedule(
            cycle=1,
            charge_enabled=True,
            discharge_enabled=True,
            charge=tuple(charge),
            discharge=tuple(discharge),
        )
    )


NIGHT = period(time(1), time(5))
EVENING = period(time(17), time(21), "12345", 3000, 20)
OWNER = weekly([NIGHT], [EVENING])


def daily(
    charge: tuple[TimeWindow, TimeWindow],
    *,
    grid: bool = True,
    ctr: bool = False,
    discharge: tuple[TimeWindow, TimeWindow] = (UNUSED, UNUSED),
) -> Plan:
    """Return both daily stores."""
    return Plan(
        charge=ChargeSettings(enabled=grid, slots=charge, target_soc=95),
        discharge=DischargeSettings(enabled=ctr, slots=discharge, floor_soc=10),
    )


# -- the periodic schedule ---------------------------------------------------------


def test_free_time() -> None:
    """Where nothing else is, it is just one more window, of one day."""
    made = compose(OWNER, [segment(NOW)], BERLIN, NOW)
    schedule = made.plan.periodic
    assert schedule is not None
    assert schedule.charge == (NIGHT, period(time(13), time(14), "5", 3000, 80))
    assert schedule.discharge == (EVENING,)
    assert made.mine == ("charge 13:00-14:00 Fri, 3000 W, up to 80 %",)


def test_owners_window_is_cut() -> None:
    """On that day only, around what is ours; and it comes back as it was."""
    start = datetime(2026, 11, 21, 1, tzinfo=UTC)  # 02:00 on Saturday
    made = compose(OWNER, [segment(start, action=Action.HOLD)], BERLIN, NOW)
    schedule = made.plan.periodic
    assert schedule is not None
    assert set(schedule.charge) == {
        period(time(1), time(5), "123457"),
        period(time(1), time(2), "6"),
        period(time(3), time(5), "6"),
        period(time(2), time(3), "6", 100, 10),
    }
    assert owner_of(OWNER, [OWNER], made.plan, made.mine, made.plan) == OWNER


def test_over_midnight() -> None:
    """It is split; the last quarter of the day is left out."""
    start = datetime(2026, 11, 20, 22, tzinfo=UTC)  # 23:00 on Friday
    windows = of_segment(segment(start, 2), BERLIN)
    assert [(w.start, w.end, set(w.days)) for w in windows] == [
        (time(23), time(23, 45), {4}),
        (time(0), time(1), {5}),
    ]


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        # Up to the instant at which the clock goes from 03:00 to 02:00.
        ("2026-10-24T23:45Z", 1.25, [(time(1, 45), time(3))]),
        # 02:00 to 02:15 an hour later.
        ("2026-10-25T00:00Z", 1.25, [(time(2), time(3))]),
        ("2026-10-25T00:45Z", 0.5, [(time(2), time(2, 15)), (time(2, 45), time(3))]),
        ("2026-10-25T00:00Z", 3, [(time(2), time(4))]),
        ("2026-10-25T01:00Z", 1, [(time(2), time(3))]),
        # From 02:00 to 03:00 in no time.
        ("2026-03-29T00:00Z", 2, [(time(1), time(4))]),
    ],
)
def test_clock_that_is_changed(
    start: str, hours: float, expected: list[tuple[time, time]]
) -> None:
    """All that the clock on the wall shows meanwhile is ours, and shown twice only once."""
    windows = of_segment(segment(datetime.fromisoformat(start), hours), BERLIN)
    assert [(window.start, window.end) for window in windows] == expected


def test_more_than_six_a_day() -> None:
    """What finds no place is not there, and harms nothing."""
    parts = [
        segment(NOW + n * timedelta(hours=1), 0.5, tag=f"t{n}", power_w=1000 + n)
        for n in range(8)
    ]
    owner = weekly([NIGHT], [period(time(23), time(23, 30), "7", 3000, 20)])
    made = compose(owner, parts, BERLIN, NOW)
    assert list(made.placed) == ["t0", "t1", "t2", "t3", "t4"]


def test_empty_list_gets_a_placeholder() -> None:
    """A list must not be empty; what stands in for it does nothing, and is switched off."""
    owner = weekly([], [])
    made = compose(owner, [segment(NOW)], BERLIN, NOW)
    schedule = made.plan.periodic
    assert schedule is not None
    (stand_in,) = schedule.discharge
    assert stand_in.limit_soc == 100
    assert not schedule.discharge_enabled
    assert schedule.as_body("ALX")["ctrDisCycle"] == 0
    assert set(made.plan.keys()) == {"charge 13:00-14:00 Fri, 3000 W, up to 80 %"}


@pytest.mark.parametrize("flag", [False, True, None])
def test_flags_are_kept_apart(flag: bool | None) -> None:
    """On, off and unknown are three, in the file too; 0 of the cloud is unknown."""
    schedule = known_periodic(OWNER)
    owner = Plan(periodic=replace(schedule, charge_enabled=flag))
    data = as_data(owner)
    kept = from_data(json.loads(json.dumps(data)))
    assert kept.periodic == owner.periodic
    assert kept.holds_same(OWNER)
    data["periodic"]["gridChargeCycle"] = 0
    assert known_periodic(from_data(data)).charge_enabled is None


@pytest.mark.parametrize("edit", [False, True])
def test_what_is_switched_off_stays_off(edit: bool) -> None:
    """It is not there while something is lent, and is off again, with his edits."""
    off = replace(known_periodic(OWNER), charge_enabled=False, discharge_enabled=False)
    owner = Plan(periodic=off)
    assert owner.in_force() == ()
    made = compose(owner, [segment(NOW)], BERLIN, NOW)
    lent = known_periodic(made.plan)
    assert (lent.charge_enabled, lent.discharge_enabled) == (True, False)
    assert made.plan.keys() == Counter(made.mine)
    # The flags read as 0, so that the option tells them.
    current = replace(lent, charge_enabled=False)
    added = period(time(8), time(9))
    if edit:
        current = replace(current, charge=(*current.charge, added))
    back = owner_of(owner, [owner], made.plan, made.mine, Plan(periodic=current))
    given = known_periodic(compose(back, (), BERLIN, NOW).plan)
    assert (given.charge_enabled, given.discharge_enabled) == (False, False)
    assert Counter(given.charge) == Counter([NIGHT, *([added] if edit else [])])
    assert given.discharge == (EVENING,)


def known_periodic(plan: Plan) -> PeriodicSchedule:
    """Return the periodic schedule of a plan."""
    assert plan.periodic is not None
    return plan.periodic


# -- the daily stores --------------------------------------------------------------


def test_free_slot_is_lent() -> None:
    """The owner's slot stays; the charge at which both end is ours for a while."""
    owner = daily((TimeWindow(time(2), time(4)), UNUSED))
    made = compose(owner, [segment(NOW, power_w=None)], BERLIN, NOW)
    assert made.plan.charge == ChargeSettings(
        enabled=True,
        slots=(TimeWindow(time(13), time(14)), TimeWindow(time(2), time(4))),
        target_soc=80,
    )
    assert owner_of(owner, [owner], made.plan, made.mine, made.plan) == owner


def test_disabled_slots_do_not_come_to_life() -> None:
    """To charge from the grid is switched on for ours alone."""
    owner = daily((TimeWindow(time(2), time(4)), UNUSED), grid=False)
    made = compose(owner, [segment(NOW)], BERLIN, NOW)
    assert made.plan.charge is not None
    assert made.plan.charge.enabled
    assert made.plan.charge.slots == (TimeWindow(time(13), time(14)), UNUSED)


def test_discharging_makes_way() -> None:
    """Windows of both stores never overlap."""
    owner = daily(
        (UNUSED, UNUSED), ctr=True, discharge=(TimeWindow(time(12), time(20)), UNUSED)
    )
    made = compose(owner, [segment(NOW)], BERLIN, NOW)
    assert made.plan.discharge is not None
    assert set(made.plan.discharge.slots) == {
        TimeWindow(time(12), time(13)),
        TimeWindow(time(14), time(20)),
    }
    assert owner_of(owner, [owner], made.plan, made.mine, made.plan) == owner


def each_in_the_way() -> tuple[Plan, Plan, Plan]:
    """Return an owner's plan, and two with ours, of which each needs room of the other."""
    whole = TimeWindow(time(12), time(14, 30))
    owner = daily((UNUSED, UNUSED), grid=False, ctr=True, discharge=(whole, UNUSED))
    one, other = (
        compose(owner, [segment(NOW + late, 0.5)], BERLIN, NOW).plan
        for late in (0 * QUARTER, QUARTER)
    )
    return owner, one, other


def test_each_daily_store_needs_room_of_the_other() -> None:
    """The cloud may refuse what overlaps, so ours makes way for a moment."""
    owner, one, other = each_in_the_way()
    # What is written over may not have arrived.
    for before, truth in (((one,), one), ((one, owner), one), ((one, owner), owner)):
        charge, discharge = truth.charge, truth.discharge
        for call in other.calls("ALX", before, owner):
            if call.path.endswith("updateChargeConfigInfo"):
                charge = ChargeSettings.parse(call.body or {})
            else:
                discharge = DischargeSettings.parse(call.body or {})
            assert are_apart(charge, discharge)
            # Who dies here leaves nothing that looks like an edit of the owner's.
            there = Plan(charge=charge, discharge=discharge)
            assert owner_of(owner, before, other, (), there) == owner
        assert (charge, discharge) == (other.charge, other.discharge)


def test_nothing_is_written_twice() -> None:
    """What is not shown yet is no reason, wherever it would be in the way."""
    owner, one, other = each_in_the_way()
    assert not other.calls("ALX", (other, one, owner), owner)


def test_last_quarter_of_a_day_finds_no_place() -> None:
    """It cannot be told, whatever else there is."""
    night = datetime(2026, 11, 20, 22, 45, tzinfo=UTC)  # 23:45 on Friday
    wanted = [segment(NOW, tag="a"), segment(night, 0.25, tag="b")]
    for owner in (OWNER, daily((UNUSED, UNUSED))):
        assert compose(owner, wanted, BERLIN, NOW).placed.keys() == {"a"}


def test_placeholder_finds_any_quarter() -> None:
    """What stands in for an empty list goes where nothing else is."""
    owner = weekly([], [period(time(0), time(23, 15), "1", 500, 20)])
    made = compose(owner, [], BERLIN, NOW).plan.periodic
    assert made is not None
    assert made.as_body("ALX")["gridChargeCycle"] == 0


def test_part_of_a_cut_window_that_the_owner_deletes() -> None:
    """Its time is taken out of the window; the last part takes the window along."""
    start = datetime(2026, 11, 21, 1, tzinfo=UTC)  # 02:00 on Saturday
    made = compose(OWNER, [segment(start)], BERLIN, NOW)
    there = made.plan.periodic
    assert there is not None
    ours = period(time(2), time(3), "6", 3000, 80)
    first = period(time(1), time(2), "6")

    def back(*charge: Period) -> set[Period]:
        edited = Plan(periodic=replace(there, charge=charge))
        plan = owner_of(OWNER, [OWNER], made.plan, made.mine, edited).periodic
        assert plan is not None
        assert plan.discharge == (EVENING,)
        return set(plan.charge)

    left = [item for item in there.charge if item != first]
    assert back(*left) == {
        period(time(1), time(5), "123457"),
        period(time(2), time(5), "6"),
    }
    assert back(ours) == set()
    assert back(*(item for item in there.charge if item != ours)) == {NIGHT}


# -- whatever happens --------------------------------------------------------------

STARTS = st.integers(0, 4 * 24 * 4).map(
    lambda n: NOW - timedelta(hours=12) + n * QUARTER
)
CLOCKS = st.integers(0, 94).map(lambda n: (datetime.min + n * QUARTER).time())


@st.composite
def spans(draw: st.DrawFn) -> tuple[time, time]:
    """Draw a span of one day."""
    one, other = sorted(draw(st.lists(CLOCKS, min_size=2, max_size=2, unique=True)))
    return one, other


@st.composite
def periods(draw: st.DrawFn, limit: int) -> Period:
    """Draw a period of the owner."""
    start, end = draw(spans())
    days = draw(st.sets(st.sampled_from("1234567"), min_size=1))
    return period(start, end, "".join(days), draw(st.sampled_from([500, 4000])), limit)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan of the owner whose windows do not overlap."""
    if draw(st.booleans()):
        made: list[list[Period]] = [[], []]
        for charges in draw(st.lists(st.booleans(), max_size=4)):
            new = draw(periods(90 if charges else 20))
            trial = weekly(made[0] + [new] * charges, made[1] + [new] * (not charges))
            windows = trial.in_force()
            if all(
                not overlaps(one, other)
                for index, one in enumerate(windows)
                for other in windows[index + 1 :]
            ):
                made[0 if charges else 1].append(new)
        return weekly(*made)
    slots = [
        TimeWindow(*draw(spans())) if draw(st.booleans()) else UNUSED for _ in "1234"
    ]
    return daily(
        (slots[0], slots[1]),
        grid=draw(st.booleans()),
        ctr=draw(st.booleans()),
        discharge=(slots[2], slots[3]),
    )


@st.composite
def wishes(draw: st.DrawFn) -> list[Segment]:
    """Draw what we want, none of it at the same time."""
    found: list[Segment] = []
    for number in range(draw(st.integers(0, 3))):
        action = draw(st.sampled_from([Action.CHARGE, Action.HOLD, Action.DISCHARGE]))
        new = segment(
            draw(STARTS), draw(st.sampled_from([0.25, 1, 3])), action, f"t{number}"
        )
        if not any(new.overlaps(item.start, item.end) for item in found):
            found.append(new)
    return found


@settings(max_examples=200)
@given(owner=plans(), first=wishes(), second=wishes())
def test_given_back_as_it_was(
    owner: Plan, first: list[Segment], second: list[Segment]
) -> None:
    """However often it is written anew in between."""
    before, current = owner, owner
    for wanted in (first, second, []):
        mine: tuple[str, ...] = ()
        kept = from_data(as_data(owner))
        if current is not owner:
            kept = owner_of(owner, [before], current, mine, current)
            assert kept == owner
        made = compose(kept, wanted, BERLIN, NOW)
        made.plan.calls("ALX", (current,))
        before, current, mine = current, made.plan, made.mine
    if owner.periodic is None:
        assert current == owner
        return
    assert current.periodic is not None
    assert current.keys() == owner.keys()
    # A list cannot be cleared.
    for theirs, there in (
        (owner.periodic.charge, current.periodic.charge),
        (owner.periodic.discharge, current.periodic.discharge),
    ):
        assert there == theirs or (not theirs and len(there) == 1)


@settings(max_examples=200)
@given(owner=plans(), wanted=wishes(), new=periods(70))
def test_what_the_owner_adds_meanwhile_stays(
    owner: Plan, wanted: list[Segment], new: Period
) -> None:
    """And nothing else comes of it."""
    if owner.periodic is None:
        return
    made = compose(owner, wanted, BERLIN, NOW)
    there = made.plan.periodic
    assert there is not None
    if new in (*there.charge, *owner.periodic.charge):
        return
    added = window_of(new, True, 1)

    def is_in_the_way(plan: Plan) -> bool:
        return any(overlaps(added, it) for it in plan.in_force() if not it.charges)

    if is_in_the_way(made.plan):
        # The app takes no window to charge where another one discharges.
        return
    edited = Plan(periodic=replace(there, charge=(*there.charge, new)))
    back = owner_of(owner, [owner], made.plan, made.mine, edited)
    assert back.periodic is not None
    assert set(back.periodic.charge) == {*owner.periodic.charge, new}
    if not is_in_the_way(owner):
        # Where ours hides one that does, his newest counts.
        assert set(back.periodic.discharge) == set(owner.periodic.discharge)


@pytest.mark.parametrize("field", ["enabled", "target_soc"])
def test_setting_that_the_owner_changes_meanwhile(field: str) -> None:
    """It is his from then on, whatever was lent."""
    owner = daily((TimeWindow(time(2), time(4)), UNUSED))
    made = compose(owner, [segment(NOW)], BERLIN, NOW)
    assert made.plan.charge is not None
    value = {"enabled": False, "target_soc": 55}[field]
    edited = replace(made.plan, charge=replace(made.plan.charge, **{field: value}))
    back = owner_of(owner, [owner], made.plan, made.mine, edited)
    assert owner.charge is not None
    assert back.charge == replace(owner.charge, **{field: value})
