"""FusionSolar: energies as statistics see them, and signs and units that differ."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from ..clouds.fusionsolar import Behaviour
from .conftest import (
    FUSION,
    FUSION_BATTERY,
    FUSION_INVERTER,
    FUSION_METER,
    FusionHouse,
    OpenFusionHouse,
)
from .daily_sums import Statistics
from .test_fusionsolar_entities import METER, NIGHT, device, value

MINUTE = timedelta(minutes=1)
EVENING = datetime(2026, 11, 20, 10, 2, 30, tzinfo=UTC)
"""Nine in the evening in Sydney."""
COUNTERS = {
    "solar_energy_today": (FUSION_INVERTER, "pv"),
    "charge_energy_today": (FUSION_BATTERY, "charged"),
    "discharge_energy_today": (FUSION_BATTERY, "discharged"),
    "yield_today": (FUSION, "pv"),
    "load_energy_today": (FUSION, "load"),
}


def counted(house: FusionHouse) -> Mapping[str, float]:
    """Return what the cloud was told that the house has counted since ever."""
    energy = house.cloud.truth(FUSION).totals.energy
    return {key: getattr(energy, name) for key, (_, name) in COUNTERS.items()}


@pytest.mark.parametrize("restarts", [False, True])
async def test_midnight(open_fusion_house: OpenFusionHouse, restarts: bool) -> None:
    """Nothing falls, nothing counts twice and hardly anything is lost."""
    house = await open_fusion_house(now=EVENING, history=timedelta(hours=14))
    before = counted(house)
    statistics = Statistics(
        house, {key: owner for key, (owner, _) in COUNTERS.items()}, 3 * MINUTE
    )
    for _ in range(12):
        await statistics.watch(timedelta(hours=1))
        if restarts:
            await house.reload()
            statistics.look()
    after = counted(house)
    for key, told in statistics.sums.items():
        truth = after[key] - before[key]
        # What is counted between the last look of a day and its end is never told.
        assert told <= truth + 0.1, key
        lost = {
            "yield_today": 2.5,
            "solar_energy_today": 0.3,
            "load_energy_today": truth,
        }.get(key, 0.15)
        assert truth - lost <= told, key
        assert truth > 0.1 or key == "charge_energy_today", key


# -- signs and units -----------------------------------------------------------

CONVENTIONS = [
    ("A", {"sensor_sign": "import"}, {"sensor_sign": "import"}),
    ("B", {"sensor_sign": "import"}, {"meter_sign": "import"}),
    ("B", {"meter_unit": "W"}, {"meter_unit": "watt"}),
    ("E", {"emma_sign": "export"}, {"emma_sign": "export"}),
    ("F", {"ess_sign": "charge"}, {"ess_sign": "charge"}),
]


def assert_true(house: FusionHouse) -> None:
    """Compare what is shown with what the house did lately."""
    shown = {key: value(house, key) for key in ("grid_power", "load_power")}
    newest = house.cloud.truth(house.main)
    records = house.cloud.plant(house.main).recorder.records
    # Not each of them is asked for.
    flows = [records[newest.mark - n].flow for n in range(4)]
    assert any(
        shown["grid_power"] == pytest.approx(flow.grid_w, abs=2)
        and shown["load_power"] == pytest.approx(flow.load_w, abs=5)
        and (
            not flow.battery_w
            or value(house, "battery_power") == pytest.approx(flow.battery_w, abs=2)
        )
        for flow in flows
    ), (shown, flows)


async def open_odd(
    open_fusion_house: OpenFusionHouse, fixture: str, behaviour: Mapping[str, Any]
) -> FusionHouse:
    """Return a plant at night whose numbers mean something else than usual."""
    house = await open_fusion_house(
        fixture=fixture, now=NIGHT, behaviour=Behaviour(**behaviour)
    )
    if "ess_sign" not in behaviour:
        # Then the house lives on the grid.
        house.cloud.set_soc(house.main, 0)
    return house


@pytest.mark.parametrize(("fixture", "behaviour", "options"), CONVENTIONS)
async def test_conventions_are_found_out(
    open_fusion_house: OpenFusionHouse,
    fixture: str,
    behaviour: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Within some hours of a night, and for good."""
    house = await open_odd(open_fusion_house, fixture, behaviour)
    await house.pass_time(timedelta(hours=3))
    assert_true(house)
    await house.reload()
    assert_true(house)
    await house.pass_time(timedelta(hours=9))
    assert house.cloud.truth(house.main).flow.pv_w > 1000
    assert_true(house)


@pytest.mark.parametrize(("fixture", "behaviour", "options"), CONVENTIONS)
async def test_conventions_that_are_chosen(
    open_fusion_house: OpenFusionHouse,
    fixture: str,
    behaviour: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """What the user says holds at once."""
    house = await open_odd(open_fusion_house, fixture, behaviour)
    await house.pass_time(6 * MINUTE)
    house.hass.config_entries.async_update_entry(
        house.entry, options={**house.entry.options, **options}
    )
    await house.reload()
    assert_true(house)


async def test_unit_that_a_reading_shows(open_fusion_house: OpenFusionHouse) -> None:
    """Voltage and current tell what a meter's power is at once."""
    house = await open_fusion_house(fixture="B", behaviour=Behaviour(meter_unit="W"))
    flow = house.cloud.truth(house.main).flow
    assert value(house, "grid_power") == pytest.approx(flow.grid_w, abs=2)


@pytest.mark.parametrize("sign", ["export", "import"])
async def test_counters_follow_the_sign(
    open_fusion_house: OpenFusionHouse, sign: str
) -> None:
    """What is imported is imported, whichever way the meter counts as positive."""
    house = await open_fusion_house(
        fixture="B",
        behaviour=Behaviour(sensor_sign=sign),  # type: ignore[arg-type]
    )
    house.hass.config_entries.async_update_entry(
        house.entry, options={**house.entry.options, "meter_sign": sign}
    )
    await house.reload()
    energy, meter = house.cloud.truth(house.main).totals.energy, device(house, METER)
    imported = value(house, "grid_import_energy", meter)
    assert imported == pytest.approx(energy.imported, abs=0.01)
    exported = value(house, "grid_export_energy", meter)
    assert exported == pytest.approx(energy.exported, abs=0.01)


async def test_counters_are_not_swapped(open_fusion_house: OpenFusionHouse) -> None:
    """A meter that counts the other way is told, and statistics book no lifetime."""
    house = await open_fusion_house(
        now=EVENING, behaviour=Behaviour(sensor_sign="import")
    )
    keys = ("grid_import_energy", "grid_export_energy")
    last = {key: value(house, key, FUSION_METER) for key in keys}
    sums = dict.fromkeys(keys, 0.0)
    house.cloud.set_soc(FUSION, 0)
    before = house.cloud.truth(FUSION).totals.energy
    for hour in range(8):
        # Three different hours of a night have to agree about it.
        assert hour == 2 or (swapped(house) is None) is (hour < 2)
        await house.pass_time(timedelta(hours=1))
        if hour == 5:
            await house.reload()
        for key in keys:
            told = value(house, key, FUSION_METER)
            # A counter that falls is taken to have begun anew.
            sums[key] += told - last[key] if told >= last[key] else told
            last[key] = told
    after = house.cloud.truth(FUSION).totals.energy
    assert after.imported - before.imported > 2
    # What was imported counts as exported, but it is no more than that.
    assert sums["grid_export_energy"] == pytest.approx(
        after.imported - before.imported, abs=0.3
    )
    assert sums["grid_import_energy"] < 0.3
    # The power is right by now.
    assert value(house, "grid_power") > 0
    told_of = swapped(house)
    assert told_of is not None
    assert told_of.translation_placeholders is not None
    assert told_of.translation_placeholders["about"] == (
        "- A positive power of the power sensor means: Import"
    )
    house.hass.config_entries.async_update_entry(
        house.entry, options={**house.entry.options, "sensor_sign": "import"}
    )
    await house.reload()
    assert swapped(house) is None
    imported = value(house, "grid_import_energy", FUSION_METER)
    assert imported == pytest.approx(after.imported, abs=0.1)


def swapped(house: FusionHouse) -> ir.IssueEntry | None:
    """Return the repair that tells of counters shown the wrong way round."""
    issue_id = f"counters_swapped_{house.entry.entry_id}"
    return ir.async_get(house.hass).async_get_issue(DOMAIN, issue_id)


# -- the Energy dashboard ------------------------------------------------------


async def test_energy_dashboard(
    recorder_mock: None, open_fusion_house: OpenFusionHouse
) -> None:
    """It takes the sensors that the README names."""
    house = await open_fusion_house()
    hass = house.hass
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    ids = {
        key: house.entity_id("sensor", key, owner)
        for key, owner in (
            ("dc_energy", FUSION_INVERTER),
            ("grid_import_energy", FUSION_METER),
            ("grid_export_energy", FUSION_METER),
            ("charge_energy_today", FUSION_BATTERY),
            ("discharge_energy_today", FUSION_BATTERY),
        )
    }
    await manager.async_update(
        {
            "energy_sources": [
                {
                    "type": "grid",
                    "stat_energy_from": ids["grid_import_energy"],
                    "stat_cost": None,
                    "entity_energy_price": None,
                    "number_energy_price": None,
                    "stat_energy_to": ids["grid_export_energy"],
                    "stat_compensation": None,
                    "entity_energy_price_export": None,
                    "number_energy_price_export": None,
                    "cost_adjustment_day": 0.0,
                },
                {
                    "type": "solar",
                    "stat_energy_from": ids["dc_energy"],
                    "config_entry_solar_forecast": None,
                },
                {
                    "type": "battery",
                    "stat_energy_from": ids["discharge_energy_today"],
                    "stat_energy_to": ids["charge_energy_today"],
                },
            ]
        }
    )
    found = (await async_validate(hass)).as_dict()
    wrong = [
        issue
        for source in found["energy_sources"]
        for issue in source
        # They are only now so new that there are none.
        if issue["type"] != "statistics_not_defined"
    ]
    assert wrong == []
