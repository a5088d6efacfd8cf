"""Diagnostics are downloaded from the menu, and tell nobody whose they are."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

from .journey import Journey
from .stage import BRANDS, JOURNEYS, Stage

pytestmark = JOURNEYS

_PRIVATE = re.compile("token|secret|password|cookie|session|email|user")
_KNOWN = {"eu5", "DE", "AU"}
"""What an owner chooses from a short list is told."""


@pytest.mark.parametrize("vendor", BRANDS)
async def test_download_diagnostics(
    journey: Journey, vendor: str, tmp_path: Path
) -> None:
    """The file has the answers of the cloud, and nothing private of the account."""
    stage = journey.stage
    if stage.of(vendor).told:
        await stage.account("redback")
    await stage.account(vendor)
    await journey.open_accounts()
    async with journey.page.expect_download() as begun:
        await journey.choose_in_menu(vendor, "diagnostics")
    download = await begun.value
    assert download.suggested_filename.endswith(".json")
    path = tmp_path / "diagnostics.json"
    await download.save_as(path)
    text = path.read_text()
    assert json.loads(text)["data"]
    private = set(secrets(stage, vendor))
    assert private
    assert [item for item in private if item in text] == []
    assert re.findall(r"[\w.]+@[\w.]+\.\w+", text) == []


def secrets(stage: Stage, vendor: str) -> Iterator[str]:
    """Yield what the cloud knows of its customer, and what is kept of it here."""
    cloud = stage.household.clouds[vendor]
    yield cloud.base_url
    yield from (value for value in cloud.credentials.values() if value not in _KNOWN)
    yield from cloud.serials
    for file in (stage.hass.folder / ".storage").glob("joulekeeper*"):
        yield from kept(json.loads(file.read_text())["data"])


def kept(data: Any) -> Iterator[str]:
    """Yield what a stored file has under a name that tells that it is private."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str) and value and _PRIVATE.search(key):
                yield value
            yield from kept(value)
    elif isinstance(data, list):
        for value in data:
            yield from kept(value)
