"""Actions that hand over what is known of systems: to their owner, or to a maintainer."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import json
from math import ceil
from pathlib import Path
from typing import Any, Final
import zipfile

import probatio

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import JsonValueType

from .answers import answers_about, opened
from .binding_services import ATTR_CONFIG_ENTRY_ID
from .const import CONF_VENDOR, DOMAIN
from .core.redact import Redactor
from .diagnostics import async_get_config_entry_diagnostics
from .runtime import JoulekeeperConfigEntry, account_of
from .service_data import DEVICES, device_of

EXPORT_EVERY: Final = timedelta(minutes=10)
EXPORTS: Final = "exports"
"""Folder below ours in Home Assistant's: it is not served to anybody."""


@dataclass(slots=True)
class _Exports:
    """Who is exporting, and when each account was exported last."""

    running: asyncio.Lock = field(default_factory=asyncio.Lock)
    made_at: dict[str, datetime] = field(default_factory=dict)


_EXPORTS: Final[HassKey[_Exports]] = HassKey(f"{DOMAIN}_exports")


@callback
def async_setup_system_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        "get_system_info",
        _get_system_info,
        probatio.Schema(DEVICES),
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        "export_data",
        _export_data,
        probatio.Schema({probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string}),
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _get_system_info(call: ServiceCall) -> ServiceResponse:
    """Return what is known of the systems of devices, which is their owner's."""
    results: list[JsonValueType] = []
    for device_id in call.data[ATTR_DEVICE_ID]:
        identifier, entry = device_of(call.hass, device_id)
        account = entry.runtime_data.account
        if (device := account.device(identifier)) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="system_unknown"
            )
        parts = account.devices_from(device.source_id)
        ids = {device.source_id, *(part.id for part in parts)}
        answers = answers_about(account.session.raw_payloads(), ids)
        info = {
            "devices": [
                {
                    "id": part.id,
                    "kind": part.kind.value,
                    "name": part.name,
                    "model": part.model,
                    "serial_number": part.serial,
                    "sw_version": part.sw_version,
                }
                for part in parts
            ],
            "answers": opened(answers),
        }
        shown: dict[str, Any] = account.redactor(for_owner=True).data(info)
        results.append({"device_id": device_id, "system": device.source_id, **shown})
    return {"results": results}


async def _export_data(call: ServiceCall) -> ServiceResponse:
    """Write what an account's cloud has answered into a file, anonymised."""
    entry = _account_entry(call.hass, call.data[ATTR_CONFIG_ENTRY_ID])
    exports = call.hass.data.setdefault(_EXPORTS, _Exports())
    now = dt_util.utcnow()
    if exports.running.locked():
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="export_running"
        )
    made_at = exports.made_at.get(entry.entry_id)
    wait = timedelta() if made_at is None else EXPORT_EVERY - abs(now - made_at)
    if wait > timedelta():
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="export_too_soon",
            translation_placeholders={
                "minutes": str(ceil(wait / timedelta(minutes=1))),
            },
        )
    async with exports.running:
        account = entry.runtime_data.account
        report = await async_get_config_entry_diagnostics(call.hass, entry)
        del report["raw"]
        answers = dict(account.session.raw_payloads())
        folder = Path(call.hass.config.path(DOMAIN, EXPORTS))
        name = f"{entry.data[CONF_VENDOR]}_{dt_util.as_local(now):%Y%m%d_%H%M%S}.zip"
        try:
            files = await call.hass.async_add_executor_job(
                _write, folder / name, report, answers, account.redactor()
            )
        except OSError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="export_failed",
                translation_placeholders={"cause": error.strerror or ""},
            ) from error
        exports.made_at[entry.entry_id] = now
    return {"path": str(folder / name), "files": list[JsonValueType](files)}


def _account_entry(hass: HomeAssistant, entry_id: str) -> JoulekeeperConfigEntry:
    entry = next(
        (
            item
            for item in hass.config_entries.async_loaded_entries(DOMAIN)
            if item.entry_id == entry_id and account_of(item) is not None
        ),
        None,
    )
    if entry is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="account_not_loaded"
        )
    return entry


def _write(
    path: Path, report: dict[str, Any], answers: dict[str, Any], redactor: Redactor
) -> list[str]:
    """Write the file; return what is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = {"report.json": report}
    hidden: dict[str, Any] = redactor.data(opened(answers))
    for number, (name, payload) in enumerate(sorted(hidden.items()), start=1):
        label = name.partition(" ")[0]
        contents[f"answers/{number:03}_{label}.json"] = {"about": name, "data": payload}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
            archive.writestr(name, text)
    return list(contents)
