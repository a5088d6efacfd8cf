"""Checks that every text that Home Assistant is asked to show exists.

Core's own check is not part of the pytest plugin. It wraps three places: steps of
flows, issues, and exceptions.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from custom_components.joulekeeper.const import DOMAIN
from homeassistant import data_entry_flow
from homeassistant.config_entries import ConfigEntriesFlowManager, OptionsFlowManager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

TEXTS: Mapping[str, Any] = json.loads(
    (
        Path(__file__).parents[2]
        / "custom_components"
        / DOMAIN
        / "translations"
        / "en.json"
    ).read_text()
)
HOME_ASSISTANTS_OWN = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
}

type Placeholders = Mapping[str, Any] | None
type Check = Callable[[str, Placeholders], None]


@contextmanager
def checked_translations(hass: HomeAssistant) -> Iterator[None]:
    """Fail at the end when a text, or one of its placeholders, was missing."""
    missing: dict[str, None] = {}
    handle_step = data_entry_flow.FlowManager._async_handle_step
    create_issue = ir.IssueRegistry.async_get_or_create
    make_error = HomeAssistantError.__init__

    def check(path: str, placeholders: Placeholders) -> None:
        text = _text(path)
        if not isinstance(text, str):
            missing[path] = None
        elif gaps := set(re.findall(r"{(\w+)}", text)) - set(placeholders or {}):
            missing[f"{path} needs {sorted(gaps)}"] = None

    async def handled_step(self: Any, flow: Any, *args: Any, **kwargs: Any) -> Any:
        result = await handle_step(self, flow, *args, **kwargs)
        if (part := _part(hass, self, flow)) is not None:
            _check_step(check, part, result)
        return result

    def created_issue(self: Any, domain: str, issue_id: str, **details: Any) -> Any:
        if domain == DOMAIN:
            path = f"issues/{details['translation_key']}"
            check(f"{path}/title", details.get("translation_placeholders"))
            if not details["is_fixable"]:
                check(f"{path}/description", details.get("translation_placeholders"))
        return create_issue(self, domain, issue_id, **details)

    def made_error(self: Any, *args: Any, **details: Any) -> None:
        if details.get("translation_domain") == DOMAIN:
            check(
                f"exceptions/{details['translation_key']}/message",
                details.get("translation_placeholders"),
            )
        make_error(self, *args, **details)

    with (
        patch.object(data_entry_flow.FlowManager, "_async_handle_step", handled_step),
        patch.object(ir.IssueRegistry, "async_get_or_create", created_issue),
        patch.object(HomeAssistantError, "__init__", made_error),
    ):
        yield
    assert not missing, f"Texts are missing: {list(missing)}"


def _text(path: str) -> Any:
    node: Any = TEXTS
    for key in path.split("/"):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _part(hass: HomeAssistant, manager: Any, flow: Any) -> str | None:
    """Return where the texts of a flow are, None when it is not one of ours."""
    if isinstance(manager, OptionsFlowManager):
        entry = hass.config_entries.async_get_known_entry(flow.handler)
        return "options" if entry.domain == DOMAIN else None
    if flow.handler != DOMAIN:
        return None
    if isinstance(manager, ConfigEntriesFlowManager):
        return "config"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, flow.context["issue_id"])
    # A flow that has just been finished has no issue any more, and shows nothing.
    return None if issue is None else f"issues/{issue.translation_key}/fix_flow"


def _check_step(check: Check, part: str, result: Mapping[str, Any]) -> None:
    placeholders = result.get("description_placeholders")
    if result["type"] is data_entry_flow.FlowResultType.FORM:
        step = f"{part}/step/{result['step_id']}"
        check(f"{step}/title", placeholders)
        check(f"{step}/description", placeholders)
        _check_fields(check, step, result["data_schema"].schema, placeholders)
        for error in (result.get("errors") or {}).values():
            check(f"{part}/error/{error}", placeholders)
    elif (
        result["type"] is data_entry_flow.FlowResultType.ABORT
        and result["reason"] not in HOME_ASSISTANTS_OWN
    ):
        check(f"{part}/abort/{result['reason']}", placeholders)


def _check_fields(
    check: Check, path: str, fields: Mapping[Any, Any], placeholders: Placeholders
) -> None:
    for field, content in fields.items():
        if isinstance(content, data_entry_flow.section):
            check(f"{path}/sections/{field}/name", {})
            inside = f"{path}/sections/{field}"
            _check_fields(check, inside, content.schema.schema, placeholders)
        else:
            check(f"{path}/data/{field}", {})
            check(f"{path}/data_description/{field}", placeholders)
