"""What a vendor package offers to the rest of the integration.

A sixth vendor is one folder that offers a `VendorSpec`, and one line in the registry.
Nothing here knows Home Assistant's machinery; the tables of entity descriptions, which
name its device classes and units, are handed through untouched.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, Protocol, runtime_checkable

import aiohttp

from ..core.budget import Allowance
from ..core.capabilities import Capabilities
from ..core.flow import SiteFlow
from ..core.history import HistoryDay, Series
from ..core.loan import Loan, Sent
from ..core.models import Clock, Device, EndpointId, Reading, Readings, Topology
from ..core.proof import Telemetry
from ..core.schedule import Programme, ScheduleItem
from ..core.timeline import Segment

NO_WRITES: Final = Allowance(0, timedelta(days=1))

CONF_BASE_URL: Final = "base_url"
"""Key of the optional server address in every vendor's credentials."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One field of the credentials form; its texts come from the shared keys.

    Fields with a `section` are optional and shown in that section; the form's own
    fields are required. One with `choices` is one of them, at first the first. A
    `country` is told by its ISO code, two capitals, at first Home Assistant's; an
    `email` is an address.
    """

    key: str
    secret: bool = False
    section: str | None = None
    choices: tuple[str, ...] = ()
    country: bool = False
    email: bool = False


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The numbers that an option may be, whole ones if the step is, and their unit."""

    least: float
    most: float
    step: float = 1
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class OptionField:
    """One switch of the options form, a number, or one or any of several `choices`.

    Any may be taken where the default is a tuple. One with a `range` is a number.
    `requires` names the credential without which the option has no effect and is not
    shown.
    """

    key: str
    default: bool | float | str | tuple[str, ...]
    requires: str | None = None
    choices: tuple[str, ...] = ()
    range: NumberRange | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account that its credentials open.

    `systems` are the ids of the sites that it reaches, `names` what they are called
    where they have names. `title` is what the cloud calls its user. `rejected_sections` names the optional sections of the form
    whose credentials the cloud refuses.
    """

    id: str
    systems: frozenset[str]
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    rejected_sections: frozenset[str] = frozenset()
    title: str | None = field(default=None, repr=False)


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
    in with cookies. `installation` is a stable random text of this installation. `zone`
    returns its time zone, for clouds that tell wall clock times and no zone. `systems`
    are the sites that the user has picked, where the vendor lets him, else none.
    """

    http: aiohttp.ClientSession
    cookie_session: Callable[[], aiohttp.ClientSession]
    clock: Clock
    tokens: TokenStore
    credentials: Mapping[str, str] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    installation: str = ""
    zone: Callable[[], tzinfo] = lambda: UTC
    systems: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint[T]:
    """One thing that can be fetched, and when fetching it again pays.

    `fetch` returns a frozen dataclass. `due_in` gets the payload of the last success
    and the present instant. `next_change` tells when the meaning of an unchanged
    payload changes, such as the start of a schedule. Set-up does not wait for an
    endpoint that is not `essential`. `seeks` tells of a payload whether fetching goes
    on though nobody shows it, for devices may yet be found. `longest_retry` is how long
    to wait at most between tries while the cloud does not deliver. `listen` runs for as long
    as the endpoint is loaded, until it is cancelled, and hands over payloads that come
    by themselves; a fetch that is under way then is not broken off, so that its payload
    has to keep what was handed over and is newer. Once `listen` ends or raises, there
    is only fetching.
    """

    reading: Reading[T]
    device_id: str
    fetch: Callable[[], Awaitable[T]]
    due_in: Callable[[T, datetime], timedelta]
    next_change: Callable[[T, datetime], datetime | None] | None = None
    essential: bool = True
    seeks: Callable[[T], bool] | None = None
    longest_retry: timedelta | None = None
    listen: Callable[[Callable[[T], None]], Awaitable[None]] | None = None

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


class Controller(Protocol):
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

    def capabilities(self, readings: Readings, loan: Loan | None) -> Capabilities:
        """Return what the device can express, where a plan is lent as its owner set it."""

    def programme(self, readings: Readings, sent: Sent) -> Programme | None:
        """Return what the cloud has planned, None while that is not known.

        `sent` tells what of it is ours, where the cloud cannot.
        """

    @property
    def evidence(self) -> EndpointId | None:
        """The endpoint that shows what the device does, None where none does."""

    def telemetry(self, readings: Readings) -> Telemetry | None:
        """Return what the device measured last, None while that is not known."""

    async def send(self, call: VendorCall) -> str | None:
        """Make a call that the functions of this controller returned.

        Returns the cloud's id of what was created. A call whose outcome is not known
        raises `OutcomeUnknown`.
        """

    async def fetch_past(self, sent: Sent) -> Programme:
        """Return the plan with the past items that the cloud still knows."""

    async def reset_base_mode(self) -> None:
        """Set the mode outside schedules to auto; `NotSupported` where impossible."""


class ItemController(Controller, Protocol):
    """A plan of single items, each of which is created and deleted by itself."""

    def create_call(self, segment: Segment) -> VendorCall:
        """Return the call that creates an item for a segment."""

    def delete_call(self, item: ScheduleItem) -> VendorCall:
        """Return the call that deletes an item."""


@runtime_checkable
class SoloController(ItemController, Protocol):
    """Items of which one runs at a time, and goes before the next one comes."""

    def check_replaceable(self) -> None:
        """Raise `RateLimited` where what runs could be ended now, but not replaced."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A plan as it is to be: the calls that make it so, none if it is so already.

    `ids` are the cloud's ids by the tags of the segments that found a place in it.
    `loan` is what has to be known to give it back, None when nothing is lent.
    """

    calls: tuple[VendorCall, ...]
    ids: Mapping[str, str]
    loan: Loan | None


type PlanEdit = Callable[[Any], Any]
"""Returns a plan, in its vendor's own form, with something of it changed.

Raises `InvalidRequest` with a reason when that cannot be.
"""


@runtime_checkable
class PlanController(Controller, Protocol):
    """A plan that the cloud takes only as a whole, and does not end by itself."""

    def shows(self, readings: Readings, loan: Loan) -> bool:
        """Tell whether the plan is what was written last."""

    def owned(self, readings: Readings, loan: Loan | None, now: datetime) -> Any | None:
        """Return the plan as its owner wants it, without us, None while not known."""

    def rewrite(
        self,
        readings: Readings,
        loan: Loan | None,
        segments: Sequence[Segment],
        now: datetime,
        edit: PlanEdit | None = None,
    ) -> Rewrite:
        """Return the owner's plan with our segments in it, as far as they find place.

        It is edited first, if there is an edit. Raises `VendorError` when the plan is
        not known, or cannot be written, `InvalidRequest` for an edit of no sense.
        """

    def wait_s(self, call: VendorCall) -> float:
        """Return how long the cloud wants us to wait with a call of a rewrite, s."""


type ScheduleController = ItemController | PlanController


@runtime_checkable
class Commander(Protocol):
    """A session that can make calls which belong to no plan."""

    async def send(self, call: VendorCall) -> None:
        """Make a call that changes something; raises `VendorError`."""


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

    def clock_skew(self) -> timedelta | None:
        """Return the cloud's clock less ours where the cloud minds, if it is known."""

    def secrets(self) -> tuple[str, ...]:
        """Return every credential and token in use, so that it can be hidden."""

    def identities(self) -> tuple[str, ...]:
        """Return serial numbers and site ids, so that they can be given aliases."""


class HistorySource(Protocol):
    """The past of an account's devices, a day at a time."""

    @property
    def day_pause(self) -> timedelta:
        """The time from one day's fetch to the next, so that others have their turn."""

    @property
    def followed_at(self) -> timedelta | None:
        """How long after its end a day is mostly known, and imported by itself.

        None where that is not done, for what happens is told as it happens.
        """

    def series(self, device_id: str) -> tuple[Series, ...]:
        """Return what a device has a past of; nothing for one that has none."""

    def zone(self, device_id: str) -> tzinfo:
        """Return the zone of a device's calendar, as far as it is known."""

    def last_day(self, device_id: str) -> date | None:
        """Return the last day of a device that is closed, None while it goes on."""

    async def fetch_day(
        self, device_id: str, day: date, zone: tzinfo, soon: Sequence[date] = ()
    ) -> HistoryDay:
        """Return a day by the hour, in a zone's calendar; blank if it is not known.

        `soon` are the days that are asked for next, in their order: one call may bring
        some of them too.
        """


@runtime_checkable
class HasHistory(Protocol):
    """A session whose cloud knows the past."""

    @property
    def history(self) -> HistorySource:
        """Where the past is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSource:
    """One site whose flows an account tells.

    `device_id` names the site, as `Unit.site_id` does. `endpoints` are those that have
    to deliver; who wants the flow listens to them, for else they are not fetched.
    `flow` returns what the readings tell, None while they tell nothing.
    """

    device_id: str = field(repr=False)
    endpoints: tuple[EndpointId, ...]
    flow: Callable[[Readings], SiteFlow | None]


@runtime_checkable
class HasFlows(Protocol):
    """A session of an account that tells what flows in its sites."""

    def flow_sources(
        self, topology: Topology, readings: Readings
    ) -> tuple[FlowSource, ...]:
        """Return a source per site that has anything to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSpec:
    """One brand: how to connect, what to ask the user, what to show.

    `descriptions` maps a platform's name to its table of entity descriptions; what is
    set by an action only is under a name that no platform has.
    `private_keys` are payload keys that hold personal data. `writes` is how often an
    account may be written to, by default never. `host_of` tells the server of
    credentials where there are several, else it is `host`. Where `binds`, sessions are a `Binder`,
    and an account without systems can be added. Where `picks`, the user is asked which
    of several systems he wants. With a `terms_url` the user has to accept what is there
    before anything is tried. Where `pausable`, an account has a switch that stops all
    its calls, for a cloud that lets only one program log in at a time. Where logins are
    `scarce_logins`, an account goes on with the session by which its form was tried.
    Where it `lends`, all that is ours in its cloud is lent from a plan, which the
    journal tells.
    """

    key: str
    name: str
    host: str
    fields: tuple[CredentialField, ...]
    options: tuple[OptionField, ...] = ()
    descriptions: Mapping[str, tuple[Any, ...]]
    private_keys: frozenset[str] = frozenset()
    writes: Allowance = NO_WRITES
    binds: bool = False
    picks: bool = False
    terms_url: str | None = None
    pausable: bool = False
    scarce_logins: bool = False
    lends: bool = False
    host_of: Callable[[Mapping[str, str]], str] | None = None
    connect: Callable[[Connection], VendorSession]
    validate: Callable[[Connection], Awaitable[Account]]
