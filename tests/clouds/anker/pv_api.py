"""Micro-inverters that stand alone (4.13, 9.5)."""

from datetime import date
import re
from typing import Any

from ..server import Route
from .context import Ask, Context
from .errors import BadRequest

_SERVICE = "/charging_pv_svc"
_MOST_W = 800


class PvApi:
    """charging_pv_svc."""

    def __init__(self, context: Context) -> None:
        """Serve the inverters of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        named = (
            ("getPvStatus", "pv_status", self.status),
            ("getPvTotalStatistics", "pv_total", self.totals),
            ("statisticsPv", "pv_statistics", self.statistics),
            ("selectUserTieredElecPrice", "pv_price", self.get_price),
            ("updateUserTieredElecPrice", "set_pv_price", self.set_price),
            ("set_aps_power", "set_aps_power", self.set_limit),
        )
        return [
            Route("POST", f"{_SERVICE}/{path}", label, guard(handler))
            for path, label, handler in named
        ]

    async def status(self, ask: Ask) -> Any:
        """Answer the power of several, in watts as numbers."""
        inverters = [
            self._context.inverter(ask, serial)
            for serial in ask.text("sns").split(",")
            if serial
        ]
        return {"pvStatuses": [inverter.status(ask.now) for inverter in inverters]}

    async def totals(self, ask: Ask) -> Any:
        """Answer what was made so far."""
        return self._context.inverter(ask, ask.text("sn")).totals(ask.now)

    async def statistics(self, ask: Ask) -> Any:
        """Answer the days of an interval, or the curve of a day."""
        inverter = self._context.inverter(ask, ask.text("sn"))
        start, end = _day(ask.text("start")), _day(ask.text("end"))
        return inverter.statistics(ask.text("type"), start, end, ask.now)

    async def get_price(self, ask: Ask) -> Any:
        """Answer the tiers of the price."""
        return self._context.inverter(ask, ask.text("sn")).price()

    async def set_price(self, ask: Ask) -> Any:
        """Take the tiers."""
        inverter = self._context.inverter(ask, ask.text("sn"))
        tiers = ask.body.get("tieredElecPrices")
        if not isinstance(tiers, list) or not tiers:
            raise BadRequest('error: field "tieredElecPrices" is not set')
        if not self._context.is_ignored(ask):
            inverter.prices = tiers
            inverter.currency = str(ask.body.get("currencyUnit", inverter.currency))
        return {}

    async def set_limit(self, ask: Ask) -> Any:
        """Take a limit, which the inverter burns into its memory."""
        inverter = self._context.inverter(ask, ask.text("sn"))
        power = ask.body.get("power")
        if type(power) is not int or not 0 < power <= _MOST_W:
            raise BadRequest('error: field "power" is not valid')
        if not self._context.is_ignored(ask):
            inverter.limit.set(power, ask.now)
            inverter.limit_writes += 1
        return {}


def _day(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise BadRequest(f'error: value "{text}" is not a date')
    return date.fromisoformat(text)
