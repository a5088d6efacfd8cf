"""What is shown of a channel: general usage, controlled load or feed-in."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import UnitOfEnergy

from ....core.models import DeviceReadings
from ....descriptions import (
    DIAGNOSTIC,
    MONEY,
    OFF,
    PRICE,
    ReadingSensorDescription,
    Value,
    sensor,
)
from ..forecast import forecasts, points, rates
from ..models import CURRENCY, PriceRecord
from ..prices import PRICES, Prices
from ..session import CHANNEL_KINDS
from ..usage import USAGE, Metered
from ..words import ChannelType, Descriptor, TariffPeriod, TariffSeason

_PER_KWH: Final = PRICE | {"native_unit_of_measurement": f"{CURRENCY}/kWh"}

_ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 1,
}
"""Of days that are over: another one's value is no change of it."""
_MONEY: Final = MONEY | {"native_unit_of_measurement": CURRENCY}


def _options(words: type[StrEnum]) -> dict[str, Any]:
    return {
        "device_class": SensorDeviceClass.ENUM,
        "options": [item.name.lower() for item in words],
    }


def _word(item: StrEnum | None) -> str | None:
    return None if item is None else item.name.lower()


def _of_prices(
    value_fn: Callable[[Prices, ChannelType], Value], channel: ChannelType
) -> Callable[[DeviceReadings], Value]:
    return lambda readings: value_fn(readings[PRICES], channel)


def _of_record(
    value_fn: Callable[[PriceRecord], Value], channel: ChannelType
) -> Callable[[DeviceReadings], Value]:
    def value(readings: DeviceReadings) -> Value:
        item = readings[PRICES].running(channel)
        return None if item is None else value_fn(item)

    return value


def _price_attributes(
    channel: ChannelType, readings: DeviceReadings
) -> Mapping[str, Any]:
    prices = readings[PRICES]
    item, held = prices.running(channel), prices.held(channel)
    told: dict[str, Any] = {"channel_type": channel.name.lower()}
    if item is not None:
        told |= {
            "start_time": item.span.start.isoformat(),
            "end_time": item.span.end.isoformat(),
            "estimate": not item.is_final,
            "held": held is not None,
            "market_per_kwh": item.price,
            "spot_per_kwh": item.spot,
        }
    return told | {
        "interpolation_mode": "previous",
        "forecast": points(prices, channel),
    }


def _forecast(prices: Prices, channel: ChannelType) -> float | None:
    """Return the price of the next interval."""
    now = prices.clock()
    return next(
        (
            prices.value(item)
            for item in prices.coming(channel)
            if item.span.start > now
        ),
        None,
    )


def _forecast_attributes(
    channel: ChannelType, readings: DeviceReadings
) -> Mapping[str, Any]:
    prices = readings[PRICES]
    return {
        "channel_type": channel.name.lower(),
        "forecasts": forecasts(prices, channel),
        "rates": rates(prices, channel),
    }


def _level(prices: Prices, channel: ChannelType) -> str | None:
    item = prices.shown(channel)
    return None if item is None else _word(item.descriptor)


def _advanced(name: str, item: PriceRecord) -> float | None:
    value: float | None = getattr(item.advanced, name, None)
    return value


def _tariff(name: str, item: PriceRecord) -> Value:
    value: Value = getattr(item.tariff, name, None)
    return value


def _tariff_word(name: str, item: PriceRecord) -> str | None:
    return _word(getattr(item.tariff, name, None))


def _sensors(channel: ChannelType) -> tuple[ReadingSensorDescription, ...]:
    inputs, kind = (PRICES,), CHANNEL_KINDS[channel]
    return (
        sensor(
            "price",
            inputs,
            _of_prices(Prices.price, channel),
            on=kind,
            attributes_fn=partial(_price_attributes, channel),
            **_PER_KWH,
        ),
        sensor(
            "price_forecast",
            inputs,
            _of_prices(_forecast, channel),
            on=kind,
            attributes_fn=partial(_forecast_attributes, channel),
            **_PER_KWH,
        ),
        sensor(
            "price_descriptor",
            inputs,
            _of_prices(_level, channel),
            on=kind,
            **_options(Descriptor),
        ),
        *(
            sensor(
                f"advanced_price_{name}",
                inputs,
                _of_record(partial(_advanced, name), channel),
                on=kind,
                **_PER_KWH,
            )
            for name in ("low", "predicted", "high")
        ),
        sensor(
            "tariff_period",
            inputs,
            _of_record(partial(_tariff_word, "period"), channel),
            on=kind,
            **_options(TariffPeriod),
        ),
        sensor(
            "tariff_season",
            inputs,
            _of_record(partial(_tariff_word, "season"), channel),
            on=kind,
            **_options(TariffSeason),
            **DIAGNOSTIC,
        ),
        sensor(
            "tariff_block",
            inputs,
            _of_record(partial(_tariff, "block"), channel),
            on=kind,
            **DIAGNOSTIC,
        ),
        sensor(
            "network_tariff",
            inputs,
            _of_prices(_network_tariff, channel),
            on=kind,
            **DIAGNOSTIC,
            **OFF,
        ),
    )


def _metered(
    name: str, spell: str, channel: ChannelType
) -> Callable[[DeviceReadings], Value]:
    """Return what reads the energy or the money of a spell."""

    def value(readings: DeviceReadings) -> float | None:
        told: Mapping[ChannelType, Metered] = getattr(readings[USAGE], spell)
        amount: float | None = getattr(told.get(channel), name, None)
        return amount

    return value


def _usage_sensors(channel: ChannelType) -> tuple[ReadingSensorDescription, ...]:
    """Return what was metered: of feed-in the money is earned."""
    money = "earnings" if channel is ChannelType.FEED_IN else "cost"
    return tuple(
        sensor(
            key,
            (USAGE,),
            _metered(name, spell, channel),
            on=CHANNEL_KINDS[channel],
            **details,
        )
        for spell in ("yesterday", "this_month")
        for key, name, details in (
            (f"energy_{spell}", "kwh", _ENERGY),
            (f"{money}_{spell}", "cost", _MONEY),
        )
    )


def _network_tariff(prices: Prices, channel: ChannelType) -> str | None:
    """Return the codes of the registers that make the channel."""
    codes = {
        item.tariff
        for item in prices.site.channels
        if item.type is channel and item.tariff is not None
    }
    return ", ".join(sorted(codes)) or None


CHANNEL_SENSORS: Final = tuple(
    description
    for channel in CHANNEL_KINDS
    for description in (*_sensors(channel), *_usage_sensors(channel))
)
