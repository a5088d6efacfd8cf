"""Actions: schedules for automations, with response data and `dry_run`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
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
from .core.capabilities import Inexact
from .core.schedule import Action, Limits, ScheduleItem, Source
from .keeper import DeviceControl, Keeper, Request, item_dict
from .runtime import RuntimeData

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
type Handler = Callable[[DeviceControl, Keeper, ServiceCall], Awaitable[dict[str, Any]]]

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
_ACTION: Final[Fields] = {probatio.Required(ATTR_ACTION): probatio.Coerce(Action)}
_DURATION: Final[Fields] = {
    probatio.Required(ATTR_DURATION_MIN): probatio.Coerce(float)
}
_CHANGED: Final[Fields] = {
    probatio.Optional(ATTR_ACTION): probatio.Coerce(Action),
    probatio.Optional(ATTR_DURATION_MIN): probatio.Coerce(float),
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
    for name, fields, handler, response in (
        ("create_schedule", _ACTION | _DURATION | plan, _create_schedule, write),
        ("update_schedule", _ONE | _CHANGED | plan, _update_schedule, write),
        ("delete_schedule", _ONE | _DRY_RUN, _delete_schedule, write),
        ("delete_all_schedules", _DRY_RUN, _delete_all_schedules, write),
        ("force", _ACTION | _DURATION | _WHAT | _DRY_RUN, _force, write),
        ("stop", _DRY_RUN, _stop, write),
        ("reset_to_auto", _DRY_RUN, _reset_to_auto, write),
        ("list_schedules", _PAST, _list_schedules, read),
        ("get_capabilities", {}, _get_capabilities, read),
    ):
        _register(hass, name, _DEVICES | fields, handler, response)


def _register(
    hass: HomeAssistant,
    name: str,
    fields: Fields,
    handler: Handler,
    response: SupportsResponse,
) -> None:
    """Register an action that is done for one device after the other.

    All devices are looked up first, so that a wrong one stops the action before
    anything is sent.
    """

    async def handle(call: ServiceCall) -> ServiceResponse:
        action = call.data.get(ATTR_ACTION)
        targets = [
            (device_id, *_target(hass, device_id, action))
            for device_id in call.data[ATTR_DEVICE_ID]
        ]
        return {
            "results": [
                {"device_id": device_id} | await handler(control, keeper, call)
                for device_id, control, keeper in targets
            ]
        }

    hass.services.async_register(
        DOMAIN, name, handle, probatio.Schema(fields), supports_response=response
    )


def _target(
    hass: HomeAssistant, device_id: str, action: Action | None
) -> tuple[DeviceControl, Keeper]:
    """Return who controls a device; ServiceValidationError when nobody does."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    runtime: RuntimeData = entry.runtime_data
    for domain, identifier in device.identifiers:
        if domain == DOMAIN:
            return runtime.keeper.control_for(identifier, action), runtime.keeper
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key="not_controllable"
    )


def _instant(value: datetime | None) -> datetime | None:
    """Return an instant in UTC; a time without zone is Home Assistant's wall time."""
    if value is None:
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt_util.get_default_time_zone())
    return value.astimezone(UTC)


def _limits(data: dict[str, Any]) -> Limits | None:
    caps = {cap: data[cap] for cap in CAPS if cap in data}
    return Limits(**caps) if caps else None


def _request(call: ServiceCall, source: Source = Source.SERVICE) -> Request:
    data = call.data
    return Request(
        action=data[ATTR_ACTION],
        start=_instant(data.get(ATTR_START)),
        duration=timedelta(minutes=data[ATTR_DURATION_MIN]),
        power_w=data.get(ATTR_POWER_W),
        limits=_limits(data),
        source=source,
        note=data.get(ATTR_NOTE, ""),
        inexact=data[ATTR_INEXACT],
    )


async def _create_schedule(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    return await keeper.create(control, _request(call), dry_run=call.data[ATTR_DRY_RUN])


async def _update_schedule(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    """Change what is given; everything else stays as it is."""
    data = call.data

    def change(item: ScheduleItem) -> Request:
        minutes = data.get(ATTR_DURATION_MIN)
        return Request(
            action=data.get(ATTR_ACTION) or item.action or Action.AUTO,
            start=_instant(data.get(ATTR_START)) or item.start,
            duration=item.duration if minutes is None else timedelta(minutes=minutes),
            power_w=data.get(ATTR_POWER_W, item.power_w),
            limits=_limits(data) or item.limits,
            source=item.source or Source.SERVICE,
            note=data.get(ATTR_NOTE, item.note),
            inexact=data[ATTR_INEXACT],
        )

    return await keeper.replace(
        control, data[ATTR_SCHEDULE_ID], change, dry_run=data[ATTR_DRY_RUN]
    )


async def _delete_schedule(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    return await keeper.delete(
        control, call.data[ATTR_SCHEDULE_ID], dry_run=call.data[ATTR_DRY_RUN]
    )


async def _delete_all_schedules(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    return await keeper.delete_all(control, dry_run=call.data[ATTR_DRY_RUN])


async def _force(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    return await keeper.force(
        control, _request(call, Source.MANUAL), dry_run=call.data[ATTR_DRY_RUN]
    )


async def _stop(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    return await keeper.stop(control, dry_run=call.data[ATTR_DRY_RUN])


async def _reset_to_auto(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    return await keeper.reset_to_auto(control, dry_run=call.data[ATTR_DRY_RUN])


async def _list_schedules(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    """Return one-shot schedules, and the coming week of recurring ones."""
    programme = await keeper.list_schedules(
        control, include_past=call.data[ATTR_INCLUDE_PAST]
    )
    return {
        "device": control.device_id,
        "schedules": [item_dict(item) for item in programme.items],
        "recurring": [
            item_dict(item) for item in programme.recurring_of_week(dt_util.utcnow())
        ],
    }


async def _get_capabilities(
    control: DeviceControl, keeper: Keeper, call: ServiceCall
) -> dict[str, Any]:
    return {"device": control.device_id, **control.capabilities.as_dict()}
