"""What a plant is set to, and what it does with that at an instant (2.9)."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import inf

from ..house import Caps, Control, HouseSpec, Mode
from .behaviour import Behaviour

SELF_CONSUMPTION = "maximumSelfConsumption"
TOU = "TOU"
FULLY_FED = "fullyFidToGrid"  # as the vendor spells it
THIRD_PARTY = "thirdPartyDispatch"
TO_GRID = "fedToGridPreference"
TO_BATTERY = "chargePreference"
NO_LIMIT, LIMITED = "0", "6"


@dataclass(frozen=True, slots=True)
class Window:
    """A TOU window: `HH:MM` of the plant's clock, and days from 1 = Monday to 7."""

    start: str
    end: str
    direction: str  # charge or discharge
    days: tuple[int, ...]

    def is_open(self, local: datetime) -> bool:
        """Whether it is open; it ends as its last minute begins."""
        clock = local.strftime("%H:%M")
        return local.isoweekday() in self.days and self.start <= clock < self.end

    def overlaps(self, other: Window) -> bool:
        """Whether both are open at some time of a day."""
        shared = set(self.days) & set(other.days)
        return bool(shared) and self.start < other.end and other.start < self.end

    def payload(self) -> dict[str, object]:
        """Return it in the vendor's form."""
        return {
            "startTime": self.start,
            "endTime": self.end,
            "chargeOrDischarge": self.direction,
            "repeat": list(self.days),
        }


@dataclass(frozen=True, slots=True)
class BatteryMode:
    """The working mode (2.9 b)."""

    operation: str = SELF_CONSUMPTION
    priority: str = TO_BATTERY
    ac_charge_kw: float = 0.0
    windows: tuple[Window, ...] = ()

    def detail(self) -> dict[str, object]:
        """Return the TOU settings in the vendor's form."""
        return {
            "redundantPVEnergyPriority": self.priority,
            "allowedAcChargePower": self.ac_charge_kw,
            "chargingAndDischargingTimeWindow": [w.payload() for w in self.windows],
        }


@dataclass(frozen=True, slots=True)
class BatteryLimits:
    """Battery parameters (2.9 c): %, and W with None for the battery's own."""

    end_of_charge: float = 100.0
    end_of_discharge: float = 10.0
    max_charge_w: float | None = None
    max_discharge_w: float | None = None


@dataclass(frozen=True, slots=True)
class FeedIn:
    """The feed-in limit (2.9 e): kW, less than 0 to import at least so much."""

    mode: str = NO_LIMIT
    limit_kw: float = 0.0
    by: str = "0"  # 0 total, 1 per phase

    @property
    def limit_w(self) -> float:
        """Return what may be exported, W."""
        return inf if self.mode == NO_LIMIT else self.limit_kw * 1000


class Timeline[T]:
    """A setting over time; what was set takes effect at its own time."""

    def __init__(self, value: T, since: datetime) -> None:
        """Start with `value`."""
        self._times = [since]
        self._values = [value]

    def at(self, time: datetime) -> T:
        """Return what is in force at a time."""
        return self._values[max(0, bisect_right(self._times, time) - 1)]

    def set(self, value: T, time: datetime) -> None:
        """Set it from `time` on, until what is set for later."""
        place = bisect_right(self._times, time)
        self._times.insert(place, time)
        self._values.insert(place, value)


class Action(StrEnum):
    """What the battery is told."""

    AUTO = "auto"  # self-consumption
    CHARGE = "charge"  # at a power, the sun may lift it
    FORCED_CHARGE = "forced_charge"  # at a power
    FORCED_DISCHARGE = "forced_discharge"  # at a power
    HOLD = "hold"  # no discharge; what the house leaves of the sun still charges
    REST = "rest"  # neither
    TO_GRID = "to_grid"  # no charge; discharges for the house


@dataclass(frozen=True, slots=True)
class Doing:
    """What a plant does, and why. `model` is its ch_discharge_model (3.6)."""

    action: Action
    why: str
    model: float = 4.0
    power_w: float = inf
    until_soc: float | None = None  # % where a dispatch ends


@dataclass(frozen=True, slots=True)
class Settings:
    """All that is in force at an instant."""

    mode: BatteryMode
    limits: BatteryLimits
    feed_in: FeedIn


def decide(mode: BatteryMode, local: datetime, behaviour: Behaviour) -> Doing:
    """Return what a plant does by its working mode alone."""
    if mode.operation == FULLY_FED:
        return Doing(Action.TO_GRID, "fully fed to grid", 5.0)
    if mode.operation == THIRD_PARTY:
        return Doing(Action.REST, "third-party dispatch", 12.0)
    if mode.operation != TOU:
        return Doing(Action.AUTO, "self-consumption", 4.0)
    window = next((w for w in mode.windows if w.is_open(local)), None)
    if window is not None and window.direction == "charge":
        power = mode.ac_charge_kw * 1000
        return Doing(Action.CHARGE, "TOU charge window", 2.0, power)
    if window is not None:
        if behaviour.tou_discharge == "forced":
            return Doing(Action.FORCED_DISCHARGE, "TOU discharge window", 2.0)
        return Doing(Action.AUTO, "TOU discharge window", 2.0)
    to_grid = mode.priority == TO_GRID
    if behaviour.tou_outside == "self_use":
        action = Action.TO_GRID if to_grid else Action.AUTO
    else:
        action = Action.REST if to_grid else Action.HOLD
    return Doing(action, "outside the TOU windows", 2.0)


def control(
    doing: Doing, settings: Settings, house: HouseSpec, stored_kwh: float, hours: float
) -> Control:
    """Return it in the house's words, for a step of `hours`.

    A step neither charges beyond the upper SoC nor discharges below the lower.
    """
    limits, kwh = settings.limits, hours / 1000
    ceiling, floor = limits.end_of_charge, limits.end_of_discharge
    if doing.until_soc is not None:
        if doing.action is Action.FORCED_CHARGE:
            ceiling = min(ceiling, doing.until_soc)
        else:
            floor = max(floor, doing.until_soc)
    room = house.battery_kwh * ceiling / 100 - stored_kwh
    left = stored_kwh - house.battery_kwh * floor / 100
    charge = min(
        _or_inf(limits.max_charge_w),
        max(0.0, room) / house.charge_efficiency / kwh,
    )
    discharge = min(
        _or_inf(limits.max_discharge_w),
        max(0.0, left) * house.discharge_efficiency / kwh,
    )
    export = settings.feed_in.limit_w
    caps = Caps(max_export_w=export, max_charge_w=charge, max_discharge_w=discharge)
    match doing.action:
        case Action.CHARGE:
            return Control(Mode.CHARGE, doing.power_w, caps._replace(max_discharge_w=0))
        case Action.FORCED_CHARGE:
            power = min(charge, doing.power_w)
            only = caps._replace(max_charge_w=power, max_discharge_w=0)
            return Control(Mode.CHARGE, power, only)
        case Action.FORCED_DISCHARGE:
            power = min(doing.power_w, house.max_discharge_w)
            return Control(Mode.DISCHARGE, power, caps._replace(max_charge_w=0))
        case Action.HOLD:
            return Control(caps=caps._replace(max_discharge_w=0))
        case Action.REST:
            return Control(caps=caps._replace(max_charge_w=0, max_discharge_w=0))
        case Action.TO_GRID:
            return Control(caps=caps._replace(max_charge_w=0))
    return Control(caps=caps)


def _or_inf(watts: float | None) -> float:
    return inf if watts is None else watts
