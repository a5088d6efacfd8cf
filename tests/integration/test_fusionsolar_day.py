"""FusionSolar: whole days of an account, as its cloud counts them.

The fake refuses what is beyond a quota of dossier section 4; nothing here ever is.
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from ..clouds.fusionsolar import Behaviour
from .conftest import FusionHouse, OpenFusionHouse

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
AN_HOUR: Final = 30
"""Calls of a home with three types of devices, logins included."""
REAL_TIME: Final = "getDevRealKpi"
FEW: Final = {
    "stations": 2,
    "getDevList": 2,
    "getKpiStationDay": 10,
    "getKpiStationMonth": 4,
    "getKpiStationYear": 4,
    "getStationRealKpi": 26,
    "getAlarmList": 25,
    "login": 51,
    "getDevHistoryKpi": 19,  # of 27 some are left to others
}
"""Calls of a day, of everything but real-time values."""


def calls(house: FusionHouse) -> Counter[str]:
    """Return the calls by their label."""
    return Counter(entry.label for entry in house.cloud.requests.entries)


def by_hour(house: FusionHouse, begin: datetime) -> Counter[int]:
    """Return how many calls each hour had."""
    return Counter(
        int((entry.at - begin) / HOUR) for entry in house.cloud.requests.entries
    )


def known(house: FusionHouse) -> set[str]:
    """Return the sensors that have a value."""
    return {
        state.entity_id
        for state in house.hass.states.async_all(("sensor", "binary_sensor"))
        if state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    }


def asks_for_password(house: FusionHouse) -> bool:
    """Tell whether the user is asked for his password."""
    flows = house.hass.config_entries.flow.async_progress()
    return any(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)


async def test_a_day(open_fusion_house: OpenFusionHouse) -> None:
    """At most 30 calls an hour, evenly, and two of three refreshes are fetched."""
    house = await open_fusion_house(fixture="A")
    begin, had = dt_util.utcnow(), known(house)
    first = calls(house)
    assert first["login"] == 1  # the form hands its session to the account
    assert first[REAL_TIME] == 3
    house.cloud.requests.clear()
    await house.pass_time(DAY)

    assert house.cloud.over_quota == {}
    found = calls(house)
    for label, most in FEW.items():
        assert 0 < found[label] <= most, (label, found)
    assert found[REAL_TIME] == pytest.approx(24 * 24, abs=6)
    assert found.total() <= 24 * AN_HOUR
    hours = by_hour(house, begin)
    # In the first hour it is learned how late the cloud is.
    assert hours.pop(0) <= AN_HOUR + 9
    assert max(hours.values()) <= AN_HOUR + 3
    assert had - known(house) == set()


@pytest.mark.parametrize("quota_window", ["sliding", "fixed"])
@pytest.mark.parametrize("every", [HOUR, 3 * MINUTE], ids=["hourly", "often"])
async def test_restarts(
    open_fusion_house: OpenFusionHouse, every: timedelta, quota_window: Any
) -> None:
    """A restart asks nothing that is known: for days no quota is ever touched."""
    behaviour = Behaviour(quota_window=quota_window, refused_counts=True)
    house = await open_fusion_house(
        fixture="A", behaviour=behaviour, zone="Australia/Brisbane"
    )
    begin, had = dt_util.utcnow(), known(house)
    house.cloud.requests.clear()
    length = 2 * DAY if every == HOUR else DAY / 4
    shown = dt_util.utcnow() - HOUR
    while dt_util.utcnow() - begin < length:
        await house.pass_time(every)
        await house.reload()
        assert house.entry.state is ConfigEntryState.LOADED
        # New ones may come to be; none goes.
        assert had - known(house) == set()
        account = house.entry.runtime_data.account
        [live] = [
            item.data
            for key, item in account.coordinators.items()
            if key.reading == "live"
        ]
        # Old ones are not passed off as new.
        assert shown <= live.measured_at <= dt_util.utcnow()
        assert dt_util.utcnow() - live.polled_at <= 15 * MINUTE + MINUTE / 2
        shown = live.measured_at
    assert house.cloud.over_quota == {}
    assert not asks_for_password(house)
    days = length / DAY
    found = calls(house)
    assert found["login"] <= 51 * days
    assert found["getDevList"] <= 1 + days
    # Of two types, and nobody has switched on what they are for.
    for label in ("getDevKpiMonth", "getDevKpiYear"):
        assert found[label] <= 2 * (1 + days)
    assert found.total() / (length / HOUR) <= AN_HOUR + 1
    logins = [e.at for e in house.cloud.requests.entries if e.label == "login"]
    assert all(b - a > 29 * MINUTE for a, b in pairwise(logins))


@pytest.mark.parametrize(
    ("fixture", "types", "an_hour"),
    [("C", 1, 9), ("D", 3, 24), ("E", 3, 24), ("F", 4, 24)],
)
async def test_other_accounts(
    open_fusion_house: OpenFusionHouse, fixture: str, types: int, an_hour: int
) -> None:
    """Several plants share each call; more types mean fewer polls."""
    house = await open_fusion_house(fixture=fixture)
    house.cloud.requests.clear()
    hours = 8
    await house.pass_time(hours * HOUR)
    assert house.cloud.over_quota == {}
    found = calls(house)
    assert found[REAL_TIME] == pytest.approx(an_hour * hours, abs=types * 3)
    # A look at the plants' energies an hour, whatever their number.
    assert found["getStationRealKpi"] <= hours + 2
    assert found["getAlarmList"] <= hours + 1
    assert found.total() <= AN_HOUR * hours + 9


async def test_only_picked_plants_are_asked(
    open_fusion_house: OpenFusionHouse,
) -> None:
    """Of 105 plants three are wanted: they are all that is asked about."""
    picks = [f"NE={78000000 + n}" for n in (3, 50, 104)]
    house = await open_fusion_house(fixture="many", picks=picks)
    told: list[Counter[str]] = []

    def note(payload: Any) -> Any:
        rows = payload["data"]
        told.append(Counter(str(row.get("stationCode", len(rows))) for row in rows))
        return payload

    for label in (REAL_TIME, "getStationRealKpi", "getKpiStationDay"):
        house.cloud.faults.add(label, Fault.EDIT, edit=note)
    assert len(house.entry.runtime_data.account.topology.site_ids) == 3
    await house.pass_time(4 * HOUR)
    assert house.cloud.over_quota == {}
    # Devices tell no plant, but there are as many as plants.
    assert len(told) > 4 * 9
    assert {name for names in told for name in names} == {*picks, "3"}
