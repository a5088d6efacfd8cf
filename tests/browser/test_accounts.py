"""Accounts are added by the dialogs, with something mistyped at first."""

from dataclasses import dataclass
from typing import Final

from playwright.async_api import expect
import pytest

from scripts.tools.browser import begin_account
from scripts.tools.demo.accounts import Cloud

from ..clouds import ChargeHqCloud, FusionSolarCloud
from .journey import Journey
from .stage import BRANDS, JOURNEYS

pytestmark = JOURNEYS

REFUSED: Final = "The cloud refuses these credentials."
UNKNOWN_KEY: Final = "1a1f0c3e-7b21-4d88-9f10-00c0ffee9999"
"""It looks like a key, but is nobody's."""
COUNTRIES: Final = {"DE": "Germany", "AU": "Australia"}
LIVES_S: Final = 60


@dataclass(frozen=True)
class Newcomer:
    """How an account is added: which field is typed wrong at first, and what is special.

    `folded` are the fields of a section that has to be opened, `picked` those that are
    not typed. With `terms` the maker's terms have to be accepted.
    """

    vendor: str
    secret: str
    wrong: str = "mistyped"
    section: str = ""
    folded: tuple[str, ...] = ()
    picked: tuple[str, ...] = ()
    terms: bool = False


NEWCOMERS: Final = (
    Newcomer(
        "redback",
        "client_secret",
        section="Redback portal (optional)",
        folded=("portal_email", "portal_password"),
    ),
    Newcomer("amber", "token", wrong="psk_00000000000000000000000000000000"),
    Newcomer("alphaess", "app_secret"),
    # Its passwords are encrypted for the maker, so this cloud knows only who is nobody.
    Newcomer(
        "anker", "username", wrong="nobody@nowhere", picked=("country",), terms=True
    ),
)


@pytest.mark.parametrize("newcomer", NEWCOMERS, ids=lambda item: item.vendor)
async def test_add_account(journey: Journey, newcomer: Newcomer) -> None:
    """A wrong secret is told in words; the right one brings all the hardware."""
    stage, vendor, secret = journey.stage, newcomer.vendor, newcomer.secret
    cloud = stage.household.clouds[vendor]
    await stage.without_account(vendor)
    await choose_brand(journey, vendor)
    await fill(journey, cloud, newcomer)
    await journey.field(secret).fill(newcomer.wrong)
    cloud.requests.clear()
    if newcomer.terms:
        country = journey.dialog.locator("ha-selector-country")
        await journey.search(country, COUNTRIES[cloud.credentials["country"]])
        await journey.submit()
        await journey.refused("Nothing was sent. Read the terms of use")
        assert cloud.requests.total == 0
        await journey.dialog.locator("ha-switch").click()
    await journey.submit()
    await journey.refused(REFUSED)
    assert cloud.requests.total > 0
    assert await stage.new_entries() == []

    await journey.field(secret).fill(cloud.credentials[secret])
    cloud.requests.clear()
    await journey.submit()
    await journey.finish()
    await see_it_live(journey, vendor)
    assert set(cloud.serials) <= await stage.identifiers(vendor)
    assert cloud.requests.total > 0


async def test_add_account_with_several_plants(journey: Journey) -> None:
    """Of two plants one is chosen; only what belongs to it is there."""
    stage = journey.stage
    cloud = stage.cloud(FusionSolarCloud)
    await stage.without_account("fusionsolar")
    wanted, other = cloud.serials
    await choose_brand(journey, "fusionsolar")
    newcomer = Newcomer("fusionsolar", "system_code", picked=("region",))
    await fill(journey, cloud, newcomer)
    await journey.field("system_code").fill(newcomer.wrong)
    await journey.submit()
    await journey.refused(REFUSED)
    assert await stage.new_entries() == []

    await journey.field("system_code").fill(cloud.credentials["system_code"])
    await journey.submit()
    await journey.dialog.get_by_text("Choose what to show").wait_for()
    await journey.tick(cloud.plant(other).spec.name)
    cloud.requests.clear()
    await journey.submit()
    await journey.finish()
    await see_it_live(journey, "fusionsolar")
    known = await stage.identifiers("fusionsolar")
    assert (wanted in known, other in known) == (True, False)
    assert cloud.requests.total > 0


async def test_add_app_that_is_told(journey: Journey) -> None:
    """A key that is refused is told in words; with the right one readings go out."""
    stage = journey.stage
    cloud = stage.cloud(ChargeHqCloud)
    await stage.account("redback")
    await stage.without_account("chargehq")
    cloud.pushes.clear()
    await choose_brand(journey, "chargehq")
    await fill(journey, cloud, Newcomer("chargehq", "api_key"))
    await journey.field("api_key").fill("not a key")
    await journey.submit()
    await journey.refused("This is not an API key.")
    asked = cloud.requests.total
    for key in (UNKNOWN_KEY, cloud.credentials["api_key"]):
        await journey.field("api_key").fill(key)
        await journey.submit()
        await journey.dialog.get_by_text("A site of a Joulekeeper account").click()
        await journey.dialog.get_by_text("Site for ChargeHQ").wait_for()
        assert cloud.requests.total == asked
        await journey.submit()
        if key == UNKNOWN_KEY:
            await journey.refused("The app refuses this key.")
            assert cloud.pushes == []
            assert await stage.new_entries() == []
            asked = cloud.requests.total
    await journey.finish()
    await see_it_live(journey, "chargehq", device=False)
    assert cloud.accepted
    assert not cloud.flags


async def choose_brand(journey: Journey, vendor: str) -> None:
    """Begin to add an account, from the list of all integrations."""
    brand = BRANDS[vendor]
    dialog = await begin_account(journey.page, journey.stage.hass.url)
    await journey.choose(dialog, "Brand", brand)
    await journey.submit()
    await journey.dialog.get_by_text(f"Connect to {brand}").wait_for()


async def fill(journey: Journey, cloud: Cloud, newcomer: Newcomer) -> None:
    """Fill the form of the credentials, all but the secret."""
    if newcomer.section:
        await journey.unfold(newcomer.section)
    await journey.unfold("Advanced")
    await journey.field("base_url").fill(cloud.base_url)
    for key, value in cloud.credentials.items():
        if key not in (newcomer.secret, *newcomer.picked):
            await journey.field(key).fill(value)


async def see_it_live(journey: Journey, vendor: str, *, device: bool = True) -> None:
    """Wait until the account that was just added lives, and see it on the page."""
    stage = journey.stage
    (entry,) = await stage.new_entries()
    assert entry["title"].startswith(BRANDS[vendor])
    stage.entries[vendor] = entry["entry_id"]

    async def lives() -> bool:
        entities = await stage.api.entities(stage.entries[vendor])
        return await stage.is_loaded(vendor) and any(e.available for e in entities)

    await stage.hass.until("the account to live", LIVES_S, lives)
    await journey.open_accounts()
    await expect(journey.row(vendor)).to_be_visible()
    if device:
        await expect(journey.row(vendor)).to_contain_text("entities")
