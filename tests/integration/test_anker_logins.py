"""Anker: logins that fail or are too many, and sessions that one endpoint refuses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..clouds import AnkerCloud, Fault
from .accounts import form
from .conftest import ANKER_BANK, AnkerHouse, OpenAnkerHouse
from .test_anker_day import anew, asks_for_password, repairs
from .test_anker_flow import reconfigure
from .test_anker_trouble import shows

MINUTE: Final = timedelta(minutes=1)


@pytest.fixture
async def house(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a house with one system."""
    return anew(await open_anker_house(fixture="A"))


def _spoil(cloud: AnkerCloud, login: Any) -> None:
    """Let the next login end in another way."""
    cloud.change(login=login)
    cloud.revoke_tokens()


@pytest.mark.parametrize(
    ("spoil", "key", "until"),
    [
        pytest.param(
            lambda cloud: _spoil(cloud, "no_data"),
            "login_without_session",
            timedelta(minutes=15),
            id="no session",
        ),
        pytest.param(
            lambda cloud: _spoil(cloud, 26052),
            "verification_needed",
            timedelta(minutes=15),
            id="code",
        ),
        pytest.param(
            lambda cloud: cloud.set_password("Sample-Pw-new"),
            "refused_once",
            timedelta(minutes=5),
            id="refused once",
        ),
    ],
)
async def test_why_there_is_no_login(
    house: AnkerHouse, spoil: Callable[[AnkerCloud], None], key: str, until: timedelta
) -> None:
    """The repair says why and until when; Reconfigure does not wait so long."""
    spoil(house.cloud)
    await house.pass_time(2 * MINUTE)
    assert not shows(house, "state_of_charge", ANKER_BANK)
    login = house.cloud.logins[-1]
    assert login.code != 0 or key == "login_without_session"
    told = repairs(house)[key]
    zone = dt_util.get_default_time_zone()
    end = f"{(login.at + until).astimezone(zone):%Y-%m-%d %H:%M}"
    assert end in str(told.translation_placeholders)
    assert not asks_for_password(house)
    house.cloud.change(login="ok")
    before = len(house.cloud.logins)
    result = await reconfigure(house.hass, house.entry, form(house.cloud))
    assert result["reason"] == "reconfigure_successful"
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert shows(house, "state_of_charge", ANKER_BANK)
    assert not repairs(house)
    # That of the form.
    assert len(house.cloud.logins) == before + 1


async def test_a_set_up_that_fails_waits(house: AnkerHouse) -> None:
    """Home Assistant tries it again in seconds, which is no reason to log in."""
    _spoil(house.cloud, 26052)
    await house.reload()
    assert house.entry.state is ConfigEntryState.SETUP_RETRY
    before = len(house.cloud.logins)
    await house.pass_time(14 * MINUTE)
    assert len(house.cloud.logins) == before
    assert not asks_for_password(house)
    house.cloud.change(login="ok")
    await house.pass_time(8 * MINUTE)
    assert house.entry.state is ConfigEntryState.LOADED
    assert len(house.cloud.logins) == before + 1


async def test_too_many_logins(house: AnkerHouse) -> None:
    """Five in an hour are enough: the next one waits, and it is told until when."""
    for pause in (16, 16, 16, 3, 4):
        house.cloud.log_in_elsewhere()
        await house.pass_time(pause * MINUTE)
    told = repairs(house)["login_paused"]
    assert told.severity is ir.IssueSeverity.WARNING
    assert "2026-05-04 13:" in str(told.translation_placeholders)
    assert not shows(house, "state_of_charge", ANKER_BANK)
    await house.pass_time(20 * MINUTE)
    assert shows(house, "state_of_charge", ANKER_BANK)
    assert not repairs(house)


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 403, "body": {"code": 160003, "msg": "no access permission"}},
        {"status": 401, "body": {"code": 26084, "msg": "token kicked out"}},
        {"status": 401, "body": "<html></html>", "content_type": "text/html"},
        {"status": 403, "body": "<html></html>", "content_type": "text/html"},
    ],
)
async def test_one_endpoint_refuses(house: AnkerHouse, refusal: dict[str, Any]) -> None:
    """The others go on, without a login, and after a restart too."""
    for label in ("wifi_list", "get_cutoff", "get_device_load", "energy_analysis"):
        house.cloud.faults.add(label, Fault.STATUS, **refusal)
    for _ in range(2):
        for _ in range(6):
            await house.pass_time(4 * MINUTE)
            assert shows(house, "solar_power")
            assert shows(house, "state_of_charge", ANKER_BANK)
        assert house.cloud.requests.count("login") == 0
        assert not repairs(house)
        await house.reload()
    house.cloud.faults.clear()
    await house.pass_time(61 * MINUTE)
    assert shows(house, "solar_energy_today")
