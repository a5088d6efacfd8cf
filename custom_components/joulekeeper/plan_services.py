"""Actions for the plan that a vendor's device keeps itself, as its owner wants it.

What Joulekeeper has borrowed is not the owner's: it is not shown, and goes on.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final

import probatio

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType

from .const import DOMAIN
from .core.models import Device
from .descriptions import ReadingPlanDescription
from .keeper import Keeper
from .rule_edits import VIA_ACTION, Caller
from .service_data import (
    ATTR_DRY_RUN,
    ATTR_DURATION_MIN,
    ATTR_POWER_W,
    ATTR_START,
    DEVICES,
    device_of,
    instant,
)
from .setting_services import state_of

ATTR_ALLOW_EXPORT: Final = "allow_export"
ATTR_BATTERY_POWER_W: Final = "battery_power_w"
ATTR_CHARGE_PRIORITY: Final = "charge_priority"
ATTR_DAY_TYPE: Final = "day_type"
ATTR_DELETE: Final = "delete"
ATTR_DISCHARGE_PRIORITY: Final = "discharge_priority"
ATTR_DURATION: Final = "duration"
ATTR_ENABLED: Final = "enabled"
ATTR_END: Final = "end"
ATTR_END_HOUR: Final = "end_hour"
ATTR_END_MONTH: Final = "end_month"
ATTR_END_TIME: Final = "end_time"
ATTR_LOAD_TYPE: Final = "load_type"
ATTR_PART: Final = "part"
ATTR_PLAN: Final = "plan"
ATTR_START_HOUR: Final = "start_hour"
ATTR_START_MONTH: Final = "start_month"
ATTR_START_TIME: Final = "start_time"
ATTR_TARIFF: Final = "tariff"
ATTR_TARIFF_PRICE: Final = "tariff_price"
ATTR_WEEK_DAYS: Final = "week_days"


class WeekPlan(StrEnum):
    """The weekly plans that a device may have, by the mode that uses them."""

    MANUAL = "manual"
    SMART_PLUGS = "smart_plugs"


class PlanPart(StrEnum):
    """What of a plan can be cleared by itself."""

    MANUAL = "manual"
    SMART_PLUGS = "smart_plugs"
    BACKUP_CHARGE = "backup_charge"
    USE_TIME = "use_time"


class Weekday(StrEnum):
    """A day of the week."""

    SUN = "sun"
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"


class LoadType(StrEnum):
    """What a device does in a slot."""

    SUPPLY = "supply"
    CHARGE = "charge"


class DayType(StrEnum):
    """Which days of a week a tariff is for."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    ALL = "all"


class Tariff(StrEnum):
    """How dear an hour is."""

    PEAK = "peak"
    MID_PEAK = "mid_peak"
    OFF_PEAK = "off_peak"
    VALLEY = "valley"


type Fields = dict[Any, Any]


def _whole(least: int, most: int) -> Any:
    return probatio.All(probatio.Coerce(int), probatio.Range(min=least, max=most))


_DRY_RUN: Final[Fields] = {probatio.Optional(ATTR_DRY_RUN, default=False): cv.boolean}
_DAYS: Final[Fields] = {
    probatio.Optional(ATTR_WEEK_DAYS): probatio.All(
        probatio.EnsureList(), [probatio.Coerce(Weekday)], probatio.Length(min=1)
    )
}
_SLOT: Final[Fields] = {
    probatio.Required(ATTR_START_TIME): cv.time,
    probatio.Required(ATTR_END_TIME): cv.time,
    probatio.Optional(ATTR_POWER_W): _whole(0, 4800),
    probatio.Optional(ATTR_BATTERY_POWER_W): _whole(0, 800),
    probatio.Optional(ATTR_ALLOW_EXPORT): cv.boolean,
    probatio.Optional(ATTR_CHARGE_PRIORITY): _whole(0, 100),
    probatio.Optional(ATTR_DISCHARGE_PRIORITY): cv.boolean,
    probatio.Optional(ATTR_LOAD_TYPE): probatio.Coerce(LoadType),
    probatio.Optional(ATTR_PLAN): probatio.Coerce(WeekPlan),
    **_DAYS,
}
_CLEARED: Final[Fields] = {
    probatio.Optional(ATTR_PART): probatio.Coerce(PlanPart),
    **_DAYS,
}
_BACKUP: Final[Fields] = {
    probatio.Optional(ATTR_START): cv.datetime,
    probatio.Optional(ATTR_END): cv.datetime,
    probatio.Optional(ATTR_DURATION_MIN): _whole(1, 7200),
    probatio.Optional(ATTR_ENABLED): cv.boolean,
}
_USE_TIME: Final[Fields] = {
    probatio.Optional(ATTR_START_MONTH): _whole(1, 12),
    probatio.Optional(ATTR_END_MONTH): _whole(1, 12),
    probatio.Optional(ATTR_DAY_TYPE): probatio.Coerce(DayType),
    probatio.Optional(ATTR_START_HOUR): _whole(0, 23),
    probatio.Optional(ATTR_END_HOUR): _whole(1, 24),
    probatio.Optional(ATTR_TARIFF): probatio.Coerce(Tariff),
    probatio.Optional(ATTR_TARIFF_PRICE): probatio.All(
        probatio.Coerce(float), probatio.Range(min=0, max=10)
    ),
    probatio.Optional(ATTR_DELETE, default=False): cv.boolean,
}


@callback
def async_setup_plan_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        "get_plan",
        _get_plan,
        probatio.Schema(DEVICES),
        supports_response=SupportsResponse.ONLY,
    )
    for name, fields in (
        ("set_plan_slot", _SLOT),
        ("update_plan_slot", _SLOT),
        ("clear_plan", _CLEARED),
        ("change_backup_charge", _BACKUP),
        ("change_use_time", _USE_TIME),
    ):
        hass.services.async_register(
            DOMAIN,
            name,
            partial(_change_plan, name),
            probatio.Schema(DEVICES | fields | _DRY_RUN),
            supports_response=SupportsResponse.OPTIONAL,
        )


async def _get_plan(call: ServiceCall) -> ServiceResponse:
    """Return the plans of devices, freshly asked."""
    results: list[JsonValueType] = []
    for device_id in call.data[ATTR_DEVICE_ID]:
        device, keeper, row = _target(call.hass, device_id)
        if (control := keeper.settings.control_of(device)) is not None:
            await keeper.list_schedules(control)
        plan = row.value(keeper.settings.readings(device))
        results.append({"device_id": device_id, "device": device.id, "plan": plan})
    return {"results": results}


async def _change_plan(name: str, call: ServiceCall) -> ServiceResponse:
    """Change the plans of devices, all of them checked before anything is sent."""
    caller = Caller(VIA_ACTION, call.context.user_id)
    dry_run: bool = call.data[ATTR_DRY_RUN]
    asked = (name, _given(call.data))
    targets = [
        (device_id, *_target(call.hass, device_id, name))
        for device_id in call.data[ATTR_DEVICE_ID]
    ]
    if len(targets) > 1 and not dry_run:
        for _, device, keeper, row in targets:
            await keeper.change(device, ((row, asked),), caller, dry_run=True)
    results: list[JsonValueType] = []
    for device_id, device, keeper, row in targets:
        changed = await keeper.change(device, ((row, asked),), caller, dry_run=dry_run)
        results.append(
            {
                "device_id": device_id,
                "device": device.id,
                "plan": None if changed.after is None else row.value(changed.after),
                "vendor_calls": [item.as_dict() for item in changed.calls],
                "state": state_of(changed, dry_run=dry_run),
            }
        )
    return {"results": results}


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked for, instants in UTC and durations as such."""
    fields = {
        key: value
        for key, value in data.items()
        if key not in (ATTR_DEVICE_ID, ATTR_DRY_RUN)
    }
    for key in (ATTR_START, ATTR_END):
        if key in fields:
            fields[key] = instant(fields[key])
    if (minutes := fields.pop(ATTR_DURATION_MIN, None)) is not None:
        fields[ATTR_DURATION] = timedelta(minutes=minutes)
    return fields


def _target(
    hass: HomeAssistant, device_id: str, action: str | None = None
) -> tuple[Device, Keeper, ReadingPlanDescription]:
    """Return a device of ours that has such a plan, and what changes it.

    ServiceValidationError for any other one.
    """
    identifier, entry = device_of(hass, device_id)
    keeper = entry.runtime_data.keeper
    device = keeper.controls.account.device(identifier)
    row = None if device is None else keeper.settings.plan_of(device)
    if (
        device is None
        or row is None
        or (action is not None and action not in row.actions)
        or not row.is_known(keeper.settings.readings(device))
    ):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="plan_none"
        )
    return device, keeper, row
