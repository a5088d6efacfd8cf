"""Which text says of a failed write what happened and what to do next."""

from .core.errors import (
    AuthError,
    NotSupported,
    OptionAuthError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)


def write_error_key(error: VendorError, *, deleting: bool) -> str:
    """Return the key of the text for an error; of a delete less is known."""
    if deleting and isinstance(error, TransientError):
        return "write_outcome_unknown"
    for kind, key in (
        (AuthError, "write_credentials_refused"),
        (OptionAuthError, "option_login_refused"),
        (RateLimited, "write_rate_limited"),
        (Rejected, "write_rejected"),
        (NotSupported, "write_not_supported"),
        (OutcomeUnknown, "write_outcome_unknown"),
        (TransientError, "write_cannot_connect"),
    ):
        if isinstance(error, kind):
            return key
    return "write_unexpected_answer"


def seconds_to_wait(error: VendorError) -> str:
    """Return how long to wait, a minute where the cloud does not tell."""
    wait = error.retry_after if isinstance(error, RateLimited) else None
    return "60" if wait is None else f"{wait:.0f}"
