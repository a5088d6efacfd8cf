"""The simulated house is honest: energy balances, limits hold, reading is free."""

from datetime import UTC, datetime, timedelta
from math import inf

from hypothesis import given, settings, strategies as st
import pytest

from .house import Caps, Control, Energy, House, HouseSpec, Mode, Reading

START = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
STEP = timedelta(minutes=1)

_cap = st.one_of(st.just(inf), st.floats(0, 8000))
controls = st.builds(
    Control,
    mode=st.sampled_from(Mode),
    power_w=st.floats(0, 12000),
    caps=st.builds(Caps, _cap, _cap, _cap, _cap, _cap),
    extra_load_w=st.floats(0, 12000),
)
specs = st.builds(
    HouseSpec,
    battery_kwh=st.sampled_from([0, 2, 7.1, 14.2]),
    initial_soc=st.floats(0.1, 1),
    base_load_w=st.floats(0, 3000),
    latitude=st.floats(-60, 60),
)


def _run(spec: HouseSpec, plan: list[Control], seed: int = 3) -> list[Reading]:
    house = House(spec, START, seed, STEP)
    hours = list(
        house.advance(
            START + timedelta(hours=len(plan)) - STEP,
            lambda t: plan[int((t - START) / timedelta(hours=1))],
        )
    )
    return [*hours, Reading(house.time, hours[-1].flow, house.energy, house.soc)]


@settings(max_examples=60)
@given(spec=specs, plan=st.lists(controls, min_size=1, max_size=12))
def test_energy_balances_and_limits_hold(spec: HouseSpec, plan: list[Control]) -> None:
    """Sources and sinks are equal at every step, whatever is commanded."""
    readings = _run(spec, plan)
    for n, reading in enumerate(readings[:-1]):
        flow, caps = reading.flow, plan[n // 60].caps
        assert flow.pv_w + flow.grid_w + flow.battery_w == pytest.approx(flow.load_w)
        assert sum(flow.pv_strings_w) == pytest.approx(flow.pv_w)
        assert 0 <= flow.pv_w <= caps.max_generation_w + 1e-6
        assert -flow.grid_w <= min(spec.max_export_w, caps.max_export_w) + 1e-6
        assert -flow.battery_w <= min(spec.max_charge_w, caps.max_charge_w) + 1e-6
        assert flow.battery_w <= caps.max_discharge_w + 1e-6
        if reading.soc is not None:
            assert 0 <= reading.soc <= 1 + 1e-9
    e = readings[-1].energy
    assert e.pv + e.imported + e.discharged == pytest.approx(
        e.load + e.exported + e.charged
    )
    if spec.battery_kwh:
        stored = e.charged * spec.charge_efficiency
        stored -= e.discharged / spec.discharge_efficiency
        first, last = readings[0].soc, readings[-1].soc
        assert first is not None
        assert last is not None
        assert (last - first) * spec.battery_kwh == pytest.approx(stored)


def test_it_does_not_matter_when_it_is_read() -> None:
    """One long look and many short ones see the same house."""
    end = START + timedelta(hours=30)
    long, short = (House(HouseSpec(), START, 7, STEP) for _ in range(2))
    at_once = list(long.advance(end, lambda _: Control()))
    bits: list[Reading] = []
    now = START
    while now <= end:
        bits += short.advance(now, lambda _: Control())
        now += timedelta(seconds=137)
    bits += short.advance(end, lambda _: Control())
    assert bits == at_once


@pytest.mark.parametrize(
    ("mode", "watts", "grid", "battery"),
    [
        (Mode.SELF_USE, 0, 0.0, None),
        (Mode.CHARGE, 2000, None, -2000.0),
        (Mode.DISCHARGE, 2500, None, 2500.0),
        (Mode.IMPORT, 1500, 1500.0, None),
        (Mode.EXPORT, 1200, -1200.0, None),
        (Mode.HOLD, 0, None, 0.0),
    ],
)
def test_modes_at_night(
    mode: Mode, watts: float, grid: float | None, battery: float | None
) -> None:
    """Each mode holds what it is about."""
    night = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 01:00 in Brisbane
    house = House(HouseSpec(initial_soc=0.6), night, 1, STEP)
    flow = house.flow(night, Control(mode, watts))
    assert flow.pv_w == 0
    if grid is not None:
        assert flow.grid_w == pytest.approx(grid)
    if battery is not None:
        assert flow.battery_w == pytest.approx(battery)


def test_a_day_looks_like_a_day() -> None:
    """Sun by day only, most of it around noon, and all counters move."""
    readings = _run(HouseSpec(), [Control()] * 24)
    by_hour = [r.flow.pv_w for r in readings[:-1:60]]  # UTC; noon is 02:00 UTC
    assert max(by_hour) > 3000
    assert by_hour[2] > by_hour[6]
    assert all(by_hour[h] == 0 for h in range(10, 18))
    assert all(value > 0.5 for value in Energy(*readings[-1].energy))
