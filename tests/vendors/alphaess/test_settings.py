"""What can be set: read, checked, and written in full."""

from dataclasses import replace
from datetime import time
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import InvalidRequest, Rejected
from custom_components.joulekeeper.vendors.alphaess.periodic import (
    Period,
    PeriodicSchedule,
)
from custom_components.joulekeeper.vendors.alphaess.settings import (
    UNUSED,
    ChargeSettings,
    DischargeSettings,
    TimeWindow,
    check_apart,
)

from .conftest import A, B

NIGHT = TimeWindow(time(2), time(4, 30))
EVENING = TimeWindow(time(17), time(21))
CHARGE = ChargeSettings(enabled=True, slots=(NIGHT, UNUSED), target_soc=90.0)
DISCHARGE = DischargeSettings(enabled=True, slots=(EVENING, UNUSED), floor_soc=5)
CHARGE_BODY = {
    "sysSn": A,
    "batHighCap": 90,
    "gridCharge": 1,
    "timeChaf1": "02:00",
    "timeChae1": "04:30",
    "timeChaf2": "00:00",
    "timeChae2": "00:00",
}
DISCHARGE_BODY = {
    "sysSn": A,
    "batUseCap": 5,
    "ctrDis": 1,
    "timeDisf1": "17:00",
    "timeDise1": "21:00",
    "timeDisf2": "00:00",
    "timeDise2": "00:00",
}
PERIODIC = {
    "sysSn": B,
    "executeCycleType": 1,
    "gridChargeCycle": 0,
    "ctrDisCycle": 0,
    "chargeTimeList": [
        {
            "executeCycleType": 1,
            "strategyType": 0,
            "beginTime": "01:00",
            "endTime": "05:00",
            "weeks": [6, 5, 4, 3, 2, 1, 7],
            "sort": 1,
            "chargePower": 5000,
            "chargeLimit": 90.0,
        }
    ],
    "dischargeTimeList": [
        {
            "executeCycleType": 1,
            "strategyType": 1,
            "beginTime": "17:00",
            "endTime": "21:00",
            "weeks": [1, 2, 3, 4, 5],
            "sort": 1,
            "chargePower": 3000,
            "chargeLimit": 20.0,
        }
    ],
}
PERIOD = Period(
    window=NIGHT, weekdays=frozenset(range(7)), power_w=5000, limit_soc=80.0
)
DRAIN = Period(
    window=EVENING, weekdays=frozenset(range(5)), power_w=3000, limit_soc=20.5
)
SCHEDULE = PeriodicSchedule(
    cycle=1,
    charge_enabled=True,
    discharge_enabled=False,
    charge=(PERIOD,),
    discharge=(DRAIN,),
)
HOURS = [TimeWindow(time(hour), time(hour + 1)) for hour in range(23)]


def reason_of(call: Any) -> str | None:
    """Return why something is refused; a refusal counts as one of the cloud."""
    with pytest.raises(InvalidRequest) as raised:
        call()
    assert isinstance(raised.value, Rejected)
    return raised.value.reason


def test_daily_stores() -> None:
    """What is written is what is read, field for field."""
    assert CHARGE.as_body(A) == CHARGE_BODY
    assert list(CHARGE.as_body(A)) == list(CHARGE_BODY)
    assert ChargeSettings.parse(CHARGE_BODY) == CHARGE
    assert CHARGE.windows == (NIGHT,)
    assert DISCHARGE.as_body(A) == DISCHARGE_BODY
    assert DischargeSettings.parse(DISCHARGE_BODY) == DISCHARGE
    assert DISCHARGE.windows == (EVENING,)
    texts = {key: str(value) for key, value in CHARGE_BODY.items()}
    assert ChargeSettings.parse(texts) == CHARGE


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [
        ("9:00", "10:15", TimeWindow(time(9), time(10, 15))),
        ("23:00", "24:00", TimeWindow(time(23), time())),
        ("25:00", "10:00", None),
        ("09:00", None, None),
        ("nine", "10:00", None),
        (900, 1000, None),
    ],
)
def test_windows(start: Any, end: Any, window: TimeWindow | None) -> None:
    """Whatever is readable is read; what is not is unknown, not unused."""
    assert TimeWindow.parse(start, end) == window
    raw = CHARGE_BODY | {"timeChaf2": start, "timeChae2": end}
    assert ChargeSettings.parse(raw).slots == (NIGHT, window)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (replace(CHARGE, enabled=None), "settings_unknown"),
        (replace(CHARGE, target_soc=None), "settings_unknown"),
        (replace(CHARGE, slots=(NIGHT, None)), "settings_unknown"),
        (replace(CHARGE, target_soc=100.5), "percent_out_of_range"),
        (replace(CHARGE, target_soc=-1), "percent_out_of_range"),
        (replace(CHARGE, target_soc=float("nan")), "percent_out_of_range"),
        (
            replace(CHARGE, slots=(TimeWindow(time(2, 7), time(3)), UNUSED)),
            "off_grid",
        ),
        (
            replace(CHARGE, slots=(TimeWindow(time(2), time(3, 0, 1)), UNUSED)),
            "off_grid",
        ),
        (replace(DISCHARGE, floor_soc=101), "percent_out_of_range"),
        (replace(DISCHARGE, enabled=None), "settings_unknown"),
        (ChargeSettings.parse({}), "settings_unknown"),
        (DischargeSettings.parse({}), "settings_unknown"),
    ],
)
def test_daily_stores_that_are_not_sent(settings: Any, reason: str) -> None:
    """What is unknown or out of range does not reach the cloud."""
    assert reason_of(lambda: settings.as_body(A)) == reason


def test_daily_stores_apart() -> None:
    """Windows of both stores may touch, but not overlap while both are in force."""
    check_apart(CHARGE, DISCHARGE)
    touching = replace(CHARGE, slots=(UNUSED, TimeWindow(time(16), time(17))))
    check_apart(touching, DISCHARGE)
    late = TimeWindow(time(20, 45), time(6))
    assert late.over_midnight
    across = replace(CHARGE, slots=(UNUSED, late))
    assert reason_of(lambda: check_apart(across, DISCHARGE)) == "overlap"
    check_apart(replace(across, enabled=False), DISCHARGE)


def test_periodic_schedule() -> None:
    """The recorded shape is read; what is written has just the keys that are taken."""
    read = PeriodicSchedule.parse(PERIODIC)
    # Flags that read as 0 say nothing.
    assert (read.charge_enabled, read.discharge_enabled) == (None, None)
    assert read.charge == (
        replace(PERIOD, window=TimeWindow(time(1), time(5)), limit_soc=90),
    )
    assert read.discharge == (replace(DRAIN, limit_soc=20),)
    assert PeriodicSchedule.parse(PERIODIC | {"gridChargeCycle": 1}).charge_enabled
    assert SCHEDULE.as_body(B) == {
        "sysSn": B,
        "executeCycleType": 1,
        "gridChargeCycle": 1,
        "ctrDisCycle": 0,
        "chargeTimeList": [
            {
                "beginTime": "02:00",
                "endTime": "04:30",
                "weeks": [1, 2, 3, 4, 5, 6, 7],
                "chargePower": 5000,
                "chargeLimit": 80,
            }
        ],
        "dischargeTimeList": [
            {
                "beginTime": "17:00",
                "endTime": "21:00",
                "weeks": [1, 2, 3, 4, 5],
                "chargePower": 3000,
                "chargeLimit": 20.5,
            }
        ],
    }


def test_daily_periodic_schedule() -> None:
    """Without weekdays it means every day, and power need not be told."""
    daily = replace(
        SCHEDULE,
        cycle=0,
        charge=(replace(PERIOD, weekdays=None, power_w=None),),
        discharge=(replace(DRAIN, weekdays=None),),
    )
    (element,) = daily.as_body(B)["chargeTimeList"]
    assert element == {"beginTime": "02:00", "endTime": "04:30", "chargeLimit": 80}


@pytest.mark.parametrize("weeks", [[0, 1], [8], ["x"], [], None, 5])
def test_weekdays_that_are_none(weeks: Any) -> None:
    """A list with a day that is none is not known, and not written back shorter."""
    assert Period.parse({"weeks": weeks}).weekdays is None


def shifted(period: Period, **changes: Any) -> tuple[Period, ...]:
    """Return a list with one changed period."""
    return (replace(period, **changes),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cycle": None}, "cycle_unknown"),
        ({"cycle": 2}, "cycle_unknown"),
        ({"charge_enabled": None}, "flags_unknown"),
        ({"discharge_enabled": None}, "flags_unknown"),
        ({"charge": ()}, "charge_list_empty"),
        ({"discharge": ()}, "discharge_list_empty"),
        ({"charge": shifted(PERIOD, window=None)}, "settings_unknown"),
        ({"charge": shifted(PERIOD, window=UNUSED)}, "window_empty"),
        (
            {"charge": shifted(PERIOD, window=TimeWindow(time(1, 5), time(2)))},
            "off_grid",
        ),
        ({"charge": shifted(PERIOD, limit_soc=9)}, "percent_out_of_range"),
        ({"charge": shifted(PERIOD, limit_soc=101)}, "percent_out_of_range"),
        ({"charge": shifted(PERIOD, limit_soc=None)}, "settings_unknown"),
        ({"charge": shifted(PERIOD, power_w=0)}, "power_not_positive"),
        ({"charge": shifted(PERIOD, power_w=-5)}, "power_not_positive"),
        ({"charge": shifted(PERIOD, power_w=2000.5)}, "power_not_positive"),
        ({"charge": shifted(PERIOD, weekdays=None)}, "weekdays_missing"),
        ({"charge": shifted(PERIOD, weekdays=frozenset())}, "weekdays_missing"),
        ({"charge": shifted(PERIOD, weekdays=frozenset({7}))}, "weekdays_missing"),
        ({"charge": shifted(PERIOD, window=EVENING)}, "overlap"),
        (
            {
                "charge": tuple(replace(PERIOD, window=hour) for hour in HOURS[:6]),
            },
            "too_many_a_day",
        ),
        (
            {
                "charge": tuple(
                    replace(PERIOD, window=hour, weekdays=frozenset({day}))
                    for hour in HOURS[:4]
                    for day in range(7)
                ),
            },
            "too_many_a_week",
        ),
    ],
)
def test_periodic_schedules_that_are_not_sent(
    changes: dict[str, Any], reason: str
) -> None:
    """What the cloud would refuse, or take and ignore, is not sent."""
    assert reason_of(lambda: replace(SCHEDULE, **changes).as_body(B)) == reason


def test_periods_may_touch_and_fill_a_day() -> None:
    """Six a day are taken, other weekdays do not overlap, and midnight is crossed."""
    weekend = frozenset({5, 6})
    same_hours = replace(
        SCHEDULE, charge=shifted(PERIOD, window=EVENING, weekdays=weekend)
    )
    same_hours.as_body(B)
    # From Sunday night into Monday, when the other one begins.
    wrapped = replace(
        SCHEDULE,
        charge=shifted(
            PERIOD, window=TimeWindow(time(22), time(6)), weekdays=frozenset({6})
        ),
        discharge=shifted(DRAIN, window=TimeWindow(time(5, 45), time(7))),
    )
    assert reason_of(lambda: wrapped.as_body(B)) == "overlap"
    full = tuple(replace(PERIOD, window=hour) for hour in HOURS[:5])
    assert len(replace(SCHEDULE, charge=full).as_body(B)["chargeTimeList"]) == 5


QUARTERS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


@given(
    start=QUARTERS,
    end=QUARTERS,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    power=st.none() | st.integers(1, 100000),
    limit=st.integers(10, 100),
)
def test_periods_come_back_as_they_were(
    start: time,
    end: time,
    weekdays: frozenset[int],
    power: int | None,
    limit: int,
) -> None:
    """Writing and reading a period loses nothing."""
    period = Period(
        window=TimeWindow(start, end), weekdays=weekdays, power_w=power, limit_soc=limit
    )
    if start == end:
        assert reason_of(period.as_element) == "window_empty"
    else:
        assert Period.parse(period.as_element()) == period
        length = len(TimeWindow(start, end).quarters({0}))
        assert 0 < length < 96
