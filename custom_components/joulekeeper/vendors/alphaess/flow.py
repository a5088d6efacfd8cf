"""What flows in a system, from its newest power (dossier 2.2 and 2.3)."""

from functools import partial

from ...core.flow import MeterKind, SiteFlow, SiteMeter
from ...core.models import EndpointId, Readings, Topology
from ..base import FlowSource
from .endpoints import POWER, SYSTEM
from .power import PowerSource


def flow_sources(topology: Topology) -> tuple[FlowSource, ...]:
    """Return a source per system, each of which is a site of its own."""
    return tuple(
        FlowSource(
            device_id=unit.site_id,
            endpoints=(EndpointId(POWER.name, unit.serial),),
            flow=partial(_flow_of, unit.serial),
        )
        for unit in topology.units
    )


def _flow_of(serial: str, readings: Readings) -> SiteFlow | None:
    """Return what one system tells, None until it has delivered.

    Only samples of the history tell their time; energies are known by the day only.
    """
    if (power := readings.get(POWER, serial)) is None:
        return None
    system, flow = readings.get(SYSTEM, serial), power.flow
    # A system without a battery tells a power of 0 for it, and a charge of 0 %.
    battery = system.has_battery if system else bool(flow.state_of_charge)
    return SiteFlow(
        production_w=flow.pv_w,
        load_w=flow.load_w,
        has_battery=battery,
        battery_w=flow.battery_w,
        state_of_charge=flow.state_of_charge,
        measured_at=power.time if power.source is PowerSource.HISTORY else None,
        meters=(SiteMeter(kind=MeterKind.POWER_SENSOR, grid_w=flow.grid_w),),
    )
