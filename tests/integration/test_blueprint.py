"""The blueprint that keeps a notification on the phone while an account is paused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
import shutil
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from .conftest import House, OpenHouse
from .pausable import vendor
from .test_pause import API, systems

FILE = Path(__file__).parents[2] / (
    "blueprints/automation/joulekeeper/api_usage_notice.yaml"
)


@dataclass
class Phone:
    """A phone with Home Assistant's app, and what it was told."""

    house: House
    device_id: str
    told: list[dict[str, Any]] = field(default_factory=list)

    async def press(self, action: str) -> None:
        """Press a button of a notification."""
        self.house.hass.bus.async_fire(
            "mobile_app_notification_action", {"action": action}
        )
        await self.house.hass.async_block_till_done(wait_background_tasks=True)

    async def turn(self, word: str) -> None:
        """Use the switch in Home Assistant."""
        await self.house.call("switch", f"turn_{word}", API, systems(self.house)[0])
        await self.house.hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
async def phone(
    open_house: OpenHouse, hass_admin_user: MockUser, tmp_path: Path
) -> AsyncIterator[Phone]:
    """Return a phone for which nothing is automated yet."""
    told: list[dict[str, Any]] = []

    async def push(request: web.Request) -> web.Response:
        told.append(await request.json())
        return web.json_response({"rateLimits": {}}, status=201)

    app = web.Application()
    app.router.add_post("/push", push)
    server = TestServer(app)
    await server.start_server()
    with vendor("redback", pausable=True):
        house = await open_house(fixture="A")
        entry = MockConfigEntry(
            domain="mobile_app",
            data={
                "app_data": {
                    "push_token": "a-token",
                    "push_url": str(server.make_url("/push")),
                },
                "app_id": "app",
                "app_name": "App",
                "app_version": "1",
                "device_id": "phone",
                "device_name": "Phone",
                "manufacturer": "Maker",
                "model": "Model",
                "os_name": "Android",
                "os_version": "16",
                "supports_encryption": False,
                "user_id": hass_admin_user.id,
                "webhook_id": "a-webhook",
            },
        )
        entry.add_to_hass(house.hass)
        assert await async_setup_component(house.hass, "mobile_app", {})
        await house.hass.async_block_till_done()
        (device,) = dr.async_entries_for_config_entry(
            dr.async_get(house.hass), entry.entry_id
        )
        # Home Assistant's own loader reads it where an import puts it.
        house.hass.config.config_dir = str(tmp_path)
        folder = tmp_path / "blueprints" / "automation" / "joulekeeper"
        folder.mkdir(parents=True)
        shutil.copy(FILE, folder)
        yield Phone(house, device.id, told)
    await server.close()


async def automate(phone: Phone, **inputs: str) -> None:
    """Make an automation from the blueprint, as its dialog does."""
    switch = phone.house.entity_id("switch", API, systems(phone.house)[0])
    wanted = {"api_switch": switch, "notify_device": phone.device_id}
    blueprint = {"path": f"joulekeeper/{FILE.name}", "input": wanted | inputs}
    assert await async_setup_component(
        phone.house.hass,
        "automation",
        {"automation": [{"id": "notice", "use_blueprint": blueprint}]},
    )
    await phone.house.hass.async_block_till_done()
    (automation,) = phone.house.hass.states.async_all("automation")
    assert automation.state == "on"


async def test_home_assistant_takes_it(phone: Phone) -> None:
    """It loads, is for this version, and its entity is a switch of ours."""
    blueprints = await async_get_blueprints(phone.house.hass).async_get_blueprints()
    blueprint = blueprints[f"joulekeeper/{FILE.name}"]
    assert not isinstance(blueprint, Exception | None), blueprint
    assert blueprint.validate() is None
    assert blueprint.inputs.keys() >= {"api_switch", "notify_device"}
    source = blueprint.metadata["source_url"]
    assert source.endswith(str(FILE.relative_to(FILE.parents[3])))


async def test_notice_as_long_as_it_is_off(phone: Phone) -> None:
    """It stays until the switch is on again, by the app's button or otherwise."""
    await automate(phone)
    await phone.turn("off")
    (notice,) = phone.told
    data = notice["data"]
    assert notice["title"] == "API usage is off"
    assert (data["sticky"], data["priority"], data["ttl"]) == ("true", "high", 0)
    assert [item["action"] for item in data["actions"]] == ["URI", "ACTIVATE"]
    assert data["actions"][0]["uri"] == "app://com.anker.charging"
    assert phone.house.entry.runtime_data.account.pause.on

    await phone.press("SOMETHING_ELSE")
    assert len(phone.told) == 1
    await phone.press("ACTIVATE")
    assert not phone.house.entry.runtime_data.account.pause.on
    assert phone.told[1]["message"] == "clear_notification"
    assert phone.told[1]["data"]["tag"] == data["tag"]

    await phone.turn("off")
    await phone.turn("on")
    assert [item["message"] for item in phone.told[2:]] == [
        notice["message"],
        "clear_notification",
    ]


async def test_iphone_without_link_and_another_action(phone: Phone) -> None:
    """The link may be left out, and a second account has an action of its own."""
    await automate(phone, app_link="", action="SECOND", tag="other")
    await phone.turn("off")
    (notice,) = phone.told
    (button,) = notice["data"]["actions"]
    assert (button["action"], button["activationMode"]) == ("SECOND", "background")
    assert notice["data"]["push"] == {"interruption-level": "time-sensitive"}
    await phone.press("ACTIVATE")
    assert phone.house.entry.runtime_data.account.pause.on
    await phone.press("SECOND")
    assert not phone.house.entry.runtime_data.account.pause.on
