"""Delivered control tasks, and the three kinds that are asynchronous (2.9)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from .accounts import Account
from .context import Body
from .dispatch import Dispatch
from .inverter import BatteryMode, Timeline
from .orders import feed_in, feed_in_payload, limits, limits_payload, mode
from .plant import Plant

NBI = "/rest/openapi/pvms/nbi"

type TaskOutcome = Literal[
    "SUCCESS", "FAILURE", "TIMEOUT", "BUSY", "INVALID", "EXCEPTION", "IGNORED"
]


class Kind(NamedTuple):
    """A kind of asynchronous task.

    `read` makes the setting out of a task, `show` the echo of a setting.
    """

    path: str
    timeline: Callable[[Plant], Timeline[Any]]
    read: Callable[[Body, Plant, datetime], Any]
    show: Callable[[Any, Plant], dict[str, Any]]
    of_battery: bool
    most: int = 10


def _show_mode(setting: BatteryMode, plant: Plant) -> dict[str, Any]:
    return {"operationMode": setting.operation, **setting.detail()}


KINDS: dict[str, Kind] = {
    "batteryMode": Kind(
        f"{NBI}/v1/control/battery/mode",
        lambda plant: plant.mode,
        lambda task, plant, now: mode(task, plant),
        _show_mode,
        of_battery=True,
    ),
    "batteryConfiguration": Kind(
        f"{NBI}/v1/control/battery/configuration",
        lambda plant: plant.limits,
        lambda task, plant, now: limits(task, plant.limits.at(now)),
        limits_payload,
        of_battery=True,
    ),
    "activePower": Kind(
        f"{NBI}/v2/control/active-power-control",
        lambda plant: plant.feed_in,
        lambda task, plant, now: feed_in(task, plant),
        lambda setting, plant: feed_in_payload(setting),
        of_battery=False,
    ),
}
"""Asynchronous tasks by their labels; `<label>Info` is the label of their status."""


@dataclass(frozen=True, slots=True)
class Row:
    """One plant of a task."""

    plant: Plant
    setting: Any
    outcome: TaskOutcome
    ends: datetime


@dataclass(slots=True)
class Task:
    """A delivered asynchronous task."""

    task_id: str
    label: str
    account: Account
    started: datetime
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Delivery:
    """A delivered dispatch task, of one or several plants."""

    account: Account
    issued: datetime
    parts: list[tuple[Plant, Dispatch]] = field(default_factory=list)


def status_of(row: Row, now: datetime) -> dict[str, Any]:
    """Return status and message of one plant of a task."""
    if now < row.ends:
        return {"status": "RUNNING", "message": None}
    if row.outcome in ("SUCCESS", "IGNORED"):
        return {"status": "SUCCESS", "message": None}
    return {"status": "FAIL", "message": row.outcome}
