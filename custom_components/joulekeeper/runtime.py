"""What lives as long as a config entry is loaded."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .account import LoadedAccount
from .keeper import Keeper


@dataclass(frozen=True, slots=True)
class RuntimeData:
    """The account, which reads, and its keeper, which writes."""

    account: LoadedAccount
    keeper: Keeper


type JoulekeeperConfigEntry = ConfigEntry[RuntimeData]
