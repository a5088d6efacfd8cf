"""What lives as long as a config entry is loaded."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .account import LoadedAccount
from .history_import import HistoryImport
from .keeper import Keeper


@dataclass(frozen=True, slots=True)
class RuntimeData:
    """The account, which reads, its keeper, which writes, and what imports its past."""

    account: LoadedAccount
    keeper: Keeper
    history: HistoryImport


type JoulekeeperConfigEntry = ConfigEntry[RuntimeData]
