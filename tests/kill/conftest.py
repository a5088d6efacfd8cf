"""What the tests of a killed Home Assistant share."""

import logging
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pycache(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a folder for compiled modules that all workers share."""
    base = tmp_path_factory.getbasetemp()
    # Each worker has a folder of its own below the common one.
    common = base if worker_id == "master" else base.parent
    return common / "pycache"


@pytest.fixture(autouse=True)
def quiet_loop(caplog: pytest.LogCaptureFixture) -> None:
    """Leave the log to what matters when a test fails."""
    for name in ("asyncio", "aiohttp"):
        caplog.set_level(logging.WARNING, logger=name)
