"""The plan of a site as actions show and change it (dossier 5, 7.3).

Times of a day are "HH:MM" up to "24:00", days of the week words such as `mon`, powers W.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any, Final

from ...core.errors import InvalidRequest
from ..base import PlanEdit
from . import profile as profiles, use_time as times, week as rates
from .day import Piece, clock
from .plan import SitePlan
from .plan_edits import (
    SlotRequest,
    backing_up,
    clearing_slots,
    modifying_use_time,
    setting_slot,
    updating_slot,
)
from .prices import SitePrice
from .rate_plan import Plan
from .status import UsageMode
from .tariff_edits import TariffChange
from .use_time import DayType, Tariff
from .week import Week

WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
PLANS: Final = {"manual": Plan.MANUAL, "smart_plugs": Plan.PLUGS}
SUPPLY: Final = "supply"
CHARGE: Final = "charge"
_DAY_MINUTES: Final = 24 * 60

type Fields = Mapping[str, Any]
"""What an action was given, by the names of its fields; what is missing stays."""


# -- what is asked for -------------------------------------------------------------


def plan_edit(
    name: str, fields: Fields, serial: str, price: SitePrice | None, now: datetime
) -> PlanEdit:
    """Return the edit that an action asks for.

    `serial` is the device that it is for, `price` is for what has none of its own.
    InvalidRequest with a reason for what cannot be.
    """
    if name == "change_use_time":
        return modifying_use_time(_tariff_change(fields, price), now)
    if name == "change_backup_charge":
        return _backup_charge(fields, now)
    if name == "clear_plan":
        return _clearing(fields)
    edit: Callable[[SlotRequest, datetime], PlanEdit] = (
        setting_slot if name == "set_plan_slot" else updating_slot
    )
    return edit(_slot(fields, serial), now)


def _slot(fields: Fields, serial: str) -> SlotRequest:
    start, end = _minutes(fields["start_time"]), _minutes(fields["end_time"])
    load_type = fields.get("load_type")
    plan = fields.get("plan")
    return SlotRequest(
        start=start,
        end=end or _DAY_MINUTES,
        power_w=fields.get("power_w"),
        bank_w=fields.get("battery_power_w"),
        serial=serial,
        lets_out=fields.get("allow_export"),
        charge_priority=fields.get("charge_priority"),
        discharges_first=fields.get("discharge_priority"),
        charges=None if load_type is None else load_type == CHARGE,
        plan=None if plan is None else PLANS[plan],
        days=_days(fields),
    )


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _days(fields: Fields) -> frozenset[int]:
    return frozenset(WEEKDAYS.index(word) for word in fields.get("week_days", ()))


def _clearing(fields: Fields) -> PlanEdit:
    part, days = fields.get("part"), _days(fields)
    if part is None or part in PLANS:
        return clearing_slots(None if part is None else PLANS[part], days)
    if days:
        raise InvalidRequest("it has no days", reason="no_weekdays")
    return _without_backup if part == "backup_charge" else _without_use_time


def _without_backup(site: SitePlan) -> SitePlan:
    if (plan := site.rate_plan) is None or not site.charges_from_grid:
        raise InvalidRequest("no charging from the grid", reason="no_grid_charge")
    return replace(site, rate_plan=plan.with_backup(None))


def _without_use_time(site: SitePlan) -> SitePlan:
    if (plan := site.rate_plan) is None or not site.charges_from_grid:
        raise InvalidRequest("no times of use", reason="no_use_time")
    if plan.mode == UsageMode.USE_TIME:
        raise InvalidRequest("the mode goes by them", reason="use_time_in_use")
    return replace(site, rate_plan=plan.with_use_time(None))


def _backup_charge(fields: Fields, now: datetime) -> PlanEdit:
    if not fields:
        raise InvalidRequest("nothing is to be changed", reason="nothing_told")
    if "end" in fields and "duration" in fields:
        raise InvalidRequest("two ends", reason="two_ends")
    return backing_up(
        now,
        on=fields.get("enabled"),
        start=fields.get("start"),
        end=fields.get("end"),
        duration=fields.get("duration"),
    )


def _tariff_change(fields: Fields, price: SitePrice | None) -> TariffChange:
    tariff, days = fields.get("tariff"), fields.get("day_type")
    return TariffChange(
        first_month=fields.get("start_month"),
        last_month=fields.get("end_month"),
        days=None if days is None else DayType(days),
        start_hour=fields.get("start_hour"),
        end_hour=fields.get("end_hour"),
        tariff=None if tariff is None else Tariff[tariff.upper()],
        price=fields.get("tariff_price"),
        delete=fields.get("delete", False),
        **price_defaults(price),
    )


def price_defaults(price: SitePrice | None) -> dict[str, Any]:
    """Return the unit and the price of what has none of its own."""
    known: dict[str, Any] = {}
    if price is not None and price.currency is not None:
        known["unit"] = price.currency
    if price is not None and price.price is not None:
        known["default_price"] = price.price
    return known


# -- what is shown -----------------------------------------------------------------


def plan_data(site: SitePlan) -> dict[str, Any]:
    """Return a plan as response data; LookupError where there is none."""
    if site.profile is not None:
        return _profile_data(site.profile)
    if site.rate_plan is not None:
        return _rate_plan_data(site)
    raise LookupError("plan")


def _profile_data(profile: profiles.Profile) -> dict[str, Any]:
    several = profile.banks > 1
    return {
        "kind": "day",
        "slots": None
        if profile.slots is None
        else [
            {
                **_span(slot),
                "power_w": profiles.power_w(slot),
                "allow_export": profiles.lets_out(slot),
                "charge_priority": profiles.charge_priority(slot),
                "discharge_priority": profiles.discharges_first(slot),
                "batteries_w": {
                    serial: profiles.share_w(slot, serial, profile.banks)
                    for serial in profile.serials
                }
                if several
                else None,
            }
            for slot in profile.slots
        ],
        "min_power_w": profile.least_w,
        "max_power_w": profile.most_w,
        "power_without_slot_w": profile.default_w,
    }


def _rate_plan_data(site: SitePlan) -> dict[str, Any]:
    assert site.rate_plan is not None
    plan = site.rate_plan
    backup = plan.backup
    return {
        "kind": "week",
        "usage_mode": mode_word(plan.mode),
        "usage_modes": [mode_word(mode) for mode in site.mode_options],
        "plans": {
            word: _week_data(plan.week(which), plan.charges_by_range)
            for word, which in PLANS.items()
        },
        "backup_charge": None
        if backup is None
        else {
            "start": backup.start.isoformat(),
            "end": backup.end.isoformat(),
            "enabled": backup.on,
        },
        "use_time": _seasons_data(plan.use_time),
        "min_power_w": plan.least_w,
        "max_power_w": plan.most_w,
    }


def mode_word(mode: int | None) -> str | None:
    """Return the word of a usage mode, None for one that nobody knows."""
    if mode is None or mode not in UsageMode:
        return None
    return UsageMode(mode).name.lower()


def _span(piece: Piece) -> dict[str, str]:
    return {"start_time": clock(piece.start), "end_time": clock(piece.end)}


def _week_data(week: Week | None, charges: bool) -> list[dict[str, Any]] | None:
    if week is None:
        return None
    return [
        {
            "week_days": [WEEKDAYS[day] for day in sorted(item.days)],
            "slots": [
                {
                    **_span(span),
                    "power_w": rates.power_w(span),
                    **({"load_type": _load_type(span)} if charges else {}),
                }
                for span in item.ranges
            ],
        }
        for item in week
    ]


def _load_type(span: Piece) -> str:
    return CHARGE if rates.charges(span) else SUPPLY


def _seasons_data(use_time: Any) -> list[dict[str, Any]] | None:
    if (seasons := times.parse(use_time)) is None:
        return None
    return [
        {
            "start_month": season.first,
            "end_month": season.last,
            "same_days": season.same,
            "weekday": _tariffs_data(season.weekday),
            "weekend": _tariffs_data(season.day(DayType.WEEKEND)),
        }
        for season in seasons
    ]


def _tariffs_data(day: times.DayTariffs) -> list[dict[str, Any]]:
    return [
        {
            "start_hour": hours.start,
            "end_hour": hours.end,
            "tariff": tariff_word(hours.tariff),
            "price": None
            if (price := day.price(hours.tariff)) is None
            else float(price),
        }
        for hours in day.hours
    ]


def tariff_word(tariff: int) -> str | None:
    """Return the word of a tariff, None for one that nobody knows."""
    return Tariff(tariff).name.lower() if tariff in Tariff else None
