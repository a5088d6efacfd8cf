"""Tables of the entities that Redback's readings make (dossier 4.1 and 4.2).

Power is W, energy kWh, grid + is import, battery + is discharge. What changes every
minute and few people need is disabled by default, as is what other entities hold too.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    Platform,
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.helpers.typing import StateType

from ...core.models import DeviceKind, DeviceReadings, Reading
from ...descriptions import (
    ReadingBinarySensorDescription,
    ReadingDescription,
    ReadingSensorDescription,
)
from .endpoints import CONFIGURATION, DYNAMIC, PANELS, STATIC
from .models import (
    Cabinet,
    Configuration,
    Dynamic,
    Module,
    PanelGroup,
    Phase,
    PvString,
    Static,
    has_battery,
)
from .schedule import MODES, mode_name

type Value = StateType | date | datetime

STATUSES: Final = ("ok", "offline", "fault")
FAN_STATES: Final = ("off", "on", "error")

_STRINGS: Final = 3
_PHASES: Final = ("a", "b", "c")
_MODULES: Final = 8
_CABINETS: Final = 2


def _sensor(
    key: str,
    inputs: tuple[Reading[Any], ...],
    value_fn: Callable[[DeviceReadings], Value],
    *,
    on: DeviceKind = DeviceKind.INVERTER,
    enabled: bool = True,
    name: str | None = None,
    number: str | int | None = None,
    **details: Any,
) -> ReadingSensorDescription:
    """Return a sensor; `name` is the text that numbered sensors share."""
    return ReadingSensorDescription(
        key=key,
        translation_key=name or key,
        translation_placeholders=None
        if number is None
        else {"number": str(number).upper()},
        device_kind=on,
        inputs=inputs,
        value_fn=value_fn,
        entity_registry_enabled_default=enabled,
        **details,
    )


def _live(
    key: str, value_fn: Callable[[Dynamic], Value], **details: Any
) -> ReadingSensorDescription:
    """Return a sensor of the telemetry."""
    return _sensor(
        key, (DYNAMIC,), lambda readings: value_fn(readings[DYNAMIC]), **details
    )


def _fact(
    key: str,
    value_fn: Callable[[Static], Value],
    *,
    enabled: bool = False,
    **details: Any,
) -> ReadingSensorDescription:
    """Return a diagnostic sensor of what seldom changes, off by default."""
    return _sensor(
        key,
        (STATIC,),
        lambda readings: value_fn(readings[STATIC]),
        enabled=enabled,
        entity_category=EntityCategory.DIAGNOSTIC,
        **details,
    )


def _setting(
    key: str, value_fn: Callable[[Configuration], Value], **details: Any
) -> ReadingSensorDescription:
    """Return a diagnostic sensor of the configuration in force."""
    return _sensor(
        key,
        (CONFIGURATION,),
        lambda readings: value_fn(readings[CONFIGURATION]),
        entity_category=EntityCategory.DIAGNOSTIC,
        **details,
    )


def _nth[T](items: tuple[T, ...], index: int) -> T:
    """Return an item; LookupError, which reads as unknown, where there is none."""
    return items[index]


def _phase(dynamic: Dynamic, name: str) -> Phase:
    for phase in dynamic.phases:
        if phase.name == name:
            return phase
    raise LookupError(name)


def _share(part: float | None, whole: float | None) -> float | None:
    if part is None or not whole:
        return None
    return round(part / whole * 100, 1)


def _product(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return None
    return round(first * second, 3)


POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 1,
}
STORED: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY_STORAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 2,
}
VOLTAGE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.VOLTAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfElectricPotential.VOLT,
    "suggested_display_precision": 1,
}
CURRENT: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.CURRENT,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    "suggested_display_precision": 1,
}
SHARE: Final[dict[str, Any]] = {
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": PERCENTAGE,
    "suggested_display_precision": 0,
}
CHARGE_LEVEL: Final = SHARE | {"device_class": SensorDeviceClass.BATTERY}
TEMPERATURE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
DIAGNOSTIC: Final[dict[str, Any]] = {"entity_category": EntityCategory.DIAGNOSTIC}
LIMIT_W: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
LIMIT_VA: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.APPARENT_POWER,
    "native_unit_of_measurement": UnitOfApparentPower.VOLT_AMPERE,
    "suggested_display_precision": 0,
}
OFF: Final[dict[str, Any]] = {"enabled": False}
ON_BATTERY: Final[dict[str, Any]] = {"on": DeviceKind.BATTERY}

FLOWS: Final = (
    _live("solar_power", lambda live: live.pv_power_w, **POWER),
    _live("grid_power", lambda live: live.grid_power_w, **POWER),
    _live("grid_import_power", lambda live: live.grid_import_w, **POWER, **OFF),
    _live("grid_export_power", lambda live: live.grid_export_w, **POWER, **OFF),
    _sensor(
        "load_power",
        (DYNAMIC, STATIC),
        lambda readings: readings[DYNAMIC].load_power_w(
            has_battery=has_battery(readings[STATIC], readings[DYNAMIC])
        ),
        **POWER,
    ),
    _live("solar_energy", lambda live: live.pv_energy_kwh, **ENERGY),
    _live("grid_import_energy", lambda live: live.import_energy_kwh, **ENERGY),
    _live("grid_export_energy", lambda live: live.export_energy_kwh, **ENERGY),
    _live("load_energy", lambda live: live.load_energy_kwh, **ENERGY),
    _sensor(
        "solar_share_of_capacity",
        (DYNAMIC, STATIC),
        lambda readings: _share(
            readings[DYNAMIC].pv_power_w, readings[STATIC].panel_size_w
        ),
        **SHARE,
        **OFF,
    ),
)

INVERTER: Final = (
    _live(
        "status",
        lambda live: live.status if live.status in STATUSES else None,
        device_class=SensorDeviceClass.ENUM,
        options=list(STATUSES),
    ),
    _live(
        "mode",
        lambda live: mode_name(live.mode),
        device_class=SensorDeviceClass.ENUM,
        options=list(MODES),
    ),
    _live("mode_power", lambda live: live.mode_power_w, **POWER),
    _live(
        "inverter_temperature",
        lambda live: live.inverter_temperature_c,
        **TEMPERATURE,
        **DIAGNOSTIC,
    ),
    _live(
        "last_reading",
        lambda live: live.timestamp,
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        **OFF,
    ),
    _live(
        "grid_frequency",
        lambda live: live.frequency_hz,
        device_class=SensorDeviceClass.FREQUENCY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfFrequency.HERTZ,
        suggested_display_precision=2,
        **OFF,
    ),
    _live("grid_voltage", lambda live: live.grid_voltage_v, **VOLTAGE, **OFF),
    _live("grid_current", lambda live: live.grid_current_a, **CURRENT, **OFF),
)


def _phase_sensors(name: str) -> Iterable[ReadingSensorDescription]:
    def of_phase(
        key: str, value_fn: Callable[[Phase], Value], **details: Any
    ) -> ReadingSensorDescription:
        return _live(
            f"phase_{name}_{key}",
            lambda live: value_fn(_phase(live, name)),
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
        return _live(
            f"string_{number}_{key}",
            lambda live: value_fn(_nth(live.pv_strings, index)),
            name=f"string_{key}",
            number=number,
            **details,
        )

    def of_panels(
        key: str, value_fn: Callable[[PanelGroup], Value], **details: Any
    ) -> ReadingSensorDescription:
        return _sensor(
            f"string_{number}_{key}",
            (PANELS,),
            lambda readings: value_fn(_nth(readings[PANELS].groups, index)),
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
        _sensor(
            f"string_{number}_share_of_size",
            (DYNAMIC, PANELS),
            lambda readings: _share(
                _nth(readings[DYNAMIC].pv_strings, index).power_w,
                _nth(readings[PANELS].groups, index).size_w,
            ),
            name="string_share_of_size",
            number=number,
            **SHARE,
            **OFF,
        ),
    )


FACTS: Final = (
    _fact("model", lambda static: static.model),
    _fact("software_version", lambda static: static.software_version),
    _fact("firmware_version", lambda static: static.firmware_version),
    _fact("system_type", lambda static: static.system_type),
    _fact("site_type", lambda static: static.site_type),
    _fact("network_connection", lambda static: static.network_connection),
    _fact("panel_model", lambda static: static.panel_model),
    _fact("battery_count", lambda static: static.battery_count),
    _fact("serial_number", lambda static: static.serial),
    _fact("site_id", lambda static: static.site_id),
    _fact("nmi", lambda static: static.nmi),
    _fact("latitude", lambda static: static.latitude),
    _fact("longitude", lambda static: static.longitude),
    _fact(
        "commissioning_date",
        lambda static: static.commissioning_date,
        device_class=SensorDeviceClass.DATE,
    ),
    _fact("panel_size", lambda static: static.panel_size_w, **LIMIT_W),
    _fact("approved_capacity", lambda static: static.approved_capacity_w, **LIMIT_W),
    _fact("export_hard_limit", lambda static: static.export_hard_limit_w, **LIMIT_W),
    _fact("export_soft_limit", lambda static: static.export_soft_limit_w, **LIMIT_W),
    _fact("site_export_limit", lambda static: static.site_export_limit_w, **LIMIT_W),
    _fact("max_export_power", lambda static: static.max_export_w, **LIMIT_W),
    _fact("max_import_power", lambda static: static.max_import_w, **LIMIT_W),
    _fact(
        "generation_hard_limit",
        lambda static: static.generation_hard_limit_va,
        **LIMIT_VA,
    ),
    _fact(
        "generation_soft_limit",
        lambda static: static.generation_soft_limit_va,
        **LIMIT_VA,
    ),
)

BATTERY: Final = (
    _live(
        "state_of_charge",
        lambda live: live.state_of_charge,
        **CHARGE_LEVEL,
        **ON_BATTERY,
    ),
    _live("battery_power", lambda live: live.battery_power_w, **POWER, **ON_BATTERY),
    _live(
        "charge_power",
        lambda live: _positive(live.battery_power_w, -1),
        **POWER,
        **ON_BATTERY,
        **OFF,
    ),
    _live(
        "discharge_power",
        lambda live: _positive(live.battery_power_w, 1),
        **POWER,
        **ON_BATTERY,
        **OFF,
    ),
    _live("charge_energy", lambda live: live.charge_energy_kwh, **ENERGY, **ON_BATTERY),
    _live(
        "discharge_energy",
        lambda live: live.discharge_energy_kwh,
        **ENERGY,
        **ON_BATTERY,
    ),
    _sensor(
        "stored_energy",
        (DYNAMIC, STATIC),
        lambda readings: _product(
            readings[STATIC].battery_capacity_kwh, _fraction(readings[DYNAMIC])
        ),
        **STORED,
        **ON_BATTERY,
        **OFF,
    ),
    _sensor(
        "usable_energy",
        (DYNAMIC, STATIC, CONFIGURATION),
        lambda readings: _usable_energy(
            readings[STATIC], readings[DYNAMIC], readings[CONFIGURATION]
        ),
        **STORED,
        **ON_BATTERY,
    ),
    _live(
        "battery_voltage",
        lambda live: live.battery.voltage_v,
        **VOLTAGE,
        **ON_BATTERY,
        **OFF,
    ),
    _live(
        "battery_current",
        lambda live: live.battery.current_a,
        **CURRENT,
        **ON_BATTERY,
        **OFF,
    ),
    _live(
        "battery_voltage_type",
        lambda live: live.battery.voltage_type,
        **DIAGNOSTIC,
        **ON_BATTERY,
        **OFF,
    ),
    _live(
        "battery_modules",
        lambda live: live.battery.module_count,
        **DIAGNOSTIC,
        **ON_BATTERY,
        **OFF,
    ),
    _fact(
        "battery_capacity",
        lambda static: static.battery_capacity_kwh,
        **STORED,
        **ON_BATTERY,
        enabled=True,
    ),
    _fact(
        "battery_usable_capacity",
        lambda static: static.usable_capacity_kwh,
        **STORED,
        **ON_BATTERY,
    ),
    _fact(
        "max_charge_power",
        lambda static: static.max_charge_w,
        **LIMIT_W,
        **ON_BATTERY,
    ),
    _fact(
        "max_discharge_power",
        lambda static: static.max_discharge_w,
        **LIMIT_W,
        **ON_BATTERY,
    ),
    _setting(
        "min_state_of_charge",
        lambda configuration: configuration.min_soc,
        **SHARE,
        **ON_BATTERY,
    ),
    _setting(
        "min_off_grid_state_of_charge",
        lambda configuration: configuration.min_offgrid_soc,
        **SHARE,
        **ON_BATTERY,
        **OFF,
    ),
)


def _positive(value: float | None, sign: int) -> float | None:
    return None if value is None else max(0, sign * value)


def _fraction(dynamic: Dynamic) -> float | None:
    level = dynamic.state_of_charge
    return None if level is None else level / 100


def _usable_energy(
    static: Static, dynamic: Dynamic, configuration: Configuration
) -> float | None:
    """Return the energy above the reserve; below the reserve there is none."""
    level, reserve = dynamic.state_of_charge, configuration.min_soc
    if level is None or reserve is None:
        return None
    return _product(static.battery_capacity_kwh, max(0, level - reserve) / 100)


def _module_sensors(index: int) -> Iterable[ReadingSensorDescription]:
    number = index + 1

    def of_module(
        key: str, value_fn: Callable[[Module], Value], **details: Any
    ) -> ReadingSensorDescription:
        return _live(
            f"module_{number}_{key}",
            lambda live: value_fn(_nth(live.battery.modules, index)),
            name=f"module_{key}",
            number=number,
            **details,
            **ON_BATTERY,
            **OFF,
        )

    return (
        of_module("state_of_charge", lambda module: module.state_of_charge, **SHARE),
        of_module("power", lambda module: module.power_w, **POWER),
        of_module("voltage", lambda module: module.voltage_v, **VOLTAGE),
        of_module("current", lambda module: module.current_a, **CURRENT),
        _fact(
            f"module_{number}_model",
            lambda static: _nth(static.battery_models, index),
            name="module_model",
            number=number,
            **ON_BATTERY,
        ),
    )


def _cabinet_sensors(index: int) -> Iterable[ReadingSensorDescription]:
    number = index + 1

    def of_cabinet(
        key: str, value_fn: Callable[[Cabinet], Value], **details: Any
    ) -> ReadingSensorDescription:
        return _live(
            f"cabinet_{number}_{key}",
            lambda live: value_fn(_nth(live.battery.cabinets, index)),
            name=f"cabinet_{key}",
            number=number,
            **details,
            **DIAGNOSTIC,
            **ON_BATTERY,
        )

    return (
        of_cabinet("temperature", lambda cabinet: cabinet.temperature_c, **TEMPERATURE),
        of_cabinet(
            "fan",
            lambda cabinet: (
                cabinet.fan_state if cabinet.fan_state in FAN_STATES else None
            ),
            device_class=SensorDeviceClass.ENUM,
            options=list(FAN_STATES),
        ),
    )


SENSORS: Final = (
    *FLOWS,
    *INVERTER,
    *(sensor for name in _PHASES for sensor in _phase_sensors(name)),
    *(sensor for index in range(_STRINGS) for sensor in _string_sensors(index)),
    *FACTS,
    *BATTERY,
    *(sensor for index in range(_MODULES) for sensor in _module_sensors(index)),
    *(sensor for index in range(_CABINETS) for sensor in _cabinet_sensors(index)),
)

BINARY_SENSORS: Final = (
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

DESCRIPTIONS: Final[dict[str, tuple[ReadingDescription, ...]]] = {
    Platform.SENSOR: SENSORS,
    Platform.BINARY_SENSOR: BINARY_SENSORS,
}
