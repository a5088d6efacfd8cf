"""Whenever Home Assistant dies, a borrowed AlphaESS plan is given back.

As `test_kill` for Redback, with both kinds of plan: the periodic schedule and the
daily stores. `JOULEKEEPER_KILLS` is the number of kills for each of them.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
import logging
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from scripts.tools.demo.api import HassAnswerError
from scripts.tools.demo.hass import HassError

from ..clouds import AlphaEssCloud
from ..clouds.alphaess import Period
from .moments import CRASHES, LOG_LINES, STORIES, in_a_call, in_a_start, kill, kills_of
from .rig import AlphaRig, running_alpha_rig

_LOGGER = logging.getLogger(__name__)

WRITES: Final = r"POST .*/(update(Dis)?ChargeConfigInfo|setTimeChargeBySn)"
QUARTER: Final = timedelta(minutes=15)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
LAST_END: Final = time(23, 45)
SETTLED: Final = 6.0
"""Minutes: a write that comes too soon after one of the process that died is refused,
and waits a minute or two."""
STAYS: Final = timedelta(seconds=30)
TOO_SHORT: Final = timedelta(minutes=5)
"""What is interrupted may be dropped for good when less than about that is left."""
LAID_AHEAD: Final = timedelta(minutes=35)
"""So long before its start a schedule is in the cloud for sure."""
QUIET_CALLS: Final = 0.4
RELAPSES: Final = 0.15
APP_EDITS: Final = 0.4
"""How likely the owner uses his app while Home Assistant is dead."""
PROVEN: Final = frozenset({"confirmed", "active", "delivering"})
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

type Item = tuple[Any, ...]
"""A window (whether it charges, begin, end, weekdays, what else) or a setting."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A kind of plan: its fixture and zone, and what can be asked of it."""

    fixture: str
    zone: str
    actions: tuple[str, ...]
    periodic: bool

    def prepare(self, cloud: AlphaEssCloud) -> None:
        """Set what the owner has set, some of which ours will cut."""
        serial = cloud.serials[0]
        if self.periodic:
            cloud.app_set_periodic(
                serial,
                charge=[
                    Period("01:00", "05:00", 90, 5000, (6, 5, 4, 3, 2, 1, 7)),
                    Period("09:30", "11:00", 80, 2500, (1, 3, 5, 6)),
                ],
                discharge=[Period("12:00", "21:00", 20, 3000, (1, 2, 3, 4, 5))],
            )
        else:
            cloud.app_set_charge(
                serial, ("01:00", "05:00"), ("20:00", "20:30"), bat_high_cap=95
            )
            cloud.app_set_discharge(serial, ("18:15", "19:45"), ("21:00", "23:00"))

    def app_edit(self, rig: AlphaRig, number: int) -> tuple[set[Item], set[Item]]:
        """Edit the plan in the app; return what is new in it, and what is gone."""
        stores = rig.cloud.stores(rig.serial)
        if self.periodic:
            begin = f"{21 + number // 4:02}:{number % 4 * 15:02}"
            end = f"{21 + (number + 1) // 4:02}:{(number + 1) % 4 * 15:02}"
            new = Period(begin, end, 30 + number, 700, (7,))
            periodic = stores.periodic
            rig.cloud.app_set_periodic(
                rig.serial, (*periodic.charge, new), periodic.discharge
            )
            return {_item(True, new)}, set()
        old = stores.discharge.bat_use_cap
        new_floor = 11 + number
        rig.cloud.app_set_discharge(
            rig.serial,
            *stores.discharge.windows,
            ctr_dis=bool(stores.discharge.ctr_dis),
            bat_use_cap=new_floor,
        )
        return {("floor", new_floor)}, {("floor", old)}

    def plan(self, rig: AlphaRig) -> set[Item]:
        """Return all that the cloud holds of the plan; the newest, shown or not."""
        stores = rig.cloud.stores(rig.serial)
        if self.periodic:
            periodic = stores.periodic
            return {
                ("flags", periodic.grid_charge, periodic.ctr_dis),
                *(_item(True, item) for item in periodic.charge),
                *(_item(False, item) for item in periodic.discharge),
            }
        charge, discharge = stores.charge, stores.discharge
        return {
            *((True, *span, frozenset()) for span in charge.windows),
            *((False, *span, frozenset()) for span in discharge.windows),
            ("gridCharge", charge.grid_charge),
            ("target", charge.bat_high_cap),
            ("ctrDis", discharge.ctr_dis),
            ("floor", discharge.bat_use_cap),
        }


def _item(charges: bool, item: Period) -> Item:
    return charges, item.begin, item.end, frozenset(item.weeks), item.limit, item.power


CODECS: Final = {
    "periodic": Codec("B", "Europe/Berlin", ("charge", "discharge", "hold"), True),
    "daily": Codec("A", "Australia/Adelaide", ("charge", "hold"), False),
}


@dataclass(slots=True, eq=False)
class Order:
    """One wish: when it may be in force, and whether it has to be."""

    name: str
    start: datetime
    end: datetime
    daily: bool = False
    forced: bool = False
    due: bool = False
    """Whether the cloud was proved to hold it."""
    over: bool = False
    """Whether it was taken back beyond doubt."""
    schedule_id: str | None = None

    def __str__(self) -> str:
        """Return it in short, for a failure."""
        every = " daily" if self.daily else ""
        return f"{self.name} {self.start:%d %H:%M} - {self.end:%d %H:%M}{every}"

    def spans(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when it may be in force from now on, in the quarters that hold it."""
        first = max(0, (now - self.end) // DAY) if self.daily else 0
        for number in range(first, first + (6 if self.daily else 1)):
            start = self.start + number * DAY
            end = self.end + number * DAY
            start -= (start - _EPOCH) % QUARTER
            end += -(end - _EPOCH) % QUARTER
            if not self.over and end > now - MINUTE:
                yield start, end


def walls(
    start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[str, str, int]]:
    """Yield a span on the wall: begin, end and weekday from 1, day by day."""
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    day = begins.date()
    while day <= ends.date():
        first = begins.time() if day == begins.date() else time()
        last = min(ends.time(), LAST_END) if day == ends.date() else LAST_END
        if first < last:
            yield f"{first:%H:%M}", f"{last:%H:%M}", day.isoweekday()
        day += DAY


@dataclass
class Story:
    """Calls, kills and restarts, one after the other, and what came of them."""

    rig: AlphaRig
    codec: Codec
    random: Random
    baseline: set[Item] = field(default_factory=set)
    orders: list[Order] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    edits: int = 0

    def __post_init__(self) -> None:
        """Take what there is for the owner's."""
        self.baseline = self.codec.plan(self.rig)

    def tell(self, text: str) -> None:
        """Note what happens, for a failure."""
        self.lines.append(f"{self.rig.now:%d %H:%M:%S} {text}")
        _LOGGER.info("%s", self.lines[-1])

    async def chapter(self) -> None:
        """Begin a call, kill, start again, and look whether all is right."""
        while self.random.random() < QUIET_CALLS:
            await self._call()
        moment = in_a_call(self.random)
        self.tell(f"to be killed {moment}")
        call = asyncio.create_task(self._call())
        # The call has to be on its way before it can be killed.
        await asyncio.sleep(0)
        await kill(self.rig, moment, WRITES, call)
        await call
        away = self._away()
        if self.random.random() < RELAPSES:
            again = in_a_start(self.random)
            self.tell(f"away for {away}, killed again {again}")
            await self.rig.start(away)
            await kill(self.rig, again, WRITES, None)
            away = timedelta()
        if self.random.random() < APP_EDITS:
            self._edit_in_the_app()
        self.tell(f"away for {away}")
        await self.rig.restart(away)
        await self._settle()

    async def end(self) -> None:
        """Delete all, and see the plan given back and obeyed."""
        self.tell("delete_all_schedules")
        await self.rig.act("delete_all_schedules")

        async def given_back() -> bool:
            obeyed = self.rig.cloud.stores(self.rig.serial).obeyed
            return obeyed and self.codec.plan(self.rig) == self.baseline

        await self.rig.until("the plan to be given back", SETTLED, given_back)

    # -- calls -----------------------------------------------------------------

    async def _call(self) -> None:
        """Make one call, and note what it means for what is asked."""
        known = [order for order in self.orders if order.schedule_id]
        running = [o for o in self.orders if o.start <= self.rig.now < o.end]
        kinds = ["force", "force", "create", "create"]
        kinds += ["daily"] if not any(order.daily for order in self.orders) else []
        kinds += ["delete"] * bool(known) + ["stop"] * bool(running)
        match self.random.choice(kinds):
            case "delete":
                order = self.random.choice(known)
                await self._take_back(
                    "delete_schedule", [order], schedule_id=order.schedule_id
                )
            case "stop":
                await self._take_back("stop", running)
            case kind:
                await self._lay(kind)

    async def _lay(self, kind: str) -> None:
        action = self.random.choice(self.codec.actions)
        minutes = self.random.choice((15, 20, 45, 60))
        now = self.rig.now.replace(microsecond=0)
        data: dict[str, Any] = {"action": action, "duration_min": minutes}
        if self.codec.periodic and action != "hold":
            data["power_w"] = 1000 + 10 * len(self.orders)
        start = now
        if kind != "force":
            start += timedelta(minutes=self.random.randint(1, 120))
            data["start"] = start.isoformat()
        if kind == "daily":
            data["rrule"] = "FREQ=DAILY"
        # A forced one starts when the call gets there.
        end = start + timedelta(minutes=minutes) + MINUTE * (kind == "force")
        order = Order(f"{kind} {action}", start, end, kind == "daily", kind == "force")
        self.orders.append(order)
        for other in self.orders:
            if order.forced and other.forced:
                other.due = False
        name = "force" if order.forced else "create_schedule"
        answer = await self._act(name, data)
        if answer == 400:
            self.orders.remove(order)
        elif isinstance(answer, dict):
            order.schedule_id = answer["schedule_id"]
            order.due = answer["state"] in PROVEN

    async def _take_back(self, name: str, orders: list[Order], **data: Any) -> None:
        for order in orders:
            order.due = False
        answer = await self._act(name, data)
        if isinstance(answer, dict) and answer["state"] == "confirmed":
            for order in orders:
                order.over = not order.daily or name != "stop"

    async def _act(self, name: str, data: dict[str, Any]) -> dict[str, Any] | int:
        """Return the result of an action, or the status of its failure."""
        self.tell(f"{name} {data}")
        try:
            answer = await self.rig.act(name, **data)
        except HassAnswerError as error:
            self.tell(str(error))
            return error.status
        except HassError:
            self.tell("no answer")
            return 0
        self.tell(f"answered {answer['state']}")
        return answer

    # -- while it is dead ------------------------------------------------------

    def _away(self) -> timedelta:
        """Return a time that is short, or ends around an edge of what we have."""
        now = self.rig.now
        edges = [
            (edge - now).total_seconds()
            for order in self.orders
            for start, end in list(order.spans(now))[:1]
            for edge in (start, end, end)
        ]
        seconds = self.random.choice(
            (
                0.0,
                self.random.uniform(0, 300),
                *(edge + self.random.uniform(-400, 200) for edge in edges),
            )
        )
        return timedelta(seconds=max(0, round(seconds)))

    def _edit_in_the_app(self) -> None:
        new, gone = self.codec.app_edit(self.rig, self.edits)
        self.edits += 1
        self.tell(f"in the app: {new} for {gone}")
        self.baseline = (self.baseline - gone) | new

    # -- the judgement ---------------------------------------------------------

    async def _settle(self) -> None:
        """Give Home Assistant its minutes, then judge the cloud itself."""
        right_since: datetime | None = None

        async def right() -> bool:
            nonlocal right_since
            if any(self._problems()):
                right_since = None
                return False
            right_since = right_since or self.rig.now
            return self.rig.now - right_since >= STAYS

        try:
            await self.rig.until("the plan to be right", SETTLED, right)
        except HassError:
            assert not list(self._problems())
            raise
        self.tell(f"settled with {self.codec.plan(self.rig) - self.baseline}")

    def _problems(self) -> Iterator[str]:
        """Yield what is wrong with the plan."""
        now, zone = self.rig.now, ZoneInfo(self.codec.zone)
        plan = self.codec.plan(self.rig)
        live = [
            (order, wall)
            for order in self.orders
            for span in order.spans(now)
            for wall in walls(*span, zone)
        ]
        if not live and plan != self.baseline:
            yield f"not given back: {plan ^ self.baseline}"
        for item in plan - self.baseline:
            if not isinstance(item[0], bool) or item[1] == item[2]:
                continue
            ours = any(self._is_in(item, wall) for _, wall in live)
            if not ours and not self._is_cut(item):
                yield f"nobody wants {item}"
        for order in self.orders:
            yield from self._missing(order, plan, now, zone)

    def _missing(
        self, order: Order, plan: set[Item], now: datetime, zone: ZoneInfo
    ) -> Iterator[str]:
        if not order.due or order.daily:
            return
        for start, end in order.spans(now):
            other = any(
                start < until and since < end
                for one in self.orders
                if one is not order
                for since, until in one.spans(now)
            )
            if other or end - now < TOO_SHORT or start - now > LAID_AHEAD:
                continue
            for wall in walls(start, end, zone):
                if not any(self._is_in(item, wall) for item in plan - self.baseline):
                    yield f"lost: {order}"

    def _is_in(self, item: Item, wall: tuple[str, str, int]) -> bool:
        """Tell whether an item is a window within a time on the wall."""
        if not isinstance(item[0], bool) or item[1] == item[2]:
            return False
        begin, end, weekday = wall
        on_day = not self.codec.periodic or item[3] == frozenset({weekday})
        return on_day and begin <= item[1] and item[2] <= end

    def _is_cut(self, item: Item) -> bool:
        """Tell whether an item is a part of one of the owner's windows."""
        return any(
            item[0] == whole[0]
            and whole[1] <= item[1]
            and item[2] <= whole[2]
            and item[3] <= whole[3]
            and item[4:] == whole[4:]
            for whole in self.baseline
            if isinstance(whole[0], bool)
        )

    def report(self) -> str:
        """Return what there is to know about a failure."""
        log = self.rig.hass.log.splitlines()[-LOG_LINES:]
        writes = [
            f"{w.at:%d %H:%M:%S} {w.label} {w.body}" for w in self.rig.cloud.writes
        ]
        return "\n".join(
            ["", "Story:", *self.lines, "", "Writes:", *writes, "", "Log:", *log]
        )


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("seed", range(STORIES), ids="seed{}".format)
async def test_plan_is_given_back(
    seed: int, name: str, socket_enabled: None, pycache: Path
) -> None:
    """Kill at random moments; nothing of ours stays, and nothing of his is lost."""
    codec = CODECS[name]
    async with running_alpha_rig(
        pycache, seed, codec.fixture, codec.zone, codec.prepare
    ) as rig:
        story = Story(rig, codec, Random(seed))
        try:
            for _ in range(kills_of(seed)):
                await story.chapter()
            await story.end()
            assert not CRASHES.search(rig.hass.log)
        except (AssertionError, HassError) as error:
            error.add_note(f"{name}, seed {seed}\n{story.report()}")
            raise
