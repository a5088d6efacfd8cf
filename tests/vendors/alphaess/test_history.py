"""AlphaESS: a day of the past from two answers, whatever is missing of them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.core.errors import RateLimited
from custom_components.joulekeeper.core.history import HOUR, VOCABULARY, slots_of
from custom_components.joulekeeper.vendors.alphaess.client import AlphaEssClient
from custom_components.joulekeeper.vendors.alphaess.history import (
    DAY_PAUSE,
    WIDE_DAY_PAUSE,
    AlphaEssHistory,
    Kit,
    booked,
)
from custom_components.joulekeeper.vendors.alphaess.models import DayEnergy, DayPower
from custom_components.joulekeeper.vendors.alphaess.pace import Pace

from .conftest import Desk, MakeBench

ADELAIDE = ZoneInfo("Australia/Adelaide")
BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 9, 13)
RETAIL = {
    "controlled_load_cost",
    "controlled_load_energy",
    "grid_export_compensation",
    "grid_import_cost",
}
KEYS = {series.key for series in VOCABULARY} - RETAIL
ENERGY: dict[str, Any] = {
    "theDate": "2026-09-13",
    "eCharge": 8.4,
    "epv": 21.7,
    "eOutput": 9.35,
    "eInput": 2.1,
    "eGridCharge": 0.9,
    "eDischarge": 5.6,
    "eChargingPile": 1.5,
}


def sample(time: datetime, **values: Any) -> dict[str, Any]:
    """Return an element of getOneDayPowerBySn."""
    return {
        "uploadTime": time.strftime("%Y-%m-%d %H:%M:%S"),
        "ppv": 0.0,
        "load": 600.0,
        "cbat": 50.0,
        "feedIn": 0.0,
        "gridCharge": 0,
        "pchargingPile": 0,
    } | values


def samples(day: date = DAY, until: int = 24) -> list[dict[str, Any]]:
    """Return a day: the sun fills the battery, which feeds the evening."""
    found = []
    for n in range(until * 12):
        time = datetime(day.year, day.month, day.day) + timedelta(minutes=5 * n + 2)
        if 3 <= time.hour < 4:
            values = {"gridCharge": 1600}  # 1000 W into the battery
        elif 10 <= time.hour < 14:
            values = {"ppv": 4000.0, "feedIn": 1400.0}  # 2000 W into it
        elif time.hour >= 18:
            values = {"pchargingPile": 500}
        else:
            values = {"gridCharge": 600}
        charge = min(90, 50 + 10 * max(0, time.hour - 9)) - 10 * max(0, time.hour - 17)
        found.append(sample(time, cbat=float(charge), **values))
    return found[::-1]


def book(
    power: Iterable[dict[str, Any]],
    energy: dict[str, Any] | None,
    day: date = DAY,
    zone: ZoneInfo = ADELAIDE,
) -> Any:
    """Return a day by the hour."""
    return booked(
        day, zone, DayPower.parse(power).samples, DayEnergy.parse(energy or {}), KEYS
    )


def local(values: Any, zone: ZoneInfo = ADELAIDE) -> dict[int, Any]:
    """Return what is not 0 by the hour of the plant's clock that is meant."""
    slots = {slot.hour: slot for slot in slots_of(DAY, zone)}
    return {
        slots[hour].start.astimezone(zone).hour: value
        for hour, value in values.items()
        if value
    }


def test_energies_are_shared_out_by_the_samples() -> None:
    """Each energy is the metered one, in the hours in which there was power."""
    day = book(samples(), ENERGY)
    assert day.settled
    totals = {key: round(sum(item.values()), 6) for key, item in day.sums.items()}
    assert totals == {
        "solar_energy": 21.7,
        "load_energy": 11.65,
        "grid_import_energy": 2.1,
        "grid_export_energy": 9.35,
        "charge_energy": 8.4,
        "discharge_energy": 5.6,
        "grid_charge_energy": 0.9,
        "ev_energy": 1.5,
    }
    assert all(len(item) == 24 for item in day.sums.values())
    solar = local(day.sums["solar_energy"])
    assert solar == dict.fromkeys(range(10, 14), pytest.approx(21.7 / 4, abs=1e-5))
    assert set(local(day.sums["grid_charge_energy"])) == {3}
    assert set(local(day.sums["discharge_energy"])) == set(range(18, 24))
    charge = local(day.sums["charge_energy"])
    assert set(charge) == {3, *range(10, 14)}
    assert charge[10] == pytest.approx(2 * charge[3], abs=1e-5)


def test_powers_and_their_signs() -> None:
    """Grid is positive on import, battery on discharge."""
    levels = {key: local(item) for key, item in book(samples(), ENERGY).levels.items()}
    assert levels["grid_power"][3].mean == 1600
    assert levels["grid_power"][12].mean == -1400
    assert levels["battery_power"][3].mean == -1000
    assert levels["battery_power"][12].mean == -2000
    assert levels["battery_power"][20].mean == 600
    assert levels["solar_power"][12].mean == 4000
    assert levels["load_power"][12].mean == 600
    level = levels["state_of_charge"][12]
    assert (level.mean, level.low, level.high) == (80, 80, 80)


def test_without_energies_the_samples_are_added_up() -> None:
    """What the grid gave to the battery is not known then."""
    day = book(samples(), None)
    totals = {key: round(sum(item.values()), 3) for key, item in day.sums.items()}
    assert totals == {
        "solar_energy": 16.0,
        "load_energy": 14.4,
        "grid_import_energy": pytest.approx(1.6 + 13 * 0.6),
        "grid_export_energy": 5.6,
        "charge_energy": 9.0,
        "discharge_energy": 3.6,
        "ev_energy": 3.0,
    }
    assert not day.settled


def test_no_samples_at_all() -> None:
    """The day is right, its hours are not known: all at noon."""
    day = book([], ENERGY)
    assert not day.levels
    assert not day.settled
    assert local(day.sums["solar_energy"]) == {12: 21.7}
    assert local(day.sums["discharge_energy"]) == {12: 5.6}
    assert book([], None).is_blank


def test_samples_without_solar_power() -> None:
    """Then it is at noon, and the battery's by its state of charge (dossier 2.3)."""
    blind = [item | {"ppv": 0.0} for item in samples()]
    day = book(blind, ENERGY)
    assert local(day.sums["solar_energy"]) == {12: 21.7}
    assert set(local(day.sums["charge_energy"])) <= set(range(10, 15))
    assert sum(day.sums["charge_energy"].values()) == pytest.approx(8.4)
    assert set(local(day.sums["discharge_energy"])) <= set(range(18, 24))
    assert sum(day.sums["discharge_energy"].values()) == pytest.approx(5.6)
    assert "solar_power" not in day.levels
    assert "battery_power" not in day.levels
    # Without energies it cannot be told from a dark day: what it hangs on is unknown.
    assert (
        not {"solar_energy", "charge_energy", "discharge_energy"}
        & book(blind, None).sums.keys()
    )
    dark = book(blind, ENERGY | {"epv": 0.0})
    assert set(dark.levels) >= {"solar_power", "battery_power"}


def test_single_energies_that_are_missing() -> None:
    """What is null is added up from the samples, the others stay metered."""
    day = book(samples(), ENERGY | {"epv": None, "eGridCharge": None})
    assert sum(day.sums["solar_energy"].values()) == pytest.approx(16.0)
    assert sum(day.sums["grid_import_energy"].values()) == pytest.approx(2.1)
    # The load is what is left over of all others.
    assert sum(day.sums["load_energy"].values()) == pytest.approx(14.4)
    assert "grid_charge_energy" not in day.sums


@pytest.mark.parametrize(("until", "settled"), [(23, False), (24, True)])
def test_a_day_that_ends_early(until: int, settled: bool) -> None:
    """Something may still come."""
    assert book(samples(until=until), ENERGY).settled is settled


def test_duplicates_order_and_the_hour_that_comes_twice() -> None:
    """Ambiguous samples count for both hours; nothing counts twice."""
    autumn = date(2026, 10, 25)
    power = samples(autumn)
    day = book([*power[100:], *power, *power[:50]], ENERGY, day=autumn, zone=BERLIN)
    loads = day.levels["load_power"]
    assert len(loads) == 25
    assert {level.mean for level in loads.values()} == {600}
    shares = day.sums["load_energy"].values()
    assert max(shares) - min(shares) < 1e-5
    # 03:00 is the hour after the repeated one.
    third = datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert day.levels["grid_power"][third].mean == 1600
    assert day.levels["grid_power"][third - HOUR].mean == 600


def source(client: AlphaEssClient, pace: Pace, kit: Kit | None) -> AlphaEssHistory:
    """Return the history of a system of that kind."""
    return AlphaEssHistory(client, pace, lambda _: ADELAIDE, lambda _: kit)


@pytest.mark.parametrize(
    "energy",
    [
        ENERGY | {"theDate": "2026-09-12"},
        ENERGY | {"theDate": "2026-09-14"},
        dict.fromkeys(ENERGY, 0) | {"theDate": "2026-09-13"},
        dict.fromkeys(ENERGY),
        None,
    ],
)
async def test_energies_of_another_day_or_of_none_do_not_count(
    make_bench: MakeBench, energy: Any
) -> None:
    """Around midnight the cloud may answer with another day's, zeros or nulls."""
    desk = Desk(
        [
            {"code": 200, "msg": "Success", "data": samples()},
            {"code": 200, "msg": "Success", "data": energy},
        ]
    )
    bench = await make_bench(desk=desk)
    history = source(bench.client(), Pace(), Kit(battery=True, ev_charger=False))
    day = await history.fetch_day("ALX000000000001", DAY, ADELAIDE)
    assert [path.split("?")[0] for _, path, _, _ in desk.sent] == [
        "/api/getOneDayPowerBySn",
        "/api/getOneDateEnergyBySn",
    ]
    assert all("queryDate=2026-09-13" in path for _, path, _, _ in desk.sent)
    assert sum(day.sums["solar_energy"].values()) == pytest.approx(16.0)
    assert "ev_energy" not in day.sums
    assert not day.settled


async def test_what_a_system_has(make_bench: MakeBench) -> None:
    """No series for what is not there, none at all for what is no system."""
    client = (await make_bench(desk=Desk([{}]))).client()
    keys = {
        kit: {item.key for item in source(client, Pace(), kit).series("A")}
        for kit in (
            None,
            Kit(battery=False, ev_charger=False),
            Kit(battery=True, ev_charger=True),
        )
    }
    assert keys[None] == set()
    assert "charge_energy" not in keys[Kit(False, False)]
    assert "ev_energy" not in keys[Kit(False, False)]
    assert keys[Kit(True, True)] == KEYS


async def test_more_time_between_days_once_the_cloud_minds() -> None:
    """What happens now comes first."""
    now = 0.0
    pace = Pace(lambda: now)
    history = AlphaEssHistory(None, pace, lambda _: ADELAIDE, lambda _: None)  # type: ignore[arg-type]
    assert history.day_pause == DAY_PAUSE == timedelta(seconds=20)
    with pytest.raises(RateLimited):
        async with pace.turn():
            raise RateLimited("6053")
    assert history.day_pause == WIDE_DAY_PAUSE
    now = 4000.0
    assert history.day_pause == DAY_PAUSE
