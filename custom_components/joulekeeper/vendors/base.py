"""What a vendor package offers to the rest of the integration.

A sixth vendor is one folder that offers a `VendorSpec`, and one line in the registry.
Nothing here knows Home Assistant's machinery; the tables of entity descriptions, which
name its device classes and units, are handed through untouched.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import aiohttp

from ..core.capabilities import Capabilities
from ..core.models import Clock, Device, EndpointId, Reading, Readings, Topology
from ..core.proof import Telemetry
from ..core.schedule import Programme, ScheduleItem
from ..core.timeline import Segment

CONF_BASE_URL: Final = "base_url"
"""Key of the optional server address in every vendor's credentials."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One field of the credentials form; its texts come from the shared keys.

    Fields with a `section` are optional and shown in that section; the form's own
    fields are required.
    """

    key: str
    secret: bool = False
    section: str | None = None


@dataclass(frozen=True, slots=True)
class OptionField:
    """One switch of the options form.

    `requires` names the credential without which the option has no effect and is not
    shown.
    """

    key: str
    default: bool
    requires: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account that its credentials open.

    `systems` are the ids of the sites that it reaches. `rejected_sections` names the
    optional sections of the form whose credentials the cloud refuses.
    """

    id: str
    systems: frozenset[str]
    rejected_sections: frozenset[str] = frozenset()


class TokenStore(Protocol):
    """Keeps an account's tokens over restarts."""

    async def load(self) -> Mapping[str, Any] | None:
        """Return what was saved last, None when nothing was."""

    async def save(self, data: Mapping[str, Any]) -> None:
        """Keep the data; the caller may log nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """All that a vendor session needs from its surroundings.

    `cookie_session` makes a session with a cookie jar of its own, for portals that log
    in with cookies. `installation` is a stable random text of this installation.
    """

    http: aiohttp.ClientSession
    cookie_session: Callable[[], aiohttp.ClientSession]
    clock: Clock
    tokens: TokenStore
    credentials: Mapping[str, str] = field(repr=False)
    options: Mapping[str, bool] = field(default_factory=dict)
    installation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint[T]:
    """One thing that can be fetched, and when fetching it again pays.

    `fetch` returns a frozen dataclass. `due_in` gets the payload of the last success
    and the present instant. `next_change` tells when the meaning of an unchanged
    payload changes, such as the start of a schedule. Set-up does not wait for an
    endpoint that is not `essential`.
    """

    reading: Reading[T]
    device_id: str
    fetch: Callable[[], Awaitable[T]]
    due_in: Callable[[T, datetime], timedelta]
    next_change: Callable[[T, datetime], datetime | None] | None = None
    essential: bool = True

    @property
    def id(self) -> EndpointId:
        """What tells this endpoint from all others of the account."""
        return EndpointId(self.reading.name, self.device_id)


@dataclass(frozen=True, slots=True)
class VendorCall:
    """One call as the vendor gets it: what `dry_run` shows is what is sent.

    `label` names it where nobody's serial number may stand.
    """

    label: str
    method: str
    path: str = field(repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def deletes(self) -> bool:
        """Whether doing it twice does no harm."""
        return self.method == "DELETE"

    def as_dict(self) -> dict[str, Any]:
        """Return the call as response data."""
        return {"method": self.method, "path": self.path, "body": self.body}


class ScheduleController(Protocol):
    """Translates between our schedules and one device's plan in the cloud.

    Everything but `send`, `fetch_past` and `reset_base_mode` is a pure function of the
    readings.
    """

    @property
    def device_id(self) -> str:
        """The device that is controlled."""

    @property
    def read_back(self) -> EndpointId:
        """The endpoint that shows what the cloud holds."""

    def capabilities(self, readings: Readings) -> Capabilities:
        """Return what the device can express."""

    def programme(self, readings: Readings) -> Programme | None:
        """Return what the cloud has planned, None while that is not known."""

    @property
    def evidence(self) -> EndpointId | None:
        """The endpoint that shows what the device does, None where none does."""

    def telemetry(self, readings: Readings) -> Telemetry | None:
        """Return what the device measured last, None while that is not known."""

    def create_call(self, segment: Segment) -> VendorCall:
        """Return the call that creates an item for a segment."""

    def delete_call(self, item: ScheduleItem) -> VendorCall:
        """Return the call that deletes an item."""

    async def send(self, call: VendorCall) -> str | None:
        """Make a call that the two functions above returned.

        Returns the cloud's id of what was created. A create whose outcome is not known
        raises `OutcomeUnknown`.
        """

    async def fetch_past(self) -> Programme:
        """Return the plan with the past items that the cloud still knows."""

    async def reset_base_mode(self) -> None:
        """Set the mode outside schedules to auto; `NotSupported` where impossible."""


class VendorSession(Protocol):
    """One account while it is loaded."""

    topology: Endpoint[Topology]

    def endpoints(self, topology: Topology) -> tuple[Endpoint[Any], ...]:
        """Return what can be fetched for the account's devices."""

    def devices(self, topology: Topology, readings: Readings) -> tuple[Device, ...]:
        """Return the devices, parents before children, as far as they are known."""

    def controllers(
        self, topology: Topology, readings: Readings
    ) -> tuple[ScheduleController, ...]:
        """Return a controller for every device that may have a plan."""

    def statistics(self) -> Mapping[str, int]:
        """Return the number of calls made so far, by endpoint label."""

    def raw_payloads(self) -> Mapping[str, Any]:
        """Return the last raw answer of every endpoint, for diagnostics."""

    def secrets(self) -> tuple[str, ...]:
        """Return every credential and token in use, so that it can be hidden."""

    def identities(self) -> tuple[str, ...]:
        """Return serial numbers and site ids, so that they can be given aliases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSpec:
    """One brand: how to connect, what to ask the user, what to show.

    `descriptions` maps a platform's name to its table of entity descriptions.
    `private_keys` are payload keys that hold personal data.
    """

    key: str
    name: str
    host: str
    fields: tuple[CredentialField, ...]
    options: tuple[OptionField, ...] = ()
    descriptions: Mapping[str, tuple[Any, ...]]
    private_keys: frozenset[str] = frozenset()
    connect: Callable[[Connection], VendorSession]
    validate: Callable[[Connection], Awaitable[Account]]
