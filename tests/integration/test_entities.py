"""Entities and devices: what a home shows, against the house behind the cloud."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.joulekeeper.const import PLATFORMS
from homeassistant.components.sensor import ATTR_STATE_CLASS
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_FRIENDLY_NAME,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from ..clouds.house import Energy, Flow
from ..clouds.redback.fixtures import FIXTURES
from ..conftest import LogIn
from .conftest import BATTERY, INVERTER, SITE, House, OpenHouse
from .leap import leap

INVERTER_B = "RB20000000000202"
INVERTER_C = "RB20000000000303"
INVERTER_SI = "RB20000000000313"
MIDNIGHT = datetime(2026, 11, 20, 14, 0, 30, tzinfo=UTC)

UNITS = {
    "power": "W",
    "energy": "kWh",
    "energy_storage": "kWh",
    "apparent_power": "VA",
    "battery": "%",
    "voltage": "V",
    "current": "A",
    "temperature": "°C",
    "frequency": "Hz",
    "duration": "min",
    "power_factor": None,
}
LIVE_POWERS = {
    "solar_power",
    "grid_power",
    "load_power",
    "battery_power",
    "string_power",
    "phase_power",
}


def entries(house: House) -> list[er.RegistryEntry]:
    """Return the account's entities by their id."""
    registry = er.async_get(house.hass)
    found = er.async_entries_for_config_entry(registry, house.entry.entry_id)
    return sorted(found, key=lambda entry: entry.entity_id)


def summary(house: House, entry: er.RegistryEntry) -> dict[str, Any]:
    """Return what a user gets to see of an entity."""
    state = house.hass.states.get(entry.entity_id)
    assert state is not None, entry.entity_id
    return {
        "unique_id": entry.unique_id,
        "category": entry.entity_category and entry.entity_category.value,
        "state": state.state,
        **{str(name): value for name, value in state.attributes.items()},
    }


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", ["A", "B", "C", "SI"])
async def test_all_entities(
    open_house: OpenHouse, snapshot: SnapshotAssertion, fixture: str
) -> None:
    """Every entity of a system, those too that are off by default."""
    # Not long enough for a full battery: it is charging.
    history = timedelta(minutes=20)
    house = await open_house(fixture=fixture, portal=True, history=history)
    for platform in PLATFORMS:
        shown = {
            entry.entity_id: summary(house, entry)
            for entry in entries(house)
            if entry.domain == platform
        }
        assert shown == snapshot(name=platform)


async def test_entities_off_by_default(
    open_house: OpenHouse, snapshot: SnapshotAssertion
) -> None:
    """What few people need is there, but switched off."""
    house = await open_house(fixture="A", portal=True)
    assert [entry.entity_id for entry in entries(house) if entry.disabled] == snapshot


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("portal", [False, True])
@pytest.mark.parametrize("fixture", FIXTURES)
async def test_vocabulary(open_house: OpenHouse, fixture: str, portal: bool) -> None:
    """Whatever a home consists of: one unit per quantity, and nothing unavailable."""
    house = await open_house(fixture=fixture, portal=portal)
    for entry in entries(house):
        state = house.hass.states.get(entry.entity_id)
        assert state is not None, entry.entity_id
        of = state.attributes
        device_class = of.get(ATTR_DEVICE_CLASS)
        assert state.state != STATE_UNAVAILABLE, state
        if device_class in UNITS:
            assert of.get(ATTR_UNIT_OF_MEASUREMENT) == UNITS[device_class], state
        if device_class == "energy":
            assert of[ATTR_STATE_CLASS] == "total_increasing", state
        if entry.translation_key in LIVE_POWERS:
            assert of[ATTR_STATE_CLASS] == "measurement", state
        # The name holds the device's, and the id is made of both.
        assert state.entity_id.rpartition(".")[2].startswith(
            of[ATTR_FRIENDLY_NAME].split()[0].lower()
        ), state


# -- values --------------------------------------------------------------------


def value(house: House, key: str, device: str) -> float:
    """Return the number that a sensor shows."""
    return float(house.value("sensor", key, device))


def assert_flow(house: House, inverter: str, flow: Flow, *, battery: bool) -> None:
    """Compare the powers shown with those of the house; phases round a little."""
    assert value(house, "solar_power", inverter) == pytest.approx(flow.pv_w, abs=1)
    assert value(house, "grid_power", inverter) == pytest.approx(flow.grid_w, abs=3)
    assert value(house, "load_power", inverter) == pytest.approx(flow.load_w, abs=4)
    strings = [
        value(house, f"string_{number}_power", inverter)
        for number in range(1, len(flow.pv_strings_w) + 1)
    ]
    assert strings == pytest.approx(list(flow.pv_strings_w), abs=1)
    if battery:
        shown = value(house, "battery_power", f"{inverter}_battery")
        assert shown == pytest.approx(flow.battery_w, abs=1)


def assert_energy(
    house: House, inverter: str, energy: Energy, *, battery: bool
) -> None:
    """Compare the counters shown with those of the house."""
    for key, counted in (
        ("solar_energy", energy.pv),
        ("grid_import_energy", energy.imported),
        ("grid_export_energy", energy.exported),
        ("load_energy", energy.load),
    ):
        assert value(house, key, inverter) == pytest.approx(counted, abs=0.051), key
    if battery:
        for key, counted in (
            ("charge_energy", energy.charged),
            ("discharge_energy", energy.discharged),
        ):
            shown = value(house, key, f"{inverter}_battery")
            assert shown == pytest.approx(counted, abs=0.051), key


@pytest.mark.parametrize(
    ("mode", "watts", "grid_sign", "battery_sign"),
    [("ImportPower", 4000, 1, -1), ("ExportPower", 3000, -1, 1)],
)
@pytest.mark.parametrize(("fixture", "inverter"), [("A", INVERTER), ("B", INVERTER_B)])
async def test_signs_at_night(
    open_house: OpenHouse,
    fixture: str,
    inverter: str,
    mode: str,
    watts: int,
    grid_sign: int,
    battery_sign: int,
) -> None:
    """Grid is positive on import, battery on discharge, on one phase and on three."""
    house = await open_house(fixture=fixture, now=MIDNIGHT)
    house.cloud.add_schedule(inverter, MIDNIGHT, timedelta(hours=1), mode, watts)
    await leap(house, timedelta(minutes=6))

    sample = house.cloud.inverter(inverter).latest(house.freezer().replace(tzinfo=UTC))
    assert_flow(house, inverter, sample.reading.flow, battery=True)
    assert_energy(house, inverter, sample.reading.energy, battery=True)
    assert value(house, "grid_power", inverter) * grid_sign > 1000
    battery = f"{inverter}_battery"
    assert value(house, "battery_power", battery) * battery_sign > 1000
    assert sample.reading.soc is not None
    shown = value(house, "state_of_charge", battery)
    assert shown == pytest.approx(sample.reading.soc * 100, abs=0.51)
    assert value(house, "solar_power", inverter) == 0


@pytest.mark.parametrize(
    ("fixture", "inverter"), [("C", INVERTER_C), ("SI", INVERTER_SI)]
)
async def test_no_battery(open_house: OpenHouse, fixture: str, inverter: str) -> None:
    """Without a battery none is shown, and the load is grid and solar."""
    house = await open_house(fixture=fixture)
    sample = house.cloud.inverter(inverter).latest(house.freezer().replace(tzinfo=UTC))
    assert_flow(house, inverter, sample.reading.flow, battery=False)
    assert_energy(house, inverter, sample.reading.energy, battery=False)
    assert value(house, "solar_power", inverter) > 1000
    assert value(house, "grid_power", inverter) < -1000
    assert devices(house).keys() == {inverter, *house.entry.data["systems"]}


@pytest.mark.usefixtures("all_entities_enabled")
async def test_split_values(open_house: OpenHouse) -> None:
    """Signed power is there as two positive ones too, as are the phases."""
    house = await open_house(fixture="B")
    grid = value(house, "grid_power", INVERTER_B)
    imported = value(house, "grid_import_power", INVERTER_B)
    exported = value(house, "grid_export_power", INVERTER_B)
    assert grid == pytest.approx(imported - exported, abs=0.01)
    phases = [value(house, f"phase_{name}_power", INVERTER_B) for name in "abc"]
    assert grid == pytest.approx(sum(phases), abs=0.01)

    battery = f"{INVERTER_B}_battery"
    power = value(house, "battery_power", battery)
    charge = value(house, "charge_power", battery)
    discharge = value(house, "discharge_power", battery)
    assert power == discharge - charge
    assert min(charge, discharge) == 0


async def test_null_is_unknown(open_house: OpenHouse) -> None:
    """A value that goes missing is unknown, not 0, and other values live on."""
    house = await open_house(fixture="A")

    def without(payload: dict[str, Any]) -> dict[str, Any]:
        data = payload["Data"]
        for key in ("PvPowerInstantaneouskW", "BatterySoCInstantaneous0to1"):
            data[key] = None
        data["Battery"] = None
        return payload

    house.cloud.faults.add("dynamic", "edit", edit=without)
    await leap(house, timedelta(minutes=2))
    assert house.value("sensor", "solar_power") == "unknown"
    assert house.value("sensor", "load_power") == "unknown"
    assert house.value("sensor", "state_of_charge", BATTERY) == "unknown"
    assert house.value("sensor", "usable_energy", BATTERY) == "unknown"
    assert value(house, "grid_power", INVERTER) < 0


async def test_counter_reset(house: House) -> None:
    """A replaced board starts its counters anew: that is shown as it is."""
    before = value(house, "solar_energy", INVERTER)
    house.cloud.reset_counters(INVERTER)
    await leap(house, timedelta(minutes=3))
    assert value(house, "solar_energy", INVERTER) < 1 < before


# -- devices -------------------------------------------------------------------


def devices(house: House) -> dict[str, dr.DeviceEntry]:
    """Return the account's devices by our own id."""
    found = dr.async_entries_for_config_entry(
        dr.async_get(house.hass), house.entry.entry_id
    )
    return {
        identifier: device for device in found for _, identifier in device.identifiers
    }


async def test_devices(house: House) -> None:
    """Site, inverter and battery hang together, each with its own facts."""
    found = devices(house)
    assert found.keys() == {SITE, INVERTER, BATTERY}
    site, inverter, battery = found[SITE], found[INVERTER], found[BATTERY]
    assert {device.manufacturer for device in found.values()} == {
        "Redback Technologies"
    }

    assert site.name == "SH5000 site"
    assert site.entry_type is dr.DeviceEntryType.SERVICE
    assert site.via_device_id is None

    assert inverter.name == "SH5000 inverter"
    assert inverter.model == "SH5000"
    assert inverter.serial_number == INVERTER
    assert (inverter.sw_version, inverter.hw_version) == ("2.17.32401.2", None)
    assert inverter.entry_type is None
    assert inverter.via_device_id == site.id

    assert battery.name == "RB600 battery"
    assert battery.model == "RB600"
    assert battery.entry_type is None
    assert battery.via_device_id == inverter.id


@pytest.mark.parametrize(
    ("fixture", "found"),
    [
        ("A", 3),
        ("C", 2),
        ("SI", 2),
        ("D", 6),
        pytest.param("E", 5, id="two-inverters-on-a-site"),
        pytest.param("F", 3, id="battery-disabled"),
        pytest.param("G", 3, id="battery-count-wrong"),
        pytest.param("I", 5, id="same-last-four"),
    ],
)
async def test_number_of_devices(
    open_house: OpenHouse, fixture: str, found: int
) -> None:
    """A battery is shown only where one is found, and no two devices are mixed up."""
    house = await open_house(fixture=fixture)
    assert len(devices(house)) == found


async def test_device_removal(
    house: House, hass_ws_client: WebSocketGenerator, log_in: LogIn
) -> None:
    """A device can be removed by hand once the account no longer has it."""
    assert await async_setup_component(house.hass, "config", {})
    house.cloud.add("C")
    await house.reload()

    async def remove(identifier: str) -> bool:
        client = await hass_ws_client(house.hass, await log_in())
        answer = await client.remove_device(house.device_id(identifier))
        return bool(answer["success"])

    for identifier in (SITE, INVERTER, BATTERY, INVERTER_C):
        assert not await remove(identifier)

    house.cloud.remove(INVERTER)
    await house.reload()
    assert not await remove(INVERTER_C)
    for identifier in (BATTERY, INVERTER, SITE):
        assert await remove(identifier)
        assert identifier not in devices(house)
    assert INVERTER_C in devices(house)
