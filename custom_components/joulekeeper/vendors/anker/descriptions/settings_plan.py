"""What can be set of a system's plan (dossier 5, 7.2).

It is set for the slot, the range or the tariff that holds now, and stays its owner's.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from homeassistant.const import PERCENTAGE

from ....core.errors import InvalidRequest
from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    ReadingDateTimeDescription,
    ReadingNumberDescription,
    ReadingPlanDescription,
    ReadingSelectDescription,
    ReadingSwitchDescription,
)
from ...base import PlanEdit
from ...parsing import text
from .. import profile as profiles, use_time as times, week as rates
from ..day import Piece, at, minute_of, weekday_of
from ..endpoints import PLAN, PRICES
from ..plan import SitePlan
from ..plan_edits import (
    backing_up,
    charging_now,
    choosing_mode,
    discharging_first,
    letting_out,
    modifying_use_time,
    presetting,
    presetting_bank,
    prioritizing_charge,
)
from ..profile import MOST_LOAD_W, Profile
from ..rate_plan import Backup, RatePlan
from ..settings_actions import (
    CHARGE,
    SUPPLY,
    mode_word,
    plan_data,
    plan_edit,
    price_defaults,
    tariff_word,
)
from ..status import UsageMode
from ..tariff_edits import TariffChange
from ..use_time import Tariff
from .parts import price_unit
from .settings_parts import CONFIG, OF_SITE, PRICE, WATTS, known, price_of, there

_IN_PLAN: Final[dict[str, Any]] = {"inputs": (PLAN,), **OF_SITE}
_PRESET_MODES: Final = (UsageMode.MANUAL, UsageMode.SMART_PLUGS)


def _profile(readings: DeviceReadings) -> Profile:
    """Return the day profile; LookupError where none can be set."""
    profile = known(readings[PLAN].profile)
    if profile.enforced or profile.slots is None:
        raise LookupError("profile")
    return profile


def _rate_plan(readings: DeviceReadings) -> RatePlan:
    """Return the rate plans; LookupError where none can be set."""
    plan = known(readings[PLAN].rate_plan)
    if not plan.understood:
        raise LookupError("rate plan")
    return plan


def _plan(readings: DeviceReadings) -> SitePlan:
    """Return a plan that can be set, of either kind."""
    plan = readings[PLAN]
    _ = _rate_plan(readings) if plan.profile is None else _profile(readings)
    return plan


def _slot(readings: DeviceReadings) -> Piece:
    """Return the slot of now; LookupError in a gap."""
    plan = readings[PLAN]
    return known(_profile(readings).at(minute_of(plan.now, plan.zone)))


def _presets(plan: RatePlan) -> bool:
    """Whether the output is as it is set, and not as it is needed."""
    return plan.mode in _PRESET_MODES


def _check_preset(readings: DeviceReadings) -> None:
    plan = readings[PLAN].rate_plan
    if plan is not None and not _presets(plan):
        raise InvalidRequest("the mode sets it", reason="preset_not_in_mode")


def _preset(readings: DeviceReadings) -> int | None:
    """Return the output that is set for now, W, whether it is let out or not."""
    plan = _plan(readings)
    if plan.profile is None:
        return plan.power_at(plan.now)
    slot = plan.profile.at(minute_of(plan.now, plan.zone))
    return plan.profile.default_w if slot is None else profiles.power_w(slot)


def _preset_edit(readings: DeviceReadings, watts: float) -> PlanEdit:
    _check_preset(readings)
    return presetting(watts, readings[PLAN].now)


def _shared(readings: DeviceReadings) -> Profile:
    """Return the profile of several banks of which this device is one."""
    profile = _profile(readings)
    if not profile.shares_differ or readings.part_id not in profile.serials:
        raise LookupError("share")
    return profile


def _load_type(readings: DeviceReadings) -> str | None:
    """Return whether the range of now supplies the house or charges."""
    plan, site = _rate_plan(readings), readings[PLAN]
    if not _presets(plan):
        return None
    week = plan.week(plan.current_plan) or ()
    ranges = rates.day_of(week, weekday_of(site.now, site.zone))
    span = at(ranges, minute_of(site.now, site.zone))
    return CHARGE if span is not None and rates.charges(span) else SUPPLY


def _load_type_edit(readings: DeviceReadings, word: str) -> PlanEdit:
    _check_preset(readings)
    return charging_now(word == CHARGE, readings[PLAN].now)


def _mode_edit(readings: DeviceReadings, word: str) -> PlanEdit:
    return choosing_mode(UsageMode[word.upper()])


def _mode_words(readings: DeviceReadings) -> list[str]:
    return [mode.name.lower() for mode in readings[PLAN].mode_options]


# -- backup charge and times of use ------------------------------------------------


def _backup(readings: DeviceReadings) -> Backup | None:
    """Return the backup charge; LookupError where there can be none."""
    plan = _rate_plan(readings)
    if not readings[PLAN].charges_from_grid:
        raise LookupError("backup charge")
    return plan.backup


def _can_back_up(readings: DeviceReadings) -> bool:
    _backup(readings)
    return True


def _backs_up(readings: DeviceReadings) -> bool:
    backup = _backup(readings)
    return backup is not None and backup.pending(readings[PLAN].now)


def _season(readings: DeviceReadings) -> times.Season:
    """Return the season of now; LookupError where there are no times of use."""
    seasons = known(times.parse(_rate_plan(readings).use_time))
    return known(times.season_at(seasons, _local(readings).month))


def _tariff(readings: DeviceReadings) -> tuple[int, str | None]:
    return times.tariff_at((_season(readings),), _local(readings))


def _tariff_price(readings: DeviceReadings) -> float | None:
    _, price = _tariff(readings)
    return None if price is None else float(price)


def _local(readings: DeviceReadings) -> datetime:
    plan = readings[PLAN]
    return plan.now.astimezone(plan.zone)


def _tariff_edit(readings: DeviceReadings, **changes: Any) -> PlanEdit:
    defaults = price_defaults(price_of(readings))
    return modifying_use_time(TariffChange(**changes, **defaults), readings[PLAN].now)


def _tariff_unit(readings: DeviceReadings) -> str | None:
    prices = readings.get(PRICES)
    country = prices.country if prices else ""
    return price_unit(text(_season(readings).raw.get("unit")), country)


def _action_edit(
    readings: DeviceReadings, asked: tuple[str, dict[str, Any]]
) -> PlanEdit:
    name, fields = asked
    now, price = readings[PLAN].now, price_of(readings)
    return plan_edit(name, fields, readings.part_id, price, now)


PLAN_SELECTS: Final = (
    ReadingSelectDescription(
        key="usage_mode",
        translation_key="usage_mode",
        options=[mode.name.lower() for mode in UsageMode],
        shown_only=frozenset({UsageMode.BACKUP.name.lower()}),
        value_fn=lambda readings: mode_word(_rate_plan(readings).mode),
        there_fn=there(_rate_plan),
        options_fn=_mode_words,
        edit_fn=_mode_edit,
        **_IN_PLAN,
    ),
    ReadingSelectDescription(
        key="load_type",
        translation_key="load_type",
        options=[SUPPLY, CHARGE],
        value_fn=_load_type,
        there_fn=lambda readings: _rate_plan(readings).charges_by_range,
        edit_fn=_load_type_edit,
        **_IN_PLAN,
    ),
    ReadingSelectDescription(
        key="tariff",
        translation_key="tariff",
        options=[tariff.name.lower() for tariff in Tariff],
        value_fn=lambda readings: tariff_word(_tariff(readings)[0]),
        there_fn=there(_season),
        edit_fn=lambda readings, word: _tariff_edit(
            readings, tariff=Tariff[word.upper()]
        ),
        **_IN_PLAN,
    ),
)

PLAN_NUMBERS: Final = (
    ReadingNumberDescription(
        key="home_preset",
        translation_key="home_preset",
        native_step=10,
        native_max_value=MOST_LOAD_W,
        value_fn=_preset,
        there_fn=there(_plan),
        min_fn=lambda readings: (
            (readings[PLAN].profile or _rate_plan(readings)).least_w
        ),
        max_fn=lambda readings: (readings[PLAN].profile or _rate_plan(readings)).most_w,
        edit_fn=_preset_edit,
        **WATTS,
        **_IN_PLAN,
    ),
    ReadingNumberDescription(
        key="battery_preset",
        translation_key="battery_preset",
        device_kind=DeviceKind.BATTERY,
        inputs=(PLAN,),
        native_step=5,
        native_max_value=MOST_LOAD_W,
        value_fn=lambda readings: profiles.share_w(
            _slot(readings), readings.part_id, _shared(readings).banks
        ),
        there_fn=there(_shared),
        min_fn=lambda readings: _shared(readings).least_share_w,
        max_fn=lambda readings: _shared(readings).most_share_w,
        edit_fn=lambda readings, watts: presetting_bank(
            readings.part_id, watts, readings[PLAN].now
        ),
        **WATTS,
        **CONFIG,
    ),
    ReadingNumberDescription(
        key="charge_priority",
        translation_key="charge_priority",
        native_min_value=0,
        native_max_value=100,
        native_step=5,
        native_unit_of_measurement=PERCENTAGE,
        value_fn=lambda readings: profiles.charge_priority(_slot(readings)),
        there_fn=there(_profile),
        # It has an effect on some inverters only.
        enabled_fn=lambda readings: bool(
            _profile(readings).raw.get("is_charge_priority")
        ),
        edit_fn=lambda readings, percent: prioritizing_charge(
            percent, readings[PLAN].now
        ),
        entity_registry_enabled_default=False,
        **_IN_PLAN,
    ),
    ReadingNumberDescription(
        key="tariff_price",
        translation_key="tariff_price",
        value_fn=_tariff_price,
        there_fn=there(_season),
        unit_fn=_tariff_unit,
        edit_fn=lambda readings, price: _tariff_edit(readings, price=price),
        **PRICE,
        **_IN_PLAN,
    ),
)

PLAN_SWITCHES: Final = (
    ReadingSwitchDescription(
        key="allow_export",
        translation_key="allow_export",
        value_fn=lambda readings: profiles.lets_out(_slot(readings)),
        there_fn=there(_profile),
        edit_fn=lambda readings, on: letting_out(on, readings[PLAN].now),
        **_IN_PLAN,
    ),
    ReadingSwitchDescription(
        key="discharge_priority",
        translation_key="discharge_priority",
        value_fn=lambda readings: profiles.discharges_first(_slot(readings)),
        there_fn=lambda readings: _profile(readings).knows_discharge_priority,
        edit_fn=lambda readings, on: discharging_first(on, readings[PLAN].now),
        **_IN_PLAN,
    ),
    ReadingSwitchDescription(
        key="backup_charge",
        translation_key="backup_charge",
        value_fn=_backs_up,
        there_fn=_can_back_up,
        edit_fn=lambda readings, on: backing_up(readings[PLAN].now, on=on),
        **_IN_PLAN,
    ),
)


def _backup_edge(
    key: str,
    value_fn: Callable[[Backup], datetime],
    edit_fn: Callable[[DeviceReadings, datetime], PlanEdit],
) -> ReadingDateTimeDescription:
    return ReadingDateTimeDescription(
        key=key,
        translation_key=key,
        value_fn=lambda readings: value_fn(known(_backup(readings))),
        there_fn=_can_back_up,
        edit_fn=edit_fn,
        sent_with="backup_charge",
        **_IN_PLAN,
    )


PLAN_INSTANTS: Final = (
    _backup_edge(
        "backup_start",
        lambda backup: backup.start,
        lambda readings, start: backing_up(readings[PLAN].now, start=start),
    ),
    _backup_edge(
        "backup_end",
        lambda backup: backup.end,
        lambda readings, end: backing_up(readings[PLAN].now, end=end),
    ),
)

PLAN_ACTIONS: Final = (
    ReadingPlanDescription(
        key="plan",
        device_kind=DeviceKind.SITE,
        inputs=(PLAN,),
        value_fn=lambda readings: plan_data(readings[PLAN]),
        there_fn=there(_plan),
        edit_fn=_action_edit,
        actions=frozenset(
            {
                "set_plan_slot",
                "update_plan_slot",
                "clear_plan",
                "change_backup_charge",
                "change_use_time",
            }
        ),
    ),
)
