"""Spot prices of an invented market, per MWh as the vendor tells them (4.11)."""

from datetime import date
from functools import cache

from ..sun import noise

# Low at noon and at night, high in the evening.
_SHAPE = (
    *(98, 93, 90, 89, 92, 101, 112, 118, 108, 90, 66, 48),
    *(35, 31, 38, 55, 78, 96, 118, 134, 128, 117, 108, 102),
)
RELEASE_HOUR = 13


@cache
def spots(day: date) -> list[float]:
    """Return the price of each hour of a day, per MWh."""
    number = day.toordinal()
    level = 0.6 + 0.8 * noise(71, number)
    return [
        round(price * level + 8 * (noise(72, number * 24 + hour) - 0.5), 2)
        for hour, price in enumerate(_SHAPE)
    ]
