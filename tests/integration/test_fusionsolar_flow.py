"""FusionSolar: adding an account, choosing plants, renewing, options, and secrets."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr

from ..clouds import Fault, FusionSolarCloud
from ..clouds.fusionsolar.devices import DeviceSpec
from .accounts import add_account, form, start_flow, submit
from .conftest import (
    FUSION,
    FUSION_BATTERY,
    FUSION_INVERTER,
    FUSION_METER,
    FUSION_NOON,
    FusionHouse,
    House,
    OpenFusionHouse,
)
from .leap import leap

pytestmark = pytest.mark.usefixtures("no_waiting")

SECOND = "0123456789abcdef0123456789abcdef"

type OpenFusion = Callable[..., Awaitable[FusionSolarCloud]]
type Spoil = Callable[[FusionSolarCloud], dict[str, str]]


@pytest.fixture(autouse=True)
def _noon(freezer: Any) -> None:
    freezer.move_to(FUSION_NOON)


def plants_of(entry: ConfigEntry, hass: HomeAssistant) -> set[str]:
    """Return the plants that are in the registry."""
    return {
        identifier
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        if device.via_device_id is None
        for _, identifier in device.identifiers
    }


def devices_of(entry: ConfigEntry, hass: HomeAssistant) -> set[str]:
    """Return all devices that are in the registry."""
    return {
        identifier
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        for _, identifier in device.identifiers
    }


def choices(flow: Any) -> dict[str, str]:
    """Return the names of the plants of the form by their codes."""
    (selector,) = flow["data_schema"].schema.values()
    return {item["value"]: item["label"] for item in selector.config["options"]}


def ticked(flow: Any) -> list[str]:
    """Return the plants that are ticked at first."""
    picked: list[str] = flow["data_schema"]({})["systems"]
    return picked


async def choose(hass: HomeAssistant, flow: Any, *codes: str) -> Any:
    """Choose plants and wait for what it sets off."""
    return await submit(hass, flow, {"systems": list(codes)})


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry, filled: Any) -> Any:
    """Open Reconfigure and send the credentials."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    return await submit(hass, flow, filled)


def counted(cloud: FusionSolarCloud, entry: ConfigEntry) -> list[str]:
    """Return the plants of which anything is known."""
    raw = entry.runtime_data.account.session.raw_payloads()
    return [name.split()[1] for name in raw]


# -- adding --------------------------------------------------------------------


async def test_one_plant_is_not_asked_for(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """A home is added without a choice; its regions have names."""
    cloud = await open_fusionsolar(fixture="A")
    flow = await start_flow(hass, "fusionsolar")
    assert flow["step_id"] == "credentials"
    region = flow["data_schema"].schema["region"].config
    assert region["options"][0] == "eu5"
    flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == "Huawei FusionSolar"
    entry = flow["result"]
    assert entry.data == {
        "vendor": "fusionsolar",
        "credentials": {**cloud.credentials, "base_url": cloud.base_url},
        "systems": [FUSION],
    }
    assert cloud.credentials["user_name"] not in str(entry.unique_id)
    assert entry.state is ConfigEntryState.LOADED
    assert plants_of(entry, hass) == {FUSION}


async def test_plants_are_chosen_by_name(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """Of two, one; the other one is neither shown nor asked for."""
    cloud = await open_fusionsolar(fixture="D")
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    assert flow["step_id"] == "systems"
    assert choices(flow) == {FUSION: "Sample Roof", SECOND: "Sample Beach House"}
    assert set(ticked(flow)) == {FUSION, SECOND}
    flow = await choose(hass, flow)
    assert flow["errors"] == {"base": "no_system_picked"}
    cloud.requests.clear()
    flow = await choose(hass, flow, SECOND)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["result"].data["systems"] == [SECOND]
    assert plants_of(flow["result"], hass) == {SECOND}
    assert set(counted(cloud, flow["result"])) == {SECOND}


async def test_two_plants_of_one_name(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """They are told apart by their codes; one without a name has only that."""
    cloud = await open_fusionsolar(fixture=["D", "B"])
    cloud.rename(SECOND, "Sample Roof")
    cloud.rename("NE=72000001", "")
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    assert choices(flow) == {
        FUSION: f"Sample Roof ({FUSION})",
        SECOND: f"Sample Roof ({SECOND})",
        "NE=72000001": "NE=72000001",
    }


async def test_installer_with_many_plants(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """All pages are listed, by name, and none is ticked for the owner of one."""
    cloud = await open_fusionsolar(fixture="many")
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    assert len(choices(flow)) == 105
    assert ticked(flow) == []
    flow = await choose(hass, flow, "NE=78000104", "NE=78000007")
    entry = flow["result"]
    assert plants_of(entry, hass) == {"NE=78000104", "NE=78000007"}


async def test_same_account_twice(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """It aborts before anything is asked, also where plants are left."""
    cloud = await open_fusionsolar(fixture="D")
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION))["result"]
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    assert flow["reason"] == "already_configured"
    assert hass.config_entries.async_entries(DOMAIN) == [entry]


async def test_plants_of_another_entry(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """A plant is in one entry only: what is left is offered, or taken, or nothing."""
    cloud = await open_fusionsolar(accounts=[["D"], ["D", "B"], ["A"]])
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    await choose(hass, flow, FUSION)
    second = cloud.accounts[1].credentials
    flow = await submit(
        hass, await start_flow(hass, "fusionsolar"), form(cloud, **second)
    )
    assert set(choices(flow)) == {SECOND, "NE=72000001"}
    flow = await choose(hass, flow, SECOND)
    assert flow["title"] == "Huawei FusionSolar 2"
    third = cloud.accounts[2].credentials
    flow = await submit(
        hass, await start_flow(hass, "fusionsolar"), form(cloud, **third)
    )
    assert flow["reason"] == "system_in_use"


def wrong(**changes: str) -> Spoil:
    """Return what fills in something wrong."""
    return lambda cloud: changes


def answers(where: str, code: int, *, http: bool = False) -> Spoil:
    """Return what lets an endpoint answer with a code."""

    def spoil(cloud: FusionSolarCloud) -> dict[str, str]:
        cloud.answer_with(where, code, times=50, http=http)
        return {}

    return spoil


def broken(where: str, kind: Fault, **options: Any) -> Spoil:
    """Return what breaks an endpoint."""

    def spoil(cloud: FusionSolarCloud) -> dict[str, str]:
        cloud.faults.add(where, kind, **options)
        return {}

    return spoil


def switched(**switches: Any) -> Spoil:
    """Return what changes the behaviour of the cloud."""

    def spoil(cloud: FusionSolarCloud) -> dict[str, str]:
        cloud.change(**switches)
        return {}

    return spoil


def login_says(message: str) -> Spoil:
    """Return what refuses the login with a message."""
    body = {"success": False, "failCode": 20400, "data": None, "message": message}
    return broken("login", Fault.STATUS, status=200, body=body)


def locked(cloud: FusionSolarCloud) -> dict[str, str]:
    """Lock the account, as somebody's wrong passwords do."""
    cloud.lock()
    return {}


def stolen(cloud: FusionSolarCloud) -> dict[str, str]:
    """Let another program log in before each of our calls."""
    cloud.faults.add(
        "stations", Fault.FOREIGN_EDIT, action=lambda *_: cloud.log_in_elsewhere()
    )
    return {}


def no_right(cloud: FusionSolarCloud) -> dict[str, str]:
    """Untick the list of plants."""
    cloud.allow("stations", allowed=False)
    return {}


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(wrong(system_code="guess"), "invalid_auth", id="password"),
        pytest.param(wrong(user_name="nobody"), "invalid_auth", id="user"),
        pytest.param(switched(unknown_user="empty"), None, id="notice"),
        pytest.param(locked, "account_locked", id="locked"),
        pytest.param(
            login_says("user.pwd.expired"), "password_expired", id="pwd_expired"
        ),
        pytest.param(
            login_says("user.login.touch_online_limit"), "session_limit", id="sessions"
        ),
        pytest.param(answers("login", 20002), "account_closed", id="disabled"),
        pytest.param(answers("login", 20003), "account_closed", id="expired"),
        pytest.param(answers("login", 20403), "account_closed", id="restricted"),
        pytest.param(answers("login", 407), "too_many_logins", id="logins"),
        pytest.param(answers("stations", 305), "session_taken", id="305"),
        pytest.param(answers("stations", 306), "session_taken", id="306"),
        pytest.param(stolen, "session_taken", id="thief"),
        pytest.param(no_right, "interface_not_granted", id="401"),
        pytest.param(answers("stations", 20056), "owner_not_granted", id="20056"),
        pytest.param(answers("stations", 20045), "plant_not_granted", id="20045"),
        pytest.param(answers("stations", 407), "rate_limited", id="407"),
        pytest.param(answers("stations", 429, http=True), "rate_limited", id="429"),
        pytest.param(answers("stations", 20200), "cannot_connect", id="busy"),
        pytest.param(answers("stations", 20004), "cannot_connect", id="fault"),
        pytest.param(
            broken("stations", Fault.NULL, key="data"), "nothing_told", id="null"
        ),
        pytest.param(answers("stations", 4711), "unknown", id="unknown_code"),
        pytest.param(switched(host="html"), "wrong_host", id="web_host"),
        pytest.param(switched(host="missing"), "wrong_host", id="404"),
        pytest.param(broken("stations", Fault.HTML), "cannot_connect", id="page"),
        pytest.param(broken("login", Fault.STATUS, status=502), "cannot_connect"),
        pytest.param(broken("stations", Fault.BROKEN_JSON), "unknown", id="json"),
    ],
)
async def test_error_then_success(
    hass: HomeAssistant,
    open_fusionsolar: OpenFusion,
    spoil: Spoil,
    error: str | None,
) -> None:
    """The form says what is wrong and what to do next, and goes on from there."""
    cloud = await open_fusionsolar(fixture="A")
    flow = await start_flow(hass, "fusionsolar")
    flow = await submit(hass, flow, form(cloud, **spoil(cloud)))
    if error is not None:
        assert flow["type"] is FlowResultType.FORM
        assert flow["errors"] == {"base": error}
        assert not hass.config_entries.async_entries(DOMAIN)
        if error == "interface_not_granted":
            about = flow["description_placeholders"]["about"]
            assert about == "the list of plants (stations)"
        cloud.faults.clear()
        cloud.change(host="api")
        cloud.allow("stations")
        cloud.accounts[0].locked_until = None
        flow = await submit(hass, flow, form(cloud))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["result"].state is ConfigEntryState.LOADED


async def test_account_without_plants(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """It is no account yet; the installer has to assign a plant."""
    cloud = await open_fusionsolar(fixture="none")
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    assert flow["errors"] == {"base": "no_systems"}


async def test_unknown_region(hass: HomeAssistant) -> None:
    """Nothing but the regions that are offered gets so far."""
    flow = await start_flow(hass, "fusionsolar")
    with pytest.raises(InvalidData, match="region"):
        await submit(
            hass,
            flow,
            {"region": "region01eu5", "user_name": "a", "system_code": "b"},
        )


# -- renewing ------------------------------------------------------------------


async def test_reauth_keeps_the_choice(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """A new password is all that is asked for, also while a plant is not listed."""
    cloud = await open_fusionsolar(fixture=["D", "B"])
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION, SECOND))["result"]
    cloud.set_password("Sample-Pw-new")
    cloud.remove(SECOND)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    result = await submit(hass, flow, form(cloud, system_code="guess"))
    assert result["errors"] == {"base": "invalid_auth"}
    result = await submit(hass, flow, form(cloud))
    assert result["reason"] == "reauth_successful"
    assert entry.data["systems"] == sorted([FUSION, SECOND])
    assert entry.state is ConfigEntryState.LOADED


async def test_choose_again(
    hass: HomeAssistant, freezer: Any, open_fusionsolar: OpenFusion
) -> None:
    """Reconfigure adds and removes plants with all their devices."""
    cloud = await open_fusionsolar(fixture=["D", "C"])
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION))["result"]
    assert FUSION_BATTERY in devices_of(entry, hass)
    # Lists are one a minute; who is sooner waits for it.
    freezer.tick(360)

    filled = form(cloud)
    # A secret that is left empty stays what it was.
    del filled["system_code"]
    flow = await reconfigure(hass, entry, filled)
    assert ticked(flow) == [FUSION]
    flow = await choose(hass, flow, SECOND, "NE=73000001")
    assert flow["reason"] == "reconfigure_successful"
    assert entry.data["credentials"]["system_code"] == "Sample-Pw-1"
    assert plants_of(entry, hass) == {SECOND, "NE=73000001"}
    own = {SECOND, "NE=73000001"}
    own |= {str(item) for item in ids(cloud, SECOND) + ids(cloud, "NE=73000001")}
    assert devices_of(entry, hass) == own


async def test_choosing_again_without_a_device(
    hass: HomeAssistant, freezer: Any, open_fusionsolar: OpenFusion
) -> None:
    """A plant whose device is not there has the name that the cloud tells."""
    cloud = await open_fusionsolar(fixture="D")
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION))["result"]
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_remove_device(device.id)
    freezer.tick(360)
    flow = await reconfigure(hass, entry, form(cloud))
    assert choices(flow)[FUSION] == "Sample Roof"
    assert ticked(flow) == [FUSION]


async def test_choosing_again_keeps_what_is_not_listed(
    hass: HomeAssistant, freezer: Any, open_fusionsolar: OpenFusion
) -> None:
    """Reconfigure offers a plant that is away, by its name, and drops it only if told."""
    cloud = await open_fusionsolar(fixture=["D", "B"])
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION, SECOND))["result"]
    cloud.remove(SECOND)
    freezer.tick(360)
    flow = await reconfigure(hass, entry, form(cloud))
    assert choices(flow)[SECOND] == "Sample Beach House"
    assert sorted(ticked(flow)) == sorted([FUSION, SECOND])
    flow = await choose(hass, flow, *ticked(flow))
    assert flow["reason"] == "reconfigure_successful"
    assert entry.data["systems"] == sorted([FUSION, SECOND])


async def test_another_user_of_the_same_plants(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """An API user of one's own takes the place of a shared one, whatever is chosen."""
    cloud = await open_fusionsolar(accounts=[["D"], ["D"], ["B"]])
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION))["result"]
    before = entry.unique_id
    flow = await reconfigure(hass, entry, form(cloud, **cloud.accounts[1].credentials))
    flow = await choose(hass, flow, SECOND)
    assert flow["reason"] == "reconfigure_successful"
    assert entry.unique_id != before
    flow = await reconfigure(hass, entry, form(cloud, **cloud.accounts[2].credentials))
    assert flow["reason"] == "wrong_account"


async def test_account_of_another_entry(
    hass: HomeAssistant, open_fusionsolar: OpenFusion
) -> None:
    """Two entries never come to have one account."""
    cloud = await open_fusionsolar(accounts=[["D"], ["D"]])
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION))["result"]
    other = cloud.accounts[1].credentials
    await add_account(hass, cloud, "fusionsolar", **other)
    flow = await reconfigure(hass, entry, form(cloud, **other))
    assert flow["reason"] == "already_configured"


def ids(cloud: FusionSolarCloud, code: str) -> list[int]:
    """Return the ids of a plant's devices that are shown."""
    devices: tuple[DeviceSpec, ...] = cloud.plant(code).spec.devices
    return [device.device_id for device in devices]


# -- plants that change --------------------------------------------------------


async def test_plant_is_renamed(fusion_house: FusionHouse) -> None:
    """Its new name is taken over with the lists of the next day."""
    house = fusion_house
    registry = dr.async_get(house.hass)
    device = registry.async_get(house.device_id(FUSION))
    assert device is not None
    assert device.name == "Sample Roof"
    house.cloud.rename(FUSION, "Sample Attic")
    await house.pass_time(timedelta(hours=25))
    device = registry.async_get(house.device_id(FUSION))
    assert device is not None
    assert device.name == "Sample Attic"


async def test_plant_is_sold(open_fusion_house: OpenFusionHouse) -> None:
    """After two lists without it its devices are gone, those of the other one stay."""
    house = await open_fusion_house(fixture="D")
    assert plants_of(house.entry, house.hass) == {FUSION, SECOND}
    house.cloud.remove(FUSION)
    await leap(house, timedelta(hours=25))
    assert FUSION_INVERTER in devices_of(house.entry, house.hass)
    await leap(house, timedelta(hours=25))
    assert plants_of(house.entry, house.hass) == {SECOND}
    assert FUSION_INVERTER not in devices_of(house.entry, house.hass)
    assert house.entry.state is ConfigEntryState.LOADED


async def test_inverter_is_added(fusion_house: FusionHouse) -> None:
    """Its entities appear with the lists of the next day, without a reload."""
    house = fusion_house
    loaded = house.entry.runtime_data
    plant = house.cloud.plant(FUSION)
    (old,) = (
        item for item in plant.spec.devices if str(item.device_id) == FUSION_INVERTER
    )
    new = replace(old, number=old.number + 80, serial="TESTINV0080", share=0.0)
    plant.spec = replace(plant.spec, devices=(*plant.spec.devices, new))
    assert str(new.device_id) not in devices_of(house.entry, house.hass)
    await leap(house, timedelta(hours=25))
    await house.pass_time(timedelta(minutes=12))
    assert str(new.device_id) in devices_of(house.entry, house.hass)
    assert float(house.value("sensor", "ac_power", str(new.device_id))) >= 0
    assert house.entry.runtime_data is loaded


# -- options -------------------------------------------------------------------

SIGNS = {
    "sensor_sign": "automatic",
    "sensor_unit": "automatic",
    "battery_sign": "automatic",
    "battery_place": "automatic",
}


async def test_options(fusion_house: FusionHouse) -> None:
    """Each sign and unit of its devices can be chosen, and takes effect at once."""
    house = fusion_house
    options = house.hass.config_entries.options
    flow = await options.async_init(house.entry.entry_id)
    assert flow["data_schema"] is not None
    assert SIGNS.items() <= flow["data_schema"]({}).items()
    # There is neither a grid meter nor an EMMA, nor an ESS.
    assert not [
        key for key in flow["data_schema"]({}) if key.startswith(("meter", "e"))
    ]
    before = float(house.value("sensor", "grid_power", FUSION_METER))
    assert before != 0
    filled = flow["data_schema"]({}) | {"sensor_sign": "import"}
    await options.async_configure(flow["flow_id"], filled)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert float(house.value("sensor", "grid_power", FUSION_METER)) == -before
    flow = await options.async_init(house.entry.entry_id)
    assert flow["data_schema"]({})["sensor_sign"] == "import"


# -- secrets -------------------------------------------------------------------


def private(house: FusionHouse) -> list[str]:
    """Return what nobody else may see."""
    session = house.entry.runtime_data.account.session
    secrets = [*house.cloud.credentials.values(), house.cloud.base_url]
    secrets += [*session.secrets(), *house.cloud.serials]
    for code in house.cloud.serials:
        spec = house.cloud.plant(code).spec
        secrets += [spec.name, f"{spec.house.latitude}", f"{spec.house.longitude}"]
        for device in spec.devices:
            secrets += [str(device.device_id), device.dn, device.serial, device.name]
    secrets.remove("eu5")
    return [*secrets, "1 Example Street"]


async def test_diagnostics_hold_no_secrets(
    hass: HomeAssistant,
    freezer: Any,
    open_fusionsolar: OpenFusion,
) -> None:
    """Raw answers of the wanted plants, without anybody's name; nothing of others."""
    cloud = await open_fusionsolar(fixture=["D", "F"])
    flow = await submit(hass, await start_flow(hass, "fusionsolar"), form(cloud))
    entry = (await choose(hass, flow, FUSION, SECOND))["result"]
    house = House(hass, cloud, entry, freezer, FUSION)
    cloud.raise_alarm(FUSION, 38)
    await house.pass_time(timedelta(hours=1))
    for _ in range(2):
        report = await async_get_config_entry_diagnostics(hass, entry)
        text = json.dumps(report, default=str)
        assert [secret for secret in private(house) if secret in text] == []
        labels = {name.split()[0] for name in report["raw"]}
        assert labels >= {
            "stations",
            "getDevList",
            "getDevRealKpi/38",
            "getDevRealKpi/39",
            "getDevRealKpi/47",
            "getStationRealKpi",
            "getKpiStationDay",
            "getAlarmList",
        }
        # Two plants have inverters, one a battery; the third plant is not wanted.
        assert sum(name.startswith("getDevRealKpi/38") for name in report["raw"]) == 2
        assert sum(name.startswith("getDevRealKpi/39") for name in report["raw"]) == 1
        assert not [name for name in report["raw"] if "/41" in name]
        # After a restart the same is there, though little was asked for.
        await house.reload()

    for device_id in (FUSION, FUSION_INVERTER, FUSION_BATTERY):
        device = dr.async_get(hass).async_get(house.device_id(device_id))
        assert device is not None
        part = await async_get_device_diagnostics(hass, entry, device)
        text = json.dumps(part, default=str)
        assert [secret for secret in private(house) if secret in text] == []
        assert {name.split()[0] for name in part["raw"]} >= {"getDevRealKpi/38"}
        assert len({name.split()[1] for name in part["raw"]}) == 1


async def test_log_holds_no_secrets(
    open_fusion_house: OpenFusionHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong: neither names nor numbers nor keys are logged by us."""
    house = await open_fusion_house(fixture="A")
    caplog.clear()
    for fault in (Fault.STATUS, Fault.HTML, Fault.WRONG_TYPE, Fault.THROTTLE):
        house.cloud.faults.add("*", fault)
        await house.pass_time(timedelta(minutes=40))
        house.cloud.faults.clear()
        await house.pass_time(timedelta(minutes=40))
    house.cloud.grant(FUSION, granted=False)
    await house.pass_time(timedelta(minutes=40))
    house.cloud.set_password("changed")
    await house.pass_time(timedelta(hours=2))
    ours = "\n".join(
        record.getMessage() for record in caplog.records if DOMAIN in record.name
    )
    assert ours
    assert [secret for secret in private(house) if secret in ours] == []
