"""The periodic schedule: up to six windows a day, with power and weekdays.

Dossier 2.8. As with the daily stores every write is a full replacement, and what the
cloud would refuse raises `InvalidRequest` with a reason before it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from ...core.errors import InvalidRequest
from ..parsing import integer, objects
from .models import percent
from .settings import ALL_DAYS, TimeWindow, check_disjoint, flag, known, sent_percent

MAX_PERIODS_A_DAY: Final = 6
MAX_PERIODS_A_WEEK: Final = 28
LEAST_PERCENT: Final = 10
CYCLE_DAILY: Final = 0
CYCLE_WEEKLY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One window of the periodic schedule; None is unknown.

    `weekdays` count from 0, Monday, and are None where none are told, as in a daily
    schedule. `limit_soc` percent ends charging or discharging. A period without power
    is reported to be taken and to do nothing.
    """

    window: TimeWindow | None
    weekdays: frozenset[int] | None = None
    power_w: int | None
    limit_soc: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read an element of chargeTimeList or dischargeTimeList."""
        weeks = raw.get("weeks")
        days = frozenset(map(integer, weeks) if isinstance(weeks, list) else ())
        return cls(
            window=TimeWindow.parse(raw.get("beginTime"), raw.get("endTime")),
            weekdays=_weekdays(days),
            power_w=integer(raw.get("chargePower")),
            limit_soc=percent(raw.get("chargeLimit")),
        )

    def as_element(self) -> dict[str, Any]:
        """Return the element of a list to be written.

        InvalidRequest `settings_unknown`, `window_empty`, `off_grid`,
        `percent_out_of_range` or `power_not_positive`.
        """
        window = known(self.window)
        if window.unused:
            raise InvalidRequest("a period has no length", reason="window_empty")
        begins, ends = window.texts()
        element: dict[str, Any] = {"beginTime": begins, "endTime": ends}
        if self.weekdays is not None:
            element["weeks"] = sorted(day + 1 for day in self.weekdays)
        if self.power_w is not None:
            if integer(self.power_w) != self.power_w or self.power_w <= 0:
                raise InvalidRequest("no power to set", reason="power_not_positive")
            element["chargePower"] = self.power_w
        element["chargeLimit"] = sent_percent(self.limit_soc, LEAST_PERCENT)
        return element


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicSchedule:
    """The periodic schedule, which cannot be cleared; None is unknown.

    `cycle` is 0 for daily and 1 for weekly; another number is kept. The two flags read
    as 0 whatever they are, so 0 is read as unknown; who writes has to know them. The
    periods of a direction whose flag is False are not in force.
    """

    cycle: int | None
    charge_enabled: bool | None
    discharge_enabled: bool | None
    charge: tuple[Period, ...]
    discharge: tuple[Period, ...]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of getTimeChargeBySn."""
        return cls(
            cycle=integer(raw.get("executeCycleType")),
            charge_enabled=flag(raw.get("gridChargeCycle")) or None,
            discharge_enabled=flag(raw.get("ctrDisCycle")) or None,
            charge=tuple(map(Period.parse, objects(raw.get("chargeTimeList")))),
            discharge=tuple(map(Period.parse, objects(raw.get("dischargeTimeList")))),
        )

    def as_body(self, serial: str) -> dict[str, Any]:
        """Return the body of setTimeChargeBySn.

        InvalidRequest as a period's, and `cycle_unknown`, `flags_unknown`,
        `charge_list_empty`, `discharge_list_empty`, `weekdays_missing`,
        `too_many_a_day`, `too_many_a_week` or `overlap`.
        """
        if self.cycle not in {CYCLE_DAILY, CYCLE_WEEKLY}:
            raise InvalidRequest("neither daily nor weekly", reason="cycle_unknown")
        if self.charge_enabled is None or self.discharge_enabled is None:
            raise InvalidRequest("a flag is not known", reason="flags_unknown")
        if not self.charge:
            raise InvalidRequest("no charge period", reason="charge_list_empty")
        if not self.discharge:
            raise InvalidRequest("no discharge period", reason="discharge_list_empty")
        body = {
            "sysSn": serial,
            "executeCycleType": self.cycle,
            "gridChargeCycle": int(self.charge_enabled),
            "ctrDisCycle": int(self.discharge_enabled),
            "chargeTimeList": [period.as_element() for period in self.charge],
            "dischargeTimeList": [period.as_element() for period in self.discharge],
        }
        self._check_days()
        check_disjoint(
            [self._quarters(period) for period in self.charge],
            [self._quarters(period) for period in self.discharge],
        )
        return body

    def _days(self, period: Period) -> frozenset[int]:
        """Return a period's weekdays; a daily schedule means every day."""
        if self.cycle == CYCLE_DAILY or period.weekdays is None:
            return ALL_DAYS
        return period.weekdays

    def _quarters(self, period: Period) -> frozenset[int]:
        return known(period.window).quarters(self._days(period))

    def _check_days(self) -> None:
        """Count charge and discharge together; which way the vendor does is unknown."""
        periods = (*self.charge, *self.discharge)
        for period in periods:
            days = period.weekdays
            if days is None and self.cycle == CYCLE_DAILY:
                continue
            if not days or not days <= ALL_DAYS:
                raise InvalidRequest("no fit weekdays", reason="weekdays_missing")
        if len(periods) > MAX_PERIODS_A_WEEK:
            raise InvalidRequest("more than 28 periods", reason="too_many_a_week")
        for weekday in ALL_DAYS:
            count = sum(weekday in self._days(period) for period in periods)
            if count > MAX_PERIODS_A_DAY:
                raise InvalidRequest("more than 6 a day", reason="too_many_a_day")


def _weekdays(weeks: frozenset[int | None]) -> frozenset[int] | None:
    """Return the weekdays of numbers from 1, Monday; None when any is no weekday."""
    days = frozenset(day - 1 for day in weeks if day is not None)
    return days if days and None not in weeks and days <= ALL_DAYS else None
