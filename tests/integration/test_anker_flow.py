"""Anker: adding an account, renewing it, moving between accounts, options."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
import json
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.diagnostics import async_get_config_entry_diagnostics
from custom_components.joulekeeper.vendors.anker import countries
from custom_components.joulekeeper.vendors.anker.countries import Region
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..clouds import AnkerCloud, Fault
from .accounts import add_account, form, start_flow, submit
from .conftest import ANKER, ANKER_BANK, ANKER_C, ANKER_NOON, House, OpenAnkerHouse

pytestmark = pytest.mark.usefixtures("no_waiting")

MI80 = "FAKEMI800001"
MINUTE = timedelta(minutes=1)

type OpenAnker = Callable[..., Awaitable[AnkerCloud]]
type Spoil = Callable[[AnkerCloud], None]


@pytest.fixture(autouse=True)
async def _noon(hass: HomeAssistant, freezer: Any) -> None:
    freezer.move_to(ANKER_NOON)
    await hass.config.async_set_time_zone("Europe/Berlin")


async def begin(hass: HomeAssistant, cloud: AnkerCloud, **changes: Any) -> Any:
    """Fill in the first form, with the terms accepted."""
    flow = await start_flow(hass, "anker")
    return await submit(hass, flow, form(cloud, accept_terms=True, **changes))


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry, filled: Any) -> Any:
    """Open Reconfigure and send the credentials."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    return await submit(hass, flow, filled)


def devices_of(entry: ConfigEntry, hass: HomeAssistant) -> set[str]:
    """Return the devices that are in the registry."""
    return {
        identifier
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        for _, identifier in device.identifiers
    }


# -- adding --------------------------------------------------------------------


async def test_adding(hass: HomeAssistant, open_anker: OpenAnker) -> None:
    """The terms are accepted first; all that the account has comes to be."""
    hass.config.country = "DE"
    cloud = await open_anker(fixture=("A", "B", "C", "D"))
    flow = await start_flow(hass, "anker")
    assert flow["data_schema"]({"username": "a", "password": "b", "country": "DE"})
    (country,) = (key for key in flow["data_schema"].schema if key == "country")
    assert country.description == {"suggested_value": "DE"}
    refused = await submit(hass, flow, form(cloud))
    assert refused["errors"] == {"accept_terms": "terms_not_accepted"}
    assert cloud.requests.total == 0
    flow = await submit(hass, flow, form(cloud, accept_terms=True))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == f"Anker Solix ({cloud.accounts[0].nick_name})"
    entry = flow["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["credentials"] == {
        **cloud.credentials,
        "base_url": cloud.base_url,
    }
    assert {*cloud.sites, MI80, ANKER_BANK} <= devices_of(entry, hass)
    names = {
        device.name
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
    }
    assert {"System Balcony", "System Garage", "System Roof"} <= names
    # One login of the form, one of the account: trials keep nothing.
    assert cloud.requests.count("login") <= 2


async def test_same_account_twice(hass: HomeAssistant, open_anker: OpenAnker) -> None:
    """However its address is written, it is not added twice."""
    cloud = await open_anker(fixture="A")
    await add_account(hass, cloud, "anker")
    name = cloud.credentials["username"]
    flow = await begin(hass, cloud, username=f" {name} ")
    assert flow["reason"] == "already_configured"


def answer(code: int) -> Spoil:
    """Return what lets logins end with a code."""
    return lambda cloud: cloud.answer_with("login", code, times=None)


def site_list(fault: Fault, **options: Any) -> Spoil:
    """Return what spoils the list of systems."""

    def spoil(cloud: AnkerCloud) -> None:
        cloud.faults.add("site_list", fault, **options)

    return spoil


def codes(code: int) -> Spoil:
    """Return what lets the list of systems end with a code."""
    return lambda cloud: cloud.answer_with("site_list", code, times=None)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(answer(26156), "invalid_auth", id="password"),
        pytest.param(answer(26108), "invalid_auth", id="user"),
        pytest.param(AnkerCloud.lock, "login_locked", id="locked"),
        pytest.param(answer(26052), "verification_needed", id="code"),
        pytest.param(answer(100032), "verification_needed", id="captcha"),
        pytest.param(
            lambda cloud: cloud.change(login="no_data"),
            "login_without_session",
            id="no_data",
        ),
        pytest.param(
            lambda cloud: cloud.fail_with("login", 502, times=None),
            "cannot_connect",
            id="gateway",
        ),
        pytest.param(site_list(Fault.THROTTLE), "rate_limited", id="429"),
        pytest.param(codes(21105), "cannot_connect", id="busy"),
        pytest.param(codes(998), "cannot_connect", id="fault"),
        pytest.param(codes(77777), "unknown", id="unknown_code"),
        pytest.param(site_list(Fault.HTML), "cannot_connect", id="page"),
        pytest.param(site_list(Fault.BROKEN_JSON), "unknown", id="json"),
    ],
)
async def test_error_then_success(
    hass: HomeAssistant, freezer: Any, open_anker: OpenAnker, spoil: Spoil, error: str
) -> None:
    """The form says what is wrong and what to do next, and goes on from there."""
    cloud = await open_anker(fixture="A")
    spoil(cloud)
    flow = await begin(hass, cloud)
    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {"base": error}
    # Nobody has to accept the terms again.
    assert flow["data_schema"]({"username": "a", "country": "DE"})["accept_terms"]
    cloud.faults.clear()
    cloud.change(login="ok")
    cloud.accounts[0].locked_until = None
    # What was throttled may be asked again after a minute.
    freezer.tick(70)
    flow = await submit(hass, flow, form(cloud, accept_terms=True))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["result"].state is ConfigEntryState.LOADED


async def test_an_account_without_anything(
    hass: HomeAssistant, open_anker: OpenAnker
) -> None:
    """It is not added: there would be nothing to see."""
    cloud = await open_anker(fixture="A")
    flow = await begin(hass, cloud, **cloud.credentials_of(cloud.empty))
    assert flow["errors"] == {"base": "no_systems"}


@pytest.mark.parametrize(
    ("country", "region"), [("DE", "com"), ("US", "eu"), ("GB", "eu")]
)
async def test_region_is_found(
    hass: HomeAssistant,
    open_anker: OpenAnker,
    monkeypatch: pytest.MonkeyPatch,
    country: str,
    region: str,
) -> None:
    """A login at the wrong server shows nothing: the other one is tried, and kept."""
    cloud = await open_anker(fixture="A", region=region)
    for name in Region:
        monkeypatch.setitem(countries._SERVERS, name, cloud.base_urls[name.value])
    flow = await start_flow(hass, "anker")
    filled = {**cloud.credentials, "country": country, "accept_terms": True}
    flow = await submit(hass, flow, filled)
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    entry = flow["result"]
    assert ANKER in devices_of(entry, hass)
    # It is not looked for again.
    cloud.requests.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert cloud.requests.count("site_list") == 1
    assert cloud.requests.count("login") == 0


async def test_a_system_is_in_one_entry_only(
    hass: HomeAssistant, open_anker: OpenAnker
) -> None:
    """A member of the same system, and somebody with the same device, are refused."""
    cloud = await open_anker(fixture="C")
    await add_account(hass, cloud, "anker")
    flow = await begin(hass, cloud, **cloud.credentials_of(cloud.member))
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "system_in_use"


async def test_moving_to_the_shared_account(
    hass: HomeAssistant, freezer: Any, open_anker: OpenAnker
) -> None:
    """Who deletes the owner's entry and adds the member's finds the same entities."""
    cloud = await open_anker(fixture="C")
    entry = await add_account(hass, cloud, "anker")
    house = House(hass, cloud, entry, freezer, ANKER_C)
    sensor = house.entity_id("sensor", "solar_power")
    er.async_get(hass).async_update_entity(
        sensor, new_entity_id="sensor.my_roof", name="Mine"
    )
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.states.get("sensor.my_roof") is None
    entry = await add_account(
        hass, cloud, "anker", **cloud.credentials_of(cloud.member)
    )
    house = House(hass, cloud, entry, freezer, ANKER_C)
    assert house.entity_id("sensor", "solar_power") == "sensor.my_roof"
    assert float(house.value("sensor", "solar_power")) > 0
    # Members have neither a plan nor settings.
    assert not hass.states.async_all(("number", "select", "time"))
    assert house.value("binary_sensor", "site_admin") == "off"


async def test_moving_by_reconfigure(
    hass: HomeAssistant, freezer: Any, open_anker: OpenAnker
) -> None:
    """The same without deleting anything; another home is another account."""
    cloud = await open_anker(accounts=[["C"], ["A"]], shared="C")
    entry = await add_account(hass, cloud, "anker")
    result = await reconfigure(
        hass, entry, form(cloud, **cloud.credentials_of(cloud.accounts[1]))
    )
    assert result["reason"] == "wrong_account"
    result = await reconfigure(
        hass, entry, form(cloud, **cloud.credentials_of(cloud.member))
    )
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED
    house = House(hass, cloud, entry, freezer, ANKER_C)
    assert float(house.value("sensor", "solar_power")) > 0


async def test_changing_the_country(hass: HomeAssistant, open_anker: OpenAnker) -> None:
    """Country and password are changed by Reconfigure, without the terms."""
    cloud = await open_anker(fixture="A")
    entry = await add_account(hass, cloud, "anker")
    filled = form(cloud, country="AT")
    # A secret that is left empty stays what it was.
    del filled["password"]
    result = await reconfigure(hass, entry, filled)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["credentials"]["country"] == "AT"
    assert entry.data["credentials"]["password"] == cloud.credentials["password"]
    assert entry.state is ConfigEntryState.LOADED


async def test_reauth(open_anker_house: OpenAnkerHouse) -> None:
    """A new password ends it, at once; a wrong one is told."""
    house = await open_anker_house(fixture="A")
    hass, cloud = house.hass, house.cloud
    cloud.set_password("Sample-Pw-new")
    await house.pass_time(10 * MINUTE)
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    result = await submit(hass, flow, form(cloud, password="guess"))
    assert result["errors"] == {"base": "invalid_auth"}
    result = await submit(hass, flow, form(cloud))
    assert result["reason"] == "reauth_successful"
    assert house.entry.state is ConfigEntryState.LOADED
    assert float(house.value("sensor", "state_of_charge", ANKER_BANK)) > 0


# -- secrets -------------------------------------------------------------------


async def test_nobody_else_learns_anything(
    open_anker_house: OpenAnkerHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither diagnostics nor the log name the user, his home, devices or network."""
    house = await open_anker_house(fixture=("A", "B", "C", "D"))
    hass, cloud = house.hass, house.cloud
    session = house.entry.runtime_data.account.session
    private = [
        *session.secrets(),
        cloud.credentials["username"],
        cloud.credentials["password"],
        *cloud.serials,
        "lab-net",
        "020000AABB",
        "Balcony",
        "Main meter",
    ]
    for site in cloud.sites.values():
        private += [device.serial for device in site.spec.devices]
    await house.pass_time(12 * MINUTE)
    report = await async_get_config_entry_diagnostics(hass, house.entry)
    text = json.dumps(report, default=str)
    assert [secret for secret in private if secret in text] == []
    assert {name.split()[0] for name in report["raw"]} >= {
        "get_site_list",
        "get_scen_info",
        "get_relate_and_bind_devices",
        "energy_analysis",
    }
    caplog.clear()
    for fault in (Fault.STATUS, Fault.HTML, Fault.WRONG_TYPE, Fault.THROTTLE):
        cloud.faults.add("*", fault)
        await house.pass_time(12 * MINUTE)
        cloud.faults.clear()
        await house.pass_time(12 * MINUTE)
    cloud.set_password("changed")
    await house.pass_time(12 * MINUTE)
    ours = "\n".join(
        record.getMessage() for record in caplog.records if DOMAIN in record.name
    )
    assert ours
    assert [secret for secret in private if secret in ours] == []
