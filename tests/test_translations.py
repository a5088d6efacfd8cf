"""Every text has a user and every user finds its text, with the same gaps.

hassfest checks only the form of the texts. Here they are held against the tables of
entities, the forms of the flows, the actions, and the exceptions in the syntax trees.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
import re
from string import Formatter
from typing import Final

from custom_components.joulekeeper.access import HINTS, OBSTACLES
from custom_components.joulekeeper.account_forms import (
    CONF_ACCEPT_TERMS,
    SECTION_ADVANCED,
)
from custom_components.joulekeeper.const import (
    CONF_DELETE_ON_REMOVAL,
    CONF_MAX_FORCE_HOURS,
    CONF_SYSTEMS,
    CONF_VENDOR,
)
from custom_components.joulekeeper.core.history import VOCABULARY
from custom_components.joulekeeper.core.models import DeviceKind
from custom_components.joulekeeper.plan_issues import FORCED
from custom_components.joulekeeper.push import OPTIONS as PUSH_OPTIONS
from custom_components.joulekeeper.push_feed import Trouble
from custom_components.joulekeeper.push_forms import ROLES
from custom_components.joulekeeper.push_sources import CONF_SITE
from custom_components.joulekeeper.vendors.base import CONF_BASE_URL
from homeassistant.const import Platform

from .brands import SPECS, TARGETS
from .metadata import ROWS, SERVICES, SOURCES, TEXTS, Keys, fields_of, leaves


@dataclass(frozen=True)
class Given:
    """What may fill the gaps of a text; `all_used` when none may be left out."""

    placeholders: frozenset[str] = frozenset()
    all_used: bool = True


type Wanted = dict[Keys, Given]

FORM_ERRORS: Final = {"cannot_connect", "invalid_auth", "rate_limited", "unknown"}
"""Of errors that have no obstacle."""


def _plain(*paths: Keys) -> Wanted:
    return dict.fromkeys(paths, Given())


def _form(step: Keys, *fields: str) -> Wanted:
    wanted: Wanted = {}
    for field in fields:
        wanted |= _plain((*step, "data", field), (*step, "data_description", field))
    return wanted


def _wanted_of_config() -> Wanted:
    step = ("config", "step", "user")
    wanted = _form(step, CONF_VENDOR) | _plain((*step, "title"), (*step, "description"))
    step = ("config", "step", "credentials")
    about = Given(frozenset({"vendor"}))
    wanted[*step, "title"] = wanted[*step, "description"] = about
    wanted |= _plain((*step, "data", CONF_ACCEPT_TERMS))
    terms = Given(frozenset({"vendor", "terms_url"}))
    wanted[*step, "data_description", CONF_ACCEPT_TERMS] = terms
    fields: set[tuple[str | None, str]] = {(SECTION_ADVANCED, CONF_BASE_URL)}
    for spec in SPECS.values():
        fields |= {(item.section, item.key) for item in spec.fields}
    for section, field in fields:
        inside = (*step, "sections", section) if section else step
        wanted |= _form(inside, field)
        if section:
            wanted |= _plain((*inside, "name"), (*inside, "description"))
    for spec in SPECS.values():
        for item in spec.fields:
            wanted |= _plain(
                *(("selector", item.key, "options", one) for one in item.choices)
            )
    step = ("config", "step", "systems")
    wanted |= _form(step, CONF_SYSTEMS) | _plain((*step, "title"))
    wanted[*step, "description"] = about
    for obstacle in OBSTACLES.values():
        if obstacle.in_form:
            given = Given(frozenset({"vendor", "about"}), all_used=False)
            wanted["config", "error", obstacle.key] = given
    sections = {section for section, _ in fields if section} - {SECTION_ADVANCED}
    errors = _shown_errors(SOURCES["config_flow.py"]) | FORM_ERRORS
    errors |= {f"{section}_refused" for section in sections}
    aborts = _abort_reasons(SOURCES["config_flow.py"])
    return wanted | _plain(
        *(("config", "error", error) for error in errors),
        *(("config", "abort", reason) for reason in aborts),
    )


def _wanted_of_push() -> Wanted:
    """The forms of a push target; a field that does not fit has an error of its own."""
    about = Given(frozenset({"target"}))
    wanted: Wanted = {}
    for name in ("push_key", "push_source", "push_site", "push_entities"):
        step = ("config", "step", name)
        wanted[*step, "title"] = about
        wanted[*step, "description"] = replace(about, all_used=False)
    # The frontend fills in nothing in the title of a menu.
    wanted |= _plain(("config", "step", "push_source", "title"))
    wanted |= _form(("config", "step", "push_site"), CONF_SITE)
    wanted |= _form(("config", "step", "push_entities"), *ROLES)
    for spec in TARGETS.values():
        step = ("config", "step", "push_key")
        wanted |= _form(step, *(field.key for field in spec.fields))
    inside = ("config", "step", "push_key", "sections", SECTION_ADVANCED)
    wanted |= _form(inside, CONF_BASE_URL)
    wanted |= _plain((*inside, "name"), (*inside, "description"))
    tree = SOURCES["push_flow.py"]
    errors = _shown_errors(tree) | {f"push_{trouble.value}" for trouble in Trouble}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors"))]):
                errors |= _strings(node.value, tree)
            case ast.keyword(arg="menu_options", value=ast.List(elts=items)):
                for item in items:
                    menu = ("config", "step", "push_source", "menu_options")
                    wanted |= _plain((*menu, ast.literal_eval(item)))
    options = ("options", "step", "push")
    return (
        wanted
        | _plain(
            *(("config", "error", error) for error in errors),
            *(("config", "abort", reason) for reason in _abort_reasons(tree)),
            (*options, "title"),
            (*options, "description"),
        )
        | _form(options, *PUSH_OPTIONS)
    )


def _shown_errors(tree: ast.AST) -> set[str]:
    return {
        str(value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "base"
        if isinstance(value, ast.Constant)
    } | {
        str(node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if ast.unparse(node.targets[0]) == "errors[CONF_ACCEPT_TERMS]"
    }


def _abort_reasons(tree: ast.AST) -> set[str]:
    """Return the reasons that Home Assistant has no text of its own for."""
    reasons: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="async_abort")):
                reasons |= _strings(_keyword(node, "reason"), tree)
            case ast.Attribute(attr="_abort_if_unique_id_configured"):
                reasons.add("already_configured")
    return reasons


def _wanted_of_options() -> Wanted:
    step = ("options", "step", "init")
    fields = {option.key for spec in SPECS.values() for option in spec.options}
    fields |= {CONF_DELETE_ON_REMOVAL, CONF_MAX_FORCE_HOURS}
    choices = (
        ("selector", option.key, "options", choice)
        for spec in SPECS.values()
        for option in spec.options
        for choice in option.choices
    )
    (flow,) = (
        node
        for node in ast.walk(SOURCES["config_flow.py"])
        if isinstance(node, ast.ClassDef) and node.name == "JoulekeeperOptionsFlow"
    )
    aborts = (("options", "abort", reason) for reason in _abort_reasons(flow))
    return _form(step, *fields) | _plain(
        (*step, "title"), (*step, "description"), *choices, *aborts
    )


def _wanted_of_entities() -> Wanted:
    wanted: Wanted = {}
    for row in ROWS:
        if row.key is not None:
            path = ("entity", *row.key)
            given = Given(row.placeholders)
            assert wanted.setdefault((*path, "name"), given) == given
            states = path
            if row.platform == Platform.EVENT:
                states = (*path, "state_attributes", "event_type")
            wanted |= _plain(*((*states, "state", state) for state in row.states))
    return wanted


def _wanted_of_devices() -> Wanted:
    given = Given(frozenset({"model"}))
    return {("device", kind.value, "name"): given for kind in DeviceKind}


def _wanted_of_issues() -> Wanted:
    """Fixable issues have the texts of a flow in place of a description."""
    wanted: Wanted = {}
    for call, _, tree in _calls("async_create_issue"):
        given, keys = _given(call), _strings(_keyword(call, "translation_key"), tree)
        fixable = _keyword(call, "is_fixable")
        assert isinstance(fixable, ast.Constant)
        for key in keys:
            given = replace(given, all_used=False)
            if not fixable.value:
                wanted["issues", key, "title"] = given
                wanted["issues", key, "description"] = given
                continue
            confirm = ("issues", key, "fix_flow", "step", "confirm")
            for path in (("issues", key), confirm):
                wanted[*path, "title"] = given
            wanted[*confirm, "description"] = given
    for keys, gaps in (
        (set(HINTS), {"account", "about"}),
        (
            {item.key for item in OBSTACLES.values() if item.repair},
            {"account", "system"},
        ),
    ):
        for key in keys:
            for part in ("title", "description"):
                given = Given(frozenset(gaps), all_used=False)
                wanted["issues", key, part] = given
    aborts = _abort_reasons(SOURCES["repairs.py"])
    flow = ("issues", FORCED, "fix_flow")
    return wanted | _plain(*((*flow, "abort", reason) for reason in aborts))


def _wanted_of_services() -> Wanted:
    paths: list[Keys] = []
    for name, action in SERVICES.items():
        fields, sections = fields_of(action)
        paths += [("services", name, part) for part in ("name", "description")]
        for kind, keys in (("fields", fields), ("sections", sections)):
            for key in keys:
                paths += [
                    ("services", name, kind, key, part)
                    for part in ("name", "description")
                ]
        for field in fields.values():
            select = field["selector"].get("select")
            for option in select["options"] if select else ():
                path = ("selector", select["translation_key"], "options", option)
                paths.append(path)
    return _plain(*paths)


def _wanted_of_statistics() -> Wanted:
    paths = (("selector", "history", "options", series.key) for series in VOCABULARY)
    return _plain(*paths)


def _wanted_of_system_health() -> Wanted:
    keys = {f"reach_{vendor}" for vendor in (*SPECS, *TARGETS)}
    for node in ast.walk(SOURCES["system_health.py"]):
        if isinstance(node, ast.Dict):
            keys |= _literal_keys(node)
    return _plain(*(("system_health", "info", key) for key in keys))


TRANSLATED: Final = {
    "ConfigEntryAuthFailed",
    "ConfigEntryError",
    "ConfigEntryNotReady",
    "HomeAssistantError",
    "ServiceValidationError",
    "UpdateFailed",
}


def _calls(*names: str) -> Iterator[tuple[ast.Call, ast.AST, ast.Module]]:
    """Yield the calls of functions, each with the function and module around it."""
    for tree in SOURCES.values():
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(scope):
                    if isinstance(node, ast.Call):
                        name = ast.unparse(node.func).split(".")[-1]
                        if not names or name in names:
                            yield node, scope, tree


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((item.value for item in call.keywords if item.arg == name), None)


def _literal_keys(node: ast.expr | None) -> frozenset[str]:
    if not isinstance(node, ast.Dict):
        return frozenset()
    return frozenset(ast.literal_eval(key) for key in node.keys if key is not None)


def _given(call: ast.Call, *, all_used: bool = True) -> Given:
    return Given(_literal_keys(_keyword(call, "translation_placeholders")), all_used)


def _strings(node: ast.AST | None, scope: ast.AST) -> set[str]:
    """Return the texts that an expression may be, by what its scope assigns."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=first, orelse=second):
            return _strings(first, scope) | _strings(second, scope)
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), _]):
            return {f"{prefix}{reason}" for reason in _unsupported_reasons()}
        case ast.Name(id=name):
            return {
                text
                for item in ast.walk(scope)
                if isinstance(item, ast.Assign | ast.AnnAssign)
                for target, value in _assigned(item)
                if isinstance(target, ast.Name) and target.id == name
                for text in _strings(value, scope)
            }
        case ast.Call(func=ast.Name(id=name)):
            return {
                item.value
                for tree in SOURCES.values()
                for function in tree.body
                if isinstance(function, ast.FunctionDef) and function.name == name
                for item in ast.walk(function)
                if isinstance(item, ast.Constant)
                and isinstance(item.value, str)
                and item.value != ast.get_docstring(function, clean=False)
            }
    return set()


def _assigned(
    node: ast.Assign | ast.AnnAssign,
) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.AnnAssign):
        if node.value is not None:
            yield node.target, node.value
        return
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


def _unsupported_reasons() -> set[str]:
    """Return why vendors say that a device cannot do an action."""
    reasons = set()
    for call, _, _ in _calls("Capabilities"):
        match _keyword(call, "unsupported_reason"):
            case ast.Constant(value=str(reason)):
                reasons.add(reason)
    for call, _, _ in _calls("ActionSupport"):
        match call.args:
            case [ast.Attribute(attr="NONE"), ast.Constant(value=str(reason)), *_]:
                reasons.add(reason)
    return reasons


def _wanted_of_exceptions() -> Wanted:
    """Keys of raised exceptions, and of the problems that the keeper raises."""
    wanted: Wanted = {}

    def want(keys: set[str], given: Given) -> None:
        for key in keys:
            path = ("exceptions", key, "message")
            known = wanted.setdefault(path, given)
            common = known.placeholders & given.placeholders
            if known != given:
                wanted[path] = Given(common, all_used=False)

    for call, scope, _ in _calls():
        key = _keyword(call, "translation_key")
        if key is not None and _keyword(call, "translation_domain") is not None:
            literal = isinstance(key, ast.Constant)
            keys = _strings(key, scope)
            assert keys or ast.unparse(key) == "problem.key", ast.unparse(key)
            want(keys, _given(call, all_used=literal))
    want(
        {obstacle.key for obstacle in OBSTACLES.values()},
        Given(frozenset({"cause", "about"}), all_used=False),
    )
    for call, scope, _ in _calls("Problem"):
        gaps = call.args[1] if len(call.args) > 1 else None
        want(_strings(call.args[0], scope), Given(_literal_keys(gaps)))
    return wanted


def test_every_exception_is_translated() -> None:
    """What a user may see has a text; no message is written in the code."""
    untranslated = [
        ast.unparse(call)
        for call, _, _ in _calls(*TRANSLATED)
        if _keyword(call, "translation_key") is None
        or _keyword(call, "translation_domain") is None
        or call.args
    ]
    assert untranslated == []


def test_texts_and_their_users() -> None:
    """No text is missing, none is left without a user."""
    wanted = _wanted_texts()
    texts = dict(leaves(TEXTS))
    assert sorted(wanted.keys() - texts.keys()) == []
    assert sorted(texts.keys() - wanted.keys()) == []


def test_placeholders_of_texts() -> None:
    """A gap is filled by the code, and what the code gives is shown."""
    wanted = _wanted_texts()
    for path, text in leaves(TEXTS):
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        given = wanted.get(path, Given())
        assert used <= given.placeholders, path
        assert not given.all_used or used == given.placeholders, path


def _wanted_texts() -> Wanted:
    return (
        _wanted_of_config()
        | _wanted_of_push()
        | _wanted_of_options()
        | _wanted_of_entities()
        | _wanted_of_devices()
        | _wanted_of_issues()
        | _wanted_of_services()
        | _wanted_of_statistics()
        | _wanted_of_system_health()
        | _wanted_of_exceptions()
    )


def test_form_of_texts() -> None:
    """The rules of hassfest: no HTML, no address, no reference, good keys."""
    key_form = re.compile(r"(?!.*[_-]{2})[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
    bad = re.compile(r"<[^>]*>|\w+://|www\.|'{\w+}'|\[%|%\]|  |\n\n\n")
    for path, text in leaves(TEXTS):
        assert all(key_form.fullmatch(key) for key in path), path
        assert text == text.strip() != "", path
        assert not bad.search(text), path


def test_names_are_in_sentence_case() -> None:
    """`Grid power`, never `Grid Power`; a sentence ends with a full stop."""
    places = {("selector", "region"), ("selector", "renewables_states")}
    for path, text in leaves(TEXTS):
        if path[:2] in places:
            continue
        if path[0] in ("entity", "services", "selector") and path[-1] != "description":
            first, *words = text.split()
            assert first[0].isupper(), path
            assert all(
                word.islower() or not word.isalpha() or word.isupper() for word in words
            ), path
        elif path[0] == "exceptions" or path[1] in ("error", "abort"):
            assert text.endswith("."), path
            assert len(re.findall(r"[.;:]( |$)", text)) > 1, f"{path}: what to do?"
