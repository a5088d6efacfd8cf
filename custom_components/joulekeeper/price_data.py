"""Prices, usage and renewables as response data: plain values with short keys.

Times are ISO 8601 with the offset of Home Assistant's zone, so that they can be
compared with those of other entities. What is not known is null.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from homeassistant.util import dt as dt_util

from .core.prices import PriceBand, PriceInterval
from .core.usage import RenewablesInterval, UsageInterval

type Row = dict[str, Any]


class Per(StrEnum):
    """What a row of usage is the sum of."""

    INTERVAL = "interval"
    HOUR = "hour"
    DAY = "day"


class Format(StrEnum):
    """The shape of forecasts."""

    INTERVALS = "intervals"
    EMHASS = "emhass"


def price_row(item: PriceInterval) -> Row:
    """Return an interval with its prices, currency/kWh."""
    return {
        "start": _local(item.start),
        "end": _local(item.end),
        "import_price": item.import_price,
        "export_price": item.export_price,
        "controlled_load_price": item.controlled_load_price,
        "certainty": item.certainty.value,
        "spike": item.spike,
        "demand_window": item.demand_window,
    }


def forecast_row(item: PriceInterval) -> Row:
    """Return an interval with its prices, and what the seller itself foretells."""
    return price_row(item) | {
        "import_band": _band(item.import_band),
        "export_band": _band(item.export_band),
    }


def emhass_body(items: Iterable[PriceInterval]) -> Row:
    """Return prices as `naive-mpc-optim` takes them: lists, the running step first.

    A list has no times, so it ends before the first step that is not known. What is
    earned is left out where nobody tells of any.
    """
    paid: list[float] = []
    earned: list[float] = []
    start = end = None
    exports = False
    for item in items:
        if start is None:
            start, exports = item.start, item.export_price is not None
        elif item.start != end:
            break
        if item.import_price is None or (exports and item.export_price is None):
            break
        paid.append(item.import_price)
        if exports and item.export_price is not None:
            earned.append(item.export_price)
        end = item.end
    body: Row = {
        "start": None if start is None else _local(start),
        "prediction_horizon": len(paid),
        "load_cost_forecast": paid,
    }
    return body | {"prod_price_forecast": earned} if exports else body


def usage_row(item: UsageInterval) -> Row:
    """Return what was metered in an interval; a sum has no price."""
    return {
        "start": _local(item.start),
        "end": _local(item.end),
        "flow": item.flow.value,
        "kwh": item.kwh,
        "cost": item.cost,
        "price": item.price,
        "settled": item.settled,
    }


def renewables_row(item: RenewablesInterval) -> Row:
    """Return the share of renewables in an interval, percent."""
    return {
        "start": _local(item.start),
        "end": _local(item.end),
        "renewables": item.share,
        "phase": None if item.phase is None else item.phase.value,
        "descriptor": item.descriptor,
    }


def _band(band: PriceBand | None) -> Row | None:
    if band is None:
        return None
    return {"low": band.low, "predicted": band.predicted, "high": band.high}


def _local(instant: datetime) -> str:
    return dt_util.as_local(instant).isoformat()
