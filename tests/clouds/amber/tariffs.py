"""From the spot price to what a customer pays (1.5, 1.6).

`perKwh` is cents/kWh that the customer pays, so negative on feedIn means earned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .behaviour import Behaviour
from .market import GST, SPIKE_C
from .times import hour_of, nem_date

type ChannelType = Literal["general", "controlledLoad", "feedIn"]
ORDER: tuple[ChannelType, ...] = ("general", "controlledLoad", "feedIn")
"""The order of the channels in every answer (1.3)."""

type Spike = Literal["none", "potential", "spike"]

_EARLY, _LATE, _NIGHT = 10, 16, 21
_SUMMER = (12, 1, 2)
# Words above a price in c/kWh; the vendor keeps its thresholds secret (1.5).
_GENERAL = ((150.0, "high"), (70.0, "neutral"), (38.0, "low"))
_EARNING_HIGH_C = 4.6


@dataclass(frozen=True, slots=True)
class Tariff:
    """A network tariff: what is added to the spot price, by NEM hour.

    `midday` holds from 10 to 15, `evening` from 16 to 21, c/kWh with their sign.
    """

    loss_factor: float = 1.0512
    network: float = 9.4
    network_midday: float = 4.1
    network_evening: float = 26.9
    controlled: float = 3.05
    export_midday: float = 1.6
    export_evening: float = -2.2
    kind: Literal["demand", "time_of_use", "block", "flat"] = "demand"

    def per_kwh(self, channel: ChannelType, n: int, spot: float) -> float:
        """Return c/kWh at a spot price in the (half-)hour that begins at `n`."""
        hour = hour_of(n)
        midday, evening = _EARLY <= hour < 15, _LATE <= hour < _NIGHT
        if channel == "feedIn":
            extra = self.export_midday if midday else 0.0
            extra = self.export_evening if evening else extra
            return _rounded(-(spot * self.loss_factor) / GST + extra)
        if channel == "controlledLoad":
            return _rounded(spot * self.loss_factor + self.controlled)
        extra = self.network_midday if midday else self.network
        extra = self.network_evening if evening else extra
        return _rounded(spot * self.loss_factor + extra)

    def information(self, n: int) -> dict[str, Any] | None:
        """Return tariffInformation, None where the tariff has none."""
        return _INFORMATION[self.kind](n)


def _rounded(cents: float) -> float:
    return round(cents, 5) + 0.0  # not -0.0


def _demand(n: int) -> dict[str, Any]:
    return {"demandWindow": 15 <= hour_of(n) < _NIGHT}


def _time_of_use(n: int) -> dict[str, Any]:
    hour = hour_of(n)
    period = "shoulder"
    if hour < 7 or hour >= 22:
        period = "offPeak"
    elif _EARLY <= hour < 15:
        period = "solarSponge"
    elif _LATE <= hour < _NIGHT:
        period = "peak"
    season = "summer" if nem_date(n).month in _SUMMER else "nonSummer"
    return {"period": period, "season": season}


def _block(n: int) -> dict[str, Any]:
    # The cheaper block is used up in the last third of a month.
    return {"block": 1 if nem_date(n).day <= 20 else 2}


_INFORMATION: dict[str, Callable[[int], dict[str, Any] | None]] = {
    "demand": _demand,
    "time_of_use": _time_of_use,
    "block": _block,
    "flat": lambda n: None,
}


def spike_status(spot: float, highest: float, is_sure: bool) -> Spike:
    """Return spikeStatus of a mean `spot` with the `highest` of its intervals (1.5)."""
    if spot < SPIKE_C or highest < SPIKE_C:
        return "none"
    return "spike" if is_sure else "potential"


def descriptor(
    channel: ChannelType,
    per_kwh: float,
    spot: float,
    spike: Spike,
    behaviour: Behaviour,
) -> str:
    """Return the word for a price; feedIn is seen from the exporter's side."""
    if spike == "spike":
        return "spike"
    if channel == "feedIn":
        if per_kwh > 0:
            return behaviour.below_zero
        return "high" if -per_kwh >= _EARNING_HIGH_C else "low"
    if spot < 0:
        return behaviour.below_zero
    return next((word for above, word in _GENERAL if per_kwh >= above), "veryLow")
