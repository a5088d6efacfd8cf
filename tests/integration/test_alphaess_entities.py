"""AlphaESS: what a home shows, against the house behind the cloud."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.joulekeeper.const import PLATFORMS
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from ..clouds import Fault
from ..clouds.alphaess.chargers import ChargerStatus
from ..conftest import OpenCloud
from .accounts import add_account
from .conftest import ALPHA, ALPHA_BATTERY, AlphaHouse, OpenAlphaHouse
from .test_entities import LIVE_POWERS, UNITS, devices, entries, summary

MINUTE = timedelta(minutes=1)
ALPHA_B = "ALX000000000002"
CHARGER = "EVX0000000001"
TWO_CARS = "ALX000000000004"
EVENING = datetime(2026, 11, 20, 10, 30, 10, tzinfo=UTC)
"""Nine in the evening in Adelaide: no sun, the battery in use."""

ZONES = {
    "A": "Australia/Adelaide",
    "B": "Europe/Berlin",
    "C": "Australia/Adelaide",
    "F": "Europe/Berlin",
}


def value(house: AlphaHouse, key: str, device: str | None = None) -> float:
    """Return the number that a sensor shows."""
    return float(house.value("sensor", key, device))


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", ZONES)
async def test_all_entities(
    open_alpha_house: OpenAlphaHouse, snapshot: SnapshotAssertion, fixture: str
) -> None:
    """Every entity of a system, those too that are off by default."""
    house = await open_alpha_house(fixture=fixture, zone=ZONES[fixture])
    for platform in PLATFORMS:
        shown = {
            entry.entity_id: summary(house, entry)
            for entry in entries(house)
            if entry.domain == platform
        }
        assert shown == snapshot(name=platform)


async def test_entities_off_by_default(
    open_alpha_house: OpenAlphaHouse, snapshot: SnapshotAssertion
) -> None:
    """What few people need is there, but switched off."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    assert [entry.entity_id for entry in entries(house) if entry.disabled] == snapshot


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", ZONES)
async def test_vocabulary(open_alpha_house: OpenAlphaHouse, fixture: str) -> None:
    """The same units and classes as of every brand, and nothing unavailable."""
    house = await open_alpha_house(fixture=fixture, zone=ZONES[fixture])
    for entry in entries(house):
        state = house.hass.states.get(entry.entity_id)
        assert state is not None, entry.entity_id
        of = state.attributes
        device_class = of.get("device_class")
        assert state.state != STATE_UNAVAILABLE, state
        if device_class in UNITS and device_class != "duration":
            assert of.get("unit_of_measurement") == UNITS[device_class], state
        if device_class == "energy":
            today = entry.unique_id.endswith("_today")
            assert of["state_class"] == ("total" if today else "total_increasing")
            assert ("last_reset" in of) is today
        if entry.translation_key in LIVE_POWERS:
            assert of["state_class"] == "measurement", state


# -- values --------------------------------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("now", [None, EVENING])
async def test_flows_and_signs(
    open_alpha_house: OpenAlphaHouse, now: datetime | None
) -> None:
    """Grid is positive on import, battery on discharge; all parts agree."""
    house = await open_alpha_house(**({"now": now} if now else {}))
    instant = house.freezer().replace(tzinfo=UTC)
    sample = house.cloud.system(ALPHA).live(instant)
    flow = sample.flow
    assert value(house, "solar_power") == pytest.approx(flow.pv_w, abs=2)
    assert value(house, "grid_power") == pytest.approx(flow.grid_w, abs=1)
    battery = value(house, "battery_power", ALPHA_BATTERY)
    assert battery == pytest.approx(flow.battery_w, abs=1)
    assert value(house, "load_power") == pytest.approx(flow.load_w, abs=4)
    level = value(house, "state_of_charge", ALPHA_BATTERY)
    assert level == pytest.approx(sample.soc, abs=0.1)
    assert (value(house, "solar_power") > 1000) is (now is None)
    if now is not None:
        assert battery > 100

    split = value(house, "grid_import_power") - value(house, "grid_export_power")
    assert split == value(house, "grid_power")
    charge = value(house, "charge_power", ALPHA_BATTERY)
    discharge = value(house, "discharge_power", ALPHA_BATTERY)
    assert discharge - charge == battery
    strings = [value(house, f"string_{number}_power") for number in range(1, 5)]
    assert sum(strings) == pytest.approx(value(house, "solar_power"), abs=1)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_three_phases(open_alpha_house: OpenAlphaHouse) -> None:
    """Phases add up to the whole."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    phases = [value(house, f"phase_{number}_power") for number in range(1, 4)]
    assert sum(phases) == pytest.approx(value(house, "grid_power"), abs=2)
    assert min(abs(power) for power in phases) > 0


@pytest.mark.usefixtures("all_entities_enabled")
async def test_energies_of_the_day(open_alpha_house: OpenAlphaHouse) -> None:
    """They are those of the house, and the derived ones fit together."""
    house = await open_alpha_house(history=timedelta(hours=13))
    instant = house.freezer().replace(tzinfo=UTC)
    system = house.cloud.system(ALPHA)
    counters = system.day(system.local_date(instant), instant)
    assert counters is not None
    for key, device, truth in (
        ("solar_energy_today", ALPHA, counters.house.pv),
        ("grid_import_energy_today", ALPHA, counters.house.imported),
        ("grid_export_energy_today", ALPHA, counters.house.exported),
        ("load_energy_today", ALPHA, counters.house.load),
        ("charge_energy_today", ALPHA_BATTERY, counters.house.charged),
        ("discharge_energy_today", ALPHA_BATTERY, counters.house.discharged),
        ("grid_charge_energy_today", ALPHA_BATTERY, counters.grid_charged),
    ):
        # The cloud rounds each, and the load by balance gathers that up.
        assert value(house, key, device) == pytest.approx(truth, abs=0.6), key
    assert value(house, "solar_to_battery_energy_today") == pytest.approx(
        value(house, "charge_energy_today", ALPHA_BATTERY)
        - value(house, "grid_charge_energy_today", ALPHA_BATTERY)
    )
    for key in ("solar_to_load_energy_today", "grid_to_load_energy_today"):
        assert value(house, key) >= 0


@pytest.mark.usefixtures("all_entities_enabled")
async def test_capacity(alpha_house: AlphaHouse) -> None:
    """Capacity is energy, nominal power is power, and what is stored hangs on both."""
    house = alpha_house
    assert value(house, "battery_capacity", ALPHA_BATTERY) == 10.1
    assert value(house, "battery_usable_capacity", ALPHA_BATTERY) == 9.09
    assert value(house, "battery_usable_share", ALPHA_BATTERY) == 90
    level = value(house, "state_of_charge", ALPHA_BATTERY)
    stored = value(house, "stored_energy", ALPHA_BATTERY)
    assert stored == pytest.approx(10.1 * level / 100, abs=0.01)
    usable = value(house, "usable_energy", ALPHA_BATTERY)
    assert usable == pytest.approx(10.1 * (level - 10) / 100, abs=0.01)
    assert value(house, "panel_size") == 6600
    assert value(house, "rated_power") == 5000


async def test_null_is_unknown(alpha_house: AlphaHouse) -> None:
    """A value that goes missing is unknown, not 0, and other values live on."""
    house = alpha_house
    house.cloud.faults.add(
        "getLastPowerData",
        Fault.EDIT,
        edit=lambda body: (
            body | {"data": body["data"] | {"ppv": None, "ppvDetail": None}}
        ),
    )
    await house.pass_time(MINUTE)
    assert house.value("sensor", "solar_power") == STATE_UNKNOWN
    assert house.value("sensor", "string_1_power") == STATE_UNKNOWN
    assert value(house, "load_power") > 0


@pytest.mark.parametrize(
    ("word", "status", "problem"),
    [("Normal", "ok", "off"), ("Protection", "protection", "on")],
)
async def test_status(
    open_alpha_house: OpenAlphaHouse, word: str, status: str, problem: str
) -> None:
    """The cloud's own word, in ours."""
    house = await open_alpha_house()
    house.cloud.set_ems_status(ALPHA, word)
    await house.pass_time(11 * MINUTE)
    assert house.value("sensor", "status") == status
    assert house.value("binary_sensor", "problem") == problem


async def test_unknown_status(alpha_house: AlphaHouse) -> None:
    """A word that nobody has seen yet is no status."""
    house = alpha_house
    house.cloud.set_ems_status(ALPHA, "Dreaming")
    await house.pass_time(11 * MINUTE)
    assert house.value("sensor", "status") == STATE_UNKNOWN
    assert house.value("binary_sensor", "online") == "on"


# -- settings ------------------------------------------------------------------


async def test_daily_windows(alpha_house: AlphaHouse) -> None:
    """What the daily stores hold is shown, and follows the app."""
    house = alpha_house
    assert house.value("sensor", "schedule_store") == "daily"
    assert house.value("sensor", "charge_window_1") == "01:00-05:00"
    assert house.value("binary_sensor", "discharge_windows_enabled") == "off"
    assert value(house, "min_state_of_charge", ALPHA_BATTERY) == 10
    house.cloud.app_set_charge(
        ALPHA, ("02:00", "04:30"), ("13:00", "14:00"), bat_high_cap=80
    )
    house.cloud.app_set_discharge(ALPHA, ("17:00", "21:00"), bat_use_cap=25)
    await house.pass_time(31 * MINUTE)
    assert house.value("sensor", "charge_window_1") == "02:00-04:30"
    assert house.value("sensor", "charge_window_2") == "13:00-14:00"
    assert house.value("sensor", "discharge_window_1") == "17:00-21:00"
    assert house.value("binary_sensor", "grid_charging_enabled") == "on"
    assert house.value("binary_sensor", "discharge_windows_enabled") == "on"
    assert value(house, "grid_charge_limit", ALPHA_BATTERY) == 80
    assert value(house, "min_state_of_charge", ALPHA_BATTERY) == 25
    with pytest.raises(AssertionError):
        house.entity_id("sensor", "charge_period_1")


async def test_periodic_schedule(open_alpha_house: OpenAlphaHouse) -> None:
    """Where there is a periodic schedule, it is shown in the daily windows' place."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    assert house.value("sensor", "schedule_store") == "periodic"
    assert house.value("sensor", "charge_period_1") == "01:00-05:00"
    assert value(house, "charge_period_1_power") == 5000
    assert value(house, "charge_period_1_limit") == 90
    shown = house.value("sensor", "discharge_period_1")
    assert shown == "17:00-21:00 Mon Tue Wed Thu Fri"
    with pytest.raises(AssertionError):
        house.entity_id("sensor", "charge_window_1")


# -- EV chargers ---------------------------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize(
    ("status", "shown", "plugged", "start", "stop"),
    [
        (ChargerStatus.AVAILABLE, "available", "off", "off", "off"),
        (ChargerStatus.PREPARING, "preparing", "on", "on", "off"),
        (ChargerStatus.CHARGING, "charging", "on", "off", "on"),
        (ChargerStatus.SUSPENDED_EVSE, "suspended_evse", "on", "on", "on"),
        (ChargerStatus.SUSPENDED_EV, "suspended_ev", "on", "on", "on"),
        (ChargerStatus.FINISHING, "finishing", "on", "on", "off"),
        (ChargerStatus.FAULTED, "faulted", STATE_UNKNOWN, "off", "off"),
    ],
)
async def test_charger(
    open_alpha_house: OpenAlphaHouse,
    status: ChargerStatus,
    shown: str,
    plugged: str,
    start: str,
    stop: str,
) -> None:
    """Status, raw code, and what follows from it."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    house.cloud.set_charger(ALPHA_B, status)
    await house.pass_time(2 * MINUTE)
    assert house.value("sensor", "charger_status", CHARGER) == shown
    assert house.value("sensor", "charger_status_code", CHARGER) == str(int(status))
    assert house.value("binary_sensor", "plug", CHARGER) == plugged
    assert house.value("binary_sensor", "can_start_charging", CHARGER) == start
    assert house.value("binary_sensor", "can_stop_charging", CHARGER) == stop
    charging = status is ChargerStatus.CHARGING
    assert house.value("binary_sensor", "charging", CHARGER) == (
        "on" if charging else "off"
    )
    assert (value(house, "charger_power", CHARGER) > 0) is charging
    assert (value(house, "ev_power") > 0) is charging
    assert value(house, "household_current_limit") == 25


async def test_code_without_a_meaning(open_alpha_house: OpenAlphaHouse) -> None:
    """Codes 7 and 8 exist, but nobody knows what for."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    house.cloud.faults.add(
        "getEvChargerStatusBySn",
        Fault.EDIT,
        edit=lambda body: body | {"data": {"evchargerStatus": 7}},
    )
    await house.pass_time(2 * MINUTE)
    assert house.value("sensor", "charger_status", CHARGER) == STATE_UNKNOWN
    assert house.value("binary_sensor", "plug", CHARGER) == STATE_UNKNOWN


async def test_two_chargers(open_alpha_house: OpenAlphaHouse) -> None:
    """Each has its own status; one that cannot be read leaves the other."""
    house = await open_alpha_house(fixture="F", zone="Europe/Berlin")
    first, second = "EVX0000000002", "EVX0000000003"
    house.cloud.set_charger(TWO_CARS, ChargerStatus.CHARGING, 1)
    await house.pass_time(2 * MINUTE)
    assert house.value("sensor", "charger_status", first) == "preparing"
    assert house.value("sensor", "charger_status", second) == "charging"
    assert value(house, "ev_power") == pytest.approx(3600, abs=1)

    def refused(body: Any) -> Any:
        return {"code": 6016, "msg": "?"}

    house.cloud.faults.add("getEvChargerStatusBySn", Fault.EDIT, times=1, edit=refused)
    await house.pass_time(timedelta(seconds=91))
    assert house.value("sensor", "charger_status", first) == STATE_UNKNOWN
    assert house.value("sensor", "charger_status", second) == "charging"

    house.cloud.faults.add("getEvChargerStatusBySn", Fault.EDIT, edit=refused)
    await house.pass_time(timedelta(seconds=91))
    assert house.value("sensor", "charger_status", second) == STATE_UNAVAILABLE
    assert value(house, "load_power") > 0


async def test_charger_that_is_new(open_alpha_house: OpenAlphaHouse) -> None:
    """A charger that was installed later is found by itself."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    house.cloud.faults.add(
        "getEvChargerConfigList", Fault.EDIT, edit=lambda body: body | {"data": []}
    )
    await house.reload()
    assert house.value("sensor", "charger_status", CHARGER) == STATE_UNAVAILABLE
    house.cloud.faults.clear()
    await house.pass_time(timedelta(hours=6, minutes=1))
    assert house.value("sensor", "charger_status", CHARGER) == "preparing"


# -- devices -------------------------------------------------------------------


async def test_devices(open_alpha_house: OpenAlphaHouse) -> None:
    """Inverter, battery and charger hang together, each with its own facts."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    found = devices(house)
    battery_id = f"{ALPHA_B}_battery"
    assert found.keys() == {ALPHA_B, battery_id, CHARGER}
    inverter, battery, charger = found[ALPHA_B], found[battery_id], found[CHARGER]
    assert {device.manufacturer for device in found.values()} == {"AlphaESS"}

    assert inverter.name == "SMILE-G3-T10-INV inverter"
    assert inverter.serial_number == ALPHA_B
    assert inverter.via_device_id is None
    assert battery.name == "SMILE-G3-BAT-4.8S battery"
    assert battery.via_device_id == inverter.id
    assert charger.name == "SMILE-EVCT11 EV charger"
    assert charger.serial_number == CHARGER
    assert charger.via_device_id == inverter.id


async def test_two_systems(open_alpha_house: OpenAlphaHouse) -> None:
    """Each system reads its own values."""
    house = await open_alpha_house(fixture="D")
    assert len(devices(house)) == 5
    shown = {
        serial: value(house, "load_power", serial) for serial in house.cloud.serials
    }
    instant = house.freezer().replace(tzinfo=UTC)
    for serial, power in shown.items():
        flow = house.cloud.system(serial).live(instant).flow
        assert power == pytest.approx(flow.load_w, abs=4)
    assert len(set(shown.values())) == 2


async def test_no_battery(
    hass: HomeAssistant, open_alphaess: OpenCloud, no_waiting: None
) -> None:
    """A kit without a battery has no such device, and all the rest."""
    cloud = await open_alphaess(fixture="A")
    cloud.faults.add(
        "getEssList",
        Fault.EDIT,
        edit=lambda body: (
            body | {"data": [item | {"cobat": 0} for item in body["data"]]}
        ),
    )
    entry = await add_account(hass, cloud, "alphaess")
    found = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert [device.serial_number for device in found] == [ALPHA]
