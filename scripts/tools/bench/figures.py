"""What the results of the measurements come to: one value per figure."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from .plan import LATENCIES_MS, Effort, Results, sizes
from .vendor import Vendor

_KINDS = {"cold": "new account", "cached": "after a restart"}

_REASONS = {
    "memory": (
        "most of it is code, of the integration and of what it imports; an account"
        " itself takes what one account more does"
    ),
}
"""Why targets are missed, by their names, unless a vendor has a reason of its own."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; the most that is allowed, and the best there was before.

    `reason` tells why the target is missed, where it is.
    """

    key: str
    text: str
    value: float | None
    unit: str = ""
    target: float | None = None
    best: float | None = None
    reason: str = ""

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

    def __init__(self, vendor: Vendor, effort: Effort, results: Results) -> None:
        """Take the results by the names that the plan gave them."""
        self._vendor = vendor
        self._results = results
        self._sizes = sizes(vendor, effort)

    def all(self) -> Iterator[Figure]:
        """Yield every figure."""
        yield from self._set_up()
        yield from self._traffic()
        yield from self._states()
        yield from self._lags()
        yield from self._blocks()
        yield from self._cost()

    def beside(self) -> Iterator[Figure]:
        """Yield what can be told of another integration too."""
        yield from self._set_up()
        yield from self._traffic()
        yield from self._states()
        yield from self._blocks()
        yield from self._cost()

    def _figure(
        self, key: str, text: str, value: float | None, unit: str = "", goal: str = ""
    ) -> Figure:
        goal = goal or key
        vendor = self._vendor
        reasons = {**_REASONS, **vendor.reasons}
        reason = reasons.get(key, reasons.get(goal, ""))
        target, best = vendor.targets.get(goal), vendor.best.get(goal)
        return Figure(key, text, value, unit, target, best, reason)

    # -- set-up ----------------------------------------------------------------

    def _set_up(self) -> Iterator[Figure]:
        rounds = [item for run in self._results["set_up"] for item in run["rounds"]]

        def of(kind: str, latency: int, key: str) -> float:
            values: list[float] = [
                item[key]
                for item in rounds
                if item["kind"] == kind and item["latency"] == latency
            ]
            return median(values)

        for kind, text in _KINDS.items():
            trips = of(kind, max(LATENCIES_MS), "trips")
            told = f"set-up, {text}: sequential round trips"
            yield self._figure(f"trips_{kind}", told, trips)
        for latency in LATENCIES_MS:
            for kind, text in _KINDS.items():
                yield self._figure(
                    f"ms_{kind}_{latency}",
                    f"set-up, {text}, cloud answers in {latency} ms",
                    of(kind, latency, "ms"),
                    "ms",
                )
        entities = max(item["entities"] for item in rounds)
        yield self._figure("entities", "entities", entities)
        yield self._figure(
            "blank",
            "sensors without a value when set-up ends",
            max(item["blank"] for item in rounds),
        )

    # -- hours -----------------------------------------------------------------

    def _hours(self, name: str) -> list[dict[str, Any]]:
        runs = self._results.get(name, ())
        return [hour for run in runs for hour in run.get("hours", ())]

    def _named(self, cloud: str) -> str:
        """Return the name of the results of a cloud."""
        return "one" if cloud == self._vendor.usual else f"lag {cloud}"

    def _traffic(self) -> Iterator[Figure]:
        hours = self._hours("one")
        totals = [sum(hour["calls"].values()) for hour in hours]
        yield self._figure("calls", "calls per hour", mean(totals))
        for label, count in _per_hour(hours).items():
            yield self._figure(f"calls_{label}", f"  of them {label}", count)
        yield self._figure("calls_hour", "calls in the busiest hour", max(totals))
        for name in list(self._vendor.clouds)[1:]:
            if others := self._hours(self._named(name)):
                value = mean(sum(hour["calls"].values()) for hour in others)
                text = f"calls per hour, {name}"
                yield self._figure(f"calls {name}", text, value, goal="calls")
        for name in self._vendor.clouds:
            if others := self._hours(self._named(name)):
                most = max(hour["most"] for hour in others)
                text = f"most calls in 300 s, {name}"
                yield self._figure(f"calls_most {name}", text, most, goal="calls_most")
        yield self._figure(
            "calls_minute",
            "most calls of one endpoint in a minute",
            max(hour["busiest"] for hour in hours),
        )
        refused = sum(
            hour["refused"] for name in self._results for hour in self._hours(name)
        )
        yield self._figure("refused", "calls refused as too many, all runs", refused)

    def _states(self) -> Iterator[Figure]:
        if moving := self._hours("moving"):
            yield self._figure(
                "changes",
                "state changes per hour, every value moving",
                max(hour["changes"] for hour in moving),
            )
        house = mean(hour["changes"] for hour in self._hours("one"))
        text = "state changes per hour, simulated house"
        yield self._figure("changes_house", text, house)
        [result] = self._results["recorded"]
        told, count = result["recorded"], len(result["hours"])
        yield self._figure("rows", "database rows per hour", told["rows"] / count)
        yield self._figure(
            "recorded",
            "database, states and attributes per hour",
            (told["states"] + told["state_attributes"]) / count,
            "KiB",
        )
        text = "database, growth of its file per hour"
        yield self._figure("recorded_file", text, told["file"] / count, "KiB")

    # -- lags ------------------------------------------------------------------

    def _lags(self) -> Iterator[Figure]:
        for name in self._vendor.clouds:
            runs = self._results.get(self._named(name), [])
            later = [
                lag for run in runs for hour in run["hours"] for lag in hour["lags"]
            ]
            if not runs:
                continue
            goal = "none" if name in self._vendor.ungraded else "lag"
            yield from self._lag(f"lag {name}", f"lag, {name}", later, goal)
            if first := [lag for run in runs for lag in run["warm_up"]["lags"]]:
                text = f"lag, {name}, first hour"
                yield from self._lag(f"lag first {name}", text, first, "none")

    def _lag(
        self, key: str, text: str, lags: list[float], goal: str
    ) -> Iterator[Figure]:
        limit = self._vendor.left_out_s
        fetched = [lag for lag in lags if limit is None or lag < limit] or lags
        of = " of what is fetched" if len(fetched) < len(lags) else ""
        for kind, value in (
            ("median", median(fetched) if lags else None),
            ("p95", percentile(fetched, 0.95) if lags else None),
        ):
            told = f"{text}: {kind}{of}"
            yield self._figure(f"{key} {kind}", told, value, "s", f"{goal}_{kind}")
        if len(fetched) < len(lags):
            share = 100 * len(fetched) / len(lags)
            told = f"  share of refreshes fetched, {text.removeprefix('lag, ')}"
            yield self._figure(f"{key} fetched", told, share, "%")
            told = f"  wait for any, or a newer one, {text.removeprefix('lag, ')}: mean"
            yield self._figure(f"{key} wait", told, mean(lags), "s")

    # -- what depends on the machine ------------------------------------------

    def _blocks(self) -> Iterator[Figure]:
        runs = self._results["set_up"]
        yield self._figure(
            "block_set_up",
            "longest block, account added in a fresh process",
            median(run["first"].own_ms for run in runs),
            "ms",
        )
        for kind, text in {"cold": "added again", "cached": "loaded again"}.items():
            blocks = [
                item["block"].own_ms
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
        hours = self._hours("one")
        for key, name, goal in (
            ("own_ms", "longest block in an hour", "block_steady"),
            ("ms", "  with Python's garbage collector", "none"),
        ):
            blocks = [getattr(hour["block"], key) for hour in hours]
            yield self._figure(
                f"block_{key}", f"{name}: median", median(blocks), "ms", goal
            )
            yield self._figure(
                f"block_{key}_most", f"{name}: of all hours", max(blocks), "ms", goal
            )

    def _cost(self) -> Iterator[Figure]:
        """Yield CPU and memory beside the same Home Assistant without the account."""
        first, *more = self._sizes
        pairs = list(zip(self._results["one"], self._results["idle"], strict=True))
        idle_cpu = median(_cpu(run) for run in self._results["idle"])
        cpu = {first: median(_cpu(run) - _cpu(idle) for run, idle in pairs)}
        memory = {first: _median_added(pairs)}
        if calls := _per_hour(self._hours("one")).get(self._vendor.refresh):
            told = cpu[first] * 1000 / calls
            yield self._figure("cpu_refresh", "CPU per refresh", told, "ms")
        for size in (size for size in more if f"accounts {size}" in self._results):
            runs = self._results[f"accounts {size}"]
            cpu[size] = median(map(_cpu, runs)) - idle_cpu
            memory[size] = _median_added(
                [(run, idle) for run in runs for idle in self._results["idle"]]
            )
        for size, spent in cpu.items():
            accounts = f"{size} account{'s' if size > 1 else ''}"
            text = f"CPU per hour, {accounts}"
            yield self._figure(f"cpu_{size}", text, spent, "s")
        for size, mib in memory.items():
            accounts = f"{size} account{'s' if size > 1 else ''}"
            text = f"memory added, {accounts}"
            key = "memory" if size == first else f"memory_{size}"
            yield self._figure(key, text, mib, "MiB")
        if len(cpu) < len(self._sizes):
            return
        few, some, many = cpu
        yield from self._work(some, many)
        yield self._figure(
            "cpu_time_growth",
            f"CPU of an account among {many}, against among {some}",
            (cpu[many] / many) / (cpu[some] / some),
        )
        added: Mapping[int, Any] = memory
        if None not in memory.values():
            # Beside the first one, which also brings the code.
            before, each = (
                (added[size] - added[few]) / (size - few) for size in (some, many)
            )
            text = f"memory of a further account, of {many} against of {some}"
            yield self._figure("memory_growth", text, each / before)

    def _work(self, some: int, many: int) -> Iterator[Figure]:
        """Yield how much is computed for each of many accounts, on any machine.

        An account alone may be asked a little more, or less, often than most.
        """
        before, each = (
            self._results[f"counted {size}"][0]["function_calls"] / size
            for size in (some, many)
        )
        text = f"function calls per hour, of an account among {some}"
        yield self._figure("work", text, before)
        text = f"function calls of an account among {many}, against among {some}"
        yield self._figure("cpu_growth", text, each / before)


def _per_hour(hours: list[dict[str, Any]]) -> dict[str, float]:
    """Return the calls per hour by endpoint, most first."""
    counts: dict[str, float] = {}
    for hour in hours:
        for label, count in hour["calls"].items():
            counts[label] = counts.get(label, 0) + count / len(hours)
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _cpu(run: Mapping[str, Any]) -> float:
    """Return s per hour."""
    hours = run["hours"]
    spent: float = sum(hour["cpu_s"] for hour in hours)
    length: float = sum(hour["share"] for hour in hours)
    return spent / length


def _median_added(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> float | None:
    """Return the MiB that processes have more than those that they are paired with."""
    added = [
        run["memory"] - idle["memory"]
        for run, idle in pairs
        if run["memory"] is not None and idle["memory"] is not None
    ]
    return median(added) if added else None
