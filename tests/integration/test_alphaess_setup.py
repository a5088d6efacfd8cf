"""AlphaESS: what an account costs, what it survives, what it tells the user."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.vendors.alphaess.endpoints import POWER
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import issue_registry as ir

from ..clouds import Fault
from ..clouds.alphaess import Behaviour
from .conftest import ALPHA, ALPHA_BATTERY, AlphaHouse, OpenAlphaHouse

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ALPHA_B = "ALX000000000002"
STORION = "ALX000000000003"
NIGHT = datetime(2026, 11, 20, 15, 30, 10, tzinfo=UTC)
"""Two in the morning in Adelaide: the load alone changes, and not each time."""


def unavailable(house: AlphaHouse) -> list[str]:
    """Return the entities that show nothing."""
    states = house.hass.states.async_all()
    return [item.entity_id for item in states if item.state == STATE_UNAVAILABLE]


def blank(payload: Any) -> Any:
    """Return an answer of which every value is null."""
    return payload | {"data": dict.fromkeys(payload["data"])}


def issues(house: AlphaHouse) -> set[str]:
    """Return what the user is told to mend."""
    found = ir.async_get(house.hass).issues.values()
    return {str(item.translation_key) for item in found if item.domain == DOMAIN}


# -- calls ---------------------------------------------------------------------


async def test_set_up_asks_for_everything_once(alpha_house: AlphaHouse) -> None:
    """The list, then live power and energies at once; the rest comes behind."""
    house = alpha_house
    house.cloud.requests.clear()
    await house.reload()
    assert house.cloud.requests.counts() == {
        "getEssList": 1,
        "getLastPowerData": 1,
        "getOneDateEnergyBySn": 1,
        "getSumDataForCustomer": 1,
        "getChargeConfigInfo": 1,
        "getDisChargeConfigInfo": 1,
        "getTimeChargeBySn": 1,
        "getEvChargerConfigList": 1,
        # What time it is at the plant.
        "getOneDayPowerBySn": 1,
    }
    labels = [entry.label for entry in house.cloud.requests.entries[:3]]
    assert labels == ["getEssList", "getLastPowerData", "getOneDateEnergyBySn"]


async def test_a_day_of_polling_stays_within_the_budget(
    alpha_house: AlphaHouse,
) -> None:
    """At most 240 calls in any hour; what is not entitled is left alone.

    Of the history no more than what tells the plant's time, once a day.
    """
    house = alpha_house
    total: dict[str, int] = {}
    for _ in range(24):
        house.cloud.requests.clear()
        await house.pass_time(HOUR)
        counts = house.cloud.requests.counts()
        assert sum(counts.values()) <= 170, counts
        for label, count in counts.items():
            total[label] = total.get(label, 0) + count
    assert total.pop("getLastPowerData") <= 24 * 136
    assert total == {
        "getOneDateEnergyBySn": pytest.approx(24 * 12, abs=2),
        "getEssList": pytest.approx(24 * 6, abs=2),
        "getSumDataForCustomer": pytest.approx(24 * 4, abs=1),
        "getChargeConfigInfo": pytest.approx(24 * 2, abs=1),
        "getDisChargeConfigInfo": pytest.approx(24 * 2, abs=1),
        "getEvChargerConfigList": pytest.approx(4, abs=1),
        "getOneDayPowerBySn": pytest.approx(1, abs=1),
    }


async def test_an_hour_with_an_ev_charger(open_alpha_house: OpenAlphaHouse) -> None:
    """The charger's status comes on top, and it is still within the budget."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin")
    house.cloud.requests.clear()
    await house.pass_time(HOUR)
    counts = house.cloud.requests.counts()
    assert sum(counts.values()) <= 240, counts
    assert counts["getEvChargerStatusBySn"] == pytest.approx(40, abs=1)
    assert counts["getTimeChargeBySn"] == counts["getEvChargerCurrentsBySn"] == 2
    assert "getOneDayPowerBySn" not in counts


@pytest.mark.parametrize("now", [None, NIGHT])
async def test_live_power_is_followed_in_phase(
    open_alpha_house: OpenAlphaHouse, now: datetime | None
) -> None:
    """New values are shown a few seconds after they came, day and night."""
    house = await open_alpha_house(fixture="A", **({"now": now} if now else {}))
    await house.pass_time(10 * MINUTE)
    account = house.entry.runtime_data.account
    lags = []
    for _ in range(40):
        await house.pass_time(timedelta(seconds=30))
        power = account.readings.get(POWER, ALPHA)
        assert power is not None
        lags.append(power.time.timestamp() % 30)
    lags.sort()
    assert lags[20] <= 5
    assert lags[38] <= 10


async def test_unload_ends_all_calls(alpha_house: AlphaHouse) -> None:
    """An account that is unloaded asks for nothing more."""
    house = alpha_house
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.cloud.requests.clear()
    await house.pass_time(10 * MINUTE)
    assert house.cloud.requests.total == 0


async def test_throttling_silences_the_whole_account(
    open_alpha_house: OpenAlphaHouse,
) -> None:
    """60, 120, then 300 s without any call, whichever endpoint was refused."""
    house = await open_alpha_house(fixture="D")
    await house.pass_time(2 * MINUTE)
    house.cloud.faults.add("*", Fault.THROTTLE)
    house.cloud.requests.clear()
    await house.pass_time(31 * MINUTE)
    entries = house.cloud.requests.entries
    times = [entry.at for entry in entries]
    gaps = [
        (later - earlier).total_seconds()
        for earlier, later in pairwise(times)
        # Here calls that are due together go at once.
        if later != earlier
    ]
    assert len(gaps) <= 8, gaps
    assert gaps[0] >= 60
    assert gaps[1] >= 120
    assert min(gaps[2:]) >= 300
    assert not house.hass.config_entries.flow.async_progress()

    house.cloud.faults.clear()
    await house.pass_time(16 * MINUTE)
    assert unavailable(house) == []


# -- failures ------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    [
        "getOneDateEnergyBySn",
        "getSumDataForCustomer",
        "getChargeConfigInfo",
        "getDisChargeConfigInfo",
        "getTimeChargeBySn",
        "getEvChargerConfigList",
    ],
)
@pytest.mark.parametrize("fault", [Fault.STATUS, Fault.HTML, Fault.WRONG_TYPE])
async def test_one_bad_endpoint_costs_only_its_entities(
    alpha_house: AlphaHouse, label: str, fault: Fault
) -> None:
    """The others live; when the endpoint recovers its entities come by themselves."""
    house = alpha_house
    house.cloud.faults.add(label, fault)
    await house.reload()
    assert house.entry.state is ConfigEntryState.LOADED
    assert float(house.value("sensor", "solar_power")) > 0
    assert float(house.value("sensor", "state_of_charge", ALPHA_BATTERY)) > 0
    house.cloud.faults.clear()
    await house.pass_time(2 * MINUTE)
    assert unavailable(house) == []


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (Fault.STATUS, {"status": 502}),
        (Fault.HTML, {}),
        (Fault.BROKEN_JSON, {}),
        (Fault.WRONG_TYPE, {}),
        (Fault.WRONG_TYPE, {"path": ["data"]}),
    ],
)
async def test_outage_is_unavailable_and_never_asks_for_credentials(
    alpha_house: AlphaHouse, fault: Fault, options: dict[str, Any]
) -> None:
    """A broken cloud makes entities unavailable, and they come back without reload."""
    house = alpha_house
    house.cloud.faults.add("*", fault, **options)
    await house.pass_time(2 * MINUTE)
    assert house.value("sensor", "solar_power") == STATE_UNAVAILABLE
    calls = house.cloud.requests.total
    await house.pass_time(30 * MINUTE)
    assert house.cloud.requests.total - calls < 80
    assert not house.hass.config_entries.flow.async_progress()
    house.cloud.faults.clear()
    await house.pass_time(16 * MINUTE)
    assert unavailable(house) == []


@pytest.mark.parametrize("style", [6042, "nulls"])
async def test_offline_system_leaves_the_other(
    open_alpha_house: OpenAlphaHouse, style: Any
) -> None:
    """Its power is unavailable and its status says why; the other lives on."""
    house = await open_alpha_house(fixture="D", behaviour=Behaviour(offline=style))
    await house.pass_time(MINUTE)
    house.cloud.set_online(ALPHA, False)
    await house.pass_time(25 * MINUTE)
    assert house.value("sensor", "solar_power") == STATE_UNAVAILABLE
    assert house.value("sensor", "state_of_charge", ALPHA_BATTERY) == STATE_UNAVAILABLE
    assert house.value("sensor", "status") == "offline"
    assert house.value("binary_sensor", "online") == "off"
    shown = house.value("sensor", "load_power", ALPHA_B)
    assert shown not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    assert house.value("sensor", "status", ALPHA_B) == "ok"

    await house.reload()
    assert house.entry.state is ConfigEntryState.LOADED
    house.cloud.set_online(ALPHA)
    await house.pass_time(16 * MINUTE)
    assert house.value("sensor", "status") == "ok"
    assert house.value("sensor", "data_source") == "live"
    assert unavailable(house) == []


async def test_account_with_its_only_system_offline(
    open_alpha_house: OpenAlphaHouse,
) -> None:
    """It is loaded, so that the user sees what is wrong."""
    house = await open_alpha_house(fixture="A")
    house.cloud.set_online(ALPHA, False)
    await house.pass_time(20 * MINUTE)
    await house.reload()
    assert house.entry.state is ConfigEntryState.LOADED
    assert house.value("sensor", "status") == "offline"


@pytest.mark.parametrize(
    ("label", "fault", "options", "state"),
    [
        ("*", Fault.STATUS, {"status": 502}, ConfigEntryState.SETUP_RETRY),
        ("getEssList", Fault.THROTTLE, {}, ConfigEntryState.SETUP_RETRY),
        ("getEssList", Fault.LOCKED_OUT, {}, ConfigEntryState.SETUP_RETRY),
        ("*", Fault.EXPIRED_TOKEN, {}, ConfigEntryState.SETUP_ERROR),
    ],
)
async def test_set_up_that_cannot_work_says_so(
    alpha_house: AlphaHouse,
    label: str,
    fault: Fault,
    options: dict[str, Any],
    state: ConfigEntryState,
) -> None:
    """Outages are tried again; refused credentials are asked for."""
    house = alpha_house
    house.cloud.faults.add(label, fault, **options)
    await house.reload()
    assert house.entry.state is state
    flows = house.hass.config_entries.flow.async_progress()
    assert bool(flows) == (state is ConfigEntryState.SETUP_ERROR)


# -- history -------------------------------------------------------------------


async def test_system_without_live_power(open_alpha_house: OpenAlphaHouse) -> None:
    """It shows its history, in phase with the uploads, and is seldom probed."""
    house = await open_alpha_house(fixture="C")
    assert house.value("sensor", "data_source") == "history"
    await house.pass_time(10 * MINUTE)
    house.cloud.requests.clear()
    await house.pass_time(2 * HOUR)
    counts = house.cloud.requests.counts()
    assert counts["getLastPowerData"] <= 5
    assert counts["getOneDayPowerBySn"] <= 2 * 16

    recorder = house.cloud.system(STORION).recorder
    sample = recorder.uploads[-1].sample
    shown = {
        key: float(house.value("sensor", key, device))
        for key, device in (
            ("solar_power", STORION),
            ("grid_power", STORION),
            ("state_of_charge", f"{STORION}_battery"),
        )
    }
    assert shown["solar_power"] == pytest.approx(sample.flow.pv_w, abs=1)
    assert shown["grid_power"] == pytest.approx(sample.flow.grid_w, abs=1)
    assert shown["state_of_charge"] == pytest.approx(sample.soc, abs=0.1)
    assert house.value("sensor", "data_source") == "history"


async def test_history_over_midnight(open_alpha_house: OpenAlphaHouse) -> None:
    """The new day has no samples at first; those of the old one are fresh enough."""
    house = await open_alpha_house(
        fixture="C", now=datetime(2026, 11, 20, 13, 10, 10, tzinfo=UTC)
    )
    for _ in range(40):
        await house.pass_time(MINUTE)
        assert house.value("sensor", "data_source") == "history"


async def test_live_power_that_goes_and_comes_back(alpha_house: AlphaHouse) -> None:
    """Three blank answers lead to the history; half an hour later it is live again."""
    house = alpha_house
    house.cloud.faults.add("getLastPowerData", Fault.EDIT, edit=blank)
    await house.pass_time(5 * MINUTE)
    assert house.value("sensor", "data_source") == "history"
    assert float(house.value("sensor", "solar_power")) > 0
    assert house.value("sensor", "string_1_power") == STATE_UNKNOWN
    house.cloud.faults.clear()
    await house.pass_time(20 * MINUTE)
    assert house.value("sensor", "data_source") == "history"
    await house.pass_time(20 * MINUTE)
    assert house.value("sensor", "data_source") == "live"
    assert float(house.value("sensor", "string_1_power")) > 0


async def test_history_that_ends_is_no_reading(
    open_alpha_house: OpenAlphaHouse,
) -> None:
    """An old sample is never shown as the present power."""
    house = await open_alpha_house(
        fixture="C", behaviour=Behaviour(offline="nulls"), now=NIGHT
    )
    await house.pass_time(10 * MINUTE)
    house.cloud.faults.add(
        "getOneDayPowerBySn",
        Fault.EDIT,
        edit=lambda payload: payload | {"data": payload["data"][-2:]},
    )
    await house.pass_time(16 * MINUTE)
    assert house.value("sensor", "load_power") == STATE_UNAVAILABLE


# -- devices that come and go --------------------------------------------------


async def test_new_system_appears_and_lost_one_leaves(alpha_house: AlphaHouse) -> None:
    """A system that is bound needs no reload; a lost one goes after two listings."""
    house = alpha_house
    house.cloud.bind(ALPHA_B)
    await house.pass_time(11 * MINUTE)
    assert float(house.value("sensor", "load_power", ALPHA_B)) > 0
    assert house.device_id("EVX0000000001")

    house.cloud.unbind(ALPHA_B)
    await house.pass_time(10 * MINUTE)
    assert house.value("sensor", "load_power", ALPHA_B) == STATE_UNAVAILABLE
    assert "not_bound" in issues(house)
    await house.pass_time(12 * MINUTE)
    with pytest.raises(AssertionError):
        house.device_id(ALPHA_B)
    assert "not_bound" not in issues(house)
    assert float(house.value("sensor", "load_power")) > 0


async def test_refused_secret_asks_for_another(alpha_house: AlphaHouse) -> None:
    """A secret that was renewed in the portal starts a new sign-in."""
    house = alpha_house
    house.cloud.accounts[0].app_secret = "f" * 32
    await house.pass_time(MINUTE)
    (flow,) = house.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


# -- what the user is told -----------------------------------------------------


async def test_clock_that_is_wrong(open_alpha_house: OpenAlphaHouse) -> None:
    """Ten minutes off: it goes on, and the user is told until it is right again."""
    # The fake minds a clock that goes back.
    behaviour = Behaviour(call_gap_s=-86400)
    house = await open_alpha_house(fixture="A", behaviour=behaviour)
    assert issues(house) == set()
    house.cloud.faults.clock_skew = -timedelta(minutes=10)
    await house.pass_time(2 * MINUTE)
    assert issues(house) == {"clock_wrong"}
    assert float(house.value("sensor", "solar_power")) > 0
    house.cloud.faults.clock_skew = timedelta()
    await house.pass_time(2 * MINUTE)
    assert issues(house) == set()


@pytest.mark.usefixtures("all_entities_enabled")
async def test_clock_sensor(open_alpha_house: OpenAlphaHouse) -> None:
    """Whoever wants can watch the difference."""
    house = await open_alpha_house(fixture="A")
    house.cloud.faults.clock_skew = timedelta(seconds=90)
    await house.pass_time(11 * MINUTE)
    assert int(house.value("sensor", "clock_skew")) == pytest.approx(90, abs=2)


async def test_address_that_is_not_on_the_whitelist(alpha_house: AlphaHouse) -> None:
    """It is told as what it is, not as wrong credentials."""
    house = alpha_house
    house.cloud.change(whitelist=frozenset({"192.0.2.1"}))
    await house.pass_time(2 * MINUTE)
    assert house.value("sensor", "solar_power") == STATE_UNAVAILABLE
    assert issues(house) == {"not_whitelisted"}
    assert not house.hass.config_entries.flow.async_progress()
    house.cloud.change(whitelist=None)
    await house.pass_time(16 * MINUTE)
    assert issues(house) == set()
    assert unavailable(house) == []
