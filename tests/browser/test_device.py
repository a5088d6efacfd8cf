"""A device is controlled from its page, and from that of the actions."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from playwright.async_api import ViewportSize, expect

from scripts.tools.browser import ZONE

from ..clouds import RedbackCloud
from .journey import Journey
from .stage import JOURNEYS, SETTLED_S, Order, Stage

pytestmark = JOURNEYS

INVERTER: Final = "SH5000 inverter"
WIDE: Final[ViewportSize] = {"width": 1600, "height": 1000}
MINUTE: Final = timedelta(minutes=1)


async def test_stage_create_and_delete_a_schedule(journey: Journey) -> None:
    """Nothing is sent before the button; then the cloud has what the page shows."""
    cloud = journey.stage.cloud(RedbackCloud)
    serial = cloud.serials[0]
    await journey.stage.clear(serial)
    page = journey.page
    await page.set_viewport_size(WIDE)
    await journey.open_device("redback", serial)
    today = datetime.now(ZoneInfo(ZONE)).date()
    tomorrow = today + timedelta(days=1)
    action = page.locator("hui-select-entity-row").filter(
        has=page.locator('ha-picker-field[aria-label="New action"]')
    )
    await journey.choose(action, "New action", "Discharge battery")
    power = journey.control("number", "New power").locator("input")
    await journey.type(power, "2000")
    duration = journey.control("number", "New duration").locator("input")
    await journey.type(duration, "90")
    await journey.press_control("Set start to now")
    start = page.locator("hui-datetime-entity-row")
    # Each field starts from what Home Assistant has by then.
    await starts(journey.stage, serial, day=today.day)
    await journey.pick_day(start.locator("ha-date-input input"), tomorrow)
    await starts(journey.stage, serial, day=tomorrow.day)
    await journey.type(start.locator("input[name=hours]"), "14")
    await starts(journey.stage, serial, hour=14)
    await journey.type(start.locator("input[name=minutes]"), "30")
    await starts(journey.stage, serial, minute=30)
    assert journey.stage.held(serial) == []

    cloud.requests.clear()
    await journey.press_control("Create schedule")
    name = f"{tomorrow.day} {tomorrow:%b} 14:30 Discharge 2 kW"
    selected = page.locator("hui-select-entity-row").filter(
        has=page.locator('ha-picker-field[aria-label="Selected schedule"]')
    )
    await expect(selected).to_contain_text(name)
    at = datetime.combine(tomorrow, time(14, 30), ZoneInfo(ZONE))
    await journey.stage.holds(serial, Order(at, 90 * MINUTE, "DischargeBattery", 2000))
    assert cloud.requests.count("schedule_create") == 1

    await journey.press_control("Delete selected schedule")
    await expect(selected).not_to_contain_text(name)
    await journey.stage.holds(serial)


async def test_force_and_stop(journey: Journey) -> None:
    """Both are actions whose forms need no YAML, and their answers are shown."""
    serial = journey.stage.cloud(RedbackCloud).serials[0]
    await journey.stage.clear(serial)
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
    (order,) = journey.stage.held(serial)
    assert order[1:] == (30 * MINUTE, "ChargeBattery", 1500)
    assert abs(datetime.now(UTC) - order.start) < 2 * MINUTE

    await journey.open_action("stop")
    devices = journey.argument("The inverters, batteries or sites")
    await journey.search(devices, INVERTER)
    await perform.click()
    await expect(response).to_contain_text("results")
    await journey.stage.holds(serial)


async def starts(stage: Stage, serial: str, **parts: int) -> None:
    """Wait until Home Assistant knows parts of the start that is being put together."""

    async def does() -> bool:
        (start,) = [
            entity.state
            for entity in await stage.api.entities(stage.entries["redback"])
            if entity.unique_id == f"{serial}_staged_start"
        ]
        if start in (None, "unknown"):
            return False
        local = datetime.fromisoformat(start).astimezone(ZoneInfo(ZONE))
        return all(getattr(local, name) == value for name, value in parts.items())

    await stage.hass.until(f"the start to have {parts}", SETTLED_S, does)
