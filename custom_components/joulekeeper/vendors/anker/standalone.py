"""An MI80 inverter that belongs to no system (dossier 4.13).

Here numbers are numbers. Powers are W, energies kWh.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

from ..parsing import integer, number, objects, text
from .fields import kilograms, kwh, switch, watts


@dataclass(frozen=True, slots=True, kw_only=True)
class PvStatus:
    """What an inverter does now."""

    serial: str = field(repr=False)
    power_w: float | None
    online: bool | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `pvStatuses`; None without a serial number."""
        if (serial := text(raw.get("sn"))) is None:
            return None
        return cls(
            serial=serial,
            power_w=watts(raw.get("power")),
            online=switch(raw.get("status")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PvTotals:
    """What an inverter has brought since it was set up, and its limit."""

    energy_kwh: float | None
    co2_kg: float | None
    money: float | None
    currency: str | None
    limit_w: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of getPvTotalStatistics."""
        return cls(
            energy_kwh=kwh(raw.get("energy"), raw.get("energyUnit")),
            co2_kg=kilograms(raw.get("reductionCo2"), raw.get("reductionCo2Unit")),
            money=number(raw.get("saveMoney")),
            currency=text(raw.get("saveMoneyUnit")),
            limit_w=watts(raw.get("powerConfig")),
        )


def pv_days(raw: Mapping[str, Any], start: date) -> dict[date, float]:
    """Return the energies of a week's `statisticsPv` by day, kWh.

    Days are numbered from the first that was asked for.
    """
    unit = raw.get("energyUnit")
    return {
        start + timedelta(days=index - 1): energy
        for item in objects(raw.get("energy"))
        if (index := integer(item.get("index"))) is not None
        and 1 <= index <= 31
        and (energy := kwh(item.get("energy"), unit)) is not None
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PvTariff:
    """The price per kWh of a stand-alone inverter; the first one is for all day."""

    currency: str | None
    price: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of selectUserTieredElecPrice."""
        tiers = objects(raw.get("tieredElecPrices"))
        return cls(
            currency=text(raw.get("currencyUnit")),
            price=number(tiers[0].get("price")) if tiers else None,
        )
