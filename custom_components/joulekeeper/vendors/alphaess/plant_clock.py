"""What time a plant's wall clock shows: windows and days are told in it, without a zone.

Dossier section 3. The newest sample of the day's power is some minutes old, which gives
the clock's distance from UTC. Most plants share Home Assistant's zone; of any other one
only the present distance is known, and is measured again after clocks may have changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from ..base import TokenStore
from ..parsing import integer, mapping
from .client import AlphaEssClient

MEASURE_EVERY: Final = timedelta(hours=6)
AT_HOME_EVERY: Final = timedelta(days=1)
"""Of a plant in our zone only that it still is, is to be seen."""
_LOOK_AGAIN: Final = timedelta(minutes=12)
_LOOKS: Final = 3
_LATEST_UPLOAD: Final = timedelta(minutes=13)
"""Samples come every 5 minutes; offsets of zones are multiples of 15."""
_AHEAD: Final = timedelta(minutes=2)
"""A clock may be a little fast."""
_QUARTER: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)
_STORED: Final = "utc_offsets_s"


@dataclass(frozen=True, slots=True)
class PlantTime:
    """How far a plant's clock is ahead of UTC, s, where it is not in our zone.

    `settled` is False while one more sample is awaited to tell another zone from a
    system that sends nothing any more.
    """

    other_offset_s: int | None
    settled: bool = True


@dataclass(slots=True)
class _Measured:
    newest: datetime
    offset: timedelta
    looks: int = 1


class PlantClocks:
    """The clocks of an account's plants, remembered over restarts."""

    def __init__(
        self, client: AlphaEssClient, store: TokenStore, home: Callable[[], tzinfo]
    ) -> None:
        """Take every plant for one in `home`, Home Assistant's zone."""
        self._client = client
        self._store = store
        self._home = home
        self._offsets: dict[str, timedelta] = {}
        self._measured: dict[str, _Measured] = {}
        self._loaded = False

    async def load(self) -> None:
        """Take up what was measured before the restart."""
        if not self._loaded:
            self._loaded = True
            stored = mapping((await self._store.load() or {}).get(_STORED))
            seconds = {serial: integer(value) for serial, value in stored.items()}
            self._offsets = {
                serial: timedelta(seconds=value)
                for serial, value in seconds.items()
                if value is not None and abs(value) < _DAY.total_seconds()
            }

    def zone(self, serial: str) -> tzinfo:
        """Return the zone of a plant's clock, Home Assistant's unless it is another."""
        if (offset := self._offsets.get(serial)) is None:
            return self._home()
        return timezone(offset)

    async def measure(self, serial: str) -> PlantTime:
        """Look at the newest sample; one that does not fit our zone has to move on.

        What cannot be told leaves the clock as it was.
        """
        now = self._client.clock()
        newest = await self._newest(serial, now)
        if newest is None:
            return self._told(serial)
        if self._fits_home(newest, now):
            self._measured.pop(serial, None)
            await self._keep(serial, None)
            return self._told(serial)
        offset = _offset(newest, now)
        before = self._measured.get(serial)
        if before is not None and before.newest == newest:
            before.looks += 1
            return self._told(serial, settled=before.looks >= _LOOKS)
        self._measured[serial] = _Measured(newest, offset)
        if before is not None and before.offset == offset:
            await self._keep(serial, offset)
        return self._told(serial, settled=self._offsets.get(serial) == offset)

    def _told(self, serial: str, *, settled: bool = True) -> PlantTime:
        offset = self._offsets.get(serial)
        seconds = None if offset is None else round(offset.total_seconds())
        return PlantTime(seconds, settled)

    async def _newest(self, serial: str, now: datetime) -> datetime | None:
        """Return the time of the newest sample, on the plant's clock."""
        today = now.astimezone(self._home()).date()
        times: list[datetime] = []
        for day in (today, today + _DAY, today - _DAY):
            sample = (await self._client.day_power(serial, day)).latest
            if sample is not None:
                times.append(sample.time)
                if self._fits_home(sample.time, now):
                    break
        return max(times, default=None)

    def _fits_home(self, newest: datetime, now: datetime) -> bool:
        home = now.astimezone(self._home()).replace(tzinfo=None)
        return -_AHEAD < home - newest < _LATEST_UPLOAD

    async def _keep(self, serial: str, offset: timedelta | None) -> None:
        if self._offsets.get(serial) == offset:
            return
        if offset is None:
            del self._offsets[serial]
        else:
            self._offsets[serial] = offset
        stored = {key: round(it.total_seconds()) for key, it in self._offsets.items()}
        await self._store.save({_STORED: stored})


def due_in(told: PlantTime, _now: datetime) -> timedelta:
    """Return the time until it is measured again."""
    if not told.settled:
        return _LOOK_AGAIN
    return AT_HOME_EVERY if told.other_offset_s is None else MEASURE_EVERY


def _offset(newest: datetime, now: datetime) -> timedelta:
    """Return the distance from UTC that makes a sample a few minutes old."""
    ahead = newest - _AHEAD - now.astimezone(UTC).replace(tzinfo=None)
    return -(-ahead // _QUARTER) * _QUARTER
