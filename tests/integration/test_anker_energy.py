"""Anker: energies as Home Assistant's statistics see them, over midnight and restarts."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.const import STATE_UNKNOWN
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from ..clouds.anker import Behaviour
from .conftest import AnkerHouse, OpenAnkerHouse
from .daily_sums import Statistics
from .test_anker_entities import MINUTE, has, value

HOUR: Final = timedelta(hours=1)
EVENING: Final = datetime(2026, 5, 4, 19, 32, 30, tzinfo=UTC)
"""Half past nine in Berlin: the sun is down, the battery in use."""
FIRST: Final = {
    "solar_energy_today": "solar",
    "charge_energy_today": "charged",
    "discharge_energy_today": "discharged",
}
LATER: Final = FIRST | {
    "load_energy_today": "load",
    "grid_import_energy_today": "imported",
    "grid_export_energy_today": "exported",
}


def counted(house: AnkerHouse, keys: dict[str, str]) -> dict[str, float]:
    """Return what the devices have told that they have counted since ever, kWh."""
    totals = house.cloud.site(house.main).record(house.cloud.clock()).totals
    return {key: getattr(totals, name) for key, name in keys.items()}


async def quiet(house: AnkerHouse) -> AnkerHouse:
    """Have live values fetched seldom, for nobody looks at them."""
    house.hass.config_entries.async_update_entry(
        house.entry, options={**house.entry.options, "scan_interval": 600}
    )
    await house.reload()
    return house


@pytest.mark.parametrize(
    ("fixture", "late", "restarts"),
    [
        *(("A", 0.0, False), ("A", 2000.0, False), ("A", 2000.0, True)),
        *(("C", 2000.0, False), ("C", 2000.0, True)),
    ],
)
async def test_midnight(
    open_anker_house: OpenAnkerHouse,
    fixture: str,
    late: float,
    restarts: bool,
) -> None:
    """Nothing falls, nothing counts twice, hardly anything is lost (11.1, 13.16)."""
    keys = FIRST if fixture == "A" else LATER
    house = await quiet(
        await open_anker_house(
            fixture=fixture,
            now=EVENING,
            behaviour=Behaviour(late_midnight_s=late),
        )
    )
    house.cloud.force_soc(house.main, 90)
    await house.pass_time(25 * MINUTE)
    before = counted(house, keys)
    statistics = Statistics(house, dict.fromkeys(keys, house.main), 5 * MINUTE)
    for _ in range(4):
        await statistics.watch(HOUR)
        if restarts:
            await house.reload()
            statistics.look()
    after = counted(house, keys)
    moved = 0
    for key, told in statistics.sums.items():
        truth = after[key] - before[key]
        # What is counted between the last look of a day and its end is never told,
        # and the last look of all is up to 20 minutes old.
        assert told <= truth + 0.03, key
        assert told >= truth - 0.35, key
        moved += truth > 0.5
    assert moved
    await house.pass_time(25 * MINUTE)
    assert value(house, "discharge_energy_today") > 0.1
    reset = house.state("sensor", "solar_energy_today").attributes["last_reset"]
    begun = dt_util.parse_datetime(str(reset))
    assert begun == datetime(2026, 5, 4, 22, tzinfo=UTC)
    # In the dark 0 is the truth, and it is said.
    assert value(house, "solar_energy_today") == 0.0


@pytest.mark.parametrize(("fixture", "keys"), [("A", FIRST), ("C", LATER)])
async def test_by_day(
    open_anker_house: OpenAnkerHouse, fixture: str, keys: dict[str, str]
) -> None:
    """The energies of the day are those of the house since midnight."""
    house = await open_anker_house(fixture=fixture)
    site = house.cloud.site(house.main)
    record = site.record(house.cloud.clock())
    today = site.day(site.local(record.time).date(), record)
    for key, name in keys.items():
        shown = value(house, key)
        assert shown == pytest.approx(getattr(today, name), abs=0.02), key
        assert shown > 0 or name == "exported"
    total = value(house, "yield_total")
    assert total == pytest.approx(record.totals.solar, abs=0.02)
    assert total == pytest.approx(value(house, "solar_energy_today"), abs=total)
    assert has(house, "load_energy_today") is (fixture == "C")


async def test_energy_that_falls(open_anker_house: OpenAnkerHouse) -> None:
    """A day's energy that the cloud takes back stays until the day is over."""
    house = await quiet(await open_anker_house(fixture="A"))
    before = value(house, "solar_energy_today")
    assert before > 0.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.clouds.anker.energy_api._number", lambda _value: "0.10")
        await house.pass_time(25 * MINUTE)
        assert value(house, "solar_energy_today") == before
    await house.pass_time(25 * MINUTE)
    assert value(house, "solar_energy_today") > before


async def test_kind_that_fails(open_anker_house: OpenAnkerHouse) -> None:
    """One analysis that is refused costs its own energies only (11.1)."""
    house = await open_anker_house(fixture="A", behaviour=Behaviour())
    house.cloud.answer_with("energy_analysis", 10000, times=1)
    await house.reload()
    shown = [
        house.value("sensor", key)
        for key in ("solar_energy_today", "discharge_energy_today")
    ]
    assert shown.count(STATE_UNKNOWN) == 1


async def test_energy_dashboard(
    recorder_mock: None, open_anker_house: OpenAnkerHouse
) -> None:
    """Home Assistant takes the energies as sources of its dashboard."""
    house = await open_anker_house(fixture="C")
    assert await async_setup_component(house.hass, "energy", {})
    manager = await async_get_manager(house.hass)
    ids = {key: house.entity_id("sensor", key) for key in LATER}
    grid: Any = {
        "type": "grid",
        "stat_energy_from": ids["grid_import_energy_today"],
        "stat_cost": None,
        "entity_energy_price": house.entity_id("sensor", "price"),
        "number_energy_price": None,
        "stat_energy_to": ids["grid_export_energy_today"],
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }
    solar: Any = {
        "type": "solar",
        "stat_energy_from": ids["solar_energy_today"],
        "config_entry_solar_forecast": None,
    }
    battery: Any = {
        "type": "battery",
        "stat_energy_from": ids["discharge_energy_today"],
        "stat_energy_to": ids["charge_energy_today"],
    }
    await manager.async_update({"energy_sources": [grid, solar, battery]})
    found = (await async_validate(house.hass)).as_dict()
    wrong = [
        issue
        for source in found["energy_sources"]
        for issue in source
        # They are only now so new that there are none.
        if issue["type"] != "statistics_not_defined"
    ]
    assert wrong == []
