"""Control: dispatch, working mode, battery parameters, feed-in limit (2.9)."""

from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
import hashlib
from typing import Any

from ..faults import Fault
from ..server import Call, Route
from .accounts import Account
from .context import Bare, Body, Context, ms
from .dispatch import Dispatch, Outcome
from .errors import (
    ALL_FAILED,
    COMMUNICATION,
    DAILY_MAXIMUM,
    DUPLICATE_PLANTS,
    NETWORKING,
    NOT_GRANTED,
    OUT_OF_RANGE,
    PARTLY,
    PLANT_RIGHT,
    REQUEST_ID_EMPTY,
    REQUEST_ID_UNKNOWN,
    SAME_VALUE,
    STILL_RUNNING,
    TASK_ID_EMPTY,
    TASK_ID_UNKNOWN,
    TASKS_EMPTY,
    VALUE_NULL,
    ApiError,
)
from .inverter import TOU
from .orders import Order, feed_in_read, order
from .plant import Plant
from .tasks import KINDS, NBI, Delivery, Row, Task, TaskOutcome, status_of

_FIRST_REQUEST = 880_000_000_001

_DISPATCH_OUTCOMES: dict[TaskOutcome, Outcome] = {
    "IGNORED": "ignored",
    "TIMEOUT": "stuck",
    "FAILURE": "failed",
    "INVALID": "failed",
    "EXCEPTION": "failed",
}
_TEXTS = {
    NETWORKING: "The plant networking is not supported.",
    COMMUNICATION: "Communication is abnormal.",
    STILL_RUNNING: "20615: the same task is still running.",
    NOT_GRANTED: "The owner has not authorized the plant.",
    PLANT_RIGHT: "No permission for the plant.",
}


class ControlApi:
    """Answers for control."""

    def __init__(self, context: Context) -> None:
        """Answer over `context`."""
        self._context = context
        self._tasks: dict[str, Task] = {}
        self._deliveries: dict[int, Delivery] = {}
        self._requests = _FIRST_REQUEST
        self.outcomes: defaultdict[str, deque[TaskOutcome]] = defaultdict(deque)
        """How the next tasks of a plant end, by its code."""

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        dispatch = f"{NBI}/v2/control/charge-and-discharge/async-task"
        status = "/rest/openapi/pvms/v1/vpp/chargeAndDischargeStatus"
        read = f"{NBI}/v1/configuration"
        routes = [
            Route("POST", dispatch, "dispatch", guard(self._dispatch)),
            Route("POST", status, "dispatchStatus", guard(self._status)),
            Route("POST", f"{read}/battery-mode", "readBatteryMode", guard(self._mode)),
            Route(
                "POST",
                f"{read}/active-power-control-mode",
                "readActivePower",
                guard(self._feed_in),
            ),
        ]
        for label, kind in KINDS.items():
            info = f"{label}Info"
            routes += [
                Route("POST", f"{kind.path}/async-task", label, guard(self._start)),
                Route("POST", f"{kind.path}/task-info", info, guard(self._info)),
            ]
        return routes

    # -- common ----------------------------------------------------------------

    def _tasks_of(self, call: Call, account: Account, body: Body, most: int) -> Any:
        """Return (plant, task) of each task in a body."""
        if not account.quotas.take_control(call.label, self._context.now()):
            raise ApiError(DAILY_MAXIMUM)
        tasks = body.get("tasks")
        if not isinstance(tasks, list) or not tasks:
            raise ApiError(TASKS_EMPTY)
        if len(tasks) > most:
            raise ApiError(OUT_OF_RANGE)
        if not all(isinstance(t, dict) and t.get("plantCode") for t in tasks):
            raise ApiError(VALUE_NULL)
        codes = [str(task["plantCode"]) for task in tasks]
        if len(set(codes)) < len(codes):
            raise ApiError(DUPLICATE_PLANTS)
        pairs = [(account.plants.get(str(task["plantCode"])), task) for task in tasks]
        for plant, _ in pairs:
            if plant is not None:
                # What was set until now happens before anything changes.
                plant.advance(self._context.now())
        return pairs

    @staticmethod
    def _obstacle(plant: Plant | None, of_battery: bool) -> int | None:
        """Return why a plant takes no task, None if it does."""
        if plant is None:
            return PLANT_RIGHT
        if not plant.granted:
            return NOT_GRANTED
        if plant.spec.controllers != 1 or (of_battery and not plant.has_battery):
            return NETWORKING
        return COMMUNICATION if plant.offline_since is not None else None

    def _outcome(self, call: Call, plant: Plant) -> TaskOutcome:
        if call.fault(Fault.IGNORED):
            return "IGNORED"
        waiting = self.outcomes[plant.spec.code]
        return waiting.popleft() if waiting else "SUCCESS"

    def _result(self, data: Any, failed: Sequence[str | None]) -> Bare:
        """Return the envelope of a delivery: `failed` tells why, None for success."""
        texts = [text for text in failed if text is not None]
        if not texts:
            return Bare(data)
        code = ALL_FAILED if len(texts) == len(failed) else PARTLY
        success = code == PARTLY and self._context.behaviour.partly_success
        return Bare(data, texts[0], code, success)

    # -- asynchronous tasks ----------------------------------------------------

    async def _start(self, call: Call, account: Account, body: Body) -> Any:
        kind, now = KINDS[call.label], self._context.now()
        behaviour = self._context.behaviour
        pairs = self._tasks_of(call, account, body, kind.most)
        late = call.fault(Fault.LATE)
        seconds = behaviour.task_s + (late.options["seconds"] if late else 0)
        ends = now + timedelta(seconds=seconds)
        name = hashlib.sha256(f"{len(self._tasks)}/{call.label}".encode()).hexdigest()
        task = Task(name[:16], call.label, account, now)
        failed: list[str | None] = []
        # What is wrong with one keeps all from being delivered.
        settings = [
            None if plant is None else kind.read(wanted, plant, now)
            for plant, wanted in pairs
        ]
        for (plant, _), setting in zip(pairs, settings, strict=True):
            code = self._obstacle(plant, kind.of_battery)
            text = None if code is None else _TEXTS[code]
            if code is None:
                timeline = kind.timeline(plant)
                old = timeline.at(now)
                if self._is_running(plant, call.label, now):
                    code, text = STILL_RUNNING, _TEXTS[STILL_RUNNING]
                elif call.label == "activePower" and setting == old:
                    text = SAME_VALUE if behaviour.same_feed_in == ALL_FAILED else None
            if len(pairs) == 1 and code is not None:
                as_row = code == STILL_RUNNING and behaviour.task_running == "row"
                if not as_row:
                    raise ApiError(code, text)
            failed.append(text)
            if text is None:
                outcome = self._outcome(call, plant)
                task.rows.append(Row(plant, setting, outcome, ends))
                if outcome == "SUCCESS":
                    timeline.set(setting, ends)
        if task.rows:
            self._tasks[task.task_id] = task
        rows = [
            {
                "plantCode": wanted["plantCode"],
                "status": "RUNNING" if text is None else "FAIL",
                "message": text,
            }
            for (_, wanted), text in zip(pairs, failed, strict=True)
        ]
        task_id = task.task_id if task.rows else None
        return self._result({"taskId": task_id, "result": rows}, failed)

    def _is_running(self, plant: Plant, label: str, now: datetime) -> bool:
        return any(
            row.plant is plant and now < row.ends
            for task in self._tasks.values()
            if task.label == label
            for row in task.rows
        )

    async def _info(self, call: Call, account: Account, body: Body) -> Any:
        task_id = body.get("taskId")
        if not task_id:
            raise ApiError(TASK_ID_EMPTY)
        task = self._tasks.get(str(task_id))
        label = call.label.removesuffix("Info")
        if task is None or task.label != label or task.account is not account:
            raise ApiError(TASK_ID_UNKNOWN)
        now, show = self._context.now(), KINDS[label].show
        over = all(now >= row.ends for row in task.rows)
        zone = task.rows[0].plant.zone
        end = max(row.ends for row in task.rows)
        return Bare(
            {
                "dispatchResult": [
                    {
                        "plantCode": row.plant.spec.code,
                        **status_of(row, now),
                        **self._echo(show(row.setting, row.plant)),
                    }
                    for row in task.rows
                ],
                "startTime": _iso(task.started, zone),
                "endTime": _iso(end, zone) if over else None,
            }
        )

    def _echo(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Return an echo; that of limits in one of its forms."""
        form = self._context.behaviour.limits_echo
        if form == "nested" or "batteryConfigurationInfo" not in shown:
            return shown
        return dict(shown["batteryConfigurationInfo"]) if form == "flat" else {}

    # -- configuration ---------------------------------------------------------

    def _as_read(self) -> datetime:
        """Return as of when a configuration is read."""
        lag = timedelta(seconds=self._context.behaviour.configuration_lag_s)
        return self._context.now() - lag

    async def _mode(self, call: Call, account: Account, body: Body) -> Any:
        plant = self._context.plant(account, body)
        setting = plant.mode.at(self._as_read())
        return Bare(
            {
                "plantCode": plant.spec.code,
                "operationMode": setting.operation,
                "touOperationModeParamDetail": setting.detail()
                if setting.operation == TOU
                else None,
            }
        )

    async def _feed_in(self, call: Call, account: Account, body: Body) -> Any:
        plant = self._context.plant(account, body)
        setting = plant.feed_in.at(self._as_read())
        return Bare({"plantCode": plant.spec.code, **feed_in_read(setting)})

    # -- dispatch --------------------------------------------------------------

    async def _dispatch(self, call: Call, account: Account, body: Body) -> Any:
        now = self._context.now()
        pairs = self._tasks_of(call, account, body, 100)
        number = self._requests
        self._requests += 1
        delivery = Delivery(account, now)
        failed: list[str | None] = []
        rows = []
        # What is wrong with one keeps all from being delivered.
        orders = [order(wanted) for _, wanted in pairs]
        for n, ((plant, wanted), asked) in enumerate(zip(pairs, orders, strict=True)):
            code = self._obstacle(plant, True)
            if code is not None and len(pairs) == 1:
                raise ApiError(code, _TEXTS[code])
            sub_id = f"{number}{n:03d}"
            text = None if code is None else _TEXTS[code]
            if text is None:
                text = self._deliver(call, plant, asked, delivery, number, sub_id)
            failed.append(text)
            rows.append(
                {
                    "plantCode": wanted["plantCode"],
                    "sn": _inverter_serial(plant),
                    "dispatchResult": 0 if text is None else 1,
                    "subTaskId": sub_id if text is None else None,
                    "description": text,
                }
            )
        self._deliveries[number] = delivery
        named = self._context.behaviour.stop_number or orders[0].charge is not None
        told = {"requestID": number if named else None, "result": rows}
        return self._result(told, failed)

    def _deliver(
        self,
        call: Call,
        plant: Plant,
        asked: Order,
        delivery: Delivery,
        number: int,
        sub_id: str,
    ) -> str | None:
        """Start or stop at one plant; return why not, None for success."""
        now, behaviour = self._context.now(), self._context.behaviour
        begins = now + timedelta(seconds=behaviour.dispatch_delay_s)
        running = plant.running(now)
        outcome = self._outcome(call, plant)
        if outcome == "BUSY":
            return "BUSY"
        if asked.charge is not None and running is not None:
            if behaviour.dispatch_again == "refused":
                return _TEXTS[STILL_RUNNING]
        if running is not None and outcome == "SUCCESS":
            running.stopped = begins
        if asked.charge is None:
            return None
        dispatch = Dispatch(
            number,
            sub_id,
            asked.charge,
            asked.power_w,
            now,
            begins,
            asked.minutes,
            asked.until_soc,
            _DISPATCH_OUTCOMES.get(outcome, "done"),
        )
        plant.dispatches.append(dispatch)
        delivery.parts.append((plant, dispatch))
        return None

    async def _status(self, call: Call, account: Account, body: Body) -> Any:
        number = body.get("requestID")
        if number is None:
            raise ApiError(REQUEST_ID_EMPTY)
        delivery = self._deliveries.get(number) if isinstance(number, int) else None
        if delivery is None or delivery.account is not account:
            raise ApiError(REQUEST_ID_UNKNOWN)
        now = self._context.now()
        every = self._context.behaviour.dispatch_refresh_s
        age = (now - delivery.issued).total_seconds()
        seen = delivery.issued + timedelta(seconds=age // every * every)
        rows: list[dict[str, Any]] = []
        if age < self._context.behaviour.dispatch_row_s:
            return Bare(rows)
        for plant, dispatch in delivery.parts:
            plant.advance(now)
            status, charged, discharged = dispatch.progress(seen)
            rows.append(
                {
                    "plantCode": plant.spec.code,
                    "sn": _inverter_serial(plant),
                    "remoteID": dispatch.sub_id,
                    "status": status,
                    "chargedCapacity": round(charged, 2),
                    "dischargedCapacity": round(discharged, 2),
                    "execStartTime": ms(dispatch.begins),
                    "execEndTime": ms(dispatch.end) if status != 1 else None,
                    "message": "TIMEOUT" if status == 2 else None,
                }
            )
        return Bare(rows)


def _inverter_serial(plant: Plant | None) -> str | None:
    if plant is None:
        return None
    return next((d.serial for d in plant.spec.devices if d.kind in (1, 38)), None)


def _iso(time: datetime, zone: Any) -> str:
    return time.astimezone(zone).isoformat(timespec="seconds")
