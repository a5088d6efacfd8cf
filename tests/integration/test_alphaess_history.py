"""AlphaESS: the past comes into the statistics, whole, once, and without haste."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
import logging
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.core.history import VOCABULARY, Kind, slots_of
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
)
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.recorder import get_instance

from ..clouds import Fault
from ..clouds.alphaess import Behaviour
from ..clouds.alphaess.payloads import day_energy
from .conftest import ALPHA, ALPHA_BATTERY, AlphaHouse, OpenAlphaHouse, OpenHouse
from .leap import leap

pytestmark = pytest.mark.usefixtures("recorder_mock", "quiet_database")

ALPHA_B = "ALX000000000002"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ADELAIDE = ZoneInfo("Australia/Adelaide")
BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
RETAIL = {
    "controlled_load_cost",
    "controlled_load_energy",
    "grid_export_compensation",
    "grid_import_cost",
}
"""What only a retailer tells."""
ENERGIES = {
    "solar_energy": "epv",
    "grid_import_energy": "eInput",
    "grid_export_energy": "eOutput",
    "charge_energy": "eCharge",
    "discharge_energy": "eDischarge",
    "grid_charge_energy": "eGridCharge",
    "ev_energy": "eChargingPile",
}


@pytest.fixture
def quiet_database() -> None:
    """Do not log every statement of the recorder, as the plug-in would."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


def statistic(key: str, serial: str = ALPHA) -> str:
    """Return the id of a statistic."""
    return f"joulekeeper:{serial.lower()}_{key}"


async def rows_of(
    hass: HomeAssistant, key: str, serial: str = ALPHA
) -> dict[datetime, Mapping[str, Any]]:
    """Return all rows of a statistic, by their hour."""
    recorder = get_instance(hass)
    await recorder.async_block_till_done()
    name = statistic(key, serial)
    read = await recorder.async_add_executor_job(
        statistics_during_period,
        hass,
        LONG_AGO,
        None,
        {name},
        "hour",
        None,
        {"state", "sum", "mean", "min", "max"},
    )
    return {
        datetime.fromtimestamp(row["start"], UTC): dict(row)
        for row in read.get(name, ())
    }


async def run_import(house: AlphaHouse, hours: float = 1) -> None:
    """Let the import run until it is complete."""
    for _ in range(int(hours * 60)):
        await house.pass_time(timedelta(minutes=1))
        job = house.entry.runtime_data.history.job(house.main)
        if not job.pending:
            return
    raise AssertionError(job)


def fetched(house: AlphaHouse, label: str = "getOneDayPowerBySn") -> list[str]:
    """Return the days that the cloud was asked for, in order."""
    return [
        dict(parse_qsl(entry.query))["queryDate"]
        for entry in house.cloud.requests.entries
        if entry.label == label
        if dict(parse_qsl(entry.query))["queryDate"] < today(house)
    ]


def today(house: AlphaHouse, zone: ZoneInfo = ADELAIDE) -> str:
    """Return the day of a plant, which is polled and not imported."""
    now = house.freezer().replace(tzinfo=UTC)
    return now.astimezone(zone).date().isoformat()


async def assert_true_day(
    house: AlphaHouse, day: date, zone: ZoneInfo, serial: str = ALPHA
) -> None:
    """Compare the sums of a day with what the house has counted."""
    now = house.freezer().replace(tzinfo=UTC)
    behaviour = replace(house.cloud.behaviour, midnight="true")
    told = day_energy(house.cloud.system(serial), day, now, behaviour)
    assert told is not None
    assert told["epv"] > 1
    hours = [slot.hour for slot in slots_of(day, zone)]
    for key, name in ENERGIES.items():
        rows = await rows_of(house.hass, key, serial)
        if not rows and key == "ev_energy":
            continue
        assert set(hours) <= rows.keys(), key
        states = sum(rows[hour]["state"] for hour in hours)
        assert states == pytest.approx(told[name], abs=1e-5), (day, key)
        before = rows.get(hours[0] - HOUR, {"sum": 0.0})["sum"]
        assert rows[hours[-1]]["sum"] - before == pytest.approx(states, abs=1e-5)


async def everything(
    hass: HomeAssistant, serial: str = ALPHA
) -> dict[str, dict[datetime, Mapping[str, Any]]]:
    """Return all rows of all statistics of a system."""
    return {item.key: await rows_of(hass, item.key, serial) for item in VOCABULARY}


def error_key(error: pytest.ExceptionInfo[HomeAssistantError]) -> str | None:
    """Return which text an error has."""
    return error.value.translation_key


# -- what is booked ------------------------------------------------------------


async def test_three_days(open_alpha_house: OpenAlphaHouse) -> None:
    """Each day's energies are the meter's, in the hours in which they were."""
    house = await open_alpha_house(history=5 * DAY)
    assert house.value("sensor", "history_import") == STATE_UNKNOWN
    (result,) = await house.act("import_history", start_date="2026-11-17")
    assert result == {
        "device_id": house.device_id(),
        "device": ALPHA,
        "state": "started",
        "days": 3,
        "done": 0,
        "first": "2026-11-17",
        "last": "2026-11-19",
        "minutes_left": 1,
    }
    await run_import(house)
    assert house.value("sensor", "history_import") == "100"
    for n in (17, 18, 19):
        await assert_true_day(house, date(2026, 11, n), ADELAIDE)
    # Every hour's energy is near to what the house has counted in it.
    counted = dict(
        house.cloud.history(ALPHA, LONG_AGO, house.freezer().replace(tzinfo=UTC))
    )
    solar = await rows_of(house.hass, "solar_energy")
    assert len(solar) == 72
    for hour, row in solar.items():
        # Adelaide's hours end half an hour before those of UTC begin anew.
        middle = [counted[hour - HOUR].pv, counted[hour].pv, counted[hour + HOUR].pv]
        truth = (middle[2] - middle[0]) / 2
        assert row["state"] == pytest.approx(truth, abs=0.6), hour
    powers = await rows_of(house.hass, "battery_power")
    assert min(row["mean"] for row in powers.values()) < -500
    assert max(row["mean"] for row in powers.values()) > 200
    level = await rows_of(house.hass, "state_of_charge")
    assert all(
        0 <= row["min"] <= row["mean"] <= row["max"] <= 100 for row in level.values()
    )
    # There is no EV charger.
    assert not await rows_of(house.hass, "ev_energy")
    again = await everything(house.hass)
    house.cloud.requests.clear()
    (result,) = await house.act("import_history", start_date="2026-11-17", again=True)
    assert result["state"] == "started"
    await run_import(house)
    assert fetched(house) == ["2026-11-17", "2026-11-18", "2026-11-19"]
    assert await everything(house.hass) == again


async def test_metadata(open_alpha_house: OpenAlphaHouse) -> None:
    """Names, units and kinds are such that the Energy dashboard takes them."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin", history=2 * DAY)
    await house.act("import_history", start_date="2026-11-19")
    await run_import(house)
    listed = await get_instance(house.hass).async_add_executor_job(
        list_statistic_ids, house.hass
    )
    ours = {item["statistic_id"]: item for item in listed if item["source"] == DOMAIN}
    known = [item for item in VOCABULARY if item.key not in RETAIL]
    assert ours.keys() == {statistic(item.key, ALPHA_B) for item in known}
    for series in known:
        item = ours[statistic(series.key, ALPHA_B)]
        assert item["has_sum"] is (series.kind is Kind.SUM)
        assert item["statistics_unit_of_measurement"] == series.unit
        assert (
            item["unit_class"]
            == {"kWh": "energy", "W": "power", "%": None}[series.unit]
        )
    name = ours[statistic("grid_export_energy", ALPHA_B)]["name"]
    assert name == "SMILE-G3-T10-INV inverter Grid feed-in energy (imported)"
    await assert_true_day(house, date(2026, 11, 19), BERLIN, ALPHA_B)


@pytest.mark.parametrize(
    ("fixture", "zone", "day", "hours"),
    [
        ("A", ADELAIDE, date(2026, 10, 4), 23),
        ("A", ADELAIDE, date(2026, 4, 5), 25),
        ("B", BERLIN, date(2026, 3, 29), 23),
        ("B", BERLIN, date(2026, 10, 25), 25),
    ],
)
async def test_days_on_which_clocks_change(
    open_alpha_house: OpenAlphaHouse,
    fixture: str,
    zone: ZoneInfo,
    day: date,
    hours: int,
) -> None:
    """The day before, the day itself and the day after; Home Assistant is elsewhere."""
    noon = datetime.combine(day + 2 * DAY, time(12), zone).astimezone(UTC)
    house = await open_alpha_house(
        fixture=fixture, zone="Australia/Brisbane", now=noon, history=4 * DAY
    )
    await house.act(
        "import_history",
        start_date=(day - DAY).isoformat(),
        end_date=(day + DAY).isoformat(),
        time_zone=str(zone),
    )
    await run_import(house)
    for n in (-1, 0, 1):
        await assert_true_day(house, day + n * DAY, zone, house.main)
    for key in ("load_energy", "load_power"):
        rows = await rows_of(house.hass, key, house.main)
        assert len(rows) == 48 + hours, key
        assert len({hour.minute for hour in rows}) == 1


async def test_overlapping_and_earlier_ranges(open_alpha_house: OpenAlphaHouse) -> None:
    """In whatever parts and order: the rows are those of one import in order."""
    house = await open_alpha_house(history=8 * DAY)
    for first, last in ((18, 18), (14, 14), (16, 17), (14, 19)):
        await house.act(
            "import_history",
            start_date=f"2026-11-{first}",
            end_date=f"2026-11-{last}",
        )
        await run_import(house)
    assert sorted(fetched(house)) == [f"2026-11-{n}" for n in range(14, 20)]
    for key in ("solar_energy", "load_energy", "grid_charge_energy"):
        rows = await rows_of(house.hass, key)
        assert len(rows) == 6 * 24
        total = 0.0
        for _, row in sorted(rows.items()):
            total += row["state"]
            assert row["sum"] == pytest.approx(total, abs=1e-6)
    for n in range(14, 20):
        await assert_true_day(house, date(2026, 11, n), ADELAIDE)


async def test_two_systems(open_alpha_house: OpenAlphaHouse) -> None:
    """One after the other, each with its statistics; the parts of one count once."""
    house = await open_alpha_house(
        fixture="D", zone="Australia/Adelaide", history=3 * DAY
    )
    results = await house.act(
        "import_history",
        [ALPHA, ALPHA_BATTERY, ALPHA_B],
        start_date="2026-11-19",
    )
    assert [item["device"] for item in results] == [ALPHA, ALPHA_B]
    for serial in (ALPHA, ALPHA_B):
        house.main = serial
        await run_import(house)
        assert len(await rows_of(house.hass, "load_energy", serial)) == 24
        assert house.value("sensor", "history_import", serial) == "100"


# -- how it goes on ------------------------------------------------------------


async def test_calls_of_an_hour(open_alpha_house: OpenAlphaHouse) -> None:
    """Two calls in 20 s, and what is polled is polled as without it."""
    house = await open_alpha_house(history=2 * DAY)
    house.cloud.requests.clear()
    await house.pass_time(HOUR)
    alone = house.cloud.requests.counts()
    (result,) = await house.act("import_history", start_date="2026-01-01")
    assert result["minutes_left"] == pytest.approx(323 / 3, abs=1)
    house.cloud.requests.clear()
    await house.pass_time(HOUR)
    counts = house.cloud.requests.counts()
    assert 170 <= counts.pop("getOneDayPowerBySn") <= 181
    energies = counts.pop("getOneDateEnergyBySn") - alone.pop("getOneDateEnergyBySn")
    assert 168 <= energies <= 183
    for label, count in counts.items():
        if label != "getOneDayPowerBySn":
            assert count == pytest.approx(alone.get(label, 0), abs=2), label
    times = [
        entry.at
        for entry in house.cloud.requests.entries
        if entry.label == "getOneDayPowerBySn"
    ]
    assert min(b - a for a, b in pairwise(times)) >= timedelta(seconds=19)


async def test_restart_in_the_middle(
    open_alpha_house: OpenAlphaHouse, hass_storage: dict[str, Any]
) -> None:
    """It goes on with the first day that is not booked."""
    house = await open_alpha_house(history=8 * DAY)
    await house.act("import_history", start_date="2026-11-14")
    await house.pass_time(timedelta(seconds=45))
    assert len(fetched(house)) == 3
    progress = house.value("sensor", "history_import")
    assert progress == "50"
    await house.reload()
    assert house.value("sensor", "history_import") == progress
    (result,) = await house.act(
        "import_history", start_date="2026-11-15", end_date="2026-11-18"
    )
    assert (result["state"], result["days"], result["done"]) == ("running", 6, 3)
    await run_import(house)
    assert fetched(house) == [f"2026-11-{n}" for n in range(14, 20)]
    for n in range(14, 20):
        await assert_true_day(house, date(2026, 11, n), ADELAIDE)
    key = f"{DOMAIN}.{house.entry.entry_id}.history"
    assert key in hass_storage
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert key not in hass_storage
    assert await rows_of(house.hass, "load_energy")


async def test_throttled_in_the_middle(open_alpha_house: OpenAlphaHouse) -> None:
    """It is silent as long as the cloud wants it, then slow, and no day is lost."""
    house = await open_alpha_house(history=6 * DAY)
    await house.act("import_history", start_date="2026-11-15")
    await house.pass_time(timedelta(seconds=30))
    assert len(fetched(house)) == 2
    house.cloud.faults.add("getOneDateEnergyBySn", Fault.THROTTLE, times=1)
    await house.pass_time(timedelta(seconds=20))
    asked = len(fetched(house))
    await house.pass_time(timedelta(seconds=55))
    assert len(fetched(house)) == asked
    await run_import(house, 2)
    assert set(fetched(house)) == {f"2026-11-{n}" for n in range(15, 20)}
    for n in range(15, 20):
        await assert_true_day(house, date(2026, 11, n), ADELAIDE)


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.WRONG_TYPE, Fault.STATUS])
async def test_a_day_that_cannot_be_had(
    open_alpha_house: OpenAlphaHouse, fault: Fault
) -> None:
    """A cloud that is down is waited for; a day that makes no sense is left for later."""
    house = await open_alpha_house(history=4 * DAY)
    house.cloud.faults.add("getOneDayPowerBySn", fault)
    await house.act("import_history", start_date="2026-11-18")
    await house.pass_time(timedelta(minutes=30))
    job = house.entry.runtime_data.history.job(ALPHA)
    assert len(fetched(house)) <= 20
    assert not job.done
    if fault is Fault.WRONG_TYPE:
        assert job.pending == set()
        assert set(job.late) == {date(2026, 11, 18), date(2026, 11, 19)}
    else:
        assert job.pending == {date(2026, 11, 18), date(2026, 11, 19)}
    house.cloud.faults.clear()
    for _ in range(26):
        await leap(house, HOUR)
    for n in (18, 19):
        await assert_true_day(house, date(2026, 11, n), ADELAIDE)


async def test_credentials_that_are_refused(open_alpha_house: OpenAlphaHouse) -> None:
    """The user is asked for new ones, and nothing more is sent until then."""
    house = await open_alpha_house(history=4 * DAY)
    await house.act("import_history", start_date="2026-11-18")
    house.cloud.faults.add("getOneDayPowerBySn", Fault.EXPIRED_TOKEN)
    await house.pass_time(timedelta(seconds=5))
    flows = house.hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == ["reauth"]
    asked = len(fetched(house))
    house.cloud.faults.clear()
    await house.pass_time(timedelta(minutes=10))
    assert len(fetched(house)) == asked
    (result,) = await house.act("import_history", start_date="2026-11-18")
    assert result["state"] == "paused"
    await house.reload()
    await run_import(house)
    await assert_true_day(house, date(2026, 11, 18), ADELAIDE)


async def test_cancel(open_alpha_house: OpenAlphaHouse) -> None:
    """Nothing is fetched any more, what is booked stays, and it can be taken up again."""
    house = await open_alpha_house(history=8 * DAY)
    assert (await house.act("cancel_import"))[0]["state"] == "none"
    await house.act("import_history", start_date="2026-11-14")
    await house.pass_time(timedelta(seconds=30))
    (result,) = await house.act("cancel_import")
    assert (result["state"], result["days"], result["done"]) == ("cancelled", 6, 2)
    asked = fetched(house)
    await house.reload()
    await house.pass_time(timedelta(minutes=5))
    assert fetched(house) == asked
    assert house.value("sensor", "history_import") == "33"
    assert len(await rows_of(house.hass, "load_energy")) == 48
    (result,) = await house.act("import_history", start_date="2026-11-15")
    assert (result["state"], result["days"], result["done"]) == ("started", 5, 1)
    await run_import(house)
    assert fetched(house) == [f"2026-11-{n}" for n in range(14, 20)]


# -- days that are not all there -----------------------------------------------


async def test_a_late_day_is_repaired(open_alpha_house: OpenAlphaHouse) -> None:
    """What the cloud gets to know later is booked in the place of what it told before."""
    house = await open_alpha_house(history=6 * DAY)

    def short(body: Any) -> Any:
        return body | {
            "data": [
                item for item in body["data"] if item["uploadTime"] < "2026-11-18 12"
            ]
        }

    def less(body: Any) -> Any:
        return body | {"data": body["data"] | {"eInput": 0.5, "epv": 1.0}}

    wrong = [
        house.cloud.faults.add("getOneDayPowerBySn", Fault.EDIT, edit=short, times=2),
        house.cloud.faults.add("getOneDateEnergyBySn", Fault.EDIT, edit=less, times=3),
    ]
    await house.act("import_history", start_date="2026-11-17", end_date="2026-11-19")
    await house.pass_time(timedelta(seconds=70))
    job = house.entry.runtime_data.history.job(ALPHA)
    assert set(job.late) >= {date(2026, 11, 18), date(2026, 11, 19)}
    before = await everything(house.hass)
    for item in wrong:
        item.clear()
    for _ in range(26):
        await leap(house, HOUR)
    for n in (18, 19):
        await assert_true_day(house, date(2026, 11, n), ADELAIDE)
    after = await everything(house.hass)
    assert after["load_power"] != before["load_power"]
    assert after["solar_energy"].keys() == before["solar_energy"].keys()
    assert date(2026, 11, 18) not in job.late
    house.cloud.requests.clear()
    for _ in range(50):
        await leap(house, HOUR)
    assert {day for day in fetched(house) if day <= "2026-11-19"} <= {"2026-11-19"}
    assert await everything(house.hass) == after


async def test_blank_days(open_alpha_house: OpenAlphaHouse) -> None:
    """Before the system there was nothing: no rows, not zeros; it is not asked again."""
    house = await open_alpha_house(history=3 * DAY)
    await house.act("import_history", start_date="2026-11-10", end_date="2026-11-19")
    await run_import(house)
    rows = await rows_of(house.hass, "load_energy")
    assert min(rows) >= datetime(2026, 11, 16, 13, tzinfo=UTC)
    await assert_true_day(house, date(2026, 11, 19), ADELAIDE)
    house.cloud.faults.add(
        "getOneDateEnergyBySn", Fault.EDIT, edit=lambda body: body | {"data": None}
    )
    house.cloud.faults.add(
        "getOneDayPowerBySn", Fault.EDIT, edit=lambda body: body | {"data": []}
    )
    before = await everything(house.hass)
    await house.act("import_history", start_date="2026-11-17", again=True)
    await run_import(house)
    assert await everything(house.hass) == before


@pytest.mark.parametrize("blank", ["zeros", "null"])
async def test_an_import_at_midnight(
    open_alpha_house: OpenAlphaHouse, blank: Any
) -> None:
    """The samples are added up; the next day the meter's energies take their place."""
    house = await open_alpha_house(
        now=datetime(2026, 11, 19, 13, 35, tzinfo=UTC),
        history=3 * DAY,
        behaviour=Behaviour(midnight=blank),
    )
    await house.act("import_history", start_date="2026-11-19", end_date="2026-11-19")
    await run_import(house)
    rows = await rows_of(house.hass, "load_energy")
    assert len(rows) == 24
    now = house.freezer().replace(tzinfo=UTC)
    true = day_energy(house.cloud.system(ALPHA), date(2026, 11, 19), now, Behaviour())
    assert true is not None
    solar = await rows_of(house.hass, "solar_energy")
    total = sum(row["state"] for row in solar.values())
    assert total == pytest.approx(true["epv"], rel=0.02)
    assert total != pytest.approx(true["epv"], abs=1e-6)
    for _ in range(26):
        await leap(house, HOUR)
    await assert_true_day(house, date(2026, 11, 19), ADELAIDE)


async def test_samples_without_solar_power(open_alpha_house: OpenAlphaHouse) -> None:
    """The day's energy is right though nobody knows its hours (dossier 2.3)."""
    house = await open_alpha_house(
        history=3 * DAY, behaviour=Behaviour(history_ppv="zero")
    )
    await house.act("import_history", start_date="2026-11-19")
    await run_import(house)
    await assert_true_day(house, date(2026, 11, 19), ADELAIDE)
    assert not await rows_of(house.hass, "solar_power")
    solar = await rows_of(house.hass, "solar_energy")
    # From 12:00 on in Adelaide.
    assert [hour for hour, row in solar.items() if row["state"]] == [
        datetime(2026, 11, 19, 2, tzinfo=UTC)
    ]


# -- what is refused -----------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"start_date": "2026-11-20"}, "history_day_not_over"),
        (
            {"start_date": "2026-11-18", "end_date": "2026-11-20"},
            "history_day_not_over",
        ),
        ({"start_date": "2027-01-01"}, "history_day_not_over"),
        (
            {"start_date": "2026-11-18", "end_date": "2026-11-17"},
            "history_days_reversed",
        ),
        ({"start_date": "2015-11-18"}, "history_too_long"),
        ({"start_date": "2026-11-18", "time_zone": "Mars"}, "history_zone_unknown"),
        ({"start_date": "2026-11-18", "time_zone": "../.."}, "history_zone_unknown"),
    ],
)
async def test_bad_ranges(
    open_alpha_house: OpenAlphaHouse, data: dict[str, Any], key: str
) -> None:
    """Nothing is sent, and nothing is remembered."""
    house = await open_alpha_house()
    with pytest.raises(ServiceValidationError) as error:
        await house.act("import_history", **data)
    assert error_key(error) == key
    await house.pass_time(timedelta(minutes=3))
    assert fetched(house) == []
    assert house.value("sensor", "history_import") == STATE_UNKNOWN


async def test_a_brand_without_history(open_house: OpenHouse) -> None:
    """The error says where to find one that has it."""
    house = await open_house()
    with pytest.raises(ServiceValidationError) as error:
        await house.act("import_history", start_date="2026-11-18")
    assert error_key(error) == "history_unknown"


async def test_a_recorder_that_does_not_store(
    open_alpha_house: OpenAlphaHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """A day counts as done only when it can be read back."""
    house = await open_alpha_house(history=3 * DAY)
    with patch(
        "custom_components.joulekeeper.statistics.async_add_external_statistics"
    ):
        await house.act("import_history", start_date="2026-11-19")
        await house.pass_time(timedelta(minutes=2))
    assert not house.entry.runtime_data.history.job(ALPHA).done
    assert "could not be stored" in caplog.text
    assert ALPHA not in caplog.text.upper().split("COULD NOT BE STORED")[1][:200]
    for _ in range(2):
        await leap(house, HOUR)
    await assert_true_day(house, date(2026, 11, 19), ADELAIDE)
