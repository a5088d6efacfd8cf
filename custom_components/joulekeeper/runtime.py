"""What lives as long as a config entry is loaded."""

import asyncio
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .account import LoadedAccount
from .const import DOMAIN
from .history_import import HistoryImport
from .keeper import Keeper


@dataclass(frozen=True, slots=True)
class RuntimeData:
    """The account, which reads, its keeper, which writes, and what imports its past."""

    account: LoadedAccount
    keeper: Keeper
    history: HistoryImport
    _pausing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def async_pause(self) -> None:
        """Let nobody call the cloud; HomeAssistantError where it has to be called."""
        async with self._pausing:
            if not self.account.pause.on:
                await self.keeper.rest()
                await self.account.async_pause()

    async def async_resume(self) -> None:
        """Go on after a pause."""
        async with self._pausing:
            if self.account.pause.on:
                self.account.async_resume()
                self.keeper.wake()


type JoulekeeperConfigEntry = ConfigEntry[RuntimeData]


def account_of(entry: ConfigEntry) -> RuntimeData | None:
    """Return a loaded entry's account, None for one that only pushes."""
    runtime = entry.runtime_data
    return runtime if isinstance(runtime, RuntimeData) else None


@callback
def loaded_accounts(hass: HomeAssistant) -> list[JoulekeeperConfigEntry]:
    """Return the loaded entries that are accounts of a cloud."""
    return [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if account_of(entry) is not None
    ]
