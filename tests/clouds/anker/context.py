"""What all handlers share: the order of the checks, and the envelope (9.1)."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import json
import re
from typing import Any

from aiohttp import web

from ..clock import Clock
from ..faults import Fault, Faults
from ..server import Call, Handler
from .accounts import Account, Region, Sessions
from .behaviour import Behaviour
from .errors import (
    NO_ACCESS,
    NOT_FOUND,
    PARAMETER,
    ApiError,
    BadRequest,
    answer,
    bad_request,
    envelope,
    refusal,
    too_soon,
)
from .inverter import Inverter
from .settings import Delays
from .site import Site
from .specs import DeviceSpec

type Body = dict[str, Any]
type ApiHandler = Callable[["Ask"], Awaitable[Any]]

_MINUTE = timedelta(minutes=1)
_FIXED = {"app-name": "anker_power", "model-type": "DESKTOP", "os-type": "android"}


@dataclass(frozen=True, slots=True)
class Ask:
    """One call of somebody who is logged in, at the host of a region."""

    call: Call
    account: Account
    body: Body
    region: Region
    now: datetime

    @property
    def is_home(self) -> bool:
        """Whether the account lives in this region."""
        return self.region == self.account.region

    def text(self, name: str) -> str:
        """Return a text of the body, raises BadRequest where it is none."""
        value = self.body.get(name)
        if not isinstance(value, str):
            raise BadRequest(f'error: field "{name}" is not set')
        return value


def region_of(request: web.Request) -> Region | None:
    """Return whose host is asked, None for the one that is right for everybody."""
    first = request.path.split("/")[1]
    if first == "eu":
        return "eu"
    return "com" if first == "com" else None


@dataclass(slots=True)
class Context:
    """One cloud, as seen by its handlers."""

    clock: Clock
    faults: Faults
    behaviour: Behaviour
    accounts: list[Account]
    sessions: Sessions
    sites: dict[str, Site]
    inverters: dict[str, Inverter]
    calls: dict[tuple[str, str], deque[datetime]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    number: int = 0

    def now(self) -> datetime:
        """Return when things happen."""
        return self.clock()

    def told(self, time: datetime) -> datetime:
        """Return a time as the server tells it."""
        return time + self.faults.clock_skew

    def next_number(self) -> int:
        """Return the number of the next trace."""
        self.number += 1
        return self.number

    # -- guards ----------------------------------------------------------------

    def open(self, handler: Callable[[Body, Region | None, str], Any]) -> Handler:
        """Wrap the login."""

        async def guarded(call: Call) -> web.Response:
            number = self.next_number()
            try:
                self._check_headers(call.request)
                body = await _body(call)
                address = call.request.remote or ""
                data = handler(body, region_of(call.request), address)
            except BadRequest as error:
                return bad_request(error.text)
            except ApiError as error:
                return answer(refusal(error.code, number, error.message))
            return answer(envelope(data, number))

        return guarded

    def guard(self, handler: ApiHandler) -> Handler:
        """Wrap a handler: headers, token, limit, then the handler, in this order."""

        async def guarded(call: Call) -> web.Response:
            number, now = self.next_number(), self.now()
            try:
                self._check_headers(call.request)
                region = region_of(call.request)
                account = self.sessions.account(call.request, now, region)
                if account is None:
                    return self.sessions.kicked_out(number)
                if not self._take(call, now):
                    return too_soon()
                body = await _body(call)
                at = region or account.region
                data = await handler(Ask(call, account, body, at, now))
            except BadRequest as error:
                return bad_request(error.text)
            except ApiError as error:
                return answer(refusal(error.code, number, error.message))
            return answer(envelope(data, number))

        return guarded

    def _check_headers(self, request: web.Request) -> None:
        """Refuse a call without what every client sends (2.4, 9.1.3)."""
        headers = request.headers
        if not self.behaviour.strict_headers:
            return
        for name, value in _FIXED.items():
            if headers.get(name) != value:
                raise BadRequest(f'error: header "{name}" is not valid')
        if not re.fullmatch(r"[A-Z]{2}", headers.get("country", "")):
            raise BadRequest('error: header "country" is not valid')
        if not re.fullmatch(r"GMT[+-]\d\d:\d\d", headers.get("timezone", "")):
            raise BadRequest('error: header "timezone" is not valid')
        if request.method == "POST" and request.body_exists:
            kind = request.content_type
            if kind != "application/json":
                raise BadRequest(f"error: content-type {kind} is not valid")

    def _take(self, call: Call, now: datetime) -> bool:
        """Count a call against its endpoint's limit, for the caller's address."""
        seen = self.calls[call.label, call.request.remote or ""]
        while seen and now - seen[0] >= _MINUTE:
            seen.popleft()
        behaviour = self.behaviour
        if behaviour.rate_limit and len(seen) >= behaviour.calls_per_minute:
            return False
        seen.append(now)
        return True

    # -- what is asked for -----------------------------------------------------

    def sites_of(self, ask: Ask) -> list[Site]:
        """Return the systems that an account sees in this region."""
        if not ask.is_home:
            return []
        return [self.sites[site_id] for site_id in ask.account.sites]

    def devices_of(self, ask: Ask) -> list[tuple[DeviceSpec, Site | None]]:
        """Return what an account owns, in systems and without."""
        found: list[tuple[DeviceSpec, Site | None]] = [
            (device, site)
            for site in self.sites_of(ask)
            if ask.account.owns(site.spec.site_id)
            for device in site.spec.devices
        ]
        if ask.is_home:
            serials = sorted(ask.account.devices)
            found.extend((self.inverters[serial].spec, None) for serial in serials)
        return found

    def seen(self, ask: Ask, name: str = "site_id") -> Site:
        """Return the system of a call, which a member may see too."""
        site_id = ask.text(name)
        if not ask.is_home or site_id not in ask.account.sites:
            raise ApiError(NOT_FOUND)
        site = self.sites[site_id]
        site.advance(ask.now)
        return site

    def owned(self, ask: Ask) -> Site:
        """Return the system of a call that is the owner's alone."""
        site = self.seen(ask)
        if not ask.account.owns(site.spec.site_id):
            raise ApiError(self.behaviour.member_refusal)
        return site

    def device(
        self, ask: Ask, name: str = "device_sn"
    ) -> tuple[DeviceSpec, Site | None]:
        """Return a device of the account."""
        serial = ask.text(name)
        for device, site in self.devices_of(ask):
            if device.serial == serial:
                return device, site
        raise ApiError(self.behaviour.member_refusal)

    def device_of_site(self, ask: Ask) -> tuple[DeviceSpec, Site | None]:
        """Return a device of the account and of the system that is named with it."""
        device, site = self.device(ask)
        if ask.text("site_id") != (site.spec.site_id if site else ""):
            raise ApiError(NOT_FOUND)
        return device, site

    def inverter(self, ask: Ask, serial: str) -> Inverter:
        """Return an inverter that stands alone."""
        if not ask.is_home or serial not in ask.account.devices:
            raise ApiError(NO_ACCESS)
        inverter = self.inverters[serial]
        inverter.advance(ask.now)
        return inverter

    def is_ignored(self, ask: Ask) -> bool:
        """Whether a write is answered and not kept."""
        return self.behaviour.lies or ask.call.fault(Fault.IGNORED) is not None

    def delays(self, ask: Ask, site: Site) -> Delays:
        """Return how long a write takes, more where it is late."""
        delays = site.delays
        if late := ask.call.fault(Fault.LATE):
            more = float(late.options["seconds"])
            delays = Delays(*(seconds + more for seconds in delays))
        return delays


async def _body(call: Call) -> Body:
    """Return the object that was sent; none, and nothing, are an empty one."""
    text = await call.request.text()
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        raise BadRequest("error: body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiError(PARAMETER)
    return body
