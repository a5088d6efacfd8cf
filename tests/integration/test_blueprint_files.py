"""Every blueprint is what Home Assistant takes, and is told of as it can be imported."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from homeassistant.components.automation.config import (
    AUTOMATION_BLUEPRINT_SCHEMA,
    PLATFORM_SCHEMA as AUTOMATION_SCHEMA,
)
from homeassistant.components.blueprint.models import Blueprint, BlueprintInputs
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.script.config import SCRIPT_ENTITY_SCHEMA
from homeassistant.core import HomeAssistant
from homeassistant.helpers import selector
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import extract_inputs, load_yaml_dict

from ..documents import DOCUMENTS
from .blueprints import FILES, FOLDER, half_full, install, switch_off
from .conftest import AMBER_GENERAL, OpenAmberHouse, OpenHouse
from .docs_blocks import DEVICE, OTHER_DEVICE, block, blocks, filled

ROOT = FOLDER.parent
URL = "https://github.com/joulekeeper/joulekeeper/blob/main/"
IMPORT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
PAGES = ("blueprints.md", "interoperability.md")


@pytest.fixture(autouse=True)
async def automations(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch all of them off in the end."""
    yield
    await switch_off(hass)


def test_there_is_what_the_issue_asks_for() -> None:
    """Automations and scripts, each in the folder of its domain."""
    assert {path.stem for path in FILES} >= {
        *("cheapest_hours_charge", "spike_export", "negative_price_curtailment"),
        *("follow_emhass", "follow_haeo", "api_usage_notice"),
        *("evcc_normal", "evcc_hold", "evcc_charge"),
    }
    folders = {path.parent.relative_to(FOLDER).as_posix() for path in FILES}
    assert folders == {"automation/joulekeeper", "script/joulekeeper"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_blueprint_is_valid(path: Path) -> None:
    """By Home Assistant's schema; each input is named, used and can be chosen."""
    kind = path.relative_to(FOLDER).parts[0]
    schema = AUTOMATION_BLUEPRINT_SCHEMA if kind == "automation" else BLUEPRINT_SCHEMA
    data = load_yaml_dict(str(path))
    blueprint = Blueprint(data, expected_domain=kind, path=path.name, schema=schema)
    assert blueprint.validate() is None
    assert blueprint.metadata["source_url"] == URL + str(path.relative_to(ROOT))
    assert blueprint.metadata["name"].startswith("Joulekeeper: ")
    assert len(blueprint.metadata["description"]) > 100
    body = {key: value for key, value in data.items() if key != "blueprint"}
    assert extract_inputs(body) == blueprint.inputs.keys()
    for name, item in blueprint.inputs.items():
        assert item["name"], name
        chosen = selector.selector(item["selector"])
        if (default := item.get("default")) not in (None, [], ""):
            chosen(default)
    if "device" in blueprint.inputs:
        filters = blueprint.inputs["device"]["selector"]["device"]["entity"]
        assert filters == [{"integration": "joulekeeper", "domain": ["calendar"]}]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_blueprint_is_valid_once_it_is_filled(path: Path) -> None:
    """With its defaults, and something for what has none, it is a whole automation."""
    kind = path.relative_to(FOLDER).parts[0]
    schema = AUTOMATION_BLUEPRINT_SCHEMA if kind == "automation" else BLUEPRINT_SCHEMA
    data = load_yaml_dict(str(path))
    blueprint = Blueprint(data, expected_domain=kind, path=path.name, schema=schema)
    given = {
        name: DEVICE if "device" in item["selector"] else "sensor.something"
        for name, item in blueprint.inputs.items()
        if "default" not in item
    }
    inputs = BlueprintInputs(
        blueprint, {"use_blueprint": {"path": path.name, "input": given}}
    )
    inputs.validate()
    config = inputs.async_substitute()
    filled_in = (
        AUTOMATION_SCHEMA(config)
        if kind == "automation"
        else (SCRIPT_ENTITY_SCHEMA(config))
    )
    assert filled_in["actions" if kind == "automation" else "sequence"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_blueprint_is_documented(path: Path) -> None:
    """With the link that imports it, and a chapter that the link beside it leads to."""
    page = DOCUMENTS["docs/blueprints.md"].text
    url = URL + str(path.relative_to(ROOT))
    (line,) = (
        line for line in page.splitlines() if IMPORT + quote(url, safe="") in line
    )
    assert f"[file]({url})" in line


def test_every_example_is_known() -> None:
    """What is shown is executed: here, by the test of Predbat, or by that of evcc."""
    found = [key for page in PAGES for item in blocks(page) for key in item]
    assert sorted(found) == [
        *("automation", "automation", "meters", "pred_bat"),
        *("rest_command", "script", "script"),
    ]


async def test_automations_of_the_documentation(
    open_house: OpenHouse, hass: HomeAssistant, tmp_path: Path
) -> None:
    """They name the blueprints and inputs that there are."""
    house = await half_full(open_house)
    await install(hass, tmp_path)
    examples = [
        filled(item, {DEVICE: house.device_id()})
        for shown in blocks("interoperability.md")
        for item in shown.get("automation", [])
    ]
    assert await async_setup_component(hass, "automation", {"automation": examples})
    await hass.async_block_till_done()
    found = {item.name: item.state for item in hass.states.async_all("automation")}
    assert found == {"Follow EMHASS": "on", "Follow HAEO": "on"}
    for example in examples:
        name = example["use_blueprint"]["path"].removeprefix("joulekeeper/")
        data = load_yaml_dict(str(FOLDER / "automation" / "joulekeeper" / name))
        inputs = Blueprint(data, path=name, schema=AUTOMATION_BLUEPRINT_SCHEMA).inputs
        assert example["use_blueprint"]["input"].keys() <= inputs.keys()


async def test_body_for_emhass(
    open_amber_house: OpenAmberHouse, socket_enabled: None
) -> None:
    """The script of the documentation posts prices, and the charge as a share."""
    posted: list[Any] = []

    async def optimise(request: web.Request) -> web.Response:
        posted.append(await request.json())
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/action/naive-mpc-optim", optimise)
    server = TestServer(app)
    await server.start_server()
    house = await open_amber_house(fixture="A")
    commands = block("interoperability.md", "rest_command")
    for command in commands.values():
        path = command["url"].removeprefix("http://localhost:5000")
        command["url"] = str(server.make_url(path))
    scripts = block("interoperability.md", "script", "plan_with_emhass")
    scripts = filled(scripts, {OTHER_DEVICE: house.device_id()})
    hass = house.hass
    assert await async_setup_component(hass, "rest_command", {"rest_command": commands})
    assert await async_setup_component(hass, "script", {"script": scripts})
    hass.states.async_set("sensor.rb600_battery_state_of_charge", "47.5")
    await hass.services.async_call("script", "plan_with_emhass", blocking=True)
    (body,) = posted
    assert (body["soc_init"], body["soc_final"]) == (0.475, 0.3)
    assert body["prediction_horizon"] == len(body["load_cost_forecast"]) > 20
    assert len(body["prod_price_forecast"]) == body["prediction_horizon"]
    shown = float(house.value("sensor", "price", AMBER_GENERAL))
    assert body["load_cost_forecast"][0] == pytest.approx(shown, abs=0.1)
    await server.close()
