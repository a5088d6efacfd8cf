"""One simulated house: sun, load, battery and inverter, with honest counters.

No vendor is named here. A fake cloud owns a house, tells it what to do through
`Control`, and shows its readings in the vendor's clothes.

Powers are W, energies kWh, SoC 0..1. Grid is positive on import, battery is
positive on discharge, both as seen at the switchboard, so at every step

    pv + import + discharge = load + export + charge

and the battery's losses lie between its terminals and what it stores.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .sun import Panels, noise, smooth_noise, sun_at

# Share of the base load by local hour: low at night, two peaks.
_LOAD_SHAPE = (
    *(0.6, 0.55, 0.5, 0.5, 0.55, 0.8, 1.3, 1.8, 1.6, 1.2, 1.0, 1.0),
    *(1.1, 1.0, 1.0, 1.1, 1.4, 2.0, 2.6, 2.7, 2.3, 1.7, 1.2, 0.8),
)


class Mode(StrEnum):
    """What an inverter can be told, in neutral words."""

    SELF_USE = "self_use"
    CHARGE = "charge"  # battery takes at least power_w
    DISCHARGE = "discharge"  # battery gives power_w
    IMPORT = "import"  # the meter is held at importing power_w
    EXPORT = "export"  # the meter is held at exporting power_w
    HOLD = "hold"  # battery rests


class Caps(NamedTuple):
    """Limits set from outside, W."""

    max_import_w: float = inf
    max_export_w: float = inf
    max_discharge_w: float = inf
    max_charge_w: float = inf
    max_generation_w: float = inf

    def tightest(self, other: Caps) -> Caps:
        """Return the lower of each limit."""
        return Caps(*map(min, self, other, strict=True))


class Control(NamedTuple):
    """A command and the caps, in force for one step. Watts.

    `extra_load_w` is what is used beside the household's own load, as by a car.
    """

    mode: Mode = Mode.SELF_USE
    power_w: float = 0.0
    caps: Caps = Caps()
    extra_load_w: float = 0.0


class Energy(NamedTuple):
    """All-time counters, kWh."""

    pv: float = 0.0
    imported: float = 0.0
    exported: float = 0.0
    load: float = 0.0
    charged: float = 0.0
    discharged: float = 0.0

    def minus(self, other: Energy) -> Energy:
        """Return what was counted since `other`."""
        return Energy(*(a - b for a, b in zip(self, other, strict=True)))


class Flow(NamedTuple):
    """Powers of one step, W. Grid + import, battery + discharge."""

    pv_w: float
    load_w: float
    grid_w: float
    battery_w: float
    pv_strings_w: tuple[float, ...]


class Reading(NamedTuple):
    """The house at one instant: counters until then, flow from then on."""

    time: datetime
    flow: Flow
    energy: Energy
    soc: float | None


@dataclass(frozen=True, slots=True)
class HouseSpec:
    """What the house is made of. `battery_kwh` 0: no battery."""

    latitude: float = -27.5
    longitude: float = 153.0
    zone: str = "Australia/Brisbane"
    panels: tuple[Panels, ...] = (Panels(3300, 22, 330), Panels(3300, 22, 60))
    inverter_w: float = 5000
    max_export_w: float = 5000
    battery_kwh: float = 7.1
    max_charge_w: float = 4600
    max_discharge_w: float = 4600
    reserve_soc: float = 0.2
    initial_soc: float = 0.5
    charge_efficiency: float = 0.96
    discharge_efficiency: float = 0.96
    base_load_w: float = 420
    energy: Energy = field(default=Energy())


class House:
    """A house that advances in fixed steps, and only when it is read."""

    def __init__(
        self, spec: HouseSpec, start: datetime, seed: int, step: timedelta
    ) -> None:
        """Build the house at `start`, an aware time, which fixes the step grid."""
        self.spec = spec
        self.time = start
        self.energy = spec.energy
        self.stored_kwh = spec.battery_kwh * spec.initial_soc
        self._seed = seed
        self._step = step
        self._hours = step.total_seconds() / 3600
        self._zone = ZoneInfo(spec.zone)

    @property
    def soc(self) -> float | None:
        """State of charge 0..1, None without a battery."""
        if not self.spec.battery_kwh:
            return None
        return self.stored_kwh / self.spec.battery_kwh

    def advance(
        self, to: datetime, control: Callable[[datetime], Control]
    ) -> Iterator[Reading]:
        """Run every step that begins at or before `to`, and yield its reading.

        `control` is asked at the start of each step, so that what was planned
        takes effect at its own time however late the house is read.
        """
        while self.time <= to:
            flow = self.flow(self.time, control(self.time))
            yield Reading(self.time, flow, self.energy, self.soc)
            self._integrate(flow)

    def _integrate(self, flow: Flow) -> None:
        """Count one step of `flow` and move to the next."""
        spec, kwh = self.spec, self._hours / 1000
        charge, discharge = max(0.0, -flow.battery_w), max(0.0, flow.battery_w)
        e = self.energy
        self.energy = Energy(
            e.pv + flow.pv_w * kwh,
            e.imported + max(0.0, flow.grid_w) * kwh,
            e.exported + max(0.0, -flow.grid_w) * kwh,
            e.load + flow.load_w * kwh,
            e.charged + charge * kwh,
            e.discharged + discharge * kwh,
        )
        self.stored_kwh += (
            charge * spec.charge_efficiency - discharge / spec.discharge_efficiency
        ) * kwh
        self.time += self._step

    # -- sources ---------------------------------------------------------------

    def _available_pv_w(self, time: datetime) -> tuple[float, ...]:
        """Return what each string could give now."""
        spec = self.spec
        sun = sun_at(time, spec.latitude, spec.longitude)
        if sun.up <= 0:
            return (0.0,) * len(spec.panels)
        minutes = time.timestamp() / 60
        day = noise(self._seed + 1, int(minutes // 1440))
        cloud = smooth_noise(self._seed + 2, minutes / 9)
        # Clear days stay clear; on others clouds pass.
        clearness = 1 - (1 - day) * cloud * 0.7
        return tuple(p.power_w(sun, clearness) for p in spec.panels)

    def _load_w(self, time: datetime) -> float:
        """Return what the house uses now."""
        local = time.astimezone(self._zone)
        hour, minute = local.hour, local.minute
        share = minute / 60
        shape = _LOAD_SHAPE[hour] * (1 - share) + _LOAD_SHAPE[(hour + 1) % 24] * share
        n = int(time.timestamp() // 60)
        load = self.spec.base_load_w * shape * (0.9 + 0.2 * noise(self._seed + 3, n))
        if 6 <= hour < 22:
            # A kettle or an oven in one quarter of an hour out of six.
            quarter = noise(self._seed + 4, n // 15) * 6
            if quarter < 1:
                load += 600 + 1600 * quarter
        return load

    # -- the inverter ----------------------------------------------------------

    def flow(self, time: datetime, control: Control) -> Flow:
        """Return the powers that `control` leads to at `time`."""
        spec, caps = self.spec, control.caps
        strings = self._available_pv_w(time)
        available = sum(strings)
        load = self._load_w(time) + control.extra_load_w
        pv = min(available, caps.max_generation_w, spec.inverter_w * 1.2)
        lo, hi = self._battery_range(caps)
        export_cap = min(spec.max_export_w, caps.max_export_w)

        battery = min(max(self._wanted_battery_w(control, pv, load), lo), hi)
        # Import cap: charge less, then discharge.
        over = load - pv - battery - caps.max_import_w
        if over > 0:
            battery = min(battery + over, hi)
        # What passes the inverter to the switchboard is limited as well.
        over = pv + battery - spec.inverter_w
        if over > 0 and battery > 0:
            cut = min(over, battery)
            battery, over = battery - cut, over - cut
        if over > 0:
            pv -= over
        # Export cap. A battery that was told to discharge goes first and the sun
        # is curtailed; else the battery rests or takes it before any is lost.
        over = pv + battery - load - export_cap
        if over > 0 and control.mode not in (Mode.DISCHARGE, Mode.HOLD):
            floor = lo if control.mode is Mode.SELF_USE else min(battery, 0.0)
            cut = min(over, battery - floor)
            battery, over = battery - cut, over - cut
        if over > 0:
            cut = min(over, pv)
            pv, over = pv - cut, over - cut
        if over > 0 and battery > 0:
            battery -= min(over, battery)
        scale = pv / available if available else 0.0
        return Flow(
            pv, load, load - pv - battery, battery, tuple(s * scale for s in strings)
        )

    def _battery_range(self, caps: Caps) -> tuple[float, float]:
        """Return the least and most battery power (W, + discharge) for a step.

        Bounded by what is stored, so that a step never over- or underfills.
        """
        spec = self.spec
        if not spec.battery_kwh:
            return 0.0, 0.0
        kwh = self._hours / 1000
        room = max(0.0, spec.battery_kwh - self.stored_kwh)
        left = max(0.0, self.stored_kwh - spec.battery_kwh * spec.reserve_soc)
        charge = min(
            spec.max_charge_w,
            caps.max_charge_w,
            room / spec.charge_efficiency / kwh,
        )
        discharge = min(
            spec.max_discharge_w,
            caps.max_discharge_w,
            left * spec.discharge_efficiency / kwh,
        )
        return -charge, discharge

    @staticmethod
    def _wanted_battery_w(control: Control, pv: float, load: float) -> float:
        """Return the battery power (W, + discharge) that the mode asks for."""
        match control.mode:
            case Mode.SELF_USE:
                return load - pv
            case Mode.CHARGE:
                # The sun may lift it above the power asked for.
                return -max(control.power_w, pv)
            case Mode.DISCHARGE:
                return control.power_w
            case Mode.IMPORT:
                return load - pv - control.power_w
            case Mode.EXPORT:
                return load - pv + control.power_w
            case Mode.HOLD:
                return 0.0
