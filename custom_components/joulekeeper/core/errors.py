"""Errors that a vendor client may raise.

They are mapped to Home Assistant errors in two places only: the coordinator for reads
and the keeper for writes. No message may hold a credential, a token or a serial number.
"""

from typing import Final

OFFLINE: Final = "offline"
"""Reason: the cloud works, but the system is not connected to it."""


class VendorError(Exception):
    """Base of everything a vendor client raises."""

    about: str | None = None
    """What the cloud refuses, in words for the user, where that has to be told."""

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        """Keep a key that tells the causes within one class apart, if there is one."""
        super().__init__(message)
        self.reason = reason


class AuthError(VendorError):
    """The cloud refuses the credentials; asking the user for new ones helps."""


class OptionAuthError(VendorError):
    """The cloud refuses the credentials of an optional feature; the rest works on."""

    def __init__(self, message: str, option: str) -> None:
        """Name the option that the feature hangs on."""
        super().__init__(message)
        self.option = option


class RateLimited(VendorError):
    """The cloud, or our own budget, asks us to wait."""

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        *,
        reason: str | None = None,
    ) -> None:
        """Keep the seconds to wait, None where the cloud does not tell."""
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class NotWrittenDown(VendorError):
    """Our own journal could not be saved, so that nothing was sent."""


class TransientError(VendorError):
    """The cloud cannot be reached or fails for the moment; trying later helps."""


class OutcomeUnknown(TransientError):
    """A write may or may not have happened: look before doing it again."""


class ProtocolError(VendorError):
    """The cloud answered something that its protocol does not allow."""


class Rejected(VendorError):
    """The cloud refuses a call as it stands; the same call will not help later."""

    def __init__(
        self, message: str, status: int | None = None, *, reason: str | None = None
    ) -> None:
        """Keep the HTTP status where that is how the cloud said it."""
        super().__init__(message, reason=reason)
        self.status = status


class InvalidRequest(Rejected):
    """We refuse a write that the cloud would refuse or ignore; nothing was sent."""


class NotFound(VendorError):
    """The cloud does not know the thing that was asked for."""


class NotSupported(VendorError):
    """The device or the account cannot do what was asked, now or later."""
