"""Amber: adding an account, renewing its token, its options, and keeping secrets."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
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

from ..clouds import AmberCloud, Fault
from ..clouds.amber import Behaviour
from .accounts import add_account, form, start_flow, submit
from .amber_home import (
    HALF_HOURLY,
    HOUR,
    MINUTE,
    device_ids,
    reauth_flows,
    set_options,
    shown,
    truth,
)
from .conftest import AMBER, AMBER_FEED_IN, AMBER_GENERAL, AmberHouse, OpenAmberHouse
from .leap import leap

pytestmark = pytest.mark.usefixtures("no_waiting")

CLOSED = "01HXFAKECLOSED000000000002"

type OpenAmber = Callable[..., Awaitable[AmberCloud]]
type Spoil = Callable[[AmberCloud], dict[str, str]]


@pytest.mark.parametrize(
    ("fixture", "systems"),
    [("A", [AMBER]), ("B", [AMBER]), ("H", [HALF_HOURLY, AMBER])],
)
async def test_account_is_added(
    hass: HomeAssistant, open_amber: OpenAmber, fixture: str, systems: list[str]
) -> None:
    """One entry per token with all sites that are supplied; closed ones are ignored."""
    cloud = await open_amber(fixture=fixture)
    flow = await start_flow(hass, "amber")
    assert flow["step_id"] == "credentials"
    flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == "Amber"
    entry = flow["result"]
    assert entry.data == {
        "vendor": "amber",
        "credentials": {**cloud.credentials, "base_url": cloud.base_url},
        "systems": sorted(systems),
    }
    assert entry.unique_id == f"amber_{min(systems)}"
    assert entry.state is ConfigEntryState.LOADED
    sites = {item.source_id for item in entry.runtime_data.account.devices}
    assert sites == set(systems)


def broken(kind: Fault, **options: Any) -> Spoil:
    """Return what breaks the list of sites."""

    def spoil(cloud: AmberCloud) -> dict[str, str]:
        cloud.faults.add("sites", kind, **options)
        return {}

    return spoil


def listed(**changes: Any) -> Spoil:
    """Return what changes all sites of the list."""
    return broken(Fault.EDIT, edit=lambda sites: [site | changes for site in sites])


def wrong_token(status: int) -> Spoil:
    """Return what gives a token that nobody has, refused with a status."""

    def spoil(cloud: AmberCloud) -> dict[str, str]:
        cloud.change(bad_token=status)
        return {"token": "psk_somebody_elses"}

    return spoil


def quota_spent(cloud: AmberCloud) -> dict[str, str]:
    """Let another tool spend the account's limit."""
    cloud.spend(50)
    return {}


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(wrong_token(403), "invalid_auth", id="403"),
        pytest.param(wrong_token(401), "invalid_auth", id="401"),
        pytest.param(broken(Fault.EDIT, edit=lambda sites: []), "no_systems", id="new"),
        pytest.param(listed(status="pending"), "no_systems", id="pending"),
        pytest.param(listed(status="closed"), "no_systems", id="closed"),
        pytest.param(quota_spent, "rate_limited", id="429"),
        pytest.param(broken(Fault.THROTTLE), "rate_limited", id="gateway_429"),
        pytest.param(broken(Fault.STATUS, status=502), "cannot_connect", id="502"),
        pytest.param(broken(Fault.HTML), "cannot_connect", id="page"),
        pytest.param(broken(Fault.BROKEN_JSON), "unknown", id="json"),
        pytest.param(broken(Fault.WRONG_TYPE), "unknown", id="no_list"),
    ],
)
async def test_error_then_success(
    hass: HomeAssistant, open_amber: OpenAmber, spoil: Spoil, error: str
) -> None:
    """The form says what is wrong, and goes on from there."""
    cloud = await open_amber(fixture="A")
    flow = await start_flow(hass, "amber")
    flow = await submit(hass, flow, form(cloud, **spoil(cloud)))
    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {"base": error}
    assert not hass.config_entries.async_entries(DOMAIN)

    cloud.faults.clear()
    cloud.change(limit=1000)
    flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize("fixture", ["D", "E"])
async def test_customer_who_is_not_supplied_yet(
    hass: HomeAssistant, open_amber: OpenAmber, fixture: str
) -> None:
    """A transfer that is pending, or an account without any site, is no account yet."""
    cloud = await open_amber(fixture=fixture)
    flow = await submit(hass, await start_flow(hass, "amber"), form(cloud))
    assert flow["errors"] == {"base": "no_systems"}


async def test_same_account_twice(hass: HomeAssistant, open_amber: OpenAmber) -> None:
    """Neither its token nor another one of it adds the account again."""
    cloud = await open_amber(fixture="H")
    entry = await add_account(hass, cloud, "amber")
    for token in (cloud.credentials["token"], cloud.add_token()):
        flow = await start_flow(hass, "amber")
        flow = await submit(hass, flow, form(cloud, token=token))
        assert flow["reason"] == "already_configured"
    assert hass.config_entries.async_entries(DOMAIN) == [entry]


async def test_two_accounts(open_amber_house: OpenAmberHouse) -> None:
    """Each has its own sites, title, limit, and devices of the same states."""
    house = await open_amber_house(accounts=[["A"], ["C"]])
    token = house.cloud.accounts[1].tokens[0]
    entry = await add_account(house.hass, house.cloud, "amber", token=token)
    other = replace(house, entry=entry, main=HALF_HOURLY)
    assert (house.entry.title, entry.title) == ("Amber", "Amber 2")
    for one in (house, other):
        await set_options(one, renewables_states=["nsw"])
        assert {one.main, f"{one.main}_nsw"} < device_ids(one)
        assert shown(one, f"{one.main}_general_usage") > 0
    assert not device_ids(house) & device_ids(other)


@pytest.mark.parametrize("status", [401, 403])
async def test_reauth(open_amber_house: OpenAmberHouse, status: int) -> None:
    """A token that was revoked is asked for anew, by either status."""
    house = await open_amber_house(behaviour=Behaviour(bad_token=status))
    token = house.cloud.renew_token()
    house.cloud.requests.clear()
    await house.pass_time(30 * MINUTE)
    assert house.value("sensor", "price", AMBER_GENERAL) == STATE_UNAVAILABLE
    # Nothing is gained by asking on with it.
    assert house.cloud.requests.total <= 1
    (flow,) = reauth_flows(house)
    shown_form = await house.hass.config_entries.flow.async_configure(flow["flow_id"])
    assert shown_form["step_id"] == "credentials"
    result = await submit(house.hass, flow, form(house.cloud, token="psk_wrong"))
    assert result["errors"] == {"base": "invalid_auth"}
    result = await submit(house.hass, flow, form(house.cloud, token=token))
    assert result["reason"] == "reauth_successful"
    assert not reauth_flows(house)
    await house.pass_time(MINUTE)
    assert shown(house) == pytest.approx(truth(house))


async def test_reconfigure(open_amber_house: OpenAmberHouse) -> None:
    """Another token of the account keeps all; one of another account is refused."""
    house = await open_amber_house(accounts=[["A"], ["C"]])
    before = {state.entity_id for state in house.hass.states.async_all()}
    for token, reason in (
        (house.cloud.add_token(), "reconfigure_successful"),
        (house.cloud.accounts[1].tokens[0], "wrong_account"),
    ):
        flow = await house.hass.config_entries.flow.async_init(
            DOMAIN, context={"source": "reconfigure", "entry_id": house.entry.entry_id}
        )
        flow = await submit(house.hass, flow, form(house.cloud, token=token))
        assert flow["reason"] == reason
    assert {state.entity_id for state in house.hass.states.async_all()} == before
    assert house.entry.unique_id == f"amber_{AMBER}"


# -- options -------------------------------------------------------------------


async def test_options_form(amber_house: AmberHouse) -> None:
    """What a retailer has, by default; nothing about schedules."""
    hass = amber_house.hass
    flow = await hass.config_entries.options.async_init(amber_house.entry.entry_id)
    assert flow["data_schema"] is not None
    assert flow["data_schema"]({}) == {
        "advanced_price": True,
        "hold_confirmed": False,
        "live_prices": False,
        "renewables_states": [],
    }


async def test_states_come_and_go(amber_house: AmberHouse) -> None:
    """A device per state that was chosen; the choice survives a restart."""
    house = amber_house
    own = {AMBER, AMBER_GENERAL, AMBER_FEED_IN}
    assert device_ids(house) == own
    await set_options(house, renewables_states=["vic", "sa"])
    assert device_ids(house) == own | {f"{AMBER}_vic", f"{AMBER}_sa"}
    assert float(house.value("sensor", "renewables", f"{AMBER}_sa")) > 0
    await house.reload()
    assert float(house.value("sensor", "renewables", f"{AMBER}_vic")) > 0

    house.cloud.requests.clear()
    await set_options(house, renewables_states=["sa"])
    assert device_ids(house) == own | {f"{AMBER}_sa"}
    assert house.cloud.requests.count("renewables") == 1
    await set_options(house, renewables_states=[])
    assert device_ids(house) == own


# -- secrets -------------------------------------------------------------------


def private(house: AmberHouse) -> list[str]:
    """Return what nobody else may see."""
    sites = [site.spec for account in house.cloud.accounts for site in account.sites]
    return [
        *(token for account in house.cloud.accounts for token in account.tokens),
        house.cloud.base_url,
        *(spec.site_id for spec in sites),
        *(spec.nmi for spec in sites),
    ]


async def test_diagnostics_hold_no_secrets(open_amber_house: OpenAmberHouse) -> None:
    """Raw answers of every endpoint, without a token, a site's id or a meter's number.

    Of a site that is closed just as little.
    """
    house = await open_amber_house(fixture=["B", "C"])
    await set_options(house, renewables_states=["nsw"])
    await house.pass_time(6 * MINUTE)
    report = await async_get_config_entry_diagnostics(house.hass, house.entry)
    text = json.dumps(report, default=str)
    assert [secret for secret in private(house) if secret in text] == []
    labels = {name.split()[0] for name in report["raw"]}
    assert labels >= {"sites", "current_prices", "renewables"}
    assert report["calls"]["current_prices"] > 4
    assert len(report["raw"]["sites"]) == 3
    one_site = next(name for name in report["raw"] if name.startswith("current"))
    assert len(report["raw"][one_site]) > 100

    for device_id in (AMBER, AMBER_GENERAL, f"{HALF_HOURLY}_feed_in"):
        device = dr.async_get(house.hass).async_get(house.device_id(device_id))
        assert device is not None
        part = await async_get_device_diagnostics(house.hass, house.entry, device)
        text = json.dumps(part, default=str)
        assert [secret for secret in private(house) if secret in text] == []
        labels = {name.split()[0] for name in part["raw"]}
        assert labels & {"sites", "current_prices", "renewables"} == {"current_prices"}


async def test_log_holds_no_secrets(
    open_amber_house: OpenAmberHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong: neither token nor site is in what we log."""
    house = await open_amber_house(fixture=["B", "C"])
    await set_options(house, renewables_states=["nsw"])
    caplog.clear()
    for fault in (Fault.STATUS, Fault.HTML, Fault.WRONG_TYPE, Fault.THROTTLE):
        house.cloud.faults.add("*", fault)
        await leap(house, HOUR)
        await house.pass_time(20 * MINUTE)
        house.cloud.faults.clear()
    house.cloud.renew_token()
    await house.pass_time(20 * MINUTE)
    ours = "\n".join(
        record.getMessage() for record in caplog.records if DOMAIN in record.name
    )
    assert ours
    assert [secret for secret in private(house) if secret in ours] == []
