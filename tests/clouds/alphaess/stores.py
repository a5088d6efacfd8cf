"""What the cloud keeps of one system's settings, and when the inverter has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .behaviour import Behaviour
from .compact import scaled
from .windows import UNUSED, Span, is_open, is_used

_NO_WINDOWS = ((UNUSED, UNUSED), (UNUSED, UNUSED))


@dataclass(frozen=True, slots=True)
class ChargeStore:
    """The legacy store of charging (2.6). `bat_high_cap` is %."""

    grid_charge: int = 0
    windows: tuple[Span, Span] = _NO_WINDOWS
    bat_high_cap: float = 100

    def payload(self) -> dict[str, Any]:
        """Return it as it is read, in the wire's order."""
        (start1, end1), (start2, end2) = self.windows
        return {
            "gridCharge": self.grid_charge,
            "timeChaf1": start1,
            "timeChae1": end1,
            "timeChaf2": start2,
            "timeChae2": end2,
            "batHighCap": self.bat_high_cap,
        }

    def is_open(self, local: datetime, behaviour: Behaviour) -> bool:
        """Whether timed charging from the grid is on at a wall time."""
        return self.grid_charge == 1 and any(
            is_open(span, local, behaviour) for span in self.windows
        )


@dataclass(frozen=True, slots=True)
class DischargeStore:
    """The legacy store of discharging (2.7). `bat_use_cap` is %."""

    ctr_dis: int = 0
    windows: tuple[Span, Span] = _NO_WINDOWS
    bat_use_cap: float = 10

    def payload(self) -> dict[str, Any]:
        """Return it as it is read, in the wire's order."""
        (start1, end1), (start2, end2) = self.windows
        return {
            "ctrDis": self.ctr_dis,
            "timeDisf1": start1,
            "timeDise1": end1,
            "timeDisf2": start2,
            "timeDise2": end2,
            "batUseCap": self.bat_use_cap,
        }

    def permits(self, local: datetime, behaviour: Behaviour) -> bool:
        """Whether the battery may discharge at a wall time."""
        if self.ctr_dis == 0:
            return True
        if not any(map(is_used, self.windows)):
            return behaviour.ctr_dis_without_window == "free"
        return any(is_open(span, local, behaviour) for span in self.windows)


@dataclass(frozen=True, slots=True)
class Period:
    """One period of the periodic store (2.8): W and %, weekdays 1 Monday to 7 Sunday.

    Without power it is accepted and does nothing.
    """

    begin: str
    end: str
    limit: float
    power: int | None = None
    weeks: tuple[int, ...] = ()

    @property
    def span(self) -> Span:
        """Its wall times."""
        return self.begin, self.end

    def payload(self, cycle: int, strategy: int, sort: int) -> dict[str, Any]:
        """Return it as it is read; `strategy` is 0 charge, 1 discharge."""
        shown: dict[str, Any] = {
            "executeCycleType": cycle,
            "strategyType": strategy,
            "beginTime": self.begin,
            "endTime": self.end,
            "weeks": list(self.weeks),
            "sort": sort,
        }
        if self.power is not None:
            shown["chargePower"] = self.power
        return shown | {"chargeLimit": scaled(self.limit, 1)}


@dataclass(frozen=True, slots=True)
class PeriodicStore:
    """The periodic store (2.8). `cycle` 0: daily, 1: weekly."""

    cycle: int = 1
    grid_charge: int = 0
    ctr_dis: int = 0
    charge: tuple[Period, ...] = ()
    discharge: tuple[Period, ...] = ()

    def payload(self, serial: str, behaviour: Behaviour) -> dict[str, Any]:
        """Return it as it is read: both flags are 0 whatever was set."""
        shown = behaviour.flags_read == "true"
        return {
            "sysSn": serial,
            "executeCycleType": self.cycle,
            "gridChargeCycle": self.grid_charge if shown else 0,
            "ctrDisCycle": self.ctr_dis if shown else 0,
            "chargeTimeList": [
                period.payload(self.cycle, 0, n)
                for n, period in enumerate(self.charge, 1)
            ],
            "dischargeTimeList": [
                period.payload(self.cycle, 1, n)
                for n, period in enumerate(self.discharge, 1)
            ],
        }

    def open_period(
        self,
        periods: tuple[Period, ...],
        local: datetime,
        behaviour: Behaviour,
    ) -> Period | None:
        """Return the first of `periods` that an inverter executes at a wall time."""
        grid_min = behaviour.periodic_grid_min
        for period in periods:
            if period.power is None and behaviour.period_without_power == "inert":
                continue
            days = frozenset(period.weeks) if self.cycle == 1 else None
            if is_open(period.span, local, behaviour, days, grid_min):
                return period
        return None


@dataclass(slots=True)
class _Version[T]:
    """One write: the read shows it from one time, the inverter obeys from another.

    `obeyed_from` None: it has not been sent to the inverter.
    """

    value: T
    shown_from: datetime
    obeyed_from: datetime | None


class Versions[T]:
    """A store with its past, for what is under way and for houses read late."""

    def __init__(self, first: T, since: datetime) -> None:
        """Start with a value that is known everywhere."""
        self._versions = [_Version(first, since, since)]

    def write(
        self, value: T, shown_from: datetime, obeyed_from: datetime | None
    ) -> None:
        """Add a value."""
        self._versions.append(_Version(value, shown_from, obeyed_from))

    def send(self, obeyed_from: datetime) -> None:
        """Send the newest value to the inverter, if it has not been sent."""
        if self._versions[-1].obeyed_from is None:
            self._versions[-1].obeyed_from = obeyed_from

    @property
    def newest(self) -> T:
        """What was written last."""
        return self._versions[-1].value

    def shown(self, now: datetime) -> T:
        """Return what a read shows."""
        return next(v.value for v in reversed(self._versions) if v.shown_from <= now)

    def obeyed(self, now: datetime) -> T:
        """Return what the inverter has."""
        return next(
            v.value
            for v in reversed(self._versions)
            if v.obeyed_from is not None and v.obeyed_from <= now
        )


@dataclass(frozen=True, slots=True)
class Write:
    """A write that was answered with success: `body` as it was sent."""

    at: datetime
    serial: str
    label: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Stores:
    """The three stores of one system."""

    charge: Versions[ChargeStore]
    discharge: Versions[DischargeStore]
    periodic: Versions[PeriodicStore]
    last_write: dict[str, datetime] = field(default_factory=dict)

    def send(self, obeyed_from: datetime) -> None:
        """Send to the inverter whatever waits."""
        self.charge.send(obeyed_from)
        self.discharge.send(obeyed_from)
        self.periodic.send(obeyed_from)
