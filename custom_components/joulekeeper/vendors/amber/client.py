"""HTTP client of the retailer's API: everything that it has, all of it reading.

Dossier sections 1 and 2.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import batched
import json
import re
from typing import Any, Final
from urllib.parse import quote

from ...core.errors import (
    AuthError,
    InvalidRequest,
    NotSupported,
    ProtocolError,
    TransientError,
)
from ..base import CONF_BASE_URL, Connection
from ..http import HttpClient, Response
from ..parsing import objects
from .board import PriceBoard
from .limits import Limiter, RateLimits, Room
from .models import PriceRecord, RenewablesRecord, Site, UsageRecord, nem_day
from .words import State

CONF_TOKEN: Final = "token"

API_URL: Final = "https://api.amber.com.au"
_VERSION: Final = "/v1"

RESOLUTIONS: Final = (5, 30)
MOST_INTERVALS: Final = 2048
MOST_DAYS: Final = 7
"""Of one call for prices or usage, both ends counted: what all sources agree on."""

_CAN_WAIT: Final = frozenset({"prices", "usage"})
_SAME_SKEW: Final = timedelta(seconds=1.5)
"""`Date` tells whole seconds, of some instant between question and answer."""
_SLOW: Final = timedelta(seconds=3)
_SAMPLE: Final = 5
_SLICE: Final = 128
"""Records read at once: 4 ms on a fast machine."""
_DECODER: Final = json.JSONDecoder()
_OPENING: Final = re.compile(r"\s*\[\s*(\]\s*\Z)?")
_GAP: Final = re.compile(r"\s*(?:,\s*|(\]\s*\Z))")


class AmberClient:
    """One token: typed answers out, `core.errors` raised.

    AuthError for 401 and 403, both of which mean a token that is missing or revoked;
    RateLimited for a 429 and where the household's other tools need the rest; NotFound
    for an unknown site or state; Rejected for a range that is too long for the cloud;
    InvalidRequest, and nothing is sent, where that is known before; TransientError for
    5xx, time-outs, and a page in the place of the answer; ProtocolError for anything
    that is no list. Resolutions are minutes; without one the site's interval counts,
    and what comes may have another length than what was asked for. `raw` keeps the last
    answer of each kind, of long ones a sample.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first call.

        Credentials are `token` and, optionally, `base_url`.
        """
        given = connection.credentials
        self.clock = connection.clock
        self.limiter = Limiter(connection.clock, _CAN_WAIT)
        self.raw: dict[str, Any] = {}
        self._token = given[CONF_TOKEN]
        base_url = (given.get(CONF_BASE_URL) or API_URL).rstrip("/")
        self._base_url = base_url.removesuffix(_VERSION) + _VERSION
        self._counted = HttpClient(connection.http, connection.clock, self.limiter)
        self._free = HttpClient(connection.http, connection.clock)
        self._skew: timedelta | None = None
        self._ahead = timedelta()

    @property
    def calls(self) -> Counter[str]:
        """The number of calls so far, by label."""
        return self._counted.calls + self._free.calls

    @property
    def rate_limits(self) -> RateLimits | None:
        """What the cloud told of its limit last; None before the first counted call."""
        return self.limiter.told

    @property
    def room(self) -> Room:
        """How many calls for current prices may be made now; times are the cloud's."""
        room = self.limiter.room("current_prices")
        return Room(room.calls, self.cloud_time(room.free_at))

    @property
    def clock_skew(self) -> timedelta | None:
        """The cloud's clock less ours by its last answer, within about a second."""
        return self._skew

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        return (self._token,)

    def cloud_time(self, instant: datetime | None = None) -> datetime:
        """Return an instant of our clock, by default now, by the cloud's clock."""
        return (instant or self.clock()) + self._ahead

    async def sites(self) -> tuple[Site, ...]:
        """Return all sites, closed and pending ones too; none for a new customer."""
        body, _ = await self._get("/sites", "sites")
        self.raw["sites"] = body
        return tuple(filter(None, map(Site.parse, objects(body))))

    async def current_prices(
        self,
        site_id: str,
        *,
        previous: int | None = None,
        following: int | None = None,
        resolution: int | None = None,
    ) -> PriceBoard:
        """Return the current interval, with past and coming ones as asked for.

        How many are asked for counts intervals of the resolution, not records: far
        forecasts are half-hourly (dossier 1.2). InvalidRequest `too_many_intervals` or
        `bad_resolution`.
        """
        params = _intervals(previous, following, resolution)
        label = "current_prices"
        body, answer = await self._get(
            f"{_site(site_id)}/prices/current", label, params
        )
        self.raw[f"{label} {site_id}"] = body
        return self._board(body, answer)

    async def prices(
        self,
        site_id: str,
        start: date | None = None,
        end: date | None = None,
        *,
        resolution: int | None = None,
    ) -> PriceBoard:
        """Return the prices of the market's days, both included; by default today's.

        Both are always sent: without them the cloud fails before midnight. Of today
        and later ones the rest is forecast. InvalidRequest `too_many_days`,
        `days_reversed` or `bad_resolution`.
        """
        params = self._days(start, end) | _intervals(None, None, resolution)
        answer = await self._answer(f"{_site(site_id)}/prices", "prices", params)
        found = await self._parsed(answer, f"prices {site_id}", PriceRecord.parse)
        return PriceBoard.of(found, self.cloud_time(answer.sent_at))

    async def usage(
        self, site_id: str, start: date | None = None, end: date | None = None
    ) -> tuple[UsageRecord, ...]:
        """Return what was metered on the market's days, both included.

        A day is there from about 3 o'clock of the next one, and may be corrected
        later; before that it is empty. By default today's, which only some meters
        tell. InvalidRequest `too_many_days` or `days_reversed`.
        """
        params = self._days(start, end)
        answer = await self._answer(f"{_site(site_id)}/usage", "usage", params)
        found = await self._parsed(answer, f"usage {site_id}", UsageRecord.parse)
        return tuple(
            sorted(found, key=lambda item: (item.identifier or "", item.span.start))
        )

    async def renewables(
        self,
        state: State,
        *,
        previous: int | None = None,
        following: int | None = None,
        resolution: int | None = None,
    ) -> tuple[RenewablesRecord, ...]:
        """Return the share of renewables in a state's grid, oldest first.

        The token is not sent and the call is not counted. InvalidRequest as for
        `current_prices`.
        """
        params = _intervals(previous, following, resolution)
        label = "renewables"
        answer = await self._ask(
            self._free, f"/state/{state.value}/renewables/current", label, params, {}
        )
        body = _list(answer)
        self.raw[f"{label} {state.value}"] = body
        found = filter(None, map(RenewablesRecord.parse, objects(body)))
        return tuple(sorted(found, key=lambda item: item.span.start))

    # --------------------------------------------------------------------------

    async def _get(
        self, path: str, label: str, params: Mapping[str, str] | None = None
    ) -> tuple[list[Any], Response]:
        answer = await self._answer(path, label, params)
        return _list(answer), answer

    async def _answer(
        self, path: str, label: str, params: Mapping[str, str] | None
    ) -> Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            return await self._ask(self._counted, path, label, params, headers)
        except NotSupported as error:
            raise AuthError(str(error)) from error

    async def _parsed[T](
        self, answer: Response, key: str, parse: Callable[[Mapping[str, Any]], T | None]
    ) -> list[T]:
        """Return the records of a long answer, and keep a sample of it."""
        found: list[T] = []
        first: list[Any] = []
        last: deque[Any] = deque(maxlen=_SAMPLE)
        for part in batched(_items(answer), _SLICE, strict=False):
            found += filter(None, map(parse, objects(list(part))))
            first += part[: 2 * _SAMPLE - len(first)]
            last.extend(part[-_SAMPLE:])
            # A week of 5 min takes more than 0.1 s: others have their turn between.
            await asyncio.sleep(0)
        short = len(first) < 2 * _SAMPLE
        self.raw[key] = first if short else [*first[:_SAMPLE], *last]
        return found

    async def _ask(
        self,
        http: HttpClient,
        path: str,
        label: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> Response:
        answer = await http.request(
            "GET",
            f"{self._base_url}{path}",
            label=label,
            params=params,
            headers={"Accept": "application/json", **headers},
            # The token is for nobody else.
            allow_redirects=False,
        )
        self._measure(answer)
        return answer

    def _measure(self, answer: Response) -> None:
        """Compare the clocks; the difference in use only changes when it has to."""
        if answer.date is None or answer.sent_at is None:
            return
        taken = self.clock() - answer.sent_at
        if timedelta() <= taken < _SLOW:
            middle = answer.sent_at + taken / 2
            self._skew = answer.date + timedelta(seconds=0.5) - middle
            if abs(self._skew - self._ahead) > _SAME_SKEW:
                self._ahead = self._skew

    def _board(self, body: list[Any], answer: Response) -> PriceBoard:
        return PriceBoard.of(
            filter(None, map(PriceRecord.parse, objects(body))),
            self.cloud_time(answer.sent_at),
        )

    def _days(self, start: date | None, end: date | None) -> dict[str, str]:
        today = nem_day(self.cloud_time())
        start = start or min(end or today, today)
        end = end or max(start, today)
        if start > end:
            raise InvalidRequest(
                "the last day is before the first", reason="days_reversed"
            )
        if (end - start).days >= MOST_DAYS:
            raise InvalidRequest(
                f"more than {MOST_DAYS} days at once", reason="too_many_days"
            )
        return {"startDate": start.isoformat(), "endDate": end.isoformat()}


def _site(site_id: str) -> str:
    return f"/sites/{quote(site_id, safe='')}"


def _intervals(
    previous: int | None, following: int | None, resolution: int | None
) -> dict[str, str]:
    """Return the query; a 0 is sent, for what the cloud does by default is open."""
    if resolution is not None and resolution not in RESOLUTIONS:
        raise InvalidRequest("resolutions are 5 and 30 min", reason="bad_resolution")
    counts = (previous or 0, following or 0)
    if min(counts) < 0 or sum(counts) > MOST_INTERVALS:
        raise InvalidRequest(
            f"0 to {MOST_INTERVALS} intervals at once", reason="too_many_intervals"
        )
    given = {"previous": previous, "next": following, "resolution": resolution}
    return {key: str(value) for key, value in given.items() if value is not None}


def _list(answer: Response) -> list[Any]:
    if answer.text.lstrip().startswith("<"):
        raise TransientError(
            f"{answer.label}: a page in the place of the answer", reason="page"
        )
    body = answer.json()
    if not isinstance(body, list):
        raise ProtocolError(f"{answer.label}: the answer is not a list")
    return body


def _items(answer: Response) -> Iterator[Any]:
    """Yield the items of a long list one by one; raises what `_list` raises."""
    body = answer.text
    if (opening := _OPENING.match(body)) is None:
        yield from _list(answer)
        return
    if opening[1]:
        return
    at = opening.end()
    while True:
        try:
            item, at = _DECODER.raw_decode(body, at)
        except ValueError:
            break
        yield item
        if (gap := _GAP.match(body, at)) is None:
            break
        if gap[1]:
            return
        at = gap.end()
    raise ProtocolError(f"{answer.label}: the answer is not JSON")
