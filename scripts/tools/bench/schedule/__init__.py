"""What a schedule of many rules costs, without a cloud: the core, and the calendar.

An operation's first run, in a process that has done nothing yet, is apart from the
others; of both there are medians. The cases are in `mix.py`, the operations in
`measure.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
import multiprocessing
from statistics import median
from typing import Final

from ..figures import Figure
from .measure import Files, timed

SIZES: Final = (10, 100, 1000)
TARGETS: Final = {"compile": 50, "month": 50, "other_month": 50, "events": 50}
"""The most ms at the largest size."""
REASONS: Final = {"events": "about 2,600 events, each with its words and its proof"}
TEXTS: Final = {
    "compile": "compile, 72 hours",
    "month": "calendar, one month",
    "other_month": "calendar, a month not asked for before",
    "events": "calendar, one month in words",
    "changes_unsent": "changes, nothing sent yet",
    "changes_confirmed": "changes, everything confirmed",
    "observe": "list taken in, everything confirmed",
    "observe_untold": "list taken in, no id told before",
    "pass_time": "time passes",
    "encode": "ledger encoded for the journal",
    "decode": "ledger decoded from the journal",
}

type Times = dict[str, list[list[float]]]
"""Of each operation the ms of the runs, process by process."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: rounds of fresh processes, and runs in each process."""

    rounds: int
    runs: int


FULL = Effort(5, 15)
QUICK = Effort(1, 10)


def figures(*, quick: bool, say: Callable[[str], None]) -> list[Figure]:
    """Measure and return every figure, in the order of the table."""
    effort = QUICK if quick else FULL
    files = {size: Files.of(size) for size in SIZES}
    found: dict[int, Times] = {size: {name: [] for name in TEXTS} for size in SIZES}
    for number in range(effort.rounds):
        # What else the machine does at times is so spread over all of them.
        say(f"schedule: round {number + 1} of {effort.rounds}")
        for size in SIZES:
            for names in _groups(size):
                times = _isolated(files[size], names, effort.runs)
                for name in names:
                    found[size][name].append(times[name])
    return [*_largest(found[SIZES[-1]], files[SIZES[-1]]), *_growth(found)]


def _groups(size: int) -> list[list[str]]:
    """Return which operations share a process; the first run counts of the largest."""
    return [[name] for name in TEXTS] if size == SIZES[-1] else [list(TEXTS)]


def _isolated(files: Files, names: list[str], runs: int) -> dict[str, list[float]]:
    """Measure in a fresh process, in which all is loaded but nothing was done."""
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload([timed.__module__])
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(timed, files, names, runs).result()


def _usual(processes: list[list[float]]) -> float:
    return median(ms for runs in processes for ms in runs[1:])


def _largest(times: Times, files: Files) -> Iterator[Figure]:
    size = SIZES[-1]
    for name, text in TEXTS.items():
        yield Figure(
            f"{name}_{size}",
            f"{text}, {size:,} rules",
            _usual(times[name]),
            "ms",
            TARGETS.get(name),
            reason=REASONS.get(name, ""),
        )
        yield Figure(
            f"{name}_{size}_first",
            "  first in a process",
            median(runs[0] for runs in times[name]),
            "ms",
        )
    yield Figure(
        f"journal_{size}",
        f"ledger in the journal, {size:,} rules",
        files.journal_kib,
        "KiB",
    )


def _growth(found: Mapping[int, Times]) -> Iterator[Figure]:
    """Compare what one more rule costs among many and among few."""
    few, some, many = SIZES
    for name, text in TEXTS.items():
        ms = {size: _usual(found[size][name]) for size in SIZES}
        for size in (few, some):
            yield Figure(f"{name}_{size}", f"{text}, {size} rules", ms[size], "ms")
        yield Figure(
            f"{name}_growth",
            f"  of one rule more, {some}-{many:,} against {few}-{some}",
            ((ms[many] - ms[some]) / (many - some))
            / ((ms[some] - ms[few]) / (some - few)),
        )
