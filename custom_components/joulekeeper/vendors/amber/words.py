"""The words of the retailer, by their spelling in answers (dossier 1.4 to 1.8)."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from ..parsing import text


class SiteStatus(StrEnum):
    """Whether a site is supplied."""

    PENDING = "pending"
    ACTIVE = "active"
    CLOSED = "closed"


class ChannelType(StrEnum):
    """What a register of the meter counts."""

    GENERAL = "general"
    CONTROLLED_LOAD = "controlledLoad"
    FEED_IN = "feedIn"


class IntervalKind(StrEnum):
    """Where an interval is, seen from the cloud's present."""

    ACTUAL = "Actual"
    CURRENT = "Current"
    FORECAST = "Forecast"


class Descriptor(StrEnum):
    """A price compared with the customer's reference; of feed-in, the exporter's view.

    `negative` is the retired name of `extremely_low` and read as that.
    """

    EXTREMELY_LOW = "extremelyLow"
    VERY_LOW = "veryLow"
    LOW = "low"
    NEUTRAL = "neutral"
    HIGH = "high"
    SPIKE = "spike"


class SpikeStatus(StrEnum):
    """Whether the price is, or may become, a spike."""

    NONE = "none"
    POTENTIAL = "potential"
    SPIKE = "spike"


class TariffPeriod(StrEnum):
    """Part of the day of a time-of-use tariff."""

    OFF_PEAK = "offPeak"
    SHOULDER = "shoulder"
    SOLAR_SPONGE = "solarSponge"
    PEAK = "peak"


class TariffSeason(StrEnum):
    """Part of the year, or of the week, of a tariff."""

    DEFAULT = "default"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"
    SPRING = "spring"
    NON_SUMMER = "nonSummer"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    WEEKEND_HOLIDAY = "weekendHoliday"
    WEEKDAY = "weekday"


class UsageQuality(StrEnum):
    """Whether a metered value may still be replaced."""

    ESTIMATED = "estimated"
    BILLABLE = "billable"


class State(StrEnum):
    """The states whose renewables are told; there are no others."""

    NEW_SOUTH_WALES = "nsw"
    QUEENSLAND = "qld"
    SOUTH_AUSTRALIA = "sa"
    VICTORIA = "vic"


class RenewablesDescriptor(StrEnum):
    """How green the grid is."""

    BEST = "best"
    GREAT = "great"
    OK = "ok"
    NOT_GREAT = "notGreat"
    WORST = "worst"


def word[E: StrEnum](kind: type[E], value: Any) -> E | None:
    """Return the member that a word names, None for an unknown word."""
    members: Mapping[str | None, E] = _members(kind)
    return members.get(text(value))


@cache
def _members(kind: type[StrEnum]) -> Mapping[str | None, Any]:
    return {member.value: member for member in kind}
