"""Accounts that are there are renewed and changed by the dialogs."""

from typing import Final

from playwright.async_api import expect

from ..clouds import FusionSolarCloud, RedbackCloud
from .journey import Journey
from .stage import JOURNEYS, RELOADED_S

pytestmark = JOURNEYS

SITE: Final = "SH5000 site"


async def test_renew_credentials(journey: Journey) -> None:
    """Credentials that were changed in the cloud are asked for; then all goes on."""
    stage, page = journey.stage, journey.page
    cloud = stage.cloud(RedbackCloud)
    entry_id = await stage.account("redback")
    renewed = f"{cloud.accounts[0].client_secret}-renewed"
    cloud.accounts[0].client_secret = renewed
    cloud.expire_tokens()
    await stage.api.post(f"/api/config/config_entries/entry/{entry_id}/reload", {})
    await journey.open_accounts()
    row = journey.row("redback")
    await expect(row).to_contain_text("The cloud refuses the saved credentials.")
    await page.get_by_role("button", name="Reconfigure").first.click()
    await journey.field("client_secret").fill("mistyped")
    await journey.submit()
    await journey.refused("The cloud refuses these credentials.")
    await journey.field("client_secret").fill(renewed)
    cloud.requests.clear()
    await journey.submit()
    await journey.done("Re-authentication was successful")
    await expect(row).not_to_contain_text("refuses")

    async def reads() -> bool:
        return 200 in cloud.requests.statuses("dynamic")

    await stage.hass.until("readings", RELOADED_S, reads)
    await stage.loaded("redback")


async def test_reconfigure(journey: Journey) -> None:
    """One plant more or less is shown; the secret need not be typed again."""
    stage = journey.stage
    cloud = stage.cloud(FusionSolarCloud)
    await stage.account("fusionsolar")
    plant = cloud.serials[1]
    name = cloud.plant(plant).spec.name
    wanted = plant not in await stage.identifiers("fusionsolar")
    await journey.open_accounts()
    cloud.requests.clear()
    await journey.choose_in_menu("fusionsolar", "reconfigure")
    await expect(journey.field("system_code")).to_have_value("")
    await journey.submit()
    await journey.dialog.get_by_text("Choose what to show").wait_for()
    assert 200 in cloud.requests.statuses("stations")
    await journey.tick(name)
    await journey.submit()
    await journey.done("Reconfiguration was successful")

    async def shows() -> bool:
        return (plant in await stage.identifiers("fusionsolar")) is wanted

    await stage.hass.until("the plants that were chosen", RELOADED_S, shows)
    await stage.loaded("fusionsolar")
    row = expect(journey.row("fusionsolar"))
    await (row.to_contain_text if wanted else row.not_to_contain_text)(name)


async def test_options(journey: Journey) -> None:
    """What is switched off is gone, and nobody asks the cloud for it any more."""
    stage = journey.stage
    cloud = stage.cloud(RedbackCloud)
    await stage.account("redback")
    site = cloud.inverter(cloud.serials[0]).site.site_id
    for wanted in (False, True):
        await journey.open_accounts()
        row = journey.row("redback")
        await row.get_by_role("button", name="Configure").first.click()
        await journey.switch("Operating envelopes").click()
        cloud.requests.clear()
        await journey.submit()
        await journey.done("Options successfully saved.")

        async def reads(*, wanted: bool = wanted) -> bool:
            asked = cloud.requests.count("envelopes") > 0
            return asked is wanted and 200 in cloud.requests.statuses("dynamic")

        await stage.hass.until("the options to hold", RELOADED_S, reads)
        await stage.loaded("redback")
        enabled = {
            entity.unique_id.partition("_")[0]
            for entity in await stage.api.entities(stage.entries["redback"])
            if entity.available
        }
        assert (site in enabled) is wanted
        shown = expect(row)
        await (shown.to_contain_text if wanted else shown.not_to_contain_text)(SITE)
