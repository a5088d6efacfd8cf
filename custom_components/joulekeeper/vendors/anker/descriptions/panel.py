"""Entities of power panels and X1 home storage: averages and totals (dossier 4.14)."""

from collections.abc import Callable
from typing import Final

from homeassistant.components.sensor import SensorStateClass

from ....core.models import DeviceReadings
from ....descriptions import (
    CHARGE_LEVEL,
    ENERGY,
    MONEY,
    POWER,
    ReadingSensorDescription,
    sensor,
)
from ..currencies import currency_code
from ..endpoints import PANEL
from ..panel import PanelDay, PanelSource, RunningInfo
from ..panel_feed import PanelNow
from .parts import ON_SITE, WEIGHT, of_day


def _average(
    stem: str, source: PanelSource, place: int = 0
) -> ReadingSensorDescription:
    """Return the power of the last five minutes."""
    return sensor(
        f"{stem}_power_average",
        (PANEL,),
        lambda readings: readings[PANEL].average_w(source, place),
        **POWER,
        **ON_SITE,
    )


def _energy(
    stem: str, source: PanelSource, value_fn: Callable[[PanelDay], float | None]
) -> ReadingSensorDescription:
    """Return an energy of the day."""

    def value(told: PanelNow, _readings: DeviceReadings) -> float | None:
        day = told.days.get(source)
        return value_fn(day) if day else None

    return of_day(
        f"panel_{stem}_energy_today",
        PANEL,
        value,
        lambda told: told.begins,
        name=f"{stem}_energy_today",
        **ON_SITE,
    )


def _running[T](
    value_fn: Callable[[RunningInfo], T],
) -> Callable[[DeviceReadings], T | None]:
    def value(readings: DeviceReadings) -> T | None:
        running = readings[PANEL].running
        return None if running is None else value_fn(running)

    return value


def _currency(readings: DeviceReadings) -> str | None:
    told = readings[PANEL]
    running = told.running
    return currency_code(running.currency, told.country) if running else None


def _battery_level(readings: DeviceReadings) -> float | None:
    day = readings[PANEL].days.get(PanelSource.BATTERY)
    return day.state_of_charge if day else None


PANEL_SENSORS: Final = (
    _average("solar", PanelSource.SOLAR),
    _average("load", PanelSource.HOME),
    _average("grid_import", PanelSource.GRID),
    _average("charge", PanelSource.BATTERY),
    _average("discharge", PanelSource.BATTERY, 1),
    _energy("solar", PanelSource.SOLAR, lambda day: day.energy_kwh),
    _energy("load", PanelSource.HOME, lambda day: day.energy_kwh),
    _energy("grid_import", PanelSource.GRID, lambda day: day.imported_kwh),
    _energy("grid_export", PanelSource.GRID, lambda day: day.exported_kwh),
    _energy("charge", PanelSource.BATTERY, lambda day: day.imported_kwh),
    _energy("discharge", PanelSource.BATTERY, lambda day: day.exported_kwh),
    sensor(
        "battery_level_average",
        (PANEL,),
        _battery_level,
        **CHARGE_LEVEL,
        **ON_SITE,
    ),
    sensor(
        "panel_yield_total",
        (PANEL,),
        _running(lambda running: running.energy_kwh),
        name="yield_total",
        **ENERGY,
        **ON_SITE,
    ),
    sensor(
        "panel_co2_saved",
        (PANEL,),
        _running(lambda running: running.co2_kg),
        name="co2_saved",
        **WEIGHT,
        **ON_SITE,
    ),
    sensor(
        "panel_savings_total",
        (PANEL,),
        _running(lambda running: running.money),
        name="savings_total",
        unit_fn=_currency,
        state_class=SensorStateClass.TOTAL,
        **MONEY,
        **ON_SITE,
    ),
)
