"""Adding the target, renewing its key, changing its source: through the real forms."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..clouds import ChargeHqCloud, Fault
from ..clouds.chargehq import KEY
from .accounts import submit
from .chargehq_home import (
    MINUTE,
    PICKED,
    SOLAR,
    Target,
    add_target,
    choose,
    key_form,
    reconfigure,
    set_options,
    set_states,
    to_source,
)
from .conftest import NOON, OpenAlphaHouse, OpenAmberHouse, OpenHouse

type OpenTarget = Callable[..., Any]


@pytest.fixture(name="cloud")
async def cloud_fixture(
    freezer: FrozenDateTimeFactory, open_chargehq: OpenTarget
) -> ChargeHqCloud:
    """Return the service, at noon."""
    freezer.move_to(NOON)
    cloud: ChargeHqCloud = await open_chargehq()
    return cloud


@pytest.fixture(name="picked")
async def picked_fixture(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> Target:
    """Return a target fed by entities."""
    set_states(hass)
    return await add_target(hass, cloud, freezer, picked=PICKED)


async def test_a_site_of_an_account(
    hass: HomeAssistant,
    open_house: OpenHouse,
    cloud: ChargeHqCloud,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The key and a site by its name: the first push is the proof, and the entry."""
    await open_house(fixture="A")
    flow = await to_source(hass, cloud)
    assert flow["type"] is FlowResultType.MENU
    assert flow["menu_options"] == ["push_site", "push_entities"]
    assert not cloud.pushes
    flow = await choose(hass, flow, "push_site")
    assert flow["data_schema"] is not None
    (selector,) = flow["data_schema"].schema.values()
    (option,) = selector.config["options"]
    assert option["label"].startswith("Redback Technologies: ")
    flow = await submit(hass, flow, {"site_id": option["value"]})
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == "ChargeHQ"
    (push,) = cloud.pushes
    assert push.meters["production_kw"] > 0
    assert not cloud.flags
    # What is kept tells the key only where it belongs.
    entry = flow["result"]
    assert KEY not in (entry.unique_id or "")
    assert entry.state is ConfigEntryState.LOADED


async def test_entities_alone(hass: HomeAssistant, cloud: ChargeHqCloud) -> None:
    """Without an account there is no menu; entities are picked at once."""
    set_states(hass)
    flow = await to_source(hass, cloud)
    assert flow["step_id"] == "push_entities"
    flow = await submit(hass, flow, dict(PICKED))
    assert flow["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "key",
    ["", "secret", "00000000-0000-0000-0000-000000000000", KEY + "0", KEY[:-1] + "g"],
)
async def test_malformed_keys_are_never_sent(
    hass: HomeAssistant, cloud: ChargeHqCloud, key: str
) -> None:
    """The form of a key is checked here, the all-zero key of the seed included."""
    flow = await to_source(hass, cloud, api_key=key)
    assert flow["errors"] == {"base": "key_malformed"}
    assert not cloud.requests.total


async def test_errors_of_the_key(hass: HomeAssistant, cloud: ChargeHqCloud) -> None:
    """What is wrong is told; the same flow goes on once it is mended."""
    set_states(hass)
    flow = await to_source(hass, cloud, advanced={"base_url": "nowhere"})  # type: ignore[arg-type]
    assert flow["errors"] == {"base": "invalid_address"}
    flow = await submit(hass, flow, key_form(cloud, api_key=KEY[:-1] + "9"))
    flow = await submit(hass, flow, dict(PICKED))
    # It is told where the key can be corrected.
    assert flow["step_id"] == "push_key"
    assert flow["errors"] == {"base": "push_key_refused"}
    # Again at once with the same key: not even asked. What was picked is still there.
    asked = cloud.requests.total
    flow = await submit(hass, flow, key_form(cloud, api_key=""))
    assert {
        str(key): key.description["suggested_value"]
        for key in flow["data_schema"].schema
        if key.description and key.description.get("suggested_value")
    } == {key: value for key, value in PICKED.items() if isinstance(value, str | list)}
    flow = await submit(hass, flow, dict(PICKED))
    assert flow["errors"] == {"base": "push_too_soon"}
    assert cloud.requests.total == asked


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        (Fault.STATUS, {"status": 403}, "push_key_refused"),
        (Fault.STATUS, {"status": 400}, "push_refused"),
        (Fault.STATUS, {"status": 503}, "cannot_connect"),
        (Fault.DROP, {}, "cannot_connect"),
        (Fault.THROTTLE, {"retry_after": 30}, "push_too_soon"),
    ],
)
async def test_errors_of_the_service(
    hass: HomeAssistant,
    cloud: ChargeHqCloud,
    freezer: FrozenDateTimeFactory,
    fault: Fault,
    options: dict[str, Any],
    error: str,
) -> None:
    """Each is told by itself, and the form may be sent again after the pause."""
    set_states(hass)
    cloud.faults.add("push", fault, times=1, **options)
    flow = await to_source(hass, cloud)
    flow = await submit(hass, flow, dict(PICKED))
    assert flow["errors"] == {"base": error}
    freezer.tick(31)
    if error == "push_key_refused":
        flow = await submit(hass, flow, key_form(cloud, api_key=""))
    flow = await submit(hass, flow, dict(PICKED))
    assert flow["type"] is FlowResultType.CREATE_ENTRY


async def test_errors_of_the_entities(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Too few, of the wrong unit, unknown or old: told at the field, nothing sent."""
    set_states(hass)
    flow = await to_source(hass, cloud)
    flow = await submit(hass, flow, {"grid_power": "sensor.meter"})
    assert flow["errors"] == {"base": "push_too_little"}
    wrong = {
        "solar_power": ["sensor.sold"],
        "state_of_charge": "sensor.meter",
        "stored_energy": "sensor.wall_soc",
    }
    flow = await submit(hass, flow, wrong)
    assert flow["errors"] == {
        "solar_power": "not_power",
        "state_of_charge": "not_percent",
        "stored_energy": "not_energy",
    }
    set_states(hass, {SOLAR: ("unknown", "kW")})
    flow = await submit(hass, flow, {"solar_power": [SOLAR]})
    assert flow["errors"] == {"base": "push_no_data"}
    set_states(hass, {SOLAR: (4, "kW")})
    freezer.tick(20 * 60)
    flow = await submit(hass, flow, {"solar_power": [SOLAR]})
    assert flow["errors"] == {"base": "push_stale"}
    set_states(hass, {SOLAR: (1, "kW"), "sensor.meter": (-4, "kW")})
    both = {"solar_power": [SOLAR], "grid_power": "sensor.meter"}
    flow = await submit(hass, flow, both)
    assert flow["errors"] == {"base": "push_mismatch"}
    assert not cloud.requests.total


async def test_a_key_is_used_once(
    hass: HomeAssistant, picked: Target, cloud: ChargeHqCloud
) -> None:
    """The same key, in whatever case, is not added again."""
    flow = await to_source(hass, cloud, api_key=KEY.upper())
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "already_configured"


async def test_key_of_another_entry(
    hass: HomeAssistant, picked: Target, open_chargehq: OpenTarget
) -> None:
    """An entry cannot take the key of another one, neither by hand nor by reauth."""
    other = await open_chargehq(sites=2)
    other.sites.reverse()
    second = await add_target(hass, other, picked.freezer, picked=PICKED)
    flow = await reconfigure(hass, second)
    flow = await submit(hass, flow, key_form(picked.cloud))
    assert flow["reason"] == "already_configured"
    other.renew_key()
    await second.pass_time(2 * MINUTE)
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    flow = await submit(hass, flow, key_form(picked.cloud))
    assert flow["reason"] == "already_configured"


async def test_accounts_without_flows_are_not_offered(
    hass: HomeAssistant, open_amber_house: OpenAmberHouse, open_chargehq: OpenTarget
) -> None:
    """A retailer tells no power, so there is nothing to choose from."""
    await open_amber_house(fixture="A")
    flow = await to_source(hass, await open_chargehq())
    assert flow["step_id"] == "push_entities"


async def test_reconfigure(
    hass: HomeAssistant, picked: Target, open_house: OpenHouse, cloud: ChargeHqCloud
) -> None:
    """Another source; the key may be left empty, and what was picked is shown."""
    house = await open_house(fixture="A")
    flow = await reconfigure(hass, picked)
    flow = await submit(hass, flow, {"advanced": {"base_url": cloud.base_url}})
    shown = await choose(hass, flow, "push_entities")
    assert shown["data_schema"] is not None
    suggested = {
        str(marker): marker.description["suggested_value"]
        for marker in shown["data_schema"].schema
        if marker.description
    }
    assert suggested["solar_power"] == [SOLAR]
    hass.config_entries.flow.async_abort(flow["flow_id"])

    flow = await reconfigure(hass, picked)
    flow = await submit(hass, flow, {"advanced": {"base_url": cloud.base_url}})
    flow = await choose(hass, flow, "push_site")
    assert flow["data_schema"] is not None
    flow = await submit(hass, flow, flow["data_schema"]({}))
    assert flow["reason"] == "reconfigure_successful"
    assert picked.entry.data["source"]["entry_id"] == house.entry.entry_id
    await picked.pass_time(2 * MINUTE)
    assert "tsms" in cloud.pushes[-1].body
    assert "too fast" not in cloud.flags


async def test_another_server_is_tried(
    hass: HomeAssistant, picked: Target, open_chargehq: OpenTarget
) -> None:
    """That one server has just accepted the key says nothing of another one."""
    other = await open_chargehq()
    other.faults.add("push", Fault.STATUS, times=1, status=503)
    flow = await reconfigure(hass, picked)
    flow = await submit(hass, flow, key_form(other))
    flow = await submit(hass, flow, dict(PICKED))
    assert flow["errors"] == {"base": "cannot_connect"}
    assert other.requests.total == 1


async def test_reauth(
    hass: HomeAssistant, picked: Target, cloud: ChargeHqCloud
) -> None:
    """A refused key is asked for anew, and only that; pushes go on with the new one."""
    new = cloud.renew_key()
    cloud.pushes.clear()
    await picked.pass_time(2 * MINUTE)
    assert picked.value("sensor", "push_result") == "key_refused"
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["step_id"] == "push_key"
    result = await submit(hass, flow, key_form(cloud, api_key=KEY))
    assert result["errors"] == {"base": "push_key_refused"}
    # A wrong key takes nothing from the limit of the right one.
    set_states(hass)
    result = await submit(hass, flow, key_form(cloud, api_key=new))
    assert result["reason"] == "reauth_successful"
    await picked.pass_time(2 * MINUTE)
    assert picked.value("sensor", "push_result") == "accepted"
    assert len(cloud.accepted) == 3
    assert "too fast" not in cloud.flags


async def test_reauth_while_the_source_is_down(
    hass: HomeAssistant, picked: Target, cloud: ChargeHqCloud
) -> None:
    """The key is tried with a report then."""
    new = cloud.renew_key()
    await picked.pass_time(2 * MINUTE)
    set_states(hass, {SOLAR: ("unavailable", "kW")})
    hass.states.async_remove("sensor.meter")
    hass.states.async_remove("sensor.wall")
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    cloud.pushes.clear()
    result = await submit(hass, flow, key_form(cloud, api_key=new))
    assert result["reason"] == "reauth_successful"
    assert cloud.pushes[0].error
    assert not cloud.pushes[0].meters


async def test_second_target_has_a_title_of_its_own(
    hass: HomeAssistant,
    picked: Target,
    open_chargehq: OpenTarget,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Two sites of the app, two entries."""
    other = await open_chargehq(sites=2)
    other.sites.reverse()
    second = await add_target(hass, other, freezer, picked=PICKED)
    assert second.entry.title == "ChargeHQ 2"


async def test_options_of_a_site(
    hass: HomeAssistant,
    open_alpha_house: OpenAlphaHouse,
    open_chargehq: OpenTarget,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Four toggles; each takes effect with the next push."""
    await open_alpha_house(fixture="A")
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer)
    await target.pass_time(MINUTE)
    assert "battery_soc" in cloud.accepted[-1].meters
    await set_options(target, use_battery=False)
    await target.pass_time(MINUTE)
    meters = cloud.accepted[-1].meters
    assert not [key for key in meters if key.startswith("battery")]
    assert "net_import_kw" in meters
    await set_options(target, use_power_sensor=False)
    await target.pass_time(MINUTE)
    assert set(cloud.accepted[-1].meters) == {"production_kw"}
    assert not cloud.flags


async def test_site_that_is_gone_meanwhile(
    hass: HomeAssistant, open_house: OpenHouse, cloud: ChargeHqCloud
) -> None:
    """An account that is unloaded while its site is being picked."""
    house = await open_house(fixture="A")
    flow = await choose(hass, await to_source(hass, cloud), "push_site")
    assert flow["data_schema"] is not None
    site = flow["data_schema"]({})
    await hass.config_entries.async_unload(house.entry.entry_id)
    flow = await submit(hass, flow, site)
    assert flow["errors"] == {"base": "push_no_site"}
    assert not cloud.requests.total


async def test_site_that_is_taken_in_the_second_try(
    hass: HomeAssistant,
    open_house: OpenHouse,
    cloud: ChargeHqCloud,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What keeps its first push away is told, and the form goes on."""
    await open_house(fixture="A")
    flow = await choose(hass, await to_source(hass, cloud), "push_site")
    assert flow["data_schema"] is not None
    site = flow["data_schema"]({})
    cloud.faults.add("*", Fault.STATUS, status=503)
    flow = await submit(hass, flow, site)
    assert flow["errors"] == {"base": "cannot_connect"}
    assert not hass.config_entries.async_entries(DOMAIN)[1:]
    cloud.faults.clear()
    freezer.tick(MINUTE)
    flow = await submit(hass, flow, site)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert cloud.accepted[-1].meters["production_kw"] > 0
