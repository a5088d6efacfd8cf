"""Plants whose owners have not granted the account, among others (dossier 1.8)."""

from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import NotSupported, TransientError
from custom_components.joulekeeper.vendors.fusionsolar.inventory import InventoryFeed
from custom_components.joulekeeper.vendors.fusionsolar.rights import Rights
from tests.clouds.clock import SetClock

from .conftest import NOW, Bench, Desk
from .examples import DEVICE_ROWS, PLANT_ROW, envelope

CODES = [f"NE=7100000{n}" for n in range(1, 8)]


def plants(*codes: str) -> Any:
    """Return a list of plants."""
    rows = [PLANT_ROW | {"plantCode": code} for code in codes]
    return envelope({"list": rows, "pageCount": 1, "pageSize": 100, "total": len(rows)})


def owners(desk: Desk, *refusing: str) -> None:
    """Let owners refuse: one of them refuses a call for all."""

    def answer(body: Mapping[str, Any]) -> Any:
        asked = body["stationCodes"].split(",")
        if not set(asked).isdisjoint(refusing):
            return envelope(None, 20056)
        return envelope([DEVICE_ROWS[1] | {"stationCode": code} for code in asked])

    desk.say("getDevList", answer)


def asked(desk: Desk) -> list[str]:
    """Return for which plants devices were asked, by call."""
    return [
        item.body["stationCodes"] for item in desk.sent if item.name == "getDevList"
    ]


async def search(bench: Bench, inventory: InventoryFeed, minutes: int = 30) -> None:
    """Let the search go on for a while, a call each minute at most."""
    for _ in range(minutes):
        bench.clock.advance(seconds=65)
        before = bench.clock()
        await inventory.look_on()
        # Nobody waits for it.
        assert bench.clock() == before


async def test_one_of_many(bench: Bench, desk: Desk) -> None:
    """It is found by halves, the others are listed, and that is kept over a restart."""
    desk.say("stations", plants(*CODES))
    owners(desk, CODES[4])
    _, inventory = bench.start()
    begun = bench.clock()
    first = await inventory.get()
    assert len(first.plants) == 7
    assert (first.devices, first.refused) == ((), {})
    assert bench.clock() == begun
    # A restart goes on where it was.
    _, inventory = bench.start()
    assert (await inventory.get()).devices == ()
    assert len(asked(desk)) == 1
    await search(bench, inventory, 6)
    found = await inventory.get()
    assert found.refused == {CODES[4]: "owner_not_granted"}
    assert {item.plant_code for item in found.devices} == set(CODES) - {CODES[4]}
    assert len(asked(desk)) <= 7
    with pytest.raises(NotSupported) as refusal:
        await inventory.require(CODES[4])
    assert refusal.value.reason == "owner_not_granted"
    await inventory.require(CODES[0])

    calls = len(desk.sent)
    _, again = bench.start()
    assert (await again.get()).refused == found.refused
    assert len(desk.sent) == calls
    # Who has mended it sees so some minutes later.
    owners(desk)
    await search(bench, again, 6)
    assert asked(desk)[-1] == CODES[4]
    await again.require(CODES[4])
    assert {item.plant_code for item in (await again.get()).devices} == set(CODES)


async def test_two_of_many(bench: Bench, desk: Desk) -> None:
    """Both are found, inside the quota of a day."""
    desk.say("stations", plants(*CODES))
    owners(desk, CODES[1], CODES[5])
    _, inventory = bench.start()
    await inventory.get()
    await search(bench, inventory, 20)
    found = await inventory.get()
    assert set(found.refused) == {CODES[1], CODES[5]}
    assert {item.plant_code for item in found.devices} == set(CODES) - set(
        found.refused
    )
    assert len(asked(desk)) <= 25 - 5


async def test_asked_for_again_by_itself(bench: Bench, desk: Desk) -> None:
    """A plant that stays refused costs few calls a day, each alone, reloads included."""
    desk.say("stations", plants(*CODES[:2]))
    owners(desk, CODES[0])
    _, inventory = bench.start()
    await inventory.get()
    await search(bench, inventory, 4)
    desk.sent.clear()
    for _ in range(23):
        await search(bench, inventory, 56)
        _, inventory = bench.start()
        assert set((await inventory.get()).refused) == {CODES[0]}
    assert set(asked(desk)) == {CODES[0]}
    assert len(asked(desk)) <= 14
    owners(desk)
    await search(bench, inventory, 180)
    await inventory.require(CODES[0])
    assert len((await inventory.get()).devices) == 2


async def test_the_only_one(bench: Bench, desk: Desk) -> None:
    """It is asked for when the account is loaded again, but not each time."""
    desk.say("stations", plants(CODES[0]))
    owners(desk, CODES[0])
    for _ in range(200):
        _, inventory = bench.start()
        assert (await inventory.get()).refused
        bench.clock.advance(seconds=85)
    assert len(asked(desk)) <= 8
    owners(desk)
    bench.clock.advance(hours=3)
    _, inventory = bench.start()
    assert len((await inventory.get()).devices) == 1


async def test_refused_later(bench: Bench, desk: Desk) -> None:
    """When an owner takes his grant back, that is found out once another call tells."""
    desk.say("stations", plants(*CODES[:2]))
    owners(desk)
    _, inventory = bench.start()
    await inventory.get()
    await search(bench, inventory, 5)
    assert len(asked(desk)) == 1
    owners(desk, CODES[1])
    inventory.doubt()
    await search(bench, inventory, 3)
    assert inventory.known is not None
    assert set(inventory.known.refused) == {CODES[1]}
    assert {item.plant_code for item in inventory.known.devices} == {CODES[0]}


async def test_doubts_are_seldom(bench: Bench, desk: Desk) -> None:
    """An interface of which one plant is refused does not eat the lists of a day."""
    desk.say("stations", plants(*CODES[:2]))
    owners(desk)
    _, inventory = bench.start()
    await inventory.get()
    for _ in range(12 * 24):
        bench.clock.advance(minutes=5)
        inventory.doubt()
        await inventory.look_on()
    assert len(asked(desk)) <= 1 + 8


async def test_empty_lists(bench: Bench, desk: Desk) -> None:
    """Plants are not gone by one empty list, nor by several on one morning."""
    desk.say("stations", plants(CODES[0]))
    owners(desk)
    _, inventory = bench.start()
    await inventory.get()
    desk.say("stations", plants())
    bench.clock.advance(hours=25)
    for _ in range(5):
        bench.clock.advance(hours=4)
        _, inventory = bench.start()
        assert len((await inventory.get()).plants) == 1
    bench.clock.advance(hours=10)
    assert (await inventory.get()).plants == ()
    desk.say("stations", plants(CODES[0]))
    bench.clock.advance(hours=2)
    assert len((await inventory.get()).plants) == 1


@pytest.mark.parametrize("data", [None, [], {}, {"total": 0}, "x"])
async def test_what_is_no_list(bench: Bench, desk: Desk, data: Any) -> None:
    """It takes no plant away, and a new account is told to be asked again."""
    desk.say("stations", envelope(data))
    with pytest.raises(TransientError) as error:
        await bench.start()[1].get()
    assert error.value.reason == "nothing_told"
    desk.say("stations", plants(CODES[0]))
    owners(desk)
    bench.clock.advance(minutes=6)
    _, inventory = bench.start()
    await inventory.get()
    desk.say("stations", envelope(data))
    for _ in range(8):
        bench.clock.advance(hours=12)
        assert len((await inventory.get()).plants) == 1


@pytest.mark.parametrize("code", [401, 20002, 20004, 20011, 20056, 31999])
async def test_what_is_known_serves_on(bench: Bench, desk: Desk, code: int) -> None:
    """Whatever a list is refused for, credentials excepted."""
    desk.say("stations", plants(CODES[0]))
    owners(desk)
    _, inventory = bench.start()
    await inventory.get()
    desk.say("stations", envelope(None, code))
    desk.say("getStationList", envelope(None, code))
    bench.clock.advance(hours=30)
    assert len((await inventory.get()).devices) == 1


async def test_only_wanted_plants_are_asked(bench: Bench, desk: Desk) -> None:
    """Nobody else's owner matters, and another choice is asked for at once."""
    desk.say("stations", plants(*CODES))
    owners(desk, CODES[4])
    client, _ = bench.start()
    first = InventoryFeed(client, frozenset(CODES[:2]))
    found = await first.get()
    assert asked(desk) == [",".join(CODES[:2])]
    assert len(found.plants) == 7
    await first.get()
    assert len(asked(desk)) == 1
    client, _ = bench.start()
    second = InventoryFeed(client, frozenset(CODES[1:3]))
    bench.clock.advance(minutes=2)
    assert {item.plant_code for item in (await second.get()).devices} == set(CODES[1:3])


def test_what_is_missing_is_named() -> None:
    """Interfaces in words, and kinds of devices that have told nothing for an hour."""
    clock = SetClock(NOW)
    rights = Rights(clock)
    for interface in ("getStationRealKpi", "batteryMode", "getDevHistoryKpi"):
        rights.refused(interface)
    assert rights.missing == ("real-time data of plants (getStationRealKpi)",)
    battery = "real-time data of devices (getDevRealKpi): residential batteries"
    for blank in (None, []):
        rights.answered("getDevRealKpi", "39", blank)
        clock.advance(minutes=59)
        assert battery not in rights.missing
        rights.answered("getDevRealKpi", "39", blank)
        assert battery not in rights.missing
        clock.advance(minutes=2)
        rights.answered("getDevRealKpi", "39", blank)
        assert rights.missing[0] == battery
        rights.answered("getDevRealKpi", "39", [{}])
        assert battery not in rights.missing
    # No statistics yet, or no alarm, is nothing that is missing.
    for _ in range(3):
        for interface in ("getKpiStationYear", "getAlarmList"):
            rights.answered(interface, "", [])
        rights.answered("getAlarmList", "", None)
        clock.advance(hours=1)
    rights.answered("getStationRealKpi", "", [{}])
    assert rights.missing == ()
    for _ in range(2):
        rights.answered("getKpiStationYear", "", None)
        rights.answered("getDevRealKpi", "39", None)
        clock.advance(hours=11)
    yearly = "yearly data of plants (getKpiStationYear)"
    assert rights.missing == (battery, yearly)
    rights.only({38, 47})
    assert rights.missing == (yearly,)


def test_old_list_in_the_place_of_the_new_one() -> None:
    """An account that has only the old one misses nothing."""
    rights = Rights(SetClock(NOW))
    rights.refused("stations")
    assert rights.missing == ("the list of plants (stations)",)
    rights.answered("getStationList", "", [{}])
    assert rights.missing == ()


async def test_session_that_is_taken(bench: Bench, desk: Desk) -> None:
    """Three losses in an hour are another program's; one by itself is not."""
    desk.say("stations", plants(CODES[0]))
    client, _ = bench.start()
    for losses in range(1, 4):
        bench.clock.advance(minutes=11)
        await client.plants()
        desk.steal()
        await client.plants()
        assert client.api.login.is_taken is (losses == 3)
    bench.clock.advance(minutes=61)
    assert not client.api.login.is_taken
