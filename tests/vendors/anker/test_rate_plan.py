"""Rate plans: modes, weeks, the backup charge, and what is written of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import InvalidRequest
from custom_components.joulekeeper.vendors.anker.rate_edits import (
    RangeChange,
    backed_up,
    changing_current,
    cleared,
    days_for,
    inserting,
    setting,
)
from custom_components.joulekeeper.vendors.anker.rate_plan import (
    Backup,
    Plan,
    RatePlan,
    mode_options,
)
from custom_components.joulekeeper.vendors.anker.status import UsageMode
from custom_components.joulekeeper.vendors.anker.week import (
    WEEK,
    charges,
    day_of,
    parse_week,
    power_w,
    week_holds_same,
    with_days,
)

from .plans import SYSTEM_C, rate_raw, span, week_item

NOW = datetime(2026, 11, 20, 12, 0, 20, tzinfo=UTC)  # a Friday
HOUR = timedelta(hours=1)
FRIDAY = 5
DAY = 24 * 60


def read(
    *items: dict[str, Any],
    mode: int = 3,
    chosen_w: float | None = None,
    legal_w: float | None = None,
    **other: Any,
) -> RatePlan:
    """Return a plan as it was read."""
    return RatePlan.parse(rate_raw(*items, mode=mode, **other), chosen_w, legal_w)


# -- what is written (dossier 5.4, 9.4) --------------------------------------------


def test_manual_mode_with_180_w() -> None:
    """Just as the public library has it, after seven on a weekday."""
    before = read(*SYSTEM_C, mode=1)
    change = RangeChange(power_w=180)
    after = changing_current(before, Plan.MANUAL, FRIDAY, 12 * 60, change)
    after = after.with_mode(UsageMode.MANUAL)
    assert after.parts(before) == (
        {
            "mode_type": 3,
            "custom_rate_plan": [
                {
                    "index": 0,
                    "week": [0, 6],
                    "ranges": [
                        {"start_time": "00:00", "end_time": "24:00", "power": 150}
                    ],
                },
                {
                    "index": 1,
                    "week": [1, 2, 3, 4, 5],
                    "ranges": [
                        {"start_time": "00:00", "end_time": "07:00", "power": 100},
                        {"start_time": "07:00", "end_time": "24:00", "power": 180},
                    ],
                },
            ],
            "blend_plan": [],
        },
    )


def test_only_what_has_changed_is_written() -> None:
    """A mode goes with the part that it uses, and nothing at all if it is so already."""
    plan = read(*SYSTEM_C, mode=1)
    assert plan.parts(read(*SYSTEM_C, mode=1, blend_plan=[])) == ()
    for mode, part in ((3, "custom_rate_plan"), (7, "custom_rate_plan")):
        (data,) = plan.with_mode(mode).parts(plan)
        assert (data["mode_type"], part in data) == (mode, True)
    (data,) = plan.with_mode(5).parts(plan)
    assert data == {"mode_type": 5, "manual_backup": {}, "use_time": []}


def test_a_backup_charge_keeps_the_mode() -> None:
    """And whatever is planned by tariffs."""
    use_time = [{"any": "thing"}]
    plan = read(*SYSTEM_C, mode=7, use_time=use_time)
    on = backed_up(plan, NOW, on=True, duration=HOUR)
    start = round(NOW.replace(second=0).timestamp())
    backup = {
        "ranges": [{"start_time": start, "end_time": start + 3600}],
        "switch": True,
    }
    assert on.parts(plan) == (
        {"mode_type": 7, "manual_backup": backup, "use_time": use_time},
    )
    # What is there no more is switched off, not left as it is.
    assert plan.parts(on) == (
        {
            "mode_type": 7,
            "manual_backup": {**backup, "switch": False},
            "use_time": use_time,
        },
    )


@pytest.mark.parametrize(
    "value",
    [
        "text",
        [None],
        [{"week": None, "ranges": []}],
        [{"week": [7], "ranges": []}],
        [{"week": [1], "ranges": [{"start_time": "00:00"}]}],
    ],
)
def test_what_is_not_understood_is_left_alone(value: object) -> None:
    """It could not be written back."""
    plan = RatePlan.parse({**rate_raw(), "custom_rate_plan": value})
    assert not plan.understood
    assert plan.power_at(FRIDAY, 0, Plan.MANUAL) is None
    with pytest.raises(InvalidRequest):
        changing_current(plan, Plan.MANUAL, FRIDAY, 0, RangeChange(power_w=100))


def test_unknown_keys_are_kept() -> None:
    """Of items and of ranges."""
    item = {**week_item(4, [5, 1], span("00:00", "24:00", 200, new=1)), "name": "x"}
    week = parse_week([item])
    assert week is not None
    (made,) = with_days(week, {1: day_of(week, 5)})
    assert made.dump(0) == {**item, "index": 0}


def test_limits() -> None:
    """In whole steps; a chosen limit may be more than the plan tells (ha#309)."""
    plan = read(*SYSTEM_C)
    assert [plan.clamped(it) for it in (-5, 4, 6, 184, 186, 900)] == [
        0,
        0,
        0,
        180,
        180,
        800,
    ]
    assert read(chosen_w=1200).most_w == 1200
    assert read(chosen_w=1200, legal_w=800).most_w == 800
    assert read(max_load=600, legal_w=800).most_w == 600
    assert read(min_load=100).clamped(0) == 100
    assert read(max_load=0).most_w == 800


def test_power_now() -> None:
    """A gap is 200 W, unless the cloud tells another default."""
    plan = read(week_item(0, [5], span("08:00", "10:00", 150, charging_type=1)))
    assert plan.power_at(5, 8 * 60, Plan.MANUAL) == 0
    assert plan.power_at(5, 0, Plan.MANUAL) == 200
    assert plan.power_at(6, 8 * 60, Plan.MANUAL) == 200
    assert read(*SYSTEM_C).power_at(5, 6 * 60, Plan.MANUAL) == 100


@pytest.mark.parametrize(
    ("facts", "modes"),
    [
        ({}, {3}),
        ({"meter": True}, {1, 3}),
        ({"plugs": True}, {2, 3}),
        ({"meter": True, "charges_from_grid": True}, {1, 3}),
        ({"meter": True, "charges_from_grid": True, "use_time": True}, {1, 3, 5}),
        ({"plugs": True, "charges_from_grid": True, "use_time": True}, {2, 3, 5}),
        ({"meter": True, "generation": 3}, {1, 3, 7}),
        ({"meter": True, "generation": 3, "time_slots": True}, {1, 3, 7, 8}),
        ({"generation": 3, "time_slots": True}, {3}),
    ],
)
def test_modes(facts: dict[str, Any], modes: set[int]) -> None:
    """Each needs what it goes by."""
    known: dict[str, Any] = {
        "charges_from_grid": False,
        "generation": 2,
        "meter": False,
        "plugs": False,
        "time_slots": False,
        "use_time": False,
    }
    assert set(mode_options(**(known | facts))) == modes


# -- days of the week --------------------------------------------------------------


def days_of(plan: RatePlan) -> list[tuple[list[int], list[int | None]]]:
    """Return the items in short: their days, and their powers."""
    week = plan.weeks_data()["custom_rate_plan"]
    assert [it["index"] for it in week] == list(range(len(week)))
    return [(it["week"], [s["power"] for s in it["ranges"]]) for it in week]


def test_days_of_an_item_are_taken_out_of_it() -> None:
    """The item with most of them is the one that is copied."""
    plan = read(*SYSTEM_C)
    made = inserting(
        plan, Plan.MANUAL, {4, 5, 6}, 12 * 60, 13 * 60, RangeChange(power_w=300)
    )
    assert days_of(made) == [
        ([0], [150]),
        ([1, 2, 3], [100, 250]),
        ([4, 5, 6], [100, 250, 300, 250]),
    ]


def test_an_item_that_has_no_other_days_is_extended() -> None:
    """And the others lose them; one without days is gone."""
    plan = read(*SYSTEM_C)
    made = inserting(plan, Plan.MANUAL, {0, 6, 5}, 0, 60, RangeChange(power_w=300))
    assert days_of(made) == [([0, 5, 6], [300, 150]), ([1, 2, 3, 4], [100, 250])]
    made = setting(plan, Plan.MANUAL, WEEK, 0, DAY, RangeChange(power_w=90))
    assert days_of(made) == [([0, 1, 2, 3, 4, 5, 6], [90])]


def test_days_that_nobody_has() -> None:
    """They get an item of their own."""
    plan = read(SYSTEM_C[0])
    made = inserting(plan, Plan.MANUAL, {2}, 60, 120, RangeChange())
    assert days_of(made) == [([0, 6], [150]), ([2], [100])]


def test_days_that_are_not_named() -> None:
    """Those that share today's item; all while there is no plan."""
    assert days_for(read(*SYSTEM_C), Plan.MANUAL, FRIDAY) == {1, 2, 3, 4, 5}
    assert days_for(read(*SYSTEM_C), Plan.PLUGS, FRIDAY) == WEEK
    assert days_for(read(SYSTEM_C[0]), Plan.MANUAL, FRIDAY) == {FRIDAY}


def test_clear() -> None:
    """Only the days that are named; without any, all."""
    plan = read(*SYSTEM_C)
    assert days_of(cleared(plan, Plan.MANUAL, {0, 1})) == [
        ([6], [150]),
        ([2, 3, 4, 5], [100, 250]),
    ]
    assert days_of(cleared(plan, Plan.MANUAL, ())) == []


def test_charging_ranges_where_they_are_known() -> None:
    """Nobody writes a key that the plan does not show."""
    change = RangeChange(power_w=600, charges=True)
    with pytest.raises(InvalidRequest) as error:
        inserting(read(*SYSTEM_C), Plan.MANUAL, {5}, 0, 60, change)
    assert error.value.reason == "no_charging_ranges"
    known = read(week_item(0, [5], span("00:00", "24:00", 100, charging_type=0)))
    made = inserting(known, Plan.MANUAL, {5}, 0, 60, change)
    first, second = day_of(made.manual or (), 5)
    assert (power_w(first), charges(first), charges(second)) == (600, True, False)
    supply = inserting(
        read(*SYSTEM_C), Plan.MANUAL, {5}, 0, 60, RangeChange(charges=False)
    )
    assert "charging_type" not in str(supply.weeks_data())


weeks = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.integers(0, 23),
        st.integers(1, 24),
        st.integers(0, 80).map(lambda it: it * 10),
    ).filter(lambda it: it[1] < it[2]),
    max_size=8,
)
days = st.sets(st.integers(0, 6), min_size=1)


@given(spans=weeks, chosen=days, start=st.integers(0, 23), power=st.integers(0, 80))
def test_insertions_are_as_in_a_model(
    spans: list[tuple[int, int, int, int]], chosen: set[int], start: int, power: int
) -> None:
    """The days that are named start from those of one item; no other day changes."""
    plan = read()
    for weekday, first, last, watts in spans:
        change = RangeChange(power_w=watts)
        plan = inserting(plan, Plan.MANUAL, {weekday}, first * 60, last * 60, change)
    for weekday in WEEK:
        expected: list[int | None] = [None] * 24
        for day, first, last, watts in spans:
            if day == weekday:
                expected[first:last] = [watts] * (last - first)
        assert [at(plan, weekday, hour) for hour in range(24)] == expected
    change = RangeChange(power_w=power * 10)
    made = inserting(plan, Plan.MANUAL, chosen, start * 60, start * 60 + 60, change)
    for weekday in WEEK:
        for hour in range(24):
            now = at(made, weekday, hour)
            if weekday not in chosen:
                assert now == at(plan, weekday, hour)
            elif hour == start:
                assert now == power * 10
            else:
                assert now in {at(plan, it, hour) for it in WEEK}
    week = parse_week(made.weeks_data()["custom_rate_plan"])
    assert week is not None
    assert week_holds_same(week, made.manual or ())
    named = [day for item in week for day in item.days]
    assert len(named) == len(set(named))


def at(plan: RatePlan, weekday: int, hour: int) -> int | None:
    """Return the power of an hour, None in a gap."""
    spans = day_of(plan.manual or (), weekday)
    found = [it for it in spans if it.holds_at(hour * 60)]
    assert len(found) <= 1
    return power_w(found[0]) if found else None


# -- the backup charge -------------------------------------------------------------


def backup(plan: RatePlan) -> Backup:
    """Return the backup charge."""
    assert plan.backup is not None
    return plan.backup


def test_backup_rules() -> None:
    """It starts now, takes three hours, and knows no seconds."""
    begin = NOW.replace(second=0)
    made = backed_up(read(), NOW, on=True)
    assert backup(made) == Backup(begin, begin + 3 * HOUR, on=True)
    made = backed_up(made, NOW, start=NOW + HOUR)
    assert backup(made) == Backup(begin + HOUR, begin + 3 * HOUR, on=True)
    made = backed_up(made, NOW, end=NOW + 2 * HOUR)
    assert backup(made) == Backup(begin + HOUR, begin + 2 * HOUR, on=True)
    made = backed_up(made, NOW, on=False)
    assert backup(made) == Backup(begin + HOUR, begin + 2 * HOUR, on=False)
    made = backed_up(made, NOW, duration=timedelta(minutes=1))
    assert backup(made).end == begin + HOUR + timedelta(minutes=5)


def test_backup_that_is_over_starts_anew() -> None:
    """Switched on again, it is not one of yesterday."""
    old = backed_up(read(), NOW - 48 * HOUR, on=True)
    made = backed_up(backed_up(old, NOW, on=False), NOW, on=True)
    begin = NOW.replace(second=0)
    assert backup(made) == Backup(begin, begin + 3 * HOUR, on=True)


def test_backup_of_no_sense() -> None:
    """It is refused before anything is sent."""
    for reason, times in (
        ("window_backwards", {"start": NOW + 2 * HOUR, "end": NOW + HOUR}),
        ("backup_over", {"start": NOW - 2 * HOUR, "end": NOW - HOUR}),
    ):
        with pytest.raises(InvalidRequest) as error:
            backed_up(read(), NOW, on=True, **times)
        assert error.value.reason == reason
