"""Looks at the newest record of a history, to see how late the cloud shows it.

Histories have a quota of their own, of some 25 calls a day, so present values lose
nothing by it. Where several plants are polled together the slowest one counts; where
the cloud tells of one device a call, the first one does, for a second call would come a
minute later.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.errors import AuthError, NotSupported, VendorError
from ..parsing import mapping
from .client import FusionSolarClient
from .limits import DEVICE_HISTORY, HISTORY_PER_CALL
from .models import DeviceType, PlantDevice
from .pace import Pace
from .phase import LOOK_GAP, Phase

_PART: Final = "phase"
_SPAN: Final = timedelta(minutes=30)
_AHEAD: Final = timedelta(minutes=1)
_KEPT_FOR_OTHERS: Final = 8
"""Calls of a day that are left to others."""
_NOT_NOW: Final = timedelta(hours=1)
_NOT_GRANTED: Final = timedelta(days=1)
_AWAKE: Final = (
    DeviceType.POWER_SENSOR,
    DeviceType.BATTERY,
    DeviceType.EMMA,
    DeviceType.GRID_METER,
    DeviceType.ESS,
    DeviceType.RESIDENTIAL_INVERTER,
    DeviceType.STRING_INVERTER,
)
"""Who is looked at, the first of those that a plant has: inverters sleep at night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What is known of when the cloud shows new values."""

    delay: timedelta
    known: bool
    next_look: datetime


class Looks:
    """Looks when it pays, and never fails: without a history the delay is the usual."""

    def __init__(self, client: FusionSolarClient, phase: Phase, pace: Pace) -> None:
        """Know nothing until the account's state is loaded."""
        self._client = client
        self._phase = phase
        self._pace = pace
        client.api.state.bind(_PART, self._as_data, self._restore)

    async def look(self, devices: Sequence[PlantDevice]) -> Rhythm:
        """Look at the newest record of some devices, if it is time for it.

        Raises what concerns the account as a whole, such as AuthError.
        """
        await self._client.api.state.load()
        self._pace.compare(self._client.api.clock_skew)
        if self._phase.next_look is None or self._phase.next_look <= self._cloud_now:
            await self._look(_to_look_at(devices))
            await self._client.api.state.save()
        planned = self._phase.next_look or self._cloud_now + _NOT_NOW
        return Rhythm(
            delay=self._phase.delay,
            known=self._phase.known,
            next_look=planned - self._pace.ahead,
        )

    def due_in(self, payload: Rhythm, now: datetime) -> timedelta:
        """Return the time to the next look."""
        return max(payload.next_look - now, timedelta(seconds=1))

    @property
    def _cloud_now(self) -> datetime:
        return self._client.clock() + self._pace.ahead

    async def _look(self, devices: Sequence[PlantDevice]) -> None:
        now, limiter = self._cloud_now, self._client.limiter
        if not devices or limiter.left(DEVICE_HISTORY) <= _KEPT_FOR_OTHERS:
            self._phase.postpone(now, _NOT_NOW)
            return
        if limiter.wait(DEVICE_HISTORY)[0] > timedelta():
            self._phase.postpone(now, LOOK_GAP)
            return
        try:
            rows = await self._client.history.fetch(
                devices[0].type_id, devices, now - _SPAN, now + _AHEAD, at_once=True
            )
        except AuthError:
            raise
        except NotSupported:
            self._phase.postpone(now, _NOT_GRANTED)
            return
        except VendorError:
            self._phase.postpone(now, _NOT_NOW)
            return
        now = self._cloud_now
        newest: dict[int, datetime] = {}
        for row in rows:
            known = newest.get(row.device_id, row.collected)
            newest[row.device_id] = max(known, row.collected)
        # Who has told nothing for long tells nothing of the cloud.
        alive = [moment for moment in newest.values() if now - moment < _SPAN]
        if alive:
            self._phase.learn(min(alive), now)
        else:
            self._phase.postpone(now, _NOT_NOW)

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") == self._client.api.login.account:
            self._phase.restore(saved.get("phase"), self._client.clock())

    def _as_data(self) -> dict[str, Any]:
        return {
            "account": self._client.api.login.account,
            "phase": self._phase.as_data(),
        }


def _to_look_at(devices: Sequence[PlantDevice]) -> Sequence[PlantDevice]:
    """Return one device per plant, all of the type that most plants are looked at by."""
    chosen: dict[str, PlantDevice] = {}
    for kind in _AWAKE:
        for device in devices:
            if device.type_id == kind:
                chosen.setdefault(device.plant_code, device)
    kinds = Counter(device.type_id for device in chosen.values())
    if not kinds:
        return ()
    [(most, _)] = kinds.most_common(1)
    found = [device for device in chosen.values() if device.type_id == most]
    return found[:HISTORY_PER_CALL]
