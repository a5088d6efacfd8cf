"""Take the pictures of the README from a fresh demo, with Chromium.

It starts simulated clouds, a Home Assistant and a browser of its own, and ends them.
"""

import argparse
import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
import signal
import sys
from typing import Any, cast
from zoneinfo import ZoneInfo

from playwright.async_api import Error as BrowserError, Page

from scripts.tools.browser import (
    HEIGHT,
    MISSING,
    WIDTH,
    ZONE,
    begin_account,
    logged_in_browser,
    program,
)
from scripts.tools.demo.accounts import ACCOUNTS, Account
from scripts.tools.demo.api import Entity, HassApi, logged_in
from scripts.tools.demo.hass import HassError, HassProcess, free_port
from scripts.tools.demo.household import DOMAIN, Household, running_clouds
from scripts.tools.demo.plan import EVENTS
from scripts.tools.demo.pushes import judge_pushes
from tests.clouds.redback import RedbackCloud

FOLDER = Path(__file__).parents[2] / "docs/images"
SECONDS = 720
PROOF_SECONDS = 240
MODE_SECONDS = 150
DEVICE_HEIGHT = 1400
MARGIN = 24
DRAWN_MS = 4000
"""A page of Home Assistant is drawn bit by bit, without an event for its end."""
MAX_BYTES = 300_000
INTERRUPTED = 130


def say(text: str) -> None:
    """Print a progress line."""
    print(f"screenshots: {text}", file=sys.stderr, flush=True)


async def picture(
    page: Page, name: str, height: int = HEIGHT, width: int = WIDTH
) -> None:
    """Keep what the page shows."""
    await page.set_viewport_size({"width": width, "height": height})
    await page.wait_for_timeout(DRAWN_MS)
    path = FOLDER / f"{name}.png"
    size = len(await page.screenshot(path=path))
    if size > MAX_BYTES:
        raise HassError(f"{path} is too large: {size} bytes")
    say(f"{path.relative_to(FOLDER.parents[1])}: {size // 1000} kB")


async def picture_of_device(page: Page, url: str, name: str) -> None:
    """Keep the page of a device, and nothing of what is empty below its cards."""
    await page.set_viewport_size({"width": WIDTH, "height": DEVICE_HEIGHT})
    await page.goto(url)
    await page.locator("ha-card").first.wait_for()
    await page.wait_for_timeout(DRAWN_MS)
    boxes = [await card.bounding_box() for card in await page.locator("ha-card").all()]
    ends = [box["y"] + box["height"] + MARGIN for box in boxes if box]
    await picture(page, name, min(DEVICE_HEIGHT, round(max(ends))))


async def fill_calendar(api: HassApi, cloud: RedbackCloud, device_id: str) -> None:
    """Plan something for the coming days, as its owner and as others."""
    serial = cloud.serials[0]
    midnight = datetime.now(ZoneInfo(ZONE)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )

    def at(day: int, hour: float) -> datetime:
        return (midnight + timedelta(days=day, hours=hour)).astimezone(UTC)

    cloud.add_schedule(serial, at(3, 10), timedelta(hours=2), "Conserve", 0)
    cloud.add_daily_schedule(serial, start=timedelta(hours=18), days="Weekends")

    async def do(name: str, **data: Any) -> None:
        await api.action(DOMAIN, name, {"device_id": device_id, **data})

    for day in (1, 2):
        await do(
            "create_schedule",
            action="charge",
            start=at(day, 2).isoformat(),
            duration_min=120,
            power_w=3000,
            note="Cheap tariff",
        )
    await do(
        "create_schedule",
        action="export",
        start=at(2, 16.5).isoformat(),
        duration_min=60,
        power_w=4000,
    )
    await do(
        "create_schedule",
        action="limit",
        start=at(1, 11).isoformat(),
        duration_min=90,
        max_export_w=0,
    )
    await do("force", action="discharge", duration_min=45, power_w=2000)


async def select_schedule(api: HassApi, selector: Entity) -> None:
    """Choose the schedule that runs now, which is the first."""
    for state in await api.command("get_states"):
        if state["entity_id"] == selector.entity_id:
            options = state["attributes"]["options"]
            data = {"entity_id": selector.entity_id, "option": options[0]}
            await api.post("/api/services/select/select_option", data)


async def take(executable: str) -> None:
    """Take all pictures."""
    say("starting the simulated clouds and Home Assistant")
    async with (
        running_clouds() as clouds,
        HassProcess(free_port()) as hass,
        logged_in(hass) as api,
    ):
        household = Household(hass, api, clouds)
        # The rows for a time are too narrow for AM and PM.
        await api.prefer_24_hours()
        async with logged_in_browser(hass.url, executable) as context:
            page = await context.new_page()
            await take_of_home(household, page)
            for account in ACCOUNTS[1:]:
                await take_of_brand(household, account, page)


async def take_of_home(household: Household, page: Page) -> None:
    """Take the pictures of the first home: how it is added, planned and measured."""
    hass, api, account = household.hass, household.api, ACCOUNTS[0]
    cloud = cast(RedbackCloud, household.clouds[account.vendor])
    dialog = await begin_account(page, hass.url)
    await dialog.locator("ha-picker-field").click()
    await picture(page, "setup")
    entry_id, _ = await household.add(account)
    await household.fill_energy(account, entry_id)
    retailer = next(item for item in ACCOUNTS if item.priced)
    retailer_id, _ = await household.add(retailer)
    await household.set_prices(retailer, retailer_id)

    async def entity(key: str) -> Entity:
        return next(
            item
            for item in await api.entities(entry_id)
            if item.unique_id == f"{cloud.serials[0]}_{key}"
        )

    async def discharges() -> bool:
        return (await entity("mode")).state == "discharge"

    async def delivers() -> bool:
        return (await entity("schedule_status")).state == "delivering"

    selector = await entity("schedule")
    await fill_calendar(api, cloud, selector.device_id or "")
    await select_schedule(api, selector)
    await page.goto(f"{hass.url}/calendar")
    await page.locator("ha-button[value=listWeek]").click()
    await picture(page, "calendar")
    say("waiting for the inverter to obey")
    await hass.until("the inverter to obey", MODE_SECONDS, discharges)
    device_page = f"{hass.url}/config/devices/device/{selector.device_id}"
    await picture_of_device(page, device_page, "inverter")
    await api.action(DOMAIN, "stop", {"device_id": selector.device_id})
    await household.lay_plan(account, entry_id)
    say("waiting for the proof")
    await hass.until("the schedule to deliver", PROOF_SECONDS, delivers)
    await page.goto(f"{hass.url}/calendar")
    await page.locator("ha-button[value=dayGridDay]").click()
    await page.get_by_text(EVENTS[0][0]).first.click()
    await picture(page, "schedules")
    await page.goto(f"{hass.url}/energy/electricity")
    period = page.locator("hui-energy-period-selector")
    # Today has only begun, at some times of the day.
    await period.get_by_role("button", name="Previous").click()
    await picture(page, "energy", 1700, 1600)


async def take_of_brand(household: Household, account: Account, page: Page) -> None:
    """Take a picture of the device of a brand that shows the most."""
    hass, vendor = household.hass, account.vendor
    if account.priced:
        name, key = "prices", "_general_usage_price"
        entities = await household.api.entities()
        device_id = next(e.device_id for e in entities if e.unique_id.endswith(key))
    else:
        say(f"adding {vendor}")
        name = vendor
        entry_id, _ = await household.add(account)
        entities = await household.api.entities(entry_id)
        devices = Counter(entity.device_id for entity in entities)
        ((device_id, _),) = devices.most_common(1)
    if account.told:
        await judge_pushes(hass, household.clouds[vendor])
    device_page = f"{hass.url}/config/devices/device/{device_id}"
    await picture_of_device(page, device_page, name)


async def run(executable: str) -> None:
    """Take all pictures within a time, ending all that was started on a signal."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    async with asyncio.timeout(SECONDS):
        await take(executable)


def main() -> int:
    """Read the command line."""
    argparse.ArgumentParser(
        prog="scripts/screenshots", description=__doc__
    ).parse_args()
    executable = program()
    if executable is None:
        say(MISSING)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(run(executable))
    except (HassError, BrowserError) as err:
        say(str(err))
        return 1
    except TimeoutError:
        say(f"not done after {SECONDS} s")
        return 1
    except asyncio.CancelledError:
        say("everything is ended")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
