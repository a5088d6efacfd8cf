"""What lives as long as a config entry is loaded."""

from dataclasses import dataclass

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
