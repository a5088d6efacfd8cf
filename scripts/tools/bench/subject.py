"""What is measured in a Home Assistant: an account of ours, or another integration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

DOMAIN = "joulekeeper"

type Form = Mapping[str, str]
"""What the owner of an account types in, and the address of its cloud."""


def _nothing(_: HomeAssistant) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """How an account is added, and what is asked about it.

    `answer` returns what is filled into a step of the config flow. `newest_stamp` tells
    the time stamp of what the entities show. `prepare` is called before an account is
    added, with what is filled in. `forget_calls` lets no set-up wait because of another
    one, where a vendor counts all calls: nobody loads an account ten times in a minute
    but us. `unawaited` are the ends of the ids of entities for whose values set-up does
    not wait.
    """

    domain: str
    answer: Callable[[Form, Mapping[str, Any]], dict[str, Any]]
    newest_stamp: Callable[[HomeAssistant, ConfigEntry], datetime | None]
    prepare: Callable[[HomeAssistant, Form], None] = lambda _, __: None
    forget_calls: Callable[[HomeAssistant], None] = _nothing
    unawaited: tuple[str, ...] = ()


def ours(
    vendor: str,
    newest_stamp: Callable[[HomeAssistant, ConfigEntry], datetime | None],
    *,
    more: Mapping[str, dict[str, Any]] | None = None,
    **options: Any,
) -> Subject:
    """Return an account of a vendor of ours, with all systems and nothing optional.

    `more` is filled into further steps of the flow, by their ids.
    """
    return Subject(
        domain=DOMAIN,
        answer=partial(_answer, vendor, more or {}),
        newest_stamp=newest_stamp,
        **options,
    )


def _answer(
    vendor: str,
    more: Mapping[str, dict[str, Any]],
    form: Form,
    flow: Mapping[str, Any],
) -> dict[str, Any]:
    step = flow["step_id"]
    if step in more:
        return more[step]
    if step == "user":
        return {"vendor": vendor}
    fields = flow["data_schema"].schema
    if step == "systems":
        [selector] = fields.values()
        return {"systems": [option["value"] for option in selector.config["options"]]}
    given: dict[str, Any] = dict(form)
    given["advanced"] = {"base_url": given.pop("base_url")}
    if "accept_terms" in fields:
        given["accept_terms"] = True
    return given
