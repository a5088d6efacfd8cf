"""Entities of what a plant's day, month, year and life came to (dossier 2.3)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfMass

from ....core.flow import total
from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    ENERGY,
    ENERGY_OF_DAY,
    MONEY,
    OFF,
    SHARE,
    ReadingSensorDescription,
    Value,
    sensor,
)
from ..endpoints import DEVICE_STATISTICS, LIVE, STATISTICS
from ..models import DevicePeriod, PlantPeriod
from ..times import Period

_ON: Final[dict[str, Any]] = {"on": DeviceKind.SITE}
_TOTAL: Final[dict[str, Any]] = {"state_class": SensorStateClass.TOTAL}
_IRRADIATION: Final[dict[str, Any]] = {
    "native_unit_of_measurement": "kWh/m²",
    "suggested_display_precision": 2,
}
_SPECIFIC_YIELD: Final[dict[str, Any]] = {
    "native_unit_of_measurement": "kWh/kWp",
    "suggested_display_precision": 2,
}
_WEIGHT: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.WEIGHT,
    "native_unit_of_measurement": UnitOfMass.KILOGRAMS,
    "suggested_display_precision": 0,
}
_TREES: Final[dict[str, Any]] = {"suggested_display_precision": 0}
_SPANS: Final = {
    "today": Period.DAY,
    "this_month": Period.MONTH,
    "this_year": Period.YEAR,
}


type _Of = Callable[[PlantPeriod], float | None]


def _row(readings: DeviceReadings, period: Period) -> PlantPeriod:
    told = readings[STATISTICS]
    rows = {Period.DAY: told.day, Period.MONTH: told.month, Period.YEAR: told.year}
    if (row := rows[period]) is None:
        raise LookupError(period)
    return row


def _of_batteries(
    value_fn: Callable[[DeviceReadings], Value],
) -> Callable[[DeviceReadings], Value]:
    """Return what knows nothing of a plant without a battery: it is 0 for ever."""

    def value(readings: DeviceReadings) -> Value:
        live = readings.get(LIVE)
        return None if live and not live.has_battery else value_fn(readings)

    return value


def _of_span(
    stem: str, of: _Of, span: str, details: Mapping[str, Any], *, enabled: bool
) -> ReadingSensorDescription:
    """Return a sensor of a span that began at a midnight; a share never began."""
    period = _SPANS[span]
    resets: dict[str, Any] = {
        "last_reset_fn": lambda readings: readings[STATISTICS].begins[period]
    }
    return sensor(
        f"{stem}_{span}",
        (STATISTICS,),
        lambda readings: of(_row(readings, period)),
        enabled=enabled,
        **(resets if details["state_class"] is SensorStateClass.TOTAL else {}),
        **details,
        **_ON,
    )


def _of_life(
    stem: str, of: _Of, details: Mapping[str, Any]
) -> ReadingSensorDescription:
    """Return a sensor of all years; not known while one of them is not.

    A lifetime of 0 is no truth, and would count everything once more.
    """
    return sensor(
        stem,
        (STATISTICS,),
        lambda readings: total(map(of, readings[STATISTICS].years)) or None,
        **(ENERGY if details is ENERGY_OF_DAY else details),
        **_ON,
        **OFF,
    )


def _item(
    stem: str,
    of: _Of,
    details: Mapping[str, Any] = ENERGY_OF_DAY,
    *,
    spans: Iterable[str] = tuple(_SPANS),
    lifetime: bool = True,
    enabled: bool = False,
    batteries: bool = False,
) -> Iterable[ReadingSensorDescription]:
    """Yield the sensors of one item, for some spans and for the plant's life."""
    rows = [_of_span(stem, of, span, details, enabled=enabled) for span in spans]
    if lifetime:
        rows.append(_of_life(stem, of, details))
    if not batteries:
        return rows
    return [replace(row, value_fn=_of_batteries(row.value_fn)) for row in rows]


# What the plant's real-time values tell too is not shown twice.
_BUT_TODAY: Final = ("this_month", "this_year")

STATISTICS_SENSORS: Final = (
    *_item(
        "yield",
        lambda row: row.yield_kwh,
        spans=("this_year",),
        lifetime=False,
        enabled=True,
    ),
    *_item("grid_export_energy", lambda row: row.export_kwh, spans=_BUT_TODAY),
    *_item("load_energy", lambda row: row.use_kwh, spans=_BUT_TODAY),
    *_item("self_consumed_energy", lambda row: row.self_provided_kwh),
    *_item("charge_energy", lambda row: row.charge_kwh, batteries=True),
    *_item("discharge_energy", lambda row: row.discharge_kwh, batteries=True),
    *_item("solar_energy", lambda row: row.pv_yield_kwh),
    *_item("inverter_energy", lambda row: row.inverter_yield_kwh),
    *_item("theoretical_energy", lambda row: row.theoretical_kwh),
    *_item(
        "income",
        lambda row: row.profit,
        _TOTAL | MONEY,
        spans=_BUT_TODAY,
        lifetime=False,
    ),
    *_item("irradiation", lambda row: row.irradiation_kwh_m2, _TOTAL | _IRRADIATION),
    *_item(
        "specific_yield", lambda row: row.specific_yield_h, _TOTAL | _SPECIFIC_YIELD
    ),
    *_item(
        "performance_ratio", lambda row: row.performance_ratio, SHARE, lifetime=False
    ),
    *_item("co2_saved", lambda row: row.co2_kg, _TOTAL | _WEIGHT),
    *_item("coal_saved", lambda row: row.coal_kg, _TOTAL | _WEIGHT),
    *_item("trees_planted", lambda row: row.trees, _TOTAL | _TREES),
)


# -- of devices ----------------------------------------------------------------


def _of_device(
    stem: str,
    of: Callable[[DevicePeriod], float | None],
    span: str,
    on: DeviceKind,
    details: Mapping[str, Any] = ENERGY_OF_DAY,
) -> ReadingSensorDescription:
    """Return a sensor of a month or a year of an inverter or a battery, off by default.

    Its day is told by its present values.
    """
    period = _SPANS[span]
    return sensor(
        f"{stem}_{span}",
        (DEVICE_STATISTICS,),
        lambda readings: of(
            readings[DEVICE_STATISTICS].rows[period][int(readings.part_id)]
        ),
        last_reset_fn=lambda readings: readings[DEVICE_STATISTICS].begins[period],
        on=on,
        **details,
        **OFF,
    )


DEVICE_STATISTICS_SENSORS: Final = (
    *(
        _of_device("yield", lambda row: row.yield_kwh, span, DeviceKind.INVERTER)
        for span in _BUT_TODAY
    ),
    _of_device(
        "specific_yield",
        lambda row: row.specific_yield_h,
        "this_year",
        DeviceKind.INVERTER,
        _TOTAL | _SPECIFIC_YIELD,
    ),
    *(
        _of_device(stem, of, span, DeviceKind.BATTERY)
        for stem, of in (
            ("charge_energy", lambda row: row.charge_kwh),
            ("discharge_energy", lambda row: row.discharge_kwh),
        )
        for span in _BUT_TODAY
    ),
)
