"""Anker: whole days of an account, as its cloud counts them.

The fake refuses what is more than ten calls of an endpoint in a minute (dossier 3.3).
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final

import pytest

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..clouds.anker import Behaviour
from .conftest import ANKER_BANK, AnkerHouse, OpenAnkerHouse

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
AN_HOUR: Final = 100
"""Calls of a system of one Solarbank E1600 with the usual options."""
OVERVIEW: Final = "scene_info"


def anew(house: AnkerHouse) -> AnkerHouse:
    """Forget the calls of set-up."""
    house.cloud.requests.clear()
    return house


def calls(house: AnkerHouse) -> Counter[str]:
    """Return the calls by their label."""
    return Counter(entry.label for entry in house.cloud.requests.entries)


def by_hour(house: AnkerHouse, begin: datetime) -> Counter[int]:
    """Return how many calls each hour had."""
    return Counter(
        int((entry.at - begin) / HOUR) for entry in house.cloud.requests.entries
    )


def is_polite(house: AnkerHouse) -> bool:
    """Tell whether no endpoint was asked too often in any minute."""
    most = max(map(house.cloud.calls_per_minute, calls(house)), default=0)
    return most <= 10 and not house.cloud.over_limit


def known(house: AnkerHouse) -> set[str]:
    """Return the sensors that have a value."""
    return {
        state.entity_id
        for state in house.hass.states.async_all(("sensor", "binary_sensor"))
        if state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    }


def asks_for_password(house: AnkerHouse) -> bool:
    """Tell whether the user is asked for his password."""
    flows = house.hass.config_entries.flow.async_progress()
    return any(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)


def repairs(house: AnkerHouse) -> dict[str, ir.IssueEntry]:
    """Return our repairs by their texts."""
    return {
        str(issue.translation_key): issue
        for issue in ir.async_get(house.hass).issues.values()
        if issue.domain == "joulekeeper"
    }


def newest(house: AnkerHouse, reading: str = "scene") -> Any:
    """Return the newest payload of the system."""
    return next(
        item.data
        for key, item in house.entry.runtime_data.account.coordinators.items()
        if key.reading == reading and key.device_id == house.main
    )


def lags(house: AnkerHouse, begin: datetime) -> list[float]:
    """Return after how many seconds each report since then was fetched, in order."""
    site = house.cloud.site(house.main)
    polls = [
        entry.at for entry in house.cloud.requests.entries if entry.label == OVERVIEW
    ]
    first = site.newest_mark(begin) + 1
    shown = [site.published_at(n) for n in range(first, site.newest_mark(polls[-1]))]
    return sorted(
        min((at - moment).total_seconds() for at in polls if at >= moment)
        for moment in shown
    )


async def test_a_day(open_anker_house: OpenAnkerHouse) -> None:
    """At most 100 calls an hour, evenly, and what is shown is seconds old."""
    house = anew(await open_anker_house(fixture="A"))
    begin, had = dt_util.utcnow(), known(house)
    await house.pass_time(DAY)

    assert is_polite(house)
    hours = by_hour(house, begin)
    hours.pop(24, None)
    # In the first hour it is learned how late the cloud is.
    assert hours.pop(0) <= AN_HOUR + 10
    assert max(hours.values()) <= AN_HOUR
    found = calls(house)
    assert found["login"] == 0
    assert found[OVERVIEW] == pytest.approx(24 * 61, abs=24 * 3)
    for label in ("site_list", "bind_devices", "get_device_load"):
        assert found[label] == pytest.approx(24 * 6, abs=4), label
    late = lags(house, begin + HOUR)
    assert median(late) <= 5
    assert late[int(0.95 * len(late))] <= 10
    assert had - known(house) == set()


@pytest.mark.parametrize(
    ("fixture", "hours"), [("A", 4), (("A", "B80", "C", "D"), 1)], ids=["one", "all"]
)
async def test_restarts(
    open_anker_house: OpenAnkerHouse, fixture: Any, hours: int
) -> None:
    """A restart costs no login, however many systems there are, and loses nothing."""
    house = anew(await open_anker_house(fixture=fixture))
    had = known(house)
    for _ in range(hours):
        await house.pass_time(HOUR)
        await house.reload()
        assert house.entry.state is ConfigEntryState.LOADED
        await house.pass_time(MINUTE)
        assert had - known(house) == set()
    assert is_polite(house)
    assert calls(house)["login"] == 0
    # Also for somebody who cannot stop.
    for _ in range(12):
        await house.pass_time(timedelta(seconds=5))
        await house.reload()
    assert is_polite(house)
    await house.pass_time(2 * MINUTE)
    assert house.entry.state is ConfigEntryState.LOADED
    assert had - known(house) == set()


async def test_many_systems(open_anker_house: OpenAnkerHouse) -> None:
    """All of them share each endpoint, and have their values all the same."""
    fixtures = ("A", "B80", "C", "D", "E", "AC", "PLUS")
    house = anew(await open_anker_house(fixture=fixtures))
    await house.pass_time(HOUR / 2)
    assert is_polite(house)
    account = house.entry.runtime_data.account
    assert all(item.last_update_success for item in account.coordinators.values())
    for site_id in account.topology.site_ids:
        scene = account.readings.get(_scene(account), site_id)
        assert dt_util.utcnow() - scene.reported_at <= 7 * MINUTE


def _scene(account: Any) -> Any:
    """Return the reading of overviews."""
    return next(
        item.endpoint.reading
        for key, item in account.coordinators.items()
        if key.reading == "scene"
    )


async def test_switched_off(open_anker_house: OpenAnkerHouse) -> None:
    """Off means no call at all, however long; on is one login at most."""
    house = anew(await open_anker_house(fixture="A"))
    had = known(house)
    await house.call("switch", "turn_off", "api_usage")
    house.cloud.requests.clear()
    house.cloud.log_in_elsewhere()
    await house.pass_time(12 * HOUR)
    assert house.cloud.requests.total == 0
    assert not {item for item in known(house) if item.startswith("sensor.")}
    await house.call("switch", "turn_on", "api_usage")
    await house.pass_time(MINUTE)
    assert calls(house)["login"] == 1
    assert had - known(house) == set()


@pytest.mark.parametrize(
    "change",
    [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
async def test_change_of_the_clocks(
    open_anker_house: OpenAnkerHouse, change: datetime
) -> None:
    """Devices tell wall clock times: in the doubled hour too it is known when."""
    house = anew(await open_anker_house(fixture="A", now=change - HOUR - MINUTE / 2))
    begin = dt_util.utcnow()
    while dt_util.utcnow() < change + 2 * HOUR:
        await house.pass_time(MINUTE)
        age = dt_util.utcnow() - newest(house).reported_at
        assert timedelta() <= age <= 2 * MINUTE + timedelta(seconds=10)
    assert max(by_hour(house, begin).values()) <= AN_HOUR + 10
    late = lags(house, begin + HOUR)
    assert late[int(0.95 * len(late))] <= 10


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Australia/Brisbane"])
async def test_a_system_in_another_zone(
    open_anker_house: OpenAnkerHouse, zone: str
) -> None:
    """It is found out what its clock means, and asked in time."""
    house = anew(await open_anker_house(fixture="A", zone=zone))
    await house.pass_time(HOUR)
    begin = dt_util.utcnow()
    house.cloud.requests.clear()
    await house.pass_time(HOUR)
    assert dt_util.utcnow() - newest(house).reported_at <= 2 * MINUTE
    assert calls(house).total() <= AN_HOUR
    late = lags(house, begin)
    assert late[int(0.9 * len(late))] <= 10


async def test_options(open_anker_house: OpenAnkerHouse) -> None:
    """Who wants fewer calls has fewer, and they are still in time."""
    house = anew(await open_anker_house(fixture="A"))
    flow = await house.hass.config_entries.options.async_init(house.entry.entry_id)
    assert flow["data_schema"] is not None
    filled = flow["data_schema"]({})
    assert (filled["scan_interval"], filled["details_multiplier"]) == (60, 10)
    filled |= {"scan_interval": 600, "details_multiplier": 6}
    await house.hass.config_entries.options.async_configure(flow["flow_id"], filled)
    await house.pass_time(HOUR)
    house.cloud.requests.clear()
    begin = dt_util.utcnow()
    await house.pass_time(6 * HOUR)
    found = calls(house)
    assert found[OVERVIEW] <= 6 * 6 + 5
    # What is new or gone is never seen later than after a quarter of an hour.
    assert found["site_list"] == pytest.approx(24, abs=1)
    assert found["wifi_list"] <= 6
    ages = [
        at - _reported_before(house, at)
        for at in (e.at for e in house.cloud.requests.entries if e.label == OVERVIEW)
        if at > begin
    ]
    assert median(ages) <= timedelta(seconds=8)


def _reported_before(house: AnkerHouse, at: datetime) -> datetime:
    """Return the report that the cloud showed at a time."""
    site = house.cloud.site(house.main)
    return site.report_time(site.newest_mark(at))


# -- logins --------------------------------------------------------------------


async def test_the_app_takes_the_session_each_minute(
    open_anker_house: OpenAnkerHouse,
) -> None:
    """There is no storm: few logins, further and further apart, and a clear word."""
    house = anew(await open_anker_house(fixture="A"))
    begin = dt_util.utcnow()
    while dt_util.utcnow() - begin < 6 * HOUR:
        house.cloud.log_in_elsewhere()
        await house.pass_time(MINUTE)
    logins = [item.at for item in house.cloud.logins if item.at > begin]
    assert 3 <= len(logins) <= 10
    gaps = [later - sooner for sooner, later in pairwise(logins)]
    assert max(gaps) >= HOUR
    assert not asks_for_password(house)
    assert house.value("sensor", "state_of_charge", ANKER_BANK) == STATE_UNAVAILABLE
    told = repairs(house)["signed_out"]
    assert told.severity is ir.IssueSeverity.WARNING
    assert "2026-05-04" in str(told.translation_placeholders)
    # Once it lets go, all is well again by itself.
    await house.pass_time(3 * HOUR)
    assert float(house.value("sensor", "state_of_charge", ANKER_BANK)) > 0
    assert "signed_out" not in repairs(house)


async def test_two_sessions_at_a_time(open_anker_house: OpenAnkerHouse) -> None:
    """Where the cloud allows it, the app and we live side by side."""
    behaviour = Behaviour(single_token=False)
    house = anew(await open_anker_house(fixture="A", behaviour=behaviour))
    for _ in range(10):
        house.cloud.log_in_elsewhere()
        await house.pass_time(MINUTE)
    assert calls(house)["login"] == 0
    assert not repairs(house)


async def test_a_locked_login(open_anker_house: OpenAnkerHouse) -> None:
    """Nothing but waiting helps, so nobody is asked for anything, and one waits."""
    house = anew(await open_anker_house(fixture="A"))
    house.cloud.lock()
    begin = dt_util.utcnow()
    await house.pass_time(50 * MINUTE)
    assert len([item for item in house.cloud.logins if item.at > begin]) == 1
    assert not asks_for_password(house)
    assert house.value("sensor", "state_of_charge", ANKER_BANK) == STATE_UNAVAILABLE
    told = repairs(house)["login_locked"]
    assert told.severity is ir.IssueSeverity.ERROR
    # An hour after three minutes past noon.
    assert "2026-05-04 13:0" in str(told.translation_placeholders)
    # It holds over a restart, which would make it longer.
    await house.reload()
    await house.pass_time(2 * MINUTE)
    assert len([item for item in house.cloud.logins if item.at > begin]) == 1
    await house.pass_time(20 * MINUTE)
    assert float(house.value("sensor", "state_of_charge", ANKER_BANK)) > 0
    assert not repairs(house)


async def test_a_changed_password(open_anker_house: OpenAnkerHouse) -> None:
    """Only what is refused twice is asked for anew, and no more is tried then."""
    house = anew(await open_anker_house(fixture="A"))
    house.cloud.set_password("Sample-Pw-new")
    begin = dt_util.utcnow()
    await house.pass_time(2 * MINUTE)
    assert not asks_for_password(house)
    await house.pass_time(8 * MINUTE)
    assert asks_for_password(house)
    await house.pass_time(5 * HOUR)
    assert len([item for item in house.cloud.logins if item.at > begin]) == 2


async def test_tokens_that_end(open_anker_house: OpenAnkerHouse) -> None:
    """Before a token ends there is a new one, and nothing is ever missing."""
    house = anew(await open_anker_house(fixture="A"))
    house.cloud.expire_tokens(HOUR.total_seconds())
    house.cloud.revoke_tokens()
    await house.pass_time(2 * MINUTE)
    for _ in range(24):
        await house.pass_time(5 * MINUTE)
        assert float(house.value("sensor", "state_of_charge", ANKER_BANK)) > 0
    # Two calls were under way when the first token was revoked.
    refused = [e for e in house.cloud.requests.entries if e.status == 401]
    assert len(refused) <= 2
    assert house.cloud.requests.count("login") <= 4
