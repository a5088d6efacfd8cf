"""What is set in a plant, and setting it (dossier 2.9 b, c, e).

Settings are ordered as tasks which the plant obeys minutes later. What the cloud does
not tell is known from the last task of ours that has set it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.errors import AuthError, NotSupported, TransientError, VendorError
from ...core.models import Clock
from ..base import VendorCall
from ..parsing import mapping, number, text, timestamp
from .control import (
    GRID_CHARGE_LIMITS_W,
    TIME_OF_USE,
    BatteryLimits,
    BatteryMode,
    Feature,
    FeedIn,
    FeedInMode,
    feature_of,
    plant_of,
    sent_limits,
)
from .entitlement import Entitlement
from .models import PlantDevice
from .orders import ControlClient
from .state import State
from .tasks import PATIENCE, Progress, Task, TaskState

_PART: Final = "settings"
WAITS_S: Final = (5.0, 10.0, 20.0, 40.0)
"""Before each look whether a plant has obeyed; after that it is seen each minute."""
_RESTART: Final = timedelta(hours=3)
"""So old may be what was read before a start."""
_AT_ONCE: Final = timedelta(seconds=20)
_EVERY: Final = timedelta(hours=6)
_UNTIL_GRANTED: Final = timedelta(hours=1)
"""That costs no call."""
_WHILE_PENDING: Final = timedelta(minutes=1)
_SHOWS_WITHIN: Final = timedelta(minutes=5)
"""After a task has ended; what is read may lag behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting[T]:
    """Something that is set, None where it cannot be controlled or is not known.

    While a task of ours is `pending` it may change; `failed` tells that the last one
    has, `recent` that the cloud may still tell what was before. `latest` is what it was when last it was told whole: a table of TOU, the power
    of a limit. `most_w` bounds its power.
    """

    plant_code: str = field(repr=False)
    value: T | None
    latest: T | None = None
    granted: bool
    pending: bool = False
    failed: bool = False
    recent: bool = False
    most_w: float | None = None

    @property
    def settled(self) -> bool:
        """Whether the last task has done what it was made for."""
        return not (self.pending or self.failed)


@dataclass(slots=True)
class _Known:
    """What is known of one setting: the answers are the cloud's own."""

    raw: Mapping[str, Any] = field(default_factory=dict)
    read_at: datetime | None = None
    latest: Mapping[str, Any] = field(default_factory=dict)
    task: Task | None = None
    sent_at: datetime | None = None
    sent: Mapping[str, Any] = field(default_factory=dict)
    done_at: datetime | None = None
    failed: bool = False
    this_run: bool = False


class PlantSettings:
    """The settings of an account's plants."""

    def __init__(
        self,
        control: ControlClient,
        entitlement: Entitlement,
        devices: Callable[[str], Sequence[PlantDevice]],
        state: State,
        clock: Clock,
        account: str,
    ) -> None:
        """Know nothing until the state is loaded; `devices` are those of a plant."""
        self._control = control
        self._entitlement = entitlement
        self._devices = devices
        self._state = state
        self._clock = clock
        self._account = account
        self._known: dict[tuple[str, Feature], _Known] = {}
        self._ordering = asyncio.Lock()
        self._closed = False
        state.bind(_PART, self._as_data, self._restore)

    # -- what is set -----------------------------------------------------------

    async def mode(self, plant_code: str) -> Setting[BatteryMode]:
        """Return the working mode; `latest` is the last table of TOU."""
        known = await self._read(plant_code, Feature.BATTERY_MODE)
        value = None if known is None else BatteryMode.parse(known.raw)
        if known is not None and value and value.mode == TIME_OF_USE:
            known.latest = known.raw
        latest = known and known.latest and BatteryMode.parse(known.latest)
        return self._setting(
            plant_code,
            Feature.BATTERY_MODE,
            known,
            value,
            latest or None,
            self._most_grid_charge_w(plant_code),
        )

    async def feed_in(self, plant_code: str) -> Setting[FeedIn]:
        """Return the limit of the feed-in; `latest` is the last one with a power."""
        known = await self._read(plant_code, Feature.FEED_IN)
        value = None if known is None else FeedIn.parse(known.raw)
        if known is not None and value and value.mode is FeedInMode.POWER:
            known.latest = known.raw
        latest = known and known.latest and FeedIn.parse(known.latest)
        return self._setting(plant_code, Feature.FEED_IN, known, value, latest or None)

    async def limits(self, plant_code: str) -> Setting[BatteryLimits]:
        """Return the limits of the battery, as far as we have set them."""
        known = await self._read(plant_code, Feature.BATTERY_LIMITS)
        value = None if known is None else _limits(known.raw)
        return self._setting(plant_code, Feature.BATTERY_LIMITS, known, value, value)

    def due_in(self, payload: Setting[Any], now: datetime) -> timedelta:
        """Return when to look again."""
        del now
        if payload.pending or payload.recent:
            return _WHILE_PENDING
        return _EVERY if payload.granted else _UNTIL_GRANTED

    def _setting[T](
        self,
        plant_code: str,
        feature: Feature,
        known: _Known | None,
        value: T | None,
        latest: T | None,
        most_w: float | None = None,
    ) -> Setting[T]:
        return Setting(
            plant_code=plant_code,
            value=value,
            latest=latest,
            granted=self._entitlement.of(plant_code).of(feature).granted is True,
            pending=known is not None and known.task is not None,
            failed=known is not None and known.failed,
            recent=known is not None and self._is_recent(known),
            most_w=most_w,
        )

    def _is_recent(self, known: _Known) -> bool:
        if known.done_at is None:
            return False
        return timedelta() <= self._clock() - known.done_at < _SHOWS_WITHIN

    async def _read(self, plant_code: str, feature: Feature) -> _Known | None:
        """Return what is known, asked anew; None where it cannot be controlled."""
        access = await self._entitlement.fetch(plant_code)
        if access.of(feature).granted is not True:
            return None
        known = self._known.setdefault((plant_code, feature), _Known())
        await self._follow(known)
        now = self._clock()
        fresh_for = _AT_ONCE if known.this_run else _RESTART
        known.this_run = True
        age = None if known.read_at is None else now - known.read_at
        if age is None or not timedelta() <= age < fresh_for:
            if feature is not Feature.BATTERY_LIMITS:
                known.raw = await self._control.read_setting(feature, plant_code)
            known.read_at = now
            await self._state.save()
        return known

    def _most_grid_charge_w(self, plant_code: str) -> float | None:
        found = (
            GRID_CHARGE_LIMITS_W[device.type_id]
            for device in self._devices(plant_code)
            if device.type_id in GRID_CHARGE_LIMITS_W
        )
        return next(found, None)

    # -- setting it ------------------------------------------------------------

    async def send(self, call: VendorCall) -> None:
        """Order a setting, and wait a while for the plant to obey.

        Raises why it did not, NotSupported where that is not granted.
        """
        async with self._ordering:
            known = await self._order(call)
        if (task := known.task) is None:
            return
        state = TaskState(progress=Progress.RUNNING)
        for wait in WAITS_S:
            await asyncio.sleep(wait)
            if self._closed or known.task not in (task, None):
                # Somebody else sees to it.
                return
            state = await self._ask(task)
            if state.progress is not Progress.RUNNING:
                break
        if (failure := await self._take(known, state)) is not None:
            raise failure

    async def close(self) -> None:
        """Let an order that is under way come to its end, and wait for none."""
        self._closed = True
        async with self._ordering:
            pass

    async def _order(self, call: VendorCall) -> _Known:
        """Order a setting; return what is known of it then."""
        if self._closed:
            raise TransientError("the account is being closed")
        feature, plant_code = feature_of(call), plant_of(call)
        await self._state.load()
        try:
            task = await self._control.send(call)
        except NotSupported as error:
            await self._entitlement.refused(plant_code, feature, error.reason)
            raise
        known = self._known.setdefault((plant_code, feature), _Known())
        # What was read before it counts no more.
        known.read_at, known.failed = None, False
        known.task, known.sent_at = task, self._clock()
        known.sent = _limits_data(sent_limits(call))
        if task is None:
            # The plant is so already.
            known.raw = {**known.raw, **known.sent}
        await self._state.save()
        return known

    async def _follow(self, known: _Known) -> None:
        """See how far a task is that nobody waits for any more."""
        if known.task is not None:
            await self._take(known, await self._ask(known.task))

    async def _ask(self, task: Task) -> TaskState:
        """Ask how far a task is; what cannot be asked about may be under way.

        Soon after an order the cloud may not know it yet.
        """
        try:
            return await self._control.task_state(task)
        except AuthError:
            raise
        except VendorError:
            return TaskState(progress=Progress.RUNNING)

    async def _take(self, known: _Known, state: TaskState) -> VendorError | None:
        """Take in how far a task is; return why it failed."""
        sent_at = known.sent_at or self._clock()
        late = self._clock() - sent_at > PATIENCE
        if state.progress is Progress.RUNNING and not late:
            return None
        if state.progress is Progress.DONE:
            told = {} if state.limits is None else _limits_data(state.limits)
            known.raw = {**known.raw, **known.sent, **told}
            known.done_at = self._clock()
        known.task, known.sent_at, known.read_at = None, None, None
        known.failed = state.progress is not Progress.DONE
        await self._state.save()
        return state.failure

    # -- over restarts -----------------------------------------------------------

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        for plant_code, item in mapping(saved.get("plants")).items():
            for name, value in mapping(item).items():
                if name not in Feature or (plant_code, Feature(name)) in self._known:
                    continue
                told, feature = mapping(value), Feature(name)
                task_id, at = text(told.get("task")), timestamp(told.get("sent_at"))
                pending = task_id is not None and at is not None
                self._known[plant_code, feature] = _Known(
                    raw=mapping(told.get("raw")),
                    read_at=timestamp(told.get("read_at")),
                    latest=mapping(told.get("latest")),
                    task=Task(feature, task_id or "", plant_code) if pending else None,
                    sent_at=at,
                    sent=mapping(told.get("sent")),
                )

    def _as_data(self) -> dict[str, Any]:
        plants: dict[str, dict[str, Any]] = {}
        for (plant_code, feature), known in self._known.items():
            plants.setdefault(plant_code, {})[feature] = {
                "raw": dict(known.raw),
                "read_at": known.read_at and known.read_at.isoformat(),
                "latest": dict(known.latest),
                "task": known.task and known.task.id,
                "sent_at": known.sent_at and known.sent_at.isoformat(),
                "sent": dict(known.sent),
            }
        return {"account": self._account, "plants": plants}


def _limits(raw: Mapping[str, Any]) -> BatteryLimits:
    return BatteryLimits(
        max_soc=number(raw.get("max_soc")),
        min_soc=number(raw.get("min_soc")),
        max_charge_w=number(raw.get("max_charge_w")),
        max_discharge_w=number(raw.get("max_discharge_w")),
    )


def _limits_data(limits: BatteryLimits) -> dict[str, float]:
    """Return limits as they are kept, those that are known."""
    told = {
        "max_soc": limits.max_soc,
        "min_soc": limits.min_soc,
        "max_charge_w": limits.max_charge_w,
        "max_discharge_w": limits.max_discharge_w,
    }
    return {key: value for key, value in told.items() if value is not None}


def with_table(setting: Setting[BatteryMode], **changes: Any) -> BatteryMode:
    """Return the mode of TOU with its table changed; what was never set is likely.

    Without a table known the sun's surplus goes to the battery, and nothing from the
    grid.
    """
    now = setting.value
    base = now if now is not None and now.mode == TIME_OF_USE else setting.latest
    if base is None:
        base = BatteryMode(
            mode=TIME_OF_USE, surplus_to_battery=True, grid_charge_w=0.0, windows=()
        )
    return replace(base, mode=TIME_OF_USE, **changes)
