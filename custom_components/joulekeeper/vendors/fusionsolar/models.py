"""Plants, devices, statistics and alarms of the northbound API (dossier 2.1 to 2.7).

Energies are kWh, powers W, weights kg. A number may come as text, as in the real-time
values of plants; null, missing and "N/A" are None, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final, Self

from ..parsing import integer, mapping, number, scaled, text, timestamp
from .times import instant

_KILO: Final = 1000
_MEGA: Final = 1_000_000


class DeviceType(IntEnum):
    """The devTypeIds that mean something to us (dossier 3.1); there are others."""

    STRING_INVERTER = 1
    SMART_LOGGER = 2
    EMI = 10
    GRID_METER = 17
    RESIDENTIAL_INVERTER = 38
    BATTERY = 39
    BACKUP_BOX = 40
    ESS = 41
    OPTIMIZER = 46
    POWER_SENSOR = 47
    DONGLE = 62
    DISTRIBUTED_LOGGER = 63
    EMMA = 23070


INVERTERS: Final = frozenset(
    {DeviceType.STRING_INVERTER, DeviceType.RESIDENTIAL_INVERTER}
)
METERS: Final = (DeviceType.POWER_SENSOR, DeviceType.EMMA, DeviceType.GRID_METER)
"""In the order in which they are believed about the grid."""
BATTERIES: Final = frozenset({DeviceType.BATTERY, DeviceType.ESS})
CONTROLLERS: Final = (
    DeviceType.DONGLE,
    DeviceType.EMMA,
    DeviceType.SMART_LOGGER,
    DeviceType.DISTRIBUTED_LOGGER,
)


def identifier(value: Any) -> int | None:
    """Return a device id, which has up to 63 bits, of a whole number or its text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        return int(value) if isinstance(value, str) else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A plant; `capacity_w` is the peak power of its modules (dossier 2.1)."""

    code: str = field(repr=False)
    name: str | None = field(repr=False)
    capacity_w: float | None
    connected_at: datetime | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a row of either list; None without a code.

        The rows tell their list, and so the unit of the capacity: some cloud answers to
        the old list with rows of the new one.
        """
        code, unit = text(raw.get("plantCode")), _KILO
        if code is None:
            code, unit = text(raw.get("stationCode")), _MEGA
        if code is None:
            return None
        name = text(raw.get("plantName")) or text(raw.get("stationName"))
        return cls(
            code=code,
            name=name,
            capacity_w=scaled(raw.get("capacity"), unit),
            connected_at=timestamp(raw.get("gridConnectionDate")),
        )

    def as_data(self) -> dict[str, Any]:
        """Return it as a row that `parse` reads."""
        return {
            "plantCode": self.code,
            "plantName": self.name,
            "capacity": scaled(self.capacity_w, 1 / _KILO, 6),
            "gridConnectionDate": self.connected_at and self.connected_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantDevice:
    """A device of a plant (dossier 2.4); `type_id` may be one that we do not know."""

    id: int = field(repr=False)
    plant_code: str = field(repr=False)
    type_id: int
    dn: str | None = field(repr=False)
    name: str | None = field(repr=False)
    serial: str | None = field(repr=False)
    model: str | None
    sw_version: str | None
    optimizers: int | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a row of the list; None without an id, a plant or a type."""
        device_id = identifier(raw.get("id"))
        plant_code = text(raw.get("stationCode"))
        type_id = integer(raw.get("devTypeId"))
        if device_id is None or plant_code is None or type_id is None:
            return None
        return cls(
            id=device_id,
            plant_code=plant_code,
            type_id=type_id,
            dn=text(raw.get("devDn")),
            name=text(raw.get("devName")),
            serial=text(raw.get("esnCode")),
            model=text(raw.get("model")) or text(raw.get("invType")),
            sw_version=text(raw.get("softwareVersion")),
            optimizers=integer(raw.get("optimizerNumber")),
        )

    def as_data(self) -> dict[str, Any]:
        """Return it as a row that `parse` reads."""
        return {
            "id": self.id,
            "stationCode": self.plant_code,
            "devTypeId": self.type_id,
            "devDn": self.dn,
            "devName": self.name,
            "esnCode": self.serial,
            "model": self.model,
            "softwareVersion": self.sw_version,
            "optimizerNumber": self.optimizers,
        }


class Health(StrEnum):
    """How a plant is."""

    DISCONNECTED = "disconnected"
    FAULTY = "faulty"
    HEALTHY = "healthy"


_HEALTHS: Final = {1: Health.DISCONNECTED, 2: Health.FAULTY, 3: Health.HEALTHY}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantNow:
    """The real-time values of a plant (dossier 2.2).

    Yields of a hybrid plant may hold what its battery gave. The present power is told
    by newer clouds at most. Incomes are in the plant's currency, which is not told.
    """

    plant_code: str = field(repr=False)
    health: Health | None
    yield_today_kwh: float | None
    yield_month_kwh: float | None
    yield_total_kwh: float | None
    export_today_kwh: float | None
    use_today_kwh: float | None
    income_today: float | None
    income_total: float | None
    power_w: float | None
    day_begins: datetime | None = None

    @property
    def day_counters(self) -> tuple[float | None, ...]:
        """What begins anew each day."""
        return (
            self.yield_today_kwh,
            self.export_today_kwh,
            self.use_today_kwh,
            self.income_today,
        )

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a row of getStationRealKpi; None without a plant."""
        if (code := text(raw.get("stationCode"))) is None:
            return None
        items = mapping(raw.get("dataItemMap"))
        return cls(
            plant_code=code,
            health=_HEALTHS.get(integer(items.get("real_health_state")) or 0),
            yield_today_kwh=number(items.get("day_power")),
            yield_month_kwh=number(items.get("month_power")),
            yield_total_kwh=number(items.get("total_power")),
            export_today_kwh=number(items.get("day_on_grid_energy")),
            use_today_kwh=number(items.get("day_use_energy")),
            income_today=number(items.get("day_income")),
            income_total=number(items.get("total_income")),
            power_w=scaled(items.get("active_power"), _KILO),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantPeriod:
    """An hour, a day, a month or a year of a plant (dossier 2.3).

    `collected` is about the start of the period (`times.period_start`). On older clouds
    the yield of a hybrid plant holds what its battery gave; newer ones tell
    `pv_yield_kwh` too. Consumption, battery and the rest below are not told of hours.
    """

    plant_code: str = field(repr=False)
    collected: datetime
    yield_kwh: float | None
    export_kwh: float | None
    profit: float | None
    irradiation_kwh_m2: float | None
    theoretical_kwh: float | None
    use_kwh: float | None = None
    self_provided_kwh: float | None = None
    charge_kwh: float | None = None
    discharge_kwh: float | None = None
    pv_yield_kwh: float | None = None
    inverter_yield_kwh: float | None = None
    installed_w: float | None = None
    performance_ratio: float | None = None
    specific_yield_h: float | None = None
    co2_kg: float | None = None
    coal_kg: float | None = None
    trees: float | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a row of getKpiStation…; None without a plant or a time."""
        code, collected = text(raw.get("stationCode")), instant(raw.get("collectTime"))
        if code is None or collected is None:
            return None
        items = mapping(raw.get("dataItemMap"))
        return cls(
            plant_code=code,
            collected=collected,
            yield_kwh=number(items.get("inverter_power")),
            export_kwh=number(items.get("ongrid_power")),
            profit=number(items.get("power_profit")),
            irradiation_kwh_m2=number(items.get("radiation_intensity")),
            theoretical_kwh=number(items.get("theory_power")),
            use_kwh=number(items.get("use_power")),
            self_provided_kwh=number(items.get("selfProvide")),
            charge_kwh=number(items.get("chargeCap")),
            discharge_kwh=number(items.get("dischargeCap")),
            pv_yield_kwh=number(items.get("PVYield")),
            inverter_yield_kwh=number(items.get("inverterYield")),
            installed_w=scaled(items.get("installed_capacity"), _KILO),
            performance_ratio=number(items.get("performance_ratio")),
            specific_yield_h=number(items.get("perpower_ratio")),
            co2_kg=scaled(items.get("reduction_total_co2"), _KILO),
            coal_kg=scaled(items.get("reduction_total_coal"), _KILO),
            trees=number(items.get("reduction_total_tree")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePeriod:
    """A month or a year of an inverter or a battery (dossier 2.6).

    `collected` is about the start of the period (`times.period_start`).
    """

    collected: datetime
    yield_kwh: float | None
    specific_yield_h: float | None
    charge_kwh: float | None
    discharge_kwh: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a row of getDevKpi…; None without a time."""
        if (collected := instant(raw.get("collectTime"))) is None:
            return None
        items = mapping(raw.get("dataItemMap"))
        return cls(
            collected=collected,
            yield_kwh=number(items.get("product_power")),
            specific_yield_h=number(items.get("perpower_ratio")),
            charge_kwh=number(items.get("charge_cap")),
            discharge_kwh=number(items.get("discharge_cap")),
        )


class AlarmLevel(StrEnum):
    """How bad an alarm is."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


_LEVELS: Final = dict(enumerate(AlarmLevel, start=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm that is active (dossier 2.7), in the language that was asked for."""

    id: int
    cause_id: int | None
    plant_code: str | None = field(repr=False)
    serial: str | None = field(repr=False)
    device_type: int | None
    device_name: str | None = field(repr=False)
    level: AlarmLevel | None
    name: str | None
    cause: str | None
    suggestion: str | None
    raised_at: datetime | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a row of getAlarmList; None without an id."""
        if (alarm_id := identifier(raw.get("alarmId"))) is None:
            return None
        return cls(
            id=alarm_id,
            cause_id=identifier(raw.get("causeId")),
            plant_code=text(raw.get("stationCode")),
            serial=text(raw.get("esnCode")),
            device_type=integer(raw.get("devTypeId")),
            device_name=text(raw.get("devName")),
            level=_LEVELS.get(integer(raw.get("lev")) or 0),
            name=text(raw.get("alarmName")),
            cause=text(raw.get("alarmCause")),
            suggestion=text(raw.get("repairSuggestion")),
            raised_at=instant(raw.get("raiseTime")),
        )
