"""What the failCodes of the cloud mean (dossier 1.4, 1.5, 2.9 and 7.9).

Only the number counts. Of the message the one key counts that tells a locked account
from a wrong password, which share a number.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

from ...core.errors import (
    AuthError,
    InvalidRequest,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from ..parsing import integer, text

OK: Final = 0
PARTLY: Final = 1
FAILED: Final = 2
"""Of a control task: the answer tells of each plant what became of it."""
LOGGED_OUT: Final = frozenset({305, 306, 307})
NO_RIGHT: Final = 401
TOO_OFTEN: Final = 407
OVERLOAD: Final = frozenset({403, 429})
LOGIN_REFUSED: Final = 20400
TASK_RUNNING: Final = 20615
DAILY_QUOTA: Final = 20618
UNKNOWN_TASK: Final = frozenset({20034, 20044, 20616, 20617, 20620})
"""What is said of a task that never was, to somebody who may ask."""

INTERFACE_NOT_GRANTED: Final = "interface_not_granted"
OWNER_NOT_GRANTED: Final = "owner_not_granted"
NETWORKING: Final = "networking"
POWER_REFUSED: Final = "power_refused"

PLANT_REFUSED: Final = frozenset({OWNER_NOT_GRANTED, "plant_not_granted"})
"""Reasons: one plant of those that a call names may not be read."""

LOCKED_FOR_S: Final = 1800.0
"""After five wrong passwords in ten minutes."""
SESSION_LIMIT_S: Final = 600.0
TASK_RUNNING_S: Final = 180.0
QUOTA_SPENT_S: Final = 3600.0

_SERVER_FAULT: Final = 20004
_MEANINGS: Final[Mapping[int, tuple[type[VendorError], str]]] = {
    NO_RIGHT: (NotSupported, INTERFACE_NOT_GRANTED),
    20001: (NotSupported, "account_unknown"),
    20002: (NotSupported, "account_disabled"),
    20003: (NotSupported, "account_expired"),
    _SERVER_FAULT: (TransientError, "server_fault"),
    20006: (NotSupported, "device_type"),
    20007: (NotFound, "unknown_plant"),
    20008: (NotFound, "unknown_device"),
    20009: (NotSupported, "values_not_granted"),
    20013: (NotSupported, "device_type"),
    20034: (NotFound, "unknown_task"),
    20045: (NotSupported, "plant_not_granted"),
    20046: (NotSupported, "device_not_granted"),
    20047: (Rejected, POWER_REFUSED),
    20056: (NotSupported, OWNER_NOT_GRANTED),
    20200: (TransientError, "busy"),
    20403: (NotSupported, "login_restricted"),
    20609: (NotSupported, NETWORKING),
    20610: (NotSupported, "default_settings"),
    20611: (Rejected, "out_of_range"),
    20612: (Rejected, "value_missing"),
    20613: (Rejected, "task_failed"),
    20614: (TransientError, "communication"),
    20616: (NotFound, "unknown_task"),
    20617: (NotFound, "no_result"),
    20620: (NotFound, "unknown_task"),
    20621: (NotSupported, OWNER_NOT_GRANTED),
    30008: (TransientError, "server_fault"),
    30029: (NotSupported, "resource_refused"),
}
_WAITS: Final[Mapping[int, tuple[str, float]]] = {
    TASK_RUNNING: ("task_running", TASK_RUNNING_S),
    DAILY_QUOTA: ("daily_quota", QUOTA_SPENT_S),
}
_DOCUMENTED: Final = (range(20005, 20120), range(20600, 26010), range(30001, 30041))
"""Ranges of codes that refuse a request for what is in it."""
_EMBEDDED: Final = re.compile(r"(?<!\d)(305|401|407|20\d{3})(?!\d)")
_SAME_VALUE: Final = re.compile(
    r"\bsame\b.*\bcurrent\b|\bcurrent\b.*\bsame\b", re.DOTALL
)


def error_of(code: int, label: str, *, changes: bool = False) -> VendorError:
    """Return the error for a code that neither is success nor ends a session.

    Too frequent calls and overload are `RateLimited`; how long to wait, the limiter
    knows. What a server fault or an unknown code of a call that `changes` something
    did, nobody knows: `OutcomeUnknown`.
    """
    if code == TOO_OFTEN:
        return RateLimited(f"{label}: code {code}", reason="too_frequent")
    if code in OVERLOAD:
        return RateLimited(f"{label}: code {code}", reason="overloaded")
    if code in _WAITS:
        reason, wait = _WAITS[code]
        return RateLimited(f"{label}: code {code} ({reason})", wait, reason=reason)
    default: tuple[type[VendorError], str] = (ProtocolError, "unknown_code")
    if any(code in known for known in _DOCUMENTED):
        default = (Rejected, "request_refused")
    kind, reason = _MEANINGS.get(code, default)
    if changes and (code == _SERVER_FAULT or kind is ProtocolError):
        kind = OutcomeUnknown
    return kind(f"{label}: code {code} ({reason})", reason=reason)


def login_error(code: int, message: Any, *, worked_before: bool) -> VendorError:
    """Return what a refused login means (dossier 1.5).

    AuthError only where other credentials would help: of credentials that have worked
    before, a bare refusal may as well be a lock that somebody else's mistakes brought
    about, which is `RateLimited` `login_refused` for the time of a lock.
    """
    said = (text(message) or "").casefold()
    told = f"login: code {code}"
    if code == TOO_OFTEN:
        return RateLimited(f"{told} (too_many_logins)", 600.0, reason="too_many_logins")
    if code == LOGIN_REFUSED and "lock" in said:
        return RateLimited(
            f"{told} (account_locked)", LOCKED_FOR_S + 60, reason="account_locked"
        )
    if code == LOGIN_REFUSED and "expired" in said:
        return AuthError(f"{told} (password_expired)", reason="password_expired")
    if code == LOGIN_REFUSED and "online_limit" in said:
        return RateLimited(
            f"{told} (session_limit)", SESSION_LIMIT_S, reason="session_limit"
        )
    if code in (LOGIN_REFUSED, 20001, 20028, 20029, 30029):
        if worked_before:
            return RateLimited(
                f"{told} (login_refused)", LOCKED_FOR_S + 60, reason="login_refused"
            )
        return AuthError(f"{told} (credentials_refused)", reason="credentials_refused")
    return error_of(code, "login")


def plant_error(message: Any, label: str) -> VendorError | None:
    """Return why a control call failed for a plant, by the text that the cloud gives.

    None where the plant already is as it was told to be, which is no failure
    (dossier 2.9 (e)). A code is somewhere in the text, or nothing is known.
    """
    said = (text(message) or "").casefold()
    if _SAME_VALUE.search(said):
        return None
    if (found := _EMBEDDED.search(said)) is not None:
        return error_of(int(found[1]), label, changes=True)
    return Rejected(f"{label}: the plant did not take it", reason="task_failed")


_TASK_FAILURES: Final[Mapping[str, tuple[type[VendorError], str]]] = {
    "BUSY": (TransientError, "task_busy"),
    "TIMEOUT": (OutcomeUnknown, "task_timeout"),
    "EXCEPTION": (OutcomeUnknown, "task_exception"),
    "INVALID": (Rejected, "task_invalid"),
    "FAILURE": (Rejected, "task_failed"),
}


def task_error(message: Any, label: str) -> VendorError | None:
    """Return why a task failed by its word (dossier 2.9 (b)); None as `plant_error`.

    A device that did not answer in time, or failed on the way, may still have done it.
    """
    word = (text(message) or "").upper()
    if word in _TASK_FAILURES:
        kind, reason = _TASK_FAILURES[word]
        return kind(f"{label}: {reason}", reason=reason)
    return plant_error(message, label)


def code_of(body: Mapping[str, Any], label: str) -> int:
    """Return the failCode of an envelope; a session's end may come without `success`.

    ProtocolError for what is neither success nor failure.
    """
    code = integer(body.get("failCode"))
    success = body.get("success")
    if code is None and success is True:
        return OK
    if code is None or (code == OK and success is False):
        raise ProtocolError(f"{label}: no verdict", reason="no_verdict")
    return code


def said_again(error: VendorError, left_s: float) -> VendorError:
    """Return an error anew, for somebody who asks before asking again pays."""
    if isinstance(error, RateLimited):
        return RateLimited(str(error), left_s, reason=error.reason)
    again = type(error)(str(error), reason=error.reason)
    again.about = error.about
    return again


def plant_refused(reason: str) -> NotSupported:
    """Return the error for a plant of which is known that it may not be read."""
    return NotSupported(f"the plant is refused ({reason})", reason=reason)


def refused(message: str, reason: str) -> InvalidRequest:
    """Return the error for what the cloud would refuse; nothing was sent."""
    return InvalidRequest(message, reason=reason)
