"""Where the sun stands, what panels make of it, and repeatable noise."""

from datetime import UTC, datetime
from math import asin, cos, radians, sin
from typing import NamedTuple

_EPOCH_2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_MASK = (1 << 64) - 1


def noise(seed: int, n: int) -> float:
    """Return a number in 0..1 that depends on nothing but `seed` and `n`.

    A hash and not a random generator: the house must come out the same however
    often, and in whatever steps, it is read.
    """
    x = (seed * 0x9E3779B97F4A7C15 + n * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return (x ^ (x >> 31)) / (_MASK + 1)


def smooth_noise(seed: int, x: float) -> float:
    """Return noise in 0..1 that is continuous in `x`."""
    n = int(x // 1)
    f = x - n
    f = f * f * (3 - 2 * f)
    return noise(seed, n) * (1 - f) + noise(seed, n + 1) * f


class Sun(NamedTuple):
    """Unit vector to the sun: east, north, up (up < 0: night)."""

    east: float
    north: float
    up: float


def sun_at(time: datetime, latitude: float, longitude: float) -> Sun:
    """Return the sun's direction, good to a few degrees (degrees in)."""
    days = (time - _EPOCH_2000).total_seconds() / 86400
    g = radians(357.529 + 0.98560028 * days)
    ecliptic = radians(280.459 + 0.98564736 * days + 1.915 * sin(g))
    declination = asin(sin(radians(23.439)) * sin(ecliptic))
    # Mean sun: noon is up to a quarter of an hour off, which no test minds.
    utc_h = time.hour + time.minute / 60 + time.second / 3600
    hour = radians(15 * (utc_h - 12) + longitude)
    lat = radians(latitude)
    return Sun(
        -cos(declination) * sin(hour),
        cos(lat) * sin(declination) - sin(lat) * cos(declination) * cos(hour),
        sin(lat) * sin(declination) + cos(lat) * cos(declination) * cos(hour),
    )


class Panels(NamedTuple):
    """A string of panels: peak W, tilt from level and compass azimuth (degrees)."""

    peak_w: float
    tilt: float = 20.0
    azimuth: float = 0.0

    def power_w(self, sun: Sun, clearness: float) -> float:
        """Return the DC power for a sky of `clearness` 0..1."""
        if sun.up <= 0:
            return 0.0
        tilt, azimuth = radians(self.tilt), radians(self.azimuth)
        facing = (
            sun.east * sin(tilt) * sin(azimuth)
            + sun.north * sin(tilt) * cos(azimuth)
            + sun.up * cos(tilt)
        )
        haze = min(1.0, sun.up * 4)
        direct = max(0.0, facing) * haze * clearness
        return self.peak_w * (0.82 * direct + 0.12 * sun.up)
