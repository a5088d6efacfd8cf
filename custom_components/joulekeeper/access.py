"""What keeps an account from being read, as far as its user can mend it.

One table serves the form of the credentials, the errors of readings, and the repairs:
each reason that a vendor's error may have gets a text that says what to do next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .const import DOMAIN
from .core.errors import (
    OFFLINE,
    AuthError,
    OptionAuthError,
    RateLimited,
    TransientError,
    VendorError,
)
from .vendors.base import VendorSession
from .vendors.extras import HasHints

_LOGGER = logging.getLogger(__name__)

HINTS: Final[Mapping[str, ir.IssueSeverity]] = {
    "account_closed": ir.IssueSeverity.ERROR,
    "account_locked": ir.IssueSeverity.ERROR,
    "counters_swapped": ir.IssueSeverity.WARNING,
    "login_locked": ir.IssueSeverity.ERROR,
    "login_paused": ir.IssueSeverity.WARNING,
    "login_without_session": ir.IssueSeverity.ERROR,
    "refused_once": ir.IssueSeverity.WARNING,
    "rights_missing": ir.IssueSeverity.WARNING,
    "session_limit": ir.IssueSeverity.ERROR,
    "session_taken": ir.IssueSeverity.WARNING,
    "signed_out": ir.IssueSeverity.WARNING,
    "verification_needed": ir.IssueSeverity.ERROR,
    "wrong_host": ir.IssueSeverity.ERROR,
}
"""Repairs that a session asks for, whether its readings go on or not."""


class Scope(Enum):
    """What a repair is about."""

    ACCOUNT = auto()
    SYSTEM = auto()


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something between an account and its readings.

    `key` names its texts: that of the exception, of the repair, and where it is met
    `in_form` of the form's error. With `repair` each failure of a reading asks for one;
    the session asks for others. It is looked at again after `retry`, by default as
    after any error.
    """

    key: str
    repair: Scope | None = None
    in_form: bool = True
    retry: timedelta | None = None


_SELDOM: Final = timedelta(hours=3)
"""Somebody else has to do something first; who has done it can reload the account."""

_NOT_BOUND: Final = Obstacle("not_bound", Scope.SYSTEM, in_form=False)
_CLOSED: Final = Obstacle("account_closed")
_NOT_GRANTED: Final = Obstacle("plant_not_granted", Scope.SYSTEM, retry=_SELDOM)
OBSTACLES: Final[Mapping[str, Obstacle]] = {
    OFFLINE: Obstacle("system_offline", in_form=False),
    "account_disabled": _CLOSED,
    "account_expired": _CLOSED,
    "account_locked": Obstacle("account_locked"),
    "account_unknown": _CLOSED,
    "blocked": Obstacle("blocked", retry=timedelta(minutes=15)),
    "call_refused": Obstacle("call_refused"),
    "clock_wrong": Obstacle("clock_wrong"),
    "device_not_granted": _NOT_GRANTED,
    "interface_not_granted": Obstacle("interface_not_granted", retry=_SELDOM),
    "login_locked": Obstacle("login_locked"),
    "login_paused": Obstacle("login_paused", in_form=False),
    "login_refused": Obstacle("login_refused"),
    "login_restricted": _CLOSED,
    "login_without_session": Obstacle("login_without_session"),
    "not_bound": _NOT_BOUND,
    "not_entitled": Obstacle("not_entitled", in_form=False, retry=timedelta(days=1)),
    "not_whitelisted": Obstacle("not_whitelisted", Scope.ACCOUNT),
    "nothing_told": Obstacle("nothing_told"),
    "owner_not_granted": Obstacle("owner_not_granted", Scope.SYSTEM, retry=_SELDOM),
    "password_expired": Obstacle("password_expired"),
    "plant_not_granted": _NOT_GRANTED,
    "refused_once": Obstacle("refused_once", in_form=False),
    "session_limit": Obstacle("session_limit"),
    "session_lost": Obstacle("session_taken"),
    "session_taken": Obstacle("session_taken"),
    "signed_out": Obstacle("signed_out"),
    "too_many_logins": Obstacle("too_many_logins"),
    "unknown_plant": _NOT_GRANTED,
    "unknown_system": _NOT_BOUND,
    "values_not_granted": _NOT_GRANTED,
    "verification_needed": Obstacle("verification_needed"),
    "wrong_host": Obstacle("wrong_host"),
}


def obstacle_of(error: VendorError) -> Obstacle | None:
    """Return what stands in the way, None where the user can do nothing about it."""
    return OBSTACLES.get(error.reason or "")


def form_error(error: VendorError) -> str:
    """Return the form's text for an error."""
    obstacle = obstacle_of(error)
    if obstacle is not None and obstacle.in_form:
        return obstacle.key
    match error:
        case AuthError():
            return "invalid_auth"
        case RateLimited():
            return "rate_limited"
        case TransientError():
            return "cannot_connect"
    _LOGGER.error("Unexpected answer while trying credentials", exc_info=error)
    return "unknown"


def text_key(error: VendorError) -> str:
    """Return the exception's text for what is tried again by itself."""
    if isinstance(error, OptionAuthError):
        return "option_login_refused"
    if (obstacle := obstacle_of(error)) is not None:
        return obstacle.key
    if isinstance(error, AuthError):
        return "credentials_refused"
    if isinstance(error, RateLimited):
        return "rate_limited"
    return (
        "cannot_connect" if isinstance(error, TransientError) else "unexpected_answer"
    )


@callback
def async_create_access_issue(
    hass: HomeAssistant, entry: ConfigEntry, error: VendorError, device_id: str
) -> str | None:
    """Tell that the account may not read, where the user can mend it; return its id."""
    obstacle = obstacle_of(error)
    if obstacle is None or obstacle.repair is None:
        return None
    issue_id, system = f"{obstacle.key}_{entry.entry_id}", None
    if obstacle.repair is Scope.SYSTEM:
        issue_id += f"_{device_id}"
        device = dr.async_get(hass).async_get_device_by_identifier(
            (DOMAIN, device_id), entry.entry_id
        )
        system = device and (device.name_by_user or device.name)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=obstacle.key,
        translation_placeholders={
            "account": entry.title,
            "system": system or error.about or entry.title,
        },
    )
    return issue_id


@callback
def async_update_hints(
    hass: HomeAssistant, entry: ConfigEntry, session: VendorSession
) -> None:
    """Tell what could be mended though readings go on, and take back what is well."""
    if not isinstance(session, HasHints):
        return
    hints = {
        OBSTACLES[reason].key if reason in OBSTACLES else reason: about
        for reason, about in session.hints().items()
    }
    for key, severity in HINTS.items():
        issue_id = f"{key}_{entry.entry_id}"
        if (about := hints.get(key)) is None:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=severity,
            translation_key=key,
            translation_placeholders={
                "account": entry.title,
                "about": "\n".join(f"- {item}" for item in about),
            },
        )
