"""Actions: schedules for automations, with response data and `dry_run`.

Stop and reset on a device cover everyone who controls it: on an inverter they reach the
limits of its site too, so that what was started with a device is ended with it.
"""

from collections.abc import Awaitable, Callable, Mapping
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
from .core.capabilities import Inexact
from .core.schedule import POWERED_ACTIONS, Action, Limits, ScheduleItem, Source
from .keeper import Keeper
from .plan_data import Request, item_dict

ATTR_ACTION: Final = "action"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_DURATION_MIN: Final = "duration_min"
ATTR_INCLUDE_PAST: Final = "include_past"
ATTR_INEXACT: Final = "inexact"
ATTR_NOTE: Final = "note"
ATTR_POWER_W: Final = "power_w"
ATTR_SCHEDULE_ID: Final = "schedule_id"
ATTR_START: Final = "start"

CAPS: Final = tuple(Limits.__slots__)

type Fields = dict[Any, Any]
type Controls = tuple[DeviceControl, ...]
type Result = dict[str, Any]
type Data = Mapping[str, Any]
type Chosen = Callable[[Controls, Data], Controls]
type Run = Callable[[DeviceControl, Keeper, Data], Awaitable[Result]]

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
    probatio.Optional(ATTR_INEXACT, default=Inexact.REJECT): probatio.Coerce(Inexact),
}
_ACTION: Final[Fields] = {probatio.Required(ATTR_ACTION): cv.string}
_DURATION: Final[Fields] = {probatio.Required(ATTR_DURATION_MIN): _MINUTES}
_CHANGED: Final[Fields] = {
    probatio.Optional(ATTR_ACTION): cv.string,
    probatio.Optional(ATTR_DURATION_MIN): _MINUTES,
}
_PAST: Final[Fields] = {probatio.Optional(ATTR_INCLUDE_PAST, default=False): cv.boolean}
_WHEN: Final[Fields] = {probatio.Optional(ATTR_START): cv.datetime}
_NOTE: Final[Fields] = {
    probatio.Optional(ATTR_NOTE): probatio.All(cv.string, probatio.Length(max=100))
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    write, read = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    plan = _WHEN | _WHAT | _NOTE | _DRY_RUN
    for name, fields, chosen, run, response in (
        ("create_schedule", _ACTION | _DURATION | plan, _able, _create, write),
        ("update_schedule", _ONE | _CHANGED | plan, _holding, _update, write),
        ("delete_schedule", _ONE | _DRY_RUN, _holding, _delete, write),
        ("delete_all_schedules", _DRY_RUN, _nearest, _plain(Keeper.delete_all), write),
        ("force", _ACTION | _DURATION | _WHAT | _DRY_RUN, _able, _force, write),
        ("stop", _DRY_RUN, _all, _plain(Keeper.stop), write),
        ("reset_to_auto", _DRY_RUN, _all, _plain(Keeper.reset_to_auto), write),
        ("list_schedules", _PAST, _all, _list_schedules, read),
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

        async def run_all(data: Data) -> list[Any]:
            return [
                {"device_id": device_id} | await run(control, keeper, data)
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
    return keeper.controls_for(identifier), keeper


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


def _request(data: Data, source: Source = Source.SERVICE) -> Request:
    return Request(
        action=_action(data[ATTR_ACTION]),
        start=_instant(data.get(ATTR_START)),
        duration=timedelta(minutes=data[ATTR_DURATION_MIN]),
        power_w=data.get(ATTR_POWER_W),
        limits=_limits(data),
        source=source,
        note=data.get(ATTR_NOTE, ""),
        inexact=data[ATTR_INEXACT],
    )


async def _create(control: DeviceControl, keeper: Keeper, data: Data) -> Result:
    return await keeper.create(control, _request(data), dry_run=data[ATTR_DRY_RUN])


async def _update(control: DeviceControl, keeper: Keeper, data: Data) -> Result:
    """Change what is given; everything else stays as it is.

    One that is running goes on from now to its end.
    """
    return await keeper.replace(
        control,
        data[ATTR_SCHEDULE_ID],
        partial(_changed, data),
        dry_run=data[ATTR_DRY_RUN],
    )


def _changed(data: Data, item: ScheduleItem) -> Request:
    now = dt_util.utcnow()
    start = _instant(data.get(ATTR_START))
    duration = item.duration
    if start is None and item.active_at(now):
        duration = item.end - now.replace(microsecond=0)
    elif start is None:
        start = item.start
    minutes = data.get(ATTR_DURATION_MIN)
    word = data.get(ATTR_ACTION)
    action = _action(word) if word else item.action or Action.AUTO
    keeps_power = action in POWERED_ACTIONS and item.action in POWERED_ACTIONS
    limits = _limits(data)
    if action is Action.LIMIT and item.limits is not None:
        given = limits.as_dict() if limits else {}
        limits = Limits(**(item.limits.as_dict() | given))
    return Request(
        action=action,
        start=start,
        duration=duration if minutes is None else timedelta(minutes=minutes),
        power_w=data.get(ATTR_POWER_W, item.power_w if keeps_power else None),
        limits=limits,
        source=item.source or Source.SERVICE,
        note=data.get(ATTR_NOTE, item.note),
        inexact=data[ATTR_INEXACT],
    )


async def _delete(control: DeviceControl, keeper: Keeper, data: Data) -> Result:
    schedule_id, dry_run = data[ATTR_SCHEDULE_ID], data[ATTR_DRY_RUN]
    return await keeper.delete(control, schedule_id, dry_run=dry_run)


async def _force(control: DeviceControl, keeper: Keeper, data: Data) -> Result:
    request = _request(data, Source.MANUAL)
    return await keeper.force(control, request, dry_run=data[ATTR_DRY_RUN])


def _plain(method: Callable[..., Awaitable[Result]]) -> Run:
    """Return what runs a method of the keeper that takes nothing but `dry_run`."""

    async def run(control: DeviceControl, keeper: Keeper, data: Data) -> Result:
        return await method(keeper, control, dry_run=data[ATTR_DRY_RUN])

    return run


async def _list_schedules(control: DeviceControl, keeper: Keeper, data: Data) -> Result:
    """Return one-shot schedules, and the coming week of recurring ones."""
    programme = await keeper.list_schedules(
        control, include_past=data[ATTR_INCLUDE_PAST]
    )
    items = sorted(programme.items, key=lambda item: item.start)
    week = programme.recurring_of_week(dt_util.utcnow())
    return {
        "device": control.device_id,
        "schedules": [item_dict(item) for item in items],
        "recurring": [item_dict(item) for item in week],
    }


async def _get_capabilities(
    control: DeviceControl, keeper: Keeper, data: Data
) -> Result:
    return {"device": control.device_id, **control.capabilities.as_dict()}
