"""What an inverter does with its settings at an instant (2.6 to 2.8)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import inf

from ..house import Caps, Control, Mode
from .behaviour import Behaviour
from .fixtures import SystemSpec
from .stores import ChargeStore, DischargeStore, PeriodicStore


class Action(StrEnum):
    """What the battery is told."""

    AUTO = "auto"  # self-consumption
    CHARGE = "charge"  # sun first, then grid
    DISCHARGE = "discharge"  # forced, at a power
    HOLD = "hold"  # no discharge; what the house leaves of the sun still charges


@dataclass(frozen=True, slots=True)
class Doing:
    """What the inverter does, and why.

    `power_w` is that of CHARGE and DISCHARGE, and the most that AUTO may discharge.
    `until_soc` (%) is where CHARGE stops; `floor_soc` (%) where any discharge stops.
    """

    action: Action
    why: str
    power_w: float = inf
    until_soc: float = 100.0
    floor_soc: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the inverter has: the three stores, and the app's working mode."""

    charge: ChargeStore
    discharge: DischargeStore
    periodic: PeriodicStore
    time_based: bool = True


def decide(
    spec: SystemSpec,
    settings: Settings,
    local: datetime,
    soc: float,
    behaviour: Behaviour,
) -> Doing:
    """Return what an inverter does at its wall time `local` and its SoC (%)."""
    floor = settings.discharge.bat_use_cap
    if behaviour.legacy_store != "obeyed":
        floor = DischargeStore().bat_use_cap
    if not settings.time_based:
        return Doing(Action.AUTO, "self-consumption mode", floor_soc=floor)
    legacy = not spec.periodic or behaviour.legacy_on_periodic == "conflicts"
    if legacy and (doing := _legacy(spec, settings, local, soc, floor, behaviour)):
        return doing
    if spec.periodic and (
        doing := _periodic(spec, settings.periodic, local, soc, floor, behaviour)
    ):
        return doing
    return Doing(Action.AUTO, "no window is open", floor_soc=floor)


def _legacy(
    spec: SystemSpec,
    settings: Settings,
    local: datetime,
    soc: float,
    floor: float,
    behaviour: Behaviour,
) -> Doing | None:
    """Return what the legacy stores want, None for nothing in particular."""
    if behaviour.legacy_store == "ignored":
        return None
    if settings.charge.is_open(local, behaviour):
        cap = settings.charge.bat_high_cap
        return _charge("charge window", spec.house.max_charge_w, soc, cap, floor)
    if behaviour.legacy_store == "discharge_ignored":
        return None
    if not settings.discharge.permits(local, behaviour):
        return Doing(Action.HOLD, "outside the discharge windows", floor_soc=floor)
    if settings.discharge.ctr_dis:
        return Doing(Action.AUTO, "discharge window", floor_soc=floor)
    return None


def _periodic(
    spec: SystemSpec,
    store: PeriodicStore,
    local: datetime,
    soc: float,
    floor: float,
    behaviour: Behaviour,
) -> Doing | None:
    """Return what the periodic store wants, None for nothing in particular."""
    if store.grid_charge and (
        period := store.open_period(store.charge, local, behaviour)
    ):
        power = _power(period.power, spec.house.max_charge_w)
        return _charge("charge period", power, soc, period.limit, floor)
    if not store.ctr_dis:
        return None
    period = store.open_period(store.discharge, local, behaviour)
    forced = behaviour.periodic_discharge == "forced"
    if period is None:
        if forced or not store.discharge:
            return None
        return Doing(Action.HOLD, "outside the discharge periods", floor_soc=floor)
    power = _power(period.power, spec.house.max_discharge_w)
    floor = max(floor, period.limit)
    if not forced:
        return Doing(Action.AUTO, "discharge period", power, floor_soc=floor)
    if soc <= floor:
        return Doing(Action.HOLD, "discharge period, limit reached", floor_soc=floor)
    return Doing(Action.DISCHARGE, "discharge period", power, floor_soc=floor)


def _power(period_w: int | None, most_w: float) -> float:
    return most_w if period_w is None else min(float(period_w), most_w)


def _charge(why: str, power: float, soc: float, cap: float, floor: float) -> Doing:
    """Return CHARGE, or the hold that is left of a window at its target."""
    if soc >= cap:
        return Doing(Action.HOLD, f"{why}, target reached", floor_soc=floor)
    return Doing(Action.CHARGE, why, power, cap, floor)


def control(
    doing: Doing, spec: SystemSpec, stored_kwh: float, hours: float, load_w: float
) -> Control:
    """Return it in the house's words, for a step of `hours`.

    A step neither charges beyond the target nor discharges below the floor.
    """
    house, kwh = spec.house, hours / 1000
    floor_kwh = house.battery_kwh * doing.floor_soc / 100
    most = max(0.0, stored_kwh - floor_kwh) * house.discharge_efficiency / kwh
    rest = Caps(max_discharge_w=0)
    match doing.action:
        case Action.CHARGE:
            room = house.battery_kwh * doing.until_soc / 100 - stored_kwh
            power = min(doing.power_w, max(0.0, room) / house.charge_efficiency / kwh)
            return Control(Mode.CHARGE, power, rest, load_w)
        case Action.DISCHARGE:
            power = min(doing.power_w, most)
            return Control(Mode.DISCHARGE, power, extra_load_w=load_w)
        case Action.HOLD:
            return Control(caps=rest, extra_load_w=load_w)
    return Control(
        caps=Caps(max_discharge_w=min(doing.power_w, most)), extra_load_w=load_w
    )
