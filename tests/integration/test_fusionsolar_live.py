"""FusionSolar: how fresh present values are, and what is left when some are missing."""

from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.joulekeeper.vendors.fusionsolar.client import FusionSolarClient
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..clouds.fusionsolar import Behaviour
from .conftest import (
    FUSION,
    FUSION_BATTERY,
    FUSION_INVERTER,
    FusionHouse,
    OpenFusionHouse,
)

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
REAL_TIME: Final = "getDevRealKpi"
HISTORY: Final = "getDevHistoryKpi"
SENSOR_TYPE: Final = 47
BLANK: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)


def live(house: FusionHouse) -> Any:
    """Return the newest payload of the plant's present values."""
    account = house.entry.runtime_data.account
    return next(
        item.data for key, item in account.coordinators.items() if key.reading == "live"
    )


def shows(house: FusionHouse, key: str, device: str) -> bool:
    """Tell whether a sensor has a value."""
    return house.value("sensor", key, device) not in BLANK


def polls(house: FusionHouse, begin: datetime) -> list[datetime]:
    """Return when present values were asked for, each poll once."""
    found = [
        entry.at
        for entry in house.cloud.requests.entries
        if entry.label == REAL_TIME and entry.at >= begin
    ]
    return [at for n, at in enumerate(found) if not n or at - found[n - 1] > MINUTE]


def lags(house: FusionHouse, begin: datetime) -> list[float]:
    """Return how old what was fetched was, from its publication, s."""
    recorder = house.cloud.plant(FUSION).recorder
    found = []
    for at in polls(house, begin):
        record = recorder.latest(at, lambda _time: True)
        found.append((at - recorder.published_at(record.mark)).total_seconds())
    return sorted(found)


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"publication_s": 0.5, "publication_jitter_s": 1.0},
        {"publication_s": 170.0, "publication_jitter_s": 5.0},
        {"publication_s": 290.0, "publication_jitter_s": 5.0},
    ],
    ids=["usual", "prompt", "late", "very late"],
)
async def test_lag(
    open_fusion_house: OpenFusionHouse, switches: dict[str, float]
) -> None:
    """What is fetched is seconds old, and two of three refreshes are."""
    house = await open_fusion_house(fixture="A", behaviour=Behaviour(**switches))
    await house.pass_time(HOUR)
    begin = dt_util.utcnow()
    await house.pass_time(6 * HOUR)
    found = lags(house, begin)
    # Where an installation's own offset is near the edge, it is searched for longer.
    assert 6 * 8 - 3 <= len(found) <= 6 * 8 + 1
    assert median(found) <= 10
    assert found[int(0.95 * len(found))] <= 20
    # Its time is told, though no answer has one.
    shown = live(house)
    truth = house.cloud.plant(FUSION).recorder.latest(shown.polled_at, lambda _t: True)
    assert shown.measured_at == truth.time
    inverter = shown.inverters[int(FUSION_INVERTER)]
    assert inverter.power_w == pytest.approx(
        truth.flow.pv_w + truth.flow.battery_w, abs=300
    )


async def test_without_the_right_for_histories(
    open_fusion_house: OpenFusionHouse,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was learned is used on; the interface is tried once a day."""

    async def wait(seconds: float) -> None:
        freezer.tick(seconds)

    # The newer interface is tried a minute after the older one.
    monkeypatch.setattr(FusionSolarClient.__init__, "__defaults__", (wait,))
    later_than_usual = Behaviour(publication_s=170.0)
    house = await open_fusion_house(fixture="A", behaviour=later_than_usual)
    await house.pass_time(HOUR)
    learned = live(house).polled_at
    house.cloud.allow(HISTORY, "deviceHistory", allowed=False)
    house.cloud.requests.clear()
    await house.pass_time(12 * HOUR)
    assert house.cloud.requests.count(HISTORY) <= 1
    assert live(house).polled_at - learned >= 11 * HOUR
    # It was learned for an hour only, so some records come later than was seen.
    found = lags(house, learned)
    assert median(found) <= 10
    assert found[int(0.9 * len(found))] <= 20
    # Timers of tests are up to half a second early, and what is too early is left out.
    assert 12 * 20 <= house.cloud.requests.count(REAL_TIME) <= 12 * 24 + 6


async def test_a_type_that_is_not_granted_costs_its_own(
    fusion_house: FusionHouse,
) -> None:
    """Without the power sensor there is no balance, but all else."""
    house = fusion_house
    account = house.cloud.accounts[0]
    assert shows(house, "grid_power", FUSION)
    account.hidden_types.add(SENSOR_TYPE)
    await house.pass_time(20 * MINUTE)
    assert shows(house, "solar_power", FUSION_INVERTER)
    assert shows(house, "state_of_charge", FUSION_BATTERY)
    assert shows(house, "solar_power", FUSION)
    assert not shows(house, "grid_power", FUSION)
    assert not shows(house, "load_power", FUSION)
    account.hidden_types.clear()
    await house.pass_time(20 * MINUTE)
    assert shows(house, "grid_power", FUSION)
    assert shows(house, "load_power", FUSION)


async def test_a_type_that_fails_costs_its_own(fusion_house: FusionHouse) -> None:
    """One answer that is an error: the others are taken, and it heals by itself."""
    house = fusion_house
    polled = live(house).polled_at
    house.cloud.answer_with(REAL_TIME, 20004)
    while live(house).polled_at == polled:
        await house.pass_time(MINUTE)
    newest = live(house)
    told = len(newest.inverters) + len(newest.batteries) + len(newest.meters)
    assert told == 2
    assert newest.flow.load_w is None
    await house.pass_time(20 * MINUTE)
    assert shows(house, "load_power", FUSION)


async def test_somebody_else_spends_the_quota(fusion_house: FusionHouse) -> None:
    """We step back and show what there is as long as it is good, then nothing."""
    house, cloud = fusion_house, fusion_house.cloud
    begin = dt_util.utcnow()
    before = cloud.over_quota.get(REAL_TIME, 0)
    while dt_util.utcnow() - begin < 2 * HOUR:
        cloud.spend(REAL_TIME, 3)
        await house.pass_time(MINUTE)
        age = dt_util.utcnow() - live(house).polled_at
        if shows(house, "solar_power", FUSION_INVERTER):
            assert age <= 16 * MINUTE + 10 * MINUTE
        if age < 14 * MINUTE:
            assert shows(house, "solar_power", FUSION_INVERTER)
    assert not shows(house, "solar_power", FUSION_INVERTER)
    # Each refusal doubles the silence, up to half an hour.
    assert cloud.over_quota[REAL_TIME] - before <= 3 * 7
    flows = house.hass.config_entries.flow.async_progress()
    assert not [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]
    await house.pass_time(HOUR)
    assert shows(house, "solar_power", FUSION_INVERTER)


async def test_a_session_thief_is_no_reason_for_a_storm(
    fusion_house: FusionHouse,
) -> None:
    """Another program logs in all the time: we do twice in ten minutes at most."""
    house, cloud = fusion_house, fusion_house.cloud
    cloud.requests.clear()
    begin = seen_at = dt_util.utcnow()
    longest = timedelta()
    while dt_util.utcnow() - begin < 2 * HOUR:
        cloud.log_in_elsewhere()
        await house.pass_time(MINUTE)
        if shows(house, "solar_power", FUSION_INVERTER):
            seen_at = dt_util.utcnow()
        longest = max(longest, dt_util.utcnow() - seen_at)
    logins = [e.at for e in cloud.requests.entries if e.label == "login"]
    for at in logins:
        assert sum(at <= other < at + 10 * MINUTE for other in logins) <= 2
    assert cloud.over_quota == {}
    # Of all the polls with a new session each no two are in vain.
    assert longest <= 10 * MINUTE


@pytest.mark.parametrize("garbage", [None, [], {}, 7, "x", {"answers": {"a": 1}}])
async def test_a_spoilt_file(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    open_fusion_house: OpenFusionHouse,
    garbage: Any,
) -> None:
    """Whatever is in the file, the account loads, and stays within its quotas."""
    house = await open_fusion_house(fixture="A")
    await house.pass_time(7 * MINUTE)
    [key] = [key for key in hass_storage if key.endswith(".token")]
    for part in list(hass_storage[key]["data"]):
        if part == "limits":
            # Without it nobody could know what was spent.
            continue
        before = hass_storage[key]["data"][part]
        account = before.get("account") if isinstance(before, dict) else None
        spoilt = garbage
        if isinstance(garbage, dict):
            spoilt = {"account": account, **garbage}
        hass_storage[key]["data"][part] = spoilt
    await house.pass_time(6 * MINUTE)
    await house.reload()
    await house.pass_time(10 * MINUTE)
    assert house.cloud.over_quota == {}
    assert shows(house, "solar_power", FUSION_INVERTER)
    assert shows(house, "grid_power", FUSION)


async def test_what_is_left_is_shown(fusion_house: FusionHouse) -> None:
    """The scarcest interface of the day, and what is left for control."""
    house = fusion_house
    state = house.state("sensor", "calls_left", FUSION)
    used = house.cloud.requests.counts()
    assert state.attributes["getDevList"] == {
        "left": 25 - used["getDevList"],
        "limit": 25,
    }
    assert int(state.state) == min(
        item["left"] for item in state.attributes.values() if isinstance(item, dict)
    )
    control = house.state("sensor", "control_calls_left", FUSION)
    assert int(control.state) == 80
    assert control.attributes["kept_for_giving_back"] == 20
