"""Which measurements are run, and in what order."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .isolate import Job, run
from .vendor import Vendor

# Ten in the morning where the fakes' first system stands: sun until the evening.
START = datetime(2026, 11, 20, 0, 0, 0, 370000, tzinfo=UTC)
LATENCIES_MS = (0, 200)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    `pairs` of processes with an account and without; `rounds` of set-ups in each;
    simulated hours after the first, with one account and with more of them, how many
    at most, and `growths` runs of each number; installations in each cloud, and the
    number of clouds.
    """

    pairs: int
    rounds: int
    hours: float
    growth_hours: float
    most_accounts: int
    growths: int
    installations: int
    clouds: int


FULL = Effort(3, 3, 12, 0.5, 100, 3, 3, 9)
QUICK = Effort(1, 2, 2, 0.5, 20, 3, 1, 2)

type Results = dict[str, list[dict[str, Any]]]


def sizes(vendor: Vendor, effort: Effort) -> tuple[int, ...]:
    """Return the numbers of accounts."""
    return tuple(min(size, effort.most_accounts) for size in vendor.sizes)


def steady(
    vendor: Vendor,
    hours: float,
    cloud: str = "",
    *,
    subject: str = "account",
    behaviour: Mapping[str, Any] | None = None,
    **options: Any,
) -> Job:
    """Return a job of so many hours in one of the vendor's clouds, else the usual one.

    `behaviour` are further arguments of the cloud, `options` of the measurement.
    """
    arguments = {**vendor.clouds[cloud or vendor.usual], **(behaviour or {})}
    options["hours"] = hours
    return Job(vendor.key, "steady", subject, options, arguments, START)


def set_up(vendor: Vendor, effort: Effort, subject: str = "account") -> Job:
    """Return a job of set-ups in real time."""
    options = {"rounds": effort.rounds, "latencies_ms": LATENCIES_MS}
    return Job(vendor.key, "set_up", subject, options)


def _alone(vendor: Vendor, effort: Effort) -> Iterator[tuple[str, Job]]:
    """Yield what depends on the machine; what is compared takes turns."""
    for number in range(1, effort.pairs + 1):
        yield "set_up", set_up(vendor, effort)
        yield "idle", steady(vendor, effort.hours, subject="")
        yield "one", steady(vendor, effort.hours, behaviour={"seed": number})
    for _ in range(effort.growths):
        for size in sizes(vendor, effort)[1:]:
            yield f"accounts {size}", _grown(vendor, effort, size)


def _grown(vendor: Vendor, effort: Effort, size: int, **options: Any) -> Job:
    """Return a job with so many accounts."""
    return steady(
        vendor,
        effort.growth_hours,
        accounts=size,
        warm_up=0.25,
        behaviour={"accounts": size},
        **options,
    )


def _beside(vendor: Vendor, effort: Effort) -> Iterator[tuple[str, Job]]:
    """Yield what is exact, and may run side by side."""
    for seed in range(1, effort.installations + 1):
        for name in list(vendor.clouds)[1 : effort.clouds]:
            job = steady(vendor, effort.hours, name, behaviour={"seed": seed})
            yield f"lag {name}", job
    hours = min(effort.hours, 6)
    if vendor.moves:
        yield "moving", steady(vendor, hours, behaviour={"moving": True})
    yield "recorded", steady(vendor, hours, recorded=True)
    for size in sizes(vendor, effort)[1:]:
        yield f"counted {size}", _grown(vendor, effort, size, counted=True)


def results(vendor: Vendor, effort: Effort, say: Callable[[str], None]) -> Results:
    """Run all jobs and return their results by name."""
    found: Results = {}
    for name, job in _alone(vendor, effort):
        say(f"{vendor.key}: {name}")
        found.setdefault(name, []).append(run(job))
    beside = list(_beside(vendor, effort))
    say(f"{vendor.key}: " + ", ".join(dict.fromkeys(name for name, _ in beside)))
    with ThreadPoolExecutor(2) as pool:
        for (name, _), result in zip(
            beside, pool.map(lambda item: run(item[1]), beside), strict=True
        ):
            found.setdefault(name, []).append(result)
    return found
