"""Start simulated clouds and a real Home Assistant that knows their accounts.

`scripts/demo` runs until Ctrl-C; `scripts/demo --check` judges by itself.
"""

import argparse
import asyncio
import contextlib
import signal
import sys

from .accounts import ACCOUNTS, Account
from .api import PASSWORD, USERNAME, logged_in
from .check import Trial
from .hass import HassError, HassProcess, free_port
from .household import FAULTS, Household, running_clouds

CHECK_SECONDS = 300
USUAL_PORT = 8123
INTERRUPTED = 130


def say(text: str) -> None:
    """Print a progress line; standard output is for results."""
    print(f"demo: {text}", file=sys.stderr, flush=True)


async def show() -> int:
    """Run the demo for a person, until it is interrupted."""
    say("starting the simulated clouds and Home Assistant")
    async with running_clouds() as clouds, HassProcess(free_port(USUAL_PORT)) as hass:
        async with logged_in(hass) as api:
            household = Household(hass, api, clouds)
            for account in ACCOUNTS:
                say(f"adding {account.vendor}")
                entry_id, _ = await household.add(account)
                await household.fill_energy(account, entry_id)
                await household.set_prices(account, entry_id)
                await household.lay_plan(account, entry_id)
        print(f"\n  {hass.url}\n  user {USERNAME}, password {PASSWORD}\n", flush=True)
        say(f"configuration and log are in {hass.folder}; Ctrl-C ends everything")
        await hass.wait()
    return 0


async def check() -> int:
    """Try every account without a person; return the exit status."""
    passed = 0
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            passed = await _count_passed()
    except HassError as err:
        say(str(err))
    except TimeoutError:
        say(f"not done after {CHECK_SECONDS} s")
    failed = len(ACCOUNTS) - passed
    print(f"{passed} passed, {failed} failed", flush=True)
    return min(failed, 1)


async def _count_passed() -> int:
    """Try every account in one Home Assistant; return how many are without fault."""
    say("starting the simulated clouds and Home Assistant")
    async with (
        running_clouds() as clouds,
        HassProcess(free_port()) as hass,
        logged_in(hass) as api,
    ):
        household = Household(hass, api, clouds)
        return sum([await _is_faultless(household, account) for account in ACCOUNTS])


async def _is_faultless(household: Household, account: Account) -> bool:
    """Try one account and print its report."""
    say(f"trying {account.vendor}")
    seen = len(household.hass.log)
    trial = Trial(household, account)
    report = await trial.run()
    faults = filter(FAULTS.search, household.hass.log[seen:].splitlines())
    problems = [*trial.problems, *faults]
    print(report.line(), flush=True)
    for problem in problems:
        say(f"{account.vendor}: {problem}")
    return not problems


async def run(*, judge: bool) -> int:
    """Run either way, ending all that was started on the usual signals."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        return await (check() if judge else show())
    say("everything is ended")
    return INTERRUPTED


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="try everything without a person"
    )
    try:
        return asyncio.run(run(judge=parser.parse_args().check))
    except HassError as err:
        say(str(err))
        return 1


if __name__ == "__main__":
    sys.exit(main())
