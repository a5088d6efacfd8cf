"""Actions that bind systems to an account, and unbind them.

What is ours in a plan is given back before its system is unbound: afterwards nobody
could.
"""

from collections.abc import Awaitable
from typing import Any, Final

import probatio

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType

from .connection import systems_in_use
from .const import CONF_VENDOR, DOMAIN
from .core.errors import VendorError
from .rule_edits import VIA_ACTION, Caller
from .runtime import JoulekeeperConfigEntry, account_of
from .service_data import DEVICES, device_of
from .vendors.extras import Binder
from .write_errors import write_error

ATTR_CHECK_CODE: Final = "check_code"
ATTR_CONFIG_ENTRY_ID: Final = "config_entry_id"
ATTR_SERIAL_NUMBER: Final = "serial_number"
ATTR_VERIFICATION_CODE: Final = "verification_code"

_TEXT: Final = probatio.All(cv.string, str.strip, probatio.Length(min=1, max=64))
_OF_ACCOUNT: Final[dict[Any, Any]] = {
    probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
    probatio.Required(ATTR_SERIAL_NUMBER): _TEXT,
}


@callback
def async_setup_binding_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handle, fields in (
        (
            "request_binding_code",
            _request_code,
            _OF_ACCOUNT | {probatio.Required(ATTR_CHECK_CODE): _TEXT},
        ),
        (
            "bind_system",
            _bind,
            _OF_ACCOUNT | {probatio.Required(ATTR_VERIFICATION_CODE): _TEXT},
        ),
        ("unbind_system", _unbind, DEVICES),
    ):
        hass.services.async_register(
            DOMAIN,
            name,
            handle,
            probatio.Schema(fields),
            supports_response=SupportsResponse.OPTIONAL,
        )


async def _request_code(call: ServiceCall) -> ServiceResponse:
    """Have a code mailed to the owner of a system."""
    entry, binder, serial = _asked(call)
    check_code = call.data[ATTR_CHECK_CODE]
    sent = await _told(entry, binder.request_code(serial, check_code))
    return {"state": "code_sent" if sent else "already_bound"}


async def _bind(call: ServiceCall) -> ServiceResponse:
    """Bind a system with the mailed code, and show it."""
    entry, binder, serial = _asked(call)
    await _told(entry, binder.bind(serial, call.data[ATTR_VERIFICATION_CODE]))
    account = entry.runtime_data.account
    await account.async_list_anew()
    return {"state": "bound" if serial in account.topology.systems else "not_listed"}


async def _unbind(call: ServiceCall) -> ServiceResponse:
    """Give back the plans of systems, and unbind them."""
    caller = Caller(VIA_ACTION, call.context.user_id)
    systems = {
        device_id: _system(call.hass, device_id)
        for device_id in call.data[ATTR_DEVICE_ID]
    }
    results: list[JsonValueType] = []
    for device_id, (entry, binder, serial) in systems.items():
        keeper = entry.runtime_data.keeper
        control = keeper.controls.get(serial)
        if control is not None and control.ledger.has_work:
            await keeper.delete_all(control, caller)
            if control.ledger.has_work:
                raise HomeAssistantError(
                    translation_domain=DOMAIN, translation_key="not_given_back"
                )
        await _told(entry, binder.unbind(serial))
        await entry.runtime_data.account.async_list_anew()
        results.append({"device_id": device_id, "state": "unbound"})
    return {"results": results}


def _system(
    hass: HomeAssistant, device_id: str
) -> tuple[JoulekeeperConfigEntry, Binder, str]:
    """Return the account, and the serial number, of a device that is a system."""
    identifier, entry = device_of(hass, device_id)
    binder = _binder(entry)
    if identifier not in entry.runtime_data.account.topology.systems:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="not_a_system"
        )
    return entry, binder, identifier


def _asked(call: ServiceCall) -> tuple[JoulekeeperConfigEntry, Binder, str]:
    """Return the account that an action is for, and the serial number."""
    hass, serial = call.hass, call.data[ATTR_SERIAL_NUMBER]
    entry: JoulekeeperConfigEntry | None = hass.config_entries.async_get_entry(
        call.data[ATTR_CONFIG_ENTRY_ID]
    )
    if (
        entry is None
        or entry.domain != DOMAIN
        or entry.state is not ConfigEntryState.LOADED
    ):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="account_not_loaded"
        )
    others = systems_in_use(hass, entry.data[CONF_VENDOR], except_entry=entry.entry_id)
    if serial in others:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="system_in_use"
        )
    return entry, _binder(entry), serial


def _binder(entry: JoulekeeperConfigEntry) -> Binder:
    runtime = account_of(entry)
    if runtime is not None and isinstance(runtime.account.session, Binder):
        runtime.account.pause.check()
        return runtime.account.session
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="no_binding",
        translation_placeholders={
            "vendor": entry.title if runtime is None else runtime.account.spec.name
        },
    )


async def _told[T](entry: JoulekeeperConfigEntry, call: Awaitable[T]) -> T:
    """Make a call of the account; its error becomes Home Assistant's."""
    try:
        return await call
    except VendorError as error:
        entry.runtime_data.keeper.react(error)
        raise write_error(error) from error
