"""Measure what the integration costs, over simulated clouds, and beside others.

`scripts/bench` measures everything and prints a table per part and one of all targets;
`scripts/bench redback` does so for one part. `--json` prints JSON, `--markdown` the
document `docs/benchmarks.md`. `schedule` is a schedule of many rules, with neither Home
Assistant nor a cloud running. `reads` are single reads by our clients and by libraries
that others wrote. The other parts are vendors, and what follows is of them.

Each measurement runs in a fresh process, with a Home Assistant core of its own (real
loop, registries, stores and config flow; no frontend, and a recorder only where the
database is measured), and the fake cloud in another process, so that CPU time, memory
and blocked loops are of Home Assistant with the integration alone. An account has one
system, entities are as they are by default.

How the time moves, and what that means for the figures:

- Set-up runs in real time against a cloud that really takes 0 or 200 ms. Medians.
- Everything else runs on simulated time (`clock.py`): the event loop jumps to its next
  timer when it would sleep, and time stands still while anything works. Calls, state
  changes and lags are therefore exact and do not depend on the machine; a request takes
  200 simulated ms. CPU time, memory and blocks are real, and depend on the machine. That
  an account takes no more CPU among many others is therefore shown by the number of
  function calls, built-in ones too.
- A lag is from the moment at which the cloud can show a reading until a state in Home
  Assistant comes from it, or from a newer one.
- A block is one turn of the event loop, less the time in which the machine was busy
  with other processes, and less Python's garbage collector, which looks through all of
  Home Assistant whoever makes it start (`blocks.py`); with it, it is told beside.
  asyncio's debug mode is off, logging at WARNING.
- CPU and memory are beside those of the same Home Assistant without the account, which
  runs in turns with it; medians of the differences. Memory is what is resident.
"""

import argparse
from collections.abc import Iterator
from importlib import import_module
import json
import os
import sys
import tempfile
from time import monotonic
import traceback

from . import reads, schedule
from .figures import Figures
from .plan import FULL, QUICK, results
from .report import Item, as_json, as_markdown, as_text

VENDORS = ("redback", "alphaess", "amber", "fusionsolar", "anker", "chargehq")
COMPARED = {"amber": "amber.comparison"}
"""Vendors with tables of their own beside others, by the module that makes them."""
PARTS = (*VENDORS, "schedule", "reads")

_HEAD = """# Benchmarks

Made by `scripts/bench{arguments} --markdown`; nothing here is written by hand. What is
measured, and how, is told by `scripts/bench --help`: fake clouds in processes of their
own, simulated time where it can be, medians of runs in turns. CPU time, blocks and
memory depend on the machine; calls, changes and lags do not. Blocks with targets are
told without Python's garbage collector, those with it are in the tables of the parts."""


_NOTES = {
    "amber": """Home Assistant's own integration runs in the same Home Assistant, at the
same cloud; the others, and ours alone, are their policies over many days. `unseen` are
intervals whose price was not shown before they were over.""",
    "anker": """Growth ends with six accounts: the vendor takes ten overviews a minute of
all accounts behind one address.""",
    "chargehq": """A refresh is a push of what entities say that somebody else moves once
a minute; the lag is from there to the push.""",
    "reads": """Each client knows nothing before: it logs in, lists and reads. Ours spaces
out what nobody waits for, and reads more; until set-up is over it reads what every
entity needs that is on by default. `redbacktechpy` reads a page of the portal too,
`pyhfs` knows plants, but no devices.""",
}
"""What the tables of a part do not tell, in Markdown."""


def main() -> int:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    shapes = parser.add_mutually_exclusive_group()
    shapes.add_argument("--json", action="store_true", help="print JSON")
    shapes.add_argument(
        "--markdown", action="store_true", help="print docs/benchmarks.md"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="fewer rounds, hours and accounts: minutes, not an hour",
    )
    arguments = parser.parse_args()
    for part in set(arguments.parts) - set(PARTS):
        parser.error(f"there is no part {part}; there are {', '.join(PARTS)}")
    start = monotonic()
    parts: dict[str, list[Item]] = {}
    failed = []
    with tempfile.TemporaryDirectory(prefix="joulekeeper-bench-") as folder:
        if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
            # Every process would compile Home Assistant anew.
            os.environ["PYTHONPYCACHEPREFIX"] = folder
        for part in arguments.parts or PARTS:
            try:
                parts[part] = list(measured(part, quick=arguments.quick))
            except Exception:  # noqa: BLE001
                say(f"{part} failed, the others go on:\n{traceback.format_exc()}")
                failed.append(part)
    say(f"took {monotonic() - start:.0f} s")
    if arguments.json:
        print(json.dumps(as_json(parts), indent=2))
    elif arguments.markdown:
        told = " ".join(["", *arguments.parts, *(["--quick"] * arguments.quick)])
        print(as_markdown(parts, _HEAD.format(arguments=told), _NOTES), end="")
    else:
        print(as_text(parts))
    for part in failed:
        say(f"{part} failed")
    return 1 if failed else 0


def measured(part: str, *, quick: bool) -> Iterator[Item]:
    """Measure one part and yield its figures."""
    if part == "schedule":
        yield from schedule.figures(quick=quick, say=say)
        return
    if part == "reads":
        yield from reads.comparisons(quick=quick, say=say)
        return
    vendor = import_module(f"{__package__}.{part}").VENDOR
    effort = QUICK if quick else FULL
    found = results(vendor, effort, say)
    yield from Figures(vendor, effort, found).all()
    if part in COMPARED:
        module = import_module(f"{__package__}.{COMPARED[part]}")
        yield from module.comparisons(found, effort, say)


def say(text: str) -> None:
    """Print progress; standard output is for results."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
