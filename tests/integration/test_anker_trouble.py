"""Anker: what goes unavailable when something goes wrong, what is told, how it heals."""

from datetime import timedelta
from typing import Any, Final

import pytest

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from ..clouds.anker import Behaviour
from .conftest import ANKER, ANKER_BANK, ANKER_C, AnkerHouse, OpenAnkerHouse
from .test_anker_day import asks_for_password, newest, repairs

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
BLANK: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)
B: Final = "11111111-2222-4333-8444-00000000000b"

DETAILS: Final = (
    "bind_devices",
    "wifi_list",
    "get_cutoff",
    "solar_info",
    "fittings",
    "get_auto_upgrade",
    "ota_batch",
    "get_device_load",
    "get_device_parm",
    "energy_analysis",
    "get_site_price",
    "get_device_attrs",
    "power_limit",
    "currency_list",
    "price_options",
    "price_detail",
    "ai_ems_status",
    "co2_ranking",
)
"""Without all of these there are values all the same."""


def shows(house: AnkerHouse, key: str, device: str | None = None) -> bool:
    """Tell whether a sensor has a value."""
    return house.value("sensor", key, device) not in BLANK


def lost(house: AnkerHouse) -> set[str]:
    """Return what is unavailable, without buttons, which never have a state."""
    return {
        state.entity_id
        for state in house.hass.states.async_all()
        if state.state == STATE_UNAVAILABLE
    }


@pytest.fixture
async def house(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a house with all systems."""
    return await open_anker_house(fixture=("A", "B", "C", "D"))


def status(code: int) -> Any:
    """Return what lets an endpoint answer with an HTTP status."""
    return lambda cloud, label: cloud.fail_with(label, code, times=None)


def code(number: int) -> Any:
    """Return what lets an endpoint answer with a code."""
    return lambda cloud, label: cloud.answer_with(label, number, times=None)


def fault(kind: Fault, **options: Any) -> Any:
    """Return what spoils an endpoint's answers."""
    return lambda cloud, label: cloud.faults.add(label, kind, **options)


FAULTS: Final = {
    "502": status(502),
    "503": status(503),
    "504": status(504),
    "-1": code(-1),
    "10000": code(10000),
    "10003": code(10003),
    "10004": code(10004),
    "21105": code(21105),
    "160003": code(160003),
    "unknown code": code(987654),
    "page": fault(Fault.HTML),
    "429": fault(Fault.THROTTLE),
    "null": fault(Fault.NULL, key="data"),
    "wrong type": fault(Fault.WRONG_TYPE),
    "half": fault(Fault.BROKEN_JSON),
    "dropped": fault(Fault.DROP),
    "cut": fault(Fault.CUT),
}


@pytest.mark.parametrize("spoil", FAULTS.values(), ids=FAULTS.keys())
async def test_overview_fails(
    open_anker_house: OpenAnkerHouse, spoil: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What it tells is unavailable, or unknown; nobody is asked for anything."""
    house = await open_anker_house(fixture="A")
    spoil(house.cloud, "scene_info")
    await house.pass_time(4 * MINUTE)
    assert not shows(house, "solar_power")
    assert not shows(house, "state_of_charge", ANKER_BANK)
    assert not asks_for_password(house)
    assert not repairs(house)
    assert caplog.text.count("Error fetching Anker Solix scene") <= 1
    house.cloud.faults.clear()
    await house.pass_time(5 * MINUTE)
    assert shows(house, "solar_power")
    assert shows(house, "state_of_charge", ANKER_BANK)


@pytest.mark.parametrize(
    "spoil", [FAULTS["502"], FAULTS["160003"]], ids=["gateway", "refused"]
)
async def test_only_the_overview_is_needed(house: AnkerHouse, spoil: Any) -> None:
    """Nothing else can make live values unavailable, not even after a restart."""
    for label in DETAILS:
        spoil(house.cloud, label)
    for _ in range(2):
        await house.pass_time(12 * MINUTE)
        for system in (ANKER, B, ANKER_C):
            assert shows(house, "solar_power", system)
        assert shows(house, "grid_power", ANKER_C)
        assert shows(house, "state_of_charge", ANKER_BANK)
        assert not asks_for_password(house)
        await house.reload()
    house.cloud.faults.clear()
    await house.pass_time(61 * MINUTE)
    assert lost(house) == set()
    assert shows(house, "solar_energy_today")


async def test_one_of_several_systems_fails(house: AnkerHouse) -> None:
    """The others go on, also after a restart; the inverter without a system too."""
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=_without(ANKER))
    for _ in range(2):
        await house.pass_time(4 * MINUTE)
        assert not shows(house, "solar_power", ANKER)
        assert shows(house, "solar_power", B)
        assert shows(house, "solar_power", ANKER_C)
        assert shows(house, "solar_power", "FAKEMI800001")
        await house.reload()
    house.cloud.faults.clear()
    await house.pass_time(20 * MINUTE)
    assert shows(house, "solar_power", ANKER)
    assert lost(house) == set()


def _without(site_id: str) -> Any:
    """Return what lets one system's overview be an error."""

    def edit(payload: Any) -> Any:
        if payload.get("data", {}).get("site_id") == site_id:
            return {"code": 10000, "msg": "Failed to request."}
        return payload

    return edit


async def test_the_list_of_systems_fails(house: AnkerHouse) -> None:
    """Nothing is lost by it, and nothing removed."""
    before = lost(house)
    house.cloud.fail_with("site_list", 502, times=None)
    await house.pass_time(45 * MINUTE)
    assert lost(house) == before == set()
    house.cloud.faults.clear()
    # One listing that is empty by mistake, as of the other region, is none.
    house.cloud.faults.add("site_list", Fault.EDIT, edit=_emptied, times=1)
    await house.pass_time(25 * MINUTE)
    assert shows(house, "solar_power", ANKER)


def _emptied(payload: Any) -> Any:
    """Return a listing of nothing."""
    return {**payload, "data": {"site_list": []}}


async def test_values_that_mean_nothing(open_anker_house: OpenAnkerHouse) -> None:
    """`is_display_data` false: zeros are no values, and the rest goes on."""
    house = await open_anker_house(fixture=("A", "C"))
    total = house.value("sensor", "yield_total", ANKER_C)
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=_invalid)
    await house.pass_time(6 * MINUTE)
    assert newest_of(house, ANKER_C).valid is False
    assert house.value("sensor", "solar_power", ANKER_C) not in ("0", "0.0")
    assert house.value("sensor", "yield_total", ANKER_C) in (total, *BLANK)
    assert shows(house, "solar_power", ANKER)
    house.cloud.faults.clear()
    await house.pass_time(6 * MINUTE)
    assert shows(house, "solar_power", ANKER_C)


def _invalid(payload: Any) -> Any:
    """Return the overview of a Solarbank 2 as one whose values are none."""
    data = payload["data"]
    if data["site_id"] != ANKER_C:
        return payload
    info = {
        key: "0" if key.startswith(("total", "solar_power", "to_home")) else value
        for key, value in data["solarbank_info"].items()
    }
    info |= {"is_display_data": False, "updated_time": "1970-01-01 00:00:00"}
    return {**payload, "data": {**data, "solarbank_info": info, "retain_load": "0W"}}


def newest_of(house: AnkerHouse, system: str) -> Any:
    """Return the newest overview of a system."""
    return next(
        item.data
        for key, item in house.entry.runtime_data.account.coordinators.items()
        if key.reading == "scene" and key.device_id == system
    )


async def test_a_member(open_anker_house: OpenAnkerHouse) -> None:
    """He sees what he may see, and nothing he may not see is missing or asked for."""
    house = await open_anker_house(fixture="C")
    cloud = house.cloud
    cloud.accounts[0].sites[ANKER_C] = 2
    await house.reload()
    cloud.requests.clear()
    await house.pass_time(65 * MINUTE)
    refused = {"wifi_list", "get_cutoff", "fittings", "get_device_parm", "power_limit"}
    assert refused.isdisjoint(cloud.requests.counts())
    assert shows(house, "solar_power", ANKER_C)
    assert shows(house, "solar_energy_today", ANKER_C)
    assert house.value("binary_sensor", "site_admin", ANKER_C) == "off"
    assert not repairs(house)
    result = (await house.act("get_capabilities", ANKER_C))[0]
    assert "member_account" in str(result)


async def test_a_system_that_is_silent(open_anker_house: OpenAnkerHouse) -> None:
    """Its last report stays one of then, and it is not asked more often for it."""
    house = await open_anker_house(fixture="A")
    await house.pass_time(10 * MINUTE)
    house.cloud.set_online("A", False)
    reported = newest(house).reported_at
    house.cloud.requests.clear()
    await house.pass_time(HOUR)
    assert house.cloud.requests.count("scene_info") <= 68
    assert newest(house).reported_at - reported <= 2 * MINUTE
    house.cloud.set_online("A")
    await house.pass_time(3 * MINUTE)
    assert dt_util.utcnow() - newest(house).reported_at <= 2 * MINUTE


async def test_an_account_that_is_emptied(open_anker_house: OpenAnkerHouse) -> None:
    """What was sold is gone after two listings; what is left stays."""
    house = await open_anker_house(fixture=("A", "B"))
    house.cloud.remove(B)
    await house.pass_time(30 * MINUTE)
    entities = er.async_entries_for_config_entry(
        er.async_get(house.hass), house.entry.entry_id
    )
    assert not [item for item in entities if item.unique_id.startswith(B)]
    assert shows(house, "solar_power", ANKER)


@pytest.mark.parametrize("kick_form", ["401", "401_html", "403", "200"])
async def test_each_way_to_be_thrown_out(
    open_anker_house: OpenAnkerHouse, kick_form: Any
) -> None:
    """One login, and nothing is missing for a moment."""
    behaviour = Behaviour(kick_form=kick_form)
    house = await open_anker_house(fixture="A", behaviour=behaviour)
    house.cloud.requests.clear()
    house.cloud.log_in_elsewhere()
    for _ in range(5):
        await house.pass_time(MINUTE)
        assert shows(house, "solar_power")
    assert house.cloud.requests.count("login") == 1
    assert not repairs(house)


async def test_hundred_refusals(open_anker_house: OpenAnkerHouse) -> None:
    """A cloud that takes no token of ours at all: two logins, then patience."""
    house = await open_anker_house(fixture="A")
    refusing = house.cloud.faults.add("scene_info", Fault.EXPIRED_TOKEN)
    house.cloud.requests.clear()
    await house.pass_time(4 * MINUTE)
    assert refusing.hits >= 2
    assert house.cloud.requests.count("login") <= 2
    assert not shows(house, "solar_power")
    assert not asks_for_password(house)
