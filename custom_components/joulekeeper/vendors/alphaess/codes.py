"""What the business codes of the cloud mean (dossier 1.4).

Only the number counts: the texts are in the language of the developer's account, and
not even consistently so. `expMsg` alone names the parameter that is wrong.
"""

from collections.abc import Mapping
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
from ...core.redact import REDACTED, Redactor
from ..parsing import text

SUCCESS: Final = 200
ALREADY_BOUND_REASON: Final = "already_bound"
CLOCK_OR_WHITELIST: Final = frozenset({6006, 6009})
"""Documented as clock and whitelist, but 6009 was seen with the clock's text."""

_INTERNAL_ERROR: Final = 6026
_MEANINGS: Final[Mapping[int, tuple[type[VendorError], str]]] = {
    6001: (Rejected, "parameter_error"),
    6002: (Rejected, "no_owner"),
    6003: (Rejected, ALREADY_BOUND_REASON),
    6004: (Rejected, "check_code_wrong"),
    6005: (NotFound, "not_bound"),
    6006: (TransientError, "clock_or_whitelist"),
    6007: (AuthError, "credentials_refused"),
    6008: (Rejected, "set_failed"),
    6009: (TransientError, "clock_or_whitelist"),
    6010: (AuthError, "sign_empty"),
    6011: (AuthError, "timestamp_empty"),
    6012: (AuthError, "app_id_empty"),
    6016: (NotFound, "no_data"),
    6017: (NotSupported, "not_entitled"),
    _INTERNAL_ERROR: (TransientError, "internal_error"),
    6029: (Rejected, "operation_failed"),
    6038: (NotFound, "unknown_system"),
    6042: (TransientError, "offline"),
    6046: (Rejected, "verification_code_wrong"),
    6053: (RateLimited, "throttled"),
    10001: (Rejected, "malformed_body"),
}
_LOOKS_LIKE_A_SERIAL: Final = re.compile(r"\b(?=(?:[^\W\d]*\d){4})\w{8,}\b")
_LONGEST_DETAIL: Final = 120


def error_of(code: int, label: str, detail: str, *, changes: bool) -> VendorError:
    """Return the error for a code that is not success.

    Each error but that of an unknown code means that nothing was changed; what an
    internal error or an unknown code of a call that `changes` something did, nobody
    knows: `OutcomeUnknown`. A whitelist is told apart by the caller.
    """
    kind, reason = _MEANINGS.get(code, (ProtocolError, "unknown_code"))
    if changes and (code == _INTERNAL_ERROR or kind is ProtocolError):
        kind = OutcomeUnknown
    message = f"{label}: code {code} ({reason})"
    return kind(f"{message}: {detail}" if detail else message, reason=reason)


def detail_of(body: Mapping[str, Any], hidden: tuple[str, ...]) -> str:
    """Return `expMsg` without anything that may be a secret or a serial number."""
    said = Redactor(secrets=hidden).text(text(body.get("expMsg")) or "")
    said = _LOOKS_LIKE_A_SERIAL.sub(REDACTED, " ".join(said.split()))
    return said[:_LONGEST_DETAIL]
