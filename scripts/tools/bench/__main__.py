"""Measure what the integration costs, over a simulated cloud.

`scripts/bench redback` prints a table, `--json` one JSON object. `scripts/bench
schedule` does so for a schedule of many rules, with neither Home Assistant nor a cloud
running (`schedule/`). All else that is said here is of a vendor. Each measurement runs
in a fresh process, with a Home Assistant core of its own (real loop, registries, stores
and config flow; no frontend, no recorder), and the fake cloud in another process, so
that CPU time, memory and blocked loops are of Home Assistant with the integration
alone. One inverter with battery, without portal, entities as they are by default.
Of Amber, one site, and what others would do with the same prices (`amber/bench.py`). Of
FusionSolar, plants with a dongle, an inverter, a battery and a power sensor. Of Anker,
systems of one Solarbank E1600.

How the time moves, and what that means for the figures:

- Set-up runs in real time against a cloud that really takes 0 or 200 ms. Medians.
- Everything else runs on simulated time (`clock.py`): the event loop jumps to its next
  timer when it would sleep, and time stands still while anything works. Calls, state
  changes and lags are therefore exact and do not depend on the machine; a request takes
  200 simulated ms. CPU time, memory and blocks are real, and depend on the machine.
- A lag is from the moment at which the cloud can show a reading until a state in Home
  Assistant comes from it, or from a newer one.
- A block is one turn of the event loop, less the time in which the machine was busy
  with other processes (`blocks.py`). asyncio's debug mode is off, logging at WARNING.
- Memory is resident memory beside that of the same Home Assistant without the account.
"""

import argparse
from importlib import import_module
import json
import os
import sys
import tempfile
from time import monotonic

from .alphaess import VENDOR as ALPHAESS
from .figures import Figure, Figures
from .plan import FULL, QUICK, results
from .redback import VENDOR as REDBACK
from .report import Comparison, as_json, as_table

VENDORS = {vendor.key: vendor for vendor in (ALPHAESS, REDBACK)}
OWN = {
    "amber": "amber.bench",
    "anker": "anker.bench",
    "fusionsolar": "fusionsolar.bench",
    "schedule": "schedule",
}
"""Parts that measure in a way of their own, by the module that does it."""


def main() -> int:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=sorted((*VENDORS, *OWN)))
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and hours, under a minute"
    )
    arguments = parser.parse_args()
    start = monotonic()
    with tempfile.TemporaryDirectory(prefix="joulekeeper-bench-") as folder:
        if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
            # Every process would compile Home Assistant anew.
            os.environ["PYTHONPYCACHEPREFIX"] = folder
        figures = measured(arguments.part, quick=arguments.quick)
    say(f"took {monotonic() - start:.0f} s")
    if arguments.json:
        print(json.dumps(as_json(figures), indent=2))
    else:
        print(as_table(figures))
    return 0


def measured(part: str, *, quick: bool) -> list[Figure | Comparison]:
    """Measure one part and return its figures."""
    if part in OWN:
        # Not before, for what a vendor's time is simulated for must not be loaded yet.
        module = import_module(f"{__package__}.{OWN[part]}")
        own: list[Figure | Comparison] = module.figures(quick=quick, say=say)
        return own
    vendor = VENDORS[part]
    found = results(vendor, QUICK if quick else FULL, say)
    return [*Figures(vendor, found).all()]


def say(text: str) -> None:
    """Print progress; standard output is for results."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
