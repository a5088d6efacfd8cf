"""The integration quality scale: each rule is kept, and what proves it is there.

hassfest leaves the file of a custom integration alone, and most rules have no checker of
their own anywhere. What can be seen in the code is looked at here.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, packages_distributions, requires
import re
import sys
import tomllib
from typing import Any, Final

import pytest

from custom_components.joulekeeper.const import PLATFORMS
from homeassistant.const import EntityCategory

from .documents import DOCUMENTS
from .metadata import MANIFEST, PACKAGE, ROOT, ROWS, RULES, SOURCES, TEXTS
from .quality_evidence import BRONZE, EVIDENCE, GOLD, PLATINUM, SILVER

EXEMPT: Final = {
    "discovery": 21,
    "discovery-update-info": 21,
    "docs-conditions": 20,
    "docs-triggers": 20,
}
"""Rules that do not apply, with the number of rules that their tier has."""
ORDER: Final = {"bronze": 20, "silver": 10, "gold": 21, "platinum": 3}
ENTITY_MODULES: Final = (
    *(f"{platform}.py" for platform in PLATFORMS),
    "entity.py",
    "push_entities.py",
)
BLOCKING: Final = {"open", "read_text", "write_text", "read_bytes", "write_bytes"}
BLOCKING_TOO: Final = {"ZipFile", "mkdir", "unlink", "urlopen", "sleep"}
IMPERATIVES: Final = re.compile(
    r"(?:^|[.:;,\n] ?|\b(?:and|then|or|else|first|meanwhile) )"
    r"(?:add|ask|bind|call|change|check|choose|correct|create|delete|end|free|give|log in|"
    r"look|make|open|reconfigure|reload|see|select|set|submit|try|use|wait)\b",
    re.IGNORECASE,
)


# -- the claims, and what proves them --------------------------------------------


def test_all_rules_are_claimed() -> None:
    """All 54, in the order of the tiers; what is left out has a reason."""
    assert len(RULES) == sum(ORDER.values()) == 54
    rules = iter(RULES)
    for size, table in zip(
        ORDER.values(), (BRONZE, SILVER, GOLD, PLATINUM), strict=True
    ):
        tier = {next(rules) for _ in range(size)}
        assert tier - EXEMPT.keys() == table.keys()
        assert {size for rule, size in EXEMPT.items() if rule in tier} <= {size}
    for rule, status in RULES.items():
        if isinstance(status, dict):
            assert set(status) == {"status", "comment"}, rule
            assert len(status["comment"]) > 20, rule
            status = status["status"]
        assert status == ("exempt" if rule in EXEMPT else "done"), rule
        assert isinstance(RULES[rule], dict) or rule not in EXEMPT, rule
        assert rule in EXEMPT or EVIDENCE[rule], rule
    assert MANIFEST["quality_scale"] == "platinum"


@cache
def _tests_of(path: str) -> dict[str, list[str]]:
    """Return the tests of a file with their decorators, and the marks of all."""
    file = ROOT / path
    if not file.is_file():
        return {}
    body = ast.parse(file.read_text()).body
    of_all = [
        ast.unparse(node.value)
        for node in body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    return {
        node.name: of_all + [ast.unparse(item) for item in node.decorator_list]
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def _is_there(proof: str) -> bool:
    if "::" in proof:
        path, name = proof.split("::")
        decorators = _tests_of(path).get(name)
        return decorators is not None and not re.search(
            r"\bskip(?!if)|\bxfail", " ".join(decorators)
        )
    path, anchor = proof.split("#")
    return path in DOCUMENTS and anchor in DOCUMENTS[path].anchors


@pytest.mark.parametrize("rule", sorted(EVIDENCE))
def test_proofs_are_there(rule: str) -> None:
    """Named tests run, and named chapters are written; code is proved by tests."""
    proofs = EVIDENCE[rule]
    assert [proof for proof in proofs if not _is_there(proof)] == []
    assert len(set(proofs)) == len(proofs)
    if rule.startswith("docs-"):
        assert any("#" in proof for proof in proofs)
    else:
        assert any("::" in proof for proof in proofs)


def test_a_proof_can_be_missing() -> None:
    """A test or a chapter that is not there would be seen."""
    assert _is_there("tests/test_metadata.py::test_manifest")
    assert not _is_there("tests/test_metadata.py::test_what_is_not_there")
    assert not _is_there("tests/test_what_is_not_there.py::test_manifest")
    assert _is_there("README.md#installation")
    assert not _is_there("README.md#what-is-not-there")


def test_exempt_rules_do_not_apply() -> None:
    """Nothing is discovered, and there are no triggers or conditions."""
    discovery = {"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"}
    assert not discovery & MANIFEST.keys()
    assert not list(PACKAGE.glob("trigger*")) + list(PACKAGE.glob("condition*"))


# -- what can be seen in the code --------------------------------------------------


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _called(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with the last part of the name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).split(".")[-1], node


def _classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for name, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                yield name, node


def test_actions_are_registered_at_the_start() -> None:
    """By `async_setup` alone, so that automations validate while an entry is down."""
    callers: dict[str, set[str]] = {}
    registering = set()
    for tree in SOURCES.values():
        for function in tree.body:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for name, call in _called(function):
                callers.setdefault(name, set()).add(function.name)
                if ast.unparse(call.func).endswith("services.async_register"):
                    registering.add(function.name)
    assert len(registering) > 5
    seen: set[str] = set()
    while registering:
        seen |= registering
        registering = {
            caller for name in registering for caller in callers.get(name, ())
        } - seen
    assert "async_setup_entry" not in seen
    assert callers["async_setup_services"] == {"async_setup"}
    roots = {name for name in seen if not callers.get(name)}
    assert roots == {"async_setup"}


def test_shared_classes_have_their_modules() -> None:
    """Coordinators are in one module, base entities in another."""
    for module, node in _classes():
        bases = [ast.unparse(base).split("[")[0] for base in node.bases]
        if "DataUpdateCoordinator" in bases:
            assert module == "coordinator.py", node.name
        if "Entity" in bases:
            assert module in ("entity.py", "push_entities.py"), node.name


def test_entities_have_names_of_their_own() -> None:
    """Home Assistant puts the name of the device before them."""
    seen = 0
    for _, node in _classes():
        body = [ast.unparse(item) for item in node.body]
        named = "_attr_has_entity_name = True" in body
        assert "_attr_has_entity_name = False" not in body, node.name
        if "Entity" in [ast.unparse(base) for base in node.bases]:
            assert named, node.name
            seen += 1
    assert seen >= 2


def test_subscriptions_end_with_their_entity() -> None:
    """Whoever listens stops when it is removed, or when its entry is unloaded."""
    ends = {"async_on_remove", "async_on_unload"}
    begins = {"async_add_listener", "subscribe", "async_on_device", "async_on_pause"}
    seen = 0
    for module in ENTITY_MODULES:
        ended = {
            argument
            for name, call in _called(SOURCES[module])
            if name in ends
            for argument in call.args
        }
        for name, call in _called(SOURCES[module]):
            if name in begins or name.startswith("async_track_"):
                assert call in ended, f"{module}:{call.lineno}"
                seen += 1
    assert seen > 5


def test_entries_are_typed() -> None:
    """What an entry brings along is in its runtime data, under our own type."""
    tree = SOURCES["__init__.py"]
    setup = next(item for item in _functions(tree) if item.name == "async_setup_entry")
    assert "entry.runtime_data = " in ast.unparse(setup)
    for module in ("__init__.py", "diagnostics.py", *ENTITY_MODULES[:-2]):
        for function in _functions(SOURCES[module]):
            public = function.name.startswith("async_")
            for argument in function.args.args:
                if argument.arg == "entry" and public:
                    assert argument.annotation is not None
                    kind = ast.unparse(argument.annotation)
                    assert kind == "JoulekeeperConfigEntry", function.name


def test_types_are_strict() -> None:
    """For the whole package, in every run of the tests, and without exceptions."""
    assert (PACKAGE / "py.typed").is_file()
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert tool["strict"] is True
    assert tool["files"] == [str(PACKAGE.relative_to(ROOT))]
    assert "overrides" not in tool
    assert "ignore-without-code" in tool["enable_error_code"]
    assert re.search(r"^stage .* mypy$", _script("test"), re.MULTILINE)


def test_coverage_is_demanded() -> None:
    """Of everything, in every whole run of the tests, which is what CI runs."""
    run = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]
    assert run["run"] == {
        "source": ["custom_components.joulekeeper"],
        "branch": True,
    }
    assert "omit" not in run["report"]
    script = _script("test")
    assert re.search(r"--cov-fail-under=(9[5-9]|100)\b", script)
    assert '--include="$flows" --fail-under=100' in script
    listed = re.search(r"^flows='(.*)'$", script, re.MULTILINE)
    assert listed is not None
    reached, new = {"config_flow.py"}, ["config_flow.py"]
    while new:
        for name in _imported(SOURCES[new.pop()]):
            if re.search(r"_(flow|forms|choice)\.py$", name) and name not in reached:
                reached.add(name)
                new.append(name)
    assert len(reached) > 3
    assert {item.removeprefix("*/") for item in listed[1].split(",")} == reached
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text()
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert "- run: .ci/run" in workflow


def _imported(tree: ast.Module) -> set[str]:
    """Return the modules beside it that one imports."""
    return {
        f"{node.module}.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
    }


def _script(name: str) -> str:
    return (ROOT / "scripts" / name).read_text()


def test_sessions_come_from_home_assistant() -> None:
    """Nobody but Home Assistant makes sessions; clients are handed theirs."""
    makers = {"async_get_clientsession", "async_create_clientsession"}
    found = set()
    for module, tree in SOURCES.items():
        for name, call in _called(tree):
            assert name != "ClientSession", f"{module}:{call.lineno}"
            if name in makers:
                found.add(module)
    assert "connection.py" in found
    assert not [module for module in found if module.startswith("vendors/")]


def test_nothing_blocks() -> None:
    """Files are touched in plain functions only, for an executor to run."""
    for module, tree in SOURCES.items():
        for function in _functions(tree):
            names = {ast.unparse(item) for item in function.decorator_list}
            if isinstance(function, ast.AsyncFunctionDef) or "callback" in names:
                inner = {
                    node
                    for item in _functions(function)
                    if item is not function
                    for node in ast.walk(item)
                }
                for name, call in _called(function):
                    awaited = ast.unparse(call.func).startswith("asyncio.")
                    assert (
                        name not in BLOCKING | BLOCKING_TOO or call in inner or awaited
                    ), f"{module}:{call.lineno}"


def test_requirements_are_open() -> None:
    """What is imported comes with Home Assistant, or is required and is open source."""
    wanted = {_plain(item) for item in MANIFEST["requirements"]}
    brought = {_plain(item) for item in requires("homeassistant") or ()}
    known = packages_distributions()
    for module, tree in SOURCES.items():
        for node in ast.walk(tree):
            roots = []
            if isinstance(node, ast.Import):
                roots = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                roots = [(node.module or "").split(".")[0]]
            for root in roots:
                if root not in {*sys.stdlib_module_names, "homeassistant"}:
                    names = {_plain(item) for item in known[root]}
                    assert names & (wanted | brought), f"{module}: {root}"
    for name in wanted:
        about = distribution(name).metadata
        licence = " ".join(
            [
                about.get("License-Expression") or about.get("License") or "",
                *(about.get_all("Classifier") or ()),
            ]
        )
        assert re.search(r"\b(MIT|BSD|Apache)\b", licence), name


def _plain(requirement: str) -> str:
    """Return the name of a distribution without its version, in one spelling."""
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_categories() -> None:
    """Settings are configuration, and facts in words are diagnostics."""
    settings = {"number", "select", "switch", "time", "datetime"}
    kept = 0
    for row in ROWS:
        description: Any = row.description
        category = description.entity_category
        if row.vendor and row.platform in settings:
            # To charge a car is what its charger is there for.
            wanted = None if description.key == "charging" else EntityCategory.CONFIG
            assert category is wanted, description.key
            kept += 1
        elif row.vendor and row.platform == "sensor":
            assert category is not EntityCategory.CONFIG, description.key
            in_words = not (
                description.native_unit_of_measurement
                or description.state_class
                or description.device_class
            )
            if in_words:
                assert category is EntityCategory.DIAGNOSTIC, description.key
                kept += 1
    assert kept > 100


def test_repairs_say_what_to_do() -> None:
    """Each one has a text with something that its reader can do."""
    for key, issue in TEXTS["issues"].items():
        texts = [issue.get("description", "")]
        steps = issue.get("fix_flow", {}).get("step", {}).values()
        texts += [step["description"] for step in steps]
        assert IMPERATIVES.search(" ".join(texts)), key
    created = [
        call
        for tree in SOURCES.values()
        for name, call in _called(tree)
        if name == "async_create_issue"
    ]
    assert len(created) > 5
    for call in created:
        given = {item.arg for item in call.keywords}
        assert {"is_fixable", "severity", "translation_key"} <= given
