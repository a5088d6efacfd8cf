"""One Home Assistant and one browser for all journeys; each has a page of its own."""

from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio
import pytest_socket

from scripts.tools.demo.household import FAULTS

from .artefacts import keep
from .journey import Journey
from .stage import Stage, open_stage

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember for the fixtures whether the journey failed."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Allow that browser, clouds and Home Assistant live on after a journey."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage() -> AsyncIterator[Stage]:
    """Return the stage; the clouds answer only while a journey runs."""
    pytest_socket.enable_socket()
    async with open_stage() as opened:
        yield opened
        pytest_socket.enable_socket()


@pytest_asyncio.fixture(loop_scope="session")
async def journey(
    stage: Stage, request: pytest.FixtureRequest, socket_enabled: None
) -> AsyncIterator[Journey]:
    """Return a page of the browser; its end is kept, and the log is judged."""
    stage.used.clear()
    page = await stage.context.new_page()
    seen = len(stage.hass.log)
    begun = Journey(stage, page)
    yield begun
    log = stage.hass.log[seen:]
    failed = request.node.stash.get(_FAILED, False)
    await keep(page, request.node.name, failed=failed, log=log)
    await page.close()
    if failed:
        # Accounts that were left half changed would fail the next journeys too.
        await stage.forget_used()
    faults = filter(FAULTS.search, log.splitlines())
    known = begun.may_be_logged
    assert [line for line in faults if known is None or known not in line] == []
