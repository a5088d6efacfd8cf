"""Terms that must be accepted, the country and the numbers of an account's forms."""

from typing import Any

import pytest

from custom_components.joulekeeper.account_forms import CONF_ACCEPT_TERMS
from custom_components.joulekeeper.vendors.base import (
    CredentialField,
    NumberRange,
    OptionField,
)
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from ..brands import SPECS
from ..clouds import RedbackCloud
from .accounts import form, start_flow, submit
from .conftest import House, OpenHouse
from .pausable import vendor

TERMS = "https://example.com/terms"
NUMBER = OptionField("hold_confirmed", 60, range=NumberRange(30, 600, 10, "s"))
COUNTRY = CredentialField("country", country=True)


def fields(flow: Any) -> dict[str, Any]:
    """Return what is asked, with what is suggested."""
    return {
        marker.schema: (marker.description or {}).get("suggested_value")
        for marker in flow["data_schema"].schema
    }


async def test_terms_are_asked_first(hass: HomeAssistant, open_redback: Any) -> None:
    """Unchecked, nothing is sent; they are no credential, and not asked again."""
    with vendor("redback", terms_url=TERMS):
        cloud: RedbackCloud = await open_redback(fixture="A")
        flow = await start_flow(hass)
        assert flow["description_placeholders"]["terms_url"] == TERMS
        filled = form(cloud)
        for accepted in ({}, {CONF_ACCEPT_TERMS: False}):
            flow = await submit(hass, flow, filled | accepted)
            assert flow["errors"] == {CONF_ACCEPT_TERMS: "terms_not_accepted"}
        assert cloud.requests.total == 0
        wrong = filled | {"client_secret": "wrong", CONF_ACCEPT_TERMS: True}
        flow = await submit(hass, flow, wrong)
        assert flow["errors"] == {"base": "invalid_auth"}
        (marker,) = (m for m in flow["data_schema"].schema if m == CONF_ACCEPT_TERMS)
        assert marker.default() is True, "what was accepted stays ticked"
        flow = await submit(hass, flow, filled | {CONF_ACCEPT_TERMS: True})
        assert flow["type"] is FlowResultType.CREATE_ENTRY
        entry = flow["result"]
        assert CONF_ACCEPT_TERMS not in entry.data["credentials"]
        flow = await hass.config_entries.flow.async_init(
            "joulekeeper",
            context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id},
        )
        assert CONF_ACCEPT_TERMS not in fields(flow)
        flow = await submit(hass, flow, filled)
        assert flow["reason"] == "reconfigure_successful"


async def test_no_terms_no_box(hass: HomeAssistant) -> None:
    """Only who has terms asks for them."""
    assert CONF_ACCEPT_TERMS not in fields(await start_flow(hass))


async def test_country_is_home_assistants(
    hass: HomeAssistant, open_redback: Any
) -> None:
    """It is suggested, can be another one, and is kept as its code."""
    hass.config.country = "AU"
    with vendor("redback", fields=(*SPECS["redback"].fields, COUNTRY)):
        cloud: RedbackCloud = await open_redback(fixture="A")
        flow = await start_flow(hass)
        assert fields(flow)["country"] == "AU"
        with pytest.raises(InvalidData):
            await submit(hass, flow, form(cloud) | {"country": "XX"})
        flow = await submit(hass, flow, form(cloud) | {"country": "DE"})
        assert flow["result"].data["credentials"]["country"] == "DE"


async def test_numbers_are_whole_and_in_their_range(open_house: OpenHouse) -> None:
    """The session gets an int; what is out of range is refused."""
    seen: list[Any] = []
    spec = SPECS["redback"]

    def connect(connection: Any) -> Any:
        seen.append(connection.options["hold_confirmed"])
        return spec.connect(connection)

    with vendor("redback", options=(*spec.options, NUMBER), connect=connect):
        house: House = await open_house(fixture="A")
        options = house.hass.config_entries.options
        flow = await options.async_init(house.entry.entry_id)
        given = flow["data_schema"]({})
        assert given["hold_confirmed"] == 60
        for value in (29, 601):
            with pytest.raises(InvalidData):
                await options.async_configure(
                    flow["flow_id"], given | {"hold_confirmed": value}
                )
        await options.async_configure(
            flow["flow_id"], given | {"hold_confirmed": 120.0}
        )
        await house.hass.async_block_till_done(wait_background_tasks=True)
        assert house.entry.options["hold_confirmed"] == 120
        assert type(house.entry.options["hold_confirmed"]) is int
        assert seen == [60, 120]
