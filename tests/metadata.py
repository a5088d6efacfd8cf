"""The files beside the code, loaded once for the tests that hold them against it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import importlib
import json
from pathlib import Path
from typing import Any, Final

from custom_components.joulekeeper.account_entities import (
    AccountSwitchDescription,
    RefreshDescription,
)
from custom_components.joulekeeper.const import DOMAIN, PLATFORMS
from custom_components.joulekeeper.core.schedule import Action
from custom_components.joulekeeper.entity import ControlDescription
from custom_components.joulekeeper.history_sensors import HistorySensorDescription
from custom_components.joulekeeper.push_entities import (
    PushSensorDescription,
    PushSwitchDescription,
)
from homeassistant.components.event import EventEntityDescription
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.yaml import load_yaml_dict

from .brands import SPECS

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "custom_components" / DOMAIN
MANIFEST: Final[dict[str, Any]] = json.loads((PACKAGE / "manifest.json").read_text())
TEXTS: Final[dict[str, Any]] = json.loads(
    (PACKAGE / "translations" / "en.json").read_text()
)
ICONS: Final[dict[str, Any]] = json.loads((PACKAGE / "icons.json").read_text())
SERVICES: Final[dict[str, Any]] = load_yaml_dict(str(PACKAGE / "services.yaml"))
RULES: Final[dict[str, Any]] = load_yaml_dict(str(PACKAGE / "quality_scale.yaml"))[
    "rules"
]
SOURCES: Final = {
    str(path.relative_to(PACKAGE)): ast.parse(path.read_text())
    for path in sorted(PACKAGE.rglob("*.py"))
}

type Keys = tuple[str, ...]


def leaves(node: Mapping[str, Any], *path: str) -> Iterator[tuple[Keys, str]]:
    """Yield every text of a tree with the keys that lead to it."""
    for key, value in node.items():
        if isinstance(value, str):
            yield (*path, key), value
        else:
            yield from leaves(value, *path, key)


def fields_of(action: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of an action, those of sections too, and the sections."""
    fields: dict[str, Any] = {}
    sections: dict[str, Any] = {}
    for key, value in action["fields"].items():
        if "fields" in value:
            sections[key] = value
            assert not fields.keys() & value["fields"].keys()
            fields |= value["fields"]
        else:
            assert key not in fields
            fields[key] = value
    return fields, sections


@dataclass(frozen=True)
class Row:
    """One entity description with its platform, and the vendor whose it is."""

    platform: str
    description: EntityDescription
    vendor: str = ""

    @property
    def key(self) -> tuple[str, str] | None:
        """What its text and its icon are found by."""
        key = self.description.translation_key
        return None if key is None else (self.platform, key)

    @property
    def placeholders(self) -> frozenset[str]:
        """The gaps that its name may have."""
        return frozenset(self.description.translation_placeholders or ())

    @property
    def states(self) -> frozenset[str]:
        """The states that need a text; those of a select come from the device."""
        if self.key == ("select", "staged_action"):
            return frozenset(action.value for action in Action)
        if isinstance(self.description, EventEntityDescription):
            return frozenset(self.description.event_types or ())
        return frozenset(getattr(self.description, "options", None) or ())

    @property
    def has_own_icon(self) -> bool:
        """Whether the device class brings an icon that says something."""
        return self.description.device_class not in (None, "enum")


OWN_DESCRIPTIONS: Final = (
    AccountSwitchDescription,
    ControlDescription,
    HistorySensorDescription,
    PushSensorDescription,
    PushSwitchDescription,
    RefreshDescription,
)
"""What describes the entities that no vendor's table has."""


def _rows() -> Iterator[Row]:
    for spec in SPECS.values():
        for platform, table in spec.descriptions.items():
            if platform in PLATFORMS:
                yield from (Row(platform, row, spec.key) for row in table)
    for platform in PLATFORMS:
        module = importlib.import_module(f"custom_components.{DOMAIN}.{platform}")
        for value in vars(module).values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, OWN_DESCRIPTIONS):
                    yield Row(platform.value, item)


ROWS: Final = tuple(_rows())
