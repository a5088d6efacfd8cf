"""Run `hass` in accelerated time: every clock and every timer of it runs faster.

It takes the arguments of `hass`. The environment tells the time: at one real instant it
is a simulated one, and from there it runs a number of times as fast. All processes with
the same origin and factor live in the same time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
import os
import selectors
import sys
import time
from typing import Final, Self, override

REAL_ORIGIN: Final = "ACCELERATED_REAL_ORIGIN"
SIMULATED_ORIGIN: Final = "ACCELERATED_SIMULATED_ORIGIN"
FACTOR: Final = "ACCELERATED_FACTOR"


def environment(simulated: datetime, factor: float) -> dict[str, str]:
    """Return what makes a new process live at a simulated time, now."""
    return {
        REAL_ORIGIN: repr(time.time()),
        SIMULATED_ORIGIN: repr(simulated.timestamp()),
        FACTOR: repr(factor),
    }


def accelerate(environ: Mapping[str, str]) -> None:
    """Replace the clocks and the sleep of this process.

    Has to come before Home Assistant and asyncio are imported: many a module keeps a
    clock under a name of its own.
    """
    early = {"aiohttp", "asyncio", "homeassistant"} & sys.modules.keys()
    assert not early, f"imported in real time: {early}"
    factor = float(environ[FACTOR])
    _replace_time(float(environ[REAL_ORIGIN]), float(environ[SIMULATED_ORIGIN]), factor)
    _replace_selector(factor)
    _replace_datetime()


def _replace_time(real_origin: float, simulated_origin: float, factor: float) -> None:
    real_time, real_monotonic = time.time, time.monotonic
    monotonic_origin = real_monotonic()

    def wall() -> float:
        return simulated_origin + (real_time() - real_origin) * factor

    def wall_ns() -> int:
        return int(wall() * 1e9)

    def monotonic() -> float:
        return monotonic_origin + (real_monotonic() - monotonic_origin) * factor

    time.time = wall
    time.time_ns = wall_ns
    time.monotonic = monotonic


def _replace_selector(factor: float) -> None:
    """Let asyncio wait shorter; it waits nowhere else."""

    class AcceleratedSelector(selectors.DefaultSelector):
        @override
        def select(
            self, timeout: float | None = None
        ) -> list[tuple[selectors.SelectorKey, int]]:
            return super().select(timeout and timeout / factor)

    selectors.DefaultSelector = AcceleratedSelector  # type: ignore[misc]


def _replace_datetime() -> None:
    """Replace `datetime.now` where it is used: its own clock is out of reach."""
    import jwt.api_jwt  # noqa: PLC0415

    import homeassistant.util  # noqa: PLC0415
    from homeassistant.util import dt as dt_util  # noqa: PLC0415

    class AcceleratedDatetime(datetime):
        @classmethod
        @override
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(time.time(), tz)

    def utcnow() -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def now(time_zone: tzinfo | None = None) -> datetime:
        return datetime.fromtimestamp(
            time.time(), time_zone or dt_util.get_default_time_zone()
        )

    # Tokens are made by `time.time` and judged by `datetime.now`.
    jwt.api_jwt.datetime = AcceleratedDatetime  # type: ignore[attr-defined]
    dt_util.utcnow = utcnow  # type: ignore[assignment]
    dt_util.now = now
    homeassistant.util.utcnow = utcnow  # type: ignore[assignment, attr-defined]


def slim() -> None:
    """Set up only what the configuration names, not what everybody gets."""
    from homeassistant import bootstrap  # noqa: PLC0415

    bootstrap.DEFAULT_INTEGRATIONS.clear()
    # Without the frontend it would start again in recovery mode.
    bootstrap.CRITICAL_INTEGRATIONS.clear()


def main() -> int:
    """Start Home Assistant."""
    # The modules next to this one are not meant to be found by their bare names.
    sys.path.pop(0)
    accelerate(os.environ)
    slim()
    from homeassistant.__main__ import main as hass  # noqa: PLC0415

    return hass()


if __name__ == "__main__":
    sys.exit(main())
