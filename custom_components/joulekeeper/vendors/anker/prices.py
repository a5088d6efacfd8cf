"""What energy costs and what it has spared (dossier 4.10, 4.11).

Prices are per kWh. What cannot be read is None, never 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Final, Self

from ..parsing import integer, mapping, number, objects, scaled, text
from .fields import time_of_day

_PER_KWH: Final = 0.001
AREA_ZONES: Final[Mapping[str, str]] = {
    "AT": "Europe/Vienna",
    "BE": "Europe/Brussels",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "SE": "Europe/Stockholm",
    "UK": "Europe/London",
}
"""Zones of the countries whose exchange prices the cloud may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePrice:
    """The prices of a system as its owner has set them.

    `kind` is fixed, use_time or dynamic; `dynamic` names the provider then. `raw` is
    the answer, for what has to be sent back with a change.
    """

    price: float | None
    sell_price: float | None
    currency: str | None
    kind: str | None
    co2_kg: float | None
    """The owner's factor per kWh; 0 is the vendor's own one."""
    mode: int | None
    use_time: Sequence[Mapping[str, Any]]
    dynamic: PriceProvider | None
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_site_price."""
        return cls(
            price=number(raw.get("price")),
            sell_price=number(raw.get("sell_price")),
            currency=text(raw.get("site_price_unit")),
            kind=text(raw.get("price_type")),
            co2_kg=number(raw.get("site_co2")),
            mode=integer(raw.get("current_mode")),
            use_time=objects(raw.get("use_time")),
            dynamic=PriceProvider.parse(mapping(raw.get("dynamic_price"))),
            raw=raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceProvider:
    """A company's prices of an area."""

    country: str | None
    company: str
    area: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read `dynamic_price` of a system; None without a company."""
        if (company := text(raw.get("company"))) is None:
            return None
        return cls(
            country=text(raw.get("country")),
            company=company,
            area=text(raw.get("area")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HourPrice:
    """The exchange's price from a time on, without fees and taxes."""

    start: time
    price: float

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of a price trend, which is per MWh; None where it is none."""
        price = scaled(raw.get("price"), _PER_KWH, 6)
        if price is None or (start := time_of_day(raw.get("time"))) is None:
            return None
        return cls(start=start, price=price)


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicPrices:
    """Exchange prices of a day and the next, by the clock of their area.

    Fees and taxes are not told.
    """

    currency: str | None
    today: tuple[HourPrice, ...]
    tomorrow: tuple[HourPrice, ...]
    today_average: float | None
    tomorrow_average: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of price_detail."""
        return cls(
            currency=text(raw.get("currency")),
            today=_prices(raw.get("today_price_trend")),
            tomorrow=_prices(raw.get("tomorrow_price_trend")),
            today_average=scaled(raw.get("today_avg_price"), _PER_KWH, 6),
            tomorrow_average=scaled(raw.get("tomorrow_avg_price"), _PER_KWH, 6),
        )


def _prices(raw: Any) -> tuple[HourPrice, ...]:
    known = (HourPrice.parse(item) for item in objects(raw))
    found = (item for item in known if item is not None)
    return tuple(sorted(found, key=lambda item: item.start))


@dataclass(frozen=True, slots=True, kw_only=True)
class AiStatus:
    """How far the AI mode's learning is."""

    left_s: float | None
    """What is left of learning; nothing once it is over."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of ai_ems/get_status, which counts on below 0."""
        left_s = number(raw.get("left_time"))
        return cls(left_s=left_s if left_s is not None and left_s > 0 else None)
