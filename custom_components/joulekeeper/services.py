"""Actions: schedules for automations, with response data and `dry_run`.

Stop and reset on a device cover everyone who controls it: on an inverter they reach the
limits of its site too, so that what was started with a device is ended with it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .control import DeviceControl
from .core.recurrence import Recurrence
from .core.rules import Inexact, Rule
from .core.schedule import MINUTE, POWERED_ACTIONS, Action, Limits, Source
from .keeper import Keeper
from .plan_data import dispatch_dict, item_dict, log_dict, rule_dict
from .rule_edits import VIA_ACTION, Caller, new_id, recurring, starting

ATTR_ACTION: Final = "action"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_DURATION_MIN: Final = "duration_min"
ATTR_FOLLOWING: Final = "following"
ATTR_HOURS: Final = "hours"
ATTR_INCLUDE_PAST: Final = "include_past"
ATTR_INEXACT: Final = "inexact"
ATTR_LEASE_MIN: Final = "lease_min"
ATTR_NOTE: Final = "note"
ATTR_OCCURRENCE: Final = "occurrence"
ATTR_POWER_W: Final = "power_w"
ATTR_RRULE: Final = "rrule"
ATTR_SCHEDULE_ID: Final = "schedule_id"
ATTR_START: Final = "start"
ATTR_TARGET_SOC: Final = "target_soc"

CAPS: Final = tuple(Limits.__slots__)

type Fields = dict[Any, Any]
type Controls = tuple[DeviceControl, ...]
type Result = dict[str, Any]
type Data = Mapping[str, Any]
type Chosen = Callable[[Controls, Data], Controls]
type Run = Callable[[DeviceControl, Keeper, Data, Caller], Awaitable[Result]]

_MINUTES: Final = probatio.All(
    probatio.Coerce(float), probatio.Range(min=0, max=1_000_000)
)
_DEVICES: Final[Fields] = {
    probatio.Required(ATTR_DEVICE_ID): probatio.All(
        probatio.EnsureList(), [cv.string], probatio.Length(min=1)
    )
}
_DRY_RUN: Final[Fields] = {probatio.Optional(ATTR_DRY_RUN, default=False): cv.boolean}
_ONE: Final[Fields] = {probatio.Required(ATTR_SCHEDULE_ID): cv.string}
_WHAT: Final[Fields] = {
    probatio.Optional(ATTR_POWER_W): probatio.Coerce(int),
    **{probatio.Optional(cap): cv.positive_int for cap in CAPS},
    probatio.Optional(ATTR_TARGET_SOC): probatio.Coerce(int),
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
        probatio.Coerce(float), probatio.Range(min=1, max=10_000)
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
        ("stop", _DRY_RUN, _all, _plain(Keeper.stop), write),
        ("reset_to_auto", _DRY_RUN, _all, _plain(Keeper.reset_to_auto), write),
        ("preview", _SOME | _CHANGED | plan, _previewed, _preview, read),
        ("list_schedules", _PAST, _all, _list_schedules, read),
        ("get_log", _HOURS, _all, _get_log, read),
        ("get_capabilities", {}, _all, _get_capabilities, read),
    ):
        _register(hass, name, _DEVICES | fields, chosen, run, response)


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
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    keeper: Keeper = entry.runtime_data.keeper
    identifier = next(item for domain, item in device.identifiers if domain == DOMAIN)
    return keeper.controls.for_device(identifier), keeper


def _all(controls: Controls, data: Data) -> Controls:
    return controls


def _nearest(controls: Controls, data: Data) -> Controls:
    return controls[:1]


def _able(controls: Controls, data: Data) -> Controls:
    """Choose the nearest one that can do the action, else the nearest one."""
    action = _action(data[ATTR_ACTION])
    able = (item for item in controls if item.capabilities.supports(action))
    return (next(able, controls[0]),)


def _holding(controls: Controls, data: Data) -> Controls:
    """Choose the one whose plan has the schedule, else the nearest one."""
    schedule_id = data[ATTR_SCHEDULE_ID]
    holding = (item for item in controls if item.programme.find(schedule_id))
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


def _instant(value: datetime | None) -> datetime | None:
    """Return an instant in UTC; a time without zone is Home Assistant's wall time."""
    if value is None:
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt_util.get_default_time_zone())
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value.replace(tzinfo=UTC)


def _action(word: str) -> Action:
    """Return an action by its name; the error lists the names that there are."""
    name = word.strip().casefold()
    if name not in Action:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_action",
            translation_placeholders={"action": word, "actions": ", ".join(Action)},
        )
    return Action(name)


def _limits(data: Data) -> Limits | None:
    caps = {cap: data[cap] for cap in CAPS if cap in data}
    return Limits(**caps) if caps else None


def _rule(data: Data, control: DeviceControl, source: Source) -> Rule:
    """Return what an action asks for as a rule."""
    rule = Rule(
        id=new_id(),
        action=_action(data[ATTR_ACTION]),
        start=dt_util.utcnow(),
        duration=_minutes(data, ATTR_DURATION_MIN) or timedelta(),
        power_w=data.get(ATTR_POWER_W),
        target_soc=data.get(ATTR_TARGET_SOC),
        limits=_limits(data),
        source=source,
        note=data.get(ATTR_NOTE, ""),
        inexact=data.get(ATTR_INEXACT, Inexact.EMULATE),
    )
    rule = starting(rule, _instant(data.get(ATTR_START)))
    if (rrule := data.get(ATTR_RRULE)) is not None:
        rule = recurring(rule, rrule, control.zone)
    return rule


def _minutes(data: Data, key: str) -> timedelta | None:
    return timedelta(minutes=data[key]) if key in data else None


async def _create(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    rule = _rule(data, control, Source.SERVICE)
    return await keeper.create(control, rule, caller, dry_run=data[ATTR_DRY_RUN])


async def _force(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    rule = _rule(data, control, Source.MANUAL)
    if (lease := _minutes(data, ATTR_LEASE_MIN)) is not None:
        rule = replace(rule, lease_end=rule.start + lease)
    return await keeper.force(control, rule, caller, dry_run=data[ATTR_DRY_RUN])


async def _update(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    return await keeper.update(
        control,
        data[ATTR_SCHEDULE_ID],
        partial(_changed, data, control),
        caller,
        wall=_wall(data, control),
        following=data[ATTR_FOLLOWING],
        dry_run=data[ATTR_DRY_RUN],
    )


def _changed(data: Data, control: DeviceControl, rule: Rule) -> Rule:
    """Change what is given; everything else stays as it is.

    One that is running goes on from now to its end, or for the time that is given.
    """
    now = dt_util.utcnow().replace(microsecond=0)
    start = _instant(data.get(ATTR_START))
    duration = _minutes(data, ATTR_DURATION_MIN)
    runs = rule.recurrence is None and rule.start <= now < rule.end
    if runs and start is None and duration is not None:
        duration += now - rule.start
    word = data.get(ATTR_ACTION)
    action = _action(word) if word else rule.action
    powered = action in POWERED_ACTIONS and rule.action in POWERED_ACTIONS
    limits = _limits(data)
    if action is Action.LIMIT and rule.limits is not None:
        given = limits.as_dict() if limits else {}
        limits = Limits(**(rule.limits.as_dict() | given))
    changed = replace(
        rule,
        action=action,
        start=rule.start if start is None else start.replace(microsecond=0),
        duration=duration or _length(rule),
        power_w=data.get(ATTR_POWER_W, rule.power_w if powered else None),
        target_soc=data.get(ATTR_TARGET_SOC, rule.target_soc if powered else None),
        limits=limits,
        note=data.get(ATTR_NOTE, rule.note),
        inexact=data.get(ATTR_INEXACT, rule.inexact),
    )
    return _repeated(changed, rule.recurrence, data.get(ATTR_RRULE), control)


def _repeated(
    changed: Rule, before: Recurrence | None, rrule: str | None, control: DeviceControl
) -> Rule:
    """Return the rule with its repetition: the one that is given, none if it is empty.

    Without one it stays what it was, with the times that were taken out of it.
    """
    if rrule == "" or (rrule is None and before is None):
        return replace(changed, recurrence=None)
    if before is None:
        return recurring(changed, rrule or "", control.zone)
    return recurring(
        changed,
        before.rule if rrule is None else rrule,
        control.zone,
        exdates=before.exdates if rrule is None else (),
    )


def _length(rule: Rule) -> timedelta:
    """Return how long a rule is, of a recurring one by the wall clock."""
    return rule.recurrence.length if rule.recurrence else rule.duration


def _wall(data: Data, control: DeviceControl) -> datetime | None:
    """Return the wall time that names an occurrence, by its start."""
    start = _instant(data.get(ATTR_OCCURRENCE))
    if start is None:
        return None
    return start.astimezone(dt_util.get_time_zone(control.zone)).replace(tzinfo=None)


async def _delete(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    return await keeper.delete(
        control,
        data[ATTR_SCHEDULE_ID],
        caller,
        wall=_wall(data, control),
        following=data[ATTR_FOLLOWING],
        dry_run=data[ATTR_DRY_RUN],
    )


async def _extend(
    control: DeviceControl, keeper: Keeper, data: Data, caller: Caller
) -> Result:
    return await keeper.extend(
        control,
        data.get(ATTR_SCHEDULE_ID),
        caller,
        by=_minutes(data, ATTR_DURATION_MIN) or timedelta(),
        lease=_minutes(data, ATTR_LEASE_MIN),
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
        change = partial(_changed, data, control)
        schedule_id = data[ATTR_SCHEDULE_ID]
        return await keeper.update(control, schedule_id, change, caller, dry_run=True)
    if ATTR_ACTION in data:
        rule = _rule(data, control, Source.SERVICE)
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
