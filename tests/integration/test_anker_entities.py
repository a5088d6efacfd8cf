"""Anker: what a system and its devices show, against the house behind the cloud."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.joulekeeper.vendors.anker.descriptions import (
    devices as device_table,
    energy,
    hardware,
    panel,
    prices,
    solarbank,
    system,
)
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..clouds import AnkerCloud, Fault
from ..clouds.anker import Behaviour, firmware_api
from ..clouds.anker.fixtures import FIXTURES as SYSTEMS
from ..clouds.anker.prices import spots
from .accounts import add_account
from .conftest import (
    ANKER_BANK,
    ANKER_C,
    ANKER_C_BANK,
    ANKER_NOON,
    AnkerHouse,
    House,
    OpenAnkerHouse,
)
from .test_entities import LIVE_POWERS, UNITS, entries, summary

MINUTE = timedelta(minutes=1)
NIGHT = datetime(2026, 5, 4, 23, 2, 30, tzinfo=UTC)
"""One in the morning in Berlin: no sun, the batteries in use."""
FIXTURES = ("A", "B", "B80", "C", "D", "E", "AC", "PLUS", "CASCADE", "STATION", "ZERO")
BLANK = (STATE_UNAVAILABLE, STATE_UNKNOWN)
METER = "FAKEMETER0000001"
LEFT, RIGHT = "FAKESB1B00000001", "FAKESB1B00000002"

READ = {
    (platform, row.key)
    for platform, tables in {
        "sensor": (
            *(system.SYSTEM_SENSORS, energy.ENERGY_SENSORS, prices.PRICE_SENSORS),
            *(panel.PANEL_SENSORS, solarbank.SOLARBANK_SENSORS),
            *(device_table.DEVICE_SENSORS, energy.PLUG_ENERGY_SENSORS),
            hardware.HARDWARE_SENSORS,
        ),
        "binary_sensor": (
            *(system.SYSTEM_BINARY_SENSORS, solarbank.SOLARBANK_BINARY_SENSORS),
            device_table.DEVICE_BINARY_SENSORS,
            hardware.HARDWARE_BINARY_SENSORS,
        ),
        "update": (hardware.HARDWARE_UPDATES,),
    }.items()
    for table in tables
    for row in table
}
"""What is read; what belongs to schedules and settings is tested with them."""


def value(house: AnkerHouse, key: str, device: str | None = None) -> float:
    """Return the number that a sensor shows."""
    return float(house.value("sensor", key, device))


def has(
    house: AnkerHouse, key: str, device: str | None = None, platform: str = "sensor"
) -> bool:
    """Tell whether there is such an entity."""
    registry = er.async_get(house.hass)
    unique_id = f"{device or house.main}_{key}"
    return registry.async_get_entity_id(platform, "joulekeeper", unique_id) is not None


def read_entries(house: AnkerHouse) -> list[er.RegistryEntry]:
    """Return the entities that show what is read."""
    return [
        entry
        for entry in entries(house)
        if (entry.domain, entry.unique_id.partition("_")[2]) in READ
    ]


def truth(house: AnkerHouse, site: str | None = None) -> Any:
    """Return what the devices of a system have told last."""
    return house.cloud.site(site or house.main).record(house.cloud.clock()).flow


async def open_member(
    hass: HomeAssistant,
    open_anker: Callable[..., Awaitable[AnkerCloud]],
    freezer: FrozenDateTimeFactory,
) -> AnkerHouse:
    """Return the house of a system that is shared with the account."""
    freezer.move_to(ANKER_NOON)
    await hass.config.async_set_time_zone("Europe/Berlin")
    cloud = await open_anker(fixture="C")
    entry = await add_account(
        hass, cloud, "anker", **cloud.credentials_of(cloud.member)
    )
    return House(hass, cloud, entry, freezer, ANKER_C)


# -- all of them ---------------------------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", ["A", "B80", "C", "D", "E", "PLUS", "ZERO"])
async def test_all_entities(
    open_anker_house: OpenAnkerHouse, snapshot: SnapshotAssertion, fixture: str
) -> None:
    """Every entity that is read, those too that are off by default."""
    house = await open_anker_house(fixture=fixture)
    for platform in ("binary_sensor", "sensor", "update"):
        shown = {
            entry.entity_id: summary(house, entry)
            for entry in read_entries(house)
            if entry.domain == platform
        }
        for state in shown.values():
            # Its address holds a token.
            state.pop("entity_picture", None)
        assert shown == snapshot(name=platform)


@pytest.mark.parametrize("fixture", ["A", "C"])
async def test_entities_off_by_default(
    open_anker_house: OpenAnkerHouse, snapshot: SnapshotAssertion, fixture: str
) -> None:
    """What few people need is there, but switched off."""
    house = await open_anker_house(fixture=fixture)
    found = [item.entity_id for item in read_entries(house) if item.disabled]
    assert found == snapshot


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("now", [ANKER_NOON, NIGHT])
@pytest.mark.parametrize("fixture", FIXTURES)
async def test_vocabulary(
    open_anker_house: OpenAnkerHouse, fixture: str, now: datetime
) -> None:
    """Nothing waits for its value by day or night; units and classes are as of all."""
    house = await open_anker_house(fixture=fixture, now=now)
    found = read_entries(house)
    assert found
    for entry in found:
        state = house.hass.states.get(entry.entity_id)
        assert state is not None, entry.entity_id
        assert state.state not in BLANK, state
        of = state.attributes
        device_class = of.get("device_class")
        if device_class in UNITS and device_class != "duration":
            assert of.get("unit_of_measurement") == UNITS[device_class], state
        if device_class == "energy" and "forecast" not in entry.unique_id:
            begins_anew = entry.unique_id.endswith("_today")
            wanted = "total" if begins_anew else "total_increasing"
            assert of["state_class"] == wanted, state
            assert ("last_reset" in of) is begins_anew, state
        if entry.translation_key in LIVE_POWERS:
            assert of["state_class"] == "measurement", state


# -- values --------------------------------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("now", [ANKER_NOON, NIGHT])
@pytest.mark.parametrize("fixture", ["A", "B", "C", "E", "AC", "PLUS"])
async def test_flows_and_signs(
    open_anker_house: OpenAnkerHouse, fixture: str, now: datetime
) -> None:
    """Grid is positive on import, battery on discharge; all parts agree."""
    house = await open_anker_house(fixture=fixture, now=now)
    flow = truth(house)
    assert value(house, "solar_power") == pytest.approx(flow.pv_w, abs=1)
    assert value(house, "output_power") == pytest.approx(flow.output_w, abs=1)
    assert value(house, "battery_power") == pytest.approx(-flow.battery_w, abs=2)
    assert (value(house, "solar_power") > 300) is (now == ANKER_NOON)
    split = value(house, "discharge_power") - value(house, "charge_power")
    assert split == value(house, "battery_power")
    banks = house.cloud.site(house.main).spec.banks
    for number, bank in enumerate(banks):
        own = flow.banks[number]
        for key, power in (
            ("solar_power", own.pv_w),
            ("output_power", own.output_w),
            ("battery_power", -own.battery_w),
        ):
            assert value(house, key, bank.serial) == pytest.approx(power, abs=1), key
        level = value(house, "state_of_charge", bank.serial)
        assert level == pytest.approx(100 * own.soc, abs=0.6)
        stored = value(house, "stored_energy", bank.serial)
        assert stored == pytest.approx(bank.capacity_wh / 1000 * level / 100, abs=0.01)
    if house.cloud.site(house.main).spec.meter is None:
        assert not has(house, "grid_power")
        return
    assert value(house, "grid_power") == pytest.approx(flow.grid_w, abs=1)
    assert value(house, "load_power") == pytest.approx(flow.load_w, abs=1)
    bought = value(house, "grid_import_power") - value(house, "grid_export_power")
    assert bought == value(house, "grid_power")


async def test_signs_of_export(open_anker_house: OpenAnkerHouse) -> None:
    """What is sold is negative, on the system and on its meter."""
    house = await open_anker_house(fixture="C")
    house.cloud.app_sets_mode(house.main, 3)
    house.cloud.set_load(house.main, 20)
    await house.pass_time(12 * MINUTE)
    flow = truth(house)
    assert flow.grid_w < -50
    assert value(house, "grid_power") == pytest.approx(flow.grid_w, abs=1)
    assert value(house, "grid_power", METER) == value(house, "grid_power")
    assert house.value("sensor", "usage_mode") == "manual"
    assert value(house, "applied_preset") > 0


@pytest.mark.usefixtures("all_entities_enabled")
async def test_first_generation_has_nothing_of_later_ones(
    open_anker_house: OpenAnkerHouse,
) -> None:
    """Zeros of what a Solarbank E1600 does not have make no entities (4.3)."""
    house = await open_anker_house(fixture="A")
    keys = {entry.unique_id.partition("_")[2] for entry in read_entries(house)}
    assert not keys & {
        *("load_power", "other_loads_power", "grid_power", "to_home_power"),
        *("ac_socket_power", "heating_power", "grid_charge_power", "usage_mode"),
        *("micro_inverter_power", "micro_inverter_limit", "other_input_power"),
        *("string_1_power", "string_1_energy_today", "third_party_solar_power"),
        *("smart_plugs_power", "power_station_power", "ai_profit", "spot_price"),
        *("load_energy_today", "grid_import_energy_today", "ac_socket_energy_today"),
        *("grid_charge_energy_today", "solar_forecast_today", "expansion_batteries"),
        *("sell_price", "co2_factor", "power_station_state_of_charge"),
    }
    assert {"solar_power", "output_power", "applied_preset", "yield_total"} <= keys
    # Without a second bank there is no preset of its own.
    assert not has(house, "applied_preset", ANKER_BANK)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_solar_inputs(open_anker_house: OpenAnkerHouse) -> None:
    """Inputs are there once they give something, and 0 by night is the truth then."""
    house = await open_anker_house(
        fixture="PLUS", now=datetime(2026, 5, 4, 2, 45, 30, tzinfo=UTC)
    )
    [bank] = house.cloud.site(house.main).spec.banks
    assert not has(house, "string_1_power", bank.serial)
    house.cloud.set_sun(house.main, 0.3)
    await house.pass_time(timedelta(minutes=25))
    shown = [value(house, f"string_{n}_power", bank.serial) for n in (1, 2)]
    assert sum(shown) == pytest.approx(truth(house).pv_w, abs=2)
    assert not has(house, "string_3_power", bank.serial)
    house.cloud.set_sun(house.main, 0)
    await house.pass_time(timedelta(minutes=25))
    assert value(house, "string_2_power", bank.serial) == 0
    known = value(house, "string_2_energy_today")
    assert known > 0.01
    await house.reload()
    await house.pass_time(2 * MINUTE)
    assert value(house, "string_2_energy_today") == pytest.approx(known, abs=0.05)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_two_banks(open_anker_house: OpenAnkerHouse) -> None:
    """Each has its values and its share of the preset; the inverter is a device."""
    house = await open_anker_house(fixture="B80")
    assert value(house, "applied_preset") == 300
    for bank in (LEFT, RIGHT):
        assert value(house, "applied_preset", bank) == 150
        assert house.value("sensor", "inverter_model", bank) != STATE_UNKNOWN
    assert value(house, "solar_power", LEFT) != value(house, "solar_power", RIGHT)
    assert value(house, "ac_power", "FAKEMI800001") == pytest.approx(
        truth(house).output_w * 0.957, abs=3
    )
    assert value(house, "battery_count") == 2
    assert value(house, "wifi_signal", LEFT) == 64
    assert value(house, "wifi_signal", RIGHT) == 58
    assert not has(house, "wifi_connection", "FAKEMI800001", "binary_sensor")


@pytest.mark.usefixtures("all_entities_enabled")
async def test_wifi_of_nobody(open_anker_house: OpenAnkerHouse) -> None:
    """Of a list without serial numbers nobody knows whose link is which (4.6)."""
    house = await open_anker_house(fixture="B", behaviour=Behaviour(wifi_keyed=False))
    assert not has(house, "wifi_signal", LEFT)
    assert house.value("binary_sensor", "wifi_connection", LEFT) == "on"


async def test_states(open_anker_house: OpenAnkerHouse) -> None:
    """What a bank does, in words that follow its powers."""
    house = await open_anker_house(fixture="A")
    assert house.value("sensor", "bank_mode", ANKER_BANK) == "charge_bypass"
    assert value(house, "min_state_of_charge", ANKER_BANK) == 10
    assert value(house, "battery_capacity", ANKER_BANK) == 1.6
    house.cloud.set_sun(house.main, 0)
    await house.pass_time(3 * MINUTE)
    assert house.value("sensor", "bank_mode", ANKER_BANK) == "discharge"
    assert value(house, "battery_power", ANKER_BANK) == 300
    assert value(house, "solar_power") == 0


async def test_accessory(open_anker_house: OpenAnkerHouse) -> None:
    """A switch for 0 W is shown by its name with the bank that manages it."""
    house = await open_anker_house(fixture="ZERO")
    state = house.state("sensor", "accessory_1", "FAKESB1Z00000001")
    assert state.state == "Zero switch"
    assert state.attributes["product"] == "A17Y0"
    assert "FAKESWITCH" not in str(state.attributes)
    assert not has(house, "accessory_2", "FAKESB1Z00000001")


# -- totals and prices -----------------------------------------------------------


async def test_total_that_falls_for_a_moment(anker_house: AnkerHouse) -> None:
    """It is not shown, for statistics would count it twice; one that lasts is."""
    house = anker_house
    before = value(house, "yield_total"), value(house, "savings_total")
    known = house.cloud.shown(house.main)["statistics"]
    low = [item | {"total": "0.00"} for item in known]
    await _with_statistics(house, low, 2 * MINUTE)
    assert (value(house, "yield_total"), value(house, "savings_total")) == before
    await house.pass_time(2 * MINUTE)
    assert value(house, "yield_total") >= before[0]
    # A system that begins anew begins with a true 0.
    await _with_statistics(house, low, 8 * MINUTE)
    assert value(house, "yield_total") == 0.0
    assert value(house, "savings_total") == 0.0


async def test_total_that_is_0_after_a_restart(anker_house: AnkerHouse) -> None:
    """Nobody knows what was shown before, so the first 0 has to last too."""
    house = anker_house
    before = value(house, "yield_total")
    known = house.cloud.shown(house.main)["statistics"]
    low = [item | {"total": "0.00"} for item in known]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.clouds.anker.scene.statistics", lambda *_args: low)
        await house.reload()
        assert house.value("sensor", "yield_total") == STATE_UNKNOWN
        assert house.value("sensor", "savings_total") == STATE_UNKNOWN
        await house.pass_time(2 * MINUTE)
        assert house.value("sensor", "yield_total") == STATE_UNKNOWN
    await house.pass_time(2 * MINUTE)
    assert value(house, "yield_total") >= before


async def _with_statistics(
    house: AnkerHouse, statistics: list[dict[str, Any]], duration: timedelta
) -> None:
    """Let time pass while the cloud tells other totals."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.clouds.anker.scene.statistics", lambda *_args: statistics)
        await house.pass_time(duration)


async def test_zero_is_shown(open_anker_house: OpenAnkerHouse) -> None:
    """A new system has brought nothing yet, which is a value (1.2, 11)."""
    spec = replace(SYSTEMS["A"], before=0.0)  # type: ignore[type-var]
    house = await open_anker_house(
        fixture=spec, now=NIGHT, history=timedelta(minutes=30)
    )
    # The first 0 has to last.
    assert not has(house, "yield_total")
    await house.pass_time(7 * MINUTE)
    assert value(house, "yield_total") == 0.0
    assert value(house, "savings_total") == 0.0
    assert value(house, "solar_energy_today") == 0.0
    assert (
        house.state("sensor", "savings_total").attributes["unit_of_measurement"]
        == "EUR"
    )


@pytest.mark.usefixtures("all_entities_enabled")
async def test_prices(open_anker_house: OpenAnkerHouse) -> None:
    """The exchange's price follows the hours, in the currency per kWh."""
    house = await open_anker_house(
        fixture="E", now=datetime(2026, 5, 4, 10, 50, 30, tzinfo=UTC)
    )
    # What is paid beside the exchange's price is not known here.
    assert not has(house, "price")
    assert house.value("number", "fixed_price") == "0.4"
    today = spots(datetime(2026, 5, 4).date())
    state = house.state("sensor", "spot_price")
    assert state.attributes["unit_of_measurement"] == "EUR/kWh"
    assert float(state.state) == pytest.approx(today[12] / 1000)
    listed = state.attributes["today"]
    assert [item["price"] for item in listed] == [
        pytest.approx(price / 1000) for price in today
    ]
    assert listed[12]["start"] == "2026-05-04T12:00:00+02:00"
    assert state.attributes["tomorrow"] == []
    await house.pass_time(10 * MINUTE)
    assert value(house, "spot_price") == pytest.approx(today[13] / 1000)


def with_prices(**told: Any) -> Any:
    """Return the edit of the prices of a system."""
    return lambda payload: {**payload, "data": {**payload["data"], **told}}


async def options(house: AnkerHouse, **chosen: float) -> None:
    """Choose options in their form."""
    manager = house.hass.config_entries.options
    flow = await manager.async_init(house.entry.entry_id)
    assert flow["data_schema"] is not None
    filled = flow["data_schema"]({}) | chosen
    await manager.async_configure(flow["flow_id"], filled)
    kept = {key: house.entry.options[key] for key in chosen}
    assert kept == chosen
    await house.pass_time(3 * MINUTE)


async def test_dynamic_price(open_anker_house: OpenAnkerHouse) -> None:
    """With its fee and VAT the exchange's price is what one pays (4.11)."""
    house = await open_anker_house(
        fixture="E", now=datetime(2026, 5, 4, 10, 50, 30, tzinfo=UTC)
    )
    await options(house, price_fee=17.895, price_vat=19.0)
    today = spots(datetime(2026, 5, 4).date())
    for hour in (12, 13):
        wanted = (today[hour] / 1000 + 0.17895) * 1.19
        assert value(house, "price") == pytest.approx(wanted, abs=1e-5)
        await house.pass_time(10 * MINUTE)
    unit = house.state("sensor", "price").attributes["unit_of_measurement"]
    assert unit == "EUR/kWh"
    # What can be set is the fixed price.
    assert house.value("number", "fixed_price") == "0.4"


async def test_price_by_time_of_use(open_anker_house: OpenAnkerHouse) -> None:
    """It is the price of the tariff that holds, and changes with the hour."""
    house = await open_anker_house(
        fixture="E", now=datetime(2026, 5, 4, 10, 50, 30, tzinfo=UTC)
    )
    hours = [
        {"start_time": 0, "end_time": 13, "type": 4},
        {"start_time": 13, "end_time": 24, "type": 1},
    ]
    costs = [{"type": 4, "price": "0.21"}, {"type": 1, "price": "0.37"}]
    season = {
        "sea": {"start_month": 1, "end_month": 12},
        "weekday": hours,
        "weekend": hours,
        "is_same": True,
        "weekday_price": costs,
        "weekend_price": costs,
        "unit": "€",
    }
    edit = with_prices(price_type="use_time", use_time=[season])
    house.cloud.faults.add("get_site_price", Fault.EDIT, edit=edit, times=None)
    await house.reload()
    await house.pass_time(3 * MINUTE)
    assert value(house, "price") == 0.21
    await house.pass_time(10 * MINUTE)
    assert value(house, "price") == 0.37
    assert house.value("number", "fixed_price") == "0.4"


async def test_fixed_price(open_anker_house: OpenAnkerHouse) -> None:
    """It is what the owner has set; crowns are those of the account's country."""
    house = await open_anker_house(fixture="E")
    edit = with_prices(price_type="fixed", site_price_unit="kr")
    house.cloud.faults.add("get_site_price", Fault.EDIT, edit=edit, times=None)
    await house.reload()
    await house.pass_time(3 * MINUTE)
    assert value(house, "price") == 0.4
    # No crown is Germany's.
    state = house.state("sensor", "price")
    assert state.attributes["unit_of_measurement"] == "kr/kWh"
    entry = house.entry
    credentials = {**entry.data["credentials"], "country": "SE"}
    house.hass.config_entries.async_update_entry(
        entry, data={**entry.data, "credentials": credentials}
    )
    await house.reload()
    await house.pass_time(3 * MINUTE)
    state = house.state("sensor", "price")
    assert state.attributes["unit_of_measurement"] == "SEK/kWh"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/Helsinki"])
async def test_exchange_of_an_area(open_anker_house: OpenAnkerHouse, zone: str) -> None:
    """Its hours are those of its country, wherever Home Assistant thinks it is."""
    house = await open_anker_house(
        fixture="E", now=datetime(2026, 5, 4, 10, 20, 30, tzinfo=UTC)
    )
    await house.hass.config.async_set_time_zone(zone)
    await house.reload()
    await house.pass_time(3 * MINUTE)
    today = spots(datetime(2026, 5, 4).date())
    assert value(house, "spot_price") == pytest.approx(today[12] / 1000)


async def test_exchange_that_breaks_off(open_anker_house: OpenAnkerHouse) -> None:
    """The last price that is known holds for its hour, and no longer."""
    house = await open_anker_house(
        fixture="E", now=datetime(2026, 5, 4, 10, 50, 30, tzinfo=UTC)
    )

    def short(payload: dict[str, Any]) -> dict[str, Any]:
        data = payload["data"]
        trend = data["today_price_trend"][:13]
        edited = {**data, "today_price_trend": trend, "tomorrow_price_trend": []}
        return {**payload, "data": edited}

    house.cloud.faults.add("price_detail", Fault.EDIT, edit=short, times=None)
    await house.reload()
    await house.pass_time(3 * MINUTE)
    assert value(house, "spot_price") > 0
    await house.pass_time(8 * MINUTE)
    assert house.value("sensor", "spot_price") == STATE_UNKNOWN


async def test_prices_at_midnight(open_anker_house: OpenAnkerHouse) -> None:
    """Tomorrow's first price holds at once, whatever is asked when."""
    house = await open_anker_house(
        fixture="E", now=datetime(2026, 5, 4, 21, 50, 30, tzinfo=UTC)
    )
    today, tomorrow = (spots(datetime(2026, 5, day).date()) for day in (4, 5))
    assert len(house.state("sensor", "spot_price").attributes["tomorrow"]) == 24
    assert value(house, "spot_price") == pytest.approx(today[23] / 1000)
    await house.pass_time(10 * MINUTE)
    assert value(house, "spot_price") == pytest.approx(tomorrow[0] / 1000)


async def test_forecast(open_anker_house: OpenAnkerHouse) -> None:
    """What the cloud expects of the sun, with the hours as an attribute."""
    house = await open_anker_house(fixture="E")
    assert house.value("sensor", "ai_status") == "trained"
    state = house.state("sensor", "solar_forecast_today")
    hours = state.attributes["forecast"]
    # The cloud names hours by their ends.
    assert hours[0]["start"] == "2026-05-04T12:00:00+02:00"
    assert hours[-1]["start"] == "2026-05-04T23:00:00+02:00"
    total = sum(item["power"] for item in hours) / 1000
    assert float(state.state) == pytest.approx(total, abs=0.01)
    for hour in range(2):
        assert value(house, "solar_forecast_this_hour") == hours[hour]["power"]
        await house.pass_time(60 * MINUTE)


async def test_unknown_exchange(open_anker_house: OpenAnkerHouse) -> None:
    """A provider that the cloud does not know costs its prices alone (ha#428)."""
    spec = SYSTEMS["E"]
    house = await open_anker_house(fixture=spec)
    assert has(house, "spot_price")
    house.cloud.answer_with("price_detail", 10000, times=None)
    await house.reload()
    assert house.value("sensor", "spot_price") == STATE_UNKNOWN
    assert house.value("number", "fixed_price") == "0.4"
    # Its call shares a limit with those of the energies.
    await house.pass_time(5 * MINUTE)
    assert value(house, "solar_forecast_today") > 0


def with_scene(change: Callable[[dict[str, Any]], None]) -> Any:
    """Return the edit of an overview."""

    def edited(payload: dict[str, Any]) -> dict[str, Any]:
        payload = deepcopy(payload)
        change(payload["data"])
        return payload

    return edited


async def overviewed(
    house: AnkerHouse, change: Callable[[dict[str, Any]], None]
) -> None:
    """Let the cloud tell another overview, and time pass until it was read."""
    edit = with_scene(change)
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=edit, times=None)
    await house.pass_time(6 * MINUTE)


async def test_what_ai_and_others_bring(open_anker_house: OpenAnkerHouse) -> None:
    """The AI mode's profit, and the sun of an inverter of another maker."""
    house = await open_anker_house(fixture="E")
    assert not has(house, "third_party_solar_power")

    def change(data: dict[str, Any]) -> None:
        data["third_party_pv"] = "321"
        data["aiems_profit"]["aiems_profit_total"] = "12.34"

    await overviewed(house, change)
    assert value(house, "third_party_solar_power") == 321
    profit = house.state("sensor", "ai_profit")
    assert (profit.state, profit.attributes["unit_of_measurement"]) == ("12.34", "EUR")
    assert profit.attributes["state_class"] == "total"


async def test_system_of_inverters(open_anker_house: OpenAnkerHouse) -> None:
    """Without solarbanks what its inverters give is what the system does."""
    house = await open_anker_house(fixture="B80")

    def change(data: dict[str, Any]) -> None:
        data["solarbank_info"]["solarbank_list"] = []
        data["power_site_type"] = 0
        data["solar_list"][0] |= {"generate_power": "300.00", "status": "1"}

    await overviewed(house, change)
    assert value(house, "solar_power") == 300
    account = house.entry.runtime_data.account
    [source] = account.session.flow_sources(account.topology, account.readings)
    assert source.flow(account.readings).production_w == 300


@pytest.mark.usefixtures("all_entities_enabled")
async def test_limits_of_the_app(open_anker_house: OpenAnkerHouse) -> None:
    """What only the app can set can be read, in W; 0 stands for unknown (4.12)."""
    house = await open_anker_house(fixture=("AC", "C"))
    bank = "FAKESB2F00000001"
    assert value(house, "grid_charge_power_limit", bank) == 1000
    assert not has(house, "power_limit")

    def told(payload: dict[str, Any]) -> dict[str, Any]:
        return {**payload, "data": {**payload["data"], "all_power_limit": 800}}

    house.cloud.faults.add("power_limit", Fault.EDIT, edit=told, times=None)
    await house.reload()
    await house.pass_time(3 * MINUTE)
    assert value(house, "power_limit") == 800


# -- devices and what is missing ----------------------------------------------------


async def test_firmware(
    anker_house: AnkerHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer firmware is told; it can only be installed with the app."""
    house = anker_house
    state = house.state("update", "firmware", ANKER_BANK)
    assert (state.state, state.attributes["installed_version"]) == ("off", "v2.0.9")
    assert state.attributes["supported_features"] == 0
    known = firmware_api._ota

    def newer(*args: Any) -> dict[str, Any]:
        told = known(*args)
        return told | {
            "need_update": True,
            "lastPackage": told["lastPackage"] | {"version": "v2.1.0"},
        }

    monkeypatch.setattr(firmware_api, "_ota", newer)
    await house.pass_time(timedelta(minutes=75))
    state = house.state("update", "firmware", ANKER_BANK)
    assert (state.state, state.attributes["latest_version"]) == ("on", "v2.1.0")
    assert "app can install" in state.attributes["release_summary"]


async def test_bank_offline(open_anker_house: OpenAnkerHouse) -> None:
    """The zeros of a bank without connection are no powers; what it held stays."""
    house = await open_anker_house(fixture="B")
    house.cloud.set_device_online(house.main, LEFT, online=False)
    await house.pass_time(2 * MINUTE)
    assert house.value("binary_sensor", "online", LEFT) == "off"
    assert house.value("sensor", "solar_power", LEFT) == STATE_UNKNOWN
    assert house.value("sensor", "bank_mode", LEFT) == STATE_UNKNOWN
    assert value(house, "state_of_charge", LEFT) > 0
    assert value(house, "solar_power", RIGHT) > 100
    assert value(house, "solar_power") > 100
    house.cloud.set_online(house.main, False)
    await house.pass_time(2 * MINUTE)
    for key in ("solar_power", "battery_power", "output_power"):
        assert house.value("sensor", key) == STATE_UNKNOWN
    assert value(house, "yield_total") > 200
    house.cloud.set_online(house.main)
    house.cloud.set_device_online(house.main, LEFT)
    await house.pass_time(4 * MINUTE)
    assert value(house, "solar_power", LEFT) > 100


async def test_meter_offline(open_anker_house: OpenAnkerHouse) -> None:
    """A meter without connection measures nothing, which is not 0."""
    house = await open_anker_house(fixture="E")
    meter = "FAKESHELLY0001"
    assert value(house, "grid_power", meter) == value(house, "grid_power")
    house.cloud.set_device_online(house.main, meter, online=False)
    await house.pass_time(11 * MINUTE)
    assert house.value("binary_sensor", "online", meter) == "off"
    assert house.value("sensor", "grid_power", meter) == STATE_UNKNOWN
    assert house.value("sensor", "grid_power") == STATE_UNKNOWN
    assert value(house, "solar_power") > 100


async def test_data_that_means_nothing(open_anker_house: OpenAnkerHouse) -> None:
    """What the cloud itself calls invalid is not shown; the last values stay a while."""
    house = await open_anker_house(fixture="C")
    before = value(house, "solar_power")
    house.cloud.change(invalid=True)
    await house.pass_time(6 * MINUTE)
    assert value(house, "solar_power") == before
    assert value(house, "state_of_charge", ANKER_C_BANK) > 0
    await house.pass_time(11 * MINUTE)
    for key in ("solar_power", "battery_power", "grid_power", "usage_mode"):
        assert house.value("sensor", key) == STATE_UNKNOWN
    for key in ("solar_power", "state_of_charge", "bank_mode"):
        assert house.value("sensor", key, ANKER_C_BANK) == STATE_UNKNOWN
    # It is still online, and the rest of the account goes on.
    assert house.value("binary_sensor", "online", ANKER_C_BANK) == "on"
    assert value(house, "solar_energy_today") > 0
    house.cloud.change(invalid=False)
    await house.pass_time(6 * MINUTE)
    assert value(house, "solar_power") > 0


async def test_invalid_from_the_beginning(open_anker_house: OpenAnkerHouse) -> None:
    """Nothing of it makes entities before there are values."""
    house = await open_anker_house(fixture="C", behaviour=Behaviour(invalid=True))
    assert not has(house, "solar_power")
    assert not has(house, "state_of_charge", ANKER_C_BANK)
    house.cloud.change(invalid=False)
    await house.pass_time(6 * MINUTE)
    assert value(house, "state_of_charge", ANKER_C_BANK) > 0


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("oddity", ["empty_strings", "old_firmware"])
async def test_old_records(open_anker_house: OpenAnkerHouse, oddity: str) -> None:
    """Fields that are missing or empty make no entities, and harm nobody."""
    house = await open_anker_house(
        fixture="A",
        behaviour=Behaviour(**{oddity: True}),  # type: ignore[arg-type]
    )
    assert value(house, "solar_power") > 300
    assert value(house, "state_of_charge", ANKER_BANK) > 0
    assert has(house, "solar_power", ANKER_BANK) is (oddity == "old_firmware")
    for entry in read_entries(house):
        assert house.hass.states.get(entry.entity_id).state not in BLANK, entry  # type: ignore[union-attr]


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.usefixtures("no_waiting")
async def test_member(
    hass: HomeAssistant,
    open_anker: Callable[..., Awaitable[AnkerCloud]],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A member sees what flows, is told so, and gets nothing that is the owner's."""
    house = await open_member(hass, open_anker, freezer)
    assert house.value("binary_sensor", "site_admin") == "off"
    for key in ("solar_power", "grid_power", "load_power", "yield_total"):
        assert value(house, key) > 0 or key == "grid_power"
    assert value(house, "solar_energy_today") > 0
    assert value(house, "state_of_charge", ANKER_C_BANK) > 0
    keys = {entry.unique_id.partition("_")[2] for entry in entries(house)}
    assert not keys & {
        *("firmware", "wifi_connection", "wifi_signal", "inverter_model", "price"),
        *("auto_upgrade", "home_preset", "price_type", "surplus_power"),
    }
    for entry in read_entries(house):
        state = house.hass.states.get(entry.entity_id)
        assert state is not None
        assert state.state not in BLANK, state


# -- power panels and power stations ----------------------------------------------


@pytest.mark.usefixtures("all_entities_enabled")
async def test_power_panel(open_anker_house: OpenAnkerHouse) -> None:
    """It tells no live values, but averages and totals (4.14)."""
    house = await open_anker_house(
        fixture="PANEL",
        region="com",
        zone="America/Chicago",
        now=datetime(2026, 5, 4, 18, 2, 30, tzinfo=UTC),
    )
    assert house.value("binary_sensor", "online", "FAKEPANEL0000001") == "on"
    flow = truth(house)
    assert value(house, "load_power_average") == pytest.approx(flow.load_w, rel=0.5)
    assert value(house, "panel_load_energy_today") > 1
    bought = value(house, "grid_import_power_average")
    assert bought == pytest.approx(max(0.0, flow.grid_w), rel=0.5, abs=20)
    assert value(house, "panel_grid_import_energy_today") > 0.1
    assert not has(house, "grid_power_average")
    assert value(house, "panel_yield_total") == pytest.approx(130, abs=10)
    savings = house.state("sensor", "panel_savings_total")
    # Dollars are those of Home Assistant.
    assert savings.attributes["unit_of_measurement"] == house.hass.config.currency
    assert not has(house, "solar_power")
    assert not has(house, "yield_total")
    assert not has(house, "solar_energy_today")


@pytest.mark.usefixtures("all_entities_enabled")
async def test_power_station(open_anker_house: OpenAnkerHouse) -> None:
    """A system without solarbanks shows its stations, and no zeros of solarbanks."""
    house = await open_anker_house(fixture="STATION")
    assert value(house, "power_station_state_of_charge") == 80
    assert house.value("binary_sensor", "online", "FAKEPPS000000001") == "on"
    for key in ("solar_power", "battery_power", "solar_energy_today", "applied_preset"):
        assert not has(house, key), key


async def test_lone_inverter(open_anker_house: OpenAnkerHouse) -> None:
    """An MI80 without a system has its own power, energies and price (4.13)."""
    house = await open_anker_house(fixture="D")
    assert value(house, "solar_power") > 100
    assert value(house, "yield_total") > 58
    assert value(house, "solar_energy_today") > 0.5
    assert house.value("binary_sensor", "online_alone") == "on"
    house.cloud.set_online(house.main, False)
    await house.pass_time(3 * MINUTE)
    assert house.value("binary_sensor", "online_alone") == "off"
