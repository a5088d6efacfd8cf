"""The five endpoints (1.2), and who may ask how often (2.1 to 2.3)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from aiohttp import web

from ..clock import Clock
from ..faults import Faults
from ..server import Call, Handler, Route
from ..sun import noise
from . import payloads
from .accounts import Account, Gate
from .behaviour import Behaviour
from .board import Board, nem_now
from .errors import SERVER_ERROR, TOO_MANY, ApiError, answer
from .site import Site
from .times import DAY, NEM, index_at

_MAX_INTERVALS = 2048
_MAX_DAYS = 7
_MIDNIGHT_MIN = 11
_DEFAULT_MINUTES = 30

type ApiHandler = Callable[[Call, Account], Awaitable[list[dict[str, Any]]]]


@dataclass(slots=True)
class Api:
    """One cloud, as seen by its handlers."""

    clock: Clock
    faults: Faults
    behaviour: Behaviour
    gate: Gate
    states: dict[str, Board]
    seed: int
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def told(self) -> datetime:
        """Return what the server's own clock says."""
        return self.clock() + self.faults.clock_skew

    def reply(
        self,
        payload: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        """Return an answer of the gateway."""
        return answer(payload, self.told(), status, headers, next(self._numbers))

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        site = "/v1/sites/{site_id}"
        guard = self._guard
        return [
            Route("GET", "/v1/sites", "sites", guard(self._sites)),
            Route("GET", f"{site}/prices", "prices", guard(self._prices)),
            Route("GET", f"{site}/prices/current", "current", guard(self._current)),
            Route("GET", f"{site}/usage", "usage", guard(self._usage)),
            Route(
                "GET",
                "/v1/state/{state}/renewables/current",
                "renewables",
                self._renewables,
            ),
        ]

    def _guard(self, handler: ApiHandler) -> Handler:
        """Wrap a handler: a token in, the rate limit's headers out."""

        async def guarded(call: Call) -> web.Response:
            try:
                account = self.gate.account(call.request.headers)
                if not account.quota.take(self.clock()):
                    headers = account.quota.headers(self.clock())
                    return self.reply(TOO_MANY, 429, headers)
                body = await handler(call, account)
            except ApiError as error:
                return self.reply(error.body, error.status)
            return self.reply(body, headers=account.quota.headers(self.clock()))

        return guarded

    # -- endpoints -------------------------------------------------------------

    async def _sites(self, call: Call, account: Account) -> list[dict[str, Any]]:
        today = nem_now(self.clock())
        return [payloads.site(site.spec, today) for site in account.sites]

    async def _current(self, call: Call, account: Account) -> list[dict[str, Any]]:
        now, site = self.clock(), _site(call, account)
        previous, following = _counts(call)
        minutes = site.minutes(_resolution(call))
        if not self._is_served(site, now):
            return []
        n = index_at(now)
        if noise(self.seed + 41, n) < self.behaviour.lost_actuals_share:
            previous = 0
        return site.prices(site.board.around(now, previous, following, minutes), now)

    async def _prices(self, call: Call, account: Account) -> list[dict[str, Any]]:
        now, site = self.clock(), _site(call, account)
        today = nem_now(now)
        start = self._date(call, "startDate")
        if start is None and self._is_before_midnight(now):
            raise ApiError(502, SERVER_ERROR)
        start, end = start or today, self._date(call, "endDate") or today
        _check_range(start, end, _MAX_DAYS)
        minutes = site.minutes(_resolution(call))
        if not self._is_served(site, now) and end >= today:
            return []
        return site.prices(site.board.of_days(start, end, now, minutes), now)

    async def _usage(self, call: Call, account: Account) -> list[dict[str, Any]]:
        site = _site(call, account)
        start, end = self._date(call, "startDate"), self._date(call, "endDate")
        if start is None or end is None:
            raise ApiError(400, "startDate and endDate are required")
        _check_range(start, end, self.behaviour.usage_days)
        return site.usage(start, end, self.clock())

    async def _renewables(self, call: Call) -> web.Response:
        """Answer anybody, as often as they like (1.8)."""
        try:
            board = self._board(call.args["state"])
            previous, following = _counts(call)
            now, length = self.clock(), _resolution(call) or _DEFAULT_MINUTES
            slots = board.around(now, previous, 0, lambda n: length)
            last = slots[-1]
            slots += [
                last._replace(first=last.first + k * last.steps)
                for k in range(1, following + 1)
                if last.first + k * last.steps < index_at(now) + 2 * DAY
            ]
        except ApiError as error:
            return self.reply(error.body, error.status)
        return self.reply([payloads.renewable(board.shown(s, now)) for s in slots])

    def _board(self, state: str) -> Board:
        board = self.states.get(state)
        if board is None:
            raise ApiError(404, "State not found")
        return board

    # -- checks ----------------------------------------------------------------

    def _is_served(self, site: Site, now: datetime) -> bool:
        """Whether a site has a price now; refuses one that has none by the switch."""
        if site.is_active(now):
            return True
        if self.behaviour.inactive_prices == "empty":
            return False
        raise ApiError(404, "Site not found")

    def _is_before_midnight(self, now: datetime) -> bool:
        soon = now.astimezone(NEM) + timedelta(minutes=_MIDNIGHT_MIN)
        return self.behaviour.midnight_502 and soon.date() > nem_now(now)

    def _date(self, call: Call, name: str) -> date | None:
        text = call.request.query.get(name)
        if text is None:
            return None
        try:
            # Python would take 20260301 as well.
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=NEM).date()
        except ValueError:
            if self.behaviour.bad_date == 502:
                raise ApiError(502, SERVER_ERROR) from None
            raise ApiError(400, f"{name} is not a date") from None


def _site(call: Call, account: Account) -> Site:
    site = account.site(call.args["site_id"])
    if site is None:
        raise ApiError(404, "Site not found")
    return site


def _resolution(call: Call) -> int | None:
    text = call.request.query.get("resolution")
    if text not in (None, "5", "30"):
        raise ApiError(400, "resolution must be 5 or 30")
    return None if text is None else int(text)


def _counts(call: Call) -> tuple[int, int]:
    """Return `previous` and `next`."""
    texts = [call.request.query.get(name, "0") for name in ("previous", "next")]
    if not all(text.isdecimal() for text in texts):
        raise ApiError(400, "previous and next must be whole numbers")
    previous, following = map(int, texts)
    if previous + following > _MAX_INTERVALS:
        raise ApiError(422, f"At most {_MAX_INTERVALS} intervals can be requested")
    return previous, following


def _check_range(start: date, end: date, most: int) -> None:
    if (end - start).days > most:
        raise ApiError(422, f"The range must not exceed {most} days")
