"""Set-up, outages and devices: what one account costs and what it survives."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..clouds import Fault
from ..clouds.redback import Behaviour
from .accounts import add_account
from .conftest import BATTERY, INVERTER, SITE, House, OpenHouse

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def test_set_up_takes_three_round_trips_and_two_with_a_token(
    house: House,
) -> None:
    """Token, nodes, then everything else at once; the token outlives a restart."""
    house.cloud.requests.clear()
    await house.reload()
    assert house.cloud.requests.counts() == {
        "nodes": 1,
        "static": 1,
        "dynamic": 1,
        "configuration": 1,
        "schedules": 1,
        "envelopes": 1,
    }


async def test_a_day_of_polling_stays_within_the_budget(house: House) -> None:
    """At most 70 calls an hour with the entities that are enabled by default."""
    house.cloud.requests.clear()
    await house.pass_time(timedelta(hours=24))
    counts = house.cloud.requests.counts()
    assert sum(counts.values()) <= 70 * 24, counts
    assert counts["dynamic"] == pytest.approx(1440, rel=0.05)
    assert counts["schedules"] <= 3 * 24 + 1
    assert counts["envelopes"] <= 24 + 1
    assert counts["configuration"] <= 13
    assert counts["static"] <= 13
    assert counts["nodes"] <= 13
    assert counts["token"] <= 27
    assert not [label for label in counts if "portal" in label]


async def test_disabled_entities_save_their_call(house: House) -> None:
    """When nothing of an endpoint is enabled, it is not asked any more."""
    registry = er.async_get(house.hass)
    for entry in er.async_entries_for_config_entry(registry, house.entry.entry_id):
        if entry.domain != "sensor" or "energy" not in entry.unique_id:
            registry.async_update_entity(
                entry.entity_id, disabled_by=er.RegistryEntryDisabler.USER
            )
    await house.reload()
    house.cloud.requests.clear()
    await house.pass_time(timedelta(hours=2, minutes=1))
    counts = house.cloud.requests.counts()
    assert counts["dynamic"] > 100
    assert "schedules" not in counts
    assert "envelopes" not in counts


@pytest.mark.parametrize("label", ["static", "configuration", "schedules", "envelopes"])
async def test_one_bad_endpoint_costs_only_its_entities(
    open_house: OpenHouse, label: str
) -> None:
    """The others live; when the endpoint recovers its entities come by themselves."""
    house = await open_house(fixture="A")
    house.cloud.faults.add(label, Fault.STATUS, status=500)
    await house.reload()
    assert house.entry.state is ConfigEntryState.LOADED
    assert float(house.value("sensor", "solar_power")) > 0
    house.cloud.faults.clear()
    await house.pass_time(2 * MINUTE)
    states = [
        state
        for state in house.hass.states.async_all()
        if state.state == STATE_UNAVAILABLE
    ]
    assert states == []


async def test_one_bad_inverter_leaves_the_other(open_house: OpenHouse) -> None:
    """Two inverters on two sites: a failure of one is the other's gain of nothing."""
    house = await open_house(fixture="D")
    good, bad = house.cloud.serials
    house.cloud.faults.add(f"/Dynamic/BySerialNumber/{bad}", Fault.NULL)
    await house.pass_time(3 * MINUTE)
    assert house.value("sensor", "solar_power", bad) == STATE_UNAVAILABLE
    assert house.value("sensor", "solar_power", good) not in (
        STATE_UNAVAILABLE,
        STATE_UNKNOWN,
    )


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (Fault.STATUS, {"status": 503}),
        (Fault.HTML, {}),
        (Fault.BROKEN_JSON, {}),
        (Fault.NULL, {}),
        (Fault.THROTTLE, {"retry_after": 120}),
        (Fault.WRONG_TYPE, {}),
    ],
)
async def test_outage_is_unavailable_and_never_asks_for_credentials(
    house: House, fault: Fault, options: dict[str, Any]
) -> None:
    """Busy or broken clouds make entities unavailable, and they come back."""
    house.cloud.faults.add("dynamic", fault, **options)
    await house.pass_time(2 * MINUTE)
    assert house.value("sensor", "solar_power") == STATE_UNAVAILABLE
    calls = house.cloud.requests.count("dynamic")
    await house.pass_time(10 * MINUTE)
    assert house.cloud.requests.count("dynamic") - calls < 20
    assert not house.hass.config_entries.flow.async_progress()
    house.cloud.faults.clear()
    await house.pass_time(16 * MINUTE)
    assert float(house.value("sensor", "solar_power")) > 0


async def test_throttling_is_obeyed(house: House) -> None:
    """A Retry-After is waited for."""
    house.cloud.faults.add("dynamic", Fault.THROTTLE, retry_after=600)
    await house.pass_time(2 * MINUTE)
    calls = house.cloud.requests.count("dynamic")
    await house.pass_time(9 * MINUTE)
    assert house.cloud.requests.count("dynamic") - calls <= 1


async def test_stale_token_is_renewed_once_and_refusal_asks_for_credentials(
    house: House,
) -> None:
    """One 401 costs one token; a cloud that goes on refusing starts reauth."""
    house.cloud.requests.clear()
    house.cloud.expire_tokens()
    await house.pass_time(2 * MINUTE)
    assert house.cloud.requests.count("token") == 1
    assert float(house.value("sensor", "solar_power")) > 0
    house.cloud.faults.add("dynamic", Fault.EXPIRED_TOKEN)
    await house.pass_time(2 * MINUTE)
    (flow,) = house.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


@pytest.mark.parametrize(
    ("label", "fault", "options", "state"),
    [
        ("*", Fault.STATUS, {"status": 502}, ConfigEntryState.SETUP_RETRY),
        ("nodes", Fault.THROTTLE, {}, ConfigEntryState.SETUP_RETRY),
        (r"BySerial|By/S", Fault.STATUS, {"status": 500}, ConfigEntryState.SETUP_RETRY),
        ("*", Fault.EXPIRED_TOKEN, {}, ConfigEntryState.SETUP_ERROR),
    ],
)
async def test_set_up_that_cannot_work_says_so(
    house: House,
    label: str,
    fault: Fault,
    options: dict[str, Any],
    state: ConfigEntryState,
) -> None:
    """Outages are tried again; refused credentials are asked for."""
    house.cloud.faults.add(label, fault, **options)
    await house.reload()
    assert house.entry.state is state
    flows = house.hass.config_entries.flow.async_progress()
    assert bool(flows) == (state is ConfigEntryState.SETUP_ERROR)


async def test_unload_ends_all_calls(house: House) -> None:
    """An account that is unloaded asks for nothing more."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    assert house.entry.state is ConfigEntryState.NOT_LOADED
    house.cloud.requests.clear()
    await house.pass_time(5 * MINUTE)
    assert house.cloud.requests.total == 0


async def test_removal_forgets_the_token(
    house: House, hass_storage: dict[str, Any]
) -> None:
    """Nothing of a removed account stays on disk."""
    key = f"{DOMAIN}.{house.entry.entry_id}.token"
    assert key in hass_storage
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    await house.hass.async_block_till_done()
    assert key not in hass_storage


async def test_portal_down_leaves_monitoring_and_control(
    open_house: OpenHouse,
) -> None:
    """The portal is an extra: without it everything else works."""
    house = await open_house(fixture="A", portal=True)
    assert house.value("sensor", "string_1_size") == "3800.0"
    house.cloud.faults.add("/Account|/installation|/productcontrol", Fault.STATUS)
    await house.reload()
    assert float(house.value("sensor", "solar_power")) > 0
    assert house.value("sensor", "string_1_size") == STATE_UNAVAILABLE
    (result,) = await house.act("create_schedule", action="hold", duration_min=30)
    assert result["state"] == "confirmed"


async def test_new_inverter_appears_and_lost_one_leaves(house: House) -> None:
    """A new inverter needs no reload; a lost one goes after two listings."""
    house.cloud.add("B")
    new = house.cloud.serials[-1]
    await house.pass_time(2 * HOUR + MINUTE)
    assert float(house.value("sensor", "solar_power", new)) >= 0
    assert house.device_id(f"{new}_battery")

    house.cloud.remove(new)
    await house.pass_time(2 * HOUR)
    assert house.value("sensor", "solar_power", new) == STATE_UNAVAILABLE
    assert house.device_id(new)
    await house.pass_time(2 * HOUR)
    with pytest.raises(AssertionError):
        house.device_id(new)
    assert float(house.value("sensor", "load_power")) > 0

    house.cloud.restore(new)
    await house.pass_time(2 * HOUR)
    assert float(house.value("sensor", "load_power", new)) > 0


async def test_inverter_left_out_once_stays(house: House) -> None:
    """One wrong listing removes nothing, and the entities go on."""
    house.cloud.remove(INVERTER)
    await house.pass_time(2 * HOUR)
    house.cloud.restore(INVERTER)
    await house.pass_time(2 * HOUR + 20 * MINUTE)
    assert house.device_id(INVERTER)
    assert float(house.value("sensor", "load_power")) > 0


async def test_equal_last_digits_are_two_devices(open_house: OpenHouse) -> None:
    """Devices go by their full serial number."""
    house = await open_house(fixture="I")
    assert len({serial[-4:] for serial in house.cloud.serials}) == 1
    ids = {house.device_id(serial) for serial in house.cloud.serials}
    assert len(ids) == len(house.cloud.serials) == 2


async def test_two_inverters_on_one_site(open_house: OpenHouse) -> None:
    """Each inverter reads its own values, whatever the order in the answers."""
    house = await open_house(
        fixture="E", behaviour=Behaviour(several_inverters="by_age")
    )
    first, second = house.cloud.serials
    parents = {
        dr.async_get(house.hass).async_get(house.device_id(serial)).via_device_id
        for serial in (first, second)
    }
    assert parents == {house.device_id(SITE)}
    await house.act("create_schedule", second, action="hold", duration_min=30)
    assert house.cloud.schedules(first) == []
    assert house.value("binary_sensor", "schedule_active", first) == "off"
    assert house.value("binary_sensor", "schedule_active", second) == "on"


async def test_two_accounts_live_side_by_side(
    hass: HomeAssistant, open_house: OpenHouse
) -> None:
    """Several accounts share nothing, and odd secrets are encoded."""
    house = await open_house(accounts=[["A"], ["B"]])
    other = await add_account(hass, house.cloud, **house.cloud.accounts[1].credentials)
    assert other.title != house.entry.title
    (serial,) = house.cloud.accounts[1].inverters
    second = House(hass, house.cloud, other, house.freezer)
    assert float(second.value("sensor", "load_power", serial)) > 0
    await hass.config_entries.async_unload(other.entry_id)
    await house.pass_time(2 * MINUTE)
    assert float(house.value("sensor", "load_power")) > 0


async def test_disabled_battery_is_a_battery_with_unknown_values(
    open_house: OpenHouse,
) -> None:
    """Nulls stay unknown and harm nothing (dossier fixture F)."""
    house = await open_house(fixture="F")
    assert float(house.value("sensor", "solar_power")) > 0
    assert house.device_id(BATTERY)
    with pytest.raises(AssertionError):
        house.entity_id("sensor", "state_of_charge", BATTERY)


async def test_battery_is_found_by_its_readings(open_house: OpenHouse) -> None:
    """A battery count of 0 is no proof of none (dossier fixture G)."""
    house = await open_house(fixture="G")
    (serial,) = house.cloud.serials
    assert float(house.value("sensor", "state_of_charge", f"{serial}_battery")) > 0


async def test_values_that_vanish_are_unknown_not_zero(house: House) -> None:
    """A null in a running system makes one entity unknown; totals take no step."""
    house.cloud.faults.add(
        "dynamic",
        Fault.EDIT,
        edit=lambda body: {
            "Data": body["Data"]
            | {"PvPowerInstantaneouskW": None, "ImportAllTimeEnergykWh": None}
        },
    )
    await house.pass_time(2 * MINUTE)
    assert house.value("sensor", "solar_power") == STATE_UNKNOWN
    assert house.value("sensor", "load_power") == STATE_UNKNOWN
    assert house.value("sensor", "grid_import_energy") == STATE_UNKNOWN
    assert float(house.value("sensor", "solar_energy")) > 0
    await house.reload()
    assert house.value("sensor", "solar_power") == STATE_UNKNOWN


async def test_totals_follow_a_reset_of_the_cloud(house: House) -> None:
    """The cloud may reset its counters; the class tells the statistics to go on."""
    state = house.state("sensor", "solar_energy")
    assert state.attributes["state_class"] == "total_increasing"
    assert float(state.state) > 20_000
    house.cloud.reset_counters(INVERTER)
    await house.pass_time(3 * MINUTE)
    assert 0 <= float(house.value("sensor", "solar_energy")) < 1


async def test_silent_inverter_is_asked_patiently(house: House) -> None:
    """An offline inverter shows so, and is not asked more often than a living one."""
    house.cloud.set_offline(INVERTER)
    await house.pass_time(5 * MINUTE)
    assert house.value("sensor", "status") == "offline"
    for measured in ("solar_power", "grid_power", "load_power", "mode"):
        assert house.value("sensor", measured) == STATE_UNKNOWN
    assert house.value("sensor", "state_of_charge", BATTERY) == STATE_UNKNOWN
    assert float(house.value("sensor", "solar_energy")) > 0
    calls = house.cloud.requests.count("dynamic")
    await house.pass_time(HOUR)
    assert house.cloud.requests.count("dynamic") - calls <= 61


async def test_older_cloud_without_details(open_house: OpenHouse) -> None:
    """Where only v2 of the telemetry exists, what it holds is shown."""
    house = await open_house(fixture="A")
    house.cloud.faults.add(r"/Api/v2\.21/", Fault.STATUS, status=404)
    await house.reload()
    assert float(house.value("sensor", "solar_power")) > 0
    assert float(house.value("sensor", "state_of_charge", BATTERY)) > 0
    versions = Counter(
        "v2.21" in entry.path
        for entry in house.cloud.requests.entries
        if entry.label.startswith("dynamic")
    )
    await house.pass_time(5 * MINUTE)
    assert versions[True] <= 3
