"""Actions that import the past of a device into the long-term statistics, or stop that."""

from collections.abc import Mapping
from datetime import date, timedelta, tzinfo
from typing import Any, Final

import probatio

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.history_job import DAY
from .history_import import HistoryImport
from .service_data import DEVICES, device_of, name_of
from .statistics import has_recorder

ATTR_AGAIN: Final = "again"
ATTR_END_DATE: Final = "end_date"
ATTR_START_DATE: Final = "start_date"
ATTR_TIME_ZONE: Final = "time_zone"

_MOST_YEARS: Final = 10
_MOST_DAYS: Final = _MOST_YEARS * 366
_MINUTE: Final = timedelta(minutes=1)

_DAYS: Final[dict[Any, Any]] = {
    probatio.Required(ATTR_START_DATE): cv.date,
    probatio.Optional(ATTR_END_DATE): cv.date,
    probatio.Optional(ATTR_TIME_ZONE): cv.string,
    probatio.Optional(ATTR_AGAIN, default=False): cv.boolean,
}

type _Target = tuple[str, str, HistoryImport]
"""The registry id of a device, the id of who has its history, and who imports it."""


@callback
def async_setup_history_services(hass: HomeAssistant) -> None:
    """Register the actions."""

    async def import_history(call: ServiceCall) -> ServiceResponse:
        targets = _targets(hass, call.data[ATTR_DEVICE_ID])
        zone = await _zone(call.data.get(ATTR_TIME_ZONE))
        # Bad input for one device stops all of them, before anything is fetched.
        wanted = [
            _wanted(call.data, zone or history.default_zone(source_id))
            for _, source_id, history in targets
        ]
        results: list[Any] = []
        for (device_id, source_id, history), (first, last) in zip(
            targets, wanted, strict=True
        ):
            job = history.job(source_id)
            ran = job is not None and job.is_running
            await history.ask(
                source_id,
                first,
                last,
                call.data.get(ATTR_TIME_ZONE),
                again=call.data[ATTR_AGAIN],
            )
            results.append(_result(device_id, source_id, history, ran=ran))
        return {"results": results}

    async def cancel_import(call: ServiceCall) -> ServiceResponse:
        results: list[Any] = []
        for device_id, source_id, history in _targets(hass, call.data[ATTR_DEVICE_ID]):
            await history.cancel(source_id)
            results.append(_result(device_id, source_id, history))
        return {"results": results}

    for name, handle, fields in (
        ("import_history", import_history, DEVICES | _DAYS),
        ("cancel_import", cancel_import, DEVICES),
    ):
        hass.services.async_register(
            DOMAIN,
            name,
            handle,
            probatio.Schema(fields),
            supports_response=SupportsResponse.OPTIONAL,
        )


def _targets(hass: HomeAssistant, device_ids: list[str]) -> list[_Target]:
    """Return who imports the history of devices; of parts of one system only once."""
    if not has_recorder(hass):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="history_no_recorder"
        )
    targets: dict[str, _Target] = {}
    for device_id in device_ids:
        identifier, entry = device_of(hass, device_id)
        runtime = entry.runtime_data
        device = runtime.account.device(identifier)
        if device is None or not runtime.history.has_history(device.source_id):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="history_unknown",
                translation_placeholders={"device": name_of(hass, device_id)},
            )
        target = (device_id, device.source_id, runtime.history)
        targets.setdefault(device.source_id, target)
    return list(targets.values())


async def _zone(name: str | None) -> tzinfo | None:
    """Return a zone by its name, None where none is given."""
    if name is None:
        return None
    zone: tzinfo | None
    try:
        zone = await dt_util.async_get_time_zone(name)
    except OSError, ValueError:
        # A name that cannot be one, such as that of a folder.
        zone = None
    if zone is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="history_zone_unknown",
            translation_placeholders={"zone": name},
        )
    return zone


def _wanted(data: Mapping[str, Any], zone: tzinfo) -> tuple[date, date]:
    """Return the first and the last day; only days that are over can be had."""
    yesterday = dt_util.utcnow().astimezone(zone).date() - DAY
    first: date = data[ATTR_START_DATE]
    last: date = data.get(ATTR_END_DATE, yesterday)
    if max(first, last) > yesterday:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="history_day_not_over",
            translation_placeholders={"yesterday": yesterday.isoformat()},
        )
    if first > last:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="history_days_reversed"
        )
    if (last - first).days >= _MOST_DAYS:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="history_too_long",
            translation_placeholders={"years": str(_MOST_YEARS)},
        )
    return first, last


def _result(
    device_id: str, source_id: str, history: HistoryImport, *, ran: bool = False
) -> dict[str, Any]:
    """Return how far the import of a device has come, as response data."""
    result: dict[str, Any] = {"device_id": device_id, "device": source_id}
    job = history.job(source_id)
    if job is None or not job.asked:
        return result | {"state": "none"}
    if job.cancelled:
        state = "cancelled"
    elif not job.pending:
        state = "complete"
    elif history.is_paused:
        state = "paused"
    else:
        state = "running" if ran else "started"
    return result | {
        "state": state,
        "days": len(job.asked),
        "done": len(job.asked) - len(job.pending),
        "first": min(job.asked).isoformat(),
        "last": max(job.asked).isoformat(),
        "minutes_left": round(history.time_left() / _MINUTE),
    }
