"""What energy costs, and what the sun is to give: asked once an hour (dossier 4.9 to 4.11)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from ...core.errors import RateLimited
from ...core.models import Clock
from ..parsing import number
from .client import AnkerClient
from .energy import SolarDay
from .models import Scene
from .options import CONF_PRICE_FEE, CONF_PRICE_VAT
from .parts import Part
from .prices import AREA_ZONES, AiStatus, DynamicPrices, PriceProvider, SitePrice
from .products import PREDICTING
from .use_time import Season, parse as parse_seasons, tariff_at

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surcharges:
    """What the owner pays beside the exchange's price, which no cloud tells (4.11).

    `fee` is per kWh, `vat` percent of all of it.
    """

    fee: float = 0.0
    vat: float = 0.0

    @property
    def known(self) -> bool:
        """Whether the owner has told any."""
        return bool(self.fee or self.vat)

    def on(self, spot: float) -> float:
        """Return what a kWh costs at a price of the exchange."""
        return round((spot + self.fee) * (1 + self.vat / 100), 6)


def surcharges(options: Mapping[str, Any]) -> Surcharges:
    """Return what the owner has told in the options, nothing by default."""
    return Surcharges(
        # The option is in hundredths of the currency.
        fee=options.get(CONF_PRICE_FEE, 0.0) / 100,
        vat=options.get(CONF_PRICE_VAT, 0.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The exchange's prices from a day on, by the clock of their area."""

    day: date
    zone: tzinfo
    prices: DynamicPrices

    def spots(self) -> Iterator[tuple[datetime, float]]:
        """Yield the prices per kWh by their begin."""
        days = (self.day, self.prices.today), (self.day + _DAY, self.prices.tomorrow)
        for day, items in days:
            for item in items:
                yield datetime.combine(day, item.start, self.zone), item.price

    @property
    def ends(self) -> datetime | None:
        """When the last price is over: they are all equally long."""
        begins = [begin.astimezone(UTC) for begin, _ in self.spots()]
        if not begins:
            return None
        steps = (late - early for early, late in pairwise(begins))
        return begins[-1] + min(steps, default=_HOUR)

    def at(self, now: datetime) -> float | None:
        """Return the price of an instant, None where that day's are not known."""
        today = now.astimezone(self.zone).date()
        if self.ends is None or now >= self.ends:
            return None
        past = [
            price
            for begin, price in self.spots()
            if begin <= now and begin.date() == today
        ]
        return past[-1] if past else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The prices of a system and what its cloud expects.

    `site` is what its owner has set, None for a member, `surcharges` what he has told
    here. `forecast` is of `day` in `zone`; only newer generations have it, `exchange`
    and `ai`. `country` is the account's, which tells what dollars are meant. Not
    `complete` is what waits for its turn with the cloud.
    """

    clock: Clock = field(repr=False)
    zone: tzinfo
    day: date
    country: str
    surcharges: Surcharges = Surcharges()
    site: SitePrice | None = None
    exchange: Exchange | None = None
    forecast: SolarDay | None = None
    ai: AiStatus | None = None
    complete: bool = True

    @property
    def spot(self) -> float | None:
        """The exchange's price of now, None where today's are not known."""
        return self.exchange.at(self.clock()) if self.exchange else None

    @property
    def total(self) -> float | None:
        """What a kWh costs now at the exchange's price, None without surcharges."""
        spot = self.spot
        known = spot is not None and self.surcharges.known
        return self.surcharges.on(spot) if spot is not None and known else None

    def price(self, planned: Sequence[Season] = ()) -> float | None:
        """Return what a kWh costs now, by the kind of price that the owner has set.

        The times of use are those of the prices, or else what is `planned`.
        """
        if self.site is None:
            return None
        match self.site.kind:
            case "dynamic":
                return self.total
            case "use_time":
                local = self.clock().astimezone(self.zone)
                seasons = parse_seasons(list(self.site.use_time)) or planned
                return number(tariff_at(seasons, local)[1]) if seasons else None
        return self.site.price

    def expected(self) -> Iterator[tuple[datetime, float]]:
        """Yield the mean solar power of each hour that is expected by its begin, W.

        The cloud names each hour by its end, the last one by the midnight.
        """
        day, last = self.day, time()
        for moment, power in self.forecast.forecast_w if self.forecast else ():
            if moment <= last:
                day += _DAY
            last = moment
            yield datetime.combine(day, moment, self.zone) - _HOUR, power

    @property
    def expected_now(self) -> float | None:
        """The mean solar power that is expected of this hour, W."""
        now = self.clock()
        hours = (
            power
            for begin, power in self.expected()
            if timedelta() <= now - begin < _HOUR
        )
        return next(hours, None)

    def next_change(self, now: datetime) -> datetime | None:
        """Return when another price begins to hold, or another hour is expected."""
        ahead = [begin for begin, _ in self.exchange.spots()] if self.exchange else []
        if self.exchange and self.exchange.ends:
            ahead.append(self.exchange.ends)
        if (self.site and self.site.kind == "use_time") or self.forecast:
            local = now.astimezone(self.zone)
            ahead.append(local.replace(minute=0, second=0, microsecond=0) + _HOUR)
        return min((moment for moment in ahead if moment > now), default=None)


class PriceFeed:
    """What is asked for the prices of one system; what fails keeps what it had."""

    def __init__(
        self, client: AnkerClient, site_id: str, today: Callable[[], date], zone: tzinfo
    ) -> None:
        """Know nothing yet; `today` is by the calendar of the devices' `zone`."""
        self._client = client
        self._site_id = site_id
        self._today = today
        self._zone = zone
        self._surcharges = surcharges(client.options)
        self._provider: PriceProvider | None = None
        self._site = self._part(lambda: client.site_price(site_id))
        self._exchange = self._part(self._dated_exchange)
        self._forecast = self._part(self._dated_forecast)
        self._ai = self._part(lambda: client.ai_status(site_id))

    def _part[T](self, fetch: Callable[[], Awaitable[T]]) -> Part[T]:
        return Part(fetch, timedelta(), self._client.clock)

    async def prices(self, scene: Scene, *, owned: bool | None) -> Prices:
        """Return what can be known; raises what `Part.get` does."""
        site = None if owned is False else await self._site.get()
        clock = self._client.clock
        known = Prices(
            clock=clock,
            zone=self._zone,
            day=self._today(),
            country=self._client.country,
            surcharges=self._surcharges,
            site=site,
        )
        if not any(bank.product in PREDICTING for bank in scene.solarbanks.values()):
            return known
        self._provider = site.dynamic if site else None
        exchange = await self._exchange.get() if self._provider else None
        forecast = await self._forecast.get()
        return replace(
            known,
            exchange=_of_today(exchange, clock()),
            forecast=_of_day(forecast, known.day),
            ai=await self._ai.get(),
            complete=not any(
                isinstance(part.error, RateLimited)
                for part in (self._site, self._exchange, self._forecast, self._ai)
            ),
        )

    async def _dated_exchange(self) -> Exchange | None:
        if (provider := self._provider) is None:
            return None
        zone = await self._zone_of(provider)
        day = self._client.clock().astimezone(zone).date()
        prices = await self._client.dynamic_prices(provider, day, zone)
        return Exchange(day=day, zone=zone, prices=prices)

    async def _zone_of(self, provider: PriceProvider) -> tzinfo:
        """Return the zone of a price area; of an unknown country Home Assistant's."""
        if (name := AREA_ZONES.get(provider.country or "")) is None:
            return self._zone
        # Its first use reads a file.
        return await asyncio.to_thread(ZoneInfo, name)

    async def _dated_forecast(self) -> tuple[date, SolarDay]:
        day = self._today()
        return day, await self._client.solar_day(self._site_id, day)


def _of_day[T](known: tuple[date, T] | None, day: date) -> T | None:
    """Return what is about a day; yesterday's says nothing."""
    return known[1] if known is not None and known[0] == day else None


def _of_today(known: Exchange | None, now: datetime) -> Exchange | None:
    """Return prices that go on today; those of days that are over say nothing."""
    if known is None or known.ends is None:
        return None
    return known if now < known.ends else None
