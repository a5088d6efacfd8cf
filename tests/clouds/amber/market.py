"""The wholesale market of a state: what a kWh costs, and what was thought before.

All is a function of the seed and the number of an interval, so it comes out the same
whenever and in whatever order it is asked. Prices are cents/kWh including GST,
renewables percent of the generation, which may pass 100.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from statistics import fmean
from typing import NamedTuple

from ..sun import noise, smooth_noise, sun_at
from .times import DAY, HALF_HOUR, hour_of, start_of

SPIKE_C = 300.0  # $3/kWh (1.5)
GST = 1.1
_FLOOR_C, _CAP_C = -110.0, 2230.0
# Spot by NEM hour without any sun, c/kWh.
_CURVE = ((0, 8.5), (4, 7), (7, 13), (9, 11), (12, 9), (15, 11), (18, 24), (21, 15))
_FORESIGHT_H = 28.0  # a forecast further ahead knows next to nothing


class State(NamedTuple):
    """A state of the market: where its sun shines, and its share of renewables."""

    latitude: float
    longitude: float
    renewables: float


STATES = {
    "nsw": State(-33.9, 151.2, 0.10),
    "sa": State(-34.9, 138.6, 0.42),
    "qld": State(-27.5, 153.0, 0.08),
    "vic": State(-37.8, 145.0, 0.24),
}


class Advanced(NamedTuple):
    """Amber's own forecast as spot prices, low <= predicted <= high."""

    low: float
    predicted: float
    high: float


class Quote(NamedTuple):
    """What is known of an interval: actual, or forecast with its bounds.

    `bounds` is (min, max) of the bids without GST.
    """

    spot: float
    renewables: float
    advanced: Advanced | None = None
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """What a test wants instead of chance; None leaves it to chance."""

    spot: float | None = None
    renewables: float | None = None
    forecast: float | None = None
    forecast_renewables: float | None = None
    advanced: Advanced | None = None
    bounds: tuple[float, float] | None = None


class Market:
    """One state's market."""

    def __init__(self, state: str, seed: int) -> None:
        """Open it; states have nothing in common but the sun."""
        self._state = STATES[state]
        self._seed = seed * 8 + list(STATES).index(state)
        self._scripts: dict[int, Script] = {}
        self._expected = lru_cache(maxsize=20_000)(self._make_expected)
        self._drawn = lru_cache(maxsize=20_000)(self._draw)

    def script(self, n: int, script: Script) -> None:
        """Set what an interval is to be; what was set before stays unless given."""
        old = self._scripts.get(n, Script())
        given = {
            name: value
            for name in Script.__slots__
            if (value := getattr(script, name)) is not None
        }
        self._scripts[n] = replace(old, **given)

    # -- what it comes to ------------------------------------------------------

    def actual(self, n: int) -> Quote:
        """Return the dispatch price."""
        quote = self._drawn(n)
        if script := self._scripts.get(n):
            quote = Quote(
                quote.spot if script.spot is None else script.spot,
                quote.renewables if script.renewables is None else script.renewables,
            )
        return quote

    def _noise(self, purpose: int, n: int) -> float:
        return noise(self._seed * 64 + purpose, n)

    def _make_expected(self, n: int) -> tuple[float, float]:
        """Return spot and the fraction of renewables, without jitter and spikes."""
        state, hour, day = self._state, hour_of(n), (n + 120) // DAY
        points = (*_CURVE, (24, _CURVE[0][1]))
        spot = next(
            a + (b - a) * (hour - h0) / (h1 - h0)
            for (h0, a), (h1, b) in pairwise(points)
            if hour < h1
        )
        sun = max(0.0, sun_at(start_of(n), state.latitude, state.longitude).up)
        clear = 0.35 + 0.65 * self._noise(1, day)
        wind = smooth_noise(self._seed * 64 + 2, n / 150)
        spot *= 1.3 - 0.6 * wind
        spot -= sun * clear * (13 + 8 * wind)
        share = state.renewables + 0.5 * sun * clear + 0.3 * wind
        return spot, share

    def _draw(self, n: int) -> Quote:
        spot, share = self._make_expected(n)
        spot += (self._noise(3, n) - 0.5) * (1.5 + abs(spot) * 0.12)
        day = (n + 120) // DAY
        # One evening in twelve gets tight for up to half an hour.
        since = n - (day * DAY - 120 + 17 * 12 + int(self._noise(5, day) * 24))
        if self._noise(4, day) < 1 / 12 and 0 <= since < 1 + self._noise(6, day) * 6:
            spot += SPIKE_C + self._noise(7, n) ** 3 * 1500
        share *= 0.98 + 0.04 * self._noise(8, n)
        spot = min(max(spot, _FLOOR_C), _CAP_C)
        return Quote(round(spot, 5), round(share, 5) * 100)

    # -- what was thought before -----------------------------------------------

    def forecast(self, n: int, issued: int) -> Quote:
        """Return what the run at the start of interval `issued` says of `n` >= it."""
        script = self._scripts.get(n, Script())
        truth = self.actual(n)
        expected, share = self._expected(n)
        # Every five minutes for the next hour, every half hour for the rest.
        run = issued if n - issued < 12 else issued // HALF_HOUR * HALF_HOUR
        hours = (n - run) / 12
        doubt = self._noise(10, n * 8191 + run) - 0.5
        trust = max(0.0, 0.9 - hours / _FORESIGHT_H)
        spot = expected + (truth.spot - expected) * trust
        spot += doubt * (1.2 + sqrt(hours)) * (1 + abs(expected) / 20)
        spot += self._phantom(n, issued, expected)
        if script.forecast is not None:
            spot = script.forecast
        spot = round(min(max(spot, _FLOOR_C), _CAP_C), 5)
        known = share * 100 + (truth.renewables - share * 100) * trust
        renewables = round(known * (1 + doubt * 0.03), 10)
        if script.forecast_renewables is not None:
            renewables = script.forecast_renewables
        advanced = script.advanced or _advanced(spot, expected)
        net, spread = spot / GST, 1 + abs(spot) * 0.15
        bounds = (round(net - spread, 2), round(net + spread * 1.6, 2))
        return Quote(spot, renewables, advanced, script.bounds or bounds)

    def _phantom(self, n: int, issued: int, expected: float) -> float:
        """Return how far off a forecast is for no reason (2.4, 3), mostly 0."""
        if n == issued:
            wild = self._noise(11, n)
            if wild < 0.001:
                return 2000 - expected
            return -32.0 if wild < 0.01 else 0.0
        half_hour, run = n // HALF_HOUR, issued // HALF_HOUR
        wild = self._noise(12, half_hour * 521 + run)
        if wild < 0.006 and 15 <= hour_of(n) < 21:
            return SPIKE_C + 1000 * self._noise(13, half_hour)
        return -25.0 if wild > 0.996 else 0.0


def _advanced(spot: float, expected: float) -> Advanced:
    """Return Amber's own view: it believes little of what is far from usual."""
    off = spot - expected
    near = max(-10.0, min(10.0, off))
    predicted = expected + near * 0.6 + (off - near) * 0.08
    low = predicted - 1.2 - 0.12 * abs(predicted)
    high = max(predicted + 1.1 + 0.1 * abs(predicted), spot * 0.95)
    return Advanced(round(low, 2), round(predicted, 2), round(high, 2))


def _mean(values: list[float]) -> float:
    """Return the mean; that of equal values is that value to the last digit."""
    return values[0] if len(set(values)) == 1 else fmean(values)


def mixed(quotes: list[Quote]) -> Quote:
    """Return the half-hour of its six intervals; what has no bounds is sure."""
    if len(quotes) == 1:
        return quotes[0]
    views = [q.advanced or Advanced(q.spot, q.spot, q.spot) for q in quotes]
    known = [q.bounds for q in quotes if q.bounds is not None]
    return Quote(
        round(fmean(q.spot for q in quotes), 5),
        _mean([q.renewables for q in quotes]),
        Advanced(*(round(fmean(v), 2) for v in zip(*views, strict=True))),
        (min(b[0] for b in known), max(b[1] for b in known)) if known else None,
    )
