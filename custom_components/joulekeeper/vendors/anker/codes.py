"""What the codes of the cloud mean (dossier 3.2).

Nearly all errors come with HTTP 200; any code but 0 is one. The texts are of little use
("Failed to request."), but some name the wait or the wrong parameter.
"""

from collections.abc import Mapping
from http import HTTPStatus
import re
from typing import Any, Final

from ...core.errors import (
    AuthError,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from ...core.redact import REDACTED
from ..http import Response
from ..parsing import integer, required, text

OK: Final = 0
KICKED_OUT: Final = 26084
BUSY: Final = 21105

LOGGED_OUT: Final = frozenset({401, 403, KICKED_OUT, 26108, 26156})
"""Of a call that is no login: its token is not taken."""

ANSWERS: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Statuses whose bodies may say more than they do."""

LOCKED: Final = "login_locked"
REFUSED: Final = "credentials_refused"
PAUSED: Final = "login_paused"
REFUSED_ONCE: Final = "refused_once"
CALL_REFUSED: Final = "call_refused"
BLOCKED: Final = "blocked"
SIGNED_OUT: Final = "signed_out"
VERIFICATION: Final = "verification_needed"

_LOCKED_CODES: Final = frozenset({100053, 100028})
_REFUSED_CODES: Final = frozenset({26108, 26156, 26055})
_VERIFICATION_CODES: Final = frozenset(
    {26050, 26051, 26052, 26053, 26054, 100032, 100033}
)
_LONGEST_LOCK_H: Final = 24.0
_FIRST_REAL_CODE: Final = 10000

_MEANINGS: Final[Mapping[int, tuple[type[VendorError], str]]] = {
    424: (TransientError, "maintenance"),
    429: (RateLimited, "throttled"),
    997: (TransientError, "internal_error"),
    998: (TransientError, "internal_error"),
    999: (TransientError, "internal_error"),
    10000: (Rejected, "failed"),
    10003: (Rejected, "bad_parameter"),
    10004: (NotFound, "not_found"),
    10007: (Rejected, "bad_parameter"),
    BUSY: (TransientError, "busy"),
    26161: (Rejected, "bad_parameter"),
    31001: (Rejected, "exists"),
    31003: (Rejected, "too_many"),
    160003: (NotSupported, "no_access"),
    200104: (NotSupported, "no_such_system"),
    250999: (RateLimited, "throttled"),
}
_UNDONE: Final = frozenset({"busy", "maintenance"})
"""What was not even looked at, so that a write has no effect."""

_WAIT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(hour|minute|second)", re.IGNORECASE)
_HOURS: Final = {"hour": 1.0, "minute": 1 / 60, "second": 1 / 3600}
_LOOKS_PRIVATE: Final = re.compile(
    r"\S*@\S*|\b(?=(?:[^\W\d]*\d){4})[\w-]{8,}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}\b"
)
_LONGEST_DETAIL: Final = 120


def is_page(answer: Response) -> bool:
    """Tell whether somebody before the cloud has answered."""
    return answer.text.lstrip().startswith("<")


def envelope(answer: Response) -> Mapping[str, Any]:
    """Return the body; TransientError `page` for a page in its place."""
    if is_page(answer):
        message = f"{answer.label}: a page in the place of the answer"
        raise TransientError(message, reason="page")
    return answer.json_object()


def code_of(body: Mapping[str, Any], label: str) -> int:
    """Return the code; ProtocolError without one."""
    return required(integer(body.get("code")), f"{label}: code")


def known_error(answer: Response, label: str, *, changes: bool) -> VendorError | None:
    """Return what the body of an HTTP error tells, None where it is about the token.

    So it is where it tells nothing that is known.
    """
    try:
        body = answer.json_object()
    except ProtocolError:
        return None
    code = integer(body.get("code"))
    if code is None or not (code in _MEANINGS or code in _LOCKED_CODES):
        return None
    return error_of(code, label, body.get("msg"), changes=changes)


def detail_of(said: Any) -> str:
    """Return what the cloud said without anything that may name somebody or a device."""
    words = " ".join((text(said) or "").split())
    return _LOOKS_PRIVATE.sub(REDACTED, words)[:_LONGEST_DETAIL]


def error_of(code: int, label: str, said: Any, *, changes: bool) -> VendorError:
    """Return the error for a code that is not success.

    What became of a call that `changes` something is not known after an internal error
    or an unknown code: `OutcomeUnknown`. Of any other error nothing came.
    """
    if code in _LOCKED_CODES:
        return _locked(code, label, said)
    kind, reason = _MEANINGS.get(code, _unknown(code))
    if changes and reason not in _UNDONE and kind in (TransientError, ProtocolError):
        kind = OutcomeUnknown
    return kind(_message(code, label, said, reason), reason=reason)


def login_error(code: int, label: str, said: Any) -> VendorError:
    """Return the error for a login that did not succeed.

    AuthError `credentials_refused` for wrong credentials, RateLimited `login_locked` after
    too many logins: then nothing but waiting helps. `verification_needed` where the
    cloud wants a code that only the app can ask for.
    """
    if code in _LOCKED_CODES:
        return _locked(code, label, said)
    if code in _REFUSED_CODES:
        return AuthError(_message(code, label, said, REFUSED), reason=REFUSED)
    if code in _VERIFICATION_CODES:
        message = _message(code, label, said, VERIFICATION)
        return TransientError(message, reason=VERIFICATION)
    kind, reason = _MEANINGS.get(code, (TransientError, "unknown_code"))
    if kind is not RateLimited:
        kind = TransientError
    return kind(_message(code, label, said, reason), reason=reason)


def _locked(code: int, label: str, said: Any) -> RateLimited:
    hours = min(_hours_in(said) or _LONGEST_LOCK_H, _LONGEST_LOCK_H)
    return RateLimited(_message(code, label, said, LOCKED), hours * 3600, reason=LOCKED)


def _hours_in(said: Any) -> float | None:
    """Return the wait of `Please try again in N hours`."""
    found = _WAIT.search(text(said) or "")
    return float(found[1]) * _HOURS[found[2].lower()] if found else None


def _unknown(code: int) -> tuple[type[VendorError], str]:
    """Return what an unknown code means: small ones are failures of the moment."""
    if code < _FIRST_REAL_CODE:
        return TransientError, "failed"
    return ProtocolError, "unknown_code"


def _message(code: int, label: str, said: Any, reason: str) -> str:
    message = f"{label}: code {code} ({reason})"
    detail = detail_of(said)
    return f"{message}: {detail}" if detail else message
