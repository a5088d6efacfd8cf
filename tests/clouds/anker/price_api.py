"""Prices, limits and the AI mode (4.10, 4.11, 4.12)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from ..server import Route
from .context import Ask, Context
from .errors import NOT_FOUND, REQUEST, ApiError, BadRequest
from .prices import RELEASE_HOUR, spots
from .specs import SB3

_SITE = "/power_service/v1/site"
_DYNAMIC = "/power_service/v1/dynamic_price"
_AI = "/power_service/v1/ai_ems"
_PROVIDERS = {("Nordpool", "GER"): "EUR"}
_LIMITS = {2: (350, 600, 800, 1000), 3: (350, 600, 800, 1200)}
_LATER = 3  # generation with AI and dynamic prices


class PriceApi:
    """What energy costs, and what a system may do."""

    def __init__(self, context: Context) -> None:
        """Serve the prices of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        named = (
            (f"{_SITE}/get_site_price", "get_site_price", self.get_price),
            (f"{_SITE}/update_site_price", "update_site_price", self.set_price),
            (f"{_SITE}/get_power_limit", "power_limit", self.power_limit),
            (f"{_DYNAMIC}/check_available", "price_available", self.available),
            (f"{_DYNAMIC}/support_option", "price_options", self.options),
            (f"{_DYNAMIC}/price_detail", "price_detail", self.detail),
            (f"{_AI}/get_status", "ai_ems_status", self.ai_status),
            (f"{_AI}/profit", "ai_ems_profit", self.ai_profit),
        )
        return [
            Route("POST", path, label, guard(handler)) for path, label, handler in named
        ]

    async def get_price(self, ask: Ask) -> Any:
        """Answer what a kWh costs; numbers, not strings."""
        site = self._context.owned(ask)
        return site.price.stored.at(ask.now)

    async def set_price(self, ask: Ask) -> Any:
        """Take the whole set."""
        site = self._context.owned(ask)
        for name in ("price", "site_price_unit", "site_co2"):
            if name not in ask.body:
                raise BadRequest(f'error: field "{name}" is not set')
        if not self._context.is_ignored(ask):
            delays = self._context.delays(ask, site)
            kept = {} if self._context.behaviour.price_replaces else site.price.newest
            site.price.write(kept | ask.body, ask.now, delays)
        return {}

    async def power_limit(self, ask: Ask) -> Any:
        """Answer the limits of a system."""
        site = self._context.owned(ask)
        spec = site.spec
        if not spec.banks:
            raise ApiError(NOT_FOUND)
        later = spec.generation >= _LATER
        legal = 1200 if later else 800
        return {
            "site_id": spec.site_id,
            "power_unit": "kwh",
            "legal_power_limit": legal,
            "device_info": [
                {
                    "device_pn": bank.product,
                    "device_sn": bank.serial,
                    "device_name": site.aliases[bank.serial],
                    "device_img": "",
                    "power_limit": 0,
                    "power_limit_option": None,
                    "power_limit_option_real": None,
                    "status": 0,
                    "ac_input_limit": round(bank.makes.grid_charge_w),
                }
                for bank in spec.banks
            ],
            "current_power": 0,
            "all_power_limit": self._limit(ask, site.params.get("19")),
            "ae100_info": None,
            "parallel_type": "Single",
            "ac_input_power_unit": f"{spec.banks[0].makes.grid_charge_w:.0f}W",
            "legal_limit": legal,
            "power_limit_option": [
                {"limit": watts, "limit_real": watts}
                for watts in _LIMITS.get(spec.generation, ())
            ],
            "exceed_alarm": False,
        }

    @staticmethod
    def _limit(ask: Ask, setting: Any) -> int:
        chosen = setting.stored.at(ask.now)["power_limit"] if setting else None
        return int(chosen["limit"]) if chosen else 0

    async def available(self, ask: Ask) -> Any:
        """Answer which systems may have dynamic prices; shortened ids."""
        found = [
            site.spec.site_id[:4]
            for site in self._context.sites_of(ask)
            if site.spec.generation >= _LATER
        ]
        return {"site_ids": ",".join(found)}

    async def options(self, ask: Ask) -> Any:
        """Answer the companies for a product."""
        if ask.text("device_pn") != SB3:
            return {"country_info": []}
        company = {
            "company": "Nordpool",
            "area_info": [{"area": "GER", "area_name": "GER"}],
        }
        return {"country_info": [{"country": "DE", "company_info": [company]}]}

    async def detail(self, ask: Ask) -> Any:
        """Answer spot prices per MWh; those of tomorrow from 13:00 on."""
        provider = (ask.text("company"), ask.text("area"))
        if provider not in _PROVIDERS:
            raise ApiError(REQUEST)
        text = ask.text("date")
        if not text.isdecimal():
            raise BadRequest('error: field "date" is not valid')
        site = next(iter(self._context.sites_of(ask)), None)
        zone = site.zone if site else UTC
        midnight = datetime.fromtimestamp(int(text), zone)
        if midnight.time() != time():
            raise BadRequest('error: field "date" is no midnight')
        day = midnight.date()
        local = ask.now.astimezone(zone)
        tomorrow = day + timedelta(days=1)
        released = (local.date(), local.hour) >= (day, RELEASE_HOUR)
        today_prices = spots(day)
        next_prices = spots(tomorrow) if released else []
        return {
            "release_time": f"{RELEASE_HOUR}:00",
            "today_price_trend": _trend(today_prices),
            "tomorrow_price_trend": _trend(next_prices),
            "currency": _PROVIDERS[provider],
            "today_avg_price": _mean(today_prices),
            "tomorrow_avg_price": _mean(next_prices),
        }

    async def ai_status(self, ask: Ask) -> Any:
        """Answer whether the AI mode has learned enough."""
        site = self._context.seen(ask)
        if site.spec.generation < _LATER:
            raise ApiError(NOT_FOUND)
        return {"status": 1, "result": "fail", "left_time": -1200}

    async def ai_profit(self, ask: Ask) -> Any:
        """Fail: the form of the real answer is not known."""
        self._context.seen(ask)
        raise ApiError(REQUEST)


def _trend(prices: list[float]) -> list[dict[str, str]]:
    return [
        {"time": f"{hour:02}:00", "price": f"{price:.2f}"}
        for hour, price in enumerate(prices)
    ]


def _mean(prices: list[float]) -> str:
    return f"{sum(prices) / len(prices):.2f}" if prices else ""
