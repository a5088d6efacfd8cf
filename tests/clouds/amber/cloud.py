"""The fake Amber cloud, and what happens beside it: the market, the meter, the app."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
import zlib

from aiohttp import web

from ..clock import Clock, real_clock
from ..house import Energy
from ..server import FakeCloud, Route
from .accounts import Account, Gate, Quota
from .api import Api
from .behaviour import Behaviour
from .board import Board, Shown, nem_now
from .errors import TOO_MANY, UNROUTED
from .fixtures import FIXTURES, SiteSpec
from .live import LivePrices
from .market import STATES, Market, Script
from .publication import Publication
from .site import Site
from .tariffs import ChannelType
from .times import Slot, index_at

type Fixture = str | SiteSpec


class AmberCloud(FakeCloud):
    """An Amber cloud with one or more customers.

    `fixture` names the sites of the first account (dossier 7.1); `accounts` gives a
    list of fixtures for each of several accounts instead. `history` is how long the
    meters have been counting at the start; prices reach back without end.
    """

    def __init__(
        self,
        *,
        fixture: Fixture | Sequence[Fixture] = "A",
        accounts: Sequence[Sequence[Fixture]] | None = None,
        clock: Clock = real_clock,
        seed: int = 1,
        history: timedelta = timedelta(days=2),
        latency: float = 0.0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Make the cloud; `start` opens it."""
        super().__init__(clock=clock, latency=latency)
        self.behaviour = behaviour or Behaviour()
        self._seed = seed
        self._begin = clock() - history
        self.markets = {state: Market(state, seed) for state in STATES}
        first = [fixture] if isinstance(fixture, str | SiteSpec) else fixture
        self.accounts = [
            Account([self._token(n)], self._sites(group), Quota(self.behaviour))
            for n, group in enumerate(accounts or [first], 1)
        ]
        self._tokens = len(self.accounts)
        boards = {
            state: Board(
                market,
                Publication(seed + zlib.crc32(state.encode()), self.behaviour),
                self.behaviour,
            )
            for state, market in self.markets.items()
        }
        gate = Gate(self.accounts, self.behaviour)
        self._gate = gate
        self._api = Api(self.clock, self.faults, self.behaviour, gate, boards, seed)
        self.live = LivePrices(self._api)

    @staticmethod
    def _token(number: int) -> str:
        return f"psk_fake{number:024x}"

    def _sites(self, group: Sequence[Fixture]) -> list[Site]:
        today = nem_now(self.clock())
        specs = [
            spec
            for item in group
            for spec in (
                (item,) if isinstance(item, SiteSpec) else FIXTURES[item](today)
            )
        ]
        return [
            Site(
                spec, self.markets[spec.state], self.behaviour, self._begin, self._seed
            )
            for spec in specs
        ]

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen, push by the clock, and return the base URL."""
        address = await super().start(port, host)
        self.live.start()
        return address

    async def stop(self) -> None:
        """Stop; hanging requests and connections are dropped."""
        await self.live.stop()
        await super().stop()

    # -- public: accounts and sites --------------------------------------------

    @property
    def credentials(self) -> dict[str, str]:
        """What the customer of the first account types into a form."""
        return self.accounts[0].credentials

    @property
    def serials(self) -> list[str]:
        """The ids of all sites, each once."""
        return list(
            dict.fromkeys(s.spec.site_id for a in self.accounts for s in a.sites)
        )

    @property
    def active_sites(self) -> list[str]:
        """The ids of the first account's sites that are supplied now."""
        now = self.clock()
        return [s.spec.site_id for s in self.accounts[0].sites if s.is_active(now)]

    def site(self, serial: str) -> Site:
        """Return a site, its meter run up to now."""
        site = next(s for a in self.accounts if (s := a.site(serial)) is not None)
        site.meter.advance(self.clock())
        return site

    def renew_token(self, account: int = 0) -> str:
        """Revoke an account's tokens and return a new one."""
        self._tokens += 1
        token = self._token(self._tokens)
        self.accounts[account].tokens[:] = [token]
        return token

    def add_token(self, account: int = 0) -> str:
        """Make one more token of an account and return it; the limit is the same."""
        self._tokens += 1
        self.accounts[account].tokens.append(self._token(self._tokens))
        return self.accounts[account].tokens[-1]

    def spend(self, count: int, account: int = 0) -> None:
        """Let another tool of the household make calls."""
        for _ in range(count):
            self.accounts[account].quota.take(self.clock())

    def change(self, **switches: Any) -> None:
        """Change switches of the behaviour from now on."""
        for name, value in switches.items():
            if not hasattr(self.behaviour, name):
                raise AttributeError(name)
            setattr(self.behaviour, name, value)

    # -- public: what is to happen ---------------------------------------------

    def set_price(
        self, serial: str, start: datetime, minutes: int = 5, **script: Any
    ) -> None:
        """Set the prices of a site's market by fields of Script, c/kWh of spot."""
        first = index_at(start)
        for n in range(first, first + minutes // 5):
            self.site(serial).market.script(n, Script(**script))

    def set_delay(
        self, serial: str, start: datetime, seconds: float | None, minutes: int = 5
    ) -> None:
        """Set when prices are confirmed: s after their boundary, None for never."""
        first = index_at(start)
        for n in range(first, first + minutes // 5):
            self.site(serial).publication.set_delay(n, seconds)

    def set_usage(self, serial: str, day: date, **plan: Any) -> None:
        """Set when and how well a day of usage is told, by fields of DayPlan."""
        self.site(serial).data.set(day, **plan)

    async def drop_websockets(self) -> None:
        """Drop all WebSocket connections."""
        await self.live.drop()

    # -- public: what is so ----------------------------------------------------

    def truth(self, serial: str, at: datetime) -> Shown:
        """Return the billing interval that holds a time, as it comes to be."""
        site = self.site(serial)
        return site.board.truth(site.slot(at))

    def per_kwh(self, serial: str, channel: ChannelType, at: datetime) -> float:
        """Return the confirmed price at a time, c/kWh, negative for what is earned."""
        site, truth = self.site(serial), self.truth(serial, at)
        return site.spec.tariff.per_kwh(channel, truth.slot.first, truth.quote.spot)

    def published_at(self, serial: str, at: datetime) -> datetime | None:
        """Return when the price of the billing interval is confirmed, None: never."""
        site = self.site(serial)
        return site.publication.published_at(site.slot(at).end - 1)

    def metered(
        self, serial: str, channel: ChannelType, start: datetime, end: datetime
    ) -> float:
        """Return the true kWh of a register between two 5-minute marks."""
        first = index_at(start)
        return self.site(serial).meter.kwh(channel, Slot(first, index_at(end) - first))

    def history(
        self, serial: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Energy]]:
        """Return (full hour, all-time counters in kWh) for start <= hour <= end."""
        hours = self.site(serial).meter.hours
        return [hour for hour in hours if start <= hour[0] <= end]

    def schedules(self, serial: str) -> list[dict[str, Any]]:
        """Return nothing: a retailer has no schedules."""
        return []

    # -- server ----------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Return all endpoints."""
        websocket = Route("GET", "/", "websocket", self.live.connect)
        return [*self._api.routes(), websocket]

    def not_found(self, request: web.Request) -> web.Response:
        """Return what the gateway says of a path without a route: 403."""
        return self._api.reply(UNROUTED, 403)

    def expired_token(self, request: web.Request) -> web.Response:
        """Return the answer to a token that was revoked."""
        error = self._gate.refusal()
        return self._api.reply(error.body, error.status)

    def locked_out(self, request: web.Request) -> web.Response:
        """Return the answer to an account that is barred: the same."""
        return self.expired_token(request)

    def throttled(self, request: web.Request, retry_after: float) -> web.Response:
        """Return the gateway's own 429, which never says how long to wait (2.3)."""
        headers = {"x-amzn-ErrorType": "TooManyRequestsException"}
        return self._api.reply(TOO_MANY, 429, headers)
