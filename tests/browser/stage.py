"""A real Home Assistant over the fake clouds of all vendors, and a logged-in browser."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from playwright.async_api import BrowserContext
import pytest

from scripts.tools.browser import MISSING, logged_in_browser, program
from scripts.tools.demo.accounts import ACCOUNTS, BRISBANE, Account
from scripts.tools.demo.api import HassApi, logged_in
from scripts.tools.demo.hass import HassProcess, free_port
from scripts.tools.demo.household import DOMAIN, Household, running_clouds

from ..clouds import FakeCloud, RedbackCloud
from ..clouds.fusionsolar.fixtures import neighbours

JOURNEYS: Final = [
    pytest.mark.browser,
    pytest.mark.skipif(program() is None, reason=MISSING),
    # One Home Assistant and one browser for all of them, which live in one loop.
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("browser"),
]

RELOADED_S: Final = 60
SETTLED_S: Final = 60

BRANDS: Final = {
    "redback": "Redback Technologies",
    "amber": "Amber",
    "alphaess": "AlphaESS",
    "fusionsolar": "Huawei FusionSolar",
    "anker": "Anker Solix",
    "chargehq": "ChargeHQ",
}
"""The names under which a person finds the vendors."""


def _with_a_choice(account: Account) -> Account:
    """Return the demo's account, that of several plants with more than one."""
    if account.vendor != "fusionsolar":
        return account
    return replace(
        account, cloud={**account.cloud, "fixture": neighbours("D", *BRISBANE)}
    )


_ACCOUNTS: Final = {item.vendor: _with_a_choice(item) for item in ACCOUNTS}


class Order(NamedTuple):
    """What an inverter is to do, by its cloud: `start` is cut to the minute."""

    start: datetime
    length: timedelta
    mode: str
    watts: int


@dataclass
class Stage:
    """What all journeys share.

    `entries` are the accounts that were added, by vendor; `used` are the vendors whose
    accounts the present journey deals with.
    """

    household: Household
    context: BrowserContext
    entries: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @property
    def hass(self) -> HassProcess:
        """The Home Assistant."""
        return self.household.hass

    @property
    def api(self) -> HassApi:
        """The Home Assistant, without a page."""
        return self.household.api

    def cloud[C: FakeCloud](self, kind: type[C]) -> C:
        """Return the fake cloud of a vendor by its class."""
        clouds: Iterable[object] = self.household.clouds.values()
        (cloud,) = [item for item in clouds if isinstance(item, kind)]
        return cloud

    def of(self, vendor: str) -> Account:
        """Return the demo's account of a vendor."""
        return _ACCOUNTS[vendor]

    def held(self, serial: str) -> list[Order]:
        """Return what the cloud holds for an inverter, in the order of time."""
        cloud = self.cloud(RedbackCloud)
        return sorted(
            Order(
                item.start.replace(second=0, microsecond=0),
                item.duration,
                item.wish.mode,
                item.wish.watts,
            )
            for item in cloud.inverter(serial).plan.listed(cloud.clock())
        )

    async def holds(self, serial: str, *orders: Order) -> None:
        """Wait until the cloud holds just these for an inverter."""

        async def does() -> bool:
            return self.held(serial) == list(orders)

        await self.hass.until(f"just {orders} in the cloud", SETTLED_S, does)

    def forget_a_mode(self) -> None:
        """Leave the second inverter in a forced mode; it takes minutes to be found."""
        cloud = self.cloud(RedbackCloud)
        cloud.set_base_mode(cloud.serials[1], "ChargeBattery", 1500)

    async def account(self, vendor: str) -> str:
        """Return the entry of a vendor's account, which is added unless it is there."""
        self.used.add(vendor)
        if vendor not in self.entries:
            self.entries[vendor], _ = await self.household.add(_ACCOUNTS[vendor])
        return self.entries[vendor]

    async def without_account(self, vendor: str) -> None:
        """Remove the account of a vendor, if it is there."""
        self.used.add(vendor)
        if (entry_id := self.entries.pop(vendor, None)) is not None:
            await self.api.remove_entry(entry_id)

    async def forget_used(self) -> None:
        """Remove the accounts of the present journey, noted or not."""
        for vendor in tuple(self.used):
            await self.without_account(vendor)
        for entry in await self.new_entries():
            await self.api.remove_entry(entry["entry_id"])

    async def new_entries(self) -> list[dict[str, Any]]:
        """Return the entries that no journey knows of yet."""
        listed = await self.api.command("config_entries/get", domain=DOMAIN)
        known = self.entries.values()
        return [item for item in listed if item["entry_id"] not in known]

    async def identifiers(self, vendor: str) -> set[str]:
        """Return what the cloud calls the devices of an account."""
        return {
            identifier
            for device in await self.api.devices(self.entries[vendor])
            for domain, identifier in device["identifiers"]
            if domain == DOMAIN
        }

    async def is_loaded(self, vendor: str) -> bool:
        """Tell whether an account lives."""
        return await self.api.entry_state(self.entries[vendor]) == "loaded"

    async def loaded(self, vendor: str) -> None:
        """Wait until an account lives, as it does soon after it was changed."""
        await self.hass.until(
            "the account to be loaded", RELOADED_S, partial(self.is_loaded, vendor)
        )

    async def clear(self, serial: str) -> None:
        """Delete all schedules of an inverter."""
        device_id = await self.device_of("redback", serial)
        await self.api.action(DOMAIN, "delete_all_schedules", {"device_id": device_id})
        await self.holds(serial)

    async def device_of(self, vendor: str, serial: str) -> str:
        """Return the id of the device that a vendor's cloud knows by a serial."""
        for device in await self.api.devices(await self.account(vendor)):
            if [DOMAIN, serial] in device["identifiers"]:
                return str(device["id"])
        raise KeyError(serial)


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Start the clouds, Home Assistant and the browser; no account is there yet."""
    executable = program()
    assert executable is not None, MISSING
    async with (
        running_clouds(_ACCOUNTS.values()) as clouds,
        HassProcess(free_port()) as hass,
        logged_in(hass) as api,
    ):
        # Two fields for a time instead of three, whatever hour it is.
        await api.prefer_24_hours()
        async with logged_in_browser(hass.url, executable) as context:
            stage = Stage(Household(hass, api, clouds), context)
            stage.forget_a_mode()
            yield stage
