"""What has gone wrong is told under the repairs, and mended by a button there."""

from typing import Final

from playwright.async_api import expect

from ..clouds import RedbackCloud
from .journey import Journey
from .stage import JOURNEYS, RELOADED_S

pytestmark = JOURNEYS

FOUND_S: Final = 240
"""A mode is measured once a minute, and is suspected before it is told."""


async def test_return_a_forgotten_mode_to_auto(journey: Journey) -> None:
    """An inverter that somebody has left in a forced mode is given back."""
    stage = journey.stage
    cloud = stage.cloud(RedbackCloud)
    await stage.account("redback")
    serial = cloud.serials[1]
    if cloud.portal_mode(serial)["InverterMode"] == "Auto":
        stage.forget_a_mode()
    await told(journey, "forced_without_owner")
    await fix(journey, "ST10000 inverter is in a forced mode without a schedule")
    assert cloud.portal_mode(serial)["InverterMode"] == "Auto"


async def test_do_without_the_portal(journey: Journey) -> None:
    """An optional login that is refused is switched off, and asked for no more."""
    stage = journey.stage
    cloud = stage.cloud(RedbackCloud)
    await stage.account("redback")
    cloud.accounts[0].portal_password += "-changed"
    cloud.expire_portal_sessions()
    await journey.open_device("redback", cloud.serials[0])
    journey.may_be_logged = "could not be set to auto (portal: login refused)"
    await journey.press_control("Reset to auto")
    await expect(journey.toast).to_contain_text("portal")
    await told(journey, "option_login_refused")
    cloud.requests.clear()
    await fix(journey, "Optional login refused for Redback Technologies")

    async def reads() -> bool:
        return 200 in cloud.requests.statuses("dynamic")

    await stage.hass.until("readings", RELOADED_S, reads)
    await stage.loaded("redback")
    asked = cloud.requests.counts()
    assert not [label for label in asked if label.startswith("portal")]
    # The next journeys want an account with a portal.
    await stage.without_account("redback")


async def told(journey: Journey, key: str) -> None:
    """Wait until Home Assistant has heard of a repair."""

    async def known() -> bool:
        answer = await journey.stage.api.command("repairs/list_issues")
        return any(issue["translation_key"] == key for issue in answer["issues"])

    await journey.stage.hass.until(f"the repair {key}", FOUND_S, known)


async def fix(journey: Journey, title: str) -> None:
    """Open a repair, let it be mended, and see it gone."""
    await journey.open("/config/repairs")
    repair = journey.page.get_by_text(title)
    await repair.first.click()
    await journey.submit()
    await journey.done("The issue is repaired!")
    await expect(repair).to_have_count(0)
