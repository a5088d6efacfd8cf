"""Energies of a day (dossier 4.9, 13.13).

Totals of an answer belong to the whole interval that was asked for, so every day is
asked by itself. Energies are kWh although the cloud writes `wh`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Any, Final, Self

from ..parsing import calendar_date, mapping, number, objects, scaled, text
from .banks import PV_INPUTS
from .fields import fraction, time_of_day
from .models import Scene

_MEGA: Final = 1000.0


class EnergyKind(StrEnum):
    """What an analysis is about: `device_type` of the call."""

    SOLAR = "solar_production"
    SOLARBANK = "solarbank"
    HOME = "home_usage"
    GRID = "grid"
    PV1 = "solar_production_pv1"
    PV2 = "solar_production_pv2"
    PV3 = "solar_production_pv3"
    PV4 = "solar_production_pv4"
    MICRO_INVERTER = "solar_production_microinverter"


PV_KINDS: Final = (EnergyKind.PV1, EnergyKind.PV2, EnergyKind.PV3, EnergyKind.PV4)


def kinds_of(scene: Scene) -> tuple[EnergyKind, ...]:
    """Return what a system's energies need, one call per day each.

    First generation systems know two. Of later ones the grid needs a meter, and an
    input is asked for once it has given something.
    """
    first = EnergyKind.SOLARBANK, EnergyKind.SOLAR
    banks = scene.solarbanks.values()
    if not banks or all(bank.is_first_generation for bank in banks):
        return first
    kinds = [*first, EnergyKind.HOME]
    if scene.grid is not None:
        kinds.append(EnergyKind.GRID)
    inputs = zip(PV_KINDS, scene.banks.pv_w, strict=True)
    kinds += [kind for kind, power in inputs if power]
    if scene.banks.micro_inverter_w:
        kinds.append(EnergyKind.MICRO_INVERTER)
    return tuple(kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyAnalysis:
    """One answer. `power` and `trend` are by day; what else there is, is a total.

    `battery_share` and the others are percent of the solar energy: what was stored,
    what was used at once and what is left of it.
    """

    power: Mapping[date, float] = field(default_factory=dict)
    trend: Mapping[date, float] = field(default_factory=dict)
    charge: float | None = None
    discharge: float | None = None
    battery_share: float | None = None
    solar_share: float | None = None
    other_share: float | None = None
    battery_discharge: float | None = None
    battery_to_home: float | None = None
    solar: float | None = None
    solar_to_grid: float | None = None
    solar_to_home: float | None = None
    solar_to_battery: float | None = None
    grid_import: float | None = None
    grid_to_home: float | None = None
    grid_to_battery: float | None = None
    ac_socket: float | None = None
    home: float | None = None
    third_solar_to_battery: float | None = None
    plugs: float | None = None
    by_plug: Mapping[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, raw: Any) -> Self | None:
        """Read `data` of energy_analysis by days; None for a device without a kind."""
        if not isinstance(raw, dict):
            return None
        plug_info = mapping(raw.get("smart_plug_info"))
        return cls(
            power=_by_day(raw.get("power"), raw.get("power_unit")),
            trend=_by_day(raw.get("charge_trend"), raw.get("trend_unit")),
            charge=_energy(raw.get("charge_total"), raw.get("charge_unit")),
            discharge=_energy(raw.get("discharge_total"), raw.get("discharge_unit")),
            battery_share=fraction(raw.get("charging_pre")),
            solar_share=fraction(raw.get("electricity_pre")),
            other_share=fraction(raw.get("others_pre")),
            battery_discharge=number(raw.get("battery_discharging_total")),
            battery_to_home=number(raw.get("battery_to_home_total")),
            solar=number(raw.get("solar_total")),
            solar_to_grid=number(raw.get("solar_to_grid_total")),
            solar_to_home=number(raw.get("solar_to_home_total")),
            solar_to_battery=number(raw.get("solar_to_battery_total")),
            grid_import=number(raw.get("grid_imported_total")),
            grid_to_home=number(raw.get("grid_to_home_total")),
            grid_to_battery=number(raw.get("grid_to_battery_total")),
            ac_socket=number(raw.get("ac_out_put_total")),
            home=number(raw.get("home_usage_total")),
            third_solar_to_battery=number(raw.get("third_solar_to_battery_total")),
            plugs=number(plug_info.get("total_power")),
            by_plug={
                serial: energy
                for item in objects(plug_info.get("smartplug_list"))
                if (serial := text(item.get("device_sn"))) is not None
                and (energy := number(item.get("total_power"))) is not None
            },
        )

    def about(self, day: date) -> Self | None:
        """Return what an answer tells of a day, None for one about other days.

        One that names no day at all is believed. Totals of several days are no day's.
        """
        days = self.power.keys() | self.trend.keys()
        if days and day not in days:
            return None
        if len(days) > 1:
            return type(self)(power=self.power, trend=self.trend)
        return self


def _energy(value: Any, unit: Any) -> float | None:
    """Return an energy in kWh: the unit is mostly wrong, so only a large one counts."""
    large = (text(unit) or "").casefold() == "mwh"
    return scaled(value, _MEGA if large else 1.0, 6)


def _by_day(raw: Any, unit: Any) -> dict[date, float]:
    """Return energies by day, without what is no day or no energy."""
    return {
        day: energy
        for item in objects(raw)
        if (day := calendar_date(item.get("time"))) is not None
        and (energy := _energy(item.get("value"), unit)) is not None
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnergy:
    """The energies of one calendar day of a system, kWh; none is negative.

    Shares are percent of the solar energy. What the system does not measure, or an
    answer about another day says, is None.
    """

    day: date
    solar: float | None = None
    pv: tuple[float | None, ...] = (None,) * PV_INPUTS
    micro_inverter: float | None = None
    solar_to_home: float | None = None
    solar_to_battery: float | None = None
    grid_export: float | None = None
    battery_charge: float | None = None
    battery_discharge: float | None = None
    battery_to_home: float | None = None
    home: float | None = None
    grid_import: float | None = None
    grid_to_home: float | None = None
    grid_to_battery: float | None = None
    ac_socket: float | None = None
    third_solar_to_battery: float | None = None
    plugs: float | None = None
    by_plug: Mapping[str, float] = field(default_factory=dict, repr=False)
    battery_share: float | None = None
    solar_share: float | None = None
    other_share: float | None = None

    @classmethod
    def of(cls, day: date, answers: Mapping[EnergyKind, EnergyAnalysis | None]) -> Self:
        """Put together what the answers tell of one day."""
        known = {
            kind: told
            for kind, answer in answers.items()
            if answer is not None and (told := answer.about(day)) is not None
        }
        nothing = EnergyAnalysis()
        bank = known.get(EnergyKind.SOLARBANK, nothing)
        solar = known.get(EnergyKind.SOLAR, nothing)
        home = known.get(EnergyKind.HOME, nothing)
        grid = known.get(EnergyKind.GRID, nothing)

        def of_day(kind: EnergyKind) -> float | None:
            answer = known.get(kind)
            return None if answer is None else _size(answer.power.get(day))

        return cls(
            day=day,
            solar=_first(of_day(EnergyKind.SOLAR), solar.solar),
            pv=tuple(of_day(kind) for kind in PV_KINDS),
            micro_inverter=of_day(EnergyKind.MICRO_INVERTER),
            solar_to_home=_first(solar.solar_to_home, home.solar_to_home),
            solar_to_battery=_first(solar.solar_to_battery, bank.solar_to_battery),
            grid_export=_first(
                of_day(EnergyKind.GRID), grid.solar_to_grid, solar.solar_to_grid
            ),
            battery_charge=solar.charge,
            battery_discharge=_first(
                of_day(EnergyKind.SOLARBANK),
                bank.battery_discharge,
                home.battery_discharge,
            ),
            battery_to_home=_first(bank.battery_to_home, home.battery_to_home),
            home=_first(of_day(EnergyKind.HOME), home.home),
            grid_import=_first(_size(grid.trend.get(day)), grid.grid_import),
            grid_to_home=_first(home.grid_to_home, grid.grid_to_home),
            grid_to_battery=_first(bank.grid_to_battery, grid.grid_to_battery),
            ac_socket=bank.ac_socket,
            third_solar_to_battery=_first(
                solar.third_solar_to_battery, bank.third_solar_to_battery
            ),
            plugs=home.plugs,
            by_plug=home.by_plug,
            battery_share=solar.battery_share,
            solar_share=solar.solar_share,
            other_share=solar.other_share,
        )


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _size(value: float | None) -> float | None:
    """Return an energy without its sign, which only tells the direction."""
    return None if value is None else abs(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarDay:
    """The solar power of a day and what newer systems expect of it, by time of day."""

    power_w: tuple[tuple[time, float], ...]
    forecast_w: tuple[tuple[time, float], ...]
    forecast_kwh: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of a day's energy_analysis of solar production."""
        return cls(
            power_w=_curve(raw.get("power")),
            forecast_w=_curve(raw.get("forecast_trend")),
            forecast_kwh=number(raw.get("forecast_total")),
        )


def _curve(raw: Any) -> tuple[tuple[time, float], ...]:
    """Return the points of a curve."""
    return tuple(
        (moment, power)
        for item in objects(raw)
        if (moment := time_of_day(item.get("time"))) is not None
        and (power := number(item.get("value"))) is not None
    )
