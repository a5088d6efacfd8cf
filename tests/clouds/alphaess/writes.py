"""What a write must look like, and the store that it makes (2.6 to 2.8)."""

from typing import Any

from .behaviour import Behaviour
from .errors import MALFORMED, PARAMETER, SET_FAILED, ApiError
from .stores import ChargeStore, DischargeStore, Period, PeriodicStore
from .windows import UNUSED, Span, check_grid, checked_time, overlap

_PER_DAY = 6
_PER_WEEK = 28
_EVERY_DAY = frozenset(range(1, 8))
_PERIOD_KEYS = frozenset(
    {"beginTime", "endTime", "weeks", "chargePower", "chargeLimit"}
)


def _number(value: object, behaviour: Behaviour, lowest: float, most: float) -> float:
    """Return a number of a write: an int where it is whole."""
    if isinstance(value, str) and behaviour.string_numbers == "accepted":
        try:
            value = float(value)
        except ValueError:
            raise ApiError(PARAMETER) from None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ApiError(PARAMETER)
    if not lowest <= value <= most:
        raise ApiError(PARAMETER)
    return int(value) if value == int(value) else value


def _flag(value: object, behaviour: Behaviour) -> int:
    return int(_number(value, behaviour, 0, 1))


def _legacy_field(
    body: dict[str, Any], name: str, default: object, behaviour: Behaviour
) -> object:
    value = body.get(name)
    if value is None:
        if behaviour.omitted_field != "reset":
            raise ApiError(PARAMETER)
        return default
    return value


def _legacy_windows(
    body: dict[str, Any], stem: str, behaviour: Behaviour
) -> tuple[Span, Span]:
    """Return both slots: `timeChaf1` is from, `timeChae1` is end."""

    def slot(n: int) -> Span:
        start, end = (
            checked_time(
                _legacy_field(body, f"{stem}{edge}{n}", UNUSED, behaviour), behaviour
            )
            for edge in "fe"
        )
        return start, end

    slots = (slot(1), slot(2))
    for span in slots:
        check_grid(span, behaviour)
    return slots


def _check_legacy_overlap(
    charge: ChargeStore, discharge: DischargeStore, behaviour: Behaviour
) -> None:
    if behaviour.legacy_overlap != SET_FAILED:
        return
    if charge.grid_charge and discharge.ctr_dis:
        for one in charge.windows:
            for other in discharge.windows:
                if overlap((one, _EVERY_DAY), (other, _EVERY_DAY), behaviour):
                    raise ApiError(SET_FAILED)


def charge_store(
    body: dict[str, Any], discharge: DischargeStore, behaviour: Behaviour
) -> ChargeStore:
    """Return what updateChargeConfigInfo asks for; what is left out is reset."""
    store = ChargeStore(
        _flag(_legacy_field(body, "gridCharge", 0, behaviour), behaviour),
        _legacy_windows(body, "timeCha", behaviour),
        _number(_legacy_field(body, "batHighCap", 100, behaviour), behaviour, 0, 100),
    )
    _check_legacy_overlap(store, discharge, behaviour)
    return store


def discharge_store(
    body: dict[str, Any], charge: ChargeStore, behaviour: Behaviour
) -> DischargeStore:
    """Return what updateDisChargeConfigInfo asks for; what is left out is reset."""
    store = DischargeStore(
        _flag(_legacy_field(body, "ctrDis", 0, behaviour), behaviour),
        _legacy_windows(body, "timeDis", behaviour),
        _number(_legacy_field(body, "batUseCap", 10, behaviour), behaviour, 0, 100),
    )
    _check_legacy_overlap(charge, store, behaviour)
    return store


def periodic_store(
    body: dict[str, Any], old: PeriodicStore, behaviour: Behaviour
) -> PeriodicStore:
    """Return what setTimeChargeBySn asks for."""
    lists = [body.get(name) for name in ("chargeTimeList", "dischargeTimeList")]
    if not all(isinstance(items, list) for items in lists):
        raise ApiError(MALFORMED)
    if not all(lists):
        raise ApiError(PARAMETER, "time list is null")
    cycle = _flag(body.get("executeCycleType"), behaviour)
    charge, discharge = (
        tuple(_period(item, cycle, behaviour) for item in items or ())
        for items in lists
    )
    _check_counts((*charge, *discharge), cycle)
    for one in charge:
        for other in discharge:
            first = one.span, _days(one, cycle)
            second = other.span, _days(other, cycle)
            if overlap(first, second, behaviour):
                raise ApiError(SET_FAILED)
    kept = behaviour.omitted_flag == "kept"
    return PeriodicStore(
        cycle,
        _flag(body.get("gridChargeCycle", old.grid_charge * kept), behaviour),
        _flag(body.get("ctrDisCycle", old.ctr_dis * kept), behaviour),
        charge,
        discharge,
    )


def _days(period: Period, cycle: int) -> frozenset[int]:
    return frozenset(period.weeks) if cycle == 1 else _EVERY_DAY


def _check_counts(periods: tuple[Period, ...], cycle: int) -> None:
    """Refuse more periods than there may be, of both directions together."""
    if len(periods) > _PER_WEEK:
        raise ApiError(PARAMETER)
    for day in _EVERY_DAY:
        if sum(day in _days(period, cycle) for period in periods) > _PER_DAY:
            raise ApiError(PARAMETER)


def _period(item: object, cycle: int, behaviour: Behaviour) -> Period:
    """Return a checked period."""
    if not isinstance(item, dict):
        raise ApiError(MALFORMED)
    if behaviour.extra_period_keys != "ignored" and item.keys() - _PERIOD_KEYS:
        raise ApiError(PARAMETER)
    weeks = item.get("weeks") or []
    if not isinstance(weeks, list):
        raise ApiError(PARAMETER)
    if not all(isinstance(day, int) and day in _EVERY_DAY for day in weeks):
        raise ApiError(PARAMETER)
    if cycle == 1 and not weeks:
        raise ApiError(PARAMETER)
    power = item.get("chargePower")
    period = Period(
        checked_time(item.get("beginTime"), behaviour),
        checked_time(item.get("endTime"), behaviour),
        _number(item.get("chargeLimit"), behaviour, 10, 100),
        None if power is None else int(_number(power, behaviour, 0, 100_000)),
        tuple(weeks),
    )
    check_grid(period.span, behaviour, behaviour.periodic_grid_min)
    return period
