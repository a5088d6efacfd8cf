"""What rules a system's battery: the periodic schedule, else both daily stores."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ...core.errors import InvalidRequest
from ..base import VendorCall
from .client import (
    charge_settings_call,
    discharge_settings_call,
    periodic_schedule_call,
)
from .periodic import CYCLE_DAILY, Period, PeriodicSchedule
from .settings import (
    ALL_DAYS,
    UNUSED,
    ChargeSettings,
    DischargeSettings,
    TimeWindow,
    check_apart,
    known,
)
from .wall_windows import LEAST_LIMIT, Window

PLACEHOLDER_POWER_W: Final = 50
"""A list must not be empty; such a period does next to nothing, and is no hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The periodic schedule of an entitled system, else its two daily stores.

    A system never has both: mixed, they get into each other's way (dossier 5.3).
    """

    periodic: PeriodicSchedule | None = None
    charge: ChargeSettings | None = None
    discharge: DischargeSettings | None = None

    def in_force(self) -> tuple[Window, ...]:
        """Return the windows that the battery obeys."""
        return tuple(self._windows())

    def keys(self) -> Counter[str]:
        """Return what names the windows that are there, and how often.

        Those of a periodic schedule that is taken for switched off are among them: what
        is lent switches it on, which cannot be read.
        """
        if self.periodic is not None:
            return Counter(window.key for window in periods_as_windows(self.periodic))
        return Counter(window.key for window in self._windows())

    def calls(
        self, serial: str, before: Sequence[Plan], owner: Plan | None = None
    ) -> tuple[VendorCall, ...]:
        """Return the calls that make it out of another plan, none if it is the same.

        `before` is what may be there, the likeliest first. The daily stores are written
        one by one, first the one that makes room for the other; that one also when it
        only may not be there yet. Where each needs room of the other, the charging of
        the `owner` gives it. `InvalidRequest` for what the cloud would refuse, or is not
        known.
        """
        likeliest = before[0]
        if self.holds_same(likeliest):
            return ()
        charge_anew = self.charge != likeliest.charge
        discharge_anew = self.discharge != likeliest.discharge
        needs_room = not all(are_apart(self.charge, it.discharge) for it in before)
        if are_apart(self.charge, self.discharge):
            in_the_way = not all(are_apart(it.charge, self.discharge) for it in before)
            if owner is not None and needs_room and in_the_way:
                between = replace(self, charge=owner.charge)
                return (
                    *between.calls(serial, before),
                    *self.calls(serial, (between,)),
                )
            charge_anew, discharge_anew = (
                charge_anew or (discharge_anew and in_the_way),
                discharge_anew or (charge_anew and needs_room),
            )
        calls: list[VendorCall] = []
        if self.periodic is not None:
            calls.append(periodic_schedule_call(serial, self.periodic))
        if self.charge is not None and charge_anew:
            calls.append(charge_settings_call(serial, self.charge))
        if self.discharge is not None and discharge_anew:
            calls.append(discharge_settings_call(serial, self.discharge))
        return tuple(calls[::-1] if needs_room else calls)

    def holds_same(self, other: Plan) -> bool:
        """Whether both hold the same, in whatever order.

        The flags of the periodic schedule cannot be read, and are not compared.
        """
        mine, its = self.periodic, other.periodic
        if mine is None or its is None:
            return self == other
        return (
            mine.cycle == its.cycle
            and Counter(mine.charge) == Counter(its.charge)
            and Counter(mine.discharge) == Counter(its.discharge)
        )

    def _windows(self) -> Iterator[Window]:
        if self.periodic is not None:
            yield from periods_in_force(self.periodic)
            return
        if self.charge is not None and self.charge.enabled:
            yield from slots_as_windows(self.charge)
        if self.discharge is not None and self.discharge.enabled:
            yield from slots_as_windows(self.discharge)


def periods_as_windows(schedule: PeriodicSchedule) -> Iterator[Window]:
    """Yield the windows of a periodic schedule, but for its placeholders."""
    for charges, periods in ((True, schedule.charge), (False, schedule.discharge)):
        for period in periods:
            if period.window is not None and not is_placeholder(period, charges):
                yield window_of(period, charges, schedule.cycle)


def periods_in_force(schedule: PeriodicSchedule) -> Iterator[Window]:
    """Yield the windows of a periodic schedule that are not switched off."""
    for window in periods_as_windows(schedule):
        enabled = (
            schedule.charge_enabled if window.charges else schedule.discharge_enabled
        )
        if enabled is not False:
            yield window


def window_of(period: Period, charges: bool, cycle: int | None) -> Window:
    """Return a period as a window."""
    window = known(period.window)
    daily = cycle == CYCLE_DAILY or period.weekdays is None
    return Window(
        charges=charges,
        start=window.start,
        end=window.end,
        days=ALL_DAYS if daily else period.weekdays or ALL_DAYS,
        power_w=period.power_w,
        limit_soc=period.limit_soc,
    )


def is_placeholder(period: Period, charges: bool) -> bool:
    """Tell whether a period is there only because a list must not be empty."""
    limit = LEAST_LIMIT if charges else 100
    return (
        period.power_w == PLACEHOLDER_POWER_W
        and period.limit_soc == limit
        and (period.window is not None and period.window.quarters((0,)) in _ONE_QUARTER)
    )


_ONE_QUARTER: Final = frozenset(frozenset({quarter}) for quarter in range(7 * 96))


def slots_as_windows(settings: ChargeSettings | DischargeSettings) -> Iterator[Window]:
    """Yield the used slots of a daily store as windows, whether it is enabled or not."""
    charges = isinstance(settings, ChargeSettings)
    limit = (
        settings.target_soc
        if isinstance(settings, ChargeSettings)
        else settings.floor_soc
    )
    for slot in settings.windows:
        yield Window(charges=charges, start=slot.start, end=slot.end, limit_soc=limit)


def as_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON can hold it; `InvalidRequest` when part is unknown."""
    data: dict[str, Any] = {}
    if (schedule := plan.periodic) is not None:
        data["periodic"] = {
            "executeCycleType": schedule.cycle,
            # Unlike the cloud's 0, which tells nothing, False is known to be off.
            "gridChargeCycle": schedule.charge_enabled,
            "ctrDisCycle": schedule.discharge_enabled,
            "chargeTimeList": [_element(item) for item in schedule.charge],
            "dischargeTimeList": [_element(item) for item in schedule.discharge],
        }
    if plan.charge is not None:
        data["charge"] = {
            "gridCharge": int(known(plan.charge.enabled)),
            "batHighCap": known(plan.charge.target_soc),
            **_slot_data(plan.charge.slots, "timeCha"),
        }
    if plan.discharge is not None:
        data["discharge"] = {
            "ctrDis": int(known(plan.discharge.enabled)),
            "batUseCap": known(plan.discharge.floor_soc),
            **_slot_data(plan.discharge.slots, "timeDis"),
        }
    return data


def from_data(data: Any) -> Plan:
    """Return a plan from its data."""
    return Plan(
        periodic=_periodic(data["periodic"]) if "periodic" in data else None,
        charge=ChargeSettings.parse(data["charge"]) if "charge" in data else None,
        discharge=DischargeSettings.parse(data["discharge"])
        if "discharge" in data
        else None,
    )


def do_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the data of two plans hold the same."""
    return from_data(one).holds_same(from_data(other))


def _periodic(data: Mapping[str, Any]) -> PeriodicSchedule:
    schedule = PeriodicSchedule.parse(data)
    if data["gridChargeCycle"] is False:
        schedule = replace(schedule, charge_enabled=False)
    if data["ctrDisCycle"] is False:
        schedule = replace(schedule, discharge_enabled=False)
    return schedule


def _element(period: Period) -> dict[str, Any]:
    window = known(period.window)
    element: dict[str, Any] = {
        "beginTime": f"{window.start:%H:%M}",
        "endTime": f"{window.end:%H:%M}",
        "chargeLimit": period.limit_soc,
    }
    if period.weekdays is not None:
        element["weeks"] = sorted(day + 1 for day in period.weekdays)
    if period.power_w is not None:
        element["chargePower"] = period.power_w
    return element


def _slot_data(
    slots: tuple[TimeWindow | None, TimeWindow | None], prefix: str
) -> dict[str, str]:
    data: dict[str, str] = {}
    for number, slot in enumerate(slots, start=1):
        window = known(slot)
        data[f"{prefix}f{number}"] = f"{window.start:%H:%M}"
        data[f"{prefix}e{number}"] = f"{window.end:%H:%M}"
    return data


def two_slots(windows: list[TimeWindow]) -> tuple[TimeWindow, TimeWindow]:
    """Return two slots, empty where there are fewer windows."""
    first, second = [*windows, UNUSED, UNUSED][:2]
    return first, second


def are_apart(
    charge: ChargeSettings | None, discharge: DischargeSettings | None
) -> bool:
    """Tell whether no windows of both daily stores are in force at once."""
    if charge is None or discharge is None:
        return True
    try:
        check_apart(charge, discharge)
    except InvalidRequest:
        return False
    return True
