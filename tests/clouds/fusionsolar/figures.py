"""The figures behind dataItemMap: W, kWh, V and Hz at a record."""

from typing import Any

from ..sun import noise
from .behaviour import Behaviour
from .fixtures import RESIDENTIAL, DeviceSpec
from .plant import Plant
from .telemetry import Record, Totals


def pv_w(plant: Plant, device: DeviceSpec, record: Record) -> float:
    """Return what the panels of an inverter make on its AC side, W."""
    strings = record.flow.pv_strings_w
    return sum(strings[n] for n in device.strings if n < len(strings))


def ac_w(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> float:
    """Return active_power of an inverter, W; the battery is in it on a hybrid."""
    power = pv_w(plant, device, record)
    if device.kind == RESIDENTIAL or behaviour.battery_in_ac == "both":
        power += record.flow.battery_w * device.share
    return power


def has_power(plant: Plant, device: DeviceSpec, record: Record) -> bool:
    """Whether an inverter is awake: by the sun, or by its battery."""
    return pv_w(plant, device, record) > 0 or (device.share > 0 and plant.has_battery)


def part_of_pv(plant: Plant, device: DeviceSpec) -> float:
    """Return an inverter's part of all the plant's yield, 0..1."""
    panels = plant.spec.house.panels
    whole = sum(p.peak_w for p in panels)
    own = sum(panels[n].peak_w for n in device.strings if n < len(panels))
    return own / whole if whole else 0.0


def yield_kwh(totals: Totals, behaviour: Behaviour) -> float:
    """Return the yield, with what the battery gave where that is counted in."""
    energy = totals.energy
    if behaviour.hybrid_yield == "with_battery":
        return energy.pv - energy.charged + energy.discharged
    return energy.pv


def signed(power_w: float, positive: str, is_positive: str) -> float:
    """Return a power as it is told where another direction may be positive."""
    return power_w if positive == is_positive else -power_w


def clean(value: float, places: int) -> float:
    """Return a rounded float that is never -0.0."""
    return round(value, places) + 0.0


def phase_volts(plant: Plant, record: Record, phase: int) -> float:
    """Return the voltage of phase 0 to 2."""
    return round(236 + 5 * noise(plant.seed + 31 + phase, record.mark), 1)


def export_w(record: Record) -> float:
    """Return the power to the grid, W."""
    return -record.flow.grid_w


def charge_w(device: DeviceSpec, record: Record) -> float:
    """Return a battery's power, W, positive while it charges."""
    return -record.flow.battery_w * device.share


def hertz(plant: Plant, record: Record) -> float:
    """Return the frequency of the grid."""
    return round(49.97 + 0.06 * noise(plant.seed + 36, record.mark), 2)


def first(values: list[float], count: int) -> list[float]:
    """Return the values with zeros after the first `count`: unused phases."""
    return [v if n < count else 0.0 for n, v in enumerate(values)]


def zip_items(names: tuple[str, ...], values: list[float]) -> dict[str, Any]:
    """Return names with their values."""
    return dict(zip(names, values, strict=True))
