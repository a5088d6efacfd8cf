"""What can be set in the two stores of daily windows (dossier 2.6 and 2.7).

Every write is a full replacement: what is to stay has to be sent again, so settings
that are not wholly known cannot be written. What the cloud would refuse, or take and
ignore, raises `InvalidRequest` with a reason before it is sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
import re
from typing import Any, Final, Self

from ...core.errors import InvalidRequest
from ..parsing import integer, number, text
from .models import percent

GRANULARITY_MIN: Final = 15
ALL_DAYS: Final = frozenset(range(7))

_QUARTERS_A_DAY: Final = 24 * 60 // GRANULARITY_MIN
_QUARTERS_A_WEEK: Final = 7 * _QUARTERS_A_DAY
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From one time of the plant's wall clock to another, every day it is meant for.

    Equal times, normally 00:00, mean that the slot is not used. What the vendor makes
    of a window over midnight is not documented: better not send one.
    """

    start: time
    end: time

    @classmethod
    def parse(cls, start: Any, end: Any) -> Self | None:
        """Read two `HH:mm`; 24:00 reads as 00:00. None when either is unreadable."""
        begins, ends = _clock(start), _clock(end)
        return None if begins is None or ends is None else cls(begins, ends)

    @property
    def unused(self) -> bool:
        """Whether this is an empty slot."""
        return self.start == self.end

    @property
    def over_midnight(self) -> bool:
        """Whether the end is on the next day, or is midnight itself."""
        return self.end < self.start

    def quarters(self, weekdays: Iterable[int] = ALL_DAYS) -> frozenset[int]:
        """Return the quarters of an hour of the week, from Monday's midnight on."""
        first, last = _quarter(self.start), _quarter(self.end)
        if self.over_midnight:
            last += _QUARTERS_A_DAY
        return frozenset(
            (day * _QUARTERS_A_DAY + quarter) % _QUARTERS_A_WEEK
            for day in weekdays
            for quarter in range(first, last)
        )

    def texts(self) -> tuple[str, str]:
        """Return both times as the cloud wants them: padded, on quarters.

        InvalidRequest `off_grid` for any other minute, which the cloud takes and the
        inverter ignores.
        """
        for moment in (self.start, self.end):
            if moment.minute % GRANULARITY_MIN or moment.second or moment.microsecond:
                raise InvalidRequest("a time is off the 15 minutes", reason="off_grid")
        return f"{self.start:%H:%M}", f"{self.end:%H:%M}"


UNUSED: Final = TimeWindow(time(), time())
"""An empty slot."""

type Slots = tuple[TimeWindow | None, TimeWindow | None]
"""Both slots of a daily store; None is a slot that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSettings:
    """The daily store of grid charging (dossier 2.6); None is unknown.

    While `enabled` the battery charges within the slots, from PV first and then the
    grid, up to `target_soc` percent, and does not discharge until their end.
    """

    enabled: bool | None
    slots: Slots
    target_soc: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of getChargeConfigInfo."""
        return cls(
            enabled=flag(raw.get("gridCharge")),
            slots=_slots(raw, "timeCha"),
            target_soc=percent(raw.get("batHighCap")),
        )

    @property
    def windows(self) -> tuple[TimeWindow, ...]:
        """The slots in use, whether enabled or not."""
        return _used(self.slots)

    def as_body(self, serial: str) -> dict[str, Any]:
        """Return the body of updateChargeConfigInfo.

        InvalidRequest `settings_unknown`, `off_grid` or `percent_out_of_range`.
        """
        return {
            "sysSn": serial,
            "batHighCap": sent_percent(self.target_soc, 0),
            "gridCharge": int(known(self.enabled)),
            **_slot_texts(self.slots, "timeCha"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeSettings:
    """The daily store of discharging (dossier 2.7); None is unknown.

    While `enabled` the battery may discharge within the slots only, which forces
    nothing. `floor_soc` percent is the floor of discharging at any time.
    """

    enabled: bool | None
    slots: Slots
    floor_soc: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of getDisChargeConfigInfo."""
        return cls(
            enabled=flag(raw.get("ctrDis")),
            slots=_slots(raw, "timeDis"),
            floor_soc=percent(raw.get("batUseCap")),
        )

    @property
    def windows(self) -> tuple[TimeWindow, ...]:
        """The slots in use, whether enabled or not."""
        return _used(self.slots)

    def as_body(self, serial: str) -> dict[str, Any]:
        """Return the body of updateDisChargeConfigInfo.

        InvalidRequest `settings_unknown`, `off_grid` or `percent_out_of_range`.
        """
        return {
            "sysSn": serial,
            "batUseCap": sent_percent(self.floor_soc, 0),
            "ctrDis": int(known(self.enabled)),
            **_slot_texts(self.slots, "timeDis"),
        }


def check_apart(charge: ChargeSettings, discharge: DischargeSettings) -> None:
    """Raise InvalidRequest `overlap` when windows of both stores are in force at once.

    The stores are written one by one, so only who knows both can tell.
    """
    if charge.enabled and discharge.enabled:
        check_disjoint(
            [window.quarters() for window in charge.windows],
            [window.quarters() for window in discharge.windows],
        )


def _clock(value: Any) -> time | None:
    found = _CLOCK.fullmatch(text(value) or "")
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2])
    if (hour, minute) == (24, 0):
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _quarter(moment: time) -> int:
    return (moment.hour * 60 + moment.minute) // GRANULARITY_MIN


def flag(value: Any) -> bool | None:
    """Return a flag, which comes as 0 or 1; None for anything else."""
    if isinstance(value, bool):
        return value
    number_given = integer(value)
    return number_given == 1 if number_given in {0, 1} else None


def _slots(raw: Mapping[str, Any], prefix: str) -> Slots:
    """Read two slots: `f` is from, `e` is end."""
    return (
        TimeWindow.parse(raw.get(f"{prefix}f1"), raw.get(f"{prefix}e1")),
        TimeWindow.parse(raw.get(f"{prefix}f2"), raw.get(f"{prefix}e2")),
    )


def _slot_texts(slots: Slots, prefix: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for number_of, slot in enumerate(slots, start=1):
        begins, ends = known(slot).texts()
        texts |= {f"{prefix}f{number_of}": begins, f"{prefix}e{number_of}": ends}
    return texts


def _used(slots: Slots) -> tuple[TimeWindow, ...]:
    return tuple(slot for slot in slots if slot is not None and not slot.unused)


def known[T](value: T | None) -> T:
    """Return a setting that is to be sent; InvalidRequest when it is not known."""
    if value is None:
        raise InvalidRequest("a setting is not known", reason="settings_unknown")
    return value


def sent_percent(value: float | None, least: float) -> float:
    """Return a percentage as it is sent, a whole one without decimals.

    InvalidRequest `settings_unknown` or `percent_out_of_range`.
    """
    share = number(known(value))
    if share is None or not least <= share <= 100:
        raise InvalidRequest("not a fit percentage", reason="percent_out_of_range")
    return int(share) if share == int(share) else share


def check_disjoint(
    charge: Iterable[frozenset[int]], discharge: Iterable[frozenset[int]]
) -> None:
    """Raise InvalidRequest `overlap` when charge and discharge share a quarter."""
    if frozenset().union(*charge) & frozenset().union(*discharge):
        raise InvalidRequest("charge and discharge overlap", reason="overlap")
