"""Entities of a system: what flows in it and how it is set (dossier 7.1, 7.2)."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    CHARGE_LEVEL,
    DIAGNOSTIC,
    ENERGY,
    LIMIT_W,
    MONEY,
    OFF,
    POWER,
    SHARE,
    STORED,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    sensor,
)
from ..endpoints import DETAILS, SCENE
from ..models import Scene, Totals
from ..status import UsageMode
from .parts import (
    COUNT,
    ON_SITE,
    TIMESTAMP,
    WEIGHT,
    error_code,
    live,
    negative,
    part,
    scene_of,
)

_MODES: Final = {mode.value: mode.name.lower() for mode in UsageMode}


def _load(scene: Scene) -> float | None:
    """Return what the house uses; without a meter or plugs its 0 is no value."""
    return scene.load_w if scene.measures_load else None


def _grid(scene: Scene) -> float | None:
    grid = scene.grid
    return grid.power_w if grid is not None and grid.meters else None


def _preset(scene: Scene) -> float | None:
    """Return the preset that is in force; 0 of a mode that knows none is no value."""
    if not scene.preset_w and scene.mode not in (None, UsageMode.MANUAL):
        return None
    return scene.preset_w if scene.solarbanks else None


def _power_limit(readings: DeviceReadings) -> float | None:
    """Return what all of the system may give, as it is set in the app."""
    limit = readings[DETAILS].power_limit
    return limit.all_w if limit else None


def _other_loads(scene: Scene) -> float | None:
    return scene.other_loads_w if scene.measures_load else None


def _plugs(scene: Scene) -> float | None:
    return scene.plugs_w if scene.plugs else None


FLOWS: Final = (
    live("solar_power", scene_of, lambda scene: scene.solar_w, **POWER, **ON_SITE),
    live(
        "output_power", scene_of, lambda scene: scene.banks.output_w, **POWER, **ON_SITE
    ),
    live("load_power", scene_of, _load, **POWER, **ON_SITE),
    live("grid_power", scene_of, _grid, **POWER, **ON_SITE),
    live(
        "grid_import_power",
        scene_of,
        lambda scene: part(_grid(scene)),
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live(
        "grid_export_power",
        scene_of,
        lambda scene: part(_grid(scene), -1),
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live(
        "battery_power",
        scene_of,
        lambda scene: negative(scene.banks.charging_w),
        name="site_battery_power",
        **POWER,
        **ON_SITE,
    ),
    live(
        "charge_power",
        scene_of,
        lambda scene: part(scene.banks.charging_w),
        name="site_charge_power",
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live(
        "discharge_power",
        scene_of,
        lambda scene: part(scene.banks.charging_w, -1),
        name="site_discharge_power",
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live(
        "state_of_charge",
        scene_of,
        lambda scene: scene.banks.state_of_charge,
        name="site_state_of_charge",
        **CHARGE_LEVEL,
        **ON_SITE,
    ),
    live(
        "stored_energy",
        scene_of,
        lambda scene: scene.stored_kwh,
        **STORED,
        **ON_SITE,
        **OFF,
    ),
    live(
        "to_home_power",
        scene_of,
        lambda scene: scene.banks.to_home_w,
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live("other_loads_power", scene_of, _other_loads, **POWER, **ON_SITE, **OFF),
    live("smart_plugs_power", scene_of, _plugs, **POWER, **ON_SITE),
    # These are 0 of systems that have no such thing.
    live(
        "ac_socket_power",
        scene_of,
        lambda scene: scene.banks.ac_socket_w,
        rare=True,
        **POWER,
        **ON_SITE,
    ),
    live(
        "other_input_power",
        scene_of,
        lambda scene: scene.banks.other_input_w,
        rare=True,
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live(
        "micro_inverter_power",
        scene_of,
        lambda scene: scene.banks.micro_inverter_w,
        rare=True,
        **POWER,
        **ON_SITE,
    ),
    live(
        "micro_inverter_limit",
        scene_of,
        lambda scene: scene.banks.micro_inverter_limit_w,
        rare=True,
        **LIMIT_W,
        **DIAGNOSTIC,
        **ON_SITE,
        **OFF,
    ),
    live(
        "third_party_solar_power",
        scene_of,
        lambda scene: scene.third_party_pv_w,
        rare=True,
        **POWER,
        **ON_SITE,
    ),
    live(
        "grid_charge_power",
        scene_of,
        lambda scene: scene.banks.grid_to_battery_w,
        rare=True,
        **POWER,
        **ON_SITE,
    ),
    live(
        "heating_power",
        scene_of,
        lambda scene: scene.banks.heating_w,
        rare=True,
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live(
        "power_station_power",
        scene_of,
        lambda scene: scene.power_stations.charging_w,
        **POWER,
        **ON_SITE,
        **OFF,
    ),
    live(
        "power_station_state_of_charge",
        scene_of,
        lambda scene: scene.power_stations.state_of_charge,
        **CHARGE_LEVEL,
        **ON_SITE,
        **OFF,
    ),
)

STATES: Final = (
    live(
        "usage_mode",
        scene_of,
        lambda scene: _MODES.get(scene.mode or 0),
        device_class=SensorDeviceClass.ENUM,
        options=list(_MODES.values()),
        **ON_SITE,
    ),
    live("applied_preset", scene_of, _preset, **LIMIT_W, **ON_SITE),
    sensor(
        "power_limit",
        (DETAILS,),
        _power_limit,
        **LIMIT_W,
        **DIAGNOSTIC,
        **ON_SITE,
        **OFF,
    ),
    live(
        "last_reading",
        scene_of,
        lambda scene: scene.reported_at,
        **TIMESTAMP,
        **DIAGNOSTIC,
        **ON_SITE,
        **OFF,
    ),
    live(
        "backup_charge_full",
        scene_of,
        lambda scene: scene.banks.backup_full_at,
        **TIMESTAMP,
        **ON_SITE,
        **OFF,
    ),
    error_code(DeviceKind.SITE, lambda readings: scene_of(readings).error_code),
)


def _count(key: str, amount: Any) -> ReadingSensorDescription:
    """Return how many devices of a kind there are, if there ever was one."""
    return live(
        key,
        scene_of,
        lambda scene: len(amount(scene)),
        rare=True,
        **COUNT,
        **ON_SITE,
        **OFF,
    )


COUNTS: Final = (
    _count("battery_count", lambda scene: scene.solarbanks),
    _count("inverter_count", lambda scene: scene.inverters),
    _count("meter_count", lambda scene: scene.grid.meters if scene.grid else ()),
    _count("smart_plug_count", lambda scene: scene.plugs),
    _count("power_station_count", lambda scene: scene.power_stations.stations),
    _count("power_panel_count", lambda scene: scene.panels),
)


def _totals(readings: DeviceReadings) -> Totals:
    """Return the totals; those of a power panel are told elsewhere (4.14)."""
    scene = scene_of(readings)
    if scene.panels and not scene.solarbanks:
        raise LookupError(readings.part_id)
    return scene.totals


TOTALS: Final = (
    live("yield_total", _totals, lambda totals: totals.energy_kwh, **ENERGY, **ON_SITE),
    live("co2_saved", _totals, lambda totals: totals.co2_kg, **WEIGHT, **ON_SITE),
    sensor(
        "savings_total",
        (SCENE,),
        lambda readings: _totals(readings).money,
        unit_fn=lambda readings: _totals(readings).currency,
        state_class=SensorStateClass.TOTAL,
        **MONEY,
        **ON_SITE,
    ),
    sensor(
        "ai_profit",
        (SCENE,),
        lambda readings: (
            profit.total if (profit := scene_of(readings).ai_profit) else None
        ),
        unit_fn=lambda readings: (
            profit.currency if (profit := scene_of(readings).ai_profit) else None
        ),
        state_class=SensorStateClass.TOTAL,
        **MONEY,
        **ON_SITE,
    ),
    live(
        "ai_profit_share",
        scene_of,
        lambda scene: scene.ai_profit.share if scene.ai_profit else None,
        **SHARE,
        **ON_SITE,
        **OFF,
    ),
)

SYSTEM_SENSORS: Final = (*FLOWS, *STATES, *COUNTS, *TOTALS)

SYSTEM_BINARY_SENSORS: Final = (
    ReadingBinarySensorDescription(
        key="site_admin",
        translation_key="site_admin",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.SITE,
        inputs=(DETAILS,),
        value_fn=lambda readings: readings[DETAILS].owned,
    ),
)
