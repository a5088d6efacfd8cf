"""dataItemMap of every type of device (3, 7.5).

All maps of one record are one instant of the house, so that they balance:
house load = sum of inverter AC - export, and so on (11).
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..sun import noise, sun_at
from .behaviour import Behaviour
from .figures import (
    ac_w,
    charge_w,
    clean,
    export_w,
    first,
    has_power,
    hertz,
    part_of_pv,
    phase_volts,
    pv_w,
    signed,
    yield_kwh,
    zip_items,
)
from .fixtures import (
    BATTERY,
    EMI,
    EMMA,
    ESS,
    INVERTER,
    INVERTERS,
    METER,
    RESIDENTIAL,
    SENSOR,
    DeviceSpec,
)
from .plant import Plant
from .telemetry import Record

type Items = dict[str, Any]

_ON_GRID, _NO_IRRADIATION, _LIMITED = 512.0, 40960.0, 513.0
_COUNTERS = frozenset(
    {
        *("total_cap", "active_cap", "reverse_active_cap"),
        *("mppt_total_cap", "ex_active_cap", "ex_reverse_active_cap"),
    }
)
_STATUS = frozenset({"meter_status", "battery_status"})
_STRINGS_SHOWN = {INVERTER: 8, RESIDENTIAL: 8}
_TRACKERS = {INVERTER: 10, RESIDENTIAL: 4}
_POWER_FACTOR = 0.993


def items(
    plant: Plant,
    device: DeviceSpec,
    record: Record,
    behaviour: Behaviour,
    *,
    live: bool = True,
) -> Items:
    """Return the dataItemMap of a device at a record, as it is shown.

    `live`: it is asked for what is now, so an off-line device has nothing to say.
    """
    values = _MAPS[device.kind](plant, device, record, behaviour)
    missing = None
    if device.number in plant.offline_devices or (live and plant.offline_since):
        missing = behaviour.offline_values
    elif device.kind in INVERTERS and not has_power(plant, device, record):
        missing = None if behaviour.night_values == "zero" else behaviour.night_values
    return values if missing is None else _without(values, missing)


def _without(values: Items, missing: str) -> Items:
    """Return the map of a device that is off-line: counters stay (7.5)."""
    shown: Items = {}
    for key, value in values.items():
        if key == "run_state":
            shown[key] = 0
        elif key in _STATUS:
            shown[key] = 0.0
        elif key in _COUNTERS:
            shown[key] = value
        elif missing != "absent":
            shown[key] = None if missing == "null" else "N/A"
    if "close_time" in values:
        shown["close_time"] = "N/A"
    return shown


# -- inverters ------------------------------------------------------------------


def _inverter(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    awake = has_power(plant, device, record)
    sun = pv_w(plant, device, record)
    power = ac_w(plant, device, record, behaviour)
    volts = [phase_volts(plant, record, n) if awake else 0.0 for n in range(3)]
    phases = 3 if plant.spec.three_phase else 1
    values: Items = {"inverter_state": _state(plant, device, record)}
    lines = [round(v * 3**0.5, 1) if phases == 3 else 0.0 for v in volts]
    values |= zip_items(("ab_u", "bc_u", "ca_u"), lines)
    values |= zip_items(("a_u", "b_u", "c_u"), first(volts, phases))
    amps = [abs(power) / phases / v if v else 0.0 for v in volts]
    values |= zip_items(
        ("a_i", "b_i", "c_i"), first([round(a, 1) for a in amps], phases)
    )
    warmth = 20 * noise(plant.seed + 37, record.mark // 12)
    part = part_of_pv(plant, device)
    today, total = plant.today(record), record.totals
    values |= {
        "efficiency": clean(100 * (1 - behaviour.dc_loss), 1) if sun > 0 else 0.0,
        "temperature": round(24 + warmth, 1) if awake else 0.0,
        "power_factor": 1.0 if awake else 0.0,
        "elec_freq": hertz(plant, record) if awake else 0.0,
        "active_power": clean(power / 1000, 3),
        "reactive_power": -0.002 if awake else 0.0,
        "day_cap": clean(yield_kwh(today, behaviour) * part, 2),
        "mppt_power": clean(sun / (1 - behaviour.dc_loss) / 1000, 3),
    }
    values |= _strings(plant, device, record, behaviour)
    whole = yield_kwh(total, behaviour) * part
    values["total_cap"] = clean(whole, 2)
    values["open_time"] = _open_time(plant, record)
    values["close_time"] = _close_time(plant, record, awake, behaviour)
    if device.kind == INVERTER:
        values["mppt_total_cap"] = clean(whole, 2)
    count = max(1, len(device.strings))
    for n in range(_TRACKERS[device.kind]):
        values[f"mppt_{n + 1}_cap"] = clean(whole / count, 2) if n < count else 0.0
    values["run_state"] = 1
    return values


def _state(plant: Plant, device: DeviceSpec, record: Record) -> float:
    if not has_power(plant, device, record):
        return _NO_IRRADIATION
    return _LIMITED if plant.feed_in.at(record.time).mode != "0" else _ON_GRID


def _strings(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    values: Items = {}
    strings = record.flow.pv_strings_w
    for n in range(_STRINGS_SHOWN[device.kind]):
        watts = 0.0
        if n < len(device.strings) and device.strings[n] < len(strings):
            watts = strings[device.strings[n]] / (1 - behaviour.dc_loss)
        volts = 340 + 20 * noise(plant.seed + 40 + n, record.mark) if watts else 0.0
        values[f"pv{n + 1}_u"] = round(volts, 1)
        values[f"pv{n + 1}_i"] = round(watts / volts, 1) if volts else 0.0
    return values


def _open_time(plant: Plant, record: Record) -> int:
    day = plant.midnight(plant.local(record.time).date())
    return int(day.timestamp() + 6 * 3600) * 1000


def _close_time(plant: Plant, record: Record, awake: bool, behaviour: Behaviour) -> Any:
    if awake:
        return "N/A" if behaviour.not_applicable == "N/A" else None
    # The last time that it went to sleep: this evening, or yesterday's.
    local = plant.local(record.time)
    day = plant.midnight(local.date())
    back = 0 if local.hour >= 12 else 24 * 3600
    return int(day.timestamp() + 18.5 * 3600 - back) * 1000


# -- meters ---------------------------------------------------------------------


def _three(power: float, unit: str, names: tuple[str, str, str], phases: int) -> Items:
    kilo = 1000 if unit == "kW" else 1
    parts = first([power / phases] * 3, phases)
    return {
        name: clean(part / kilo, 3 if unit == "kW" else 1)
        for name, part in zip(names, parts, strict=True)
    }


_PHASE_REACTIVE = ("reactive_power_a", "reactive_power_b", "reactive_power_c")
_PHASE_POWERS = ("active_power_a", "active_power_b", "active_power_c")


def _sensor(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    power = signed(export_w(record), "export", behaviour.sensor_sign)
    volts = phase_volts(plant, record, 0)
    energy = record.totals.energy
    outward = behaviour.sensor_sign == "export"
    forward, reverse = energy.exported, energy.imported
    if not outward:
        forward, reverse = reverse, forward
    return {
        "meter_status": 1.0,
        "meter_u": volts,
        "meter_i": clean(abs(power) / volts, 1),
        "active_power": clean(power, 0),
        "reactive_power": clean(-0.1 * abs(power), 0),
        "power_factor": _POWER_FACTOR,
        "grid_frequency": hertz(plant, record),
        "active_cap": clean(forward, 2),
        "reverse_active_cap": clean(reverse, 2),
        **_three(
            power,
            behaviour.phase_unit,
            _PHASE_POWERS,
            3 if plant.spec.three_phase else 1,
        ),
        **_three(
            -0.1 * abs(power),
            behaviour.phase_unit,
            _PHASE_REACTIVE,
            3 if plant.spec.three_phase else 1,
        ),
        "run_state": 1,
    }


def _meter(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    unit = behaviour.meter_unit
    power = signed(export_w(record), "export", behaviour.sensor_sign)
    energy = record.totals.energy
    forward, reverse = energy.exported, energy.imported
    if behaviour.sensor_sign == "import":
        forward, reverse = reverse, forward
    volts = [phase_volts(plant, record, n) for n in range(3)]
    amps = [round(abs(power) / 3 / v, 1) for v in volts]
    return {
        **zip_items(("ab_u", "bc_u", "ca_u"), [round(v * 3**0.5, 1) for v in volts]),
        **zip_items(("a_u", "b_u", "c_u"), volts),
        **zip_items(("a_i", "b_i", "c_i"), amps),
        "active_power": _in(unit, power),
        "power_factor": _POWER_FACTOR,
        "active_cap": clean(forward, 2),
        "reverse_active_cap": clean(reverse, 2),
        "reactive_power": clean(-abs(power) / 10000, 3),
        **_three(power, "kW", _PHASE_POWERS, 3),
        **_three(-0.1 * abs(power), "kW", _PHASE_REACTIVE, 3),
        "grid_frequency": hertz(plant, record),
    }


def _in(unit: str, watts: float) -> float:
    return clean(watts / 1000, 3) if unit == "kW" else clean(watts, 0)


def _emma(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    power = signed(record.flow.grid_w, "import", behaviour.emma_sign)
    energy = record.totals.energy
    forward, reverse = energy.imported, energy.exported
    if behaviour.emma_sign == "export":
        forward, reverse = reverse, forward
    volts = [phase_volts(plant, record, n) for n in range(3)]
    amps = [round(abs(power) / 3 / v, 1) for v in volts]
    return {
        **zip_items(("ab_u", "bc_u", "ca_u"), [round(v * 3**0.5, 1) for v in volts]),
        **zip_items(("a_i", "b_i", "c_i"), amps),
        "active_power": _in("kW", power),
        **_three(power, "kW", _PHASE_POWERS, 3),
        "reactive_power": clean(-abs(power) / 10000, 3),
        "power_factor": _POWER_FACTOR,
        "active_cap": clean(forward, 2),
        "reverse_active_cap": clean(reverse, 2),
        # Nothing is wired to its second input.
        "ex_active_power": None,
        "ex_active_cap": None,
        "ex_reverse_active_cap": None,
        "run_state": 1,
    }


# -- batteries and weather ------------------------------------------------------


def _battery(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    power = charge_w(device, record)
    limits, house = plant.limits.at(record.time), plant.spec.house
    today = plant.today(record).energy
    most_in = _least(limits.max_charge_w, house.max_charge_w)
    most_out = _least(limits.max_discharge_w, house.max_discharge_w)
    return {
        "battery_status": 2.0 if abs(power) >= 1 else 1.0,
        "max_charge_power": clean(most_in * device.share, 0),
        "max_discharge_power": clean(most_out * device.share, 0),
        "ch_discharge_power": clean(power, 0),
        "busbar_u": round(355 + 10 * noise(plant.seed + 50, record.mark), 1),
        "battery_soc": clean(record.soc or 0.0, 1),
        "battery_soh": 0.0,
        "ch_discharge_model": record.doing.model,
        "charge_cap": clean(today.charged * device.share, 2),
        "discharge_cap": clean(today.discharged * device.share, 2),
        "run_state": 1,
    }


def _least(limit: float | None, own: float) -> float:
    return own if limit is None else min(limit, own)


def _ess(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    power = signed(charge_w(device, record), "charge", behaviour.ess_sign)
    today = plant.today(record).energy
    return {
        "ch_discharge_power": clean(power, 0),
        "battery_soc": clean(record.soc or 0.0, 1),
        "battery_soh": 99.0,
        "charge_cap": clean(today.charged * device.share, 2),
        "discharge_cap": clean(today.discharged * device.share, 2),
        "run_state": 1,
    }


def _emi(
    plant: Plant, device: DeviceSpec, record: Record, behaviour: Behaviour
) -> Items:
    house = plant.spec.house
    up = max(0.0, sun_at(record.time, house.latitude, house.longitude).up)
    air = 16 + 12 * up + 2 * noise(plant.seed + 60, record.mark // 12)
    day = plant.today(record).energy.pv / plant.spec.capacity_kw
    return {
        "temperature": round(air, 1),
        "pv_temperature": round(air + 22 * up, 1),
        "wind_speed": round(6 * noise(plant.seed + 61, record.mark), 1),
        "wind_direction": round(360 * noise(plant.seed + 62, record.mark // 6), 0),
        "radiant_total": round(day * 4.5, 2),
        "radiant_line": round(980 * up, 1),
        "horiz_radiant_line": round(930 * up, 1),
        "horiz_radiant_total": round(day * 4.3, 2),
        "run_state": 1,
    }


type _Map = Callable[[Plant, DeviceSpec, Record, Behaviour], Items]

_MAPS: Mapping[int, _Map] = {
    INVERTER: _inverter,
    RESIDENTIAL: _inverter,
    EMI: _emi,
    METER: _meter,
    BATTERY: _battery,
    ESS: _ess,
    SENSOR: _sensor,
    EMMA: _emma,
}
