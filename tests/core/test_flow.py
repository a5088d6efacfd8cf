"""What is told of a site's flows: always in balance, and nothing invented."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.flow import (
    Balanced,
    FlowChoice,
    MeterKind,
    SiteFlow,
    SiteMeter,
    Totals,
    balanced,
    summed,
)

ALL = FlowChoice()
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)

POWERS = st.none() | st.floats(-20_000, 20_000)
TOTALS = st.none() | st.floats(0, 100_000)
METERS = st.lists(
    st.builds(
        SiteMeter,
        kind=st.sampled_from(MeterKind),
        grid_w=POWERS,
        import_kwh=TOTALS,
        export_kwh=TOTALS,
    ),
    max_size=2,
    unique_by=lambda meter: meter.kind,
).map(tuple)
FLOWS = st.builds(
    SiteFlow,
    production_w=POWERS,
    load_w=POWERS,
    has_battery=st.booleans(),
    battery_w=POWERS,
    state_of_charge=st.none() | st.floats(-1, 101),
    stored_kwh=st.none() | st.floats(0, 50),
    meters=METERS,
)
CHOICES = st.builds(
    FlowChoice,
    prefer_power_sensor=st.booleans(),
    use_power_sensor=st.booleans(),
    use_grid_meter=st.booleans(),
    use_battery=st.booleans(),
)


def meter(
    grid_w: float | None, kind: MeterKind = MeterKind.POWER_SENSOR, **totals: float
) -> SiteMeter:
    """Return a meter."""
    return SiteMeter(kind=kind, grid_w=grid_w, **totals)


def home(**changes: object) -> SiteFlow:
    """Return a home with all that there is, in balance: 4200 - 1850 - 1200 = 1150."""
    flow = SiteFlow(
        production_w=4200,
        has_battery=True,
        battery_w=-1200,
        state_of_charge=64,
        stored_kwh=6.4,
        meters=(meter(-1850, import_kwh=4310.02, export_kwh=9120.55),),
    )
    return replace(flow, **changes)  # type: ignore[arg-type]


@given(FLOWS, CHOICES)
def test_always_in_balance(flow: SiteFlow, choice: FlowChoice) -> None:
    """Whatever is known and wanted: consumption is exactly the sum of the others."""
    told = balanced(flow, choice)
    if told.consumption_w is not None:
        parts = (told.production_w, told.import_w, told.discharge_w)
        assert told.consumption_w == sum(part or 0 for part in parts)
        assert told.production_w is not None
        assert told.import_w is not None
        used = flow.has_battery and choice.use_battery
        assert (told.discharge_w is not None) is used
    assert told.production_w is None or told.production_w >= 0
    charge = told.state_of_charge
    assert charge is None or 0 <= charge <= 100


@given(FLOWS, CHOICES)
def test_nothing_is_invented(flow: SiteFlow, choice: FlowChoice) -> None:
    """A power is one that was measured, or follows from all the others that were."""
    told = balanced(flow, choice)
    battery = flow.battery_w if flow.has_battery else 0
    read = [item.grid_w for item in flow.meters if item.grid_w is not None]
    rest_known = flow.load_w is not None
    if flow.production_w is None and told.production_w is not None:
        assert rest_known
        assert read
        assert battery is not None
    if not read and told.import_w is not None:
        assert rest_known
        assert flow.production_w is not None
        assert battery is not None
    if flow.battery_w is None and told.discharge_w is not None:
        assert rest_known
        assert read
        assert flow.production_w is not None
    if not (flow.has_battery and choice.use_battery):
        battery_told = (told.discharge_w, told.state_of_charge, told.stored_kwh)
        assert battery_told == (None, None, None)


@given(FLOWS, CHOICES)
def test_meters_that_are_switched_off_tell_nothing(
    flow: SiteFlow, choice: FlowChoice
) -> None:
    """Their powers and totals are nowhere; without any meter only production is told."""
    off = {
        kind
        for kind, used in (
            (MeterKind.POWER_SENSOR, choice.use_power_sensor),
            (MeterKind.GRID_METER, choice.use_grid_meter),
        )
        if not used
    }
    changed = replace(
        flow,
        meters=tuple(
            replace(item, grid_w=-7.0, import_kwh=1.0) if item.kind in off else item
            for item in flow.meters
        ),
    )
    told = balanced(flow, choice)
    assert told == balanced(changed, choice)
    if flow.meters and all(item.kind in off for item in flow.meters):
        assert told == Balanced(production_w=told.production_w)


@given(FLOWS)
def test_zero_is_a_value(flow: SiteFlow) -> None:
    """0 is told, where None is not."""
    still = replace(
        flow,
        production_w=0,
        has_battery=True,
        battery_w=0,
        state_of_charge=0,
        meters=(meter(0, import_kwh=0, export_kwh=0),),
    )
    told = balanced(still, ALL)
    assert (told.production_w, told.import_w, told.discharge_w) == (0, 0, 0)
    assert (told.consumption_w, told.state_of_charge) == (0, 0)
    assert (told.import_kwh, told.export_kwh) == (0, 0)


def test_all_of_a_home() -> None:
    """The example of the dossier, section 2."""
    told = balanced(home(), ALL)
    assert told == Balanced(
        production_w=4200,
        import_w=-1850,
        consumption_w=1150,
        discharge_w=-1200,
        state_of_charge=64,
        stored_kwh=6.4,
        import_kwh=4310.02,
        export_kwh=9120.55,
        totals_of=MeterKind.POWER_SENSOR,
    )


def test_a_measured_load_gives_way_to_the_balance() -> None:
    """It is of another moment than the rest."""
    assert balanced(home(load_w=1190), ALL).consumption_w == 1150


def test_import_out_of_the_load() -> None:
    """Where nothing measures the grid: 2000 - 4200 + 1200."""
    told = balanced(home(load_w=2000, meters=()), ALL)
    assert (told.import_w, told.consumption_w) == (-1000, 2000)


def test_production_out_of_the_rest_is_not_negative() -> None:
    """Noise of different moments is no production."""
    flow = home(production_w=None, load_w=-3060)
    told = balanced(flow, ALL)
    assert told.production_w == 0
    assert told.consumption_w == -3050


def test_an_unknown_battery_leaves_the_load_unknown() -> None:
    """It is there, so that it may take or give anything."""
    told = balanced(home(battery_w=None), ALL)
    assert told.discharge_w is None
    assert told.consumption_w is None
    assert (told.production_w, told.import_w) == (4200, -1850)
    # Switched off it counts as part of the load.
    assert balanced(
        home(battery_w=None), FlowChoice(use_battery=False)
    ).consumption_w == (2350)


def test_battery_that_is_not_used_still_tells_the_import() -> None:
    """The grid is what it is, whether or not the battery is told."""
    told = balanced(home(load_w=2000, meters=()), FlowChoice(use_battery=False))
    assert told.import_w == -1000
    assert told.consumption_w == 3200


def test_sensor_that_is_offline_does_not_hide_the_meter() -> None:
    """Defect of the seed: the grid meter was never asked where a sensor exists."""
    both = home(
        meters=(
            meter(None),
            meter(-1500, MeterKind.GRID_METER, import_kwh=10, export_kwh=20),
        )
    )
    told = balanced(both, ALL)
    assert told.import_w == -1500
    assert told.consumption_w == 1500
    # Its totals are those of another meter: they would jump.
    assert (told.import_kwh, told.export_kwh) == (None, None)


@pytest.mark.parametrize(
    ("choice", "grid_w", "bought"),
    [
        (ALL, -1850, 1.0),
        (FlowChoice(prefer_power_sensor=False), -1500, 2.0),
        (FlowChoice(use_power_sensor=False), -1500, 2.0),
        (FlowChoice(prefer_power_sensor=False, use_grid_meter=False), -1850, 1.0),
        (FlowChoice(use_power_sensor=False, use_grid_meter=False), None, None),
    ],
)
def test_which_meter_counts(
    choice: FlowChoice, grid_w: int | None, bought: float | None
) -> None:
    """The preferred one of those that are on."""
    both = home(
        meters=(
            meter(-1500, MeterKind.GRID_METER, import_kwh=2),
            meter(-1850, import_kwh=1),
        )
    )
    told = balanced(both, choice)
    assert told.import_w == grid_w
    assert told.import_kwh == bought
    assert (told.consumption_w is None) is (grid_w is None)


@given(st.lists(st.tuples(TOTALS, TOTALS), max_size=8))
def test_totals_never_fall(series: list[tuple[float | None, float | None]]) -> None:
    """Whatever a meter says: what is told of it only rises, and is what it says."""
    totals = Totals()
    for bought, sold in series:
        told = totals.rising(Balanced(import_kwh=bought, export_kwh=sold))
        assert told.import_kwh in (None, bought)
        assert told.export_kwh in (None, sold)
        for now, before in (
            (told.import_kwh, totals.import_kwh),
            (told.export_kwh, totals.export_kwh),
        ):
            assert now is None or before is None or now >= before
        totals = totals.after(told)


def test_a_total_that_has_fallen_is_left_out() -> None:
    """The other one is told all the same, and this one again once it is higher."""
    totals = Totals().after(Balanced(import_kwh=10, export_kwh=20))
    assert totals.rising(Balanced(import_kwh=1, export_kwh=20)) == Balanced(
        export_kwh=20
    )
    later = totals.after(totals.rising(Balanced(import_kwh=1, export_kwh=21)))
    assert later == Totals(10, 21)
    assert later.rising(Balanced(import_kwh=10.5)).import_kwh == 10.5


def test_sum_of_inverters() -> None:
    """Powers are added, the charge is weighted by capacity, the oldest time counts."""
    big = home(state_of_charge=50, stored_kwh=10, measured_at=NOW, meters=())
    small = home(
        production_w=800,
        battery_w=200,
        state_of_charge=100,
        stored_kwh=5,
        measured_at=NOW - timedelta(minutes=5),
        meters=(),
    )
    flow = summed([big, small])
    assert flow is not None
    assert (flow.production_w, flow.battery_w) == (5000, -1000)
    assert flow.state_of_charge == 60  # 15 of 25 kWh
    assert flow.stored_kwh == 15
    assert flow.measured_at == NOW - timedelta(minutes=5)
    # Without capacities: the mean; without a battery: that of the other one.
    assert summed([replace(big, stored_kwh=None), small]).state_of_charge == 75  # type: ignore[union-attr]
    alone = summed([big, SiteFlow(production_w=100)])
    assert alone is not None
    assert (alone.battery_w, alone.state_of_charge) == (-1200, 50)
    # One that is silent leaves the sum unknown.
    silent = summed([big, replace(small, production_w=None, state_of_charge=None)])
    assert silent is not None
    assert (silent.production_w, silent.state_of_charge) == (None, None)
    assert summed([]) is None


def test_totals_are_of_one_meter() -> None:
    """Those of another kind of meter are not told, higher or not: they would jump."""
    sensor, grid_meter = MeterKind.POWER_SENSOR, MeterKind.GRID_METER
    totals = Totals().after(Balanced(totals_of=sensor))
    assert totals == Totals()
    totals = totals.after(Balanced(import_kwh=77, totals_of=grid_meter))
    other = Balanced(import_kwh=9120, export_kwh=1, totals_of=sensor)
    assert totals.rising(other) == Balanced(totals_of=sensor)
    assert totals.after(totals.rising(other)) == totals
    own = Balanced(import_kwh=78, totals_of=grid_meter)
    assert totals.rising(own) == own


@pytest.mark.parametrize(
    ("grid_w", "contradictory"),
    [(-1000, False), (-1400, False), (-1600, True), (-5000, True), (300, False)],
)
def test_more_goes_out_than_comes_in(grid_w: float, contradictory: bool) -> None:
    """A few watts are the clocks of the meters; kilowatts are a missing inverter."""
    flow = SiteFlow(production_w=1000, meters=(meter(grid_w),))
    assert balanced(flow, ALL).is_contradictory is contradictory
    assert not balanced(replace(flow, production_w=None), ALL).is_contradictory


def test_slack_of_a_big_site() -> None:
    """5 % of what it feeds in."""
    big = SiteFlow(production_w=100_000, meters=(meter(-104_000),))
    assert not balanced(big, ALL).is_contradictory
    assert balanced(replace(big, production_w=95_000), ALL).is_contradictory


def test_in_the_dark() -> None:
    """Panels give nothing then, told or not; a source that is silent stays silent."""
    dark = home(production_w=None).in_the_dark()
    assert dark.production_w == 0
    assert home().in_the_dark() == home()
    silent = SiteFlow(production_w=None, has_battery=True, state_of_charge=50)
    assert silent.in_the_dark() == silent
