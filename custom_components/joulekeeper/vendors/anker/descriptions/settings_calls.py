"""What is set by calls of their own: reserves, limits, prices, updates (dossier 4).

The reserve of a Solarbank 2 is left out: what the cloud takes of it reaches the app only
(dossier 4.7).
"""

from typing import Final

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    ReadingNumberDescription,
    ReadingSelectDescription,
    ReadingSwitchDescription,
)
from ...base import VendorCall
from ..details import AutoUpgrade, Cutoff, PowerLimit
from ..endpoints import DETAILS, PLAN, PRICES, SCENE, STANDALONE
from ..prices import SitePrice
from ..products import INVERTER_LIMITS_W
from ..settings import (
    LEAST_FEED_IN_W,
    MOST_LIMIT_W,
    PRICE_TYPES,
    Station,
    allow_export,
    choose_reserve,
    choose_station_reserve,
    limit_feed_in,
    limit_inverter,
    limit_output,
    most_feed_in_w,
    output_limit,
    output_limits,
    price_inverter,
    price_types,
    reserve_of,
    reserves_of,
    set_price,
    set_price_type,
    upgrade,
    whole,
)
from .parts import price_unit
from .settings_parts import CONFIG, OF_SITE, PRICE, WATTS, known, there

_RESERVES: Final = ["5", "10"]
_LIMITS: Final = [
    f"{watts}"
    for watts in sorted({one for many in INVERTER_LIMITS_W.values() for one in many})
]


def _cutoff(readings: DeviceReadings) -> Cutoff:
    """Return the reserve of a bank of the first generation that nobody else rules."""
    scene = readings[SCENE]
    if scene.is_cascaded or not scene.solarbanks[readings.part_id].is_first_generation:
        raise LookupError("reserve")
    return readings[DETAILS].cutoffs[readings.part_id]


def _station(readings: DeviceReadings) -> Station:
    return known(readings[DETAILS].station)


def _station_reserves(readings: DeviceReadings) -> Station:
    """Return the reserves of a system of the third generation."""
    station = _station(readings)
    if readings[PLAN].generation < 3 or not station.reserves:
        raise LookupError("reserve")
    return station


def _power_limit(readings: DeviceReadings) -> PowerLimit:
    """Return the limits of a system whose output limit the cloud can set."""
    limit = known(readings[DETAILS].power_limit)
    if readings[PLAN].generation < 3 or not limit.choices:
        raise LookupError("output limit")
    return limit


def _most_feed_in(readings: DeviceReadings) -> float:
    return most_feed_in_w(known(readings[DETAILS].power_limit))


def _upgrades(readings: DeviceReadings) -> AutoUpgrade:
    return known(readings[DETAILS].auto_upgrade)


def _price(readings: DeviceReadings) -> SitePrice:
    return known(readings[PRICES].site)


def _price_unit(readings: DeviceReadings) -> str | None:
    return price_unit(_price(readings).currency, readings[PRICES].country)


def _has_use_time(readings: DeviceReadings) -> bool:
    plan = readings.get(PLAN)
    return plan is not None and bool(plan.rate_plan and plan.rate_plan.use_time)


def _price_type_call(readings: DeviceReadings, word: str) -> VendorCall | None:
    return set_price_type(
        readings.device_id,
        _price(readings),
        word,
        use_time=_has_use_time(readings),
    )


def _inverter_price_call(readings: DeviceReadings, price: float) -> VendorCall | None:
    tariff = known(readings[STANDALONE].tariff)
    return price_inverter(readings.part_id, tariff.currency, tariff.price, price)


def _inverter_price_unit(readings: DeviceReadings) -> str | None:
    told = readings[STANDALONE]
    return price_unit(known(told.tariff).currency, told.country)


def _inverter_limit(readings: DeviceReadings) -> float | None:
    return known(readings[STANDALONE].totals).limit_w


def _inverter_limit_call(readings: DeviceReadings, watts: float) -> VendorCall | None:
    return limit_inverter(
        readings.part_id,
        _inverter_limit(readings),
        watts,
        readings[STANDALONE].limit_waits,
    )


def _upgrading(kind: DeviceKind) -> ReadingSwitchDescription:
    return ReadingSwitchDescription(
        key="auto_upgrade",
        translation_key="auto_upgrade",
        device_kind=kind,
        inputs=(DETAILS,),
        value_fn=lambda readings: _upgrades(readings).effective(readings.part_id),
        there_fn=lambda readings: (
            _upgrades(readings).effective(readings.part_id) is not None
        ),
        call_fn=lambda readings, on: upgrade(readings.part_id, _upgrades(readings), on),
        **CONFIG,
    )


CALL_SELECTS: Final = (
    ReadingSelectDescription(
        key="soc_reserve",
        translation_key="soc_reserve",
        device_kind=DeviceKind.BATTERY,
        inputs=(DETAILS, SCENE),
        options=_RESERVES,
        value_fn=lambda readings: reserve_of(_cutoff(readings)),
        there_fn=there(_cutoff),
        options_fn=lambda readings: list(reserves_of(_cutoff(readings))),
        call_fn=lambda readings, word: choose_reserve(
            readings.part_id, _cutoff(readings), word
        ),
        **CONFIG,
    ),
    ReadingSelectDescription(
        key="soc_reserve",
        translation_key="soc_reserve",
        inputs=(DETAILS, PLAN),
        options=_RESERVES,
        value_fn=lambda readings: whole(_station_reserves(readings).reserve),
        there_fn=there(_station_reserves),
        options_fn=lambda readings: [
            f"{share:g}" for share in _station_reserves(readings).reserves.values()
        ],
        call_fn=lambda readings, word: choose_station_reserve(
            readings.device_id, _station_reserves(readings), word
        ),
        **OF_SITE,
    ),
    ReadingSelectDescription(
        key="output_limit",
        translation_key="output_limit",
        inputs=(DETAILS, PLAN),
        options=_LIMITS,
        value_fn=lambda readings: output_limit(_power_limit(readings)),
        there_fn=there(_power_limit),
        options_fn=lambda readings: list(output_limits(_power_limit(readings))),
        call_fn=lambda readings, word: limit_output(
            readings.device_id, _power_limit(readings), word
        ),
        **OF_SITE,
    ),
    ReadingSelectDescription(
        key="price_type",
        translation_key="price_type",
        inputs=(PRICES, PLAN),
        options=list(PRICE_TYPES),
        value_fn=lambda readings: _price(readings).kind,
        there_fn=lambda readings: _price(readings).kind is not None,
        options_fn=lambda readings: price_types(
            _price(readings), use_time=_has_use_time(readings)
        ),
        call_fn=_price_type_call,
        **OF_SITE,
    ),
)

CALL_NUMBERS: Final = (
    ReadingNumberDescription(
        key="fixed_price",
        translation_key="fixed_price",
        inputs=(PRICES,),
        value_fn=lambda readings: _price(readings).price,
        there_fn=lambda readings: _price(readings).price is not None,
        unit_fn=_price_unit,
        call_fn=lambda readings, price: set_price(
            readings.device_id, _price(readings), price
        ),
        **PRICE,
        **OF_SITE,
    ),
    ReadingNumberDescription(
        key="feed_in_limit",
        translation_key="feed_in_limit",
        inputs=(DETAILS,),
        native_min_value=LEAST_FEED_IN_W,
        native_step=10,
        native_max_value=2500,
        value_fn=lambda readings: _station(readings).feed_in_limit_w,
        there_fn=lambda readings: (
            _station(readings).limits_feed_in and _most_feed_in(readings) > 0
        ),
        max_fn=_most_feed_in,
        call_fn=lambda readings, watts: limit_feed_in(
            readings.device_id, _station(readings), watts
        ),
        **WATTS,
        **OF_SITE,
    ),
    ReadingNumberDescription(
        key="inverter_limit",
        translation_key="inverter_limit",
        device_kind=DeviceKind.INVERTER,
        inputs=(STANDALONE,),
        native_step=10,
        native_max_value=MOST_LIMIT_W,
        value_fn=_inverter_limit,
        there_fn=there(_inverter_limit),
        call_fn=_inverter_limit_call,
        native_min_value=10,
        **WATTS,
        **CONFIG,
    ),
    ReadingNumberDescription(
        key="fixed_price",
        translation_key="fixed_price",
        device_kind=DeviceKind.INVERTER,
        inputs=(STANDALONE,),
        value_fn=lambda readings: known(readings[STANDALONE].tariff).price,
        there_fn=there(_inverter_price_unit),
        unit_fn=_inverter_price_unit,
        call_fn=_inverter_price_call,
        **PRICE,
        **CONFIG,
    ),
)

CALL_SWITCHES: Final = (
    ReadingSwitchDescription(
        key="grid_feed_in",
        translation_key="grid_feed_in",
        inputs=(DETAILS,),
        value_fn=lambda readings: not known(_station(readings).export_blocked),
        there_fn=lambda readings: _station(readings).export_blocked is not None,
        call_fn=lambda readings, on: allow_export(
            readings.device_id, _station(readings), on
        ),
        **OF_SITE,
    ),
    *(
        _upgrading(kind)
        for kind in (
            DeviceKind.BATTERY,
            DeviceKind.INVERTER,
            DeviceKind.METER,
            DeviceKind.POWER_STATION,
            DeviceKind.SMART_PLUG,
        )
    ),
)
