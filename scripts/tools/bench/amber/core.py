"""Home Assistant's own `amberelectric`, unmodified but for the address of the cloud.

It calls in threads, in which simulated requests take no time: its lag is told a round
trip too well.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import amberelectric

from homeassistant.core import HomeAssistant

from ..subject import Form, Subject
from .prices import final_since


def _point(_: HomeAssistant, form: Form) -> None:
    """Point the SDK to the fake cloud."""
    hosts = [{"url": f"{form['base_url']}/v1", "description": ""}]
    sdk: Any = amberelectric.Configuration
    sdk.get_host_settings = lambda self: hosts


def _answer(form: Form, flow: Mapping[str, Any]) -> dict[str, Any]:
    if flow["step_id"] == "user":
        return {"api_token": form["token"]}
    [options] = (
        selector.config["options"]
        for key, selector in flow["data_schema"].schema.items()
        if key == "site_id"
    )
    return {"site_id": options[0]["value"], "site_name": "Home"}


SUBJECT = Subject(
    domain="amberelectric",
    answer=_answer,
    newest_stamp=partial(final_since, ending="-current-general"),
    prepare=_point,
)
