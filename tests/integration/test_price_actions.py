"""Prices, usage and renewables by action: what the cloud knows, and no call too many."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime, timedelta
import json
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.joulekeeper import price_services
from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..clouds import Fault
from ..clouds.amber import NEM, Behaviour
from .accounts import add_account
from .conftest import (
    AMBER,
    AMBER_FEED_IN,
    AMBER_GENERAL,
    AmberHouse,
    House,
    OpenAmberHouse,
    OpenHouse,
)

TODAY = date(2026, 3, 2)
"""The market's."""
YESTERDAY = TODAY - timedelta(days=1)
DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
C = "01HXFAKE30MINCL00000000003"
CHANNELS = {
    "import": "general",
    "controlled_load": "controlledLoad",
    "export": "feedIn",
}


def certain(**more: Any) -> Behaviour:
    """Return a cloud whose days of usage come in time and whole."""
    return Behaviour(
        **{
            "usage_late_share": 0.0,
            "usage_gap_share": 0.0,
            "usage_estimated_share": 0.0,
            **more,
        }
    )


def midnight(day: date) -> datetime:
    """Return the market's midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=NEM)


def instant(text: str) -> datetime:
    """Return a time of a response, which has its offset."""
    found = datetime.fromisoformat(text)
    assert found.tzinfo is not None
    return found


def length(row: dict[str, Any]) -> timedelta:
    """Return how long a row is."""
    return instant(row["end"]) - instant(row["start"])


def asked(house: AmberHouse, label: str) -> list[str]:
    """Return the queries of an endpoint since the log was cleared."""
    entries = house.cloud.requests.entries
    return [entry.query for entry in entries if entry.label == label]


async def ask(house: AmberHouse, name: str, device: Any = None, **data: Any) -> Any:
    """Return the only result of an action, which plain JSON can hold."""
    (result,) = await house.act(name, device, **data)
    assert json.loads(json.dumps(result)) == result
    return result


async def call(hass: HomeAssistant, name: str, **data: Any) -> Any:
    """Return the results of an action that needs no device."""
    response = await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True
    )
    assert response is not None
    return response["results"]


async def refused(asking: Coroutine[Any, Any, Any], key: str) -> HomeAssistantError:
    """Return the error that an action ends with."""
    with pytest.raises(HomeAssistantError) as raised:
        await asking
    assert raised.value.translation_key == key
    return raised.value


# -- prices ------------------------------------------------------------------------


async def test_prices_of_today(amber_house: AmberHouse) -> None:
    """One call; past prices are the billed ones, and coming ones are marked."""
    house = amber_house
    house.freezer.tick(60)
    house.cloud.requests.clear()
    result = await ask(house, "get_prices", AMBER_FEED_IN)
    assert asked(house, "prices") == ["startDate=2026-03-02&endDate=2026-03-02"]
    assert result["device_id"] == house.device_id(AMBER_FEED_IN)
    assert (result["device"], result["currency"]) == (AMBER, "AUD")
    rows = result["intervals"]
    assert rows[0] == rows[0] | {
        "start": "2026-03-02T01:00:00+11:00",
        "end": "2026-03-02T01:05:00+11:00",
        "certainty": "confirmed",
        "controlled_load_price": None,
        "spike": False,
        "demand_window": False,
    }
    # The rest of the hour in fives, then half-hours to the market's midnight.
    assert instant(rows[-1]["end"]) == midnight(TODAY + DAY)
    certainties = [row["certainty"] for row in rows]
    assert certainties[:100] == ["confirmed"] * 100
    assert set(certainties[100:]) == {"forecast"}
    for row in rows[:100]:
        start = instant(row["start"])
        paid = house.cloud.per_kwh(AMBER, "general", start) / 100
        earned = -house.cloud.per_kwh(AMBER, "feedIn", start) / 100
        assert row["import_price"] == pytest.approx(paid, abs=1e-6)
        assert row["export_price"] == pytest.approx(earned, abs=1e-6)


async def test_prices_of_a_month(amber_house: AmberHouse) -> None:
    """A long range is split, told in parts, and has no seam; a site is asked once."""
    house = amber_house
    events = async_capture_events(house.hass, f"{DOMAIN}_progress")
    house.cloud.requests.clear()
    first = TODAY - 30 * DAY
    result = await ask(
        house,
        "get_prices",
        [AMBER, AMBER_GENERAL],
        start_date=first.isoformat(),
        resolution=30,
    )
    queries = asked(house, "prices")
    assert [query.split("&")[0] for query in queries] == [
        f"startDate={(first + n * DAY).isoformat()}" for n in (0, 7, 14, 21, 28)
    ]
    assert queries[-1].split("&")[1:] == ["endDate=2026-03-02", "resolution=30"]
    rows = result["intervals"]
    assert len(rows) == 31 * 48
    assert {length(row) for row in rows} == {HALF_HOUR}
    starts = [instant(row["start"]) for row in rows]
    assert starts == [midnight(first) + n * HALF_HOUR for n in range(31 * 48)]
    fives = [starts[700] + n * timedelta(minutes=5) for n in range(6)]
    mean = sum(house.cloud.per_kwh(AMBER, "general", at) for at in fives) / 600
    assert rows[700]["import_price"] == pytest.approx(mean, abs=1e-6)
    assert [event.data for event in events] == [
        {
            "action": "get_prices",
            "device_id": house.device_id(AMBER),
            "done": done,
            "total": 31,
        }
        for done in (7, 14, 21, 28, 31)
    ]


# -- forecasts ---------------------------------------------------------------------


async def test_forecasts(amber_house: AmberHouse) -> None:
    """From the running interval on, as the entities show them, without a call."""
    house = amber_house
    house.freezer.tick(30)
    await house.reload()
    house.cloud.requests.clear()
    result = await ask(house, "get_forecasts", AMBER_GENERAL)
    rows = result["intervals"]
    assert rows[0]["start"] == "2026-03-02T09:15:00+11:00"
    shown = float(house.value("sensor", "price", AMBER_GENERAL))
    assert rows[0]["import_price"] == pytest.approx(shown, abs=1e-5)
    assert {length(row) for row in rows} == {timedelta(minutes=5), HALF_HOUR}
    band = rows[5]["import_band"]
    assert band["low"] < band["predicted"] < band["high"]
    assert rows[5]["import_price"] == band["predicted"]
    assert rows[5]["export_band"]["low"] < rows[5]["export_band"]["high"]

    two = (await ask(house, "get_forecasts", hours=2, resolution=30))["intervals"]
    assert [row["start"] for row in two] == [
        f"2026-03-02T{text}:00+11:00"
        for text in ("09:00", "09:30", "10:00", "10:30", "11:00")
    ]
    assert house.cloud.requests.total == 0


async def test_forecasts_without_what_is_over(
    open_amber_house: OpenAmberHouse,
) -> None:
    """The half-hour that runs begins the list, also where its first part is not told."""
    house = await open_amber_house(behaviour=certain(lost_actuals_share=1.0))
    whole = await ask(house, "get_forecasts", resolution=30)
    assert whole["intervals"][0]["start"] == "2026-03-02T09:00:00+11:00"


async def test_forecasts_for_emhass(open_amber_house: OpenAmberHouse) -> None:
    """Lists as it takes them, the running half-hour first; no export, no price of it."""
    house = await open_amber_house(fixture=["A", "F"])
    result = await ask(house, "get_forecasts", format="emhass", hours=12)
    assert result["start"] == "2026-03-02T09:00:00+11:00"
    assert result["prediction_horizon"] == 25
    half_hours = (await ask(house, "get_forecasts", resolution=30, hours=12))[
        "intervals"
    ]
    for key, price in (
        ("load_cost_forecast", "import_price"),
        ("prod_price_forecast", "export_price"),
    ):
        assert result[key] == [row[price] for row in half_hours]
    (other,) = set(house.cloud.serials) - {AMBER}
    result = await ask(house, "get_forecasts", other, format="emhass", resolution=60)
    assert "prod_price_forecast" not in result
    assert len(result["load_cost_forecast"]) == result["prediction_horizon"] > 15


async def test_forecasts_not_read(open_amber_house: OpenAmberHouse) -> None:
    """Before the first prices there is nothing to return."""
    house = await open_amber_house()
    with patch(
        "custom_components.joulekeeper.core.models.Readings.get", return_value=None
    ):
        await refused(ask(house, "get_forecasts"), "prices_not_read")


# -- usage -------------------------------------------------------------------------


@pytest.mark.parametrize("fixture", ["A", "C"])
async def test_usage(open_amber_house: OpenAmberHouse, fixture: str) -> None:
    """Intervals, hours and days have the meter's energies, and the same totals."""
    house = await open_amber_house(
        fixture=fixture, behaviour=certain(), history=timedelta(days=4)
    )
    start, cloud = YESTERDAY - 2 * DAY, house.cloud
    days = {"start_date": start.isoformat(), "end_date": YESTERDAY.isoformat()}
    flows = [flow for flow in CHANNELS if fixture == "C" or flow != "controlled_load"]
    totals: dict[str, Any] = {}
    for per, count in (
        ("interval", 3 * (288 if fixture == "A" else 48)),
        ("hour", 72),
        ("day", 3),
    ):
        result = await ask(house, "get_usage", per=per, **days)
        rows = result["rows"]
        assert len(rows) == count * len(flows)
        assert (result["settled"], result["missing_days"]) == (True, [])
        assert list(result["totals"]) == flows
        totals = totals or result["totals"]
        assert result["totals"] == totals
        for row in rows:
            span = instant(row["start"]), instant(row["end"])
            metered = cloud.metered(house.main, CHANNELS[row["flow"]], *span)
            assert row["kwh"] == pytest.approx(metered, abs=1e-6)
            assert row["settled"]
        for flow in flows:
            own = [row for row in rows if row["flow"] == flow]
            assert instant(own[0]["start"]) == midnight(start)
            assert instant(own[-1]["end"]) == midnight(TODAY)
            for key in ("kwh", "cost"):
                assert sum(row[key] for row in own) == pytest.approx(totals[flow][key])
        if per == "interval":
            for row in rows:
                assert row["cost"] == pytest.approx(row["kwh"] * row["price"], abs=2e-6)
        else:
            assert {row["price"] for row in rows} == {None}
    # Feeding in earns mostly, so that + is earned.
    assert totals["export"]["cost"] * totals["export"]["kwh"] > 0


async def test_usage_that_is_not_all_there(open_amber_house: OpenAmberHouse) -> None:
    """What is estimated, in part or not there is told, and never a 0."""
    house = await open_amber_house(behaviour=certain(), history=timedelta(days=5))
    days = [TODAY - n * DAY for n in range(3, -1, -1)]
    house.cloud.set_usage(AMBER, days[1], missing=(6, 8), filled=None)
    house.cloud.set_usage(AMBER, days[2], estimated_share=1.0, corrected=None)
    result = await ask(
        house,
        "get_usage",
        per="day",
        start_date=days[0].isoformat(),
        end_date=days[3].isoformat(),
    )
    assert result["missing_days"] == [days[1].isoformat(), days[3].isoformat()]
    assert not result["settled"]
    rows = [row for row in result["rows"] if row["flow"] == "import"]
    assert [instant(row["start"]) for row in rows] == list(map(midnight, days[:3]))
    assert [row["settled"] for row in rows] == [True, False, False]
    nothing = await ask(
        house, "get_usage", start_date=TODAY.isoformat(), end_date=TODAY.isoformat()
    )
    assert (nothing["rows"], nothing["totals"]) == ([], {})
    assert nothing["missing_days"] == [TODAY.isoformat()]
    assert not nothing["settled"]


async def until(house: AmberHouse, done: Callable[[], bool], step: float = 0) -> None:
    """Let what is under way go on, and the time pass in steps of so many seconds."""
    for _ in range(200):
        for _ in range(300):
            if done():
                return
            await asyncio.sleep(0)
        await house.pass_time(timedelta(seconds=step))
    raise AssertionError


async def test_usage_waits_for_the_limit(open_amber_house: OpenAmberHouse) -> None:
    """A limit that others use up, or a busy cloud, costs time but no part."""
    house = await open_amber_house(behaviour=certain(), history=timedelta(days=22))
    events = async_capture_events(house.hass, f"{DOMAIN}_progress")
    requests, cloud = house.cloud.requests, house.cloud
    requests.clear()
    start = TODAY - 21 * DAY
    cloud.faults.add("usage", Fault.THROTTLE, times=1)
    task = asyncio.create_task(
        ask(
            house,
            "get_usage",
            per="day",
            start_date=start.isoformat(),
            end_date=YESTERDAY.isoformat(),
        )
    )
    await until(house, lambda: requests.statuses("usage") == [429])
    await until(house, lambda: requests.count("usage") == 2, 1)
    cloud.change(window_s=60)
    cloud.spend(60)
    begin = cloud.clock()
    await until(house, task.done, 20)
    assert cloud.clock() - begin > timedelta(seconds=30)
    result = await task
    assert len(result["rows"]) == 2 * 21
    assert result["settled"]
    assert [event.data["done"] for event in events] == [7, 14, 21]
    assert {event.data["total"] for event in events} == {21}
    assert requests.statuses("usage").count(200) == 3
    # No part was asked for twice but for what the cloud refused.
    whole = [
        entry.query
        for entry in requests.entries
        if entry.label == "usage" and entry.status == 200
    ]
    assert len(set(whole)) == 3


async def test_usage_does_not_wait_for_ever(open_amber_house: OpenAmberHouse) -> None:
    """When the limit stays used up, the error says how long it takes."""
    house = await open_amber_house(behaviour=certain())
    data = {"start_date": "2026-03-01", "end_date": "2026-03-01"}
    house.cloud.change(window_s=3000)
    house.cloud.spend(60)
    error = await refused(ask(house, "get_usage", **data), "read_rate_limited")
    assert error.translation_placeholders is not None
    assert int(error.translation_placeholders["seconds"]) > 600


async def test_usage_of_a_cloud_that_stays_busy(
    open_amber_house: OpenAmberHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked less and less often, and given up when the patience is at its end."""
    monkeypatch.setattr(price_services, "_PATIENCE_S", 60.0)
    house = await open_amber_house(behaviour=certain())
    requests = house.cloud.requests
    requests.clear()
    house.cloud.faults.add("usage", Fault.THROTTLE)
    data = {"start_date": "2026-03-01", "end_date": "2026-03-01"}
    task = asyncio.create_task(ask(house, "get_usage", **data))
    await until(house, lambda: requests.count("usage") == 1)
    begin = house.cloud.clock()
    await until(house, task.done, 5)
    assert house.cloud.clock() - begin <= timedelta(seconds=65)
    await refused(task, "read_rate_limited")  # type: ignore[arg-type]
    # At 0, 2, 6, 14 and 30 s: the next wait would be too long.
    assert 4 <= requests.count("usage") <= 6


async def test_an_account_that_goes_away_meanwhile(
    open_amber_house: OpenAmberHouse,
) -> None:
    """Who waits for the limit does not go on with an account that is loaded anew."""
    house = await open_amber_house(behaviour=certain())
    requests = house.cloud.requests
    requests.clear()
    house.cloud.faults.add("usage", Fault.THROTTLE, times=1)
    data = {"start_date": "2026-03-01", "end_date": "2026-03-01"}
    task = asyncio.create_task(ask(house, "get_usage", **data))
    await until(house, lambda: requests.statuses("usage") == [429])
    await house.reload()
    await until(house, task.done, 1)
    await refused(task, "account_not_loaded")  # type: ignore[arg-type]
    assert requests.count("usage") == 1


# -- clocks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "zone", ["Australia/Sydney", "Australia/Adelaide", "Europe/Berlin", "UTC"]
)
@pytest.mark.parametrize("change", [date(2026, 4, 5), date(2026, 10, 4)])
async def test_days_on_which_clocks_change(
    open_amber_house: OpenAmberHouse, zone: str, change: date
) -> None:
    """The market's days have 24 h wherever Home Assistant is, and rows its offset."""
    now = midnight(change + 2 * DAY).astimezone(UTC) + timedelta(hours=8, minutes=10)
    house = await open_amber_house(
        zone=zone, now=now, behaviour=certain(), history=timedelta(days=4)
    )
    first, last = change - DAY, change + DAY
    days = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    local = ZoneInfo(zone)
    prices = (await ask(house, "get_prices", **days))["intervals"]
    hours = (await ask(house, "get_usage", **days))["rows"]
    for rows, step in (
        (prices, timedelta(minutes=5)),
        ([row for row in hours if row["flow"] == "import"], timedelta(hours=1)),
    ):
        starts = [instant(row["start"]) for row in rows]
        assert starts == [midnight(first) + n * step for n in range(3 * DAY // step)]
        for row, start in zip(rows, starts, strict=True):
            assert length(row) == step
            shown = start.astimezone(local)
            assert row["start"] == shown.isoformat()
    offsets = {row["start"][19:] for row in prices}
    assert len(offsets) == (2 if zone.startswith("Australia") else 1)
    daily = (await ask(house, "get_usage", per="day", **days))["rows"]
    assert [instant(row["start"]) for row in daily if row["flow"] == "import"] == [
        midnight(day) for day in (first, change, last)
    ]
    assert {length(row) for row in daily} == {DAY}


# -- renewables --------------------------------------------------------------------


async def test_renewables(open_amber_house: OpenAmberHouse) -> None:
    """A region by name or by device, without the key and the limit."""
    house = await open_amber_house(fixture="C")
    house.cloud.requests.clear()
    (named,) = await call(
        house.hass,
        "get_renewables",
        region=" SA ",
        previous_intervals=2,
        following_intervals=3,
        resolution=5,
    )
    assert (named["region"], "device_id" in named) == ("sa", False)
    rows = named["intervals"]
    assert [row["phase"] for row in rows] == [
        *["past"] * 2,
        "running",
        *["coming"] * 3,
    ]
    assert {length(row) for row in rows} == {timedelta(minutes=5)}
    at = instant(rows[0]["start"])
    market = house.cloud.markets["sa"]
    truth = market.actual(int(at.timestamp()) // 300).renewables
    assert rows[0]["renewables"] == pytest.approx(truth)
    result = await ask(house, "get_renewables", f"{C}_controlled_load")
    assert (result["region"], len(result["intervals"])) == ("vic", 1)
    assert result["device_id"] == house.device_id(f"{C}_controlled_load")
    labels = house.cloud.requests.counts()
    assert labels == {"renewables": 2}


async def test_renewables_refused(amber_house: AmberHouse) -> None:
    """What is meant has to be clear, and known."""
    house, device = amber_house, amber_house.device_id()
    house.cloud.requests.clear()
    hass = house.hass
    for data, key in (
        ({}, "renewables_where"),
        ({"region": "nsw", "device_id": device}, "renewables_where"),
        ({"region": "tas"}, "renewables_region_unknown"),
        ({"region": "nsw", "resolution": 15}, "read_refused"),
        ({"region": "nsw", "resolution": 7}, "resolution_unknown"),
        (
            {"region": "nsw", "previous_intervals": 2000, "following_intervals": 49},
            "read_refused",
        ),
    ):
        error = await refused(call(hass, "get_renewables", **data), key)
        assert isinstance(error, ServiceValidationError)
    assert house.cloud.requests.total == 0
    await hass.config_entries.async_unload(house.entry.entry_id)
    await refused(call(hass, "get_renewables", region="nsw"), "renewables_no_account")


# -- errors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "key"),
    [
        ("get_prices", ("2026-03-02", "2026-03-01"), "days_reversed"),
        ("get_prices", ("2026-03-02", "2026-03-05"), "days_too_late"),
        ("get_prices", ("2026-01-31", "2026-03-03"), "days_too_many"),
        ("get_usage", ("2026-03-02", "2026-03-01"), "days_reversed"),
        ("get_usage", ("2026-03-01", "2026-03-03"), "days_too_late"),
        ("get_usage", ("2025-11-30", "2026-03-02"), "days_too_many"),
        ("get_usage", ("2026-01-30", "2026-03-02", "interval"), "days_too_many"),
    ],
)
async def test_days_refused(
    amber_house: AmberHouse, name: str, data: tuple[str, ...], key: str
) -> None:
    """Bad days are told before anything is sent."""
    house = amber_house
    house.cloud.requests.clear()
    given = dict(zip(("start_date", "end_date", "per"), data, strict=False))
    error = await refused(house.act(name, **given), key)
    assert isinstance(error, ServiceValidationError)
    assert house.cloud.requests.total == 0


async def test_days_at_the_limit(open_amber_house: OpenAmberHouse) -> None:
    """The longest ranges are answered; without a first day it is the last one."""
    house = await open_amber_house()
    result = await ask(house, "get_prices", end_date="2026-02-20", resolution=60)
    assert len(result["intervals"]) == 24
    result = await ask(house, "get_prices", start_date="2026-03-04")
    # Farther than anything is foretold this morning.
    assert result["intervals"] == []
    house.cloud.requests.clear()
    await ask(house, "get_usage", start_date="2026-02-22", end_date="2026-02-28")
    assert len(asked(house, "usage")) == 1


async def test_resolution_refused(amber_house: AmberHouse) -> None:
    """Only lengths that fit into an hour make sense."""
    for name in ("get_prices", "get_forecasts"):
        await refused(amber_house.act(name, resolution=25), "resolution_unknown")


async def test_trouble_of_the_cloud(amber_house: AmberHouse) -> None:
    """An error tells what to do; refused credentials are asked for anew."""
    house = amber_house
    for fault, more, key in (
        (Fault.STATUS, {"status": 502}, "read_cannot_connect"),
        (Fault.HTML, {}, "read_cannot_connect"),
        (Fault.WRONG_TYPE, {}, "read_unexpected_answer"),
    ):
        house.cloud.faults.add("prices", fault, **more)
        error = await refused(house.act("get_prices"), key)
        assert AMBER not in str(error)
        house.cloud.faults.clear()
    flows = house.hass.config_entries.flow
    assert not flows.async_progress()
    house.cloud.renew_token()
    await refused(house.act("get_prices"), "credentials_refused")
    await house.hass.async_block_till_done()
    assert {flow["context"]["source"] for flow in flows.async_progress()} == {
        SOURCE_REAUTH
    }


async def test_devices_without_prices(
    open_house: OpenHouse, open_amber: Callable[..., Any]
) -> None:
    """The inverter of another brand has none; a site of an unloaded account neither."""
    other = await open_house(fixture="A")
    days = {"start_date": "2026-11-18", "end_date": "2026-11-18"}
    for name, data in (
        ("get_prices", {}),
        ("get_forecasts", {}),
        ("get_usage", days),
    ):
        error = await refused(other.act(name, **data), "prices_unknown")
        assert isinstance(error, ServiceValidationError)
    await refused(other.act("get_renewables"), "renewables_region_unclear")
    await refused(
        call(other.hass, "get_renewables", region="nsw"), "renewables_no_account"
    )
    cloud = await open_amber()
    entry = await add_account(other.hass, cloud, "amber")
    house = House(other.hass, cloud, entry, other.freezer, AMBER)
    both = [house.device_id(), other.device_id()]
    cloud.requests.clear()
    await refused(
        call(other.hass, "get_usage", device_id=both, **days), "prices_unknown"
    )
    assert cloud.requests.count("usage") == 0
    assert await ask(house, "get_usage", **days)
    await house.hass.config_entries.async_unload(entry.entry_id)
    await refused(house.act("get_prices"), "service_config_entry_not_loaded")
