"""How often an account may ask, from its plants and devices (4)."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from .behaviour import Behaviour

_MINUTE = timedelta(minutes=1)
_FIVE = timedelta(minutes=5)
_TEN = timedelta(minutes=10)
_HALF_HOUR = timedelta(minutes=30)
_DAY = timedelta(days=1)

_ONE_A_MINUTE = frozenset(
    {
        *("getStationList", "getStationRealKpi", "getDevList", "getDevHistoryKpi"),
        *("getKpiStationHour", "getKpiStationDay"),
        *("getKpiStationMonth", "getKpiStationYear"),
        *("getDevKpiDay", "getDevKpiMonth", "getDevKpiYear"),
    }
)


class Estate(NamedTuple):
    """What the quotas of an account hang on: P, and D_t of each readable type."""

    plants: int
    devices: Mapping[int, int]

    def plant_batches(self) -> int:
        """Return ceil(P/100), at least one."""
        return max(1, ceil(self.plants / 100))

    def device_batches(self, size: int) -> int:
        """Return the sum of ceil(D_t/size), at least one."""
        return max(1, sum(ceil(n / size) for n in self.devices.values()))


class Limit(NamedTuple):
    """So many calls in so long."""

    calls: int
    span: timedelta


def limit(label: str, estate: Estate) -> Limit | None:
    """Return the documented limit of an interface, None without one."""
    plants = estate.plant_batches()
    match label:
        case "login" | "logout":
            return Limit(5, _TEN)
        case "stations":
            return Limit(plants * 10 + 24, _DAY)
        case "getStationList":
            return Limit(24, _DAY)
        case "getStationRealKpi":
            return Limit(plants, _FIVE)
        case (
            "getKpiStationHour"
            | "getKpiStationDay"
            | "getKpiStationMonth"
            | "getKpiStationYear"
            | "getDevList"
        ):
            return Limit(plants + 24, _DAY)
        case "getDevRealKpi":
            return Limit(estate.device_batches(100), _FIVE)
        case "getDevHistoryKpi" | "getDevFiveMinutes":
            return Limit(estate.device_batches(10) + 24, _DAY)
        case "getDevKpiDay" | "getDevKpiMonth" | "getDevKpiYear":
            return Limit(estate.device_batches(100) + 24, _DAY)
        case "getAlarmList":
            return Limit(max(plants, estate.device_batches(100)), _HALF_HOUR)
    return None


class Quotas:
    """What one account has used."""

    def __init__(self, estate: Callable[[], Estate], behaviour: Behaviour) -> None:
        """Start unused; `estate` tells what the account has at present."""
        self._estate = estate
        self._behaviour = behaviour
        self._calls: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self.refused: Counter[str] = Counter()
        """Calls over the limit, by label."""

    def limit(self, label: str) -> Limit | None:
        """Return the limit of an interface."""
        return limit(label, self._estate())

    def used(self, label: str, now: datetime) -> int:
        """Return how many calls count against an interface's limit now."""
        bound = self.limit(label)
        return 0 if bound is None else self._count(label, now, bound.span)

    def spend(self, label: str, now: datetime, calls: int = 1) -> None:
        """Count calls that somebody else makes on the account."""
        self._calls[label].extend([now] * calls)

    def take(self, label: str, now: datetime, kind: int | None = None) -> bool:
        """Count a call; whether it is inside the limits. `kind` is a devTypeId."""
        if not self._behaviour.quotas:
            return True
        bound = self.limit(label)
        key = label
        if label == "getDevRealKpi" and self._behaviour.device_quota == "per_type":
            key = f"{label}/{kind}"
            devices = self._estate().devices.get(kind or 0, 0)
            bound = Limit(max(1, ceil(devices / 100)), _FIVE)
        inside = bound is None or self._count(key, now, bound.span) < bound.calls
        if label in _ONE_A_MINUTE and self._behaviour.one_per_minute:
            # More than a hundred plants take more than one call at a time.
            room = bound.calls if bound is not None and bound.span == _FIVE else 1
            inside = inside and self._count(key, now, _MINUTE) < room
        return self._settle(key, now, inside)

    def take_control(self, label: str, now: datetime) -> bool:
        """Count a control task against the daily maximum (20618)."""
        pooled = self._behaviour.control_quota == "pooled"
        key = "control" if pooled else f"control/{label}"
        inside = self._count(key, now, _DAY) < self._behaviour.control_per_day
        return self._settle(key, now, inside)

    def _settle(self, key: str, now: datetime, inside: bool) -> bool:
        if not inside:
            self.refused[key] += 1
        if inside or self._behaviour.refused_counts:
            self._calls[key].append(now)
        return inside

    def _count(self, key: str, now: datetime, span: timedelta) -> int:
        calls = self._calls[key]
        while calls and now - calls[0] > _DAY:
            calls.popleft()
        if self._behaviour.quota_window == "fixed":
            width = span.total_seconds()
            begin = now.timestamp() // width * width
            return sum(at.timestamp() >= begin for at in calls)
        # Exactly 300 s later is still too early (4).
        return sum(now - at <= span for at in calls)
