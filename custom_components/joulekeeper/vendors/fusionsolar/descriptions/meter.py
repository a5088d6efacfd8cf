"""Entities of a meter: a power sensor, an EMMA or a grid meter."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfApparentPower, UnitOfReactiveEnergy

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import ENERGY, OFF, POWER, ReadingSensorDescription, sensor
from ..board import MeterNow
from ..endpoints import LIVE
from ..meters import reactive_phases
from ..readings import TARIFFS, WAYS, Three
from .parts import (
    FREQUENCY,
    POWER_FACTOR,
    REACTIVE_POWER,
    live,
    meter_of,
    online,
    phases,
    positive,
    voltages,
)

_ON: Final[dict[str, Any]] = {"on": DeviceKind.METER}
_KILO: Final = 1000
_APPARENT_POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.APPARENT_POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfApparentPower.VOLT_AMPERE,
    "suggested_display_precision": 0,
}
_REACTIVE_ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.REACTIVE_ENERGY,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfReactiveEnergy.KILO_VOLT_AMPERE_REACTIVE_HOUR,
    "suggested_display_precision": 1,
}
_NAMES: Final = dict(
    zip(TARIFFS, ("peak", "shoulder", "off_peak", "sharp"), strict=True)
)


def _external_power(item: MeterNow) -> float | None:
    """Return the power of the other meter that an EMMA reads, with the cloud's sign.

    What is measured there nobody tells, so nobody knows what import would be.
    """
    power = item.meter.external_raw_power
    if power is None:
        return None
    return power * _KILO if item.convention.kilowatts else power


def reactive_of(item: MeterNow) -> Three:
    """Return the reactive powers of phases, var, with the cloud's sign."""
    return reactive_phases(item.meter, item.kind)


METER: Final = (
    live("grid_power", meter_of, lambda item: item.grid.power_w, **POWER, **_ON),
    live(
        "grid_import_power",
        meter_of,
        lambda item: positive(item.grid.power_w),
        **POWER,
        **_ON,
        **OFF,
    ),
    live(
        "grid_export_power",
        meter_of,
        lambda item: positive(item.grid.power_w, -1),
        **POWER,
        **_ON,
        **OFF,
    ),
    # A lifetime of 0 is no truth, and would count everything once more.
    live(
        "grid_import_energy",
        meter_of,
        lambda item: item.grid.import_kwh or None,
        **ENERGY,
        **_ON,
    ),
    live(
        "grid_export_energy",
        meter_of,
        lambda item: item.grid.export_kwh or None,
        **ENERGY,
        **_ON,
    ),
    live(
        "grid_frequency",
        meter_of,
        lambda item: item.meter.frequency_hz or None,
        **FREQUENCY,
        **_ON,
        **OFF,
    ),
    live(
        "power_factor",
        meter_of,
        lambda item: item.meter.power_factor,
        **POWER_FACTOR,
        **_ON,
        **OFF,
    ),
    live(
        "reactive_power",
        meter_of,
        lambda item: item.meter.reactive_var,
        **REACTIVE_POWER,
        **_ON,
        **OFF,
    ),
    live(
        "apparent_power",
        meter_of,
        lambda item: item.meter.apparent_va,
        **_APPARENT_POWER,
        **_ON,
        **OFF,
    ),
    live(
        "reactive_energy_positive",
        meter_of,
        lambda item: item.meter.positive_kvarh,
        **_REACTIVE_ENERGY,
        **_ON,
        **OFF,
    ),
    live(
        "reactive_energy_reverse",
        meter_of,
        lambda item: item.meter.reverse_kvarh,
        **_REACTIVE_ENERGY,
        **_ON,
        **OFF,
    ),
    live("external_power", meter_of, _external_power, **POWER, **_ON, **OFF),
    live(
        "external_energy_positive",
        meter_of,
        lambda item: item.meter.external_positive_kwh,
        **ENERGY,
        **_ON,
        **OFF,
    ),
    live(
        "external_energy_reverse",
        meter_of,
        lambda item: item.meter.external_reverse_kwh,
        **ENERGY,
        **_ON,
        **OFF,
    ),
    *phases("power", lambda readings: meter_of(readings).grid.phases_w, **POWER, **_ON),
    *phases(
        "reactive_power",
        lambda readings: reactive_of(meter_of(readings)),
        **REACTIVE_POWER,
        **_ON,
    ),
    *voltages(
        lambda readings: meter_of(readings).meter.phase_v,
        lambda readings: meter_of(readings).meter.line_v,
        lambda readings: meter_of(readings).meter.phase_a,
        DeviceKind.METER,
    ),
)


def _tariff(tariff: str) -> Iterable[ReadingSensorDescription]:
    """Return the counters of a tariff: import, export, and reactive energies."""
    name = _NAMES[tariff]

    def active(readings: DeviceReadings, *, imported: bool) -> float | None:
        item = meter_of(readings)
        if (exports := item.convention.counts_export) is None:
            return None
        way = exports is imported
        return item.meter.tariffs_kwh.get(f"{WAYS[way]}_active_{tariff}")

    return (
        sensor(
            f"grid_import_energy_{name}",
            (LIVE,),
            lambda readings: active(readings, imported=True),
            **ENERGY,
            **_ON,
            **OFF,
        ),
        sensor(
            f"grid_export_energy_{name}",
            (LIVE,),
            lambda readings: active(readings, imported=False),
            **ENERGY,
            **_ON,
            **OFF,
        ),
        *(_reactive(way, tariff) for way in WAYS),
    )


def _reactive(way: str, tariff: str) -> ReadingSensorDescription:
    return live(
        f"reactive_energy_{way}_{_NAMES[tariff]}",
        meter_of,
        lambda item: item.meter.tariffs_kvarh.get(f"{way}_reactive_{tariff}"),
        **_REACTIVE_ENERGY,
        **_ON,
        **OFF,
    )


METER_SENSORS: Final = (*METER, *(row for name in TARIFFS for row in _tariff(name)))

METER_BINARY_SENSORS: Final = (
    online(lambda readings: meter_of(readings).meter.connected, DeviceKind.METER),
)
