"""What the banks of a system are to do, from what they are set to (5, 9.7)."""

from datetime import datetime
from typing import Any, NamedTuple

from .household import Order
from .plans import minutes
from .specs import BankSpec, SiteSpec

SMART_METER, SMART_PLUGS, MANUAL, BACKUP = 1, 2, 3, 4
USE_TIME, SMART, TIME_SLOT = 5, 7, 8
PEAK, MIDDLE, OFF_PEAK, VALLEY = 1, 2, 3, 4
GAP_W = 200
_LEAST_W = 50  # of a Solarbank 1 that gives at all
_OFF_PEAK_SOC = 0.8
_CHEAP_HOURS = 3
_NOON = 12
_DAY = 24 * 60
_WEEKEND = (0, 6)


class Station(NamedTuple):
    """Limits of a system. SoC 0..1, W."""

    floor: float = 0.1
    ceiling: float = 1.0
    export: bool = True
    feed_in_w: float | None = None
    limit_w: float | None = None


class Share(NamedTuple):
    """What a Solarbank 1 system is set to give now, W: all, and each bank."""

    system_w: int
    banks_w: tuple[int, ...]
    on: bool = True
    slot: dict[str, Any] | None = None


def minute_of(local: datetime) -> int:
    """Return the minute of the day."""
    return local.hour * 60 + local.minute


def weekday_of(local: datetime) -> int:
    """Return the day as the vendor counts: 0 is Sunday."""
    return local.isoweekday() % 7


def slot_at(ranges: list[dict[str, Any]] | None, minute: int) -> dict[str, Any] | None:
    """Return the slot that holds a minute of the day, None in a gap."""
    for slot in ranges or ():
        if minutes(slot["start_time"]) <= minute < minutes(slot["end_time"]):
            return slot
    return None


def item_at(plan: list[dict[str, Any]] | None, day: int) -> dict[str, Any] | None:
    """Return the item of a weekday."""
    return next((item for item in plan or () if day in (item.get("week") or ())), None)


def power_of(slot: dict[str, Any]) -> int:
    """Return the system's preset of a Solarbank 1 slot, W."""
    loads = slot.get("appliance_loads") or [{}]
    return int(loads[0].get("power") or 0)


# -- Solarbank 1 -----------------------------------------------------------------


def is_trap(ranges: list[dict[str, Any]] | None) -> bool:
    """Whether it is the one slot of a full day which a bank answers with 0 W (5.2)."""
    if ranges is None or len(ranges) != 1:
        return False
    slot = ranges[0]
    return minutes(slot["start_time"]) == 0 and minutes(slot["end_time"]) == _DAY


def share_at(profile: dict[str, Any], serials: list[str], minute: int) -> Share:
    """Return what a day profile asks for at a minute of the day."""
    count = len(serials)
    slot = slot_at(profile.get("ranges"), minute)
    if slot is None:
        gap = int(profile.get("default_home_load") or GAP_W)
        return Share(gap, (gap // count,) * count)
    power = power_of(slot)
    if slot.get("turn_on") is False:
        return Share(0, (0,) * count, on=False, slot=slot)
    if slot.get("power_setting_mode") == 2 and count > 1:
        own = {
            load["device_sn"]: int(load["power"])
            for load in slot.get("device_power_loads") or ()
        }
        return Share(power, tuple(own.get(sn, 0) for sn in serials), slot=slot)
    return Share(power, (power // count,) * count, slot=slot)


def first_orders(
    banks: tuple[BankSpec, ...],
    profile: dict[str, Any],
    minute: int,
    socs: list[float],
    floors: list[float],
    *,
    trap: bool,
) -> list[Order]:
    """Return the orders of Solarbank 1."""
    share = share_at(profile, [bank.serial for bank in banks], minute)
    slot = share.slot or {}
    priority = (slot.get("charge_priority") or 0) / 100
    applies = bool(profile.get("is_charge_priority"))
    discharge_first = bool(slot.get("priority_discharge_switch"))
    dead = not share.on or (trap and is_trap(profile.get("ranges")))
    return [
        Order(
            output_w=0.0 if dead else max(_LEAST_W, watts),
            most_w=bank.makes.max_output_w,
            floor=floor,
            saves=applies and not discharge_first and soc < priority,
        )
        for bank, watts, soc, floor in zip(
            banks, share.banks_w, socs, floors, strict=True
        )
    ]


# -- Solarbank 2 and 3 -----------------------------------------------------------


def backup_at(plan: dict[str, Any], now: datetime) -> tuple[int, int] | None:
    """Return begin and end (unix s) of a backup charge that is under way."""
    backup = plan.get("manual_backup") or {}
    if not backup.get("switch"):
        return None
    for span in backup.get("ranges") or ():
        if span["start_time"] <= now.timestamp() < span["end_time"]:
            return span["start_time"], span["end_time"]
    return None


def band_at(plan: dict[str, Any], local: datetime) -> int:
    """Return the tariff type of the time-of-use plan, 0 without one (5.5)."""
    for season in plan.get("use_time") or ():
        span = season["sea"]
        if not span["start_month"] <= local.month <= span["end_month"]:
            continue
        weekend = weekday_of(local) in _WEEKEND and not season.get("is_same")
        for part in season["weekend" if weekend else "weekday"]:
            if part["start_time"] <= local.hour < part["end_time"]:
                return int(part["type"])
    return 0


def is_cheap(local: datetime, spots: list[float]) -> bool:
    """Whether it is one of the cheapest hours of the day."""
    ranked = sorted(range(24), key=lambda hour: spots[hour])
    return local.hour in ranked[:_CHEAP_HOURS]


def later_order(
    site: SiteSpec,
    plan: dict[str, Any],
    local: datetime,
    load_w: float,
    soc: float,
    station: Station,
    spots: list[float],
    *,
    backup: bool,
) -> Order:
    """Return the order of a Solarbank 2 or 3 for a house that uses `load_w`.

    `backup`: a backup charge is under way. A bank that charges from the grid and is
    full rests.
    """
    makes = site.banks[0].makes
    most = makes.max_output_w if station.limit_w is None else station.limit_w
    base = Order(most_w=most, floor=station.floor, spill=station.export)
    full = soc >= station.ceiling - 1e-6
    if backup and makes.grid_charge_w:
        return base._replace(grid_charge_w=makes.grid_charge_w)
    follow = base._replace(output_w=load_w, most_w=most)
    match plan.get("mode_type"):
        case 1 | 7:
            return follow
        case 2:
            plugs = sum(plug.base_w for plug in site.plugs)
            slot, _ = plan_slot(plan, local, "blend_plan")
            return base._replace(output_w=plugs + (slot["power"] if slot else 0))
        case 5:
            band = band_at(plan, local)
            if band == VALLEY:
                return base._replace(grid_charge_w=0 if full else makes.grid_charge_w)
            saving = band == OFF_PEAK and soc < _OFF_PEAK_SOC
            return follow._replace(from_sun_only=saving)
        case 8:
            if is_cheap(local, spots):
                return base._replace(grid_charge_w=0 if full else makes.grid_charge_w)
            return follow
    slot, preset = plan_slot(plan, local, "custom_rate_plan")
    if slot is not None and slot.get("charging_type") == 1:
        return base._replace(grid_charge_w=0.0 if full else float(slot["power"]))
    return base._replace(output_w=preset)


def plan_slot(
    plan: dict[str, Any], local: datetime, name: str
) -> tuple[dict[str, Any] | None, int]:
    """Return the slot of a weekday plan in force, and its power (W; 200 in a gap)."""
    item = item_at(plan.get(name), weekday_of(local))
    slot = slot_at(item["ranges"] if item else None, minute_of(local))
    if slot is None:
        return None, int(plan.get("default_home_load") or GAP_W)
    return slot, int(slot["power"])
