"""Who tells Amber's prices how late, and for what.

Home Assistant's own integration runs in the same Home Assistant, at the same cloud, as
ours. The others, and ours once more, are their policies alone, in a simulation of many
days whose requests take 160 to 600 ms (`lags.py`). A lag is from publication to the
state, or to the answer.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from statistics import mean, median
from typing import Any, Final

from ..clock import SPAWN
from ..figures import Figure, Figures, percentile
from ..isolate import run
from ..plan import FULL, Effort, Results, set_up, steady
from ..report import Comparison
from . import VENDOR
from .lags import DAYS, OURS, POLICIES, Case, Lags, played

_DAYS: Final = 28
_COLUMNS: Final = ("lag median", "p95", "max", "unseen", "calls", "in 300 s", "refused")


def comparisons(
    results: Results, effort: Effort, say: Callable[[str], None]
) -> Iterator[Comparison]:
    """Measure the others and yield the tables."""
    say("amber: Home Assistant's own integration")
    core: Results = {
        "set_up": [run(set_up(VENDOR, effort, "core")) for _ in range(effort.pairs)],
        "one": [
            run(steady(VENDOR, effort.hours, subject="core", behaviour={"seed": seed}))
            for seed in range(1, effort.pairs + 1)
        ],
        "recorded": [
            run(steady(VENDOR, min(effort.hours, 6), subject="core", recorded=True))
        ],
        "idle": results["idle"],
    }
    yield _beside_core(Figures(VENDOR, effort, results), Figures(VENDOR, effort, core))
    days = _DAYS if effort == FULL else 3
    say(f"amber: policies, {days} days each")
    cases = [
        Case(name, weather, minutes, days)
        for weather in DAYS
        for minutes in (5, 30)
        for name in POLICIES
    ]
    with ProcessPoolExecutor(2, mp_context=SPAWN) as processes:
        lags = dict(zip(cases, processes.map(played, cases), strict=True))
    for weather in DAYS:
        for minutes in (5, 30):
            cloud = f"{minutes}-minute site"
            cloud += "" if weather == "ordinary" else f", {weather} days"
            rows: dict[str, Lags] = {}
            if home := _in_home(results, cloud, minutes):
                rows["ours, in Home Assistant"] = home
            if cloud == VENDOR.usual and (home := _in_home(core, cloud, minutes)):
                rows["Home Assistant core, in it"] = home
            rows |= {
                case.name: told
                for case, told in lags.items()
                if (case.weather, case.minutes) == (weather, minutes)
            }
            yield Comparison(
                f"{minutes}-minute site, {weather} days",
                _COLUMNS,
                {
                    name: tuple(_cells(f"{weather}_{minutes}_{name}", name, told))
                    for name, told in rows.items()
                },
            )


def _beside_core(ours: Figures, core: Figures) -> Comparison:
    wanted = {
        "ms_cold_200": "set-up, 200 ms",
        "calls": "calls/h",
        "changes_house": "changes/h",
        "recorded": "database/h",
        "cpu_1": "CPU/h",
        "block_own_ms": "block, median",
        "block_own_ms_most": "block, most",
        "memory": "memory",
    }
    rows = {}
    for name, figures in (("ours", ours), ("Home Assistant's own", core)):
        by_key = {item.key: item for item in figures.beside()}
        rows[name] = tuple(
            replace(by_key[key], key=f"beside_{name}_{key}", target=None)
            for key in wanted
        )
    return Comparison("5-minute site, whole", tuple(wanted.values()), rows)


def _in_home(results: Results, cloud: str, minutes: int) -> Lags | None:
    """Return what came of a run in a whole Home Assistant."""
    runs = results.get("one" if cloud == VENDOR.usual else f"lag {cloud}")
    if not runs:
        return None
    hours: list[Mapping[str, Any]] = [hour for it in runs for hour in it["hours"]]
    lags = [lag for hour in hours for lag in hour["lags"]]
    length = 60.0 * minutes
    return Lags(
        lags=lags,
        intervals=round(sum(hour["share"] for hour in hours) * 60 / minutes),
        unseen=sum(lag >= length for lag in lags),
        calls=sum(hour["calls"].get(VENDOR.refresh, 0) for hour in hours)
        or sum(sum(hour["calls"].values()) for hour in hours),
        most=max(hour["most"] for hour in hours),
        refused=sum(hour["refused"] for hour in hours),
        cpu_s=mean(hour["cpu_s"] for hour in hours),
    )


def _cells(key: str, name: str, lags: Lags) -> Iterator[Figure]:
    """Yield a row; only what is ours has targets, lags of ordinary days alone."""
    key = key.lower().replace(",", "").replace(" ", "_")
    ours = name == OURS or name.startswith("ours")
    per_interval = lags.calls / lags.intervals
    for what, value, unit, always in (
        ("lag_median", median(lags.lags), "s", False),
        ("lag_p95", percentile(lags.lags, 0.95), "s", False),
        ("lag_max", max(lags.lags), "s", False),
        ("unseen", 100 * lags.unseen / lags.intervals, "%", False),
        ("calls_interval", per_interval, "", True),
        ("calls_most", lags.most, "", True),
        ("refused", lags.refused, "", False),
    ):
        graded = ours and (always or key.startswith("ordinary"))
        target = VENDOR.targets.get(what) if graded else None
        reason = VENDOR.reasons.get(what, "")
        text = f"{key.replace('_', ' ')}: {what.replace('_', ' ')}"
        yield Figure(f"{key}_{what}", text, value, unit, target, None, reason)
