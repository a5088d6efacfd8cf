"""Adding an account, renewing its credentials, changing its options."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..clouds import Fault, RedbackCloud
from ..clouds.redback.accounts import TENANT
from ..conftest import OpenCloud
from .accounts import add_account, form, start_flow, submit
from .conftest import BATTERY, INVERTER, SITE, House, OpenHouse
from .leap import leap

pytestmark = pytest.mark.usefixtures("no_retry_pause")

INVERTER_B = "RB20000000000202"


def suggested(flow: ConfigFlowResult) -> dict[str, Any]:
    """Return what the form shows in its fields, sections included."""

    def fields(schema: Mapping[Any, Any]) -> dict[str, Any]:
        return {
            str(field): fields(content.schema.schema)
            if isinstance(content, section)
            else (field.description or {}).get("suggested_value")
            for field, content in schema.items()
        }

    assert flow["data_schema"] is not None
    return fields(flow["data_schema"].schema)


def identifiers(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the ids of the entry's devices."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {value for device in devices for _, value in device.identifiers}


def unavailable(hass: HomeAssistant) -> list[str]:
    """Return the entities that show nothing."""
    return [
        state.entity_id
        for state in hass.states.async_all()
        if state.state == STATE_UNAVAILABLE
    ]


def account(cloud: RedbackCloud, number: int) -> dict[str, str]:
    """Return the credentials of another account than the first one."""
    return cloud.accounts[number].credentials


# -- user ----------------------------------------------------------------------


@pytest.mark.parametrize("portal", [False, True])
async def test_account_is_added(
    hass: HomeAssistant, open_redback: OpenCloud, portal: bool
) -> None:
    """The portal is optional and its section ends up in the same credentials."""
    cloud = await open_redback(fixture="A")

    flow = await start_flow(hass)
    assert flow["type"] is FlowResultType.FORM
    assert flow["step_id"] == "credentials"
    flow = await submit(hass, flow, form(cloud, portal=portal))

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == "Redback Technologies"
    entry = flow["result"]
    wanted = {**cloud.credentials, "base_url": cloud.base_url}
    if not portal:
        del wanted["portal_email"], wanted["portal_password"]
    assert entry.data == {
        "vendor": "redback",
        "credentials": wanted,
        "systems": [SITE],
    }
    assert entry.unique_id == f"redback_{cloud.credentials['client_id']}"
    assert entry.state is ConfigEntryState.LOADED
    assert identifiers(hass, entry) == {INVERTER, BATTERY, SITE}
    assert (cloud.requests.count("portal_login") > 0) is portal


async def test_brands_own_cloud(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker
) -> None:
    """Without an address the brand's own cloud is asked."""
    aioclient_mock.post(
        f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token",
        json={"access_token": "token", "expires_in": 3599},
    )
    aioclient_mock.get(
        "https://api.redbacktech.com/Api/v2/EnergyData/With/Nodes", json={"Data": []}
    )
    flow = await submit(
        hass,
        await start_flow(hass),
        {"client_id": "id", "client_secret": "secret", "advanced": {"base_url": " "}},
    )
    assert flow["errors"] == {"base": "no_systems"}
    assert aioclient_mock.call_count == 2


async def test_blanks_are_cut(hass: HomeAssistant, open_redback: OpenCloud) -> None:
    """Blanks around a value and a slash after an address do no harm."""
    cloud = await open_redback(fixture="A")
    padded = form(cloud, client_id=f" {cloud.credentials['client_id']} ")
    padded["advanced"] = {"base_url": f"{cloud.base_url}/"}
    flow = await submit(hass, await start_flow(hass), padded)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    saved = flow["result"].data["credentials"]
    assert saved["base_url"] == cloud.base_url
    assert saved["client_id"] == cloud.credentials["client_id"]


type Spoil = Callable[[RedbackCloud], dict[str, Any]]


def wrong(**changes: str) -> Spoil:
    """Return what fills in something wrong."""
    return lambda cloud: changes


def broken(where: str, kind: Fault, **options: Any) -> Spoil:
    """Return what breaks an endpoint of the cloud."""

    def spoil(cloud: RedbackCloud) -> dict[str, Any]:
        cloud.faults.add(where, kind, **options)
        return {}

    return spoil


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(wrong(client_secret="no"), "invalid_auth", id="secret"),
        pytest.param(wrong(client_id="nobody"), "invalid_auth", id="client_id"),
        pytest.param(
            broken("nodes", Fault.EXPIRED_TOKEN), "invalid_auth", id="token_refused"
        ),
        pytest.param(wrong(base_url="joule"), "invalid_address", id="no_address"),
        pytest.param(wrong(base_url="ftp://joule"), "invalid_address", id="scheme"),
        pytest.param(wrong(base_url="http://"), "invalid_address", id="no_host"),
        pytest.param(wrong(base_url="http://["), "invalid_address", id="malformed"),
        pytest.param(
            broken("token.*|.*/token", Fault.STATUS, status=503),
            "cannot_connect",
            id="no_token",
        ),
        pytest.param(
            broken("nodes", Fault.STATUS, status=500), "cannot_connect", id="500"
        ),
        pytest.param(broken("nodes", Fault.DROP), "cannot_connect", id="dropped"),
        pytest.param(broken("nodes", Fault.THROTTLE), "rate_limited", id="429"),
        pytest.param(broken("nodes", Fault.HTML), "unknown", id="page"),
        pytest.param(broken("nodes", Fault.BROKEN_JSON), "unknown", id="json"),
        pytest.param(broken("nodes", Fault.NULL), "unknown", id="null"),
        pytest.param(broken("nodes", Fault.WRONG_TYPE), "unknown", id="type"),
        pytest.param(broken("nodes", Fault.LOCKED_OUT), "unknown", id="locked_out"),
        pytest.param(
            wrong(portal_password="no"), "portal_refused", id="portal_password"
        ),
        pytest.param(
            wrong(portal_email="nobody@example.com"), "portal_refused", id="portal_mail"
        ),
        pytest.param(wrong(portal_password=""), "portal_refused", id="half_a_login"),
    ],
)
async def test_error_then_success(
    hass: HomeAssistant, open_redback: OpenCloud, spoil: Spoil, error: str
) -> None:
    """The form says what is wrong, keeps what was typed, and goes on from there."""
    cloud = await open_redback(fixture="A")
    flow = await start_flow(hass)
    filled = form(cloud, portal=True, **spoil(cloud))
    flow = await submit(hass, flow, filled)

    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {"base": error}
    assert suggested(flow) == {
        "client_id": filled["client_id"],
        "client_secret": None,
        "portal": {
            "portal_email": filled["portal"]["portal_email"],
            "portal_password": None,
        },
        "advanced": {"base_url": filled["advanced"]["base_url"]},
    }
    assert not hass.config_entries.async_entries(DOMAIN)

    cloud.faults.clear()
    flow = await submit(hass, flow, form(cloud, portal=True))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["result"].state is ConfigEntryState.LOADED


async def test_cloud_down(hass: HomeAssistant, open_redback: OpenCloud) -> None:
    """A cloud that refuses connections is tried again from the same form."""
    cloud = await open_redback(fixture="A")
    await cloud.refuse()
    flow = await submit(hass, await start_flow(hass), form(cloud))
    assert flow["errors"] == {"base": "cannot_connect"}

    await cloud.accept()
    flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY


async def test_account_without_systems(
    hass: HomeAssistant, open_redback: OpenCloud
) -> None:
    """An account that reaches nothing is refused until it has a system."""
    cloud = await open_redback(accounts=[[]])
    flow = await submit(hass, await start_flow(hass), form(cloud))
    assert flow["errors"] == {"base": "no_systems"}

    cloud.add("A")
    flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY


async def test_refused_portal_may_be_left_out(
    hass: HomeAssistant, open_redback: OpenCloud
) -> None:
    """Clearing the e-mail is enough to go on without the portal."""
    cloud = await open_redback(fixture="A")
    flow = await start_flow(hass)
    flow = await submit(hass, flow, form(cloud, portal=True, portal_password="no"))
    assert flow["errors"] == {"base": "portal_refused"}

    flow = await submit(hass, flow, form(cloud) | {"portal": {"portal_password": "no"}})
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["result"].data["credentials"].keys() == {
        "client_id",
        "client_secret",
        "base_url",
    }


async def test_same_account_twice(hass: HomeAssistant, open_redback: OpenCloud) -> None:
    """An account is added once."""
    cloud = await open_redback(fixture="A")
    await add_account(hass, cloud)
    flow = await submit(hass, await start_flow(hass), form(cloud))
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "already_configured"


async def test_site_of_another_account(
    hass: HomeAssistant, open_redback: OpenCloud
) -> None:
    """Two accounts that see one site would show and control it twice."""
    cloud = await open_redback(accounts=[["A"], ["B", "A"]])
    await add_account(hass, cloud)
    flow = await submit(hass, await start_flow(hass), form(cloud, **account(cloud, 1)))
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "system_in_use"


async def test_accounts_side_by_side(
    hass: HomeAssistant, open_redback: OpenCloud
) -> None:
    """Each account has its own title, devices and entities."""
    cloud = await open_redback(accounts=[["A"], ["B"], ["C"]])
    entries = [
        await add_account(hass, cloud, **account(cloud, number)) for number in range(3)
    ]
    assert [entry.title for entry in entries] == [
        "Redback Technologies",
        "Redback Technologies 2",
        "Redback Technologies 3",
    ]
    devices = [identifiers(hass, entry) for entry in entries]
    assert INVERTER in devices[0]
    assert INVERTER_B in devices[1]
    assert not devices[0] & devices[1]
    assert not unavailable(hass)

    assert await hass.config_entries.async_unload(entries[0].entry_id)
    assert entries[1].state is ConfigEntryState.LOADED
    assert len(unavailable(hass)) == len(
        [
            entity
            for entity in er.async_entries_for_config_entry(
                er.async_get(hass), entries[0].entry_id
            )
            if not entity.disabled
        ]
    )


# -- reauth --------------------------------------------------------------------


def reauth_flow(hass: HomeAssistant) -> ConfigFlowResult:
    """Return the only flow in progress."""
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == "reauth"
    return flow


async def refuse_credentials(house: House) -> None:
    """Change the account's secret in the cloud, and wait until we notice."""
    house.cloud.accounts[0].client_secret = "renewed"
    house.cloud.expire_tokens()
    await leap(house, timedelta(minutes=2))


async def test_reauth(open_house: OpenHouse) -> None:
    """Refused credentials ask for new ones; with those everything lives again."""
    house = await open_house(accounts=[["A"], ["B"]])
    hass, cloud, entry = house.hass, house.cloud, house.entry
    first_id = cloud.credentials["client_id"]
    await refuse_credentials(house)
    assert house.value("sensor", "solar_power") == STATE_UNAVAILABLE

    flow = await hass.config_entries.flow.async_configure(reauth_flow(hass)["flow_id"])
    assert flow["step_id"] == "credentials"
    assert suggested(flow) == {
        "client_id": first_id,
        "client_secret": None,
        "portal": {"portal_email": None, "portal_password": None},
        "advanced": {"base_url": cloud.base_url},
    }
    flow = await submit(hass, flow, form(cloud, client_secret="still wrong"))
    assert flow["errors"] == {"base": "invalid_auth"}

    flow = await submit(hass, flow, form(cloud, **account(cloud, 1)))
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "wrong_account"
    assert entry.data["credentials"]["client_id"] == first_id

    await house.reload()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    flow = await submit(hass, reauth_flow(hass), form(cloud))
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "reauth_successful"
    assert entry.data["credentials"]["client_secret"] == "renewed"
    assert entry.state is ConfigEntryState.LOADED
    assert not unavailable(hass)


async def test_reauth_with_renewed_client(open_house: OpenHouse) -> None:
    """New API access to the same system keeps the entry and its entities."""
    house = await open_house(accounts=[["A"], ["A"]])
    before = {state.entity_id for state in house.hass.states.async_all()}
    await refuse_credentials(house)

    flow = await submit(
        house.hass,
        reauth_flow(house.hass),
        form(house.cloud, **account(house.cloud, 1)),
    )
    assert flow["reason"] == "reauth_successful"
    client_id = account(house.cloud, 1)["client_id"]
    assert house.entry.unique_id == f"redback_{client_id}"
    assert {state.entity_id for state in house.hass.states.async_all()} == before
    assert not unavailable(house.hass)


# -- reconfigure ---------------------------------------------------------------


async def reconfigure(house: House, filled: dict[str, Any]) -> ConfigFlowResult:
    """Open the reconfigure form of the account and send it."""
    flow = await house.hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": "reconfigure", "entry_id": house.entry.entry_id},
    )
    assert flow["step_id"] == "credentials"
    return await submit(house.hass, flow, filled)


async def test_reconfigure_secret(house: House) -> None:
    """A new secret takes the place of the old one."""
    house.cloud.accounts[0].client_secret = "renewed"
    flow = await reconfigure(house, form(house.cloud, client_secret="wrong"))
    assert flow["errors"] == {"base": "invalid_auth"}

    flow = await submit(house.hass, flow, form(house.cloud))
    assert flow["reason"] == "reconfigure_successful"
    assert house.entry.data["credentials"]["client_secret"] == "renewed"
    assert house.entry.state is ConfigEntryState.LOADED


async def test_reconfigure_keeps_empty_secrets(open_house: OpenHouse) -> None:
    """A secret that is left empty stays; an e-mail that is cleared goes."""
    house = await open_house(fixture="A", portal=True)
    saved = dict(house.entry.data["credentials"])
    shown = form(house.cloud, portal=True)
    del shown["client_secret"], shown["portal"]["portal_password"]

    flow = await reconfigure(house, shown)
    assert flow["reason"] == "reconfigure_successful"
    assert house.entry.data["credentials"] == saved

    shown["portal"] = {}
    flow = await reconfigure(house, shown)
    assert flow["reason"] == "reconfigure_successful"
    del saved["portal_email"], saved["portal_password"]
    assert house.entry.data["credentials"] == saved


async def test_reconfigure_adds_portal(house: House) -> None:
    """The portal's facts come and go with its login; nothing stays behind."""
    size = "string_1_size"
    assert house.cloud.requests.count("portal_login") == 0
    flow = await reconfigure(house, form(house.cloud, portal=True))
    assert flow["reason"] == "reconfigure_successful"
    assert house.value("sensor", size) == "3800.0"

    flow = await reconfigure(house, form(house.cloud))
    assert flow["reason"] == "reconfigure_successful"
    assert not unavailable(house.hass)
    registry = er.async_get(house.hass)
    assert not registry.async_get_entity_id("sensor", DOMAIN, f"{INVERTER}_{size}")


async def test_reconfigure_to_another_account(open_house: OpenHouse) -> None:
    """An entry never changes to systems that it does not have."""
    house = await open_house(accounts=[["A"], ["B"], ["A", "B"]])
    hass, cloud = house.hass, house.cloud
    flow = await reconfigure(house, form(cloud, **account(cloud, 1)))
    assert flow["reason"] == "wrong_account"

    await add_account(hass, cloud, **account(cloud, 1))
    flow = await reconfigure(house, form(cloud, **account(cloud, 2)))
    assert flow["reason"] == "system_in_use"
    assert house.entry.data["systems"] == [SITE]


# -- options -------------------------------------------------------------------


async def set_options(house: House, **options: bool) -> None:
    """Change options through their form; the account is reloaded by itself."""
    manager = house.hass.config_entries.options
    flow = await manager.async_init(house.entry.entry_id)
    assert flow["step_id"] == "init"
    assert set(options) <= {str(field) for field in flow["data_schema"].schema}
    house.cloud.requests.clear()
    flow = await manager.async_configure(flow["flow_id"], options)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await house.hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("portal", [False, True])
async def test_options_have_an_effect(open_house: OpenHouse, portal: bool) -> None:
    """The portal's switch is only there with a portal login."""
    house = await open_house(fixture="A", portal=portal)
    flow = await house.hass.config_entries.options.async_init(house.entry.entry_id)
    shown = {str(field): field.default() for field in flow["data_schema"].schema}
    wanted = {"envelopes": True, "max_force_hours": 6, "delete_on_removal": True}
    wanted |= {"portal": True} if portal else {}
    assert shown == wanted


async def test_envelopes_off_and_on(house: House) -> None:
    """Without envelopes there is no site device, no entity of it and no call."""
    site_entities = {
        entity.entity_id
        for entity in er.async_entries_for_device(
            er.async_get(house.hass), house.device_id(SITE)
        )
    }
    assert site_entities
    await set_options(house, envelopes=False)
    assert identifiers(house.hass, house.entry) == {INVERTER, BATTERY}
    await leap(house, timedelta(hours=1))
    assert house.cloud.requests.count("envelopes") == 0
    assert house.cloud.requests.count("dynamic") > 0
    assert not unavailable(house.hass)
    registry = er.async_get(house.hass)
    assert site_entities.isdisjoint(registry.entities)

    await set_options(house, envelopes=True)
    assert identifiers(house.hass, house.entry) == {INVERTER, BATTERY, SITE}
    assert house.cloud.requests.count("envelopes") == 1
    assert site_entities & set(house.hass.states.async_entity_ids())


async def test_portal_off_and_on(open_house: OpenHouse) -> None:
    """Without the portal nothing of it is asked or shown."""
    house = await open_house(fixture="A", portal=True)
    await set_options(house, envelopes=True, portal=False)
    await leap(house, timedelta(days=1, hours=2))
    asked = house.cloud.requests.counts()
    assert not [label for label in asked if label.startswith("portal")]
    assert not unavailable(house.hass)

    await set_options(house, envelopes=True, portal=True)
    assert house.cloud.requests.count("portal_installation") == 1
    assert house.value("sensor", "string_1_direction") == "N"
