"""The rules of the house: who may import whom, what lives where, and what nobody does.

They are read from the syntax trees, so nothing of the integration has to run for them.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
import re
import sys
from typing import Final

import pytest

from custom_components.joulekeeper import vendors
from custom_components.joulekeeper.const import DOMAIN, PLATFORMS as CONFIGURED

PACKAGE: Final = Path(__file__).parents[1] / "custom_components" / DOMAIN
VENDORS: Final = sorted(
    path.parent.name for path in PACKAGE.glob("vendors/*/__init__.py")
)
PLATFORMS: Final = tuple(platform.value for platform in CONFIGURED)

MAX_LINES: Final = 500
MAX_PLATFORM_LINES: Final = 150
"""Without the imports."""

REACHES_VENDORS: Final = {
    "": {"vendors", "vendors.extras"},
    "access": {"vendors.base", "vendors.extras"},
    "account": {"vendors.base", "vendors.extras"},
    "account_forms": {"vendors.base"},
    "binding_services": {"vendors.extras"},
    "brands": {"vendors", "vendors.base", "vendors.targets"},
    "connection": {"vendors.base"},
    "config_flow": {"vendors", "vendors.base", "vendors.extras"},
    "control": {"vendors.base"},
    "coordinator": {"vendors.base"},
    "descriptions": {"vendors.base"},
    "history_import": {"vendors.base"},
    "price_services": {"vendors.extras"},
    "price_targets": {"vendors.extras"},
    "push": {"vendors.base", "vendors.targets"},
    "push_flow": {"vendors.base", "vendors.targets"},
    "push_sources": {"vendors.base"},
    "removal": {"vendors.base"},
    "setting_changes": {"vendors.base"},
    "settle": {"vendors.base"},
    "settle_items": {"vendors.base"},
    "settle_plan": {"vendors.base"},
    "system_health": {"vendors.base"},
    "writes": {"vendors.base"},
}
"""Who may know that there are vendors; all others see them through the runtime data."""
PLATFORM_IMPORTS: Final = {
    "account_entities",
    "calendar_events",
    "calendar_wishes",
    "const",
    "control",
    "core",
    "descriptions",
    "entity",
    "history_sensors",
    "journal",
    "keeper",
    "keeper_sensors",
    "plan_buttons",
    "plan_data",
    "plan_sensors",
    "push",
    "push_entities",
    "rule_edits",
    "runtime",
    "staging",
    "staging_numbers",
}
VENDOR_IMPORTS: Final = {
    "core",
    "vendors.base",
    "vendors.http",
    "vendors.parsing",
    "vendors.targets",
}
TABLE_IMPORTS: Final = {"homeassistant.const", "homeassistant.helpers.typing"}
"""What a vendor's tables may use of Home Assistant, besides the platforms' classes."""

FORBIDDEN_MODULES: Final = {
    "__future__",
    "async_timeout",
    "custom_components",
    "importlib",
    "pytz",
    "requests",
    "urllib.request",
    "voluptuous",
}
FORBIDDEN_CALLS: Final = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.sleep",
}
FORBIDDEN_ATTRIBUTES: Final = {"_attr_icon", "_attr_name", "entity_id"}
"""Names and icons come from the translation key, entity ids from Home Assistant."""
SHARED_DATA: Final = re.compile(r"(self\.)?_?hass\.data(\[|\.\w+\()DOMAIN\b")
"""What belongs to an entry is in its runtime data; a typed key of its own may be used."""
LOG_METHODS: Final = {"critical", "debug", "error", "exception", "info", "warning"}


@dataclass(frozen=True)
class Module:
    """A module of the integration; its name has dots, and the package itself none."""

    path: Path

    @cached_property
    def name(self) -> str:
        """Path inside the integration, with dots."""
        parts = self.path.relative_to(PACKAGE).with_suffix("").parts
        return ".".join(part for part in parts if part != "__init__")

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.path.read_text())

    @cached_property
    def imports(self) -> frozenset[tuple[str, str]]:
        """Every imported module with each imported name, ours beginning with a dot."""
        found: set[tuple[str, str]] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {(alias.name, "") for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                source = self._absolute(node)
                for alias in node.names:
                    inner = f"{source.rstrip('.')}.{alias.name}"
                    is_module = source.startswith(".") and _exists(inner)
                    found.add((inner, "") if is_module else (source, alias.name))
        return frozenset(found)

    @property
    def inside(self) -> set[str]:
        """Names of the modules of the integration that are imported."""
        return {name[1:] for name, _ in self.imports if name.startswith(".")}

    @property
    def outside(self) -> set[str]:
        """Names of all other modules that are imported."""
        return {name for name, _ in self.imports if not name.startswith(".")}

    def _absolute(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        is_package = self.path.name == "__init__.py"
        parts = [part for part in self.name.split(".") if part]
        up = node.level - 1 if is_package else node.level
        base = parts[: len(parts) - up]
        return "." + ".".join([*base, *([node.module] if node.module else [])])


def _exists(name: str) -> bool:
    path = PACKAGE.joinpath(*name[1:].split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


MODULES: Final = {
    module.name: module for module in map(Module, sorted(PACKAGE.rglob("*.py")))
}


def _within(name: str, parents: set[str]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def _part(name: str) -> dict[str, Module]:
    return {key: item for key, item in MODULES.items() if _within(key, {name})}


def _not_standard(names: set[str]) -> set[str]:
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}


def _where(check: Callable[[Module], Iterator[ast.AST]]) -> list[str]:
    """Return every place that a check complains about."""
    return [
        f"{module.name or '__init__'}:{getattr(node, 'lineno', 0)}"
        for module in MODULES.values()
        for node in check(module)
    ]


def test_the_house_is_seen() -> None:
    """Without this the tests below could pass by looking at nothing."""
    assert {"core.schedule", "keeper", "vendors.base", "sensor"} <= MODULES.keys()
    assert "redback" in VENDORS
    assert list(PLATFORMS) == sorted(PLATFORMS)
    assert set(PLATFORMS) <= MODULES.keys()
    assert "core.schedule" in MODULES["keeper"].inside
    assert "vendors.base" in MODULES["vendors.redback.session"].inside


def test_core_knows_only_the_standard_library() -> None:
    """The core can be tested and read without Home Assistant or any cloud.

    Only the rules of recurrence are left to those who know them.
    """
    for name, module in _part("core").items():
        allowed = {"dateutil.rrule"} if name == "core.recurrence" else set()
        assert _not_standard(module.outside) <= allowed, name
        assert all(_within(other, {"core"}) for other in module.inside), name


def test_shared_parts_of_vendors_know_no_home_assistant() -> None:
    """They build on the core and on aiohttp, and know no brand."""
    shared = {
        name: module
        for name, module in _part("vendors").items()
        if name.count(".") == 1 and name.split(".")[1] not in VENDORS
    }
    assert {"vendors.base", "vendors.http"} <= shared.keys()
    for name, module in shared.items():
        assert _not_standard(module.outside) <= {"aiohttp"}, name
        assert all(_within(other, VENDOR_IMPORTS) for other in module.inside), name


@pytest.mark.parametrize("vendor", VENDORS)
def test_vendor_stands_alone(vendor: str) -> None:
    """A vendor speaks HTTP; Home Assistant and its entities are in its tables only."""
    home = f"vendors.{vendor}"
    for name, module in _part(home).items():
        allowed, outside = VENDOR_IMPORTS | {home}, _not_standard(module.outside)
        if _within(name, {f"{home}.descriptions"}):
            allowed |= {"descriptions"}
            outside = {item for item in outside if not _is_table_import(item)}
        elif name != home:
            assert f"{home}.descriptions" not in module.inside, name
        known = {"aiohttp", "bs4", "cryptography"}
        outside = {item for item in outside if item.partition(".")[0] not in known}
        assert not outside, name
        assert all(_within(other, allowed) for other in module.inside), name


def _is_table_import(name: str) -> bool:
    parts = name.split(".")
    is_platform = parts[:2] == ["homeassistant", "components"] and (
        parts[2] in PLATFORMS and parts[3:] in ([], ["const"])
    )
    return is_platform or name in TABLE_IMPORTS


def test_tables_hold_no_entities() -> None:
    """A table describes entities; what they do is written once, in the platforms."""
    tables = [
        module
        for vendor in VENDORS
        for module in _part(f"vendors.{vendor}.descriptions").values()
    ]
    assert tables
    for module in tables:
        assert not [name for _, name in module.imports if name.endswith("Entity")]
        assert not any(isinstance(node, ast.ClassDef) for node in module.tree.body)


def test_only_the_registry_names_vendors() -> None:
    """A sixth vendor is one folder and one line in the registry."""
    assert {*vendors.VENDORS, *vendors.PUSH_TARGETS} == set(VENDORS)
    for name, module in MODULES.items():
        if name == "vendors":
            continue
        text = module.path.read_text().casefold()
        for vendor in VENDORS:
            if not _within(name, {f"vendors.{vendor}"}):
                assert vendor not in text, f"{name} names {vendor}"


def test_what_a_home_has_not_is_not_loaded() -> None:
    """The code of a brand takes megabytes; its folder is imported by its key alone."""
    for vendor in VENDORS:
        home = f"vendors.{vendor}"
        users = {name for name, item in MODULES.items() if home in item.inside}
        assert all(_within(name, {home}) for name in users), vendor


def test_vendors_are_reached_through_the_runtime_data() -> None:
    """Whoever is not named above imports nothing of a vendor."""
    for name, module in MODULES.items():
        if not _within(name, {"vendors"}):
            reached = {item for item in module.inside if _within(item, {"vendors"})}
            assert reached <= REACHES_VENDORS.get(name, set()), name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platform_is_a_leaf(platform: str) -> None:
    """A platform imports the shared parts; nobody imports a platform."""
    inside = MODULES[platform].inside
    assert all(_within(name, PLATFORM_IMPORTS) for name in inside), inside
    assert not [name for name, item in MODULES.items() if platform in item.inside]


def test_entities_live_in_their_platform() -> None:
    """An entity class is in the module of its platform; shared ones have their own."""
    for name, module in MODULES.items():
        sources = {alias: source for source, alias in module.imports}
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ClassDef):
                continue
            bases = [ast.unparse(base) for base in node.bases]
            if any(base.endswith("Entity") for base in bases):
                shared = ("entity", "push_entities")
                assert name in (*PLATFORMS, *shared), f"{name}: {node.name}"
            for base in bases:
                source = sources.get(base, "")
                if source.startswith("homeassistant.components.") and not (
                    base.endswith(("Description", "CalendarEvent"))
                ):
                    assert source.split(".")[2] == name, f"{name}: {node.name}"


def test_files_stay_small() -> None:
    """A file is read in one sitting, a platform at a glance."""
    for name, module in MODULES.items():
        lines = len(module.path.read_text().splitlines())
        assert lines <= MAX_LINES, name
        if name in PLATFORMS:
            imports = [
                node
                for node in module.tree.body
                if isinstance(node, ast.Import | ast.ImportFrom)
            ]
            lines -= max(node.end_lineno or 0 for node in imports)
            assert lines <= MAX_PLATFORM_LINES, f"{name}: {lines}"


def test_no_forbidden_import() -> None:
    """What is old, blocking, or would find the integration under another name."""
    for name, module in MODULES.items():
        found = {item for item in module.outside if _within(item, FORBIDDEN_MODULES)}
        assert not found, name


def test_no_forbidden_name() -> None:
    """The time comes from a clock, the data of an entry from the entry."""

    def check(module: Module) -> Iterator[ast.AST]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call | ast.Subscript):
                if SHARED_DATA.match(ast.unparse(node)):
                    yield node
            elif isinstance(node, ast.Attribute):
                text = ast.unparse(node)
                stored = isinstance(node.ctx, ast.Store)
                if ".".join(text.split(".")[-2:]) in FORBIDDEN_CALLS or (
                    stored and node.attr in FORBIDDEN_ATTRIBUTES
                ):
                    yield node

    assert _where(check) == []


def test_log_messages() -> None:
    """Constant texts with their values apart, a capital first, no full stop."""

    def check(module: Module) -> Iterator[ast.AST]:
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=logger), attr=method),
                    args=[message, *_],
                ) if "LOGGER" in logger.upper() and method in LOG_METHODS:
                    text = message.value if isinstance(message, ast.Constant) else ""
                    if not (
                        isinstance(text, str)
                        and text[:1].isupper()
                        and not text.endswith(".")
                    ):
                        yield node

    assert _where(check) == []


def test_callbacks_do_not_await() -> None:
    """`@callback` promises a plain function."""

    def check(module: Module) -> Iterator[ast.AST]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef):
                names = {ast.unparse(item) for item in node.decorator_list}
                if "callback" in names:
                    yield node

    assert _where(check) == []


def test_steps_are_named_after_their_methods() -> None:
    """A form comes back to the method that showed it."""

    def check(module: Module) -> Iterator[ast.AST]:
        for method in ast.walk(module.tree):
            if isinstance(method, ast.AsyncFunctionDef):
                for node in ast.walk(method):
                    if (
                        isinstance(node, ast.keyword)
                        and node.arg == "step_id"
                        and f"async_step_{ast.literal_eval(node.value)}" != method.name
                    ):
                        yield node

    assert _where(check) == []
