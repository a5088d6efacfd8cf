"""FusionSolar: storms, missing rights and other programs, and what survives them."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
import logging
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from ..clouds import Fault
from .conftest import FUSION, FUSION_BATTERY, FUSION_METER, FusionHouse, OpenFusionHouse

SECOND = "0123456789abcdef0123456789abcdef"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RESIDENTIAL = 38
BLANK = (STATE_UNAVAILABLE, STATE_UNKNOWN)


def issues(house: FusionHouse) -> dict[str, ir.IssueEntry]:
    """Return our repairs by their texts."""
    return {
        str(issue.translation_key): issue
        for (domain, _), issue in ir.async_get(house.hass).issues.items()
        if domain == DOMAIN
    }


def blank(house: FusionHouse) -> set[str]:
    """Return the entities without a value, by unique id."""
    registry = er.async_get(house.hass)
    return {
        entry.unique_id
        for entry in er.async_entries_for_config_entry(registry, house.entry.entry_id)
        if (state := house.hass.states.get(entry.entity_id)) is not None
        and state.state in BLANK
    }


def signs_in_again(house: FusionHouse) -> list[Any]:
    """Return the requests to sign in again."""
    return list(house.hass.config_entries.flow.async_progress_by_handler(DOMAIN))


def fault(kind: Fault, **options: Any) -> Callable[[FusionHouse], object]:
    """Return what breaks everything."""
    return lambda house: house.cloud.faults.add("*", kind, **options)


def code(number: int, *, http: bool = False) -> Callable[[FusionHouse], object]:
    """Return what refuses everything with a code."""
    return lambda house: house.cloud.answer_with("*", number, times=10_000, http=http)


STORMS: Mapping[str, Callable[[FusionHouse], object]] = {
    "407": code(407),
    "429": code(429, http=True),
    "busy": code(20200),
    "page": fault(Fault.HTML),
    "502": fault(Fault.STATUS, status=502),
    "json": fault(Fault.BROKEN_JSON),
    "305": code(305),
    "host": lambda house: house.cloud.change(host="html"),
}


@pytest.mark.parametrize("storm", STORMS)
async def test_storm(
    open_fusion_house: OpenFusionHouse, storm: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Two hours of it: few calls, no request to sign in, nothing stale, and all comes back."""
    house = await open_fusion_house(fixture="A")
    fine = blank(house)
    await house.pass_time(10 * MINUTE)
    STORMS[storm](house)
    caplog.clear()
    house.cloud.requests.clear()
    await house.pass_time(2 * HOUR)
    assert house.entry.state is ConfigEntryState.LOADED
    assert house.value("sensor", "grid_power", FUSION_METER) == STATE_UNAVAILABLE
    assert house.value("sensor", "state_of_charge", FUSION_BATTERY) == STATE_UNAVAILABLE
    assert not signs_in_again(house)
    assert house.cloud.requests.total <= 2 * 30
    assert house.cloud.requests.count("login") <= 2 * 6
    # Each endpoint is told of when it begins; what is kept for minutes bridges the start.
    told = Counter(
        record.getMessage()
        for record in caplog.records
        if DOMAIN in record.name and record.levelno >= logging.WARNING
    )
    assert max(told.values(), default=0) <= 2
    assert told.total() <= 12

    house.cloud.faults.clear()
    house.cloud.change(host="api")
    await house.pass_time(2 * HOUR)
    assert blank(house) == fine
    assert not signs_in_again(house)
    assert not issues(house)


@pytest.mark.parametrize("polls", [1, 2, 3])
async def test_nothing_is_shown_for_longer_than_it_holds(
    open_fusion_house: OpenFusionHouse, polls: int
) -> None:
    """What is kept bridges a poll that failed; then it lapses, between polls too."""
    house = await open_fusion_house(fixture="A")
    for _ in range(polls):
        asked = house.cloud.requests.count("getDevRealKpi")
        while house.cloud.requests.count("getDevRealKpi") == asked:
            await house.pass_time(timedelta(seconds=10))
    house.cloud.faults.add("getDevRealKpi", Fault.STATUS, status=502)
    await house.pass_time(timedelta(minutes=15, seconds=50))
    assert house.value("sensor", "grid_power", FUSION_METER) == STATE_UNAVAILABLE


async def test_another_program(open_fusion_house: OpenFusionHouse) -> None:
    """It takes the session every five minutes: told once, and gone an hour after it."""
    house = await open_fusion_house(fixture="A")
    fine = blank(house)
    for _ in range(24):
        house.cloud.log_in_elsewhere()
        await house.pass_time(5 * MINUTE)
    issue = issues(house)["session_taken"]
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issues(house).keys() == {"session_taken"}
    assert not signs_in_again(house)
    # Values go on, for its logins and ours.
    assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK
    logins = house.cloud.requests.count("login")
    assert logins <= 2 * 12 + 2
    assert house.cloud.over_quota.get("login", 0) == 0
    await house.pass_time(2 * HOUR)
    assert not issues(house)
    assert blank(house) == fine


async def test_account_is_locked(open_fusion_house: OpenFusionHouse) -> None:
    """Somebody's wrong passwords cost half an hour, and no password is asked for."""
    house = await open_fusion_house(fixture="A")
    fine = blank(house)
    house.cloud.lock()
    house.cloud.requests.clear()
    await house.pass_time(25 * MINUTE)
    assert "account_locked" in issues(house)
    assert house.cloud.requests.count("login") == 1
    await house.pass_time(3 * HOUR)
    assert not issues(house)
    assert not signs_in_again(house)
    assert blank(house) == fine


async def test_password_is_changed(open_fusion_house: OpenFusionHouse) -> None:
    """A refusal may be a lock; once it has outlasted one, a password is asked for."""
    house = await open_fusion_house(fixture="A")
    house.cloud.set_password("Sample-Pw-new")
    house.cloud.requests.clear()
    await house.pass_time(20 * MINUTE)
    assert not signs_in_again(house)
    await house.pass_time(2 * HOUR)
    (flow,) = signs_in_again(house)
    assert flow["context"]["source"] == "reauth"
    # Five wrong ones lock it.
    assert house.cloud.requests.count("login") <= 4
    assert not issues(house)


@pytest.mark.parametrize("number", [20002, 20403])
async def test_account_is_closed(
    open_fusion_house: OpenFusionHouse, number: int
) -> None:
    """Only its maker can open it: a repair, and no request to sign in again."""
    house = await open_fusion_house(fixture="A")
    house.cloud.accounts[0].refusal = number
    house.cloud.expire_tokens()
    await house.pass_time(2 * HOUR)
    assert "account_closed" in issues(house)
    assert not signs_in_again(house)
    house.cloud.accounts[0].refusal = None
    await house.pass_time(3 * HOUR)
    assert not issues(house)


# -- rights --------------------------------------------------------------------


async def test_interfaces_are_not_granted(
    open_fusion_house: OpenFusionHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """They cost their own entities; one repair names them, and goes once granted."""
    house = await open_fusion_house(fixture="A")
    fine = blank(house)
    house.cloud.allow("getStationRealKpi", "getKpiStationYear", allowed=False)
    caplog.clear()
    # Answers are kept over a restart, but not for days.
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.freezer.tick(timedelta(days=3))
    await house.reload()
    await house.pass_time(HOUR)
    assert house.entry.state is ConfigEntryState.LOADED
    assert issues(house).keys() == {"rights_missing"}
    placeholders = issues(house)["rights_missing"].translation_placeholders
    assert placeholders == {
        "account": "Huawei FusionSolar",
        "about": "- yearly data of plants (getKpiStationYear)\n"
        "- real-time data of plants (getStationRealKpi)",
    }
    lost = blank(house) - fine
    assert lost
    assert all(item.startswith(FUSION) for item in lost)
    assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK
    assert not signs_in_again(house)
    told = [
        record
        for record in caplog.records
        if DOMAIN in record.name and record.levelno >= logging.WARNING
    ]
    assert len(told) <= 3
    house.cloud.allow("getStationRealKpi", "getKpiStationYear")
    await house.pass_time(3 * HOUR)
    house.cloud.requests.clear()
    await house.reload()
    assert not issues(house)
    assert blank(house) == fine


async def test_list_of_devices_is_not_granted(
    open_fusion_house: OpenFusionHouse, hass_storage: dict[str, Any]
) -> None:
    """Nothing can be shown without it; what to do is said all the same."""
    house = await open_fusion_house(fixture="A")
    house.cloud.allow("getDevList", allowed=False)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.freezer.tick(timedelta(days=3))
    await house.reload()
    # Once known, it serves on.
    assert house.entry.state is ConfigEntryState.LOADED
    assert issues(house).keys() == {"rights_missing"}
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.freezer.tick(DAY)
    [key] = [key for key in hass_storage if key.endswith(".token")]
    hass_storage[key]["data"] = {}
    await house.reload()
    assert house.entry.state is ConfigEntryState.SETUP_RETRY
    assert "the list of devices (getDevList)" in str(house.entry.reason)
    assert issues(house).keys() == {"rights_missing"}
    assert not signs_in_again(house)
    # Its repair does not outlive it. Lists are one a minute.
    house.freezer.tick(2 * MINUTE)
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    assert not issues(house)


@pytest.mark.parametrize("missing", ["null", "empty"])
async def test_kind_of_device_is_not_ticked(
    open_fusion_house: OpenFusionHouse, missing: str
) -> None:
    """The cloud tells nothing of it, without an error: its kind is named."""
    house = await open_fusion_house(fixture="A")
    fine = blank(house)
    house.cloud.change(missing_rights=missing)
    house.cloud.accounts[0].hidden_types.add(39)
    await house.pass_time(40 * MINUTE)
    # A cloud may have a bad moment.
    assert not issues(house)
    await house.pass_time(HOUR)
    about = issues(house)["rights_missing"].translation_placeholders
    assert about is not None
    assert about["about"] == (
        "- real-time data of devices (getDevRealKpi): residential batteries"
    )
    assert house.value("sensor", "state_of_charge", FUSION_BATTERY) in BLANK
    assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK
    house.cloud.accounts[0].hidden_types.clear()
    await house.pass_time(HOUR)
    assert not issues(house)
    assert blank(house) == fine


async def test_owner_takes_his_grant_back(open_fusion_house: OpenFusionHouse) -> None:
    """A repair names the plant; no password is asked for; all comes back by itself."""
    house = await open_fusion_house(fixture="A")
    fine = blank(house)
    house.cloud.grant(FUSION, granted=False)
    house.cloud.requests.clear()
    await house.pass_time(2 * HOUR)
    issue = issues(house)["owner_not_granted"]
    assert issue.translation_placeholders == {
        "account": "Huawei FusionSolar",
        "system": "Sample Roof",
    }
    assert issues(house).keys() == {"owner_not_granted"}
    assert house.value("sensor", "grid_power", FUSION_METER) == STATE_UNAVAILABLE
    assert not signs_in_again(house)
    assert house.cloud.requests.total <= 40
    house.cloud.grant(FUSION)
    await house.pass_time(4 * HOUR)
    assert not issues(house)
    assert blank(house) == fine


async def two_plants(open_fusion_house: OpenFusionHouse) -> FusionHouse:
    """Return an account with a home and a beach house, for some time."""
    house = await open_fusion_house(fixture="D")
    await house.pass_time(16 * MINUTE)
    assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK
    return house


async def test_owner_of_one_of_two(open_fusion_house: OpenFusionHouse) -> None:
    """The cloud refuses calls for both; the other plant goes on by calls of its own.

    Nobody waits a minute for a call: the frozen clock would stand still.
    """
    house = await two_plants(open_fusion_house)
    fine = blank(house)
    house.cloud.grant(SECOND, granted=False)
    house.cloud.requests.clear()
    await house.pass_time(70 * MINUTE)
    issue = issues(house)["owner_not_granted"]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["system"] == "Sample Beach House"
    assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK
    assert house.value("sensor", "yield_today", FUSION) not in BLANK
    assert house.value("sensor", "alarms", FUSION) not in BLANK
    for _ in range(3):
        await house.reload()
        assert house.entry.state is ConfigEntryState.LOADED
        assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK
        await house.pass_time(HOUR)
    assert house.cloud.requests.count("getDevList") <= 12
    assert house.cloud.over_quota == {}
    house.cloud.grant(SECOND)
    await house.pass_time(5 * HOUR)
    assert not issues(house)
    # What can be controlled is found out anew once a day.
    assert not {item for item in blank(house) - fine if "feed_in" not in item}


async def test_new_account_with_a_plant_that_is_refused(
    open_fusion_house: OpenFusionHouse, hass_storage: dict[str, Any]
) -> None:
    """Set-up waits for nothing, and the other plant's values come minutes later."""
    house = await two_plants(open_fusion_house)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.cloud.grant(SECOND, granted=False)
    house.freezer.tick(DAY)
    [key] = [key for key in hass_storage if key.endswith(".token")]
    hass_storage[key]["data"] = {}
    await house.reload()
    assert house.entry.state is ConfigEntryState.LOADED
    await house.pass_time(25 * MINUTE)
    assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK
    assert house.value("sensor", "yield_today", FUSION) not in BLANK
    assert "owner_not_granted" in issues(house)
    assert house.cloud.over_quota == {}


async def test_interfaces_of_one_of_two(open_fusion_house: OpenFusionHouse) -> None:
    """Rights are given per interface and plant: it costs that plant's values of it."""
    house = await two_plants(open_fusion_house)
    fine = blank(house)
    refused = {SECOND} | {
        str(device.device_id)
        for device in house.cloud.plant(SECOND).spec.devices
        if device.kind == RESIDENTIAL
    }

    def refuse(payload: Any) -> Any:
        params = payload["params"]
        about = f"{params.get('devIds')},{params.get('stationCodes')}".split(",")
        if refused.isdisjoint(about):
            return payload
        return payload | {"success": False, "failCode": 20045, "data": None}

    for label in ("getDevRealKpi", "getAlarmList", "getKpiStationDay"):
        house.cloud.faults.add(label, Fault.EDIT, edit=refuse)
    house.cloud.requests.clear()
    await house.pass_time(3 * HOUR)
    lost = blank(house) - fine
    theirs = {
        f"{device.id}_"
        for device in house.entry.runtime_data.account.devices
        if device.source_id == SECOND
    }
    assert lost
    assert all(item.startswith(tuple(theirs)) for item in lost)
    assert house.value("sensor", "yield_today", SECOND) not in BLANK
    assert house.value("sensor", "alarms", SECOND) in BLANK
    assert house.cloud.requests.count("getDevList") <= 2
    assert house.cloud.over_quota == {}
    house.cloud.faults.clear()
    await house.pass_time(6 * HOUR)
    assert not {item for item in blank(house) - fine if "feed_in" not in item}
    assert not issues(house)


async def test_restart_in_an_outage(open_fusion_house: OpenFusionHouse) -> None:
    """The lists are known, and nothing else: it is tried again, and said so."""
    house = await open_fusion_house(fixture="A")
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.freezer.tick(timedelta(hours=14))
    house.cloud.faults.add("*", Fault.STATUS, status=502)
    await house.reload()
    assert house.entry.state is ConfigEntryState.SETUP_RETRY
    house.cloud.faults.clear()
    await house.pass_time(20 * MINUTE)
    assert house.entry.state is ConfigEntryState.LOADED
    assert house.value("sensor", "grid_power", FUSION_METER) not in BLANK


async def test_one_statistic_fails(open_fusion_house: OpenFusionHouse) -> None:
    """The others are shown, and it is asked for again within the quota of a day."""
    house = await open_fusion_house(fixture="A")
    fine = blank(house)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.freezer.tick(timedelta(days=3))
    house.cloud.answer_with("getKpiStationDay", 20004, times=10_000)
    await house.reload()
    assert house.value("sensor", "yield_this_year", FUSION) not in BLANK
    house.cloud.requests.clear()
    await house.pass_time(6 * HOUR)
    assert house.value("sensor", "yield_this_year", FUSION) not in BLANK
    assert house.cloud.requests.count("getKpiStationDay") <= 7
    assert house.cloud.requests.count("getKpiStationYear") <= 1
    assert house.cloud.over_quota == {}
    house.cloud.faults.clear()
    await house.pass_time(3 * HOUR)
    assert blank(house) == fine
