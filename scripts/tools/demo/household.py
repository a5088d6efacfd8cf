"""A running Home Assistant together with the clouds of its accounts."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import re
import time
from typing import cast

from .accounts import ACCOUNTS, Account, Cloud, PricedCloud
from .api import HassApi
from .energy import import_history, import_money, save_dashboard, sensors_of, set_prices
from .hass import HassError, HassProcess
from .plan import lay_plan
from .pushes import tell_truth

DOMAIN = "joulekeeper"
# what the integration must never leave in the log
FAULTS = re.compile(
    rf"(ERROR|Traceback).*{DOMAIN}|Detected that custom integration", re.IGNORECASE
)
LIVE_SECONDS = 60
QUIET_MS = 1500
"""Entities come with their first values: that long without a new one, all are there."""


class Stopwatch:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        """Start."""
        self._start = time.monotonic()

    @property
    def ms(self) -> int:
        """The time so far."""
        return round((time.monotonic() - self._start) * 1000)


@dataclass(frozen=True, slots=True)
class Household:
    """What the demo plays with."""

    hass: HassProcess
    api: HassApi
    clouds: Mapping[str, Cloud]

    async def add(self, account: Account) -> tuple[str, int]:
        """Add an account as its owner would, and wait until it lives.

        Returns the entry, and the milliseconds until the last entity was there.
        """
        watch = Stopwatch()
        vendor = account.vendor
        cloud = self.clouds[vendor]
        entry_id = await self.api.add_entry(
            DOMAIN,
            {
                "vendor": vendor,
                "base_url": cloud.base_url,
                "accept_terms": True,
                **cloud.credentials,
            },
        )
        known, grown_ms = 0, 0

        async def lives() -> bool:
            nonlocal known, grown_ms
            if await self.api.entry_state(entry_id) != "loaded":
                return False
            entities = await self.api.entities(entry_id)
            available = sum(entity.available for entity in entities)
            if available != known:
                known, grown_ms = available, watch.ms
            quiet = watch.ms - grown_ms >= QUIET_MS
            return quiet and 0 < available == len(entities)

        try:
            await self.hass.until("all entities to be available", LIVE_SECONDS, lives)
        except HassError:
            # Some that stay unavailable are for the caller to judge; none is a failure.
            if not known:
                raise
        return entry_id, grown_ms

    async def fill_energy(self, account: Account, entry_id: str) -> None:
        """Give every home its past, and the dashboard to the first home of all."""
        cloud = self.clouds[account.vendor]
        entities = await self.api.entities(entry_id)
        for serial in cloud.serials:
            sensors = sensors_of(entities, serial)
            await import_history(self.api, cloud, serial, sensors)
            if account is ACCOUNTS[0] and serial == cloud.serials[0]:
                await save_dashboard(self.api, sensors)

    async def set_prices(self, account: Account, entry_id: str) -> None:
        """Let the first home of all pay what the account's first site pays."""
        if not account.priced:
            return
        cloud, home = self.clouds[account.vendor], self.clouds[ACCOUNTS[0].vendor]
        site, serial = cloud.serials[0], home.serials[0]
        prices = {
            entity.unique_id: entity for entity in await self.api.entities(entry_id)
        }
        await set_prices(
            self.api,
            prices[f"{site}_general_usage_price"],
            prices[f"{site}_feed_in_price"],
        )
        sensors = sensors_of(await self.api.entities(), serial)
        await import_money(
            self.api, home, serial, sensors, cast(PricedCloud, cloud), site
        )

    async def lay_plan(self, account: Account, entry_id: str) -> None:
        """Put a day of schedules into the calendar of the first home."""
        if not account.planned:
            return
        serial = self.clouds[account.vendor].serials[0]
        for entity in await self.api.entities(entry_id):
            if entity.domain == "calendar" and entity.unique_id.startswith(serial):
                await lay_plan(self.api, entity)


@asynccontextmanager
async def running_clouds(
    accounts: Iterable[Account] = ACCOUNTS,
) -> AsyncIterator[dict[str, Cloud]]:
    """Run the clouds of all accounts, and give them by vendor."""
    clouds: dict[str, Cloud] = {}
    async with AsyncExitStack() as stack:
        for account in accounts:
            cloud = clouds[account.vendor] = account.make_cloud()
            if account.told:
                tell_truth(cloud, clouds[ACCOUNTS[0].vendor])
            stack.push_async_callback(cloud.stop)
            await cloud.start()
            for serial in cloud.serials:
                # Live the past now, so that no measured request pays for it.
                cloud.schedules(serial)
        yield clouds
