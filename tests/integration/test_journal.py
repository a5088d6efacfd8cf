"""The files of an account: what is written when, and what damage costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.core.schedule import Action
from custom_components.joulekeeper.journal import Journal, LogEntry
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError

from ..conftest import LogIn
from .conftest import EVENING, INVERTER, House, OpenHouse
from .keeping import DAY, HOUR, MINUTE, SECOND, issues, items, log, soon, story

ENTRY = "entry"
JOURNAL = f"{DOMAIN}.{ENTRY}.journal"
LOG = f"{DOMAIN}.{ENTRY}.log"


@contextmanager
def full_disk() -> Iterator[None]:
    """Let every write fail, as `Store` itself sees it."""
    with patch.object(Store, "_async_write_data", side_effect=WriteError("disk full")):
        yield


def happened(event: str = "force", **details: Any) -> LogEntry:
    """Return something that happened now."""
    return LogEntry(time=dt_util.utcnow(), device_id="a", event=event, **details)


async def loaded(hass: HomeAssistant) -> Journal:
    """Return the journal as it is found."""
    journal = Journal(hass, ENTRY)
    await journal.load()
    return journal


async def stop(house: House) -> None:
    """Unload the account."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def start(house: House) -> None:
    """Load it again."""
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


def stored(house: House, files: dict[str, Any], name: str = "journal") -> Any:
    """Return what is in a file."""
    return files[f"{DOMAIN}.{house.entry.entry_id}.{name}"]["data"]


# -- what is on the disk -----------------------------------------------------


async def test_tells_whether_it_is_on_the_disk(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """`Store` logs a failure and says nothing; the journal does."""
    journal = await loaded(hass)
    with full_disk():
        assert not await journal.save()
    assert JOURNAL not in hass_storage
    assert await journal.save()
    with full_disk():
        journal.save_soon()
        assert not await journal.save()
    with patch.object(Store, "_async_write_data", side_effect=OSError("no folder")):
        assert not await journal.save()
    journal.save_soon()
    assert await journal.save()
    with patch.object(Store, "_async_load", side_effect=HomeAssistantError("broken")):
        assert not await journal.save()


async def test_is_not_on_the_disk_while_home_assistant_stops(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """`Store` writes only at the very end then."""
    journal = await loaded(hass)
    assert await journal.save()
    before = hass_storage[JOURNAL]
    hass.set_state(CoreState.stopping)
    journal.count_writes()
    assert not await journal.save()
    assert hass_storage[JOURNAL] == before
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire_internal("homeassistant_final_write")
    await hass.async_block_till_done()
    assert hass_storage[JOURNAL]["data"]["writes"] == 1
    hass.set_state(CoreState.running)


async def test_nothing_is_written_after_the_end(
    open_house: OpenHouse, hass_storage: dict[str, Any]
) -> None:
    """What an instance that is gone still hears does not reach the next one's file."""
    house = await open_house(fixture="A", now=EVENING)
    await house.act("force", action="charge", duration_min=20)
    journal = house.entry.runtime_data.keeper.journal
    # The last payload of all comes while the platforms are unloaded.
    journal.save_soon()
    journal.add(happened("active"))
    await stop(house)
    assert stored(house, hass_storage, "log")["log"][-1]["event"] == "active"
    ours = [key for key in hass_storage if key.startswith(DOMAIN)]
    before = [hass_storage[key] for key in ours]
    journal.ledger("ghost")
    journal.save_soon()
    journal.add(happened("done"))
    assert not await journal.save()
    await house.pass_time(HOUR)
    assert [hass_storage[key] for key in ours] == before
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    await journal.save()
    await journal.close()
    await house.pass_time(HOUR)
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


# -- the writes --------------------------------------------------------------


async def test_writes_of_the_last_hour_survive(
    open_house: OpenHouse, hass_storage: dict[str, Any]
) -> None:
    """A reload makes no new budget of them; a clock that was wrong costs nothing."""
    house = await open_house(fixture="A", now=EVENING)
    await house.act("force", action="charge", duration_min=20)
    await house.pass_time(40 * MINUTE)
    await house.act("create_schedule", action="hold", duration_min=20, start=soon())
    await stop(house)
    wrote = stored(house, hass_storage)["wrote"]
    wrote.append((EVENING + 30 * DAY).isoformat())
    await start(house)
    journal = house.entry.runtime_data.keeper.journal
    first, second = journal.recent_writes(HOUR)
    assert (first, second) == (EVENING, EVENING + 40 * MINUTE)
    assert journal.recent_writes(HOUR / 2) == (second,)
    assert journal.writes_today == 2
    house.freezer.tick(25 * MINUTE)
    assert journal.recent_writes(HOUR) == (second,)
    journal.count_writes()
    assert len(journal.recent_writes(DAY)) == 3


# -- the log -----------------------------------------------------------------


async def test_log_has_its_own_file(
    open_house: OpenHouse, hass_storage: dict[str, Any]
) -> None:
    """It is written in a while, however much goes on; the journal at once, without."""
    house = await open_house(fixture="A", now=EVENING)
    await house.act("force", action="charge", duration_min=200)
    assert "log" not in stored(house, hass_storage)
    assert f"{DOMAIN}.{house.entry.entry_id}.log" not in hass_storage
    journal = house.entry.runtime_data.keeper.journal
    for _ in range(7):
        await house.pass_time(10 * SECOND)
        journal.add(happened())
    assert stored(house, hass_storage, "log")["log"]
    told = await story(house)
    await house.reload()
    assert (await story(house))[: len(told)] == told


async def test_log_of_a_month(hass: HomeAssistant, freezer: Any) -> None:
    """What is older is forgotten, and the number is bounded."""
    journal = await loaded(hass)
    begin = dt_util.utcnow()
    for _ in range(3):
        journal.add(happened())
        freezer.tick(14 * DAY)
    assert len(journal.entries("a", begin)) == 3
    freezer.tick(DAY)
    journal.add(happened("stop"))
    told = journal.entries("a", begin)
    assert [item.event for item in told] == ["force", "force", "stop"]
    with patch("custom_components.joulekeeper.journal._LOG_LENGTH", 2):
        journal.add(happened("done", action=Action.HOLD))
    assert [item.event for item in journal.entries("a", begin)] == ["stop", "done"]
    assert not journal.entries("b", begin)


async def test_long_log_is_written_seldom(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: Any
) -> None:
    """A memory card is not worn out by it."""
    journal = await loaded(hass)
    waits: list[float] = []
    with patch.object(Store, "async_delay_save", lambda *args: waits.append(args[2])):
        journal.add(happened())
        journal.add(happened())
    assert waits == [60]
    await journal.close()
    entries = hass_storage[LOG]["data"]["log"] * 5_000
    hass_storage[LOG]["data"]["log"] = entries
    journal = await loaded(hass)
    with patch.object(Store, "async_delay_save", lambda *args: waits.append(args[2])):
        journal.add(happened())
    assert waits[1] > 500


async def test_journal_that_holds_the_log(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Of an older version: nothing of it is lost, nor doubled."""
    journal = await loaded(hass)
    journal.add(happened("create"))
    journal.add(happened("sent"))
    await journal.close()
    old = hass_storage.pop(LOG)
    hass_storage[JOURNAL]["data"]["log"] = old["data"]["log"]
    begin = dt_util.utcnow() - DAY

    journal = await loaded(hass)
    assert len(journal.entries("a", begin)) == 2
    # Killed before the journal was written without it.
    assert hass_storage[JOURNAL]["data"]["log"]
    journal = await loaded(hass)
    assert len(journal.entries("a", begin)) == 2
    journal.add(happened("done"))
    await journal.close()
    assert "log" not in hass_storage[JOURNAL]["data"]
    told = (await loaded(hass)).entries("a", begin)
    assert [item.event for item in told] == ["create", "sent", "done"]


async def test_log_that_is_damaged(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """What can be read of it is told."""
    journal = await loaded(hass)
    journal.add(happened("create"))
    await journal.close()
    (entry,) = hass_storage[LOG]["data"]["log"]
    hass_storage[LOG]["data"]["log"] = [
        *("garbage", {}, entry | {"time": 5}, entry | {"action": "dance"}),
        entry,
    ]
    journal = await loaded(hass)
    assert len(journal.entries("a", dt_util.utcnow() - DAY)) == 1
    for garbage in ("garbage", ["garbage"], {"log": 5}):
        hass_storage[LOG]["data"] = garbage
        assert not (await loaded(hass)).entries("a", dt_util.utcnow() - DAY)


# -- damage ------------------------------------------------------------------


async def test_one_value_costs_one_rule(
    open_house: OpenHouse,
    hass_storage: dict[str, Any],
    hass_client: ClientSessionGenerator,
    log_in: LogIn,
) -> None:
    """The other rules stay, the cloud is left alone, and the user is told once."""
    house = await open_house(fixture="A", now=EVENING)
    (lost,) = await house.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        start=soon(60),
        rrule="FREQ=DAILY",
    )
    (kept,) = await house.act(
        "create_schedule",
        action="hold",
        duration_min=30,
        start=soon(160),
        rrule="FREQ=DAILY",
    )
    held = items(house, EVENING)
    await stop(house)
    rule = stored(house, hass_storage)["ledgers"][INVERTER]["rules"][
        lost["schedule_id"]
    ]
    rule["source"] = "optimizer"
    damaged = dict(rule)
    await start(house)
    await house.pass_time(20 * MINUTE)
    inverter, *_ = await house.act("list_schedules")
    recurring = [item for item in inverter["rules"] if item["rrule"]]
    assert [item["schedule_id"] for item in recurring] == [kept["schedule_id"]]
    assert items(house, EVENING) == held
    aside = stored(house, hass_storage)["unreadable"]
    assert damaged in [item["data"] for item in aside]

    for component in ("http", "repairs"):
        assert await async_setup_component(house.hass, component, {})
    await house.reload()
    issue = issues(house)["schedules_unreadable"]
    device = dr.async_get(house.hass).async_get(house.device_id())
    assert device is not None
    assert issue.translation_placeholders == {
        "device": device.name,
        "count": str(len(aside)),
    }
    assert INVERTER not in issue.issue_id
    client = await hass_client(await log_in())
    response = await client.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": issue.issue_id},
    )
    step = await response.json()
    assert step["step_id"] == "confirm"
    await client.post(f"/api/repairs/issues/fix/{step['flow_id']}", json={})
    assert not issues(house)
    await house.reload()
    assert not issues(house)
    kept_aside = stored(house, hass_storage)["unreadable"]
    assert [item["data"] for item in kept_aside] == [item["data"] for item in aside]


@pytest.mark.parametrize(
    ("data", "device_id"),
    [
        ("garbage", ""),
        ({"ledgers": ["garbage"]}, ""),
        ({"ledgers": {"a": "garbage"}}, "a"),
        ({"ledgers": {}, "day": 5}, ""),
    ],
)
async def test_what_makes_no_sense_is_kept(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: Any, device_id: str
) -> None:
    """Whatever it is, the account can be loaded, and its file be repaired."""
    hass_storage[JOURNAL] = {"version": 1, "key": JOURNAL, "data": data}
    journal = await loaded(hass)
    assert journal.unreadable == {device_id: 1}
    assert await journal.save()
    (kept,) = hass_storage[JOURNAL]["data"]["unreadable"]
    assert kept["data"] in (data, 5, ["garbage"], "garbage")
    journal = await loaded(hass)
    assert journal.unreadable == {device_id: 1}
    await journal.accept_unreadable(device_id)
    assert not (await loaded(hass)).unreadable


async def test_what_is_kept_is_bounded(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """A file that is damaged again and again does not grow for ever."""
    rules = {str(number): number for number in range(150)}
    data = {"ledgers": {"a": {"rules": rules}}}
    hass_storage[JOURNAL] = {"version": 1, "key": JOURNAL, "data": data}
    assert (await loaded(hass)).unreadable == {"a": 100}


async def test_zone_that_is_none(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Home Assistant's is taken, whatever name there is."""
    journal = await loaded(hass)
    assert await journal.known_zone("../zone") == str(dt_util.get_default_time_zone())


async def test_entry_that_is_read_after_a_while(
    open_house: OpenHouse,
) -> None:
    """The action tells what happened also over a restart, with who asked."""
    house = await open_house(fixture="A", now=EVENING)
    await house.act("force", action="charge", duration_min=20)
    before = await log(house)
    await house.reload()
    house.freezer.tick(timedelta(hours=30))
    assert not await log(house, hours=24)
    assert (await log(house, hours=720))[: len(before)] == before
