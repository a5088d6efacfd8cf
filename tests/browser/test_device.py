"""A device is controlled from its page, and from that of the actions."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from scripts.tools.browser import ZONE

from ..clouds import RedbackCloud
from .journey import Journey
from .stage import JOURNEYS

pytestmark = JOURNEYS

INVERTER: Final = "SH5000 inverter"
WIDE: Final = {"width": 1600, "height": 1000}
MINUTE: Final = timedelta(minutes=1)


async def test_stage_create_and_delete_a_schedule(journey: Journey) -> None:
    """Nothing is sent before the button; then the cloud has what the page shows."""
    cloud, serial = await begin(journey)
    page = journey.page
    await page.set_viewport_size(WIDE)
    await journey.open_device("redback", serial)
    tomorrow = datetime.now(ZoneInfo(ZONE)).date() + timedelta(days=1)
    action = journey.page.locator("hui-select-entity-row").filter(
        has=page.locator('ha-picker-field[aria-label="New action"]')
    )
    await journey.choose(action, "New action", "Discharge battery")
    power = journey.control("number", "New power").locator("input")
    await journey.type(power, "2000")
    duration = journey.control("number", "New duration").locator("input")
    await journey.type(duration, "90")
    await journey.press_control("Start now")
    start = page.locator("hui-datetime-entity-row")
    await expect(start.locator("input[name=hours]")).not_to_have_value("")
    await journey.pick_day(start.locator("ha-date-input input"), tomorrow)
    await journey.set_time(start, 14, 30)
    assert held(cloud, serial) == []

    cloud.requests.clear()
    await journey.press_control("Create schedule")
    name = f"{tomorrow.day} {tomorrow:%b} 14:30 Discharge 2 kW"
    selected = page.locator("hui-select-entity-row").filter(
        has=page.locator('ha-picker-field[aria-label="Selected schedule"]')
    )
    await expect(selected).to_contain_text(name)
    at = datetime.combine(tomorrow, datetime.min.time(), ZoneInfo(ZONE))
    assert held(cloud, serial) == [
        (at + timedelta(hours=14, minutes=30), 90 * MINUTE, "DischargeBattery", 2000)
    ]
    assert cloud.requests.count("schedule_create") == 1

    await journey.press_control("Delete selected schedule")
    await expect(selected).not_to_contain_text(name)
    assert held(cloud, serial) == []


async def test_force_and_stop(journey: Journey) -> None:
    """Both are actions whose forms need no YAML, and their answers are shown."""
    cloud, serial = await begin(journey)
    page = journey.page
    await journey.open_action("force")
    devices = journey.argument("The inverters, batteries or sites")
    await journey.search(devices, INVERTER)
    what = journey.argument("What the device should do now")
    await what.locator("ha-picker-field").click()
    await what.get_by_role("menuitem", name="Charge battery", exact=True).click()
    duration = journey.argument("How long to do it").locator("input[type=number]")
    await journey.type(duration, "30")
    power = journey.argument("Battery power for charge and discharge")
    await power.locator("ha-checkbox").click()
    await journey.type(power.locator("input[type=number]"), "1500")
    perform = page.get_by_role("button", name="Perform action")
    await perform.click()
    response = page.locator("ha-code-editor, ha-yaml-editor").last
    await expect(response).to_contain_text("confirmed")
    ((start, length, mode, power_w),) = held(cloud, serial)
    assert (length, mode, power_w) == (30 * MINUTE, "ChargeBattery", 1500)
    assert abs(datetime.now(UTC) - start) < 2 * MINUTE

    await journey.open_action("stop")
    devices = journey.argument("The inverters, batteries or sites")
    await journey.search(devices, INVERTER)
    await perform.click()
    await expect(response).to_contain_text("results")
    assert held(cloud, serial) == []


async def begin(journey: Journey) -> tuple[RedbackCloud, str]:
    """Return the cloud and an inverter without schedules."""
    cloud = journey.stage.cloud(RedbackCloud)
    serial = cloud.serials[0]
    await journey.stage.clear("redback", serial)
    assert held(cloud, serial) == []
    return cloud, serial


def held(
    cloud: RedbackCloud, serial: str
) -> list[tuple[datetime, timedelta, str, int]]:
    """Return what the cloud holds: start to the minute, duration, mode, power in W."""
    return [
        (
            item.start.replace(second=0, microsecond=0),
            item.duration,
            item.wish.mode,
            item.wish.watts,
        )
        for item in cloud.inverter(serial).plan.listed(cloud.clock())
    ]
