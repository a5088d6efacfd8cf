"""A plan in memory, and all that settles it: our own code, without Home Assistant.

The stores and what they refuse are the fake cloud's, the ledger, the keeper and the
settler are the real ones. Only what Home Assistant would do is played here: files,
timers, and how an account is polled.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
import json
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch
from zoneinfo import ZoneInfo

from custom_components.joulekeeper import settle
from custom_components.joulekeeper.control import DeviceControl, new_tag
from custom_components.joulekeeper.core.dispatch import Dispatch
from custom_components.joulekeeper.core.errors import (
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TransientError,
)
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.core.models import EndpointId, Readings
from custom_components.joulekeeper.core.records import decode, encode
from custom_components.joulekeeper.keeper import Keeper
from custom_components.joulekeeper.vendors.alphaess import VENDOR
from custom_components.joulekeeper.vendors.alphaess.control import SystemController
from custom_components.joulekeeper.vendors.alphaess.endpoints import PLAN
from custom_components.joulekeeper.vendors.alphaess.periodic import PeriodicSchedule
from custom_components.joulekeeper.vendors.alphaess.plan import Plan
from custom_components.joulekeeper.vendors.alphaess.settings import (
    ChargeSettings,
    DischargeSettings,
)
from custom_components.joulekeeper.vendors.base import VendorCall
from homeassistant.exceptions import HomeAssistantError
from tests.clouds.alphaess.behaviour import Behaviour
from tests.clouds.alphaess.compact import dump
from tests.clouds.alphaess.errors import ApiError
from tests.clouds.alphaess.fixtures import SYSTEMS, SystemSpec
from tests.clouds.alphaess.inverter import Doing, Settings, decide
from tests.clouds.alphaess.stores import (
    ChargeStore,
    DischargeStore,
    PeriodicStore,
    Versions,
)
from tests.clouds.alphaess.writes import charge_store, discharge_store, periodic_store

SERIAL: Final = "ALX000000000001"
MINUTE: Final = timedelta(minutes=1)
POLLED: Final = timedelta(minutes=30)
RECONCILED: Final = timedelta(minutes=15)
FIRST_RETRY: Final = timedelta(seconds=30)
READS_BACK: Final = timedelta(seconds=5)


class Answer(StrEnum):
    """What comes of a write."""

    DONE = "done"
    LOST = "lost"
    """Done, but nobody hears of it."""
    VANISHED = "vanished"
    """Not done, and nobody hears of it."""
    OFFLINE = "offline"
    """Not done, and known not to be."""
    REFUSED = "refused"
    THROTTLED = "throttled"
    KILLED_BEFORE = "killed_before"
    """Home Assistant dies before the cloud gets it."""
    KILLED_AFTER = "killed_after"


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Stored:
    """All three stores of a system; one that is not entitled has no periodic one."""

    charge: ChargeStore = field(default=ChargeStore())
    discharge: DischargeStore = field(default=DischargeStore())
    periodic: PeriodicStore | None = None

    @property
    def spec(self) -> SystemSpec:
        """What kind of system it is."""
        return SYSTEMS[0 if self.periodic is None else 1]

    def doing(self, local: datetime, behaviour: Behaviour) -> Doing:
        """Return what an inverter does with them at a wall time, half full."""
        settings = Settings(
            self.charge, self.discharge, self.periodic or PeriodicStore()
        )
        return decide(self.spec, settings, local, 50, behaviour)

    def plan(self, behaviour: Behaviour) -> Plan:
        """Return what our client reads."""
        if self.periodic is not None:
            payload = json.loads(dump(self.periodic.payload(SERIAL, behaviour)))
            return Plan(periodic=PeriodicSchedule.parse(payload))
        return Plan(
            charge=ChargeSettings.parse(self.charge.payload()),
            discharge=DischargeSettings.parse(self.discharge.payload()),
        )


@dataclass
class PlanCloud:
    """Keeps one system's stores; what the API writes is shown after `lag`."""

    rig: Rig
    lag: timedelta
    behaviour: Behaviour
    stored: Versions[Stored]
    answers: deque[Answer] = field(default_factory=deque)
    down: bool = False
    unheard_at: datetime | None = None
    writes: list[VendorCall] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    idle_writes: list[str] = field(default_factory=list)

    @property
    def newest(self) -> Stored:
        """What there really is."""
        return self.stored.newest

    def app_sets(self, stored: Stored) -> None:
        """Take what the owner saves in the app, who sees it at once."""
        now = self.rig.now
        self.stored.write(stored, now, now)

    async def send(self, call: VendorCall) -> None:
        """Make a write of ours."""
        if self.down:
            raise TransientError("no line")
        self.writes.append(call)
        answer = self.answers.popleft() if self.answers else Answer.DONE
        if answer is not Answer.DONE:
            self.rig.troubled()
        match answer:
            case Answer.VANISHED:
                raise OutcomeUnknown("no answer")
            case Answer.OFFLINE:
                raise TransientError("offline")
            case Answer.REFUSED:
                raise Rejected("set failed")
            case Answer.THROTTLED:
                raise RateLimited("too fast", 60)
            case Answer.KILLED_BEFORE:
                raise Killed
        self._take(call)
        if answer is not Answer.DONE:
            self.unheard_at = self.rig.now
        if answer is Answer.LOST:
            raise OutcomeUnknown("no answer")
        if answer is Answer.KILLED_AFTER:
            raise Killed

    def _take(self, call: VendorCall) -> None:
        before, body = self.newest, dict(call.body or {})
        try:
            match call.path.rsplit("/", 1)[-1]:
                case "setTimeChargeBySn":
                    assert before.periodic is not None
                    store = periodic_store(body, before.periodic, self.behaviour)
                    after = replace(before, periodic=store)
                case "updateChargeConfigInfo":
                    charge = charge_store(body, before.discharge, self.behaviour)
                    after = replace(before, charge=charge)
                case "updateDisChargeConfigInfo":
                    discharge = discharge_store(body, before.charge, self.behaviour)
                    after = replace(before, discharge=discharge)
                case path:
                    raise AssertionError(path)
        except ApiError as error:
            known_since = self.rig.now - 3 * self.lag
            if self.unheard_at is None or self.unheard_at <= known_since:
                # Else a lost answer and a late list have kept what was there from us.
                self.refused.append(f"{error}: {body}")
            raise Rejected("refused") from error
        if same(before, after):
            self.idle_writes.append(str(body))
        now = self.rig.now
        self.stored.write(after, now + self.lag, now)


def same(one: Stored, other: Stored) -> bool:
    """Tell whether two states differ in nothing but the order of periods."""
    if one.periodic is None or other.periodic is None:
        return one == other
    return periods(one.periodic) == periods(other.periodic) and (
        one.periodic.cycle == other.periodic.cycle
    )


def periods(store: PeriodicStore) -> Counter[object]:
    """Return what is in a periodic store, in no order."""
    return Counter(
        (charges, item.begin, item.end, item.limit, item.power, frozenset(item.weeks))
        for charges, items in ((True, store.charge), (False, store.discharge))
        for item in items
    )


@dataclass
class _Coordinator:
    """Fetches the plan when it is asked to."""

    rig: Rig
    fetches: int = 0

    async def async_refresh(self) -> None:
        """Fetch, if the cloud can be reached."""
        cloud = self.rig.cloud
        if cloud.down:
            return
        shown = cloud.stored.shown(self.rig.now)
        self.rig.readings.put(_PLAN_ID, shown.plan(cloud.behaviour))
        self.fetches += 1


_PLAN_ID: Final = EndpointId(PLAN.name, SERIAL)


@dataclass
class _Journal:
    """The file, which outlives a process that is killed."""

    rig: Rig
    file: str = field(default_factory=lambda: json.dumps(encode(Ledger())))
    written: list[datetime] = field(default_factory=list)

    async def save(self) -> bool:
        """Write the file."""
        self.file = json.dumps(encode(self.rig.control.ledger))
        return True

    def save_soon(self) -> None:
        """Do nothing: who is killed had no time."""

    def add(self, entry: object) -> None:
        """Log nothing."""

    def count_writes(self, calls: int = 1) -> None:
        """Count writes; less than none for those that came to nothing."""
        self.written += [self.rig.now] * calls
        del self.written[len(self.written) + min(0, calls) :]

    def recent_writes(self, window: timedelta) -> tuple[datetime, ...]:
        """Return when there was a write."""
        return tuple(item for item in self.written if item > self.rig.now - window)


class _Controls:
    """There is one device, and nobody else wants it."""

    @asynccontextmanager
    async def turn(self, control: DeviceControl) -> AsyncIterator[None]:
        """Take the lock."""
        async with control.lock:
            yield


def done[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what never waits for anything."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waits")


class Rig:
    """One system, its owner's app, and our side of it, at a time that is moved."""

    def __init__(
        self,
        now: datetime,
        zone: str,
        stored: Stored,
        lag: timedelta = timedelta(),
        behaviour: Behaviour | None = None,
    ) -> None:
        """Start at an instant with what the owner has set."""
        self.now = now
        self.zone = ZoneInfo(zone)
        self.trouble_at = now - timedelta(days=1)
        self.cloud = PlanCloud(
            self, lag, behaviour or Behaviour(), Versions(stored, now)
        )
        self.journal = _Journal(self)
        self._patches = (
            patch("homeassistant.util.dt.utcnow", lambda: self.now),
            patch.object(settle, "asyncio", SimpleNamespace(sleep=self._sleep)),
        )
        for each in self._patches:
            each.start()
        self._start(Ledger())

    def close(self) -> None:
        """Give the clock back."""
        for each in self._patches:
            each.stop()

    async def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _start(self, ledger: Ledger) -> None:
        self.readings = Readings()
        self._failures = 0
        self._retry_at: datetime | None = None
        self._polled_at = self._reconciled_at = self.now
        controller = SystemController(
            SERIAL,
            self.cloud,
            SimpleNamespace(),
            lambda: self.zone,  # type: ignore[arg-type]
        )
        account = SimpleNamespace(
            readings=self.readings, coordinators={_PLAN_ID: _Coordinator(self)}
        )
        self.control = DeviceControl(controller, account, self.journal, ledger)  # type: ignore[arg-type]
        entry = SimpleNamespace(
            options={}, async_start_reauth_if_available=lambda _hass: None
        )
        self.keeper = Keeper(
            None,
            entry,
            _Controls(),
            self.journal,
            VENDOR.writes,  # type: ignore[arg-type]
        )

    # -- what there is ---------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """The book of the system."""
        return self.control.ledger

    @property
    def local(self) -> datetime:
        """The plant's wall time."""
        return self.now.astimezone(self.zone)

    @property
    def dispatches(self) -> list[Dispatch]:
        """All that was sent, or is to be."""
        return list(self.ledger.dispatches.values())

    def troubled(self) -> None:
        """Note that something went wrong just now."""
        self.trouble_at = self.now

    # -- what happens ----------------------------------------------------------

    def ask(self, order: Coroutine[Any, Any, Any]) -> bool:
        """Have the keeper do something; tell whether it was done and nobody died."""
        try:
            done(order)
        except HomeAssistantError:
            return False
        except Killed:
            self.restart(killed=True)
            return False
        finally:
            self._after()
        return True

    def restart(self, *, killed: bool = False) -> None:
        """Forget all that is not in the file; what is killed writes none."""
        if not killed:
            done(self.journal.save())
        self._start(decode(Ledger, json.loads(self.journal.file)))
        self._settle()

    def live_for(self, span: timedelta) -> None:
        """Let time pass as the watcher of an account does, from look to look."""
        until = self.now + span
        while self.now < until:
            moments = [
                until,
                self._polled_at + POLLED,
                self._reconciled_at + RECONCILED,
            ]
            moments += [
                edge
                for item in self.dispatches
                if item.live or item.pending
                for edge in (item.segment.start, item.segment.end, item.due_at)
                if edge is not None and edge > self.now
            ]
            if self._retry_at is not None:
                moments.append(self._retry_at)
            self.now = max(self.now, min(moments))
            self._look()

    def _look(self) -> None:
        if self.now >= self._polled_at + POLLED:
            self._polled_at = self.now
            done(self.control.account.coordinators[_PLAN_ID].async_refresh())
        self.control.take_in()
        due = self._retry_at is not None and self.now >= self._retry_at
        if self.now >= self._reconciled_at + RECONCILED:
            self._reconciled_at = self.now
            due = due or self.ledger.has_work
        if due or self.keeper.unsettled(self.control):
            self._settle()
        self._after()

    def _settle(self) -> None:
        self.ask(self._settled())

    async def _settled(self) -> None:
        try:
            await self.control.refresh()
            blind = False
        except HomeAssistantError:
            self.control.take_in()
            blind = True
        for dispatch in self.ledger.live():
            if dispatch.overdue(self.now):
                self.ledger.resend(dispatch, self.now, new_tag())
        settled = await self.keeper.settle(self.control, blind=blind)
        self._retry_at = None
        pending = self.ledger.is_pending(self.now)
        self._failures = min(self._failures + 1, 9) if pending else 0
        if pending and settled.patience:
            wait = max(settled.patience, self._backed_off())
            self._retry_at = self.now + wait

    def _after(self) -> None:
        if not self.ledger.is_pending(self.now):
            self._retry_at = None
        elif self._retry_at is None or self._retry_at <= self.now:
            self._retry_at = self.now + self._backed_off()

    def _backed_off(self) -> timedelta:
        return min(FIRST_RETRY * 2**self._failures, RECONCILED)
