"""Diagnostics: raw answers, capabilities and counters, without anybody's secrets."""

from collections.abc import Callable, Set as AbstractSet
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import AnyDeviceEntry

from .answers import answers_about
from .const import DOMAIN
from .core.models import Device
from .core.records import encode
from .plan_data import item_dict
from .push import pusher_of
from .push_report import push_report
from .runtime import JoulekeeperConfigEntry, RuntimeData


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: JoulekeeperConfigEntry
) -> dict[str, Any]:
    """Return everything that a maintainer needs to replay an account."""
    if (pusher := pusher_of(entry)) is not None:
        return push_report(pusher)
    runtime = entry.runtime_data
    return _scrubbed(
        runtime,
        {
            "entry": {"data": dict(entry.data), "options": dict(entry.options)},
            "calls": dict(runtime.account.session.statistics()),
            "writes_left": runtime.keeper.budget.left,
            "devices": [_device(runtime, device) for device in runtime.account.devices],
            "endpoints": _endpoints(runtime, lambda device_id: True),
            "raw": _raw(
                runtime,
                {
                    "",
                    *runtime.account.topology.device_ids,
                    *(device.id for device in runtime.account.devices),
                },
            ),
        },
    )


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: JoulekeeperConfigEntry, device: AnyDeviceEntry
) -> dict[str, Any]:
    """Return the part that belongs to one device."""
    if (pusher := pusher_of(entry)) is not None:
        return push_report(pusher)
    runtime = entry.runtime_data
    ids = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
    devices = [item for item in runtime.account.devices if item.id in ids]
    sources = {item.source_id for item in devices}
    return _scrubbed(
        runtime,
        {
            "devices": [_device(runtime, item) for item in devices],
            "endpoints": _endpoints(runtime, sources.__contains__),
            "raw": _raw(runtime, sources | {item.id for item in devices}),
        },
    )


def _device(runtime: RuntimeData, device: Device) -> dict[str, Any]:
    control = runtime.keeper.controls.get(device.id)
    return {
        "id": device.id,
        "kind": device.kind.value,
        "model": device.model,
        "sw_version": device.sw_version,
        "capabilities": control and control.capabilities.as_dict(),
        "schedules": control and [item_dict(item) for item in control.programme.items],
        "ledger": control and encode(control.ledger),
    }


def _endpoints(
    runtime: RuntimeData, wanted: Callable[[str], bool]
) -> dict[str, dict[str, Any]]:
    return {
        f"{endpoint_id.reading} {endpoint_id.device_id}": {
            "ok": coordinator.last_update_success,
            "next_in_s": coordinator.update_interval
            and coordinator.update_interval.total_seconds(),
            "error": coordinator.last_exception and str(coordinator.last_exception),
        }
        for endpoint_id, coordinator in runtime.account.coordinators.items()
        if wanted(endpoint_id.device_id)
    }


def _raw(runtime: RuntimeData, sources: AbstractSet[str]) -> dict[str, Any]:
    """Return the last raw answers; a source that is gone has no alias any more."""
    return answers_about(runtime.account.session.raw_payloads(), sources)


def _scrubbed(runtime: RuntimeData, report: dict[str, Any]) -> dict[str, Any]:
    scrubbed: dict[str, Any] = runtime.account.redactor().data(report)
    return scrubbed
