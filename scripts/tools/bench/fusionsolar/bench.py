"""Runs FusionSolar's measurements and says what they come to.

As for every brand, but for the lags: the vendor's quota does not allow each of the
values that a plant tells every five minutes to be fetched, so there is a share of those
that are, and the lags are theirs. Of the first hour, in which it is learned when the
cloud shows new values, they are told apart.
"""

from collections.abc import Callable, Iterable
from statistics import mean, median
from typing import Any, Final

from ..figures import Figure, Figures, percentile
from ..isolate import Job, run
from ..plan import FULL, QUICK, START, results
from ..report import Comparison
from . import VENDOR

LEFT_OUT_S: Final = 150.0
"""What is shown later than that was left out: a newer one was shown.

With three types of devices one of three is: a type may be asked once in 305 s, so each
poll slips by 5 s, and its lag would grow for ever.
"""
RECORDED_HOURS: Final = 6


def figures(*, quick: bool, say: Callable[[str], None]) -> list[Figure | Comparison]:
    """Measure, and return what is printed."""
    found = results(VENDOR, QUICK if quick else FULL, say)
    say("fusionsolar: recorder")
    usual = next(iter(VENDOR.delays.values()))
    hours = 1 if quick else RECORDED_HOURS
    found["recorded"] = [
        run(
            Job(
                VENDOR.key,
                "steady",
                {"hours": hours, "recorded": True},
                {"delay": usual},
                START,
            )
        )
    ]
    return [*FusionFigures(VENDOR, found).everything()]


class FusionFigures(Figures):
    """The figures, in the order of the table."""

    kinds = {"cold": "no token", "cached": "after a restart"}

    def everything(self) -> Iterable[Figure]:
        """Yield every figure."""
        yield from self._set_up()
        rounds = [item for run in self._results["set_up"] for item in run["rounds"]]
        yield self._figure(
            "entities", "entities", max(item["entities"] for item in rounds)
        )
        yield self._figure(
            "blank",
            "sensors without a value when set-up ends",
            max(item["blank"] for item in rounds),
        )
        yield from self._traffic()
        yield from self._lags()
        yield from self._blocks()
        yield from self._recorder()
        yield from self._growth()

    def _lags(self) -> Iterable[Figure]:
        for name, (base, jitter) in self._vendor.delays.items():
            later = [lag for hour in self._hours(f"lag {name}") for lag in hour["lags"]]
            runs = self._results[f"lag {name}"]
            first = [lag for run in runs for lag in run["warm_up"]["lags"]]
            cloud = f"{name} cloud ({base:g} to {base + jitter:g} s)"
            for stage, lags in (("", later), ("_first", first)):
                when = ", first hour" if stage else ""
                fetched = [lag for lag in lags if lag < LEFT_OUT_S]
                goals = ("none", "none") if stage else ("lag_median", "lag_p95")
                yield self._figure(
                    f"lag_{name}{stage}_median",
                    f"lag, {cloud}{when}: median of what is fetched",
                    median(fetched),
                    "s",
                    goals[0],
                )
                yield self._figure(
                    f"lag_{name}{stage}_p95",
                    f"lag, {cloud}{when}: p95 of what is fetched",
                    percentile(fetched, 0.95),
                    "s",
                    goals[1],
                )
                yield self._figure(
                    f"fetched_{name}{stage}",
                    f"share of refreshes fetched, {cloud}{when}",
                    100 * len(fetched) / len(lags),
                    "%",
                )
                everyone = f"for a refresh or a newer one, {cloud}{when}"
                for kind, wait in (
                    ("median", median(lags)),
                    ("p95", percentile(lags, 0.95)),
                    ("mean", mean(lags)),
                ):
                    yield self._figure(
                        f"age_{name}{stage}_{kind}",
                        f"wait of all, {kind} {everyone}",
                        wait,
                        "s",
                        "none",
                    )

    def _recorder(self) -> Iterable[Figure]:
        [result] = self._results["recorded"]
        told: dict[str, Any] = result["recorded"]
        hours = len(result["hours"])
        yield self._figure(
            "recorded",
            "recorder, states and attributes per hour",
            (told["states"] + told["state_attributes"]) / hours,
            "KiB",
        )
        yield self._figure(
            "recorded_file",
            "recorder, growth of its file per hour",
            told["file"] / hours,
            "KiB",
        )
