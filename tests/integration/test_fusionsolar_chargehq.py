"""A FusionSolar plant as what ChargeHQ is told of: units, signs, sums and balance.

What the seed program did wrong there (dossier section 5) is looked for by its name.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant

from ..clouds import ChargeHqCloud, Fault
from ..clouds.fusionsolar import FIXTURES, DeviceSpec
from .chargehq_home import MINUTE, Target, add_target, set_options
from .conftest import FUSION_NOON, FusionHouse, OpenFusionHouse

type Open = Callable[..., Any]

HOUR = timedelta(hours=1)
NIGHT = datetime(2026, 11, 20, 15, 2, 30, tzinfo=UTC)
DC_LOSS = 0.03
LATE_PUSHES = 15
"""Of an hour: those between three polls, with a period left out in between."""
INVERTER, SENSOR, METER, BATTERY = 1, 47, 17, 39


def truth_of(house: FusionHouse, at: datetime) -> dict[str, float] | None:
    """Return what the plant did at a mark, kW, None where there is no record of it."""
    records = house.cloud.plant(house.main).recorder.records
    record = records.get(int(at.timestamp()) // 300)
    if record is None or int(at.timestamp()) % 300:
        return None
    flow = record.flow
    return {
        "net_import_kw": flow.grid_w / 1000,
        "battery_discharge_kw": flow.battery_w / 1000,
        "production_kw": flow.pv_w / 1000,
    }


async def push_of(
    hass: HomeAssistant,
    house: FusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> tuple[ChargeHqCloud, Target]:
    """Feed the service with a plant."""
    cloud = await open_chargehq(truth=lambda at: truth_of(house, at))
    return cloud, await add_target(hass, cloud, freezer)


@pytest.mark.parametrize(
    ("fixture", "now"),
    [("A", FUSION_NOON), ("E", FUSION_NOON), ("E", NIGHT), ("F", NIGHT)],
)
async def test_plant_for_an_hour(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
    fixture: str,
    now: datetime,
) -> None:
    """In kW, discharge positive, all inverters, in balance, at the plant's own time."""
    house = await open_fusion_house(fixture=fixture, now=now)
    # Until then it is found out when the cloud has new values.
    await house.pass_time(90 * MINUTE)
    cloud, target = await push_of(hass, house, open_chargehq, freezer)
    await target.pass_time(HOUR)
    assert cloud.flags == set()
    assert len(cloud.accepted) >= 50
    for key in ("net_import_kw", "battery_discharge_kw"):
        errors = cloud.errors_kw(key)
        assert len(errors) >= 50, key
        # A record that the cloud shows late passes for the one after it, once.
        assert sum(error >= 0.006 for error in errors) <= LATE_PUSHES, (key, errors)
    last = cloud.accepted[-1]
    truth = truth_of(house, last.measured_at)
    assert truth is not None
    # Production is the panels' alone, without the battery's share.
    assert last.meters["production_kw"] == pytest.approx(
        truth["production_kw"], rel=DC_LOSS, abs=0.01
    )
    assert {push.measured_at.timestamp() % 300 for push in cloud.accepted} == {0}
    # What a battery holds is not told, and what it was charged with today is not that.
    assert "battery_energy_kwh" not in last.meters
    if fixture == "E":
        # Which of an EMMA's counters is which, nothing has shown yet.
        assert last.meters.keys().isdisjoint({"imported_kwh", "exported_kwh"})
    else:
        energy = house.cloud.truth(house.main).totals.energy
        assert last.meters["imported_kwh"] == pytest.approx(energy.imported, abs=0.5)
        assert last.meters["exported_kwh"] == pytest.approx(energy.exported, abs=20)
    soc = house.cloud.truth(house.main).soc
    assert soc is not None
    assert last.meters["battery_soc"] == pytest.approx(soc / 100, abs=0.03)


async def test_charge_of_one_percent(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """1 % is no full battery."""
    house = await open_fusion_house(now=NIGHT)
    house.cloud.set_soc(house.main, 1)
    cloud, target = await push_of(hass, house, open_chargehq, freezer)
    await target.pass_time(16 * MINUTE)
    assert 0 <= cloud.accepted[-1].meters["battery_soc"] <= 0.01


async def test_offline_sensor_does_not_hide_the_meter(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """While the power sensor is away, the grid meter counts; totals do not jump."""
    home = FIXTURES["A"][0]
    meter = DeviceSpec(71000019, METER, "Meter-2", "TESTMTR0009")
    plant = replace(home, devices=(*home.devices, meter))
    house = await open_fusion_house(fixture=plant)
    cloud, target = await push_of(hass, house, open_chargehq, freezer)
    await target.pass_time(6 * MINUTE)
    house.cloud.set_device_online(house.main, SENSOR, online=False)
    await target.pass_time(30 * MINUTE)
    last = cloud.accepted[-1]
    truth = truth_of(house, last.measured_at)
    assert truth is not None
    assert last.meters["net_import_kw"] == pytest.approx(
        truth["net_import_kw"], abs=0.005
    )
    assert "consumption_kw" in last.meters
    assert cloud.flags == set()


async def test_other_meter_by_choice(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Its power is told, its totals are not: they are no continuation of the first."""
    home = FIXTURES["A"][0]
    meter = DeviceSpec(71000019, METER, "Meter-2", "TESTMTR0009")
    plant = replace(home, devices=(*home.devices, meter))
    house = await open_fusion_house(fixture=plant)
    cloud, target = await push_of(hass, house, open_chargehq, freezer)
    await target.pass_time(6 * MINUTE)
    assert {"imported_kwh", "exported_kwh"} <= set(cloud.accepted[-1].meters)
    for other, told in ((False, False), (True, True)):
        await set_options(target, prefer_power_sensor=other)
        await target.pass_time(2 * MINUTE)
        assert "net_import_kw" in cloud.accepted[-1].meters
        assert ("imported_kwh" in cloud.accepted[-1].meters) is told
        assert ("exported_kwh" in cloud.accepted[-1].meters) is told


async def test_inverter_that_is_offline(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """By day, a meter without its solar is no news: the failure is told."""
    house = await open_fusion_house(fixture="B")
    cloud, target = await push_of(hass, house, open_chargehq, freezer)
    await target.pass_time(6 * MINUTE)
    house.cloud.set_device_online(house.main, INVERTER, online=False)
    await target.pass_time(20 * MINUTE)
    assert set(cloud.pushes[-1].body) == {"error"}
    assert target.value("sensor", "push_source") == "no_data"
    assert all("production_kw" in push.meters for push in cloud.accepted)


@pytest.mark.parametrize("fixture", ["B", "C"])
async def test_plants_without_a_battery(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
    fixture: str,
) -> None:
    """No battery, no word of one; no meter, production only."""
    house = await open_fusion_house(fixture=fixture)
    cloud, target = await push_of(hass, house, open_chargehq, freezer)
    await target.pass_time(6 * MINUTE)
    told = set(cloud.accepted[-1].meters)
    assert cloud.flags == set()
    assert not any(key.startswith("battery") for key in told)
    if fixture == "C":
        assert told == {"production_kw"}
    else:
        assert {"production_kw", "net_import_kw", "consumption_kw"} <= told


async def test_battery_that_cannot_be_read(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What the house takes is known without it, and the battery's part with that."""
    house = await open_fusion_house(now=NIGHT)
    house.cloud.faults.add(
        "getDevRealKpi", Fault.EDIT, edit=lambda body: _without(body, BATTERY)
    )
    await house.pass_time(90 * MINUTE)
    cloud, target = await push_of(hass, house, open_chargehq, freezer)
    await target.pass_time(20 * MINUTE)
    last = cloud.accepted[-1]
    truth = truth_of(house, last.measured_at)
    assert truth is not None
    for key, told in last.meters.items():
        if key in truth:
            assert told == pytest.approx(truth[key], abs=0.02), key
    assert last.meters["consumption_kw"] > 0.1
    assert "battery_soc" not in last.meters
    assert cloud.flags == set()


def _without(body: dict[str, Any], kind: int) -> dict[str, Any]:
    """Return the answer of an account that may not see a type of devices."""
    if body["params"]["devTypeId"] != kind:
        return body
    return body | {"data": None}
