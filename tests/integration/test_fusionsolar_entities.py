"""FusionSolar: what a plant shows, against the house behind the cloud."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.joulekeeper.vendors.fusionsolar.descriptions import (
    alarms,
    battery,
    inverter,
    meter,
    plant,
    statistics,
    weather,
)
from custom_components.joulekeeper.vendors.fusionsolar.feeds import ALARMS_INTERVAL
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er

from ..clouds.fusionsolar import Behaviour
from ..clouds.fusionsolar.alarms import WARNING
from .conftest import (
    FUSION,
    FUSION_BATTERY,
    FUSION_INVERTER,
    FUSION_METER,
    FusionHouse,
    OpenFusionHouse,
)
from .test_entities import LIVE_POWERS, UNITS, devices, entries, summary

NIGHT = datetime(2026, 11, 20, 15, 2, 30, tzinfo=UTC)
"""Two in the morning in Sydney: no sun, the battery in use."""
FIXTURES = ("A", "B", "C", "D", "E", "F", "G", "H")
DC_LOSS = 0.025
"""Between the panels and AC, beside what the clouds round."""
CONTROL = {"button", "calendar", "datetime", "event", "number", "select"}
"""What has no state before somebody uses it."""
PLAN = ("active_", "selected_", "next_", "last_confirmation")
"""Details of a schedule, of which there is none."""

READ = {
    row.key
    for table in (
        *(alarms.ALARM_SENSORS, alarms.ALARM_EVENTS, statistics.STATISTICS_SENSORS),
        *(plant.PLANT_SENSORS, plant.PLANT_BINARY_SENSORS),
        *(inverter.INVERTER_SENSORS, inverter.INVERTER_BINARY_SENSORS),
        *(meter.METER_SENSORS, meter.METER_BINARY_SENSORS),
        *(battery.BATTERY_SENSORS, battery.BATTERY_BINARY_SENSORS),
        *(weather.WEATHER_SENSORS, weather.WEATHER_BINARY_SENSORS),
    )
    for row in table
}
"""Keys of what is read; what belongs to schedules and settings is tested with them."""

INVERTER, RESIDENTIAL, METER, BATTERY, ESS, SENSOR, EMMA = 1, 38, 17, 39, 41, 47, 23070


def value(house: FusionHouse, key: str, device: str | None = None) -> float:
    """Return the number that a sensor shows."""
    return float(house.value("sensor", key, device))


def has(house: FusionHouse, key: str, device: str, platform: str = "sensor") -> bool:
    """Tell whether there is such an entity."""
    registry = er.async_get(house.hass)
    unique_id = f"{device}_{key}"
    return registry.async_get_entity_id(platform, "joulekeeper", unique_id) is not None


def read_entries(house: FusionHouse) -> list[er.RegistryEntry]:
    """Return the entities that show what is read."""
    return [
        entry
        for entry in entries(house)
        if entry.unique_id.partition("_")[2] in READ and entry.domain != "number"
    ]


def device(house: FusionHouse, kind: int, number: int = 0) -> str:
    """Return the id of a plant's device of a type."""
    return str(house.cloud.device(house.main, kind, number).device_id)


# -- all of them ---------------------------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", ["A", "E", "F"])
async def test_all_entities(
    open_fusion_house: OpenFusionHouse, snapshot: SnapshotAssertion, fixture: str
) -> None:
    """Every entity of a plant, those too that are off by default."""
    house = await open_fusion_house(fixture=fixture)
    for platform in ("binary_sensor", "event", "sensor"):
        shown = {
            entry.entity_id: summary(house, entry)
            for entry in read_entries(house)
            if entry.domain == platform
        }
        assert shown == snapshot(name=platform)


async def test_entities_off_by_default(
    fusion_house: FusionHouse, snapshot: SnapshotAssertion
) -> None:
    """What few people need is there, but switched off."""
    found = [item.entity_id for item in read_entries(fusion_house) if item.disabled]
    assert found == snapshot


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", FIXTURES)
async def test_vocabulary(open_fusion_house: OpenFusionHouse, fixture: str) -> None:
    """The same units and classes as of every brand, and nothing unavailable."""
    house = await open_fusion_house(fixture=fixture)
    for entry in entries(house):
        state = house.hass.states.get(entry.entity_id)
        assert state is not None, entry.entity_id
        of = state.attributes
        device_class = of.get("device_class")
        assert state.state != STATE_UNAVAILABLE, state
        if device_class in UNITS and device_class != "duration":
            assert of.get("unit_of_measurement") == UNITS[device_class], state
        if device_class == "energy":
            begins_anew = entry.unique_id.endswith(
                ("_today", "_this_month", "_this_year")
            )
            # Of a plant's month the cloud does not tell when it begins.
            sites = house.cloud.serials
            if entry.unique_id in {f"{site}_yield_this_month" for site in sites}:
                begins_anew = False
            wanted = "total" if begins_anew else "total_increasing"
            assert of["state_class"] == wanted, state
            assert ("last_reset" in of) is begins_anew, state
        if entry.translation_key in LIVE_POWERS:
            assert of["state_class"] == "measurement", state


@pytest.mark.parametrize("now", [None, NIGHT])
@pytest.mark.parametrize("fixture", FIXTURES)
async def test_all_is_known_when_set_up_ends(
    open_fusion_house: OpenFusionHouse, fixture: str, now: datetime | None
) -> None:
    """Nothing that is shown waits for its first value, by day or by night."""
    house = await open_fusion_house(fixture=fixture, **({"now": now} if now else {}))
    blank = []
    for entry in entries(house):
        state = house.hass.states.get(entry.entity_id)
        key = entry.translation_key or ""
        if state is None or entry.domain in CONTROL or key.startswith(PLAN):
            continue
        if state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            blank.append(entry.entity_id)
    assert blank == []
    assert value(house, "solar_power") >= 0


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", ["A", "B", "C", "E", "F", "H"])
async def test_nothing_is_zero_for_ever(
    open_fusion_house: OpenFusionHouse, fixture: str
) -> None:
    """Strings, trackers and phases that a plant does not have make no entities."""
    house = await open_fusion_house(fixture=fixture)
    hollow = [
        entry.unique_id
        for entry in entries(house)
        if entry.translation_key
        in {
            *("string_voltage", "tracker_energy", "phase_voltage", "line_voltage"),
            *("grid_voltage", "charge_energy", "discharge_energy"),
        }
        and float(house.hass.states.get(entry.entity_id).state) == 0  # type: ignore[union-attr]
    ]
    assert hollow == []


# -- values --------------------------------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("now", [None, NIGHT])
@pytest.mark.parametrize("fixture", ["A", "B", "E", "F", "G", "H"])
async def test_flows_and_signs(
    open_fusion_house: OpenFusionHouse, fixture: str, now: datetime | None
) -> None:
    """Grid is positive on import, battery on discharge; all parts agree."""
    house = await open_fusion_house(fixture=fixture, **({"now": now} if now else {}))
    flow = house.cloud.truth(house.main).flow
    assert value(house, "solar_power") == pytest.approx(flow.pv_w, rel=DC_LOSS, abs=2)
    assert value(house, "grid_power") == pytest.approx(flow.grid_w, abs=2)
    assert value(house, "load_power") == pytest.approx(flow.load_w, abs=5)
    assert (value(house, "solar_power") > 1000) is (now is None)
    bought = value(house, "grid_import_power") - value(house, "grid_export_power")
    assert bought == value(house, "grid_power")
    if flow.battery_w or has(house, "battery_power", house.main):
        battery = value(house, "battery_power")
        assert battery == pytest.approx(flow.battery_w, abs=2)
        split = value(house, "discharge_power") - value(house, "charge_power")
        assert split == battery
        soc = house.cloud.truth(house.main).soc
        assert value(house, "state_of_charge") == pytest.approx(soc, abs=0.1)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_devices_add_up(open_fusion_house: OpenFusionHouse) -> None:
    """Two inverters and two batteries are what the plant is, the EMMA its meter."""
    house = await open_fusion_house(fixture="E", now=NIGHT)
    for key, kind in (
        *(("solar_power", RESIDENTIAL), ("ac_power", RESIDENTIAL)),
        *(("battery_power", BATTERY), ("discharge_power", BATTERY)),
    ):
        parts = [value(house, key, device(house, kind, number)) for number in (0, 1)]
        assert sum(parts) == pytest.approx(value(house, key), abs=1), key
    assert value(house, "battery_power") > 100
    meter = device(house, EMMA)
    assert value(house, "grid_power", meter) == value(house, "grid_power")
    phases = [value(house, f"phase_{name}_power", meter) for name in "abc"]
    assert sum(phases) == pytest.approx(value(house, "grid_power", meter), abs=3)
    # Of its counters one source alone tells which is which: the user may say it.
    assert not has(house, "grid_import_energy", meter)
    house.hass.config_entries.async_update_entry(
        house.entry, options={**house.entry.options, "emma_sign": "import"}
    )
    await house.reload()
    # Sources differ about an EMMA's counters; this makes it sure which is which.
    house.hass.config_entries.async_update_entry(
        house.entry, options={**house.entry.options, "emma_sign": "import"}
    )
    await house.reload()
    energy = house.cloud.truth(house.main).totals.energy
    imported = value(house, "grid_import_energy", meter)
    assert imported == pytest.approx(energy.imported, abs=0.01)
    exported = value(house, "grid_export_energy", meter)
    assert exported == pytest.approx(energy.exported, abs=0.01)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_energies(open_fusion_house: OpenFusionHouse) -> None:
    """Counters and energies of the day are those of the house."""
    house = await open_fusion_house(history=timedelta(hours=14))
    plant = house.cloud.plant(house.main)
    record = house.cloud.truth(house.main)
    today, ever = plant.today(record).energy, record.totals.energy
    for key, owner, truth in (
        ("solar_energy", FUSION_INVERTER, ever.pv),
        ("solar_energy_today", FUSION_INVERTER, today.pv),
        ("dc_energy", FUSION_INVERTER, ever.pv),
        ("grid_import_energy", FUSION_METER, ever.imported),
        ("grid_export_energy", FUSION_METER, ever.exported),
        ("charge_energy_today", FUSION_BATTERY, today.charged),
        ("discharge_energy_today", FUSION_BATTERY, today.discharged),
        ("yield_today", FUSION, today.pv),
        ("yield_total", FUSION, ever.pv),
        ("grid_export_energy_today", FUSION, today.exported),
        ("load_energy_today", FUSION, today.load),
        ("income_today", FUSION, today.pv * 0.28),
        ("income_total", FUSION, ever.pv * 0.28),
        ("load_energy", FUSION, ever.load),
        ("charge_energy", FUSION, ever.charged),
        ("co2_saved", FUSION, ever.pv * 0.475),
        ("specific_yield", FUSION, ever.pv / 6.6),
    ):
        assert value(house, key, owner) == pytest.approx(truth, abs=0.06, rel=2e-4), key
    strings = [
        value(house, f"string_{number}_power", FUSION_INVERTER) for number in (1, 2)
    ]
    assert sum(strings) == pytest.approx(value(house, "solar_power"), rel=0.01)
    assert value(house, "panel_size") == 6600
    month = value(house, "yield_this_month")
    assert value(house, "yield_today") < month < value(house, "yield_this_year")


async def test_newer_clouds_tell_today_by_the_hour(
    open_fusion_house: OpenFusionHouse,
) -> None:
    """What the real-time values tell is newer than the statistics."""
    house = await open_fusion_house(
        history=timedelta(hours=14), behaviour=Behaviour(real_kpi_energies=True)
    )
    record = house.cloud.truth(house.main)
    today = house.cloud.plant(house.main).today(record).energy
    exported = value(house, "grid_export_energy_today")
    assert exported == pytest.approx(today.exported, abs=0.001)
    assert value(house, "load_energy_today") == pytest.approx(today.load, abs=0.001)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_weather(open_fusion_house: OpenFusionHouse) -> None:
    """A weather station shows what it measures."""
    house = await open_fusion_house(fixture="F")
    shown = house.cloud.shown(house.main, house.cloud.device(house.main, 10))
    station = device(house, 10)
    for key, item in (
        ("ambient_temperature", "temperature"),
        ("module_temperature", "pv_temperature"),
        ("irradiance", "radiant_line"),
        ("horizontal_irradiance", "horiz_radiant_line"),
        ("wind_direction", "wind_direction"),
        ("solar_radiation_today", "radiant_total"),
    ):
        assert value(house, key, station) == shown[item], key
    wind = value(house, "wind_speed", station)
    assert wind == pytest.approx(3.6 * shown["wind_speed"])


@pytest.mark.usefixtures("all_entities_enabled")
async def test_states(fusion_house: FusionHouse) -> None:
    """What devices do, in words; limits of the battery."""
    house = fusion_house
    assert house.value("sensor", "inverter_state", FUSION_INVERTER) == "on_grid"
    assert house.value("sensor", "battery_state", FUSION_BATTERY) == "running"
    programme = house.value("sensor", "battery_programme", FUSION_BATTERY)
    assert programme == "self_consumption"
    assert value(house, "max_charge_power", FUSION_BATTERY) == 2500
    assert value(house, "max_discharge_power", FUSION_BATTERY) == 2500
    assert house.value("sensor", "status") == "ok"
    # It reads 0, which is none.
    assert not has(house, "state_of_health", FUSION_BATTERY)


# -- what devices have ---------------------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
async def test_one_phase_and_three(open_fusion_house: OpenFusionHouse) -> None:
    """A device of one phase shows that one; a device of three shows each of them."""
    house = await open_fusion_house(fixture="A")
    for owner in (FUSION_INVERTER, FUSION_METER):
        assert value(house, "grid_voltage", owner) > 200
        assert not has(house, "phase_a_voltage", owner)
        assert not has(house, "line_ab_voltage", owner)
    assert has(house, "string_2_voltage", FUSION_INVERTER)
    assert not has(house, "string_3_voltage", FUSION_INVERTER)
    assert not has(house, "tracker_3_energy", FUSION_INVERTER)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_phases_and_strings_come_with_the_sun(
    open_fusion_house: OpenFusionHouse,
) -> None:
    """An inverter that sleeps when it is added shows what it has when it wakes."""
    house = await open_fusion_house(fixture="B", now=NIGHT)
    inverter, meter = device(house, INVERTER), device(house, METER)
    assert not has(house, "grid_voltage", inverter)
    assert not has(house, "string_1_power", inverter)
    assert value(house, "phase_b_voltage", meter) > 200
    await house.pass_time(timedelta(hours=5))
    assert value(house, "phase_b_voltage", inverter) > 200
    assert value(house, "line_bc_voltage", inverter) > 380
    assert value(house, "string_2_power", inverter) > 0
    assert not has(house, "grid_voltage", inverter)
    assert not has(house, "string_3_power", inverter)
    # By night 0 V is the truth about them, also after a restart.
    await house.pass_time(timedelta(hours=20))
    await house.reload()
    assert value(house, "phase_b_voltage", inverter) == 0
    assert value(house, "string_2_power", inverter) == 0


async def test_inverter_alone(open_fusion_house: OpenFusionHouse) -> None:
    """Without a meter nobody knows what the house takes, or what is sold."""
    house = await open_fusion_house(fixture="C")
    assert value(house, "solar_power") > 1000
    for key in ("grid_power", "load_power", "battery_power", "state_of_charge"):
        assert not has(house, key, house.main), key
    assert len(devices(house)) == 2


async def test_two_plants(open_fusion_house: OpenFusionHouse) -> None:
    """Each plant reads its own values."""
    house = await open_fusion_house(fixture="D")
    shown = {code: value(house, "load_power", code) for code in house.cloud.serials}
    for code, power in shown.items():
        flow = house.cloud.truth(code).flow
        assert power == pytest.approx(flow.load_w, abs=5)
    assert len(set(shown.values())) == 2
    assert len(devices(house)) == 9


async def test_devices(fusion_house: FusionHouse) -> None:
    """They have the names of the app, and hang below their plant."""
    found = devices(fusion_house)
    plant = found[FUSION]
    names = {item.name for item in found.values()}
    assert names == {"Sample Roof", "Dongle-1", "Inverter-1", "Battery-1", "Meter-1"}
    for key, item in found.items():
        assert item.via_device_id == (None if key == FUSION else plant.id)
    assert found[FUSION_INVERTER].serial_number == "TESTINV0001"
    assert found[FUSION_INVERTER].model == "SUN2000-5KTL-L1"
    assert found[FUSION_INVERTER].sw_version == "V200R001C00SPC120"


# -- what is missing -----------------------------------------------------------


async def test_device_offline(open_fusion_house: OpenFusionHouse) -> None:
    """What a device measured before it went is not shown as fresh; counters stay."""
    house = await open_fusion_house()
    sold = value(house, "grid_export_energy", FUSION_METER)
    house.cloud.set_device_online(FUSION, SENSOR, online=False)
    await house.pass_time(timedelta(minutes=16))
    assert house.value("binary_sensor", "online", FUSION_METER) == "off"
    assert house.value("sensor", "grid_power", FUSION_METER) == STATE_UNKNOWN
    assert house.value("sensor", "grid_power") == STATE_UNKNOWN
    assert house.value("sensor", "load_power") == STATE_UNKNOWN
    assert value(house, "grid_export_energy", FUSION_METER) >= sold
    assert value(house, "solar_power") > 1000
    house.cloud.set_device_online(FUSION, SENSOR)
    await house.pass_time(timedelta(minutes=16))
    assert value(house, "grid_power") < 0


@pytest.mark.parametrize("night", ["null", "absent", "N/A"])
async def test_silent_at_night(open_fusion_house: OpenFusionHouse, night: Any) -> None:
    """Of an inverter that says nothing, nothing is known, nor of the house."""
    house = await open_fusion_house(
        fixture="B", now=NIGHT, behaviour=Behaviour(night_values=night)
    )
    inverter, meter = device(house, INVERTER), device(house, METER)
    assert value(house, "solar_energy", inverter) > 20_000
    assert value(house, "grid_power", meter) > 0
    assert not has(house, "solar_power", inverter)
    assert not has(house, "load_power", house.main)


# -- alarms --------------------------------------------------------------------


async def test_alarms(fusion_house: FusionHouse) -> None:
    """They are counted, shown without serials, and told as they come and go."""
    house = fusion_house
    assert value(house, "alarms") == 0
    assert house.state("sensor", "alarms").attributes["alarms"] == []
    assert house.value("binary_sensor", "problem") == "off"
    assert house.value("event", "alarm") == STATE_UNKNOWN

    alarm = house.cloud.raise_alarm(FUSION, RESIDENTIAL)
    await house.pass_time(ALARMS_INTERVAL + timedelta(minutes=3))
    assert value(house, "alarms") == 1
    [shown] = house.state("sensor", "alarms").attributes["alarms"]
    assert shown["alarm"] == alarm.name
    assert shown["level"] == "major"
    assert shown["device"] == "Inverter-1"
    assert datetime.fromisoformat(shown["raised_at"]) == alarm.raised
    assert alarm.device.serial not in str(shown)
    assert house.value("binary_sensor", "problem") == "on"
    event = house.state("event", "alarm").attributes
    assert event["event_type"] == "raised"
    assert event["alarm"] == alarm.name

    told = house.value("event", "alarm")
    await house.pass_time(ALARMS_INTERVAL + timedelta(minutes=3))
    assert house.value("event", "alarm") == told
    await house.reload()
    assert value(house, "alarms") == 1
    assert house.value("event", "alarm") == told

    house.cloud.clear_alarms(FUSION)
    await house.pass_time(ALARMS_INTERVAL + timedelta(minutes=3))
    assert value(house, "alarms") == 0
    assert house.state("event", "alarm").attributes["event_type"] == "cleared"
    assert house.value("binary_sensor", "problem") == "off"


async def test_warnings_are_no_problem(open_fusion_house: OpenFusionHouse) -> None:
    """A warning is an alarm, but nothing that has to be mended."""
    house = await open_fusion_house()
    house.cloud.raise_alarm(FUSION, RESIDENTIAL, level=WARNING)
    house.cloud.raise_alarm(FUSION, SENSOR, alarm_id=2011, level=WARNING)
    await house.pass_time(ALARMS_INTERVAL + timedelta(minutes=3))
    assert value(house, "alarms") == 2
    assert house.value("binary_sensor", "problem") == "off"


@pytest.mark.parametrize(
    ("online", "level", "status", "problem"),
    [(True, 1, "fault", "on"), (False, WARNING, "offline", "off")],
)
async def test_status(
    fusion_house: FusionHouse, online: bool, level: int, status: str, problem: str
) -> None:
    """The plant's health, in our words."""
    house = fusion_house
    house.cloud.raise_alarm(FUSION, RESIDENTIAL, level=level)
    house.cloud.set_online(FUSION, online)
    await house.pass_time(timedelta(hours=1, minutes=5))
    assert house.value("sensor", "status") == status
    assert house.value("binary_sensor", "problem") == problem
    assert house.value("binary_sensor", "online") == ("on" if online else "off")
