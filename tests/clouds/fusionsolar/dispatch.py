"""One forced charge or discharge, from its delivery to its end (2.9 a)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from ..house import Energy
from .inverter import Action, Doing

FINISHED, RUNNING, FAILED = 0, 1, 2

_LONGEST = timedelta(hours=24)

type Outcome = Literal["done", "ignored", "failed", "stuck"]
"""How it ends: stuck ones never start, and time out after a day."""


@dataclass(eq=False, slots=True)
class Dispatch:
    """A delivered task. `power_w` has no sign; `minutes` or `until_soc` ends it."""

    number: int
    sub_id: str
    charge: bool
    power_w: float
    issued: datetime
    begins: datetime
    minutes: float | None = None
    until_soc: float | None = None
    outcome: Outcome = "done"
    stopped: datetime | None = None
    ended: datetime | None = None
    steps: list[tuple[datetime, Energy]] = field(default_factory=list)

    @property
    def due(self) -> datetime:
        """Return when it ends by its time, after a day at the latest."""
        if self.minutes is None or self.outcome == "stuck":
            return self.issued + _LONGEST
        return self.begins + timedelta(minutes=self.minutes)

    def is_over(self, time: datetime) -> bool:
        """Whether it has ended by `time`."""
        return time >= self.end

    @property
    def end(self) -> datetime:
        """Return its end as far as that is known."""
        if self.outcome == "failed":
            return self.begins
        known = [t for t in (self.ended, self.stopped) if t is not None]
        return min([*known, self.due])

    def step(self, time: datetime, energy: Energy, soc: float) -> Doing | None:
        """Run one step of the house; return what it wants, None without effect."""
        if time < self.begins or self.is_over(time):
            if self.is_over(time) and self.steps and self.steps[-1][0] < time:
                self._close(time, energy)
            return None
        if self.outcome != "done":
            return None
        self.steps.append((time, energy))
        target = self.until_soc
        if target is not None and self._reached(soc, target):
            self.ended = time
            return None
        action = Action.FORCED_CHARGE if self.charge else Action.FORCED_DISCHARGE
        return Doing(action, "dispatch", 1.0, self.power_w, target)

    def _reached(self, soc: float, target: float) -> bool:
        # Half a step of a house battery is below this.
        return soc >= target - 0.01 if self.charge else soc <= target + 0.01

    def _close(self, time: datetime, energy: Energy) -> None:
        """Count the last step, once."""
        if self.steps[-1][0] < self.end:
            self.steps.append((self.end, energy))

    def progress(self, seen: datetime) -> tuple[int, float, float]:
        """Return status, charged and discharged kWh as of `seen`."""
        steps = [energy for time, energy in self.steps if time <= seen]
        done = steps[-1].minus(steps[0]) if steps else Energy()
        return self._status(seen), done.charged, done.discharged

    def _status(self, seen: datetime) -> int:
        if not self.is_over(seen):
            return RUNNING
        if self.outcome in ("failed", "stuck"):
            return FAILED
        # One that never came to its SoC has timed out.
        in_time = self.minutes is not None or self.ended or self.stopped
        return FINISHED if in_time else FAILED
