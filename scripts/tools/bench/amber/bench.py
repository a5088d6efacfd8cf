"""Runs Amber's measurements and says what they come to.

Ours is a whole Home Assistant on simulated time, whose requests take 200 ms, and the
planner alone for 28 days; the others are their policies, in the same simulation, whose
requests take 160 to 600 ms. A lag is from publication to the state, or to the answer.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Any, Final

from ..clock import SPAWN
from ..figures import Figure, Figures, most_within, percentile
from ..isolate import Job, run
from ..plan import LATENCIES_MS, START
from ..report import Comparison
from . import VENDOR
from .lags import DAYS, OURS, POLICIES, Case, Lags, played

MINUTES: Final = (5, 30)
HOME: Final = "ours, in Home Assistant"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: processes, rounds, simulated hours, simulated days."""

    set_ups: int
    rounds: int
    hours: dict[str, int]
    idle_hours: int
    recorded_hours: int
    days: int


FULL: Final = Effort(3, 3, {"ordinary": 24, "bad": 12}, 4, 6, 28)
QUICK: Final = Effort(1, 2, {"ordinary": 3, "bad": 1}, 1, 1, 1)


def figures(*, quick: bool, say: Callable[[str], None]) -> list[Figure | Comparison]:
    """Measure, and return what is printed."""
    effort = QUICK if quick else FULL
    say("amber: set-up")
    set_up = Job(
        VENDOR.key, "set_up", {"rounds": effort.rounds, "latencies_ms": LATENCIES_MS}
    )
    found: dict[str, list[dict[str, Any]]] = {
        "set_up": [run(set_up) for _ in range(effort.set_ups)]
    }
    jobs = {
        _key(days, minutes): _job(hours, {"minutes": minutes, "days": days})
        for days, hours in effort.hours.items()
        for minutes in MINUTES
    }
    jobs["idle"] = _job(effort.idle_hours, {}, accounts=0)
    for minutes in MINUTES:
        jobs[f"recorded {minutes}"] = _job(
            effort.recorded_hours, {"minutes": minutes}, recorded=True
        )
    say("amber: a whole Home Assistant, " + ", ".join(jobs))
    with ThreadPoolExecutor(2) as threads:
        for name, result in zip(jobs, threads.map(run, jobs.values()), strict=True):
            found[name] = [result]
    say(f"amber: policies, {effort.days} days each")
    cases = [
        Case(name, days, minutes, effort.days)
        for days in DAYS
        for minutes in MINUTES
        for name in POLICIES
    ]
    with ProcessPoolExecutor(2, mp_context=SPAWN) as processes:
        lags = dict(zip(cases, processes.map(played, cases), strict=True))
    return [*AmberFigures(found, lags, effort.days).everything()]


def _key(days: str, minutes: int) -> str:
    return f"{days} {minutes}"


def _job(hours: int, cloud: dict[str, Any], **options: Any) -> Job:
    return Job(VENDOR.key, "prices", {"hours": hours, **options}, cloud, START)


class AmberFigures(Figures):
    """The figures, in the order of the table."""

    kinds = {"cold": "new account", "cached": "after a restart"}

    def __init__(
        self,
        results: dict[str, list[dict[str, Any]]],
        lags: dict[Case, Lags],
        days: int,
    ) -> None:
        """Take what was measured and simulated."""
        super().__init__(VENDOR, results)
        self._lags = lags
        self._days = days

    def everything(self) -> Iterator[Figure | Comparison]:
        """Yield the figures, then the comparisons."""
        yield from self._set_up()
        yield from self._set_up_blocks()
        for minutes in MINUTES:
            yield from self._site(minutes)
        for case, lags in self._lags.items():
            if case.name == OURS and case.weather == "ordinary":
                yield self._figure(
                    f"cpu_plan_{case.minutes}",
                    f"CPU of the planner per interval, {case.minutes}-min site",
                    lags.cpu_s * 1000 / lags.intervals,
                    "ms",
                )
        for days in DAYS:
            for minutes in MINUTES:
                yield self._comparison(days, minutes)

    def _site(self, minutes: int) -> Iterable[Figure]:
        site = f"{minutes}-min site"
        (result,) = self._results[_key("ordinary", minutes)]
        (idle,) = self._results["idle"]
        hours = result["hours"]
        count = len(hours)

        def figure(
            key: str, text: str, value: float | None, unit: str = "", goal: str = ""
        ) -> Figure:
            return self._figure(
                f"{key}_{minutes}", f"{site}: {text}", value, unit, goal
            )

        yield figure("calls", "calls per hour", len(result["calls"]) / count)
        for label, calls in sorted(result["labels"].items()):
            yield figure(f"calls_{label}", f"  of them {label}", calls / count)
        changes = mean(hour["changes"] for hour in hours)
        yield figure("changes", "state changes per hour", changes)
        for key, text, goal in (
            ("own_ms", "longest block, without the garbage collector", "block_steady"),
            ("ms", "longest block, with it", ""),
        ):
            blocks = [getattr(hour["block"], key) for hour in hours]
            usual = f"{text}, median of hours"
            yield figure(f"block_{key}", usual, median(blocks), "ms", goal)
            yield figure(
                f"block_{key}_most", f"{text}, of all hours", max(blocks), "ms", goal
            )
        cpu = mean(hour["cpu_s"] for hour in hours)
        cpu -= mean(hour["cpu_s"] for hour in idle["hours"])
        yield figure("cpu", "CPU per hour", cpu, "s")
        polls = result["labels"]["current"] / count
        yield figure("cpu_poll", "CPU per poll, all of it", cpu * 1000 / polls, "ms")
        added = None
        if result["memory"] is not None and idle["memory"] is not None:
            added = result["memory"] - idle["memory"]
        yield figure("memory", "memory added", added, "MiB")
        (recorder,) = self._results[f"recorded {minutes}"]
        told = recorder["recorded"]
        hours_recorded = len(recorder["hours"])
        yield figure(
            "recorded",
            "recorder, states and attributes per hour",
            (told["states"] + told["state_attributes"]) / hours_recorded,
            "KiB",
            "recorded",
        )
        yield figure(
            "recorded_file",
            "recorder, growth of its file per hour",
            told["file"] / hours_recorded,
            "KiB",
        )
        yield figure("wrong", "prices that were not so", result["wrong"])

    # -- who is how late -------------------------------------------------------

    def _comparison(self, days: str, minutes: int) -> Comparison:
        (result,) = self._results[_key(days, minutes)]
        home = Lags(
            lags=result["lags"],
            intervals=result["intervals"],
            unseen=result["unseen"],
            calls=result["labels"]["current"],
            most=most_within(result["calls"]),
            refused=result["refused"],
            cpu_s=0,
        )
        rows = {HOME: self._cells(days, minutes, HOME, home)}
        for case, lags in self._lags.items():
            if (case.weather, case.minutes) == (days, minutes):
                rows[case.name] = self._cells(days, minutes, case.name, lags)
        hours = len(result["hours"])
        return Comparison(
            f"{minutes}-min site, {days} days"
            f" ({hours} h in Home Assistant, {self._days} days of policies)",
            ("lag median", "p95", "max", "unseen", "calls", "in 300 s", "refused"),
            rows,
        )

    def _cells(
        self, days: str, minutes: int, name: str, lags: Lags
    ) -> tuple[Figure, ...]:
        key = f"{days}_{minutes}_{name.lower().replace(',', '').replace(' ', '_')}"
        told = f"{days} days, {minutes}-min site, {name}"
        ours = name in {HOME, OURS}

        def cell(
            what: str, value: float, unit: str = "", *, always: bool = False
        ) -> Figure:
            goal = what if ours and (always or days == "ordinary") else "none"
            figure = self._figure(f"{key}_{what}", f"{told}: {what}", value, unit, goal)
            return replace(figure, best=None)

        return (
            cell("lag_median", median(lags.lags), "s"),
            cell("lag_p95", percentile(lags.lags, 0.95), "s"),
            cell("lag_max", max(lags.lags), "s"),
            cell("unseen", 100 * lags.unseen / lags.intervals, "%"),
            cell("calls_interval", lags.calls / lags.intervals, always=True),
            cell("calls_most", lags.most, always=True),
            cell("refused", lags.refused),
        )
