"""The power flow of a system, from the live endpoint or else from its history.

Some systems answer with nothing but nulls for weeks (dossier 2.2), and have a history
all the same. Which ones, no model tells, so they are known by what they do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from ...core.errors import OFFLINE, NotSupported, TransientError
from ...core.pacing import ChangeLock, PhaseLock
from .client import AlphaEssClient
from .models import LivePower, PowerSample

LIVE_PERIOD: Final = timedelta(seconds=30)
"""A new block comes so often; the answer does not tell when (dossier section 3)."""
HISTORY_PERIOD: Final = timedelta(minutes=5)
MISSES: Final = 3
"""After so many blank answers in a row the history is asked alone."""
PROBE_EVERY: Final = timedelta(minutes=30)
STALE_AFTER: Final = timedelta(minutes=15)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


class PowerSource(StrEnum):
    """Where a power flow comes from."""

    LIVE = "live"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """A power flow. `time` is when a live one was first seen, or when it was uploaded.

    The history knows no strings, no phases and no single chargers.
    """

    source: PowerSource
    time: datetime
    flow: LivePower


class PowerFeed:
    """Fetches the power of one system, and tells when new values are due."""

    def __init__(
        self,
        client: AlphaEssClient,
        serial: str,
        zone: Callable[[], tzinfo],
        jitter: timedelta,
    ) -> None:
        """Begin with the live endpoint."""
        self._client = client
        self._serial = serial
        self._zone = zone
        self._blocks = ChangeLock(LIVE_PERIOD, jitter)
        self._uploads = PhaseLock(HISTORY_PERIOD, jitter)
        self._last: Power | None = None
        self._changed = False
        self._misses = 0
        self._probe_at: datetime | None = None

    async def fetch(self) -> Power:
        """Return the newest power flow; TransientError `offline` when there is none.

        An offline system answers an error or nothing but nulls, and its history ends.
        """
        now = self._client.clock()
        if self._probe_at is not None and now < self._probe_at:
            return await self._history()
        missing: TransientError | NotSupported
        try:
            flow = await self._client.live_power(self._serial)
        except (TransientError, NotSupported) as error:
            if error.reason not in {OFFLINE, "not_entitled"}:
                raise
            missing = error
        else:
            if not flow.is_blank:
                return self._live(flow)
            missing = TransientError("live_power: nothing known", reason=OFFLINE)
        self._misses += 1
        if self._misses >= MISSES:
            self._probe_at = now + PROBE_EVERY
        return await self._history(missing)

    def due_in(self, power: Power, now: datetime) -> timedelta:
        """Return the time until newer values than these."""
        if power.source is PowerSource.LIVE:
            return self._blocks.due_in(self._changed, now)
        if self._probe_at is None:
            return LIVE_PERIOD
        return self._uploads.due_in(power.time, now)

    def _live(self, flow: LivePower) -> Power:
        self._misses = 0
        self._probe_at = None
        last = self._last
        self._changed = (
            last is None or last.source is not PowerSource.LIVE or last.flow != flow
        )
        if last is None or self._changed:
            last = Power(source=PowerSource.LIVE, time=self._client.clock(), flow=flow)
            self._last = last
        return last

    async def _history(self, missing: Exception | None = None) -> Power:
        """Return the newest sample; without a fresh one the live endpoint is next."""
        now, zone = self._client.clock(), self._zone()
        today = now.astimezone(zone).date()
        sample = (await self._client.day_power(self._serial, today)).latest
        lately = (now - STALE_AFTER).astimezone(zone).date()
        if sample is None and lately != today:
            # Just after midnight the newest sample is of the day before.
            sample = (await self._client.day_power(self._serial, lately)).latest
        if sample is not None:
            time = instant_of(sample.time, zone, now)
            if -_CLOCKS_DIFFER < now - time < STALE_AFTER:
                self._last = Power(
                    source=PowerSource.HISTORY, time=time, flow=_flow_of(sample)
                )
                return self._last
        self._misses = 0
        self._probe_at = None
        raise missing or TransientError("day_power: nothing new", reason=OFFLINE)


def instant_of(wall: datetime, zone: tzinfo, now: datetime) -> datetime:
    """Return when it was, or will be, so late in a zone: of two, the one nearest now."""
    both = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return min(both, key=lambda instant: abs(now - instant))


def _flow_of(sample: PowerSample) -> LivePower:
    return LivePower(
        pv_w=sample.pv_w,
        pv_strings_w=(None,) * 4,
        dc_meter_w=None,
        state_of_charge=sample.state_of_charge,
        ev_w=sample.ev_w,
        ev_chargers_w=(None,) * 4,
        inverter_w=(None,) * 3,
        grid_w=sample.grid_w,
        grid_phases_w=(None,) * 3,
        battery_w=sample.battery_w,
        load_w=sample.load_w,
    )
