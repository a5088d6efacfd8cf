"""A day of calls inside every quota of the dossier, with a restart each hour too.

The counting is not ours: a cloud that is as strict as the dossier allows, in a sliding
window to the second, is asked by a client that sits on a clock.
"""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import RateLimited, VendorError
from custom_components.joulekeeper.vendors.fusionsolar.client import FusionSolarClient
from custom_components.joulekeeper.vendors.fusionsolar.control import (
    dispatch_call,
    stop_call,
)
from custom_components.joulekeeper.vendors.fusionsolar.inventory import InventoryFeed
from custom_components.joulekeeper.vendors.fusionsolar.models import PlantDevice
from custom_components.joulekeeper.vendors.fusionsolar.times import Period

from .conftest import Bench, Desk
from .examples import (
    DEVICE_ROWS,
    PLANT,
    PLANT_DAY,
    PLANT_NOW,
    PLANT_ROW,
    TOO_OFTEN,
    envelope,
    readings,
)

DAY_S = 86_400
# calls, window in s, least distance in s, of a home with three types that are read
STRICT = {
    "login": (5, 600, 0),
    "stations": (34, DAY_S, 0),
    "getDevList": (25, DAY_S, 60),
    "getStationRealKpi": (1, 300, 60),
    "getDevRealKpi 38": (1, 300, 0),
    "getDevRealKpi 39": (1, 300, 0),
    "getDevRealKpi 47": (1, 300, 0),
    "getKpiStationDay": (25, DAY_S, 60),
    "getKpiStationMonth": (25, DAY_S, 60),
    "getKpiStationYear": (25, DAY_S, 60),
    "getDevHistoryKpi": (27, DAY_S, 60),
    "getAlarmList": (3, 1800, 0),
    "async-task": (100, DAY_S, 0),
}


def names(desk: Desk) -> dict[str, list[datetime]]:
    """Return the times of all calls by their quota."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for item in desk.sent:
        name = item.name
        if name == "getDevRealKpi":
            name = f"{name} {item.body['devTypeId']}"
        found[name].append(item.at)
    return found


def check(desk: Desk) -> dict[str, int]:
    """Look at every window of every quota; return the calls by their quota."""
    found = names(desk)
    assert set(found) <= set(STRICT)
    for name, times in found.items():
        calls, window_s, gap_s = STRICT[name]
        for n, begin in enumerate(times):
            end = begin + timedelta(seconds=window_s)
            inside = [time for time in times[n:] if time <= end]
            assert len(inside) <= calls, name
            if gap_s and n:
                assert begin - times[n - 1] >= timedelta(seconds=gap_s), name
    return {name: len(times) for name, times in found.items()}


@pytest.fixture(autouse=True)
def data(desk: Desk) -> None:
    """Answer everything."""
    page = {"list": [PLANT_ROW], "pageCount": 1}
    desk.say("stations", envelope(page))
    desk.say("getDevList", envelope(DEVICE_ROWS))
    desk.say("getStationRealKpi", envelope([PLANT_NOW]))
    desk.say("getDevRealKpi", lambda body: readings(body["devTypeId"]))
    for name in ("Day", "Month", "Year"):
        desk.say(f"getKpiStation{name}", envelope([PLANT_DAY]))
    desk.say("getDevHistoryKpi", envelope([]))
    desk.say("getAlarmList", envelope([]))
    row = {"plantCode": PLANT, "dispatchResult": 0}
    desk.say("async-task", envelope({"requestID": 1, "result": [row]}))


async def everything(
    client: FusionSolarClient, inventory: InventoryFeed, bench: Bench
) -> list[VendorError]:
    """Ask for all there is, as a set-up does; return what was refused."""
    now = bench.clock()
    found = await inventory.get()
    zone = bench.clock().tzinfo
    assert zone is not None
    one: tuple[PlantDevice, ...] = found.of_type(38)
    calls: list[Any] = [
        client.plants_now([PLANT]),
        *(client.readings(kind, found.of_type(kind)) for kind in (38, 39, 47)),
        client.plant_periods(Period.DAY, [PLANT], now.date(), zone),
        client.plant_periods(Period.MONTH, [PLANT], now.date(), zone),
        client.plant_periods(Period.YEAR, [PLANT], now.date(), zone),
        client.history.fetch(38, one, now - timedelta(hours=1), now),
        client.alarms([PLANT], now - timedelta(days=7), now),
    ]
    results = await asyncio.gather(*calls, return_exceptions=True)
    for item in results:
        if isinstance(item, BaseException) and not isinstance(item, RateLimited):
            raise item
    return [item for item in results if isinstance(item, RateLimited)]


@pytest.mark.parametrize("restart_min", [None, 60, 7])
async def test_day(bench: Bench, desk: Desk, restart_min: int | None) -> None:
    """All that there is, every minute of a day: what is refused was not sent."""
    client, inventory = bench.start()
    begin = restarted = bench.clock()
    refusals = 0
    while bench.clock() - begin < timedelta(days=1, hours=2):
        age = bench.clock() - restarted
        if restart_min is not None and age >= timedelta(minutes=restart_min):
            client, inventory = bench.start()
            restarted = bench.clock()
        refused = await everything(client, inventory, bench)
        assert {item.reason for item in refused} <= {"own_budget"}
        assert all(item.retry_after for item in refused)
        refusals += len(refused)
        bench.clock.advance(seconds=97)
    calls = check(desk)
    assert refusals > 1000
    # And yet nothing is missed: each type about once in 305 s, a login per half hour.
    for kind in (38, 39, 47):
        assert calls[f"getDevRealKpi {kind}"] >= 26 * 3600 / 420
    assert calls["login"] <= 26 * 2 + 2
    assert calls["getDevList"] == calls["stations"] == 2
    assert calls["getKpiStationDay"] >= 25


async def test_orders_of_a_day(bench: Bench, desk: Desk) -> None:
    """However often somebody wants something, what is lent can be given back."""
    client, _ = bench.start()
    given_back = 0
    for n in range(26 * 6):
        if n % 6 == 0:
            client, _ = bench.start()
        charge = dispatch_call(PLANT, charge=True, power_w=1000, minutes=5)
        try:
            await client.control.send(charge)
        except RateLimited as error:
            assert error.reason == "own_budget"  # noqa: PT017
        if n % 12 == 0:
            await client.control.send(stop_call(PLANT), urgent=True)
            given_back += 1
        bench.clock.advance(minutes=10)
    assert given_back == 13
    check(desk)


async def test_strict_cloud_that_is_shared(bench: Bench, desk: Desk) -> None:
    """Another customer's calls cost us answers: we wait, and ask for no password."""
    desk.say("getDevRealKpi", TOO_OFTEN)
    client, inventory = bench.start()
    devices = (await inventory.get()).of_type(38)
    begin = bench.clock()
    for _ in range(3 * 60):
        with pytest.raises(RateLimited) as caught:
            await client.readings(38, devices)
        assert caught.value.reason in ("too_frequent", "own_budget")
        bench.clock.advance(minutes=1)
    times = names(desk)["getDevRealKpi 38"]
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert (times[0] - begin).total_seconds() == 0
    assert gaps[:3] == [360, 660, 1260]
    assert max(gaps) <= 1860
    desk.say("getDevRealKpi", lambda body: readings(body["devTypeId"]))
    bench.clock.advance(minutes=31)
    assert (await client.readings(38, devices)).by_id
    bench.clock.advance(seconds=305)
    assert (await client.readings(38, devices)).by_id
