"""28 days of prices by a policy alone: how late, and by how many calls.

Home Assistant's own integration begins anew every day, for what counts there is only at
which second of the minute it was started; the others learn, and are started weekly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import thread_time
from typing import Final

from tests.vendors.amber.policies import Adaptive, BlindMinute, FixedSeconds
from tests.vendors.amber.simulation import Outcome, bad, ordinary, simulate

DAYS: Final = {"ordinary": ordinary, "bad": bad}
OURS: Final = "ours, planner alone"
POLICIES: Final[dict[str, tuple[Callable[..., object] | None, int]]] = {
    OURS: (None, 7),
    "Home Assistant core": (BlindMinute, 1),
    "amber2mqtt": (FixedSeconds, 7),
    "amber-express": (Adaptive, 7),
}
"""The policy, and after how many days another installation is taken."""


@dataclass(frozen=True, slots=True)
class Case:
    """Who polls what; `days` in all."""

    name: str
    weather: str
    minutes: int
    days: int


@dataclass(frozen=True, slots=True)
class Lags:
    """What came of a case, in s and calls."""

    lags: list[float]
    intervals: int
    unseen: int
    calls: int
    most: int
    refused: int
    cpu_s: float


def played(case: Case) -> Lags:
    """Simulate a case."""
    policy, days = POLICIES[case.name]
    per_day = 1440 // case.minutes
    begin = thread_time()
    outcomes: list[Outcome] = [
        simulate(
            DAYS[case.weather],
            seed=seed,
            minutes=case.minutes,
            intervals=min(days, case.days) * per_day,
            policy=policy,  # type: ignore[arg-type]
        )
        for seed in range(max(1, case.days // days))
    ]
    return Lags(
        lags=[lag for outcome in outcomes for lag in outcome.lags],
        intervals=sum(outcome.intervals for outcome in outcomes),
        unseen=sum(outcome.unseen for outcome in outcomes),
        calls=sum(len(outcome.calls) for outcome in outcomes),
        most=max(outcome.most_calls for outcome in outcomes),
        refused=sum(outcome.crowded for outcome in outcomes),
        cpu_s=thread_time() - begin,
    )
