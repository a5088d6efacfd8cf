"""Actions: schedules for automations, with response data and `dry_run`.

Stop and reset on a device cover everyone who controls it: on an inverter they reach the
limits of its site too, so that what was started with a device is ended with it. Who
wants less than that names the actions that `stop` is to end.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
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
from homeassistant.util import dt as dt_util

from .binding_services import async_setup_binding_services
from .const import DOMAIN
from .control import DeviceControl
from .core.rules import Inexact
from .core.schedule import MINUTE, Action, Source
from .history_services import async_setup_history_services
from .keeper import Keeper
from .plan_data import dispatch_dict, item_dict, log_dict, rule_dict
from .plan_services import async_setup_plan_services
from .price_services import async_setup_price_services
from .rule_edits import VIA_ACTION, Caller
from .service_data import (
    ATTR_ACTION,
    ATTR_ACTIONS,
    ATTR_DRY_RUN,
    ATTR_DURATION_MIN,
    ATTR_FOLLOWING,
    ATTR_FORCED_ONLY,
    ATTR_HOURS,
    ATTR_INCLUDE_PAST,
    ATTR_INEXACT,
    ATTR_LEASE_MIN,
    ATTR_NOTE,
    ATTR_OCCURRENCE,
    ATTR_POWER_W,
    ATTR_RRULE,
    ATTR_SCHEDULE_ID,
    ATTR_START,
    ATTR_TARGET_SOC,
    CAPS,
    DEVICES,
    Data,
    action_of,
    changed_rule,
    device_of,
    minutes,
    new_rule,
    occurrence_of,
)
from .setting_services import async_setup_setting_services
from .system_services import async_setup_system_services

type Fields = dict[Any, Any]
type Controls = tuple[DeviceControl, ...]
type Result = dict[str, Any]
type Chosen = Callable[[Controls, Data], Controls]
type Run = Callable[[DeviceControl, Keeper, Data, Caller], Awaitable[Result]]

_MINUTES: Final = probatio.All(
    probatio.Coerce(float), probatio.Range(min=0, max=1_000_000)
)
_DRY_RUN: Final[Fields] = {probatio.Optional(ATTR_DRY_RUN, default=False): cv.boolean}
_ONE: Final[Fields] = {probatio.Required(ATTR_SCHEDULE_ID): cv.string}
_WHOLE: Final = probatio.All(
    probatio.Coerce(float), probatio.Range(min=-1e9, max=1e9), probatio.Coerce(int)
)
"""A number, also as text with decimals, as programs and templates give it."""
_WHAT: Final[Fields] = {
    probatio.Optional(ATTR_POWER_W): _WHOLE,
    **{probatio.Optional(cap): cv.positive_int for cap in CAPS},
    probatio.Optional(ATTR_TARGET_SOC): _WHOLE,
    probatio.Optional(ATTR_INEXACT): probatio.Coerce(Inexact),
}
_ACTION: Final[Fields] = {probatio.Required(ATTR_ACTION): cv.string}
_DURATION: Final[Fields] = {probatio.Required(ATTR_DURATION_MIN): _MINUTES}
_CHANGED: Final[Fields] = {
    probatio.Optional(ATTR_ACTION): cv.string,
    probatio.Optional(ATTR_DURATION_MIN): _MINUTES,
}
_PAST: Final[Fields] = {probatio.Optional(ATTR_INCLUDE_PAST, default=False): cv.boolean}
_WHEN: Final[Fields] = {probatio.Optional(ATTR_START): cv.datetime}
_REPEATED: Final[Fields] = {probatio.Optional(ATTR_RRULE): cv.string}
_LEASE: Final[Fields] = {
    probatio.Optional(ATTR_LEASE_MIN): probatio.All(
        probatio.Coerce(float), probatio.Range(min=1, max=7200)
    )
}
_PART: Final[Fields] = {
    probatio.Optional(ATTR_OCCURRENCE): cv.datetime,
    probatio.Optional(ATTR_FOLLOWING, default=False): cv.boolean,
}
_SOME: Final[Fields] = {
    probatio.Optional(ATTR_SCHEDULE_ID): cv.string,
    probatio.Optional(ATTR_DURATION_MIN): _MINUTES,
}
_ENDED: Final[Fields] = {
    probatio.Optional(ATTR_FORCED_ONLY, default=False): cv.boolean,
    probatio.Optional(ATTR_ACTIONS): probatio.All(
        cv.ensure_list_csv, [cv.string], probatio.Length(min=1)
    ),
}
_HOURS: Final[Fields] = {
    probatio.Optional(ATTR_HOURS, default=24): probatio.All(
        probatio.Coerce(float), probatio.Range(min=0, max=720)
    )
}
_NOTE: Final[Fields] = {
    probatio.Optional(ATTR_NOTE): probatio.All(cv.string, probatio.Length(max=100))
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    write, read = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    plan = _WHEN | _REPEATED | _WHAT | _NOTE
    for name, fields, chosen, run, response in (
        (
            "create_schedule",
            _ACTION | _DURATION | plan | _DRY_RUN,
            _able,
            _create,
            write,
        ),
        (
            "update_schedule",
            _ONE | _PART | _CHANGED | plan | _DRY_RUN,
            _holding,
            _update,
            write,
        ),
        ("delete_schedule", _ONE | _PART | _DRY_RUN, _holding, _delete, write),
        ("delete_all_schedules", _DRY_RUN, _nearest, _plain(Keeper.delete_all), write),
        (
            "force",
            _ACTION | _DURATION | _LEASE | _WHAT | _DRY_RUN,
            _able,
            _force,
            write,
        ),
        ("extend", _SOME | _LEASE | _DRY_RUN, _running, _extend, write),
        ("stop", _ENDED | _DRY_RUN, _all, _stop, write),
        ("reset_to_auto", _DRY_RUN, _all, _plain(Keeper.reset_to_auto), write),
        ("preview", _SOME | _PART | _CHANGED | plan, _previewed, _preview, read),
        ("list_schedules", _PAST, _all, _list_schedules, read),
        ("get_log", _HOURS, _all, _get_log, read),
        ("get_capabilities", {}, _all, _get_capabilities, read),
    ):
        _register(hass, name, DEVICES | fields, chosen, run, response)
    async_setup_binding_services(hass)
    async_setup_setting_services(hass)
    async_setup_history_services(hass)
    async_setup_price_services(hass)
    async_setup_plan_services(hass)
    async_setup_system_services(hass)


def _register(
    hass: HomeAssistant,
    name: str,
    fields: Fields,
    chosen: Chosen,
    run: Run,
    response: SupportsResponse,
) -> None:
    """Register an action that is done for one control after the other.

    `chosen` picks who acts for a device; whoever acts for several of them acts once.
    With several to act, the action is rehearsed for all of them first, so that bad
    input for one stops it before anything is sent to another.
    """

    async def handle(call: ServiceCall) -> ServiceResponse:
        targets: dict[int, tuple[str, DeviceControl, Keeper]] = {}
        for device_id in call.data[ATTR_DEVICE_ID]:
            controls, keeper = _target(hass, device_id)
            for control in chosen(controls, call.data):
                targets.setdefault(id(control), (device_id, control, keeper))
        caller = Caller(VIA_ACTION, call.context.user_id)

        async def run_all(data: Data) -> list[Any]:
            return [
                {"device_id": device_id} | await run(control, keeper, data, caller)
                for device_id, control, keeper in targets.values()
            ]

        if len(targets) > 1 and ATTR_DRY_RUN in call.data:
            await run_all({**call.data, ATTR_DRY_RUN: True})
        return {"results": await run_all(call.data)}

    hass.services.async_register(
        DOMAIN, name, handle, probatio.Schema(fields), supports_response=response
    )


def _target(hass: HomeAssistant, device_id: str) -> tuple[Controls, Keeper]:
    """Return who controls a device; ServiceValidationError when nobody does."""
    identifier, entry = device_of(hass, device_id)
    keeper = entry.runtime_data.keeper
    return keeper.controls.for_device(identifier), keeper


def _all(controls: Controls, data: Data) -> Controls:
    return controls


def _nearest(controls: Controls, data: Data) -> Controls:
    return controls[:1]


def _able(controls: Controls, data: Data) -> Controls:
    """Choose the nearest one that can do the action, else the nearest one."""
    action = action_of(data[ATTR_ACTION])
    able = (item for item in controls if item.capabilities.supports(action))
    return (next(able, controls[0]),)


def _holding(controls: Controls, data: Data) -> Controls:
    """Choose the one that keeps the schedule or whose plan has it, else the nearest."""
    schedule_id = data[ATTR_SCHEDULE_ID]
    holding = (
        item
        for item in controls
        if schedule_id in item.ledger.rules or item.programme.find(schedule_id)
    )
    return (next(holding, controls[0]),)


def _running(controls: Controls, data: Data) -> Controls:
    """Choose the one that has something running, the named one if one is named."""
    if ATTR_SCHEDULE_ID in data:
        return _holding(controls, data)
    now = dt_util.utcnow()
    running = (
        item for item in controls if any(item.ledger.occurrences(now, now + MINUTE))
    )
    return (next(running, controls[0]),)


def _previewed(controls: Controls, data: Data) -> Controls:
    if ATTR_SCHEDULE_ID in data:
        return _holding(controls, data)
    return _able(controls, data) if ATTR_ACTION in data else controls


async def _create(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    rule = new_rule(data, control, Source.SERVICE)
    return await keeper.create(control, rule, caller, dry_run=data[ATTR_DRY_RUN])


async def _force(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    rule = new_rule(data, control, Source.MANUAL)
    if (lease := minutes(data, ATTR_LEASE_MIN)) is not None:
        rule = replace(rule, lease_end=rule.start + lease)
    return await keeper.force(control, rule, caller, dry_run=data[ATTR_DRY_RUN])


async def _update(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    return await keeper.update(
        control,
        data[ATTR_SCHEDULE_ID],
        partial(changed_rule, data, control),
        caller,
        wall=occurrence_of(data, control),
        following=data[ATTR_FOLLOWING],
        dry_run=data[ATTR_DRY_RUN],
    )


async def _delete(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    return await keeper.delete(
        control,
        data[ATTR_SCHEDULE_ID],
        caller,
        wall=occurrence_of(data, control),
        following=data[ATTR_FOLLOWING],
        dry_run=data[ATTR_DRY_RUN],
    )


async def _extend(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    by = minutes(data, ATTR_DURATION_MIN) or timedelta()
    lease = minutes(data, ATTR_LEASE_MIN)
    if not by and lease is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="extend_by_nothing"
        )
    return await keeper.extend(
        control,
        data.get(ATTR_SCHEDULE_ID),
        caller,
        by=by,
        lease=lease,
        dry_run=data[ATTR_DRY_RUN],
    )


async def _stop(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    words = data.get(ATTR_ACTIONS, Action)
    return await keeper.stop(
        control,
        caller,
        forced_only=data[ATTR_FORCED_ONLY],
        actions=frozenset(map(action_of, words)),
        dry_run=data[ATTR_DRY_RUN],
    )


def _plain(method: Callable[..., Awaitable[Result]]) -> Run:
    """Return what runs a method of the keeper that takes nothing but `dry_run`."""

    async def run(
        control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
    ) -> Result:
        return await method(keeper, control, caller, dry_run=data[ATTR_DRY_RUN])

    return run


async def _preview(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    """Return what would change: by an edit, by a new schedule, or without either."""
    if ATTR_SCHEDULE_ID in data:
        return await _update(control, keeper, {**data, ATTR_DRY_RUN: True}, caller)
    part = ATTR_OCCURRENCE in data or data[ATTR_FOLLOWING]
    others = data.keys() - {ATTR_DEVICE_ID, ATTR_FOLLOWING}
    if part or (others and ATTR_ACTION not in data):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="preview_unclear"
        )
    if ATTR_ACTION in data:
        rule = new_rule(data, control, Source.SERVICE)
        return await keeper.create(control, rule, caller, dry_run=True)
    return await keeper.preview(control)


async def _list_schedules(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    """Return what the cloud holds, and what is asked of it."""
    programme = await keeper.list_schedules(
        control, include_past=data[ATTR_INCLUDE_PAST]
    )
    ledger = control.ledger
    items = sorted(programme.items, key=lambda item: item.start)
    week = programme.recurring_of_week(dt_util.utcnow())
    return {
        "device": control.device_id,
        "schedules": [item_dict(item) for item in items],
        "recurring": [item_dict(item) for item in week],
        "rules": [
            {
                "schedule_id": rule.id,
                "source": rule.source.value,
                **rule_dict(rule),
                "occurrences": [
                    dispatch_dict(item) for item in ledger.dispatches_of(rule.id)
                ],
            }
            for rule in sorted(ledger.rules.values(), key=lambda rule: rule.start)
        ],
    }


async def _get_log(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    """Return what happened to the device's schedules, earliest first."""
    since = dt_util.utcnow() - timedelta(hours=data[ATTR_HOURS])
    entries = keeper.journal.entries(control.device_id, since)
    return {"device": control.device_id, "log": [log_dict(item) for item in entries]}


async def _get_capabilities(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    return {"device": control.device_id, **control.capabilities.as_dict()}
