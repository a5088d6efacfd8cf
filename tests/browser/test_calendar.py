"""Schedules are events: laid, edited and deleted in the dialogs of the calendar."""

from datetime import UTC, datetime, timedelta
import re
from typing import Final
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, ViewportSize, expect
import pytest_asyncio

from scripts.tools.browser import ZONE

from ..clouds import RedbackCloud
from .journey import Journey
from .stage import JOURNEYS, Order

pytestmark = JOURNEYS

INVERTER: Final = "SH5000 inverter"
TALL: Final[ViewportSize] = {"width": 1280, "height": 1400}
TENTATIVE: Final = re.compile(r"\btentative\b")
AHEAD: Final = timedelta(hours=72)
"""How far ahead events that repeat are sent to the cloud."""


class Calendar:
    """The calendar of the first inverter, which is free of events."""

    def __init__(self, journey: Journey) -> None:
        """Use a page that shows the calendar."""
        self.journey = journey
        self.cloud = journey.stage.cloud(RedbackCloud)
        self.serial = self.cloud.serials[0]
        today = datetime.now(ZoneInfo(ZONE)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        self.tomorrow = today + timedelta(days=1)

    @property
    def editor(self) -> Locator:
        """The dialog in which events are laid and edited."""
        return self.journey.page.locator("dialog-calendar-event-editor")

    @property
    def details(self) -> Locator:
        """The dialog that shows an event."""
        return self.journey.page.locator("dialog-calendar-event-detail")

    @property
    def question(self) -> Locator:
        """The dialog that asks which events are meant."""
        return self.journey.page.locator("confirm-event-dialog-box, dialog-box")

    def events(self, summary: str) -> Locator:
        """Return the events of a summary on the page, of other devices' none."""
        text = re.compile(rf"14:15 - 16:00\s*{summary}$")
        return self.journey.page.locator(".fc-event").filter(has_text=text)

    async def show_tomorrow(self) -> None:
        """Go to the view of a day, which has room for the events of all devices."""
        page = self.journey.page
        await page.set_viewport_size(TALL)
        await page.locator("ha-button[value=dayGridDay]").click()
        await self.show_next_day()

    async def show_next_day(self) -> None:
        """Go to the next day of the view."""
        await self.journey.page.get_by_role("button", name="Next").click()

    async def press(self, dialog: Locator, button: str) -> None:
        """Press a button of a dialog."""
        await dialog.get_by_role("button", name=button, exact=True).click()

    async def begin(self, summary: str) -> None:
        """Fill the dialog for tomorrow, from 14:15 to 16:00."""
        journey, editor = self.journey, self.editor
        await journey.page.get_by_role("button", name="Add event").click()
        await editor.locator("input[name=summary]").fill(summary)
        calendars = editor.locator("ha-entity-picker")
        await journey.search(calendars, INVERTER, "[slot=supporting-text]")
        days, times = editor.locator("ha-date-input"), editor.locator("ha-time-input")
        await journey.pick_day(days.nth(0).locator("input"), self.tomorrow.date())
        await journey.set_time(times.nth(0), 14, 15)
        await journey.set_time(times.nth(1), 16, 0)

    async def holds(self, *wanted: tuple[int, str, int]) -> None:
        """Wait until the cloud holds just this: days from now, mode, power in W."""
        length = timedelta(hours=1, minutes=45)
        orders = [
            Order(self.at(day), length, mode, watts) for day, mode, watts in wanted
        ]
        await self.journey.stage.holds(self.serial, *orders)

    async def holds_daily(self, first: int, mode: str) -> None:
        """Wait until the cloud holds what repeats, from a day on."""
        near = [
            day for day in range(first, 5) if self.at(day) < datetime.now(UTC) + AHEAD
        ]
        await self.holds(*((day, mode, 0) for day in near))

    def at(self, day: int) -> datetime:
        """Return the start so many days from now."""
        return self.tomorrow + timedelta(days=day - 1, hours=14, minutes=15)


@pytest_asyncio.fixture(loop_scope="session")
async def calendar(journey: Journey) -> Calendar:
    """Return the calendar, open on its page."""
    opened = Calendar(journey)
    await journey.stage.clear(opened.serial)
    await journey.open("/calendar")
    await opened.show_tomorrow()
    return opened


async def test_create_edit_and_delete_an_event(calendar: Calendar) -> None:
    """A summary that is no command is told in the dialog; the right one is sent."""
    await calendar.begin("make me rich")
    calendar.cloud.requests.clear()
    await calendar.press(calendar.editor, "Add event")
    alert = calendar.editor.locator("ha-alert").first
    await expect(alert).to_contain_text('"make me rich" is not understood.')
    await expect(alert).to_contain_text("Charge 3 kW to 80 %")
    assert calendar.cloud.requests.count("schedule_create") == 0

    await calendar.editor.locator("input[name=summary]").fill("charge 3kw to 80%")
    await calendar.press(calendar.editor, "Add event")
    event = calendar.events("Charge 3 kW to 80 %")
    await expect(event).to_have_count(1)
    await calendar.holds((1, "ChargeBattery", 3000))

    # Its dialog would not follow what happens later.
    await expect(event).not_to_have_class(TENTATIVE)
    await event.click()
    await expect(calendar.details).to_contain_text("Status: confirmed")
    await calendar.press(calendar.details, "Edit event")
    await calendar.editor.locator("input[name=summary]").fill("Discharge 2 kW")
    await calendar.press(calendar.editor, "Save event")
    await expect(calendar.events("Discharge 2 kW")).to_have_count(1)
    await calendar.holds((1, "DischargeBattery", 2000))

    await calendar.events("Discharge 2 kW").click()
    await calendar.press(calendar.details, "Delete event")
    await calendar.press(calendar.question, "Delete")
    await expect(calendar.events("Discharge 2 kW")).to_have_count(0)
    await calendar.holds()


async def test_delete_one_of_a_series(calendar: Calendar) -> None:
    """The others stay; the cloud has those of the next days."""
    await calendar.begin("Hold")
    await calendar.journey.choose(calendar.editor, "Repeat", "Daily")
    await calendar.press(calendar.editor, "Add event")
    event = calendar.events("Hold")
    await expect(event).to_have_count(1)
    await calendar.holds_daily(1, "Conserve")

    await event.click()
    await calendar.press(calendar.details, "Delete event")
    await expect(calendar.question).to_contain_text("Only this event")
    await calendar.press(calendar.question, "Delete")
    await expect(event).to_have_count(0)
    await calendar.holds_daily(2, "Conserve")

    await calendar.show_next_day()
    await expect(event).to_have_count(1)
    await event.click()
    await calendar.press(calendar.details, "Delete event")
    await calendar.question.get_by_text("This and all future events").click()
    await calendar.press(calendar.question, "Delete")
    await expect(event).to_have_count(0)
    await calendar.holds()
