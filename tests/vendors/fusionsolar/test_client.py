"""What is asked, and what its answers and refusals mean."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.core.errors import (
    InvalidRequest,
    NotFound,
    NotSupported,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.fusionsolar.models import PlantDevice
from custom_components.joulekeeper.vendors.fusionsolar.readings import Inverter
from custom_components.joulekeeper.vendors.fusionsolar.times import Period, instant

from .conftest import NOW, Bench, Desk, Reply
from .examples import (
    ALARM,
    DEVICE_ROWS,
    INVERTER,
    INVERTER_DAY,
    NO_RIGHT,
    OLD_ROW,
    OTHER_PLANT,
    OTHER_ROW,
    PLANT,
    PLANT_DAY,
    PLANT_NOW,
    PLANT_ROW,
    TOO_OFTEN,
    device,
    envelope,
    readings,
)

SYDNEY = ZoneInfo("Australia/Sydney")


def page(*rows: Any, pages: int = 1) -> dict[str, Any]:
    """Return a page of the plants; it has no `params`."""
    data = {"list": list(rows), "pageCount": pages, "pageSize": 100, "total": 9}
    return {"success": True, "data": data, "failCode": 0, "message": "get plant list"}


def inverters(count: int) -> list[PlantDevice]:
    """Return so many inverters."""
    rows = [
        DEVICE_ROWS[1] | {"id": INVERTER + n, "devDn": f"NE={n}"} for n in range(count)
    ]
    return [item for item in map(PlantDevice.parse, rows) if item is not None]


async def test_plants_of_all_pages(bench: Bench, desk: Desk) -> None:
    """Pages are turned until the last one, and not once more."""
    desk.say(
        "stations",
        lambda body: page(PLANT_ROW if body["pageNo"] == 1 else OTHER_ROW, pages=2),
    )
    plants = await bench.client().plants()
    assert [plant.code for plant in plants] == [PLANT, OTHER_PLANT]
    assert [item.body["pageNo"] for item in desk.sent[1:]] == [1, 2]
    # A page that is empty is the last one, whatever is told.
    desk.say("stations", page(PLANT_ROW, pages=9), page(pages=9))
    assert len(await bench.client().plants()) == 1


@pytest.mark.parametrize(
    "answer",
    [envelope([OLD_ROW]), envelope({"list": [OLD_ROW]}), envelope([PLANT_ROW])],
)
async def test_old_accounts(bench: Bench, desk: Desk, answer: Any) -> None:
    """Where the list of today is not granted the old one is; that is remembered."""
    desk.say("stations", NO_RIGHT)
    desk.say("getStationList", answer)
    for n in range(2):
        (plant,) = await bench.client().plants()
        assert (plant.code, plant.capacity_w) == (PLANT, 6600)
        bench.clock.advance(minutes=2)
        assert desk.calls[1:] == ["stations", *["getStationList"] * (n + 1)]
    # Until it goes, as was announced.
    desk.say("stations", page(PLANT_ROW))
    desk.say("getStationList", NO_RIGHT)
    desk.sent.clear()
    for _ in range(2):
        assert len(await bench.client().plants()) == 1
        bench.clock.advance(minutes=2)
    assert desk.calls == ["getStationList", "stations", "stations"]


async def test_neither_list_is_granted(bench: Bench, desk: Desk) -> None:
    """It is said that the right is missing, and nobody asks for a password."""
    desk.say("stations", NO_RIGHT)
    desk.say("getStationList", NO_RIGHT)
    with pytest.raises(NotSupported) as caught:
        await bench.client().plants()
    assert caught.value.reason == "interface_not_granted"


async def test_devices_and_readings(bench: Bench, desk: Desk) -> None:
    """All types are listed; a type is one call, with the time of the cloud."""
    desk.say("getDevList", envelope(DEVICE_ROWS))
    desk.say("getDevRealKpi", lambda body: readings(body["devTypeId"]))
    client = bench.client()
    devices = await client.devices([PLANT, OTHER_PLANT])
    assert [item.type_id for item in devices] == [62, 38, 39, 47]
    assert desk.sent[-1].body == {"stationCodes": f"{PLANT},{OTHER_PLANT}"}
    found = await client.readings(38, devices[1:2])
    assert desk.sent[-1].body == {"devIds": str(INVERTER), "devTypeId": 38}
    inverter = found.by_id[INVERTER]
    assert isinstance(inverter, Inverter)
    assert inverter.power_w == 2950
    assert found.server_time == instant(1790000000000)
    assert client.api.clock_skew == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC) - NOW
    with pytest.raises(RateLimited):
        await client.readings(38, devices[1:2])
    assert desk.calls.count("getDevRealKpi") == 1


async def test_readings_of_many_devices(bench: Bench, desk: Desk) -> None:
    """A hundred a call; rows come in any order, some of them unknown."""

    def told(body: dict[str, Any]) -> dict[str, Any]:
        ids = body["devIds"].split(",")
        assert len(ids) <= 100
        rows: list[Any] = [
            {"devId": int(name), "dataItemMap": INVERTER_DAY} for name in reversed(ids)
        ]
        return envelope([*rows, {"devId": 5, "dataItemMap": {}}, None, {"sn": "x"}])

    desk.say("getDevRealKpi", told)
    client = bench.client()
    client.limiter.resize(1, {38: 201})
    devices = inverters(201)
    found = await client.readings(38, devices)
    assert set(found.by_id) == {item.id for item in devices}
    assert desk.calls.count("getDevRealKpi") == 3


@pytest.mark.parametrize("name", ["serial", "dn", "text"])
async def test_rows_that_name_devices_otherwise(
    bench: Bench, desk: Desk, name: str
) -> None:
    """A serial number, a DN or a text may be all that a row tells."""
    inverter = device(38)
    row: dict[str, Any] = {"dataItemMap": INVERTER_DAY}
    row |= {
        "serial": {"sn": inverter.serial, "devId": None},
        "dn": {"devId": inverter.dn},
        "text": {"devId": str(inverter.id)},
    }[name]
    desk.say("getDevRealKpi", envelope([row]))
    found = await bench.client().readings(38, [inverter])
    assert list(found.by_id) == [INVERTER]


@pytest.mark.parametrize("data", [None, []])
async def test_values_that_are_not_granted(bench: Bench, desk: Desk, data: Any) -> None:
    """The cloud says so with nothing at all: nothing is known then, and no error."""
    desk.say("getDevRealKpi", envelope(data))
    desk.say("getStationRealKpi", envelope(data))
    client = bench.client()
    assert (await client.readings(38, [device(38)])).by_id == {}
    assert await client.plants_now([PLANT]) == ()


async def test_statistics(bench: Bench, desk: Desk) -> None:
    """Rows come oldest first; what is asked for lies within the period anywhere."""
    other = {**PLANT_DAY, "collectTime": PLANT_DAY["collectTime"] - 86_400_000}
    desk.say("getKpiStationDay", envelope([PLANT_DAY, other]))
    desk.say("getStationRealKpi", envelope([PLANT_NOW, {"stationCode": None}]))
    desk.say("getAlarmList", envelope([ALARM]))
    client = bench.client()
    days = await client.plant_periods(Period.DAY, [PLANT], date(2026, 2, 28), SYDNEY)
    assert [row.collected < days[1].collected for row in days] == [True, False]
    asked = instant(desk.sent[-1].body["collectTime"])
    assert asked is not None
    assert asked.astimezone(SYDNEY).date() == date(2026, 2, 15)
    assert len(await client.plants_now([PLANT])) == 1
    (alarm,) = await client.alarms([PLANT], NOW - timedelta(days=30), NOW)
    assert alarm.suggestion == "Check the grid."
    assert desk.sent[-1].body["language"] == "en_US"


async def test_history_in_parts(bench: Bench, desk: Desk) -> None:
    """Ten devices and three days a call, one call a minute."""
    desk.say(
        "getDevHistoryKpi",
        lambda body: envelope(
            [
                {
                    "devId": int(body["devIds"].split(",")[0]),
                    "collectTime": body["startTime"],
                    "dataItemMap": INVERTER_DAY,
                }
            ]
        ),
    )
    client = bench.client()
    client.limiter.resize(1, {38: 11})
    begun = bench.clock()
    past = await client.history.fetch(38, inverters(11), NOW - timedelta(days=4), NOW)
    assert [(item.device_id - INVERTER, item.collected) for item in past] == [
        (0, NOW - timedelta(days=4)),
        (10, NOW - timedelta(days=4)),
        (0, NOW - timedelta(days=1)),
        (10, NOW - timedelta(days=1)),
    ]
    assert bench.clock() - begun == timedelta(seconds=3 * 63)
    with pytest.raises(InvalidRequest):
        await client.history.fetch(38, inverters(1), NOW, NOW)


async def test_newer_history(bench: Bench, desk: Desk) -> None:
    """Where the old way is gone the new one is taken, and remembered."""
    desk.say("getDevHistoryKpi", NO_RIGHT)
    desk.say(
        "nbi/v1/device/history",
        lambda body: envelope(
            [{"collectTime": body["endTime"], "dataItems": INVERTER_DAY}]
        ),
    )
    for n in range(2):
        past = await bench.client().history.fetch(
            38, [device(38)], NOW - timedelta(hours=30), NOW
        )
        assert [item.device_id for item in past] == [INVERTER] * 2
        assert desk.calls.count("getDevHistoryKpi") == 1
        assert desk.calls.count("nbi/v1/device/history") == 2 * (n + 1)
    assert desk.sent[-1].body["devDn"] == device(38).dn
    # Of many devices it tells at once of one.
    begun = bench.clock.advance(hours=1) or bench.clock()
    past = await bench.client().history.fetch(
        38, inverters(4), NOW - timedelta(minutes=30), NOW, at_once=True
    )
    assert len(past) == 1
    assert bench.clock() == begun
    desk.say("nbi/v1/device/history", NO_RIGHT)
    with pytest.raises(NotSupported):
        await bench.client().history.fetch(
            38, [device(38)], NOW - timedelta(hours=1), NOW
        )


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (NO_RIGHT, NotSupported, "interface_not_granted"),
        (envelope(None, 20056), NotSupported, "owner_not_granted"),
        (envelope(None, 20621), NotSupported, "owner_not_granted"),
        (envelope(None, 20045), NotSupported, "plant_not_granted"),
        (envelope(None, 20007), NotFound, "unknown_plant"),
        (envelope(None, 20003), NotSupported, "account_expired"),
        (envelope(None, 20200), TransientError, "busy"),
        (envelope(None, 20004), TransientError, "server_fault"),
        (envelope(None, 20012), Rejected, "request_refused"),
        (envelope(None, 77), ProtocolError, "unknown_code"),
        (TOO_OFTEN, RateLimited, "too_frequent"),
        (envelope(None, 407), RateLimited, "too_frequent"),
        (envelope(None, 429), RateLimited, "overloaded"),
        (Reply("<html/>", status=403), RateLimited, "overloaded"),
        (Reply("busy", status=429), RateLimited, "overloaded"),
        (Reply("", status=502), TransientError, None),
        ("<html>Maintenance</html>", TransientError, "page"),
        (None, TransientError, None),
        ("", ProtocolError, None),
        ("[]", ProtocolError, None),
        ({}, ProtocolError, "no_verdict"),
        (envelope(None) | {"success": False}, ProtocolError, "no_verdict"),
        (envelope({"a": 1}), ProtocolError, "wrong_type"),
    ],
)
async def test_failures(
    bench: Bench, desk: Desk, answer: Any, kind: type[VendorError], reason: str | None
) -> None:
    """Each in its words; none asks for credentials, and none is asked for twice."""
    desk.say("getDevList", answer)
    with pytest.raises(VendorError) as caught:
        await bench.client().devices([PLANT])
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert desk.calls == ["login", "getDevList"]
    assert PLANT not in str(caught.value)
    if isinstance(caught.value, RateLimited):
        wait = {"too_frequent": 305, "overloaded": 60}[reason or ""]
        assert caught.value.retry_after == wait
        # A restart is no way around it.
        with pytest.raises(RateLimited):
            await bench.client().devices([PLANT])
        assert desk.calls.count("getDevList") == 1


async def test_slow_cloud(bench: Bench, desk: Desk, short_timeout: None) -> None:
    """A time-out is passing trouble, though it is never tried again at once."""
    desk.say("getDevList", None, envelope(DEVICE_ROWS))
    client = bench.client()
    with pytest.raises(TransientError):
        await client.devices([PLANT])
    assert desk.calls == ["login", "getDevList"]
    bench.clock.advance(minutes=2)
    assert len(await client.devices([PLANT])) == 4


async def test_verdicts_as_texts(bench: Bench, desk: Desk) -> None:
    """A number may be a text, and `success` may be missing."""
    desk.say("getDevList", {"failCode": "0", "data": DEVICE_ROWS})
    assert len(await bench.client().devices([PLANT])) == 4
    bench.clock.advance(minutes=2)
    desk.say("getDevList", {"success": True, "data": DEVICE_ROWS})
    assert len(await bench.client().devices([PLANT])) == 4


async def test_inventory(bench: Bench, desk: Desk) -> None:
    """Listed once a day, over restarts; it tells the quotas."""
    desk.say("stations", page(PLANT_ROW, OTHER_ROW))
    desk.say("getDevList", envelope(DEVICE_ROWS))
    for _ in range(23):
        client, inventory = bench.start()
        found = await inventory.get()
        assert [item.type_id for item in found.devices] == [62, 38, 39, 47]
        assert found.of_plant(OTHER_PLANT) == ()
        assert found.of_type(38) == (device(38),)
        assert client.limiter.quota("getDevRealKpi").calls == 3
        bench.clock.advance(hours=1)
    lists = [name for name in desk.calls if name != "login"]
    assert lists == ["stations", "getDevList"]
    # Who looks for something new gets it, once an hour.
    for _ in range(2):
        await inventory.get(anew=True)
    assert desk.calls.count("getDevList") == 2
    # What is known serves on in an outage, and other credentials see nothing of it.
    bench.clock.advance(days=2)
    desk.say("getDevList", Reply("", status=502))
    assert len((await inventory.get()).devices) == 4
    assert len((await bench.start()[1].get()).devices) == 4
    bench.clock.advance(minutes=11)
    client = bench.client(user_name="other")
    from custom_components.joulekeeper.vendors.fusionsolar.inventory import (  # noqa: PLC0415
        InventoryFeed,
    )

    other = InventoryFeed(client)
    with pytest.raises(TransientError):
        await other.get()
    assert other.known is None


async def test_lists_that_fail(bench: Bench, desk: Desk) -> None:
    """Many ask for the lists: what is wrong is said to all, without asking for each."""
    desk.say("stations", page(PLANT_ROW))
    desk.say("getDevList", envelope(None, 401))
    _, inventory = bench.start()
    begun = bench.clock()
    results = await asyncio.gather(
        *(inventory.get() for _ in range(5)), return_exceptions=True
    )
    reasons = [item.reason for item in results if isinstance(item, NotSupported)]
    assert reasons == ["interface_not_granted"] * 5
    assert desk.calls == ["login", "stations", "getDevList"]
    assert bench.clock() == begun
    bench.clock.advance(minutes=6)
    desk.say("getDevList", envelope([]))
    assert (await inventory.get()).devices == ()
    # No devices are no reason to look again only tomorrow.
    bench.clock.advance(hours=1)
    desk.say("getDevList", envelope(DEVICE_ROWS))
    assert len((await inventory.get()).devices) == 4
    # Nor is nothing an empty list.
    bench.clock.advance(days=1)
    desk.say("stations", envelope(None))
    assert len((await inventory.get()).plants) == 1
    with pytest.raises(TransientError):
        await bench.client().plants()


async def test_types_that_are_not_read(bench: Bench, desk: Desk) -> None:
    """A dongle measures nothing, and costs no call."""
    with pytest.raises(NotSupported):
        await bench.client().readings(62, [device(62)])
    assert desk.sent == []


async def test_part_of_a_history_that_is_unusable(bench: Bench, desk: Desk) -> None:
    """Rows without a time or of another device cost no others."""
    desk.say(
        "getDevHistoryKpi",
        envelope(
            [
                {"devId": INVERTER, "collectTime": None, "dataItemMap": INVERTER_DAY},
                {"devId": 5, "collectTime": 1789999200000, "dataItemMap": INVERTER_DAY},
                {"devId": INVERTER, "collectTime": 1789999200000, "dataItemMap": None},
            ]
        ),
    )
    client = bench.client()
    (past,) = await client.history.fetch(38, [device(38)], NOW - timedelta(days=1), NOW)
    assert isinstance(past.reading, Inverter)
    assert past.reading.power_w is None
    desk.say("getDevHistoryKpi", envelope(None, 20046))
    with pytest.raises(NotSupported) as caught:
        await client.history.fetch(38, [device(38)], NOW - timedelta(days=1), NOW)
    assert caught.value.reason == "device_not_granted"


async def test_secrets_and_names_stay_inside(bench: Bench, desk: Desk) -> None:
    """No error, no repr shows a password, a token, a serial number or a plant."""
    desk.say("getDevList", envelope(DEVICE_ROWS))
    desk.say("stations", page(PLANT_ROW))
    client, inventory = bench.start()
    found = await inventory.get()
    shown = f"{found!r} {client!r} {client.api.login!r}"
    for hidden in (
        *(PLANT, "Sample Roof", "TESTINV0001", str(INVERTER), "71000012"),
        *client.secrets,
    ):
        assert hidden not in shown
    assert desk.token in client.secrets
