"""Checks that every text that Home Assistant is asked to show exists.

Core's own check is not part of the pytest plugin. It wraps three places: steps of
flows, issues, and exceptions of actions.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from homeassistant import data_entry_flow
from homeassistant.core import HomeAssistant, ServiceRegistry
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from custom_components.joulekeeper.const import DOMAIN

TEXTS: Mapping[str, Any] = json.loads(
    (
        Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations/en.json"
    ).read_text()
)
HOME_ASSISTANTS_OWN = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
}


@contextmanager
def checked_translations(hass: HomeAssistant) -> Iterator[None]:
    """Fail at the end when a text, or one of its placeholders, was missing."""
    missing: list[str] = []
    handle_step = data_entry_flow.FlowManager._async_handle_step
    create_issue = ir.IssueRegistry.async_get_or_create
    call_action = ServiceRegistry.async_call

    def check(path: str, placeholders: Mapping[str, str] | None) -> None:
        node: Any = TEXTS
        for key in path.split("/"):
            node = node.get(key) if isinstance(node, Mapping) else None
        if not isinstance(node, str):
            missing.append(path)
            return
        wanted = set(re.findall(r"{(\w+)}", node))
        if gaps := wanted - set(placeholders or {}):
            missing.append(f"{path} needs {sorted(gaps)}")

    def check_step(manager: Any, flow: Any, result: Mapping[str, Any]) -> None:
        handler = flow.handler
        if isinstance(manager, type(hass.config_entries.flow)) and handler == DOMAIN:
            part = "config"
        elif isinstance(manager, type(hass.config_entries.options)):
            part = "options"
        else:
            return
        placeholders = result.get("description_placeholders")
        if result["type"] is data_entry_flow.FlowResultType.FORM:
            check(f"{part}/step/{result['step_id']}/title", placeholders)
            for field in result["data_schema"].schema:
                name = str(field)
                if f"{name}" in _sections(result):
                    check(f"{part}/step/{result['step_id']}/sections/{name}/name", {})
                else:
                    check(f"{part}/step/{result['step_id']}/data/{name}", {})
            for error in (result.get("errors") or {}).values():
                check(f"{part}/error/{error}", placeholders)
        elif result["type"] is data_entry_flow.FlowResultType.ABORT:
            if result["reason"] not in HOME_ASSISTANTS_OWN:
                check(f"{part}/abort/{result['reason']}", placeholders)

    async def handled_step(self: Any, flow: Any, *args: Any, **kwargs: Any) -> Any:
        result = await handle_step(self, flow, *args, **kwargs)
        check_step(self, flow, result)
        return result

    def created_issue(self: Any, domain: str, issue_id: str, **details: Any) -> Any:
        if domain == DOMAIN:
            path = f"issues/{details['translation_key']}"
            check(f"{path}/title", details.get("translation_placeholders"))
        return create_issue(self, domain, issue_id, **details)

    async def called_action(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await call_action(self, *args, **kwargs)
        except HomeAssistantError as error:
            if error.translation_domain == DOMAIN:
                check(
                    f"exceptions/{error.translation_key}/message",
                    error.translation_placeholders,
                )
            raise

    with (
        patch.object(
            data_entry_flow.FlowManager, "_async_handle_step", handled_step
        ),
        patch.object(ir.IssueRegistry, "async_get_or_create", created_issue),
        patch.object(ServiceRegistry, "async_call", called_action),
    ):
        yield
    assert not missing, f"Texts are missing: {missing}"


def _sections(result: Mapping[str, Any]) -> set[str]:
    return {
        str(key)
        for key, value in result["data_schema"].schema.items()
        if isinstance(value, data_entry_flow.section)
    }
