"""Prices of a system and what its cloud expects (dossier 4.10, 4.11)."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfTime

from ....core.models import DeviceReadings
from ....descriptions import DIAGNOSTIC, OFF, POWER, PRICE, sensor
from ...parsing import integer, mapping
from ..endpoints import PLAN, PRICES
from ..price_feed import Prices
from ..prices import SitePrice
from .parts import ON_SITE, price_unit


def _site(readings: DeviceReadings) -> SitePrice:
    """Return what the owner has set; LookupError where it may not be seen."""
    if (site := readings[PRICES].site) is None:
        raise LookupError(readings.part_id)
    return site


def _unit(readings: DeviceReadings) -> str | None:
    return price_unit(_site(readings).currency, readings[PRICES].country)


def _price(readings: DeviceReadings) -> float | None:
    """Return the price of now, whatever kind of price there is."""
    plan = readings.get(PLAN)
    planned = plan.rate_plan.use_time if plan and plan.rate_plan else None
    return readings[PRICES].price(planned or ())


def _spot_unit(readings: DeviceReadings) -> str | None:
    prices = readings[PRICES]
    if prices.exchange is None:
        return None
    return price_unit(prices.exchange.prices.currency, prices.country)


def _price_unit(readings: DeviceReadings) -> str | None:
    """Return the unit of the price of now, which the exchange may tell."""
    is_dynamic = _site(readings).kind == "dynamic"
    return (_spot_unit(readings) if is_dynamic else None) or _unit(readings)


def _spots(readings: DeviceReadings) -> Mapping[str, Any]:
    """Return the prices of today and tomorrow by their begin."""
    prices: Prices = readings[PRICES]
    by_day: dict[str, list[dict[str, Any]]] = {"today": [], "tomorrow": []}
    if (exchange := prices.exchange) is None:
        return by_day
    today = prices.clock().astimezone(exchange.zone).date()
    for begin, price in exchange.spots():
        if begin.date() >= today:
            day = "today" if begin.date() == today else "tomorrow"
            by_day[day].append({"start": begin.isoformat(), "price": price})
    told, is_first = exchange.prices, exchange.day == today
    return {
        **by_day,
        "average_today": told.today_average if is_first else told.tomorrow_average,
        "average_tomorrow": told.tomorrow_average if is_first else None,
    }


def _forecast(readings: DeviceReadings) -> float | None:
    forecast = readings[PRICES].forecast
    return forecast.forecast_kwh if forecast else None


def _expected(readings: DeviceReadings) -> Mapping[str, Any]:
    """Return the power that is expected in each hour, W."""
    return {
        "forecast": [
            {"start": begin.isoformat(), "power": power}
            for begin, power in readings[PRICES].expected()
        ]
    }


def _learning_left(readings: DeviceReadings) -> float | None:
    ai = readings[PRICES].ai
    return ai.left_s if ai else None


_AI_STATES: Final = {3: "untrained", 4: "learning", 5: "trained"}


def _ai_state(readings: DeviceReadings) -> str | None:
    """Return how far the AI mode has learned (5.4)."""
    plan = readings[PLAN].rate_plan
    if plan is None:
        return None
    status = integer(mapping(plan.raw.get("ai_ems")).get("status"))
    return _AI_STATES.get(status or 0)


PRICE_SENSORS: Final = (
    sensor(
        "price",
        (PRICES, PLAN),
        _price,
        unit_fn=_price_unit,
        **PRICE,
        **ON_SITE,
    ),
    sensor(
        "sell_price",
        (PRICES,),
        lambda readings: _site(readings).sell_price,
        unit_fn=_unit,
        **PRICE,
        **ON_SITE,
    ),
    # 0 stands for the vendor's own factor, which nobody tells.
    sensor(
        "co2_factor",
        (PRICES,),
        lambda readings: _site(readings).co2_kg or None,
        native_unit_of_measurement="kg/kWh",
        suggested_display_precision=3,
        **DIAGNOSTIC,
        **ON_SITE,
        **OFF,
    ),
    sensor(
        "spot_price",
        (PRICES,),
        lambda readings: readings[PRICES].spot,
        unit_fn=_spot_unit,
        attributes_fn=_spots,
        **PRICE,
        **ON_SITE,
    ),
    sensor(
        "solar_forecast_this_hour",
        (PRICES,),
        lambda readings: readings[PRICES].expected_now,
        **POWER | {"state_class": None},
        **ON_SITE,
    ),
    sensor(
        "solar_forecast_today",
        (PRICES,),
        _forecast,
        attributes_fn=_expected,
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        **ON_SITE,
    ),
    sensor(
        "ai_status",
        (PLAN,),
        _ai_state,
        device_class=SensorDeviceClass.ENUM,
        options=list(_AI_STATES.values()),
        **DIAGNOSTIC,
        **ON_SITE,
    ),
    sensor(
        "ai_learning_left",
        (PRICES,),
        _learning_left,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        **DIAGNOSTIC,
        **ON_SITE,
        **OFF,
    ),
)
