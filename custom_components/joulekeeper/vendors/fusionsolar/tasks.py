"""What becomes of what was ordered: the cloud takes orders, and plants obey later.

A dispatch runs until its end, with its state refreshed every 3 minutes; settings are
taken within some minutes (dossier 2.9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from ...core.errors import TransientError, VendorError
from ..parsing import integer, mapping, number, objects, text, timestamp
from .codes import task_error
from .control import BatteryLimits, BatteryMode, Feature
from .times import instant

DISPATCH_POLL: Final = timedelta(minutes=3)
PATIENCE: Final = timedelta(minutes=15)
"""For settings; there is no documented time."""


@dataclass(frozen=True, slots=True)
class Task:
    """An order that the cloud has taken; its id is a text for settings."""

    feature: Feature
    id: str
    plant_code: str = field(repr=False)


class Progress(StrEnum):
    """How far a task is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """How far a task is; energies are a dispatch's, settings those that it sets.

    `failure` is why it failed: OutcomeUnknown where the plant may have obeyed. Of what
    is not `known` the cloud has told nothing.
    """

    progress: Progress
    failure: VendorError | None = field(default=None, compare=False)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    charged_kwh: float | None = None
    discharged_kwh: float | None = None
    mode: BatteryMode | None = None
    limits: BatteryLimits | None = None
    known: bool = True

    @classmethod
    def of_dispatch(cls, data: Any, plant_code: str) -> Self:
        """Read `data` of chargeAndDischargeStatus; a plant may have several rows."""
        rows = [row for row in objects(data) if _is_for(row, plant_code)]
        codes = {integer(row.get("status")) for row in rows}
        if not rows or 1 in codes or not codes <= {0, 1, 2}:
            progress, failure = Progress.RUNNING, None
        elif 2 in codes:
            said = next((m for row in rows if (m := text(row.get("message")))), None)
            progress, failure = Progress.FAILED, _dispatch_failure(said)
        else:
            progress, failure = Progress.DONE, None
        starts = [instant(row.get("execStartTime")) for row in rows]
        ends = [instant(row.get("execEndTime")) for row in rows]
        return cls(
            progress=progress,
            failure=failure,
            started_at=min(filter(None, starts), default=None),
            ended_at=max(filter(None, ends), default=None),
            charged_kwh=_sum(rows, "chargedCapacity"),
            discharged_kwh=_sum(rows, "dischargedCapacity"),
            known=bool(rows),
        )

    @classmethod
    def of_setting(cls, feature: Feature, data: Any, plant_code: str) -> Self:
        """Read `data` of a task-info."""
        told = mapping(data)
        found = objects(told.get("dispatchResult"))
        row = next((row for row in found if _is_for(row, plant_code)), {})
        word = (text(row.get("status")) or "").upper()
        progress, failure = Progress.RUNNING, None
        if word == "SUCCESS":
            progress = Progress.DONE
        elif word == "FAIL":
            failure = task_error(row.get("message"), feature)
            progress = Progress.DONE if failure is None else Progress.FAILED
        is_mode = feature is Feature.BATTERY_MODE and "operationMode" in row
        is_limits = feature is Feature.BATTERY_LIMITS
        return cls(
            progress=progress,
            failure=failure,
            started_at=timestamp(told.get("startTime")),
            ended_at=timestamp(told.get("endTime")),
            mode=BatteryMode.parse(row) if is_mode else None,
            limits=BatteryLimits.parse(row) if is_limits and row else None,
        )


def _is_for(row: Mapping[str, Any], plant_code: str) -> bool:
    """Whether a row is about a plant; one without a plant is about the only one."""
    return text(row.get("plantCode")) in (plant_code, None)


def _dispatch_failure(said: str | None) -> VendorError:
    failure = task_error(said, Feature.DISPATCH) if said else None
    if failure is None:
        message = "dispatch: timed out or failed"
        return TransientError(message, reason="dispatch_failed")
    return failure


def _sum(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    amounts = [amount for row in rows if (amount := number(row.get(key))) is not None]
    return round(sum(amounts), 3) if amounts else None
