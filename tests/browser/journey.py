"""One page of the browser, and what a person does there."""

from datetime import date
import re
from typing import Final

from playwright.async_api import Locator, Page, expect

from .stage import BRANDS, Stage

PATIENCE_MS: Final = 60_000
"""The longest wait for anything, on a machine that is busy."""
_FRAMES: Final = """() => new Promise((done) => {
  let left = 30;
  const next = () => (left-- ? requestAnimationFrame(next) : done());
  next();
})"""
"""Half a second, and longer where drawing takes longer."""


class Journey:
    """A page of its own in the browser that is logged in."""

    def __init__(self, stage: Stage, page: Page) -> None:
        """Begin on an empty page."""
        self.stage = stage
        self.page = page
        self.may_be_logged: str | None = None
        """A part of an error line that the journey provokes."""
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)

    async def open(self, path: str) -> None:
        """Go to a page of the frontend."""
        await self.page.goto(f"{self.stage.hass.url}{path}")

    # -- what there is on all pages ------------------------------------------------

    @property
    def dialog(self) -> Locator:
        """The dialog of a flow."""
        return self.page.locator("dialog-data-entry-flow")

    @property
    def toast(self) -> Locator:
        """What is said at the bottom of the page."""
        return self.page.locator("notification-manager")

    async def choose(self, where: Locator, label: str, option: str) -> None:
        """Choose an option of a drop-down list by its label."""
        await where.locator(f'ha-picker-field[aria-label="{label}"]').click()
        await where.get_by_role("menuitem", name=option, exact=True).click()

    async def search(
        self, picker: Locator, text: str, part: str = "[slot=headline]"
    ) -> None:
        """Choose in a list that one can search, by the exact text of a row's part."""
        await picker.locator("ha-picker-field").last.click()
        box = self.page.locator("ha-picker-combo-box")
        await box.locator("input").fill(text)
        # The list is drawn anew, with its rows used again: a click now might hit another.
        await self.page.evaluate(_FRAMES)
        exactly = re.compile(rf"^\s*{re.escape(text)}\s*$")
        await box.locator(part, has_text=exactly).first.click()
        await expect(box).to_have_count(0)

    async def pick_day(self, field: Locator, day: date) -> None:
        """Choose a day in the calendar that belongs to a field."""
        await field.click()
        picker = self.page.locator("ha-dialog-date-picker")
        button = picker.get_by_role("button", name=f"{day:%B} {day.day}", exact=True)
        heading = picker.get_by_text(f"{day:%B %Y}").first
        await picker.get_by_role("button", name="OK").wait_for()
        if not await heading.is_visible():
            await picker.get_by_role("button", name="Next").first.click()
        await button.click()
        await picker.get_by_role("button", name="OK").click()
        await expect(picker).to_have_count(0)

    async def set_time(self, field: Locator, hours: int, minutes: int) -> None:
        """Type a time of the day."""
        for name, value in (("hours", hours), ("minutes", minutes)):
            await self.type(field.locator(f"input[name={name}]"), str(value))

    @staticmethod
    async def type(field: Locator, text: str) -> None:
        """Type into a field, and leave it."""
        await field.fill(text)
        await field.press("Tab")

    # -- flows ---------------------------------------------------------------------

    def field(self, name: str) -> Locator:
        """Return a text field of the flow's form."""
        return self.dialog.locator(f"input[name={name}]")

    async def unfold(self, section: str) -> None:
        """Open a section of the form."""
        await self.dialog.get_by_role("button", name=section).click()

    async def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button of the dialog."""
        await self.dialog.get_by_role("button", name=name).click()

    async def submit(self) -> None:
        """Send the form."""
        await self.press("Submit")

    async def tick(self, name: str) -> None:
        """Tick something in a list of the form, or take the tick away."""
        await self.dialog.get_by_text(name, exact=True).click()

    def switch(self, name: str) -> Locator:
        """Return a switch of the form."""
        selectors = self.dialog.locator("ha-selector").filter(has_text=name)
        return selectors.locator("ha-switch").first

    async def refused(self, text: str) -> None:
        """Wait until the form says what is wrong."""
        await expect(self.dialog.locator("ha-alert")).to_contain_text(text)

    async def finish(self) -> None:
        """Wait until the account is added, and leave its devices without areas."""
        await self.press(re.compile("finish", re.IGNORECASE))
        await expect(self.dialog.get_by_role("button")).to_have_count(0)

    async def done(self, text: str) -> None:
        """Wait until the flow says that it has done its work, and close its dialog."""
        await self.dialog.get_by_text(text).wait_for()
        ends = self.dialog.get_by_role("button", name=re.compile("^(Finish|Close)$"))
        await ends.last.click()
        await expect(self.dialog.get_by_role("button")).to_have_count(0)

    # -- the page of the integration -----------------------------------------------

    def row(self, vendor: str) -> Locator:
        """Return what stands for an account on the page of the integration."""
        return self.page.locator("ha-config-entry-row").filter(has_text=BRANDS[vendor])

    async def open_accounts(self) -> None:
        """Go to the page of the integration."""
        await self.open("/config/integrations/integration/joulekeeper")

    async def choose_in_menu(self, vendor: str, value: str) -> None:
        """Choose something from the menu of an account."""
        row = self.row(vendor)
        await row.get_by_role("button", name="Menu").first.click()
        await row.locator(f"ha-dropdown-item[value={value}]").first.click()

    # -- the page of a device, and the page of the actions ---------------------------

    async def open_device(self, vendor: str, serial: str) -> None:
        """Go to the page of a device."""
        device_id = await self.stage.device_of(vendor, serial)
        await self.open(f"/config/devices/device/{device_id}")

    def control(self, kind: str, name: str) -> Locator:
        """Return a row of the device's controls, such as a `button` by its name."""
        return self.page.locator(f"hui-{kind}-entity-row").filter(has_text=name)

    async def press_control(self, name: str) -> None:
        """Press a button among the device's controls."""
        row = self.control("button", name)
        await row.get_by_role("button", name="Press").click()

    async def open_action(self, name: str) -> None:
        """Go to the page of the actions, and choose one of ours."""
        await self.open("/config/tools/action")
        actions = self.page.locator("ha-service-picker")
        await self.search(actions, f"joulekeeper.{name}", ".code")

    def argument(self, about: str) -> Locator:
        """Return a field of the action by a part of its description."""
        return self.page.locator("ha-service-control ha-settings-row").filter(
            has_text=about
        )
