"""Amber: metered usage and money come into the statistics, each hour exactly once.

`JOULEKEEPER_HISTORY_DAYS=365` makes the long import a whole year; by default it is three
weeks around a change of the clocks.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import logging
import os
from typing import Any
from urllib.parse import parse_qsl

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.core.history import HistoryDay
from custom_components.joulekeeper.core.history_job import LATE_TRIES, ImportJob
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
)
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component

from ..clouds import Fault
from ..clouds.amber import NEM, Behaviour
from ..clouds.amber.errors import SERVER_ERROR, ApiError
from ..clouds.amber.tariffs import ChannelType
from .amber_home import DAY, HALF_HOURLY, HOUR, MINUTE, device_ids, now
from .conftest import AMBER, AMBER_FEED_IN, AmberHouse, OpenAmberHouse
from .leap import leap

pytestmark = pytest.mark.usefixtures("recorder_mock", "quiet_database")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PAUSE = timedelta(seconds=6)
SERIES: dict[ChannelType, tuple[str, str]] = {
    "general": ("grid_import_energy", "grid_import_cost"),
    "feedIn": ("grid_export_energy", "grid_export_compensation"),
    "controlledLoad": ("controlled_load_energy", "controlled_load_cost"),
}
LONG_DAYS = int(os.environ.get("JOULEKEEPER_HISTORY_DAYS", "21"))


@pytest.fixture
def quiet_database() -> None:
    """Do not log every statement of the recorder, as the plug-in would."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Let the recorder keep statistics only: a state takes longer than an hour's row."""
    return {"exclude": {"entity_globs": ["*.*"]}}


def sure(**switches: Any) -> Behaviour:
    """Return a cloud that has each day whole in the next morning."""
    return Behaviour(
        **{
            "usage_late_share": 0.0,
            "usage_gap_share": 0.0,
            "usage_estimated_share": 0.0,
        }
        | switches
    )


def midnight(day: date) -> datetime:
    """Return when a day of the market begins."""
    return datetime(day.year, day.month, day.day, tzinfo=NEM).astimezone(UTC)


def market(text: str) -> datetime:
    """Return an instant by the market's clock."""
    return datetime.fromisoformat(f"{text}+10:00").astimezone(UTC)


def job_of(house: AmberHouse) -> ImportJob:
    """Return the import of the house."""
    job: ImportJob = house.entry.runtime_data.history.job(house.main)
    return job


async def rows_of(house: AmberHouse, key: str) -> dict[datetime, Mapping[str, Any]]:
    """Return all rows of a statistic, by their hour."""
    recorder = get_instance(house.hass)
    await recorder.async_block_till_done()
    name = f"{DOMAIN}:{house.main.lower()}_{key}"
    read = await recorder.async_add_executor_job(
        statistics_during_period,
        house.hass,
        LONG_AGO,
        None,
        {name},
        "hour",
        None,
        {"state", "sum"},
    )
    return {
        datetime.fromtimestamp(row["start"], UTC): dict(row)
        for row in read.get(name, ())
    }


async def names_of(house: AmberHouse) -> dict[str, str]:
    """Return the names of all that is booked."""
    listed = await get_instance(house.hass).async_add_executor_job(
        list_statistic_ids, house.hass
    )
    return {item["statistic_id"]: item["name"] for item in listed}


def true_hour(
    house: AmberHouse, channel: ChannelType, hour: datetime
) -> tuple[float, float]:
    """Return what a register counted in an hour: kWh, and AUD with our sign."""
    site, cloud = house.main, house.cloud
    minutes = cloud.site(site).spec.minutes(hour.astimezone(NEM).date())
    cents = sum(
        cloud.metered(site, channel, at, at + minutes * MINUTE)
        * cloud.per_kwh(site, channel, at)
        for n in range(60 // minutes)
        if (at := hour + n * minutes * MINUTE)
    )
    kwh = cloud.metered(site, channel, hour, hour + HOUR)
    return kwh, (-cents if channel == "feedIn" else cents) / 100


async def assert_true(
    house: AmberHouse, first: date, last: date, *, priced: bool = True
) -> None:
    """Compare every hour of some days with the meter; there are no others."""
    count = (last - first).days + 1
    hours = [midnight(first) + n * HOUR for n in range(24 * count)]
    for channel in {item.type for item in house.cloud.site(house.main).spec.channels}:
        energy, money = [await rows_of(house, key) for key in SERIES[channel]]
        assert list(energy) == list(money) == hours, channel
        kwh_sum = aud_sum = 0.0
        for hour in hours:
            kwh_sum += energy[hour]["state"]
            aud_sum += money[hour]["state"]
            assert energy[hour]["sum"] == pytest.approx(kwh_sum, abs=1e-4), hour
            assert money[hour]["sum"] == pytest.approx(aud_sum, abs=1e-4), hour
            if priced:
                kwh, aud = true_hour(house, channel, hour)
                assert energy[hour]["state"] == pytest.approx(kwh, abs=1e-5), hour
                assert money[hour]["state"] == pytest.approx(aud, abs=1e-4), hour
        true = house.cloud.metered(house.main, channel, hours[0], hours[-1] + HOUR)
        assert kwh_sum == pytest.approx(true, abs=1e-3)


def asked(house: AmberHouse) -> list[tuple[date, date]]:
    """Return for which days usage was asked."""
    queries = [
        dict(parse_qsl(entry.query))
        for entry in house.cloud.requests.entries
        if entry.label == "usage"
    ]
    return [
        (date.fromisoformat(item["startDate"]), date.fromisoformat(item["endDate"]))
        for item in queries
    ]


def most_calls(house: AmberHouse) -> int:
    """Return the most counted calls of any 300 s."""
    times = [e.at for e in house.cloud.requests.entries if e.label != "renewables"]
    return max(
        sum(start <= time < start + 5 * MINUTE for time in times) for start in times
    )


async def rest(house: AmberHouse) -> None:
    """Let all be imported that is due."""
    for _ in range(2000):
        await leap(house, PAUSE)
        if not job_of(house).due(now(house)):
            return
    raise AssertionError(job_of(house))


async def pass_days(house: AmberHouse, count: float) -> None:
    """Let mornings and noons pass, by the market's clock."""
    end = now(house) + count * DAY
    while now(house) < end:
        local = now(house).astimezone(NEM)
        today = local.replace(hour=0, minute=0, second=0, microsecond=0)
        moments = [today + n * DAY + h * HOUR for n in (0, 1) for h in (0.1, 5, 13)]
        until = min(*(item for item in moments if item > local), end)
        await leap(house, until - now(house))
        await rest(house)


async def open_followed(open_house: OpenAmberHouse, **options: Any) -> AmberHouse:
    """Open a house and let the first week come."""
    house = await open_house(**options)
    await leap(house, timedelta(seconds=31))
    await rest(house)
    return house


# -- what is booked ------------------------------------------------------------


async def test_the_first_week_comes_by_itself(
    open_amber_house: OpenAmberHouse,
) -> None:
    """In one call, without being asked, and the Energy dashboard takes it."""
    house = await open_followed(
        open_amber_house, history=9 * DAY, behaviour=sure(feed_in_kwh="negative")
    )
    await assert_true(house, date(2026, 2, 23), date(2026, 3, 1))
    # Once for the month's summary, which begins before there is anything to tell.
    assert Counter(asked(house)) == {
        (date(2026, 2, 23), date(2026, 3, 1)): 1,
        (date(2026, 3, 1), date(2026, 3, 1)): 1,
    }
    assert house.value("sensor", "history_import") == STATE_UNKNOWN
    listed = await get_instance(house.hass).async_add_executor_job(
        list_statistic_ids, house.hass
    )
    ours = {
        item["statistic_id"].removeprefix(f"{DOMAIN}:{AMBER.lower()}_"): item
        for item in listed
        if item["source"] == DOMAIN
    }
    assert ours.keys() == {*SERIES["general"], *SERIES["feedIn"]}
    for key, item in ours.items():
        unit = "kWh" if key.endswith("energy") else "AUD"
        assert item["statistics_unit_of_measurement"] == unit
        assert item["unit_class"] == {"kWh": "energy", "AUD": None}[unit]
        assert item["has_sum"] is True
        assert "(imported)" in item["name"]
    assert await async_setup_component(house.hass, "energy", {})
    manager = await async_get_manager(house.hass)
    prefix = f"{DOMAIN}:{AMBER.lower()}_"
    await manager.async_update(
        {
            "energy_sources": [
                {
                    "type": "grid",
                    "stat_energy_from": f"{prefix}grid_import_energy",
                    "stat_cost": f"{prefix}grid_import_cost",
                    "entity_energy_price": None,
                    "number_energy_price": None,
                    "stat_energy_to": f"{prefix}grid_export_energy",
                    "stat_compensation": f"{prefix}grid_export_compensation",
                    "entity_energy_price_export": None,
                    "number_energy_price_export": None,
                    "cost_adjustment_day": 0.0,
                }
            ]
        }
    )
    found = (await async_validate(house.hass)).as_dict()
    assert found["energy_sources"] == [[]]


@pytest.mark.parametrize("zone", ["Australia/Sydney", "Australia/Adelaide"])
@pytest.mark.parametrize(
    ("fixture", "noon"),
    [("A", "2026-04-07T12:00:00"), ("C", "2026-10-06T12:00:00")],
)
async def test_days_on_which_clocks_change(
    open_amber_house: OpenAmberHouse, fixture: str, noon: str, zone: str
) -> None:
    """Home Assistant's clock is none of the market's business, nor is its half-hour."""
    house = await open_amber_house(
        fixture=fixture,
        zone=zone,
        now=market(noon),
        history=5 * DAY,
        behaviour=sure(),
    )
    # Export that costs, and import that is paid for.
    last = market(noon).date() - DAY
    cloud = house.cloud
    cloud.set_price(house.main, midnight(last) + 11 * HOUR, 120, spot=-40.0)
    cloud.set_price(house.main, midnight(last) + 19 * HOUR, 60, spot=-90.0)
    await leap(house, timedelta(seconds=31))
    await rest(house)
    await assert_true(house, last - 4 * DAY, last)
    earned = await rows_of(house, "grid_export_compensation")
    assert min(row["state"] for row in earned.values()) < 0
    if fixture == "C":
        paid = await rows_of(house, "grid_import_cost")
        assert min(row["state"] for row in paid.values()) < 0


async def test_days_of_both_lengths(open_amber_house: OpenAmberHouse) -> None:
    """A site that turns to five minutes while it is followed."""
    house = await open_followed(
        open_amber_house, fixture="I", history=3 * DAY, behaviour=sure()
    )
    await pass_days(house, 3)
    await assert_true(house, date(2026, 2, 27), date(2026, 3, 4))


# -- day after day -------------------------------------------------------------


async def test_late_and_corrected_days(open_amber_house: OpenAmberHouse) -> None:
    """Whatever comes late or wrong at first, in the end each hour is there once."""
    house = await open_amber_house(
        fixture="C", history=9 * DAY, behaviour=sure(usage_estimated_share=0.2)
    )
    site, set_usage = house.main, house.cloud.set_usage
    set_usage(site, date(2026, 3, 4), arrives=market("2026-03-07T10:00:00"))
    set_usage(site, date(2026, 3, 5), corrected=market("2026-03-09T03:00:00"))
    set_usage(
        site,
        date(2026, 3, 6),
        missing=(20, 24),
        filled=market("2026-03-08T03:00:00"),
    )
    await leap(house, timedelta(seconds=31))
    await rest(house)
    before = await rows_of(house, "grid_import_energy")
    assert len(before) == 7 * 24
    house.cloud.requests.clear()
    await pass_days(house, 5)
    # The fourth has not come, four hours of the sixth neither; each hour is there once.
    rows = await rows_of(house, "grid_import_energy")
    assert not any(
        midnight(date(2026, 3, 4)) <= hour < midnight(date(2026, 3, 5)) for hour in rows
    )
    assert len(rows) == 7 * 24 + 4 * 24 - 4
    total = 0.0
    for _, row in sorted(rows.items()):
        total += row["state"]
        assert row["sum"] == pytest.approx(total, abs=1e-5)
    await pass_days(house, 2)
    house.cloud.change(usage_estimated_share=0.0)
    await pass_days(house, 3)
    await assert_true(house, date(2026, 2, 23), date(2026, 3, 11))
    calls = asked(house)
    assert len(calls) <= 10 * 4
    for n in range(10):
        day = date(2026, 3, 2) + n * DAY
        reads = sum(first <= day <= last for first, last in calls)
        assert 1 <= reads <= 2 * (1 + LATE_TRIES), (day, reads)
    assert most_calls(house) <= 25
    # Nothing is asked for in vain any more.
    house.cloud.requests.clear()
    await pass_days(house, 1)
    assert min(first for first, _ in asked(house)) >= date(2026, 3, 10)


async def test_restart_in_the_middle(
    open_amber_house: OpenAmberHouse, hass_storage: dict[str, Any]
) -> None:
    """No day twice, and what was missed while Home Assistant was off comes at once."""
    house = await open_followed(
        open_amber_house, fixture="C", history=9 * DAY, behaviour=sure()
    )
    await pass_days(house, 2)
    house.cloud.requests.clear()
    for _ in range(3):
        await house.reload()
        await leap(house, timedelta(seconds=31))
        await rest(house)
    assert asked(house) == []
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    await leap(house, 12 * DAY)
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await leap(house, timedelta(seconds=31))
    await rest(house)
    assert len(asked(house)) <= 5
    last = (now(house).astimezone(NEM) - DAY).date()
    assert last == date(2026, 3, 15)
    await assert_true(house, date(2026, 2, 23), last)
    key = f"{DOMAIN}.{house.entry.entry_id}.history"
    assert hass_storage[key]["data"]["jobs"][house.main]["followed"] == [
        "2026-02-23",
        "2026-03-16",
    ]


async def test_cancel_leaves_what_is_followed(
    open_amber_house: OpenAmberHouse,
) -> None:
    """The backfill ends, the days to come do not."""
    house = await open_followed(
        open_amber_house, fixture="C", history=40 * DAY, behaviour=sure()
    )
    assert (await house.act("cancel_import"))[0]["state"] == "none"
    (result,) = await house.act(
        "import_history",
        AMBER_FEED_IN.replace(AMBER, HALF_HOURLY),
        start_date="2026-01-25",
    )
    assert (result["state"], result["days"], result["done"]) == ("started", 36, 7)
    for _ in range(5):
        await leap(house, PAUSE)
    (result,) = await house.act("cancel_import")
    assert result["state"] == "cancelled"
    done = result["done"]
    assert 10 <= done <= 14
    house.cloud.requests.clear()
    await pass_days(house, 2)
    assert min(first for first, _ in asked(house)) >= date(2026, 3, 1)
    rows = await rows_of(house, "grid_import_energy")
    assert len(rows) == (done + 2) * 24
    await house.act("import_history", start_date="2026-01-25")
    await rest(house)
    await assert_true(house, date(2026, 1, 25), date(2026, 3, 3), priced=False)


async def test_a_cloud_in_trouble(open_amber_house: OpenAmberHouse) -> None:
    """A range that fails is asked for in parts; a spent limit is waited for."""
    house = await open_amber_house(fixture="C", history=9 * DAY, behaviour=sure())
    house.cloud.faults.add("usage", Fault.STATUS, status=502, times=2)
    await leap(house, timedelta(seconds=31))
    assert not job_of(house).done
    await leap(house, MINUTE)
    house.cloud.spend(50)
    for _ in range(40):
        await leap(house, MINUTE)
    await rest(house)
    await assert_true(house, date(2026, 2, 23), date(2026, 3, 1))


@pytest.mark.parametrize("status", [500, 404])
async def test_days_that_always_fail(
    open_amber_house: OpenAmberHouse, status: int
) -> None:
    """They keep no other away, and come with the late ones."""
    house = await open_amber_house(fixture="C", history=9 * DAY, behaviour=sure())
    site = house.cloud.site(house.main)
    usage, bad = site.usage, [date(2026, 2, 24), date(2026, 2, 25), date(2026, 2, 28)]

    def failing(start: date, end: date, at: datetime) -> list[dict[str, Any]]:
        if any(start <= day <= end for day in bad):
            raise ApiError(status, SERVER_ERROR)
        return usage(start, end, at)

    site.usage = failing  # type: ignore[method-assign]
    for _ in range(80):
        await leap(house, 2 * MINUTE)
    first = date(2026, 2, 23)
    days = {first + n * DAY for n in range(7)}
    assert job_of(house).done == days.difference(bad)
    site.usage = usage  # type: ignore[method-assign]
    await pass_days(house, 2)
    await assert_true(house, first, date(2026, 3, 3))


async def test_a_cloud_that_is_down(open_amber_house: OpenAmberHouse) -> None:
    """It is waited for; no day is given up, or one at the most."""
    house = await open_amber_house(fixture="C", history=9 * DAY, behaviour=sure())
    house.cloud.faults.add("usage", Fault.DROP)
    for _ in range(40):
        await leap(house, 10 * MINUTE)
    assert len(job_of(house).due(now(house))) == 7
    house.cloud.faults.clear()
    await leap(house, HOUR)
    await rest(house)
    assert len(job_of(house).done) >= 6
    await pass_days(house, 1)
    await assert_true(house, date(2026, 2, 23), date(2026, 3, 2))


async def test_a_listing_that_leaves_a_site_out(
    open_amber_house: OpenAmberHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was fetched meanwhile is booked once the site is there again."""
    house = await open_amber_house(fixture="C", history=9 * DAY, behaviour=sure())
    account = house.entry.runtime_data.account
    fetch_day = account.session.history.fetch_day

    async def fetch_and_leave_out(*args: Any) -> HistoryDay:
        found: HistoryDay = await fetch_day(*args)
        house.cloud.faults.add("sites", Fault.EDIT, edit=lambda body: [])
        await account.async_list_anew()
        return found

    monkeypatch.setattr(account.session.history, "fetch_day", fetch_and_leave_out)
    await leap(house, timedelta(seconds=31))
    assert len(asked(house)) >= 1
    assert house.main not in device_ids(house)
    assert not job_of(house).done
    monkeypatch.undo()
    house.cloud.faults.clear()
    await account.async_list_anew()
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await leap(house, timedelta(seconds=31))
    await rest(house)
    await assert_true(house, date(2026, 2, 23), date(2026, 3, 1))


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_site_that_is_closed(
    open_amber_house: OpenAmberHouse, restarts: bool
) -> None:
    """Its last days come and are corrected when its device is gone; then all is done."""
    house = await open_followed(
        open_amber_house, fixture="C", history=9 * DAY, behaviour=sure()
    )
    site, last = house.cloud.site(house.main), date(2026, 3, 3)
    site.spec = replace(site.spec, closed_on=last)
    before = last - DAY
    house.cloud.set_usage(house.main, before, estimated_share=0.5)
    house.cloud.set_usage(house.main, before, corrected=market("2026-03-04T08:00:00"))
    await pass_days(house, 1)
    names = await names_of(house)
    assert len(names) == 6
    await pass_days(house, 1)
    assert house.main not in device_ids(house)
    if restarts:
        await house.reload()
    await pass_days(house, 2)
    assert last in job_of(house).done
    await assert_true(house, date(2026, 2, 23), last)
    assert await names_of(house) == names
    assert max(end for _, end in asked(house)) == last
    house.cloud.requests.clear()
    await pass_days(house, 3)
    assert asked(house) == []


# -- a long past ---------------------------------------------------------------


async def test_a_long_past(open_amber_house: OpenAmberHouse) -> None:
    """Every hour once, at a rate that leaves prices and other tools their calls.

    A year has both changes of the clocks in it.
    """
    house = await open_followed(
        open_amber_house,
        fixture="C",
        now=market("2026-10-13T12:00:00"),
        history=LONG_DAYS * DAY,
        behaviour=Behaviour(),
    )
    house.cloud.requests.clear()
    last = date(2026, 10, 12)
    first = last - (LONG_DAYS - 1) * DAY
    begin = now(house)
    (result,) = await house.act("import_history", start_date=first.isoformat())
    assert result["days"] == LONG_DAYS
    assert result["minutes_left"] == pytest.approx((LONG_DAYS - 7) / 12, abs=1)
    for _ in range(20 * LONG_DAYS):
        await leap(house, timedelta(seconds=5))
        if not job_of(house).pending:
            break
    assert house.value("sensor", "history_import") == "100"
    assert now(house) - begin < LONG_DAYS * timedelta(seconds=7) + 2 * MINUTE
    assert len(asked(house)) <= LONG_DAYS / 7 + 3
    assert most_calls(house) <= 25
    # What was estimated, or late, is corrected.
    house.cloud.change(usage_estimated_share=0.0, usage_late_share=0.0)
    await pass_days(house, 3)
    await assert_true(house, first, last + 3 * DAY, priced=LONG_DAYS <= 60)


# -- in the same house ---------------------------------------------------------


async def test_credentials_that_are_refused(
    open_amber_house: OpenAmberHouse, hass: HomeAssistant
) -> None:
    """It waits for new ones, and then goes on."""
    house = await open_amber_house(fixture="C", history=9 * DAY, behaviour=sure())
    house.cloud.faults.add("usage", Fault.EXPIRED_TOKEN)
    await leap(house, timedelta(seconds=31))
    assert [
        flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()
    ] == ["reauth"]
    calls = len(asked(house))
    await leap(house, HOUR)
    assert len(asked(house)) == calls
    house.cloud.faults.clear()
    await house.reload()
    await leap(house, timedelta(seconds=31))
    await rest(house)
    await assert_true(house, date(2026, 2, 23), date(2026, 3, 1))
