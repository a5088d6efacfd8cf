"""AlphaESS: adding an account, renewing its credentials, and keeping its secrets."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime
import json
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from ..clouds import AlphaEssCloud, Fault
from .accounts import add_account, form, start_flow, submit
from .conftest import ALPHA, AlphaHouse, OpenAlphaHouse

pytestmark = pytest.mark.usefixtures("no_waiting")

ALPHA_B = "ALX000000000002"

type OpenAlpha = Callable[..., Awaitable[AlphaEssCloud]]
type Spoil = Callable[[AlphaEssCloud], dict[str, str]]


async def test_account_is_added(hass: HomeAssistant, open_alphaess: OpenAlpha) -> None:
    """One entry per AppID, with all of its systems."""
    cloud = await open_alphaess(fixture="D")
    flow = await start_flow(hass, "alphaess")
    assert flow["step_id"] == "credentials"
    flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == "AlphaESS"
    entry = flow["result"]
    assert entry.data == {
        "vendor": "alphaess",
        "credentials": {**cloud.credentials, "base_url": cloud.base_url},
        "systems": sorted(cloud.serials),
    }
    assert entry.unique_id == f"alphaess_{cloud.credentials['app_id']}"
    assert entry.state is ConfigEntryState.LOADED


def wrong(**changes: str) -> Spoil:
    """Return what fills in something wrong."""
    return lambda cloud: changes


def broken(kind: Fault, **options: Any) -> Spoil:
    """Return what breaks the list of systems."""

    def spoil(cloud: AlphaEssCloud) -> dict[str, str]:
        cloud.faults.add("getEssList", kind, **options)
        return {}

    return spoil


def code(number: int) -> Spoil:
    """Return what lets the cloud refuse with a code."""
    return broken(Fault.EDIT, edit=lambda body: {"code": number, "msg": "?"})


def not_whitelisted(cloud: AlphaEssCloud) -> dict[str, str]:
    """Have the cloud accept another address only."""
    cloud.change(whitelist=frozenset({"192.0.2.1"}))
    return {}


def clock_beyond_help(cloud: AlphaEssCloud) -> dict[str, str]:
    """Have the cloud refuse every time, and tell another one with each answer."""
    for hours in (1, 5):
        date = dt_util.utcnow() + timedelta(hours=hours)
        cloud.faults.add(
            "getEssList",
            Fault.STATUS,
            times=1,
            status=200,
            body={"code": 6009, "msg": "?"},
            headers={"Date": format_datetime(date, usegmt=True)},
        )
    return {}


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(wrong(app_secret="0" * 32), "invalid_auth", id="secret"),
        pytest.param(wrong(app_id="alphatest9999999999"), "invalid_auth", id="id"),
        pytest.param(not_whitelisted, "not_whitelisted", id="whitelist"),
        pytest.param(clock_beyond_help, "clock_wrong", id="clock"),
        pytest.param(broken(Fault.THROTTLE), "rate_limited", id="6053"),
        pytest.param(code(6026), "cannot_connect", id="6026"),
        pytest.param(code(6001), "unknown", id="6001"),
        pytest.param(code(4711), "unknown", id="unknown_code"),
        pytest.param(broken(Fault.STATUS, status=502), "cannot_connect", id="502"),
        pytest.param(broken(Fault.HTML), "cannot_connect", id="page"),
        pytest.param(broken(Fault.BROKEN_JSON), "unknown", id="json"),
        pytest.param(broken(Fault.NULL, key="data"), "cannot_connect", id="null"),
    ],
)
async def test_error_then_success(
    hass: HomeAssistant, open_alphaess: OpenAlpha, spoil: Spoil, error: str
) -> None:
    """The form says what is wrong, and goes on from there."""
    cloud = await open_alphaess(fixture="A")
    flow = await start_flow(hass, "alphaess")
    flow = await submit(hass, flow, form(cloud, **spoil(cloud)))
    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {"base": error}
    assert not hass.config_entries.async_entries(DOMAIN)

    cloud.faults.clear()
    cloud.change(whitelist=None)
    flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["result"].state is ConfigEntryState.LOADED


async def test_clock_that_can_be_helped(
    hass: HomeAssistant, open_alphaess: OpenAlpha
) -> None:
    """A clock that is an hour off is corrected by the cloud's own."""
    cloud = await open_alphaess(fixture="A")
    cloud.faults.clock_skew = timedelta(hours=1)
    entry = await add_account(hass, cloud, "alphaess")
    assert entry.state is ConfigEntryState.LOADED


async def test_account_without_systems(
    hass: HomeAssistant, open_alphaess: OpenAlpha
) -> None:
    """It can be added, so that systems can be bound to it; the portal may do so too."""
    cloud = await open_alphaess(fixture="E")
    flow = await submit(hass, await start_flow(hass, "alphaess"), form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    entry = flow["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert not entry.runtime_data.account.devices
    cloud.bind(ALPHA)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.account.devices


async def test_system_of_another_account(
    hass: HomeAssistant, open_alphaess: OpenAlpha
) -> None:
    """Two AppIDs may see one system; it is shown once, also if it was bound later."""
    cloud = await open_alphaess(accounts=[["A"], ["B"]])
    await add_account(hass, cloud, "alphaess")
    cloud.bind(ALPHA, 1)
    other = cloud.accounts[1].credentials
    flow = await submit(hass, await start_flow(hass, "alphaess"), form(cloud, **other))
    assert flow["reason"] == "system_in_use"
    flow = await submit(hass, await start_flow(hass, "alphaess"), form(cloud))
    assert flow["reason"] == "already_configured"


async def test_reauth(open_alpha_house: OpenAlphaHouse) -> None:
    """A renewed secret brings everything back."""
    house = await open_alpha_house(fixture="A")
    house.cloud.accounts[0].app_secret = "f" * 32
    await house.pass_time(timedelta(minutes=1))
    assert house.value("sensor", "solar_power") == STATE_UNAVAILABLE
    (flow,) = house.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    shown = await house.hass.config_entries.flow.async_configure(flow["flow_id"])
    assert shown["step_id"] == "credentials"
    result = await submit(house.hass, flow, form(house.cloud, app_secret="0" * 32))
    assert result["errors"] == {"base": "invalid_auth"}
    result = await submit(house.hass, flow, form(house.cloud))
    assert result["reason"] == "reauth_successful"
    assert float(house.value("sensor", "solar_power")) > 0


async def test_reconfigure(open_alpha_house: OpenAlphaHouse) -> None:
    """Another AppID for the same system keeps the entities."""
    house = await open_alpha_house(accounts=[["A"], ["A"]])
    before = {state.entity_id for state in house.hass.states.async_all()}
    flow = await house.hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": house.entry.entry_id}
    )
    other = house.cloud.accounts[1].credentials
    flow = await submit(house.hass, flow, form(house.cloud, **other))
    assert flow["reason"] == "reconfigure_successful"
    assert house.entry.unique_id == f"alphaess_{other['app_id']}"
    assert {state.entity_id for state in house.hass.states.async_all()} == before


# -- secrets -------------------------------------------------------------------


def private(house: AlphaHouse) -> list[str]:
    """Return what nobody else may see."""
    serials = house.cloud.serials
    chargers = [
        charger.spec.serial
        for serial in serials
        for charger in house.cloud.system(serial).chargers
    ]
    return [
        *house.cloud.credentials.values(),
        house.cloud.base_url,
        *serials,
        *chargers,
        *house.entry.runtime_data.account.session.secrets(),
    ]


async def test_diagnostics_hold_no_secrets(open_alpha_house: OpenAlphaHouse) -> None:
    """Raw answers of every endpoint, without anybody's name on it."""
    house = await open_alpha_house(fixture="D")
    house.cloud.faults.add("getSumDataForCustomer", Fault.STATUS, status=502)
    await house.pass_time(timedelta(minutes=20))
    report = await async_get_config_entry_diagnostics(house.hass, house.entry)
    text = json.dumps(report, default=str)
    assert [secret for secret in private(house) if secret in text] == []
    labels = {name.split()[0] for name in report["raw"]}
    assert labels >= {"systems", "live_power", "day_energy", "ev_status", "periodic"}
    assert report["calls"]["live_power"] > 40

    for serial in (ALPHA, ALPHA_B, "EVX0000000001"):
        device = dr.async_get(house.hass).async_get(house.device_id(serial))
        assert device is not None
        part = await async_get_device_diagnostics(house.hass, house.entry, device)
        text = json.dumps(part, default=str)
        assert [secret for secret in private(house) if secret in text] == []
        assert part["raw"]


async def test_log_holds_no_secrets(
    open_alpha_house: OpenAlphaHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong: neither keys nor serial numbers are logged by us."""
    house = await open_alpha_house(fixture="D")
    caplog.clear()
    for fault in (Fault.STATUS, Fault.HTML, Fault.WRONG_TYPE, Fault.THROTTLE):
        house.cloud.faults.add("*", fault)
        await house.pass_time(timedelta(minutes=3))
        house.cloud.faults.clear()
    house.cloud.unbind(ALPHA_B)
    await house.pass_time(timedelta(minutes=20))
    ours = "\n".join(
        record.getMessage() for record in caplog.records if DOMAIN in record.name
    )
    assert ours
    assert [secret for secret in private(house) if secret in ours] == []
