"""Which measurements are run, and in what order."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .isolate import Job, run
from .vendor import Vendor

# Ten in the morning where the fake's first system stands: sun until the evening.
START = datetime(2026, 11, 20, 0, 0, 0, 370000, tzinfo=UTC)
LATENCIES_MS = (0, 200)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: processes, rounds, and simulated hours after the first."""

    set_ups: int
    rounds: int
    installations: int
    hours: float
    fleet_hours: Mapping[int, float]


FULL = Effort(3, 3, 3, 12, {1: 12, 10: 2, 100: 1})
QUICK = Effort(1, 2, 1, 4, {1: 4, 10: 1, 20: 1})

type Results = dict[str, list[dict[str, Any]]]


def jobs(vendor: Vendor, effort: Effort) -> tuple[list[tuple[str, Job]], ...]:
    """Return groups of named jobs; those of the last group may run side by side."""
    usual = next(iter(vendor.delays.values()))

    def steady(
        hours: float,
        delay: tuple[float, float] = usual,
        *,
        warm_up: float = 1,
        accounts: int = 1,
        **cloud: Any,
    ) -> Job:
        return Job(
            vendor.key,
            "steady",
            {"hours": hours, "warm_up": warm_up, "accounts": accounts},
            {"delay": delay, **cloud},
            START,
        )

    alone = [
        (
            "set_up",
            Job(
                vendor.key,
                "set_up",
                {"rounds": effort.rounds, "latencies_ms": LATENCIES_MS},
            ),
        )
    ] * effort.set_ups
    alone += [
        (f"fleet {size}", steady(hours, warm_up=0.25, inverters=size))
        for size, hours in effort.fleet_hours.items()
    ]
    beside = [
        (f"lag {name}", steady(effort.hours, delay, seed=seed))
        for seed in range(1, effort.installations + 1)
        for name, delay in vendor.delays.items()
    ]
    beside += [
        ("moving", steady(effort.hours, moving=True)),
        ("idle", steady(effort.fleet_hours[1], accounts=0)),
    ]
    return alone, beside


def results(
    vendor: Vendor, effort: Effort, say: Callable[[str], None], parallel: int = 2
) -> Results:
    """Run all jobs and return their results by name."""
    alone, beside = jobs(vendor, effort)
    found: Results = {}
    for name, job in alone:
        say(f"{vendor.key}: {name}")
        found.setdefault(name, []).append(run(job))
    say(f"{vendor.key}: " + ", ".join(dict.fromkeys(name for name, _ in beside)))
    with ThreadPoolExecutor(parallel) as pool:
        for (name, _), result in zip(
            beside, pool.map(lambda item: run(item[1]), beside), strict=True
        ):
            found.setdefault(name, []).append(result)
    return found
