"""The files beside the code: manifest, HACS, brand, icons, actions.

hassfest checks their form only in CI and knows nothing of their users.
"""

import ast
from enum import StrEnum
import json
from pathlib import Path
import struct
from typing import Final
from unittest.mock import Mock

from awesomeversion import AwesomeVersion
import hass_frontend
import probatio
import pytest

from custom_components.joulekeeper.const import DOMAIN, PLATFORMS
from custom_components.joulekeeper.core.rules import Inexact
from custom_components.joulekeeper.core.schedule import Action
from custom_components.joulekeeper.plan_services import (
    DayType,
    LoadType,
    PlanPart,
    Tariff,
    Weekday,
    WeekPlan,
)
from custom_components.joulekeeper.price_data import Format, Per
from custom_components.joulekeeper.services import async_setup_services
from custom_components.joulekeeper.vendors import PUSH_TARGETS, VENDORS
from homeassistant import components
from homeassistant.core import HomeAssistant
from homeassistant.helpers import service
from homeassistant.loader import async_get_integration

from .brands import SPECS, TARGETS
from .metadata import (
    ICONS,
    MANIFEST,
    PACKAGE,
    ROOT,
    ROWS,
    SERVICES,
    SOURCES,
    Row,
    fields_of,
    leaves,
)

MANIFEST_KEYS: Final = {
    "after_dependencies",
    "codeowners",
    "config_flow",
    "dependencies",
    "documentation",
    "domain",
    "import_executor",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "loggers",
    "name",
    "quality_scale",
    "requirements",
    "version",
}


async def test_manifest(hass: HomeAssistant) -> None:
    """Home Assistant loads it; keys are there, known and in hassfest's order."""
    integration = await async_get_integration(hass, DOMAIN)
    assert not integration.disabled
    assert integration.file_path == PACKAGE
    assert AwesomeVersion(MANIFEST["version"]).valid
    assert integration.integration_type == "hub"
    assert integration.iot_class == "cloud_polling"
    assert integration.config_flow
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert set(keys) <= MANIFEST_KEYS
    assert {"codeowners", "documentation", "issue_tracker", "version"} <= set(keys)
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")


def test_hacs() -> None:
    """HACS finds the archive that the release workflow makes."""
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert set(hacs) == {
        "filename",
        "homeassistant",
        "name",
        "render_readme",
        "zip_release",
    }
    assert hacs["name"] == MANIFEST["name"]
    assert AwesomeVersion(hacs["homeassistant"]) >= "2026.10.0"
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert hacs["filename"] in release


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("name", ["icon", "dark_icon", "logo", "dark_logo"])
def test_brand(name: str, scale: int) -> None:
    """The images exist in the sizes that the brands repository asks for."""
    suffix = "@2x" if scale == 2 else ""
    data = (PACKAGE / "brand" / f"{name}{suffix}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    size = struct.unpack(">II", data[16:24])
    if name.endswith("icon"):
        assert size == (256 * scale, 256 * scale)
    else:
        assert 128 * scale <= min(size) <= 256 * scale


def test_brands_are_named_as_in_the_list() -> None:
    """Their names are known without their code, and say the same."""
    assert {key: spec.name for key, spec in SPECS.items()} == VENDORS
    assert {key: spec.name for key, spec in TARGETS.items()} == PUSH_TARGETS
    for key, spec in (SPECS | TARGETS).items():
        assert spec.key == key


def test_rows_are_found() -> None:
    """Every platform has entities, and keys are unique on each kind of device."""
    assert {row.platform for row in ROWS} == set(PLATFORMS)
    seen: set[tuple[object, ...]] = set()
    for row in ROWS:
        kind = getattr(row.description, "device_kind", None)
        place = (row.vendor, row.platform, kind, row.description.key)
        assert place not in seen
        seen.add(place)
        assert row.key or row.description.device_class, f"{place} has no name"


def _class_icon(row: Row) -> str | None:
    """Return the icon that Home Assistant shows of itself."""
    path = Path(components.__path__[0], row.platform, "icons.json")
    classes = json.loads(path.read_text())["entity_component"]
    device_class = row.description.device_class or "_"
    icon: str | None = classes.get(device_class, {}).get("default")
    return icon


def test_icons_of_entities() -> None:
    """Every entity has an icon, its own or its device class's, and none has both."""
    icons = {
        (platform, key): icon
        for platform, keys in ICONS["entity"].items()
        for key, icon in keys.items()
    }
    rows = [(row.key, row) for row in ROWS if row.key is not None]
    states_of: dict[tuple[str, str], set[str]] = {}
    for key, row in rows:
        states_of.setdefault(key, set()).update(row.states)
    assert icons.keys() <= states_of.keys()
    for key, row in rows:
        icon = icons.get(key)
        assert icon or row.has_own_icon, f"{key} has no icon"
        if icon is not None:
            assert icon["default"] != _class_icon(row), f"{key} repeats its class"
            states = states_of[key] or (
                {"on", "off"} if row.platform in ("binary_sensor", "switch") else set()
            )
            assert set(icon.get("state", ())) <= states, key
            assert icon["default"] not in icon.get("state", {}).values(), key


def test_icons_of_services() -> None:
    """Every action has an icon, and so has every section of its form."""
    assert ICONS.keys() == {"entity", "services"}
    assert ICONS["services"].keys() == SERVICES.keys()
    for name, icon in ICONS["services"].items():
        _, sections = fields_of(SERVICES[name])
        assert set(icon.get("sections", ())) == set(sections), name
        assert icon["service"]


def test_icons_exist() -> None:
    """The frontend knows every icon by its name."""
    known: set[str] = set()
    for path in Path(hass_frontend.where(), "static", "mdi").glob("*.json"):
        names = json.loads(path.read_text())
        known |= set(names) if isinstance(names, dict) else set()
    for keys, icon in leaves(ICONS):
        assert icon.removeprefix("mdi:") in known, keys


def _registered() -> dict[str, probatio.Schema]:
    hass = Mock()
    async_setup_services(hass)
    calls = hass.services.async_register.call_args_list
    assert all(call.args[0] == DOMAIN for call in calls)
    return {call.args[1]: call.args[3] for call in calls}


REGISTERED: Final = _registered()


def test_form_of_services() -> None:
    """Home Assistant accepts the file, and no field has a key that it ignores."""
    service._SERVICES_SCHEMA(SERVICES)
    for action in SERVICES.values():
        assert set(action) == {"fields"}
        for field in fields_of(action)[0].values():
            assert set(field) <= {"default", "example", "required", "selector"}
            assert "selector" in field


def test_actions_are_described() -> None:
    """What is registered is described, in the same order."""
    assert list(SERVICES) == list(REGISTERED)


@pytest.mark.parametrize("name", list(REGISTERED))
def test_fields_of_action(name: str) -> None:
    """Described and accepted fields are the same, required and default included."""
    markers = {marker.schema: marker for marker in REGISTERED[name].schema}
    fields, _ = fields_of(SERVICES[name])
    assert fields.keys() == markers.keys()
    for key, field in fields.items():
        marker = markers[key]
        required = isinstance(marker, probatio.Required)
        assert field.get("required", False) is required, key
        default = None if marker.default is probatio.UNDEFINED else marker.default()
        assert field.get("default", default) == default, key


@pytest.mark.parametrize("name", list(REGISTERED))
def test_examples_of_action(name: str) -> None:
    """Every field but the device has an example, and the action accepts them all."""
    fields, _ = fields_of(SERVICES[name])
    devices = fields.pop("device_id", None)
    call = {key: field["example"] for key, field in fields.items()}
    if devices is not None:
        assert devices["selector"] == {
            "device": {"multiple": True, "filter": [{"integration": DOMAIN}]}
        }
        call["device_id"] = "a-device"
    assert REGISTERED[name](call).keys() == call.keys()


def test_options_of_actions() -> None:
    """A select offers all that there is, in the same order."""
    enums: dict[str, type[StrEnum]] = {
        "action": Action,
        "actions": Action,
        "inexact": Inexact,
        "format": Format,
        "per": Per,
        "plan": WeekPlan,
        "part": PlanPart,
        "load_type": LoadType,
        "week_days": Weekday,
        "day_type": DayType,
        "tariff": Tariff,
    }
    shared = {"actions": "action"}
    for action in SERVICES.values():
        fields, _ = fields_of(action)
        for key, field in fields.items():
            assert ("select" in field["selector"]) is (key in enums)
        for key in enums.keys() & fields.keys():
            select = fields[key]["selector"]["select"]
            assert select["translation_key"] == shared.get(key, key)
            assert select["options"] == [item.value for item in enums[key]]


@pytest.mark.parametrize("platform", [platform.value for platform in PLATFORMS])
def test_platform_keeps_the_rules(platform: str) -> None:
    """Readers update freely, writers one at a time; the entry is our typed one.

    Settings that are written together must not wait for each other.
    """
    tree = SOURCES[f"{platform}.py"]
    together = ("number", "select", "switch", "time")
    writes = platform not in ("binary_sensor", "event", "sensor", "update", *together)
    assert f"PARALLEL_UPDATES = {int(writes)}" in map(ast.unparse, tree.body)
    setup = next(
        node
        for node in tree.body
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "async_setup_entry"
    )
    assert "entry: JoulekeeperConfigEntry" in ast.unparse(setup.args)


def test_units_have_a_device_class() -> None:
    """What is measured in a unit has its device class; shares and ratios have none."""
    for row in ROWS:
        unit = getattr(row.description, "native_unit_of_measurement", None)
        classless = unit in (None, "%") or unit.endswith(
            ("/kWh", "/kWp", "h/m²", "J/m²")
        )
        assert classless or row.description.device_class, row.description.key
