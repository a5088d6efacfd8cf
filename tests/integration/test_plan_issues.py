"""Schedules that do not run while nobody looks are told, until it is settled."""

import pytest

from custom_components.joulekeeper.reasons import REASONS
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from ..clouds import Fault
from .conftest import EVENING, House, OpenHouse
from .keeping import DAY, HOUR, MINUTE, issues, soon, story
from .leap import leap


@pytest.fixture
async def evening(open_house: OpenHouse) -> House:
    """Return the house at nine in the evening."""
    return await open_house(fixture="A", now=EVENING)


@pytest.fixture
def raised(evening: House) -> list[str]:
    """Return the list to which every issue that is raised is added, however briefly."""
    heard: list[str] = []

    @callback
    def hear(event: object) -> None:
        heard.extend(issues(evening))

    evening.hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, hear)
    return heard


def placeholders(house: House, key: str) -> dict[str, str]:
    """Return what fills the gaps of an issue's text."""
    found = issues(house)[key].translation_placeholders
    assert found is not None
    return found


async def daily(house: House) -> str:
    """Make a schedule that comes each day in an hour from now."""
    (created,) = await house.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        power_w=1000,
        start=soon(60),
        rrule="FREQ=DAILY",
    )
    schedule_id: str = created["schedule_id"]
    return schedule_id


async def test_refused_in_the_background(evening: House) -> None:
    """The schedule, when, and why; until a later time of it has come."""
    await daily(evening)
    evening.cloud.faults.add("schedule_create", Fault.STATUS, status=400, times=1)
    await evening.pass_time(2 * HOUR)
    assert (await story(evening)).count("rejected") == 1
    assert set(issues(evening)) == {"rejected"}
    assert not issues(evening)["rejected"].is_fixable
    told = placeholders(evening, "rejected")
    assert told["schedule"] == "Charge 1 kW"
    assert told["start"] == "2026-11-23 04:00"
    assert told["reason"] == "the cloud refused it"
    # Those of the next days run, which does not mend the one that is refused.
    for _ in range(6):
        await leap(evening, 12 * HOUR)
        await evening.pass_time(MINUTE)
    assert set(issues(evening)) == {"rejected"}
    await leap(evening, DAY - 2 * HOUR)
    assert set(issues(evening)) == {"rejected"}
    await leap(evening, 2 * HOUR)
    assert not issues(evening)


async def test_missed_in_the_background(evening: House) -> None:
    """It stays while the next time is only planned, and goes when that has come."""
    evening.cloud.faults.add("schedule_create", Fault.THROTTLE, retry_after=600)
    await daily(evening)
    await evening.pass_time(100 * MINUTE)
    assert (await story(evening)).count("missed") == 1
    assert set(issues(evening)) == {"missed"}
    told = placeholders(evening, "missed")
    assert (told["schedule"], told["start"]) == ("Charge 1 kW", "2026-11-20 04:00")
    assert told["reason"] in REASONS.values()
    evening.cloud.faults.clear()
    await leap(evening, 20 * HOUR)
    await evening.pass_time(MINUTE)
    assert "confirmed" in await story(evening)
    assert set(issues(evening)) == {"missed"}
    await evening.reload()
    await evening.pass_time(2 * MINUTE)
    assert set(issues(evening)) == {"missed"}
    await leap(evening, 4 * HOUR)
    assert not issues(evening)


@pytest.mark.parametrize("ends", ["time", "delete"])
async def test_missed_for_once(evening: House, ends: str) -> None:
    """What was planned once is told for a day, or until the user deletes it."""
    evening.cloud.faults.add("schedule_create", Fault.THROTTLE, retry_after=600)
    (created,) = await evening.act(
        "create_schedule", action="hold", duration_min=120, start=soon(10)
    )
    await evening.pass_time(10 * MINUTE)
    assert not issues(evening)
    # When it is too late for it, its time is not yet over.
    await evening.pass_time(30 * MINUTE)
    assert set(issues(evening)) == {"missed"}
    if ends == "delete":
        await evening.act("delete_schedule", schedule_id=created["schedule_id"])
        await evening.pass_time(2 * MINUTE)
        assert not issues(evening)
        await leap(evening, 3 * HOUR)
        assert not issues(evening)
        return
    await leap(evening, 25 * HOUR)
    assert set(issues(evening)) == {"missed"}
    await leap(evening, HOUR)
    assert not issues(evening)


@pytest.mark.parametrize("how", ["delete", "occurrence", "edit"])
async def test_what_nobody_wants_any_more_is_not_told(evening: House, how: str) -> None:
    """Who deletes or changes what was refused knows of it."""
    schedule_id = await daily(evening)
    evening.cloud.faults.add("schedule_create", Fault.STATUS, status=400)
    await evening.pass_time(2 * HOUR)
    await leap(evening, DAY)
    assert set(issues(evening)) == {"rejected"}
    evening.cloud.faults.clear()
    match how:
        case "delete":
            await evening.act("delete_schedule", schedule_id=schedule_id)
        case "occurrence":
            for day in (3, 4):
                start = (EVENING + HOUR + day * DAY).isoformat()
                await evening.act(
                    "delete_schedule", schedule_id=schedule_id, occurrence=start
                )
        case "edit":
            await evening.act("update_schedule", schedule_id=schedule_id, power_w=1500)
    await evening.pass_time(2 * MINUTE)
    assert not issues(evening)


async def test_who_gets_an_error_is_not_told_again(
    evening: House, raised: list[str]
) -> None:
    """Neither afterwards nor for a moment."""
    evening.cloud.faults.add("schedule_create", Fault.STATUS, status=400)
    with pytest.raises(HomeAssistantError):
        await evening.act("create_schedule", action="hold", duration_min=60)
    with pytest.raises(HomeAssistantError):
        await daily(evening)
    await evening.pass_time(20 * MINUTE)
    assert "rejected" in await story(evening)
    assert not issues(evening)
    assert not raised


async def test_what_is_too_short_is_not_told(evening: House, raised: list[str]) -> None:
    """Two minutes between two others are nothing that anybody misses."""
    await evening.act("force", action="hold", duration_min=58)
    await evening.act("create_schedule", action="charge", duration_min=60, power_w=1000)
    await evening.pass_time(65 * MINUTE)
    assert "rejected" in await story(evening)
    assert not raised
