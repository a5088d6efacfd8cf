"""Actions that return prices, metered usage and the share of renewables.

A range of days is fetched in parts, each as long as one call may ask for. Where the
cloud asks to wait, the action waits, so that no part is fetched in vain.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import probatio

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import async_read
from .core.errors import RateLimited
from .core.prices import PriceSeries
from .core.usage import UsageInterval, UsageSummary, by_day, by_hour, day_ranges
from .price_data import (
    Format,
    Per,
    emhass_body,
    forecast_row,
    price_row,
    renewables_row,
    usage_row,
)
from .price_targets import (
    ATTR_END_DATE,
    ATTR_PER,
    ATTR_REGION,
    ATTR_RESOLUTION,
    ATTR_START_DATE,
    Site,
    price_days,
    regions_of,
    sites_of,
    step_of,
    usage_days,
)
from .service_data import ATTR_HOURS, DEVICES
from .vendors.extras import HasPrices

ATTR_FORMAT: Final = "format"
ATTR_FOLLOWING: Final = "following_intervals"
ATTR_PREVIOUS: Final = "previous_intervals"

EVENT_PROGRESS: Final = f"{DOMAIN}_progress"

_MOST_HOURS: Final = 168
_MOST_INTERVALS: Final = 2048
_EMHASS_STEP: Final = timedelta(minutes=30)

_PATIENCE_S: Final = 600.0
_LEAST_WAIT_S: Final = 1.0
_UNTOLD_WAIT_S: Final = 60.0
_SLICE: Final = 200

type _Fields = dict[Any, Any]
type _Row = dict[str, Any]

_RESOLUTION: Final[_Fields] = {probatio.Optional(ATTR_RESOLUTION): probatio.Coerce(int)}
_DAYS: Final[_Fields] = {
    probatio.Optional(ATTR_START_DATE): cv.date,
    probatio.Optional(ATTR_END_DATE): cv.date,
}
_AHEAD: Final[_Fields] = {
    probatio.Optional(ATTR_HOURS): probatio.All(
        probatio.Coerce(float), probatio.Range(min=0, max=_MOST_HOURS)
    ),
    probatio.Optional(ATTR_FORMAT, default=Format.INTERVALS.value): probatio.Coerce(
        Format
    ),
}
_USAGE: Final[_Fields] = {
    probatio.Required(ATTR_START_DATE): cv.date,
    probatio.Required(ATTR_END_DATE): cv.date,
    probatio.Optional(ATTR_PER, default=Per.HOUR.value): probatio.Coerce(Per),
}
_COUNT: Final = probatio.All(
    probatio.Coerce(int), probatio.Range(min=0, max=_MOST_INTERVALS)
)
_WHERE: Final[_Fields] = {
    probatio.Optional(ATTR_DEVICE_ID): next(iter(DEVICES.values())),
    probatio.Optional(ATTR_REGION): cv.string,
    probatio.Optional(ATTR_PREVIOUS): _COUNT,
    probatio.Optional(ATTR_FOLLOWING): _COUNT,
}


@callback
def async_setup_price_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handle, fields in (
        ("get_prices", _get_prices, DEVICES | _DAYS | _RESOLUTION),
        ("get_forecasts", _get_forecasts, DEVICES | _AHEAD | _RESOLUTION),
        ("get_usage", _get_usage, DEVICES | _USAGE),
        ("get_renewables", _get_renewables, _WHERE | _RESOLUTION),
    ):
        hass.services.async_register(
            DOMAIN,
            name,
            handle,
            probatio.Schema(fields),
            supports_response=SupportsResponse.ONLY,
        )


# -- the actions -------------------------------------------------------------------


async def _get_prices(call: ServiceCall) -> ServiceResponse:
    """Return the prices of days, as the cloud knows them now."""
    step = step_of(call.data)
    asked = [(site, *price_days(call.data, site.today)) for site in sites_of(call)]
    return {"results": [await _prices(call, *item, step) for item in asked]}


async def _prices(
    call: ServiceCall, site: Site, first: date, last: date, step: timedelta | None
) -> Any:
    def fetch(start: date, end: date) -> Awaitable[PriceSeries]:
        return site.archive.fetch_prices(site.id, start, end, step)

    rows: list[_Row] = []
    async for series in _parts(call, site, first, last, fetch):
        rows += await _gently(price_row, series)
    return _result(site, {"intervals": rows})


async def _get_forecasts(call: ServiceCall) -> ServiceResponse:
    """Return prices from the running interval on, as they were read last."""
    now, data = dt_util.utcnow(), call.data
    step, as_lists = step_of(data), data[ATTR_FORMAT] is Format.EMHASS
    if as_lists:
        step = step or _EMHASS_STEP
    until: datetime | None = None
    if ATTR_HOURS in data:
        until = now + timedelta(hours=data[ATTR_HOURS])
    results: list[Any] = []
    for site in sites_of(call):
        series = _read(site).uniform(step, now) if step else _read(site)
        items = [
            item for item in series.since(now) if until is None or item.start < until
        ]
        if as_lists:
            results.append(_result(site, emhass_body(items)))
        else:
            rows = await _gently(forecast_row, items)
            results.append(_result(site, {"intervals": rows}))
    return {"results": results}


def _read(site: Site) -> PriceSeries:
    """Return the prices of a site that were read last."""
    account = site.asked.runtime.account
    series = None
    if isinstance(account.session, HasPrices):
        series = account.session.prices.prices(site.id, account.readings)
    if series is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="prices_not_read",
            translation_placeholders={"device": site.asked.name},
        )
    return series


async def _get_usage(call: ServiceCall) -> ServiceResponse:
    """Return what was metered on days, and what it cost."""
    asked = [(site, *usage_days(call.data, site.today)) for site in sites_of(call)]
    return {"results": [await _usage(call, *item) for item in asked]}


async def _usage(call: ServiceCall, site: Site, first: date, last: date) -> Any:
    zone, per = site.archive.zone, call.data[ATTR_PER]
    summary = UsageSummary(first, last, zone)

    def fetch(start: date, end: date) -> Awaitable[tuple[UsageInterval, ...]]:
        return site.archive.fetch_usage(site.id, start, end)

    def day_of(item: UsageInterval) -> date:
        return item.start.astimezone(zone).date()

    rows: list[_Row] = []
    async for part in _parts(call, site, first, last, fetch):
        # A day at a time, for others are to have their turn.
        for _, items in groupby(part, day_of):
            told = tuple(items)
            summary.add(told)
            if per is Per.HOUR:
                told = by_hour(told)
            elif per is Per.DAY:
                told = by_day(told, zone)
            rows += await _gently(usage_row, told)
            await asyncio.sleep(0)
    return _result(
        site,
        {
            "rows": rows,
            "totals": {
                flow.value: {"kwh": amount.kwh, "cost": amount.cost}
                for flow, amount in summary.amounts.items()
            },
            "missing_days": [day.isoformat() for day in summary.missing],
            "settled": summary.settled,
        },
    )


async def _get_renewables(call: ServiceCall) -> ServiceResponse:
    """Return the share of renewables where devices are, or in a region."""
    data, step = call.data, step_of(call.data)
    results: list[Any] = []
    for region in regions_of(call):
        told = await async_read(
            call.hass,
            region.entry,
            region.archive.fetch_renewables(
                region.name, data.get(ATTR_PREVIOUS), data.get(ATTR_FOLLOWING), step
            ),
        )
        of = {} if region.device_id is None else {ATTR_DEVICE_ID: region.device_id}
        rows = await _gently(renewables_row, told)
        results.append(of | {"region": region.name, "intervals": rows})
    return {"results": results}


# -- how it is fetched -------------------------------------------------------------


async def _parts[T](
    call: ServiceCall,
    site: Site,
    first: date,
    last: date,
    fetch: Callable[[date, date], Awaitable[T]],
) -> AsyncIterator[T]:
    """Yield what the parts of a range hold; after each of them, tell how far it is."""
    hass, left = call.hass, _PATIENCE_S

    async def patiently(start: date, end: date) -> T:
        nonlocal left
        least = _LEAST_WAIT_S
        while True:
            site.check_loaded()
            try:
                return await fetch(start, end)
            except RateLimited as error:
                told = error.retry_after
                wait = _UNTOLD_WAIT_S if told is None else max(told, least)
                if wait > left:
                    raise
            left -= wait
            least *= 2
            await asyncio.sleep(wait)

    for start, end in day_ranges(first, last, site.archive.most_days):
        yield await async_read(hass, site.asked.entry, patiently(start, end))
        hass.bus.async_fire(
            EVENT_PROGRESS,
            {
                "action": call.service,
                ATTR_DEVICE_ID: site.asked.device_id,
                "done": (end - first).days + 1,
                "total": (last - first).days + 1,
            },
            context=call.context,
        )


async def _gently[T](row: Callable[[T], _Row], items: Iterable[T]) -> list[_Row]:
    """Return rows of items; others have their turn between."""
    rows: list[_Row] = []
    for count, item in enumerate(items, 1):
        rows.append(row(item))
        if count % _SLICE == 0:
            await asyncio.sleep(0)
    return rows


def _result(site: Site, data: Mapping[str, Any]) -> _Row:
    return {
        ATTR_DEVICE_ID: site.asked.device_id,
        "device": site.id,
        "currency": site.archive.currency,
        **data,
    }
