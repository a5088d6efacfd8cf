"""Entities of an inverter: flows, grid, strings, facts."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfFrequency

from ....core.models import DeviceKind
from ....descriptions import (
    CURRENT,
    DIAGNOSTIC,
    ENERGY,
    LIMIT_VA,
    LIMIT_W,
    OFF,
    POWER,
    SHARE,
    TEMPERATURE,
    VOLTAGE,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    Value,
    nth,
    sensor,
    share,
)
from ..endpoints import DYNAMIC, PANELS, STATIC
from ..models import Dynamic, PanelGroup, Phase, PvString, has_battery
from ..schedule import MODES, mode_name
from .parts import fact, live

STATUSES: Final = ("ok", "offline", "fault")
_STRINGS: Final = 10
_PHASES: Final = ("a", "b", "c")


def _phase(dynamic: Dynamic, name: str) -> Phase:
    for phase in dynamic.phases:
        if phase.name == name:
            return phase
    raise LookupError(name)


FLOWS: Final = (
    live("solar_power", lambda data: data.pv_power_w, **POWER),
    live("grid_power", lambda data: data.grid_power_w, **POWER),
    live("grid_import_power", lambda data: data.grid_import_w, **POWER, **OFF),
    live("grid_export_power", lambda data: data.grid_export_w, **POWER, **OFF),
    sensor(
        "load_power",
        (DYNAMIC, STATIC),
        lambda readings: readings[DYNAMIC].load_power_w(
            has_battery=has_battery(readings[STATIC], readings[DYNAMIC])
        ),
        **POWER,
    ),
    live("solar_energy", lambda data: data.pv_energy_kwh, **ENERGY),
    live("grid_import_energy", lambda data: data.import_energy_kwh, **ENERGY),
    live("grid_export_energy", lambda data: data.export_energy_kwh, **ENERGY),
    live("load_energy", lambda data: data.load_energy_kwh, **ENERGY),
    sensor(
        "solar_share_of_capacity",
        (DYNAMIC, STATIC),
        lambda readings: share(
            readings[DYNAMIC].pv_power_w, readings[STATIC].panel_size_w
        ),
        **SHARE,
        **OFF,
    ),
)

INVERTER: Final = (
    live(
        "status",
        lambda data: data.status if data.status in STATUSES else None,
        device_class=SensorDeviceClass.ENUM,
        options=list(STATUSES),
    ),
    live(
        "mode",
        lambda data: mode_name(data.mode),
        device_class=SensorDeviceClass.ENUM,
        options=list(MODES),
    ),
    live("mode_power", lambda data: data.mode_power_w, **POWER),
    live(
        "inverter_temperature",
        lambda data: data.inverter_temperature_c,
        **TEMPERATURE,
        **DIAGNOSTIC,
    ),
    live(
        "last_reading",
        lambda data: data.timestamp,
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        **OFF,
    ),
    live(
        "grid_frequency",
        lambda data: data.frequency_hz,
        device_class=SensorDeviceClass.FREQUENCY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfFrequency.HERTZ,
        suggested_display_precision=2,
        **OFF,
    ),
    live("grid_voltage", lambda data: data.grid_voltage_v, **VOLTAGE, **OFF),
    live("grid_current", lambda data: data.grid_current_a, **CURRENT, **OFF),
)


def _phase_sensors(name: str) -> Iterable[ReadingSensorDescription]:
    def of_phase(
        key: str, value_fn: Callable[[Phase], Value], **details: Any
    ) -> ReadingSensorDescription:
        return live(
            f"phase_{name}_{key}",
            lambda data: value_fn(_phase(data, name)),
            name=f"phase_{key}",
            number=name,
            **details,
            **OFF,
        )

    return (
        of_phase("power", lambda phase: phase.net_w, **POWER),
        of_phase("import_power", lambda phase: phase.imported_w, **POWER),
        of_phase("export_power", lambda phase: phase.exported_w, **POWER),
        of_phase("voltage", lambda phase: phase.voltage_v, **VOLTAGE),
        of_phase("current", lambda phase: phase.current_a, **CURRENT),
        of_phase(
            "power_factor",
            lambda phase: phase.power_factor,
            device_class=SensorDeviceClass.POWER_FACTOR,
            state_class=SensorStateClass.MEASUREMENT,
            suggested_display_precision=2,
        ),
    )


def _string_sensors(index: int) -> Iterable[ReadingSensorDescription]:
    number = index + 1

    def of_string(
        key: str, value_fn: Callable[[PvString], Value], **details: Any
    ) -> ReadingSensorDescription:
        return live(
            f"string_{number}_{key}",
            lambda data: value_fn(nth(data.pv_strings, index)),
            name=f"string_{key}",
            number=number,
            **details,
        )

    def of_panels(
        key: str, value_fn: Callable[[PanelGroup], Value], **details: Any
    ) -> ReadingSensorDescription:
        return sensor(
            f"string_{number}_{key}",
            (PANELS,),
            lambda readings: value_fn(nth(readings[PANELS].groups, index)),
            name=f"string_{key}",
            number=number,
            **details,
            **DIAGNOSTIC,
        )

    return (
        of_string("power", lambda string: string.power_w, **POWER),
        of_string("voltage", lambda string: string.voltage_v, **VOLTAGE, **OFF),
        of_string("current", lambda string: string.current_a, **CURRENT, **OFF),
        of_panels("size", lambda group: group.size_w, **LIMIT_W),
        of_panels("panels", lambda group: group.panels),
        of_panels("direction", lambda group: group.direction),
        sensor(
            f"string_{number}_share_of_size",
            (DYNAMIC, PANELS),
            lambda readings: share(
                nth(readings[DYNAMIC].pv_strings, index).power_w,
                nth(readings[PANELS].groups, index).size_w,
            ),
            name="string_share_of_size",
            number=number,
            **SHARE,
            **OFF,
        ),
    )


FACTS: Final = (
    fact("model", lambda static: static.model),
    fact("software_version", lambda static: static.software_version),
    fact("firmware_version", lambda static: static.firmware_version),
    fact("system_type", lambda static: static.system_type),
    fact("site_type", lambda static: static.site_type),
    fact("network_connection", lambda static: static.network_connection),
    fact("panel_model", lambda static: static.panel_model),
    fact("battery_count", lambda static: static.battery_count),
    fact("serial_number", lambda static: static.serial),
    fact("site_id", lambda static: static.site_id),
    fact("nmi", lambda static: static.nmi),
    fact("latitude", lambda static: static.latitude),
    fact("longitude", lambda static: static.longitude),
    fact(
        "commissioning_date",
        lambda static: static.commissioning_date,
        device_class=SensorDeviceClass.DATE,
    ),
    fact("panel_size", lambda static: static.panel_size_w, **LIMIT_W),
    fact("approved_capacity", lambda static: static.approved_capacity_w, **LIMIT_W),
    fact(
        "export_hard_limit", lambda static: static.limits.export_hard_limit_w, **LIMIT_W
    ),
    fact(
        "export_soft_limit", lambda static: static.limits.export_soft_limit_w, **LIMIT_W
    ),
    fact(
        "site_export_limit", lambda static: static.limits.site_export_limit_w, **LIMIT_W
    ),
    fact("max_export_power", lambda static: static.limits.max_export_w, **LIMIT_W),
    fact("max_import_power", lambda static: static.limits.max_import_w, **LIMIT_W),
    fact(
        "generation_hard_limit",
        lambda static: static.generation_hard_limit_va,
        **LIMIT_VA,
    ),
    fact(
        "generation_soft_limit",
        lambda static: static.generation_soft_limit_va,
        **LIMIT_VA,
    ),
)

INVERTER_SENSORS: Final = (
    *FLOWS,
    *INVERTER,
    *(item for name in _PHASES for item in _phase_sensors(name)),
    *(item for index in range(_STRINGS) for item in _string_sensors(index)),
    *FACTS,
)

INVERTER_BINARY_SENSORS: Final = (
    ReadingBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.INVERTER,
        inputs=(DYNAMIC,),
        value_fn=lambda readings: (
            readings[DYNAMIC].status == "fault"
            if readings[DYNAMIC].status is not None
            else None
        ),
    ),
)
