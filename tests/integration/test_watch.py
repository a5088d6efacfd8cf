"""What is found out by itself, and what is tried again, and when."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.joulekeeper.control import DeviceControl
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import EVENING, INVERTER, House, OpenHouse
from .keeping import HOUR, MINUTE, SECOND, issues, items, soon, story


@pytest.fixture
async def evening(open_house: OpenHouse) -> House:
    """Return the house at nine in the evening."""
    return await open_house(fixture="A", now=EVENING)


def control_of(house: House) -> DeviceControl:
    """Return the device that the keeper writes to."""
    control: DeviceControl | None = house.entry.runtime_data.keeper.controls.get(
        INVERTER
    )
    assert control is not None
    return control


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("ForceChargeBattery", True),
        ("ForceDischargeBattery", True),
        ("BuyPower", True),
        ("SellPower", True),
        ("Conserve", True),
        # In a blackout, or with an empty battery, nobody has asked for it.
        ("Offgrid", False),
        ("Hibernate", False),
    ],
)
async def test_each_mode_that_somebody_set_is_told(
    evening: House, mode: str, told: bool
) -> None:
    """Also a mode that we have no action for, by the cloud's own word."""
    evening.cloud.set_base_mode(INVERTER, mode, 1000)
    await evening.pass_time(4.2 * MINUTE)
    assert set(issues(evening)) == ({"forced_without_owner"} if told else set())
    if told and mode != "Conserve":
        placeholders = issues(evening)["forced_without_owner"].translation_placeholders
        assert placeholders is not None
        assert placeholders["mode"] == mode


async def test_what_the_cloud_never_had_explains_no_mode(evening: House) -> None:
    """A schedule that waits to be sent hides nobody else's doing."""
    evening.cloud.faults.add("schedule_create", Fault.THROTTLE, retry_after=600)
    await evening.act("create_schedule", action="charge", duration_min=60)
    assert (await story(evening))[-1] == "queued"
    evening.cloud.set_base_mode(INVERTER, "ForceDischargeBattery", 1000)
    await evening.pass_time(5 * MINUTE)
    assert "forced_without_owner" in issues(evening)


async def test_retry_that_came_while_somebody_wrote(evening: House) -> None:
    """It is made up for as soon as the other one is ready."""
    hass, control = evening.hass, control_of(evening)
    evening.cloud.faults.add("schedule_create", Fault.THROTTLE, retry_after=10)
    await evening.act("create_schedule", action="hold", duration_min=60, start=soon(90))
    evening.cloud.faults.clear()
    # A measurement would be the next occasion to look.
    evening.cloud.faults.add("dynamic", Fault.STATUS, status=503)
    async with control.lock:
        # The task that waits for the lock must not be waited for.
        evening.freezer.tick(32 * SECOND)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        assert not evening.cloud.schedules(INVERTER)
    evening.cloud.requests.clear()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert items(evening, EVENING) == [("Conserve", 90, 150)]
    assert evening.cloud.requests.count("schedule_create") == 1


@pytest.mark.parametrize("wait", [2 * MINUTE, 2 * HOUR])
async def test_wait_that_the_cloud_asks_for_is_kept(
    evening: House, wait: timedelta
) -> None:
    """Nothing is tried again before, and then it is, at once."""
    (created,) = await evening.act(
        "create_schedule", action="hold", duration_min=60, start=soon(600)
    )
    evening.cloud.faults.add(
        "schedule_delete",
        Fault.THROTTLE,
        retry_after=round(wait.total_seconds()),
        times=1,
    )
    with pytest.raises(HomeAssistantError):
        await evening.act("delete_schedule", schedule_id=created["schedule_id"])
    begun = dt_util.utcnow()
    deletes = evening.cloud.requests.count("schedule_delete")
    await evening.pass_time(wait - 30 * SECOND)
    assert evening.cloud.requests.count("schedule_delete") == deletes
    assert len(items(evening, EVENING)) == 1
    # What was not tried has not failed.
    assert not issues(evening)
    await evening.pass_time(MINUTE)
    assert dt_util.utcnow() - begun < wait + MINUTE
    assert evening.cloud.requests.count("schedule_delete") == deletes + 1
    assert items(evening, EVENING) == []
