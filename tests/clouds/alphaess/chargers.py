"""Car chargers of a system (2.10)."""

from datetime import datetime, timedelta
from enum import IntEnum

from .behaviour import Behaviour
from .fixtures import ChargerSpec

CAR_KWH = 45.0
"""What a car takes after it was plugged in; then it is SuspendedEV."""


class ChargerStatus(IntEnum):
    """The vendor's `evchargerStatus`."""

    AVAILABLE = 1
    PREPARING = 2
    CHARGING = 3
    SUSPENDED_EVSE = 4
    SUSPENDED_EV = 5
    FINISHING = 6
    FAULTED = 9


_STARTABLE = frozenset({2, 4, 5, 6})
_STOPPABLE = frozenset({3, 4, 5})


class Charger:
    """One charger, at first with a car that waits for its start."""

    def __init__(self, spec: ChargerSpec, behaviour: Behaviour) -> None:
        """Plug a car in."""
        self.spec = spec
        self._behaviour = behaviour
        self._status = ChargerStatus.PREPARING
        self._finishing_since: datetime | None = None
        self._kwh_left = CAR_KWH

    @property
    def power_w(self) -> float:
        """What the car takes now, W."""
        if self._status is not ChargerStatus.CHARGING:
            return 0.0
        return self.spec.power_w

    def count(self, kwh: float) -> None:
        """Put energy into the car."""
        self._kwh_left -= kwh
        if self._kwh_left <= 0 and self._status is ChargerStatus.CHARGING:
            self._status = ChargerStatus.SUSPENDED_EV

    def status(self, now: datetime) -> ChargerStatus:
        """Return the status at `now`; a stop is Finishing for a while."""
        since = self._finishing_since
        if self._status is ChargerStatus.FINISHING and since is not None:
            if now >= since + timedelta(seconds=self._behaviour.ev_finish_s):
                self._status = ChargerStatus.PREPARING
        return self._status

    def set(self, status: ChargerStatus | int) -> None:
        """Be in a status, as after a cable, a card or a fault."""
        if self._status is ChargerStatus.AVAILABLE:
            self._kwh_left = CAR_KWH
        self._status = ChargerStatus(status)
        self._finishing_since = None

    def command(self, start: bool, now: datetime) -> bool:
        """Start or stop, and return whether that was possible."""
        if self.status(now) not in (_STARTABLE if start else _STOPPABLE):
            return False
        if start:
            full = self._kwh_left <= 0
            self._status = (
                ChargerStatus.SUSPENDED_EV if full else ChargerStatus.CHARGING
            )
        else:
            self._status = ChargerStatus.FINISHING
            self._finishing_since = now
        return True
