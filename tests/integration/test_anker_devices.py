"""Anker: systems and devices as they come, are renamed, and go."""

from dataclasses import replace
from datetime import timedelta

from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..clouds.anker.fixtures import FIXTURES
from .conftest import ANKER, ANKER_BANK, ANKER_C, ANKER_C_BANK, OpenAnkerHouse
from .test_anker_entities import LEFT, METER, MINUTE, RIGHT, has, value
from .test_entities import devices

DETAILS = timedelta(minutes=11)
INVERTER = "FAKEMI800001"


async def test_devices(open_anker_house: OpenAnkerHouse) -> None:
    """Systems with the devices below them, by their aliases, models and serials."""
    house = await open_anker_house(fixture=("B80", "C", "PLUS"))
    found = devices(house)
    names = {key: item.name for key, item in found.items()}
    sites = house.cloud.serials
    assert [names.pop(site) for site in sites] == [
        "System Garage with inverter",
        "System Roof",
        "System Workshop",
    ]
    assert names == {
        LEFT: "Left bank",
        RIGHT: "Right bank",
        INVERTER: "Fence inverter",
        ANKER_C_BANK: "Roof bank",
        METER: "Main meter",
        "FAKESB2P00000001": "Workshop bank",
        "FAKEPLUG00000001": "Fridge",
        "FAKEPLUG00000002": "Server",
    }
    for key, item in found.items():
        assert item.manufacturer == "Anker Solix"
        if key in sites:
            assert item.entry_type is dr.DeviceEntryType.SERVICE
            assert item.via_device_id is None
            continue
        assert item.serial_number == key
        assert item.via_device_id in {found[site].id for site in sites}
    assert found[LEFT].model == "Solarbank E1600 (A17C0)"
    assert found[LEFT].sw_version == "v2.0.9"
    assert found[INVERTER].model == "MI80 Microinverter(BLE) (A5143)"
    assert found[METER].model == "Smart Meter (A17X7)"


async def test_lone_inverter(open_anker_house: OpenAnkerHouse) -> None:
    """It is a device of its own, with what the account's list tells of it."""
    house = await open_anker_house(fixture="D")
    [(key, item)] = devices(house).items()
    assert (key, item.name, item.sw_version) == (INVERTER, "Fence inverter", "v0.0.1")
    assert item.via_device_id is None


async def test_renamed_in_the_app(open_anker_house: OpenAnkerHouse) -> None:
    """Names follow, unless the user has chosen one in Home Assistant."""
    house = await open_anker_house(fixture="A")
    entity_id = house.entity_id("sensor", "solar_power", ANKER_BANK)
    house.cloud.rename(ANKER, "Terrace")
    house.cloud.rename(ANKER, "South bank", ANKER_BANK)
    await house.pass_time(DETAILS + 2 * MINUTE)
    found = devices(house)
    assert found[ANKER].name == "System Terrace"
    assert found[ANKER_BANK].name == "South bank"
    assert house.entity_id("sensor", "solar_power", ANKER_BANK) == entity_id


async def test_device_of_a_system_comes_and_goes(
    open_anker_house: OpenAnkerHouse,
) -> None:
    """What is missing in two overviews in a row is gone; it may come back."""
    house = await open_anker_house(fixture="C")
    site = house.cloud.site(house.main)
    spec, seen = site.spec, house.cloud.requests
    assert METER in devices(house)

    site.spec = replace(spec, meter=None)
    seen.clear()
    while seen.count("scene_info") == 0:
        await house.pass_time(timedelta(seconds=20))
    assert METER in devices(house)
    assert house.value("sensor", "grid_power", METER) == "unknown"
    await house.pass_time(11 * MINUTE)
    assert METER not in devices(house)
    assert not has(house, "grid_power", METER)
    assert ANKER_C_BANK in devices(house)

    site.spec = spec
    await house.pass_time(6 * MINUTE)
    assert METER in devices(house)
    assert value(house, "grid_power", METER) == value(house, "grid_power")


async def test_device_left_out_once(open_anker_house: OpenAnkerHouse) -> None:
    """A single overview without it changes nothing for good."""
    house = await open_anker_house(fixture="C")
    before = devices(house)[METER].id
    site = house.cloud.site(house.main)
    spec = site.spec
    site.spec = replace(spec, meter=None)
    house.cloud.requests.clear()
    while house.cloud.requests.count("scene_info") == 0:
        await house.pass_time(timedelta(seconds=20))
    site.spec = spec
    await house.pass_time(12 * MINUTE)
    assert devices(house)[METER].id == before
    assert value(house, "grid_power", METER) == value(house, "grid_power")


async def test_device_gone_while_home_assistant_was_off(
    open_anker_house: OpenAnkerHouse,
) -> None:
    """What was sold meanwhile leaves the registry, but not at the first glance."""
    house = await open_anker_house(fixture="C")
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    site = house.cloud.site(house.main)
    site.spec = replace(site.spec, meter=None)
    await house.reload()
    assert METER in devices(house)
    await house.pass_time(11 * MINUTE)
    assert METER not in devices(house)
    assert {ANKER_C, ANKER_C_BANK} == devices(house).keys()


async def test_system_comes_and_goes(open_anker_house: OpenAnkerHouse) -> None:
    """A new system is shown with all it has; one that is gone takes its devices along."""
    house = await open_anker_house(fixture="A")
    house.cloud.add("B")
    await house.pass_time(DETAILS)
    assert {LEFT, RIGHT} <= devices(house).keys()
    assert value(house, "solar_power", LEFT) > 0
    garage = house.cloud.serials[1]
    house.cloud.remove(garage)
    await house.pass_time(DETAILS)
    assert garage in devices(house)
    await house.pass_time(DETAILS)
    assert devices(house).keys() == {ANKER, ANKER_BANK}
    registry = er.async_get(house.hass)
    assert not [key for key in registry.entities if "left_bank" in key]


async def test_inverter_that_joins_a_system(open_anker_house: OpenAnkerHouse) -> None:
    """It is one device all the time, first alone and then of its system."""
    house = await open_anker_house(fixture=("B", "D"))
    site = house.cloud.site(house.main)
    assert value(house, "solar_power", INVERTER) > 0
    joined = FIXTURES["B80"]
    site.spec = replace(site.spec, inverter=joined.inverter)  # type: ignore[union-attr]
    site.aliases[INVERTER] = "Fence inverter"
    await house.pass_time(3 * DETAILS)
    item = devices(house)[INVERTER]
    assert item.via_device_id == devices(house)[house.main].id
    assert value(house, "ac_power", INVERTER) > 0
