"""What the results of the measurements come to: one value per figure."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from .plan import LATENCIES_MS, Results
from .vendor import Vendor


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; the most that is allowed, and the best there was before."""

    key: str
    text: str
    value: float | None
    unit: str = ""
    target: float | None = None
    best: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met, None without one."""
        if self.target is None or self.value is None:
            return None
        return self.value <= self.target


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that so many others do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def most_within(times: Iterable[float], window: float = 300.0) -> int:
    """Return the greatest number of instants in any window of so many s."""
    ordered = sorted(times)
    return max(
        (bisect_left(ordered, at + window) - n for n, at in enumerate(ordered)),
        default=0,
    )


class Figures:
    """Turns results into figures, in the order of the table."""

    kinds: Mapping[str, str] = {"cold": "no token", "cached": "cached token"}
    """What the kinds of set-up are called."""

    def __init__(self, vendor: Vendor, results: Results) -> None:
        """Take the results by the names that `plan.jobs` gave them."""
        self._vendor = vendor
        self._results = results
        self._usual = f"lag {next(iter(vendor.delays), '')}"

    def all(self) -> list[Figure]:
        """Return every figure."""
        return [
            *self._set_up(),
            *self._traffic(),
            *self._lags(),
            *self._blocks(),
            *self._growth(),
        ]

    def _figure(
        self, key: str, text: str, value: float | None, unit: str = "", goal: str = ""
    ) -> Figure:
        goal = goal or key
        vendor = self._vendor
        return Figure(
            key, text, value, unit, vendor.targets.get(goal), vendor.best.get(goal)
        )

    def _set_up(self) -> Iterable[Figure]:
        rounds = [item for run in self._results["set_up"] for item in run["rounds"]]

        def of(kind: str, latency: int, key: str) -> float:
            values: list[float] = [
                item[key]
                for item in rounds
                if item["kind"] == kind and item["latency"] == latency
            ]
            return median(values)

        slow = max(LATENCIES_MS)
        for kind, text in self.kinds.items():
            yield self._figure(
                f"trips_{kind}",
                f"set-up, {text}: sequential round trips",
                of(kind, slow, "trips"),
            )
        for latency in LATENCIES_MS:
            for kind, text in self.kinds.items():
                yield self._figure(
                    f"ms_{kind}_{latency}",
                    f"set-up, {text}, cloud answers in {latency} ms",
                    of(kind, latency, "ms"),
                    "ms",
                )

    def _hours(self, name: str) -> list[dict[str, Any]]:
        return [hour for run in self._results[name] for hour in run["hours"]]

    def _traffic(self) -> Iterable[Figure]:
        hours = self._hours(self._usual)
        per_hour: dict[str, float] = {}
        for hour in hours:
            for label, count in hour["calls"].items():
                per_hour[label] = per_hour.get(label, 0) + count / len(hours)
        totals = [sum(hour["calls"].values()) for hour in hours]
        yield self._figure("calls", "calls per hour", mean(totals))
        for label, count in sorted(per_hour.items(), key=lambda item: -item[1]):
            yield self._figure(f"calls_{label}", f"  of them {label}", count)
        yield self._figure("calls_most", "calls in the busiest hour", max(totals))
        for name in list(self._vendor.delays)[1:]:
            value = mean(sum(h["calls"].values()) for h in self._hours(f"lag {name}"))
            yield self._figure(
                f"calls_{name}", f"calls per hour, {name} cloud", value, goal="calls"
            )
        yield self._figure(
            "changes",
            "state changes per hour, every value moving",
            max(hour["changes"] for hour in self._hours("moving")),
        )
        yield self._figure(
            "changes_house",
            "state changes per hour, simulated house",
            mean(hour["changes"] for hour in hours),
        )

    def _lags(self) -> Iterable[Figure]:
        for name, (base, jitter) in self._vendor.delays.items():
            runs = self._results[f"lag {name}"]
            later = [lag for hour in self._hours(f"lag {name}") for lag in hour["lags"]]
            first = [lag for run in runs for lag in run["warm_up"]["lags"]]
            for stage, lags in (("", later), ("_first", first)):
                when = ", first hour" if stage else ""
                text = f"lag, {name} cloud ({base:g} to {base + jitter:g} s){when}"
                yield self._figure(
                    f"lag_{name}{stage}_median",
                    f"{text}: median",
                    median(lags),
                    "s",
                    "lag_median",
                )
                yield self._figure(
                    f"lag_{name}{stage}_p95",
                    f"{text}: p95",
                    percentile(lags, 0.95),
                    "s",
                    "lag_p95",
                )

    def _blocks(self) -> Iterable[Figure]:
        yield from self._set_up_blocks()
        hourly = [hour["block"].ms for hour in self._hours("fleet 1")]
        yield self._figure(
            "block_steady",
            "longest block in steady state, median of hours",
            median(hourly),
            "ms",
        )
        yield self._figure(
            "block_steady_most",
            "longest block in steady state, of all hours",
            max(hourly),
            "ms",
            "block_steady",
        )

    def _set_up_blocks(self) -> Iterable[Figure]:
        runs = self._results["set_up"]
        firsts = [run["first"].ms for run in runs]
        yield self._figure(
            "block_set_up",
            "longest block, account added in a fresh process",
            median(firsts),
            "ms",
        )
        for kind, text in {"cold": "added again", "cached": "loaded again"}.items():
            blocks = [
                item["block"].ms
                for run in runs
                for item in run["rounds"]
                if item["kind"] == kind
            ]
            yield self._figure(
                f"block_{kind}",
                f"longest block, account {text}",
                median(blocks),
                "ms",
                "block_set_up",
            )

    def _growth(self) -> Iterable[Figure]:
        idle = self._results["idle"][0]
        sizes = [
            int(name.removeprefix("fleet "))
            for name in self._results
            if name.startswith("fleet ")
        ]
        memory = {size: self._added(size, idle["memory"]) for size in sizes}
        yield self._figure("memory", "memory added", memory[1], "MiB")
        cpu: dict[int, float] = {}
        for size in sizes:
            hours = self._hours(f"fleet {size}")
            cpu[size] = sum(h["cpu_s"] for h in hours) / sum(h["share"] for h in hours)
            inverters = f"{size} inverter{'s' if size > 1 else ''}"
            yield self._figure(
                f"cpu_{size}", f"CPU per hour, {inverters}", cpu[size], "s"
            )
            if size > 1:
                yield self._figure(
                    f"memory_{size}", f"memory added, {inverters}", memory[size], "MiB"
                )
        yield self._ratio("cpu_growth", "CPU", cpu, sizes)
        yield self._ratio("memory_growth", "memory", memory, sizes)

    def _added(self, size: int, idle: float | None) -> float | None:
        used = self._results[f"fleet {size}"][0]["memory"]
        return None if used is None or idle is None else used - idle

    def _ratio(
        self, key: str, what: str, by_size: dict[int, Any], sizes: Sequence[int]
    ) -> Figure:
        """Compare what one more inverter costs among many and among few."""
        few, some, many = sizes
        value: float | None = None
        if by_size[few] is not None:
            first = (by_size[some] - by_size[few]) / (some - few)
            later = (by_size[many] - by_size[some]) / (many - some)
            value = later / first
        return self._figure(
            key,
            f"{what} of one inverter more, {some}-{many} against {few}-{some}",
            value,
        )
