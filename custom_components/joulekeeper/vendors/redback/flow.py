"""What flows in a site, from the telemetry of its inverters (dossier 1.7)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ...core.flow import MeterKind, SiteFlow, SiteMeter, summed, total
from ...core.models import EndpointId, Readings, Topology
from ..base import FlowSource
from .endpoints import DYNAMIC, STATIC
from .models import Dynamic, Static, has_battery


def flow_sources(topology: Topology) -> tuple[FlowSource, ...]:
    """Return a source per site that has inverters."""
    serials: dict[str, list[str]] = {}
    for unit in topology.units:
        serials.setdefault(unit.site_id, []).append(unit.serial)
    return tuple(
        FlowSource(
            device_id=site_id,
            endpoints=tuple(EndpointId(DYNAMIC.name, serial) for serial in own),
            flow=partial(_site_flow, tuple(own)),
        )
        for site_id, own in serials.items()
    )


def _site_flow(serials: Sequence[str], readings: Readings) -> SiteFlow | None:
    """Return the sum of a site's inverters, each of which measures its own feed.

    None until all have delivered.
    """
    seen: list[Dynamic] = []
    flows: list[SiteFlow] = []
    for serial in serials:
        if (dynamic := readings.get(DYNAMIC, serial)) is None:
            return None
        seen.append(dynamic)
        flows.append(_flow_of(dynamic, readings.get(STATIC, serial)))
    flow = summed(flows)
    return flow and replace(flow, meters=(_meter_of(seen),))


def _flow_of(dynamic: Dynamic, static: Static | None) -> SiteFlow:
    """Return what one inverter tells; how much its battery holds, nobody does."""
    return SiteFlow(
        production_w=dynamic.pv_power_w,
        has_battery=has_battery(static, dynamic),
        battery_w=dynamic.battery_power_w,
        state_of_charge=dynamic.state_of_charge,
        measured_at=dynamic.timestamp,
    )


def _meter_of(seen: Sequence[Dynamic]) -> SiteMeter:
    return SiteMeter(
        kind=MeterKind.POWER_SENSOR,
        grid_w=total(dynamic.grid_power_w for dynamic in seen),
        import_kwh=total(dynamic.import_energy_kwh for dynamic in seen),
        export_kwh=total(dynamic.export_energy_kwh for dynamic in seen),
    )
