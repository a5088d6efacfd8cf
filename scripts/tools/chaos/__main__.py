"""Random trouble, and whether all ends well.

`scripts/chaos` plays stories: each has a simulated cloud with a house, a real Home
Assistant core with the integration (real config flow, stores and registries) in a
process of its own, and an owner with an app. Some things are asked of the integration
while others go wrong, one or two at a time. A story takes some simulated hours, in which
time stands still while anybody computes: nothing is sped up, and the machine's speed
changes nothing. A death is a real SIGKILL, maybe in the middle of a write to the cloud
or of a file; a full disk is the kernel's own refusal.

All is drawn from the seed: the same seed gives the same story, the same requests at the
same times and the same verdict. `--replay SEED` tells one story in full.

What has to be so is looked at all the time, and at the end:

INVARIANTS

A device that is forced has a minute, once Home Assistant and cloud are well again, to
do what is wanted. Where a brand cannot be that fast, it has more:

GRACES
"""

import argparse
from collections import Counter
import os
import sys

from .houses.all import HOUSES
from .judge import INVARIANTS, Verdict
from .play import DAYLIGHT_SAVING
from .story import FAULTS, WISHES
from .worker import Job, Workers


def main() -> int:
    """Read the command line, play, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description=_described(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=200, help="how many stories")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--vendor", help="only houses of that vendor")
    parser.add_argument("--house", choices=sorted(HOUSES), help="only that house")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one story in full")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="stories side by side"
    )
    given = parser.parse_args()
    names = _houses(given.vendor, given.house)
    if not names:
        known = sorted({plot.house.vendor for plot in HOUSES.values()})
        parser.error(f"no such vendor; there are {', '.join(known)}")
    if given.replay is not None:
        return _replay(Job(given.replay, names[given.replay % len(names)]))
    jobs = [
        Job(seed, names[seed % len(names)])
        for seed in range(given.seed, given.seed + given.runs)
    ]
    verdicts: list[Verdict] = []
    with Workers(max(1, min(given.jobs, len(jobs)))) as workers:
        for verdict in workers.run(jobs):
            verdicts.append(verdict)
            if not verdict.passed:
                print(_failure(verdict), flush=True)
    print(table(verdicts))
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _houses(vendor: str | None, house: str | None) -> list[str]:
    return [
        name
        for name, plot in sorted(HOUSES.items())
        if vendor in (None, plot.house.vendor) and house in (None, name)
    ]


def _described() -> str:
    rules = "\n".join(f"  {key:<11}{text}" for key, text in INVARIANTS.items())
    graces = "\n".join(
        f"  {name:<18}{plot.house.grace.total_seconds() / 60:g} min more:"
        f" {plot.house.grace_why}"
        for name, plot in sorted(HOUSES.items())
        if plot.house.grace
    )
    text = str(__doc__)
    return text.replace("INVARIANTS", rules).replace("GRACES", graces)


def _replay(job: Job) -> int:
    with Workers(1) as workers:
        [verdict] = workers.run([job])
    print(f"Seed {verdict.seed}, {verdict.house}\n")
    print("\n".join(verdict.lines))
    print("\nCalls at the cloud:\n")
    print("\n".join(verdict.calls))
    print("\nHome Assistant's log:\n")
    print(verdict.log)
    print()
    for violation in verdict.violations:
        print(f"FAILED {violation}")
    print(f"{'passed' if verdict.passed else 'failed'}, digest {verdict.digest}")
    return 0 if verdict.passed else 1


def _failure(verdict: Verdict) -> str:
    lines = [f"FAILED seed {verdict.seed} ({verdict.house})"]
    lines += [f"  {violation}" for violation in verdict.violations]
    lines.append(
        f"  replay: scripts/chaos --house {verdict.house} --replay {verdict.seed}"
    )
    return "\n".join(lines)


def table(verdicts: list[Verdict]) -> str:
    """Return the counts of a number of runs."""
    ran, failed = Counter[str](), Counter[str]()
    faults, asked, taken = Counter[str](), Counter[str](), Counter[str]()
    checks, broken = Counter[str](), Counter[str]()
    for verdict in verdicts:
        ran[verdict.house] += 1
        failed[verdict.house] += not verdict.passed
        faults += verdict.faults
        asked += verdict.asked
        taken += verdict.taken
        checks += verdict.checks
        broken.update(item.invariant for item in verdict.violations)
    lines = ["", "House                runs  failed"]
    lines += [f"{name:<18}{ran[name]:>7}{failed[name]:>8}" for name in sorted(ran)]
    lines += ["", "What went wrong on purpose      times"]
    lines += [f"{name:<29}{faults[name]:>8}" for name in (*FAULTS, DAYLIGHT_SAVING)]
    lines += ["", "What was asked                  times   taken"]
    lines += [f"{name:<29}{asked[name]:>8}{taken[name]:>8}" for name in WISHES]
    lines += ["", "Invariant       looks  broken"]
    lines += [f"{key:<12}{checks[key]:>9}{broken[key]:>8}" for key in INVARIANTS]
    passed = sum(verdict.passed for verdict in verdicts)
    lines += ["", f"{passed} passed, {len(verdicts) - passed} failed"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
