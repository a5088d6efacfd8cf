"""Orders to plants, what became of them, and who may give any (dossier 2.9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from ...core.errors import (
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
)
from ..base import VendorCall
from ..parsing import integer, mapping, objects, text
from .api import Api
from .codes import (
    FAILED,
    NETWORKING,
    OK,
    OWNER_NOT_GRANTED,
    PARTLY,
    UNKNOWN_TASK,
    task_error,
)
from .control import (
    CHANNELS,
    FEED_IN_PATH,
    MODE_PATH,
    BatteryMode,
    Feature,
    FeedIn,
    feature_of,
    is_stop,
    plant_of,
)
from .limits import CONTROL, TASKS
from .models import BATTERIES, CONTROLLERS, PlantDevice
from .tasks import Task, TaskState

_READ: Final = {
    Feature.BATTERY_MODE: (MODE_PATH, "mode"),
    Feature.FEED_IN: (FEED_IN_PATH, "feed_in"),
}
_OF_ALL: Final = frozenset({OWNER_NOT_GRANTED, NETWORKING, "plant_not_granted"})
"""Reasons that keep a plant from being controlled in any way."""


@dataclass(frozen=True, slots=True)
class Access:
    """Whether something can be controlled, None while unknown; if not, why."""

    granted: bool | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ControlAccess:
    """What can be controlled in a plant."""

    features: Mapping[Feature, Access] = field(default_factory=dict)

    def of(self, feature: Feature) -> Access:
        """Return the access to a feature."""
        return self.features.get(feature, Access(None))

    def without(self, feature: Feature, reason: str) -> Self:
        """Return the access when the cloud has refused an order after all."""
        return type(self)({**self.features, feature: Access(False, reason)})

    def filled_up(self, earlier: Self) -> Self:
        """Return the access, with what was known earlier where it is not known now."""
        return type(self)(
            {
                feature: earlier.of(feature)
                if access.granted is None and earlier.of(feature).granted is not None
                else access
                for feature, access in self.features.items()
            }
        )


class ControlClient:
    """The control of one account's plants; errors are told at `Api`."""

    def __init__(self, api: Api, raw: dict[str, Any]) -> None:
        """Make calls there, and keep what was read."""
        self._api = api
        self._raw = raw

    async def battery_mode(self, plant_code: str) -> BatteryMode:
        """Return the working mode of a plant's battery, with its table (2.9 b)."""
        told = await self.read_setting(Feature.BATTERY_MODE, plant_code)
        return BatteryMode.parse(told)

    async def feed_in(self, plant_code: str) -> FeedIn:
        """Return the limit of a plant's feed-in (2.9 e)."""
        return FeedIn.parse(await self.read_setting(Feature.FEED_IN, plant_code))

    async def read_setting(
        self, feature: Feature, plant_code: str
    ) -> Mapping[str, Any]:
        """Return the answer about a setting that the cloud tells."""
        path, label = _READ[feature]
        answer = await self._api.ask(
            path, {"plantCode": plant_code}, label=label, interface=TASKS
        )
        self._raw[f"{label} {plant_code}"] = answer.data
        return mapping(answer.data)

    async def send(self, call: VendorCall, *, urgent: bool = False) -> Task | None:
        """Make a call of `control`; return the task, None where nothing has to be done.

        Urgent calls give a battery back, and may use the reserved share. Accepted is
        not done: `task_state` tells. NotSupported for what is not entitled, RateLimited
        `task_running` for 3 minutes where the same is under way, `daily_quota`,
        Rejected where the plant refuses. OutcomeUnknown: look before doing it again.
        """
        feature, plant_code = feature_of(call), plant_of(call)
        answer = await self._api.ask(
            call.path,
            call.body or {},
            label=call.label,
            interface=CONTROL,
            key=feature,
            urgent=urgent,
            changes=True,
            expected=frozenset({PARTLY, FAILED}),
        )
        data = mapping(answer.data)
        rows = [
            row
            for row in objects(data.get("result"))
            if text(row.get("plantCode")) in (plant_code, None)
        ]
        if feature is Feature.DISPATCH:
            failed = [row for row in rows if integer(row.get("dispatchResult")) != 0]
            key, said = "requestID", "description"
        else:
            failed = [row for row in rows if text(row.get("status")) == "FAIL"]
            key, said = "taskId", "message"
        if failed or (answer.code != OK and not rows):
            message = text(failed[0].get(said)) if failed else None
            error = task_error(message or answer.message, call.label)
            if error is not None:
                raise error
            return None
        if feature is Feature.DISPATCH and is_stop(call):
            # Nobody asks what became of that; the cloud may give it no number.
            return None
        name = data.get(key)
        if isinstance(name, bool) or not isinstance(name, int | str) or not str(name):
            raise OutcomeUnknown(f"{call.label}: no task", reason="no_task")
        return Task(feature, str(name), plant_code)

    def check_left(self, feature: Feature, calls: int) -> None:
        """Raise `RateLimited` unless so many ordinary orders may be given now."""
        limiter = self._api.limiter
        if limiter.left(CONTROL, feature) < calls:
            wait, reason = limiter.wait(CONTROL, feature)
            raise RateLimited(
                f"{feature}: too few orders left",
                wait.total_seconds(),
                reason=reason or "own_budget",
            )

    async def task_state(self, task: Task) -> TaskState:
        """Ask once how far a task is; NotFound `unknown_task`."""
        path = CHANNELS[task.feature].status
        answer = await self._api.ask(
            path, _about(task), label=f"{task.feature}_state", interface=TASKS
        )
        if task.feature is Feature.DISPATCH:
            return TaskState.of_dispatch(answer.data, task.plant_code)
        return TaskState.of_setting(task.feature, answer.data, task.plant_code)

    async def probe_control(
        self, plant_code: str, devices: Sequence[PlantDevice]
    ) -> ControlAccess:
        """Find out what can be controlled in a plant, without changing anything.

        A plant with several controllers cannot be controlled at all. Whether another
        one lets the account is seen by reading what is set, and whether the account may
        by asking about a task that never was.
        """
        own = [device for device in devices if device.plant_code == plant_code]
        if sum(1 for device in own if device.type_id in CONTROLLERS) > 1:
            return ControlAccess(dict.fromkeys(Feature, Access(False, NETWORKING)))
        battery = any(device.type_id in BATTERIES for device in own)
        try:
            if battery:
                await self.battery_mode(plant_code)
            else:
                await self.feed_in(plant_code)
        except (NotSupported, NotFound, Rejected) as error:
            if error.reason in _OF_ALL:
                return ControlAccess(
                    dict.fromkeys(Feature, Access(False, error.reason))
                )
        except (RateLimited, TransientError, ProtocolError) as error:
            return ControlAccess(dict.fromkeys(Feature, Access(None, error.reason)))
        found: dict[Feature, Access] = {}
        for feature in Feature:
            if feature is not Feature.FEED_IN and not battery:
                found[feature] = Access(False, "no_battery")
            else:
                found[feature] = await self._probe(feature, plant_code)
        return ControlAccess(found)

    async def _probe(self, feature: Feature, plant_code: str) -> Access:
        nothing = Task(feature, "0" * 16, plant_code)
        try:
            await self._api.ask(
                CHANNELS[feature].status,
                _about(nothing),
                label=f"{feature}_state",
                interface=TASKS,
                expected=UNKNOWN_TASK,
            )
        except NotSupported as error:
            return Access(False, error.reason)
        except NotFound, Rejected:
            # Whatever it does not like, it is not who asks.
            return Access(True)
        except (RateLimited, TransientError, ProtocolError) as error:
            return Access(None, error.reason)
        return Access(True)


def _about(task: Task) -> dict[str, Any]:
    if task.feature is Feature.DISPATCH:
        return {"requestID": int(task.id) if task.id.isdigit() else task.id}
    return {"taskId": task.id}
