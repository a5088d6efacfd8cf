"""Chromium, and Home Assistant's frontend in it: for the pictures and for the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import shutil
from typing import Final

from playwright.async_api import BrowserContext, Locator, Page, async_playwright

from scripts.tools.demo.api import PASSWORD, USERNAME

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING: Final = f"no browser found; install one of {', '.join(PROGRAMS)}"
ZONE: Final = "Australia/Brisbane"
"""The demo's time zone."""
WIDTH, HEIGHT = 1280, 800


def program() -> str | None:
    """Return the browser of this machine, None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@asynccontextmanager
async def logged_in_browser(
    url: str, executable: str, start_seconds: float = 60
) -> AsyncIterator[BrowserContext]:
    """Log in to the demo's Home Assistant; all pages of the context are logged in.

    They wait for anything as long as for the start.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=FLAGS
        )
        try:
            context = await browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT},
                locale="en",
                timezone_id=ZONE,
                reduced_motion="reduce",
            )
            context.set_default_timeout(start_seconds * 1000)
            page = await context.new_page()
            await page.goto(url)
            await page.locator("input[name=username]").fill(USERNAME)
            await page.locator("input[name=password]").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.locator("home-assistant-main").wait_for()
            await page.close()
            yield context
        finally:
            await browser.close()


async def begin_account(page: Page, url: str) -> Locator:
    """Begin to add an account, as its owner would; return the dialog of the brands."""
    await page.goto(f"{url}/config/integrations/dashboard")
    await page.get_by_role("button", name="Add integration").click()
    known = page.locator("dialog-add-integration")
    await known.locator("input").fill("Joulekeeper")
    await known.get_by_text("Joulekeeper", exact=True).first.click()
    dialog = page.locator("dialog-data-entry-flow")
    await dialog.get_by_text("Choose a brand").wait_for()
    return dialog
