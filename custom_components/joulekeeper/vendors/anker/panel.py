"""Power panels and X1 home storage, in short (dossier 4.14).

Neither tells live values, only averages of five minutes. Powers are W, energies kWh,
shares percent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, Final, Self

from ..parsing import mapping, number, objects, text
from .fields import kilograms, kwh, percent, time_of_day, watts_of

_MINUTES: Final = 5


class PanelSource(StrEnum):
    """What a day's statistics are about."""

    SOLAR = "solar"
    BATTERY = "hes"
    GRID = "grid"
    HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningInfo:
    """What a system has brought since it was set up."""

    energy_kwh: float | None
    co2_kg: float | None
    money: float | None
    currency: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_system_running_info, of a panel or of home storage."""

        def told(panel: str, storage: str) -> Any:
            return raw.get(panel, raw.get(storage))

        return cls(
            energy_kwh=kwh(
                told("total_system_power_generation", "totalSystemPowerGeneration"),
                told("system_power_generation_unit", "systemPowerGenerationUnit"),
            ),
            co2_kg=kilograms(
                told("save_carbon_footprint", "saveCarbonFootprint"),
                told("save_carbon_unit", "saveCarbonUnit"),
            ),
            money=number(told("total_system_savings", "totalSystemSavings")),
            currency=text(told("system_savings_price_unit", "systemSavingsPriceUnit")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelDay:
    """A day of one source, up to now. Nothing of it is negative.

    `average_w` are the powers of the last five minutes. There is one, but of a battery
    there are two: what goes into it and what it gives. What is fed into the grid has no
    power. `imported_kwh` is what was drawn from the grid, or charged, and `exported_kwh`
    what was fed in, or discharged.
    """

    energy_kwh: float | None
    imported_kwh: float | None
    exported_kwh: float | None
    average_w: tuple[float | None, ...]
    state_of_charge: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any], now: time) -> Self:
        """Read `data` of a day's energy statistics; `now` is the system's time of day.

        The list always goes to midnight, so what lies ahead is left out.
        """
        last = mapping(_last(raw.get("power"), now))
        level = mapping(_last(raw.get("chargeLevel"), now))
        unit = raw.get("powerUnit")
        return cls(
            energy_kwh=kwh(raw.get("totalEnergy"), raw.get("totalEnergyUnit")),
            imported_kwh=kwh(
                raw.get("totalImportedEnergy"), raw.get("totalImportedEnergyUnit")
            ),
            exported_kwh=kwh(
                raw.get("totalExportedEnergy"), raw.get("totalExportedEnergyUnit")
            ),
            average_w=tuple(
                None if power is None else abs(power)
                for item in objects(last.get("powerInfos"))
                for power in (watts_of(item.get("value"), unit),)
            ),
            state_of_charge=percent(level.get("value")),
        )


def _last(raw: Any, now: time) -> Mapping[str, Any] | None:
    """Return the last interval that is over."""
    over = now.hour * 60 + now.minute - _MINUTES
    found: tuple[int, Mapping[str, Any]] | None = None
    for item in objects(raw):
        if (moment := time_of_day(item.get("time"))) is None:
            continue
        minute = moment.hour * 60 + moment.minute
        if minute <= over and (found is None or minute > found[0]):
            found = minute, item
    return found[1] if found else None
