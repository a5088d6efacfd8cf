"""What flows in a plant (dossier 11): sums, balances, and what is not known."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.vendors.fusionsolar.batteries import (
    BatteryConvention,
    BatteryEvidence,
)
from custom_components.joulekeeper.vendors.fusionsolar.flows import (
    BatteryNow,
    flow_of,
    mean_charge,
    produced_w,
    total,
)
from custom_components.joulekeeper.vendors.fusionsolar.readings import (
    Battery,
    Inverter,
    parse_reading,
)

from .examples import BATTERY_DAY, INVERTER_AWAY, INVERTER_DAY
from .house import Truth

INSIDE = BatteryEvidence().convention(39)
OUTSIDE = BatteryEvidence().convention(41)
WATTS = st.floats(0, 20_000).map(lambda value: round(value, 1))


def inverter(items: Any) -> Inverter:
    """Return an inverter."""
    reading = parse_reading(items, 38)
    assert isinstance(reading, Inverter)
    return reading


def battery(items: Any, convention: BatteryConvention = INSIDE) -> BatteryNow:
    """Return a battery."""
    reading = parse_reading(items, 39)
    assert isinstance(reading, Battery)
    return BatteryNow(battery=reading, convention=convention)


def test_examples() -> None:
    """The day and the evening of dossier 7.5."""
    day = flow_of([inverter(INVERTER_DAY)], [battery(BATTERY_DAY)], -1850)
    assert (day.pv_w, day.battery_w, day.grid_w, day.load_w) == (
        *(4200, -1200, -1850),
        1100,
    )
    assert (day.inverter_w, day.state_of_charge, day.pv_estimated) == (2950, 64, False)
    evening = flow_of(
        [inverter({**INVERTER_DAY, "active_power": 0.65, "mppt_power": 0.0})],
        [battery({**BATTERY_DAY, "ch_discharge_power": -700.0})],
        150,
    )
    assert (evening.pv_w, evening.battery_w, evening.load_w) == (0, 700, 800)
    night = flow_of([inverter({"active_power": 0.0, "mppt_power": 0.0})], [], 640)
    assert (night.pv_w, night.battery_w, night.load_w) == (0, None, 640)


@given(
    st.lists(st.tuples(WATTS, st.floats(-5000, 5000)), min_size=1, max_size=4),
    WATTS,
    st.booleans(),
)
def test_balance(units: list[tuple[float, float]], load: float, inside: bool) -> None:
    """House = sun + import + discharge, for several inverters and batteries."""
    truths = [
        Truth(pv=pv, load=0, discharge=round(power, 1), inside=inside)
        for pv, power in units
    ]
    grid = load - sum(truth.pv + truth.discharge for truth in truths)
    convention = INSIDE if inside else OUTSIDE
    kind = 39 if inside else 41
    batteries = [
        BatteryNow(
            battery=truth.battery_reading(kind, convention.charge_positive),
            convention=convention,
        )
        for truth in truths
    ]
    inverters = [truth.inverter_reading() for truth in truths]
    flow = flow_of(inverters, batteries, grid)
    assert flow.load_w == pytest.approx(load, abs=0.1)
    assert flow.pv_w is not None
    assert flow.battery_w is not None
    assert flow.pv_w + grid + flow.battery_w == pytest.approx(load, abs=0.1)
    produced = produced_w(inverters, batteries)
    assert produced is not None
    assert produced + grid == pytest.approx(load, abs=0.1)
    # Without the DC side the sun is what is left, as far as it can be.
    blind = [inverter({"active_power": truth.inverter / 1000}) for truth in truths]
    guess = flow_of(blind, batteries, grid)
    assert guess.pv_estimated
    assert guess.pv_w == pytest.approx(flow.pv_w, abs=0.1)
    assert guess.load_w == flow.load_w


def test_unknown_parts() -> None:
    """What is missing makes its sums unknown, and no others."""
    known = inverter(INVERTER_DAY)
    away = inverter(INVERTER_AWAY)
    flow = flow_of([known, away], [battery(BATTERY_DAY)], -1850)
    assert (flow.pv_w, flow.inverter_w, flow.load_w) == (None, None, None)
    assert (flow.grid_w, flow.battery_w) == (-1850, -1200)

    lost = battery({**BATTERY_DAY, "battery_status": 0.0})
    flow = flow_of([known], [battery(BATTERY_DAY), lost], -1850)
    assert (flow.battery_w, flow.state_of_charge) == (None, None)
    # The inverter's power holds it.
    assert (flow.pv_w, flow.load_w) == (4200, 1100)
    outside = BatteryNow(battery=lost.battery, convention=OUTSIDE)
    assert flow_of([known], [outside], -1850).load_w is None
    blind = inverter({"active_power": 2.95})
    assert flow_of([blind], [lost], -1850).pv_w is None
    assert flow_of([blind], [], -1850).pv_w == 2950

    flow = flow_of([known], [], None)
    assert (flow.load_w, flow.shown_load_w) == (None, None)
    assert flow_of([], [], 5).load_w is None


def test_small_negative_loads() -> None:
    """They are summed up as they are, and shown as nothing."""
    flow = flow_of([inverter({"active_power": 1.0})], [], -1020)
    assert (flow.load_w, flow.shown_load_w) == (-20, 0)


def test_mean_charge() -> None:
    """Weighted by the batteries' power, if all tell theirs."""

    def at(soc: float | None, power: float | None) -> Battery:
        return battery({"battery_soc": soc, "max_discharge_power": power}).battery

    assert mean_charge([at(20, 5000), at(80, 2500)]) == 40
    assert mean_charge([at(20, 5000), at(80, None)]) == 50
    assert mean_charge([at(20, 0), at(80, 2500)]) == 50
    assert mean_charge([at(20, 5000), at(None, 2500)]) is None
    assert mean_charge([]) is None


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=6))
def test_total(parts: list[float | None]) -> None:
    """All or nothing; none of nothing."""
    known = [part for part in parts if part is not None]
    if parts and len(known) == len(parts):
        assert total(parts) == pytest.approx(sum(known), abs=0.001)
    else:
        assert total(parts) is None
