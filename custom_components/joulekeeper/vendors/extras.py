"""What a session may offer besides readings; nobody else has to know of it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol, runtime_checkable

from ..core.models import Device, EndpointId
from ..core.prices import PriceSeries, PriceSource
from ..core.usage import RenewablesInterval, UsageInterval


@runtime_checkable
class Closable(Protocol):
    """A session that has something to end or to write down when it is over."""

    async def close(self) -> None:
        """Come to an end; nothing is written to the account's file any more."""


@runtime_checkable
class HasOptions(Protocol):
    """A session of an account whose devices do not need every option of its vendor."""

    def option_keys(self) -> frozenset[str]:
        """Return the options that have an effect."""


@runtime_checkable
class FollowsParts(Protocol):
    """A session that knows when a part of a system is gone for good."""

    def knows_parts(self, source_id: str) -> bool:
        """Tell whether its devices are all that a system has, for certain."""


@runtime_checkable
class HasRefresh(Protocol):
    """A session with endpoints that are fetched so seldom that somebody may not wait."""

    def refreshed(self, device: Device) -> tuple[EndpointId, ...]:
        """Return what is fetched anew for a device when its user asks; may be nothing.

        The first one is the seldom one, by which it is told when that may be again.
        """

    def expire(self, device: Device) -> None:
        """Have all of that fetched in earnest the next time, whatever is kept."""

    def detailed_at(self, device: Device) -> datetime | None:
        """Return when that was the last time, None where the seldom one tells it."""


@runtime_checkable
class HasResume(Protocol):
    """A session that has to know of a pause of its account."""

    def resumed(self) -> None:
        """Take it that somebody else may have logged in meanwhile, as was wanted."""


@runtime_checkable
class HasHints(Protocol):
    """A session that knows what its user could mend, though nothing may fail for it."""

    def hints(self) -> Mapping[str, tuple[str, ...]]:
        """Return the reasons by which to tell, and what they are about in words.

        Reasons about which nobody can do anything are left out of what is told.
        """


@runtime_checkable
class HasPrices(Protocol):
    """A session of an account that has prices."""

    @property
    def prices(self) -> PriceSource:
        """Where the prices of its sites come from."""


class Archive(Protocol):
    """What an energy seller's cloud tells of days that are named, past or to come.

    Days are those of the market; both ends of a range are included. What is asked for
    here is a call each time: nothing is kept.
    """

    @property
    def currency(self) -> str:
        """ISO code of the currency of prices and costs."""

    @property
    def zone(self) -> tzinfo:
        """The zone of the market's days."""

    @property
    def most_days(self) -> int:
        """For how many days one call for prices or usage may ask."""

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions whose share of renewables is told; may be none."""

    def knows(self, device_id: str) -> bool:
        """Tell whether a device is a site that has prices and usage."""

    def region(self, device_id: str) -> str | None:
        """Return the region that a device is, or is in, None where nobody knows."""

    async def fetch_prices(
        self, device_id: str, start: date, end: date, step: timedelta | None
    ) -> PriceSeries:
        """Return prices of a range that one call may ask for, in steps of one length.

        Without a step they come as they are told, as a rule in the billing's.
        """

    async def fetch_usage(
        self, device_id: str, start: date, end: date
    ) -> tuple[UsageInterval, ...]:
        """Return what was metered in a range that one call may ask for, oldest first.

        Every interval comes once per flow; days that are not known yet have none.
        """

    async def fetch_renewables(
        self,
        region: str,
        previous: int | None,
        following: int | None,
        step: timedelta | None,
    ) -> tuple[RenewablesInterval, ...]:
        """Return the running interval, and so many before and after it."""


@runtime_checkable
class HasArchive(Protocol):
    """A session whose cloud can be asked for named days."""

    @property
    def archive(self) -> Archive:
        """Where they are asked for."""


@runtime_checkable
class Binder(Protocol):
    """A session of an account to which systems are bound by us."""

    async def request_code(self, serial: str, check_code: str) -> bool:
        """Have a code sent to the system's owner; False if it is bound already."""

    async def bind(self, serial: str, code: str) -> None:
        """Bind a system with the code; nothing happens if it is bound already."""

    async def unbind(self, serial: str) -> None:
        """Unbind a system."""
