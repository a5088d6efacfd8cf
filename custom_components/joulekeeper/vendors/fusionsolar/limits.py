"""The account's quotas, computed from its plants and devices (dossier section 4).

Every quota is kept as a sliding window with a margin, for whether the cloud counts in
sliding or in fixed windows is not known and a poll on the exact second is refused. They
are kept over restarts, for 24 restarts alone would spend a day's device lists.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ...core.errors import RateLimited
from ...core.models import Clock
from ..parsing import integer, mapping, number

DAY: Final = timedelta(days=1)
REAL_TIME_WINDOW: Final = timedelta(minutes=5)
ALARM_WINDOW: Final = timedelta(minutes=30)
LOGIN_WINDOW: Final = timedelta(minutes=10)
MARGIN: Final = timedelta(seconds=5)
GAP: Final = timedelta(seconds=63)
"""Between two calls of an interface that takes one a minute."""

PER_CALL: Final = 100
"""Plants, or devices of one type, in a call; and in the formulas of quotas."""
HISTORY_PER_CALL: Final = 10

LOGIN: Final = "login"
LOGOUT: Final = "logout"
PLANTS: Final = "stations"
OLD_PLANTS: Final = "getStationList"
DEVICES: Final = "getDevList"
PLANT_REAL_TIME: Final = "getStationRealKpi"
DEVICE_REAL_TIME: Final = "getDevRealKpi"
DEVICE_HISTORY: Final = "getDevHistoryKpi"
ALARMS: Final = "getAlarmList"
PLANT_PERIODS: Final = tuple(
    f"getKpiStation{p}" for p in ("Hour", "Day", "Month", "Year")
)
DEVICE_PERIODS: Final = tuple(f"getDevKpi{p}" for p in ("Month", "Year"))
CONTROL: Final = "control"
"""All calls that change something share one."""
TASKS: Final = "tasks"
"""What became of tasks, and what is set; no limit is documented but a day's 1000."""

OWN_LOGINS: Final = 2
"""Of five in ten minutes: another program may use the account too."""
CONTROL_CALLS: Final = 100
CONTROL_RESERVE: Final = 20
"""Kept for what gives the battery back."""

READABLE_TYPES: Final = frozenset({1, 10, 17, 38, 39, 41, 47, 23070})
"""The device types that have real-time values; others do not count for us."""

_FIRST_SILENCE: Final = timedelta(seconds=300)
_LONGEST_SILENCE: Final = timedelta(hours=6)
_FIRST_PAUSE_S: Final = 60.0
_LONGEST_PAUSE_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `calls` in a `window`, with `gap` between two; one to begin with.

    Of them `reserved` are for urgent calls only. Where keys have shares of their own,
    such as device types, `each` tells them; a key that it does not tell has one.
    """

    calls: int
    window: timedelta
    gap: timedelta = timedelta()
    reserved: int = 0
    each: Mapping[str, int] = field(default_factory=dict)


def quotas(plants: int, devices: Mapping[int, int]) -> dict[str, Quota]:
    """Return the quotas of an account with so many plants and devices by type.

    The numbers are the whole account's. An account of which nothing is known yet is
    taken for one with a plant and a device.
    """
    p = max(1, _parts(plants, PER_CALL))
    by_type = {
        kind: _parts(count, PER_CALL)
        for kind, count in devices.items()
        if kind in READABLE_TYPES and count > 0
    }
    d = max(1, sum(by_type.values()))
    tens = max(
        1,
        sum(
            _parts(count, HISTORY_PER_CALL)
            for kind, count in devices.items()
            if kind in READABLE_TYPES
        ),
    )
    daily = Quota(p + 24, DAY, GAP)
    return {
        LOGIN: Quota(OWN_LOGINS, LOGIN_WINDOW),
        LOGOUT: Quota(OWN_LOGINS, LOGIN_WINDOW),
        PLANTS: Quota(p * 10 + 24, DAY),
        OLD_PLANTS: Quota(24, DAY, GAP),
        DEVICES: daily,
        PLANT_REAL_TIME: Quota(p, REAL_TIME_WINDOW, GAP),
        **dict.fromkeys(PLANT_PERIODS, daily),
        # One call per type and window satisfies a pool and a limit for each type.
        DEVICE_REAL_TIME: Quota(
            d,
            REAL_TIME_WINDOW,
            each={str(kind): calls for kind, calls in by_type.items()},
        ),
        DEVICE_HISTORY: Quota(tens + 24, DAY, GAP),
        **dict.fromkeys(DEVICE_PERIODS, Quota(d + 24, DAY, GAP)),
        ALARMS: Quota(max(p, d), ALARM_WINDOW),
        CONTROL: Quota(CONTROL_CALLS, DAY, reserved=CONTROL_RESERVE),
        TASKS: Quota(1000, DAY),
    }


def _parts(count: int, size: int) -> int:
    return -(-max(0, count) // size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is `left` of an interface's `calls`; `reserved` ones are for urgent calls.

    Until `silent_until` none is made, for the cloud has refused one.
    """

    left: int
    calls: int
    reserved: int
    silent_until: datetime | None


@dataclass(slots=True)
class _Silence:
    until: datetime
    refusals: int
    after: int = 0
    """The number of calls that were booked before the refusal came."""
    share: str = ""
    """The share that was refused, where the quota has shares."""


class Limiter:
    """Counts the calls of an account, and refuses what its quotas do not hold.

    Calls are told by the interface and, where a quota has shares, a key. A refusal by
    the cloud silences the interface, for others may use the account too: from five
    minutes on, twice as long each time in a row. An overload silences all interfaces
    for a minute on.
    """

    def __init__(
        self,
        clock: Clock,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Take an account of which nothing is known."""
        self._clock = clock
        self._sleep = sleep
        self._quotas = quotas(1, {})
        self._spent: dict[str, list[tuple[datetime, str]]] = {}
        self._silences: dict[str, _Silence] = {}
        self._paused_until: datetime | None = None
        self._paused_after = 0
        self._pauses = 0
        self._booked = 0
        self._turns: dict[str, asyncio.Lock] = {}

    def resize(self, plants: int, devices: Mapping[int, int]) -> None:
        """Take the size of the account."""
        self._quotas = quotas(plants, devices)

    def quota(self, interface: str) -> Quota:
        """Return an interface's quota."""
        return self._quotas[interface]

    def left(self, interface: str, key: str = "") -> int:
        """Return how many ordinary calls may be made now, in a row."""
        now = self._clock()
        if self._silent_until(interface, key, now) is not None:
            return 0
        quota, spent = self._quotas[interface], self._recent(interface, now)
        left = quota.calls - quota.reserved - len(spent)
        if key and quota.each:
            used = sum(1 for _, other in spent if other == key)
            left = min(left, quota.each.get(key, 1) - used)
        return max(0, left)

    def share(self, interface: str) -> Share:
        """Return what is left of an interface's quota, whatever it waits for now."""
        now, quota = self._clock(), self._quotas[interface]
        used = len(self._recent(interface, now))
        silent = self._silent_until(interface, "", now)
        return Share(
            left=max(0, quota.calls - used),
            calls=quota.calls,
            reserved=quota.reserved,
            silent_until=silent,
        )

    def wait(
        self, interface: str, key: str = "", *, urgent: bool = False
    ) -> tuple[timedelta, str | None]:
        """Return how long a call has to wait, and the reason; nothing and None at once."""
        now = self._clock()
        if (until := self._silent_until(interface, key, now)) is not None:
            refused = _silence_name(interface, key) in self._silences
            return until - now, "too_frequent" if refused else "overloaded"
        quota, spent = self._quotas[interface], self._recent(interface, now)
        free_at, reason = now, None
        allowed = quota.calls if urgent else quota.calls - quota.reserved
        windows = [(allowed, [stamp for stamp, _ in spent])]
        if key and quota.each:
            same = [stamp for stamp, other in spent if other == key]
            windows.append((quota.each.get(key, 1), same))
        for limit, stamps in windows:
            if len(stamps) >= limit:
                at = stamps[-limit] if limit > 0 else now
                free_at = max(free_at, at + quota.window + MARGIN)
                reason = "own_budget"
        if reason is None and spent and quota.gap:
            free_at = max(free_at, spent[-1][0] + quota.gap)
        return free_at - now, reason

    def require(
        self, interface: str, key: str = "", *, urgent: bool = False
    ) -> timedelta:
        """Return how long a call has to wait for the one before it.

        `RateLimited` with the wait where a quota is spent or the cloud wants silence.
        """
        wait, reason = self.wait(interface, key, urgent=urgent)
        if reason is not None:
            raise RateLimited(
                f"{interface}: not sent ({reason})",
                wait.total_seconds(),
                reason=reason,
            )
        return wait

    async def turn(self, interface: str, key: str = "", *, urgent: bool = False) -> int:
        """Book a call, return its number; wait a minute for the one before, if need be.

        `RateLimited` as by `require`.
        """
        async with self._turns.setdefault(interface, asyncio.Lock()):
            wait = self.require(interface, key, urgent=urgent)
            if wait > timedelta():
                await self._sleep(wait.total_seconds())
                self.require(interface, key, urgent=urgent)
            self._spent.setdefault(interface, []).append((self._clock(), key))
            self._booked += 1
            return self._booked

    def not_sent(self, interface: str) -> None:
        """Give back the call booked last, for it did not leave."""
        if spent := self._spent.get(interface):
            spent.pop()

    def succeeded(self, interface: str, booked: int, key: str = "") -> None:
        """Forget the refusals that came before a call of this number was booked.

        One that was under way together with a refused one tells nothing of it, nor does
        that of another share.
        """
        name = _silence_name(interface, key)
        silence = self._silences.get(name)
        if (
            silence is not None
            and booked > silence.after
            and silence.share in ("", self._share(interface, key))
        ):
            del self._silences[name]
        if booked > self._paused_after:
            self._paused_until, self._pauses = None, 0

    def refused(self, interface: str, key: str = "") -> float:
        """Be silent after a refusal for a quota; return for how long, s.

        Calls that were under way together are one refusal.
        """
        now, name = self._clock(), _silence_name(interface, key)
        known = self._silences.get(name)
        if known is None or now >= known.until:
            refusals = known.refusals if known is not None else 0
            wait = min(_FIRST_SILENCE * 2 ** min(refusals, 10), _LONGEST_SILENCE)
            if self._quotas[interface].window < DAY:
                wait = min(wait, _FIRST_SILENCE * 6)
            share = self._share(interface, key)
            known = _Silence(now + wait + MARGIN, refusals + 1, self._booked, share)
            self._silences[name] = known
        return (known.until - now).total_seconds()

    def overloaded(self) -> float:
        """Be silent as a whole after a 403 or 429; return for how long, s."""
        now = self._clock()
        if self._paused_until is None or now >= self._paused_until:
            wait = min(_FIRST_PAUSE_S * 2 ** min(self._pauses, 10), _LONGEST_PAUSE_S)
            self._pauses += 1
            self._paused_after = self._booked
            self._paused_until = now + timedelta(seconds=wait)
        return (self._paused_until - now).total_seconds()

    def forget(self, interface: str) -> None:
        """Forget the calls of an interface, for they were another user's."""
        self._spent.pop(interface, None)
        self._silences.pop(interface, None)

    # -- over restarts -----------------------------------------------------------

    def as_data(self) -> dict[str, Any]:
        """Return what has to be known after a restart."""
        now = self._clock()
        return {
            "spent": {
                interface: [[stamp.timestamp(), key] for stamp, key in recent]
                for interface in self._quotas
                if (recent := self._recent(interface, now))
            },
            "silent": {
                name: [silence.until.timestamp(), silence.refusals]
                for name, silence in self._silences.items()
            },
            "paused": None
            if self._paused_until is None
            else [self._paused_until.timestamp(), self._pauses],
        }

    def restore(self, data: Any) -> None:
        """Take what was known before a restart; what cannot be read is left out."""
        now = self._clock()
        saved = mapping(data)
        for interface, calls in mapping(saved.get("spent")).items():
            if interface in self._quotas and isinstance(calls, list):
                read = (_call(item, now) for item in calls)
                self._spent[interface] = sorted(
                    [call for call in read if call is not None]
                    + self._spent.get(interface, [])
                )
        for name, item in mapping(saved.get("silent")).items():
            known = name.partition(" ")[0] in self._quotas
            if known and (silence := _silence(item, now)) is not None:
                self._silences[name] = silence
        if (paused := _silence(saved.get("paused"), now)) is not None:
            self._paused_until, self._pauses = paused.until, paused.refusals

    def _silent_until(self, interface: str, key: str, now: datetime) -> datetime | None:
        # A clock that was set back must not silence anything for years.
        ends = []
        if self._paused_until is not None:
            most = now + timedelta(seconds=_LONGEST_PAUSE_S)
            self._paused_until = min(self._paused_until, most)
            ends.append(self._paused_until)
        if (silence := self._silences.get(_silence_name(interface, key))) is not None:
            silence.until = min(silence.until, now + _LONGEST_SILENCE + MARGIN)
            ends.append(silence.until)
        latest = max(ends, default=now)
        return latest if latest > now else None

    def _share(self, interface: str, key: str) -> str:
        return key if self._quotas[interface].each else ""

    def _recent(self, interface: str, now: datetime) -> list[tuple[datetime, str]]:
        """Return the calls that still count, without what lies in the future."""
        since = now - self._quotas[interface].window - MARGIN
        calls = self._spent.get(interface, [])
        recent = [call for call in calls if since < call[0] <= now]
        if len(recent) != len(calls):
            self._spent[interface] = recent
        return recent


def _silence_name(interface: str, key: str) -> str:
    """Return what a refusal silences: of what changes something one kind of it."""
    return f"{interface} {key}" if interface == CONTROL and key else interface


def _call(item: Any, now: datetime) -> tuple[datetime, str] | None:
    if not isinstance(item, list) or len(item) != 2 or not isinstance(item[1], str):
        return None
    stamp = _stamp(item[0], now)
    return None if stamp is None or stamp > now else (stamp, item[1])


def _silence(item: Any, now: datetime) -> _Silence | None:
    if not isinstance(item, list) or len(item) != 2:
        return None
    until = _stamp(item[0], now)
    return None if until is None else _Silence(until, max(1, integer(item[1]) or 1))


def _stamp(value: Any, now: datetime) -> datetime | None:
    seconds = number(value)
    if seconds is None or abs(seconds - now.timestamp()) > 2 * DAY.total_seconds():
        return None
    return datetime.fromtimestamp(seconds, UTC)
