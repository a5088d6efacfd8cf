"""What is shown of a site: what all of its channels share."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfPower, UnitOfTime

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    DIAGNOSTIC,
    OFF,
    PRICE,
    SHARE,
    Flag,
    ReadingBinarySensorDescription,
    Value,
    event,
    sensor,
)
from ..models import CURRENCY
from ..prices import PRICES
from ..usage import USAGE
from ..words import ChannelType, SpikeStatus

_INPUTS: Final = (PRICES,)


def _spot(readings: DeviceReadings) -> float | None:
    item = readings[PRICES].shared()
    return None if item is None else item.spot


def _renewables(readings: DeviceReadings) -> float | None:
    item = readings[PRICES].shared()
    if item is None or item.renewables is None:
        return None
    return round(item.renewables, 1)


def _window(*, begins: bool) -> Callable[[DeviceReadings], Value]:
    def value(readings: DeviceReadings) -> datetime | None:
        return readings[PRICES].next_demand_change(begins=begins)

    return value


def _delay(readings: DeviceReadings) -> float | None:
    late = readings[PRICES].confirmed_after
    return None if late is None else round(late.total_seconds(), 1)


def _calls_left(readings: DeviceReadings) -> int | None:
    limits = readings[PRICES].limits
    return None if limits is None else limits.remaining


def _calls_reset(readings: DeviceReadings) -> datetime | None:
    limits = readings[PRICES].limits
    return None if limits is None else limits.estimated_reset


def _may_spike(readings: DeviceReadings) -> bool | None:
    prices = readings[PRICES]
    return None if prices.spike is None else prices.expected_spike is not None


def _estimated(readings: DeviceReadings) -> bool | None:
    prices = readings[PRICES]
    flags = {prices.is_estimate(channel) for channel in prices.channels} - {None}
    return True in flags if flags else None


def _flags(readings: DeviceReadings) -> Mapping[str, bool | None]:
    """Return what holds now; a spike, or paid feed-in, only once it is certain.

    That a spike goes on is not expected anew in each of its intervals.
    """
    prices = readings[PRICES]
    spike, item = prices.spike, prices.shared()
    final = item is not None and item.is_final
    feed_in = prices.running(ChannelType.FEED_IN)
    negative = None
    if feed_in is not None and feed_in.is_final and feed_in.price is not None:
        negative = feed_in.price < 0
    expected = prices.expected_spike is not None
    return {
        "spike": None if spike is None or not final else spike is SpikeStatus.SPIKE,
        "spike_expected": None if spike is None or prices.spiking else expected,
        "negative_feed_in": negative,
        "demand_window": prices.demand_window,
    }


def _event_details(readings: DeviceReadings) -> Mapping[str, Any]:
    prices = readings[PRICES]
    item = prices.shared()
    details: dict[str, Any] = {
        f"{channel.name.lower()}_price": prices.price(channel)
        for channel in ChannelType
        if channel in prices.channels
    }
    if (expected := prices.expected_spike) is not None:
        details["spike_expected_at"] = expected.isoformat()
    if item is None:
        return details
    return details | {
        "start_time": item.span.start.isoformat(),
        "end_time": item.span.end.isoformat(),
        "estimate": not item.is_final,
    }


SITE_SENSORS: Final = (
    sensor(
        "spot_price",
        _INPUTS,
        _spot,
        on=DeviceKind.SITE,
        **PRICE | {"native_unit_of_measurement": f"{CURRENCY}/kWh"},
    ),
    sensor("renewables", _INPUTS, _renewables, on=DeviceKind.SITE, **SHARE),
    sensor(
        "demand_window_start",
        _INPUTS,
        _window(begins=True),
        on=DeviceKind.SITE,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    sensor(
        "demand_window_end",
        _INPUTS,
        _window(begins=False),
        on=DeviceKind.SITE,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    sensor(
        "demand_peak",
        (USAGE,),
        lambda readings: readings[USAGE].peak_kw,
        on=DeviceKind.SITE,
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
    ),
    sensor(
        "demand_peak_time",
        (USAGE,),
        lambda readings: readings[USAGE].peak_at,
        on=DeviceKind.SITE,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    sensor(
        "network_operator",
        _INPUTS,
        lambda readings: readings[PRICES].site.network,
        on=DeviceKind.SITE,
        **DIAGNOSTIC,
    ),
    sensor(
        "billing_interval",
        _INPUTS,
        lambda readings: readings[PRICES].site.interval.total_seconds() / 60,
        on=DeviceKind.SITE,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        **DIAGNOSTIC,
    ),
    sensor(
        "confirmation_delay",
        _INPUTS,
        _delay,
        on=DeviceKind.SITE,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        **DIAGNOSTIC,
        **OFF,
    ),
    sensor(
        "calls_left",
        _INPUTS,
        _calls_left,
        on=DeviceKind.SITE,
        **DIAGNOSTIC,
        **OFF,
    ),
    sensor(
        "calls_reset",
        _INPUTS,
        _calls_reset,
        on=DeviceKind.SITE,
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        **OFF,
    ),
)


def _binary(
    key: str, value_fn: Callable[[DeviceReadings], Value]
) -> ReadingBinarySensorDescription:
    return ReadingBinarySensorDescription(
        key=key,
        translation_key=key,
        device_kind=DeviceKind.SITE,
        inputs=_INPUTS,
        value_fn=value_fn,
    )


SITE_BINARY_SENSORS: Final = (
    _binary("price_spike", lambda readings: readings[PRICES].spiking),
    _binary("potential_price_spike", _may_spike),
    _binary("demand_window", lambda readings: readings[PRICES].demand_window),
    _binary("price_estimated", _estimated),
)

SITE_EVENTS: Final = (
    event(
        "price_event",
        _INPUTS,
        (
            Flag("spike", "spike_started", "spike_ended"),
            Flag("spike_expected", "spike_expected"),
            Flag(
                "negative_feed_in",
                "negative_feed_in_started",
                "negative_feed_in_ended",
            ),
            Flag("demand_window", "demand_window_started", "demand_window_ended"),
        ),
        _flags,
        _event_details,
        on=DeviceKind.SITE,
    ),
)
