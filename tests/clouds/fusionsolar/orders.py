"""What a control task must look like, and the setting that it makes (2.9)."""

from dataclasses import dataclass, replace
import re
from typing import Any

from .errors import (
    CONTROL_TYPE_MISSING,
    DURATION_INVALID,
    OUT_OF_RANGE,
    POWER_INVALID,
    SWITCH_INVALID,
    TARGET_INVALID,
    VALUE_NULL,
    ApiError,
)
from .fixtures import DISTRIBUTED_LOGGER, DONGLE, EMMA
from .inverter import (
    FULLY_FED,
    LIMITED,
    NO_LIMIT,
    SELF_CONSUMPTION,
    THIRD_PARTY,
    TO_BATTERY,
    TO_GRID,
    TOU,
    BatteryLimits,
    BatteryMode,
    FeedIn,
    Window,
)
from .plant import Plant

_MOST_WINDOWS = 14
_LONGEST_MIN = 24 * 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
_AC_CHARGE_KW = {DONGLE: 30.0, EMMA: 50.0, DISTRIBUTED_LOGGER: 50000.0}
_FEED_IN_KW = {DONGLE: 5000.0, DISTRIBUTED_LOGGER: 50000.0}
_LOWEST_FEED_IN_KW = -1000.0


@dataclass(frozen=True, slots=True)
class Order:
    """A forced charge or discharge; `charge` None stops what runs."""

    charge: bool | None
    power_w: float = 0.0
    minutes: float | None = None
    until_soc: float | None = None


def number(
    value: object, lowest: float, most: float, refusal: int = OUT_OF_RANGE
) -> float:
    """Return a number inside its range."""
    if value is None:
        raise ApiError(VALUE_NULL if refusal == OUT_OF_RANGE else refusal)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ApiError(refusal)
    if not lowest <= value <= most:
        raise ApiError(refusal)
    return float(value)


def order(task: dict[str, Any]) -> Order:
    """Return what charge-and-discharge asks for (2.9 a)."""
    switch = task.get("dispatchSwitch")
    if switch not in (0, 1, 2) or isinstance(switch, bool):
        raise ApiError(SWITCH_INVALID)
    if switch == 0:
        return Order(None)
    kind = task.get("controlType")
    if kind not in (1, 2):
        raise ApiError(CONTROL_TYPE_MISSING)
    power = number(task.get("powerDispatch"), -1e9, 1e9, POWER_INVALID)
    if power * (1 if switch == 1 else -1) <= 0:
        raise ApiError(POWER_INVALID)
    if kind == 1:
        soc = number(task.get("targetSOC"), 0, 100, TARGET_INVALID)
        return Order(switch == 1, abs(power), until_soc=soc)
    minutes = number(task.get("dispatchTime"), 1, _LONGEST_MIN, DURATION_INVALID)
    return Order(switch == 1, abs(power), minutes)


def mode(task: dict[str, Any], plant: Plant) -> BatteryMode:
    """Return the working mode that a task asks for (2.9 b)."""
    operation = task.get("operationMode")
    if operation is None:
        raise ApiError(VALUE_NULL)
    if operation in (SELF_CONSUMPTION, FULLY_FED, THIRD_PARTY):
        return BatteryMode(operation)
    if operation != TOU:
        raise ApiError(OUT_OF_RANGE)
    priority = task.get("redundantPVEnergyPriority")
    if priority not in (TO_BATTERY, TO_GRID):
        raise ApiError(VALUE_NULL if priority is None else OUT_OF_RANGE)
    own = plant.spec.house.inverter_w / 1000
    most = _AC_CHARGE_KW.get(_controller(plant), own)
    power = number(task.get("allowedAcChargePower"), 0, most)
    listed = task.get("chargingAndDischargingTimeWindow")
    if not isinstance(listed, list):
        raise ApiError(VALUE_NULL)
    if len(listed) > _MOST_WINDOWS:
        raise ApiError(OUT_OF_RANGE)
    windows = tuple(_window(item) for item in listed)
    for n, one in enumerate(windows):
        if any(one.overlaps(other) for other in windows[:n]):
            raise ApiError(OUT_OF_RANGE)
    return BatteryMode(operation, priority, power, windows)


def _window(item: object) -> Window:
    if not isinstance(item, dict):
        raise ApiError(VALUE_NULL)
    days, direction = item.get("repeat"), item.get("chargeOrDischarge")
    if None in (item.get("startTime"), item.get("endTime"), days, direction):
        raise ApiError(VALUE_NULL)
    start, end = str(item["startTime"]), str(item["endTime"])
    if not (_CLOCK.match(start) and _CLOCK.match(end)):
        raise ApiError(OUT_OF_RANGE)
    if start >= end or direction not in ("charge", "discharge"):
        raise ApiError(OUT_OF_RANGE)
    if not isinstance(days, list) or not days or not set(days) <= set(range(1, 8)):
        raise ApiError(OUT_OF_RANGE)
    return Window(start, end, direction, tuple(days))


def limits(task: dict[str, Any], old: BatteryLimits) -> BatteryLimits:
    """Return the battery parameters that a task asks for (2.9 c)."""
    info = task.get("batteryConfigurationInfo")
    if not isinstance(info, dict):
        raise ApiError(VALUE_NULL)
    ranges = {
        "endOfChargeSoc": ("end_of_charge", 90, 100),
        "endOfDischargeSoc": ("end_of_discharge", 0, 20),
        "maximumChargePower": ("max_charge_w", 0, 1e9),
        "maximumDischargePower": ("max_discharge_w", 0, 1e9),
    }
    given = {
        name: number(info[key], lowest, most)
        for key, (name, lowest, most) in ranges.items()
        if info.get(key) is not None
    }
    if not given:
        raise ApiError(VALUE_NULL)
    return replace(old, **given)


def feed_in(task: dict[str, Any], plant: Plant) -> FeedIn:
    """Return the feed-in limit that a task asks for (2.9 e)."""
    control_mode = task.get("controlMode")
    if control_mode is None:
        raise ApiError(VALUE_NULL)
    if control_mode == NO_LIMIT:
        return FeedIn()
    info = task.get("controlInfo")
    if control_mode != LIMITED:
        raise ApiError(OUT_OF_RANGE)
    if not isinstance(info, dict):
        raise ApiError(VALUE_NULL)
    kind = _controller(plant)
    most = _FEED_IN_KW.get(kind, 5000.0)
    if kind == EMMA:
        most = plant.spec.house.inverter_w / 1000
    power = number(info.get("maxGridFeedInPower"), _LOWEST_FEED_IN_KW, most)
    by = info.get("limitationMode")
    if by not in ("0", "1"):
        raise ApiError(VALUE_NULL if by is None else OUT_OF_RANGE)
    return FeedIn(LIMITED, power, by)


def _controller(plant: Plant) -> int:
    kinds = (DONGLE, EMMA, DISTRIBUTED_LOGGER)
    return next((d.kind for d in plant.spec.devices if d.kind in kinds), 0)


def limits_payload(limits: BatteryLimits, plant: Plant) -> dict[str, Any]:
    """Return battery parameters in the vendor's form; powers are the true ones."""
    house = plant.spec.house
    powers = (
        (limits.max_charge_w, house.max_charge_w),
        (limits.max_discharge_w, house.max_discharge_w),
    )
    charge, discharge = (
        int(own if given is None else min(given, own)) for given, own in powers
    )
    return {
        "batteryConfigurationInfo": {
            "endOfChargeSoc": limits.end_of_charge,
            "endOfDischargeSoc": limits.end_of_discharge,
            "maximumChargePower": charge,
            "maximumDischargePower": discharge,
        }
    }


def feed_in_payload(feed_in: FeedIn) -> dict[str, Any]:
    """Return a feed-in limit in the form of its task."""
    info = {"maxGridFeedInPower": feed_in.limit_kw, "limitationMode": feed_in.by}
    return {
        "controlMode": feed_in.mode,
        "controlInfo": info if feed_in.mode == LIMITED else None,
    }


def feed_in_read(feed_in: FeedIn) -> dict[str, Any]:
    """Return a feed-in limit in the form of its configuration."""
    value = None
    if feed_in.mode == LIMITED:
        by = "totalPower" if feed_in.by == "0" else "singlePhasePower"
        value = {"limitationMode": by, "maxGridFeedInPowerValue": feed_in.limit_kw}
    return {
        "controlMode": "noLimit" if value is None else "limitedPowerGridKW",
        "zeroExportLimitationParam": None,
        "limitedPowerGridPercentParam": None,
        "limitedPowerGridValueParam": value,
    }
