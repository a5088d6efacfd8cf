"""EV chargers as the AlphaESS Open API shows them (dossier 2.10)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from ..parsing import integer, mapping, objects, text


@dataclass(frozen=True, slots=True, kw_only=True)
class EvCharger:
    """One EV charger of a system."""

    serial: str = field(repr=False)
    model: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of getEvChargerConfigList; None without a serial number."""
        if (serial := text(raw.get("evchargerSn"))) is None:
            return None
        return cls(serial=serial, model=text(raw.get("evchargerModel")))


class EvState(StrEnum):
    """What an EV charger does."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EVSE = "suspended_evse"
    SUSPENDED_EV = "suspended_ev"
    FINISHING = "finishing"
    FAULTED = "faulted"


_EV_STATES: Final = {
    1: EvState.AVAILABLE,
    2: EvState.PREPARING,
    3: EvState.CHARGING,
    4: EvState.SUSPENDED_EVSE,
    5: EvState.SUSPENDED_EV,
    6: EvState.FINISHING,
    9: EvState.FAULTED,
}


@dataclass(frozen=True, slots=True)
class EvStatus:
    """The status of an EV charger; codes 7 and 8 exist without a meaning."""

    code: int | None

    @classmethod
    def parse(cls, raw: Any) -> Self:
        """Read `data` of getEvChargerStatusBySn, an object or a list with one."""
        first = next(iter(objects(raw)), None) or mapping(raw)
        return cls(integer(first.get("evchargerStatus")))

    @property
    def state(self) -> EvState | None:
        """What the code means, None where that is not known."""
        return None if self.code is None else _EV_STATES.get(self.code)
