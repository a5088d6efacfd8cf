"""Actions for the settings of a device: what there is, and several changed at once."""

from collections.abc import Mapping
from datetime import datetime, time
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
from .core.models import Device, DeviceReadings
from .descriptions import (
    ReadingDateTimeDescription,
    ReadingListDescription,
    ReadingNumberDescription,
    ReadingSelectDescription,
    ReadingTimeDescription,
    SettingDescription,
)
from .keeper import Keeper
from .rule_edits import VIA_ACTION, Caller
from .service_data import ATTR_DRY_RUN, DEVICES, device_of, instant
from .setting_changes import Changed, Wanted

ATTR_SETTINGS: Final = "settings"


@callback
def async_setup_setting_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        "change_settings",
        _change_settings,
        probatio.Schema(
            DEVICES
            | {
                probatio.Required(ATTR_SETTINGS): probatio.All(
                    {cv.string: object}, probatio.Length(min=1)
                ),
                probatio.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
            }
        ),
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        "get_settings",
        _get_settings,
        probatio.Schema(DEVICES),
        supports_response=SupportsResponse.ONLY,
    )


async def _change_settings(call: ServiceCall) -> ServiceResponse:
    """Change settings of devices, all of them checked before anything is sent."""
    caller = Caller(VIA_ACTION, call.context.user_id)
    asked = call.data[ATTR_SETTINGS]
    targets = [_target(call.hass, item) for item in call.data[ATTR_DEVICE_ID]]
    wanted = [_wanted(device, keeper, asked) for device, keeper in targets]
    if len(targets) > 1 and not call.data[ATTR_DRY_RUN]:
        for (device, keeper), settings in zip(targets, wanted, strict=True):
            await keeper.change(device, settings, caller, dry_run=True)
    results: list[JsonValueType] = []
    for device_id, (device, keeper), settings in zip(
        call.data[ATTR_DEVICE_ID], targets, wanted, strict=True
    ):
        readings = keeper.settings.readings(device)
        before = {row.key: row.value(readings) for row, _ in settings}
        changed = await keeper.change(
            device, settings, caller, dry_run=call.data[ATTR_DRY_RUN]
        )
        results.append(
            {
                "device_id": device_id,
                "device": device.id,
                "settings": {
                    row.key: {
                        "before": _shown(row, before[row.key]),
                        "after": _shown(row, _after(row, value, changed)),
                    }
                    for row, value in settings
                },
                "vendor_calls": [item.as_dict() for item in changed.calls],
                "state": state_of(changed, dry_run=call.data[ATTR_DRY_RUN]),
            }
        )
    return {"results": results}


async def _get_settings(call: ServiceCall) -> ServiceResponse:
    """Return the settings that devices have."""
    results: list[JsonValueType] = []
    for device_id in call.data[ATTR_DEVICE_ID]:
        device, keeper = _target(call.hass, device_id)
        readings = keeper.settings.readings(device)
        results.append(
            {
                "device_id": device_id,
                "device": device.id,
                "settings": {
                    row.key: _shown(row, row.value(readings))
                    for row in keeper.settings.rows(device)
                    if row.is_known(readings)
                },
            }
        )
    return {"results": results}


def _target(hass: HomeAssistant, device_id: str) -> tuple[Device, Keeper]:
    """Return a device of ours; ServiceValidationError when it has no settings."""
    identifier, entry = device_of(hass, device_id)
    keeper = entry.runtime_data.keeper
    device = keeper.controls.account.device(identifier)
    if device is None or not keeper.settings.rows(device):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="setting_none"
        )
    return device, keeper


def _wanted(device: Device, keeper: Keeper, asked: Mapping[str, Any]) -> Wanted:
    """Return the settings that are asked for, in the order of the device's table."""
    readings = keeper.settings.readings(device)
    rows = {
        row.key: row for row in keeper.settings.rows(device) if row.is_open(readings)
    }
    for key in asked:
        if key not in rows:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="setting_unknown",
                translation_placeholders={"key": key, "keys": ", ".join(rows)},
            )
    return [
        (row, _value(row, asked, readings)) for key, row in rows.items() if key in asked
    ]


def _value(
    row: SettingDescription, asked: Mapping[str, Any], readings: DeviceReadings
) -> Any:
    """Return a value as its setting takes it, None for nothing."""
    value = asked[row.key]
    if value is None:
        if asked.get(row.null_with or row.key, row) is not None or not row.null_with:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="setting_null",
                translation_placeholders={"key": row.key},
            )
        return None
    try:
        if isinstance(row, ReadingNumberDescription):
            number = probatio.Coerce(float)(value)
            return probatio.Range(min=row.least(readings), max=row.largest(readings))(
                number
            )
        if isinstance(row, ReadingTimeDescription):
            return cv.time(value)
        if isinstance(row, ReadingSelectDescription):
            return probatio.In(row.options or ())(value)
        if isinstance(row, ReadingDateTimeDescription):
            return instant(cv.datetime(value))
        if isinstance(row, ReadingListDescription):
            return _as_list(row, value)
        return cv.boolean(value)
    except probatio.Invalid as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="setting_value",
            translation_placeholders={
                "key": row.key,
                "value": str(value),
                "cause": error.msg,
            },
        ) from error


def _as_list(row: ReadingListDescription, value: Any) -> Any:
    try:
        return row.read_fn(value)
    except ValueError as error:
        raise probatio.Invalid(str(error)) from error


def _after(row: SettingDescription, value: Any, changed: Changed) -> Any:
    if row.has_call or changed.after is None:
        return value
    return row.value(changed.after)


def _shown(row: SettingDescription, value: Any) -> JsonValueType:
    if isinstance(row, ReadingListDescription):
        value = row.show_fn(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, datetime):
        return value.isoformat()
    shown: JsonValueType = value
    return shown


def state_of(changed: Changed, *, dry_run: bool) -> str:
    """Return what came of a change in a word."""
    if dry_run:
        return "not_sent"
    return "confirmed" if changed.confirmed else "unconfirmed"
