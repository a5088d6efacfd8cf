"""The fake Anker cloud: accounts, logins and the server."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web

from ..clock import Clock, real_clock
from ..faults import Fault
from ..server import Route
from .accounts import Account, Login, Region, Sessions
from .behaviour import Behaviour
from .context import Context
from .crypto import ServerKey
from .device_api import DeviceApi
from .energy_api import EnergyApi
from .errors import NOT_FOUND, answer, gateway, refusal, too_soon
from .firmware_api import FirmwareApi
from .fixtures import FIXTURES, OWNED
from .hands import Hands
from .inverter import Inverter
from .panel_api import PanelApi
from .param_api import ParamApi
from .price_api import PriceApi
from .pv_api import PvApi
from .site import Site
from .site_api import SiteApi
from .specs import InverterSpec, SiteSpec

type Fixture = str | SiteSpec | InverterSpec

_MEMBER = 2


class AnkerCloud(Hands):
    """An Anker cloud with owners, a member and somebody who has nothing.

    `fixture` names what the first account owns (dossier 9.2 to 9.5); `accounts` gives
    the fixtures of each of several owners instead. After the owners come `member`, who
    shares the system of `shared` (a fixture's name), and `empty`. `history` is how
    long the houses have been running at the start.

    One server is the host of both regions: `base_url` is always the right one of an
    account, `base_urls["eu"]` and `["com"]` are the two, of which the wrong one has
    nothing to tell.
    """

    def __init__(
        self,
        *,
        fixture: Fixture | Sequence[Fixture] = OWNED,
        accounts: Sequence[Sequence[Fixture]] | None = None,
        shared: Fixture | None = None,
        region: Region = "eu",
        clock: Clock = real_clock,
        seed: int = 1,
        history: timedelta = timedelta(hours=2),
        latency: float = 0.0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Make the cloud; `start` opens it."""
        super().__init__(
            clock=clock, latency=latency, behaviour=behaviour or Behaviour()
        )
        self._seed = seed
        self._begin = clock() - history
        self.key = ServerKey(seed)
        single = isinstance(fixture, str | SiteSpec | InverterSpec)
        first: Sequence[Fixture] = [fixture] if single else fixture  # type: ignore[list-item,assignment]
        groups = accounts or [first]
        self.accounts = [
            Account(f"owner{n}@example.invalid", f"Sample-Pw-{n}", region)
            for n in range(1, len(groups) + 1)
        ]
        self.member = Account("member@example.invalid", "Sample-Pw-M", region)
        self.empty = Account("nobody@example.invalid", "Sample-Pw-N", region)
        self.accounts += [self.member, self.empty]
        for n, group in enumerate(groups):
            for item in group:
                self.add(item, account=n)
        common = shared or next(filter(self._has, ("C", *FIXTURES)), None)
        if common is not None:
            self.add(common, account=self.accounts.index(self.member), role=_MEMBER)
        self.sessions = Sessions(self.accounts, self.behaviour, self.key, seed)
        self._context = Context(
            self.clock,
            self.faults,
            self.behaviour,
            self.accounts,
            self.sessions,
            self.sites,
            self.inverters,
        )
        self._apis = (
            SiteApi(self._context),
            DeviceApi(self._context),
            FirmwareApi(self._context),
            ParamApi(self._context),
            EnergyApi(self._context),
            PriceApi(self._context),
            PvApi(self._context),
            PanelApi(self._context),
        )

    def _has(self, name: str) -> bool:
        spec = FIXTURES[name]
        return isinstance(spec, SiteSpec) and spec.site_id in self.sites

    # -- public: accounts and systems --------------------------------------------

    @property
    def server_public_key(self) -> str:
        """The key with which clients encrypt passwords for this cloud."""
        return self.key.public_hex

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner of the first account types into a form."""
        return self.credentials_of(self.accounts[0])

    def credentials_of(self, account: Account) -> dict[str, str]:
        """Return what the owner of an account types into a form."""
        return {
            "username": account.email,
            "password": account.password,
            "country": account.country,
        }

    @property
    def base_urls(self) -> dict[Region, str]:
        """The hosts of the regions."""
        return {"eu": f"{self.base_url}/eu", "com": f"{self.base_url}/com"}

    @property
    def serials(self) -> list[str]:
        """The ids of all systems, and serials of inverters without one."""
        return [*self.sites, *self.inverters]

    def add(self, fixture: Fixture, account: int = 0, role: int = 1) -> None:
        """Give an account a system or inverter, at any time; role 2 is a member."""
        spec = FIXTURES[fixture] if isinstance(fixture, str) else fixture
        owner = self.accounts[account]
        if isinstance(spec, InverterSpec):
            if spec.serial not in self.inverters:
                self.inverters[spec.serial] = Inverter(
                    spec, self.behaviour, self._begin, self._seed
                )
            owner.devices.add(spec.serial)
            return
        if spec.site_id not in self.sites:
            self.sites[spec.site_id] = Site(
                spec, self.behaviour, self._begin, self._seed
            )
        owner.sites[spec.site_id] = role

    def remove(self, serial: str, account: int = 0) -> None:
        """Take a system or inverter out of an account, as if sold or unshared."""
        self.accounts[account].sites.pop(serial, None)
        self.accounts[account].devices.discard(serial)

    def rename(self, serial: str, name: str, device: str | None = None) -> None:
        """Rename a system, or a device of it, in the app."""
        site = self.site(serial)
        if device is None:
            site.name = name
        else:
            site.aliases[device] = name

    def set_online(self, serial: str, online: bool = True) -> None:
        """Cut or mend the line between a system, or a lone inverter, and the cloud."""
        place = self.inverters.get(serial) or self.site(serial)
        place.offline.set(not online, self.clock())

    def set_device_online(self, serial: str, device: str, online: bool = True) -> None:
        """Cut or mend the line of one device of a system."""
        offline = self.site(serial).offline_devices
        (offline.discard if online else offline.add)(device)

    # -- public: logins and tokens -----------------------------------------------

    @property
    def logins(self) -> list[Login]:
        """All tries to log in, oldest first; those let in have code 0."""
        return self.sessions.logins

    def log_in_elsewhere(self, account: int = 0) -> None:
        """Let the app log in, which may end the session here."""
        self.sessions.new_token(self.accounts[account], self.clock())

    def revoke_tokens(self) -> None:
        """End every session while clients think theirs valid."""
        for account in self.accounts:
            account.tokens.clear()

    def expire_tokens(self, seconds: float = 30.0) -> None:
        """Let the tokens that are handed out from now on live that long."""
        self.behaviour.token_life_s = seconds

    def set_password(self, password: str, account: int = 0) -> None:
        """Change a password; whoever is logged in is out."""
        self.accounts[account].password = password
        self.accounts[account].tokens.clear()

    def lock(self, account: int = 0) -> None:
        """Lock an account, as wrong passwords do (100053)."""
        hours = timedelta(hours=self.behaviour.lock_hours)
        self.accounts[account].locked_until = self.clock() + hours
        self.accounts[account].tokens.clear()

    def answer_with(self, where: str, code: int, times: int | None = 1) -> None:
        """Answer the next calls of an endpoint with a code in HTTP 200."""
        body = refusal(code, self._context.next_number())
        self.faults.add(where, Fault.STATUS, status=200, body=body, times=times)

    def fail_with(self, where: str, status: int, times: int | None = 1) -> None:
        """Answer the next calls of an endpoint with a gateway's page."""
        body = gateway(status)
        self.faults.add(where, Fault.STATUS, status=status, body=body, times=times)

    def calls_per_minute(self, label: str) -> int:
        """Return the most calls of an endpoint in any 60 s."""
        times = [entry.at for entry in self.requests.entries if entry.label == label]
        minute = timedelta(minutes=1)
        return max(
            (sum(begin <= time < begin + minute for time in times) for begin in times),
            default=0,
        )

    @property
    def over_limit(self) -> Counter[str]:
        """Calls that were answered with 429, by endpoint."""
        entries = self.requests.entries
        return Counter(entry.label for entry in entries if entry.status == 429)

    # -- server ------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Return all endpoints."""
        login = self._context.open(self._login)
        return [
            Route("POST", "/passport/login", "login", login),
            *(route for api in self._apis for route in api.routes()),
        ]

    def _login(
        self, body: dict[str, Any], region: Region | None, address: str
    ) -> dict[str, Any] | None:
        return self.sessions.login(body, self.clock(), region, address)

    def clean_path(self, path: str) -> str:
        """Return the path without the region."""
        for region in ("/eu/", "/com/"):
            if path.startswith(region):
                return path[len(region) - 1 :]
        return path

    def not_found(self, request: web.Request) -> web.Response:
        """Return the answer for a path that nobody serves (9.1.1)."""
        if self.behaviour.unknown_path == 404:
            return web.Response(status=404, text=gateway(404), content_type="text/html")
        return answer(refusal(NOT_FOUND, self._context.next_number()))

    def expired_token(self, request: web.Request) -> web.Response:
        """Return the answer to a stale token."""
        return self.sessions.kicked_out(self._context.next_number())

    def throttled(self, request: web.Request, retry_after: float) -> web.Response:
        """Return the answer to one who asks too often."""
        return too_soon()
