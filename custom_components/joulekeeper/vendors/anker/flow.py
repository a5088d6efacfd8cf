"""What flows in a system, from its overview (dossier 4.3), and out of lone inverters."""

from functools import partial

from ...core.flow import MeterKind, SiteFlow, SiteMeter
from ...core.models import EndpointId, Readings, Topology
from ..base import FlowSource
from .endpoints import SCENE, STANDALONE


def flow_sources(topology: Topology, readings: Readings) -> tuple[FlowSource, ...]:
    """Return a source per system that tells one, and per inverter without a system."""
    return (
        *(
            FlowSource(
                device_id=site_id,
                endpoints=(EndpointId(SCENE.name, site_id),),
                flow=partial(_flow_of, site_id),
            )
            for site_id in topology.site_ids
            if (scene := readings.get(SCENE, site_id)) is None or scene.tells_flow
        ),
        *(
            FlowSource(
                device_id=unit.site_id,
                endpoints=(EndpointId(STANDALONE.name, unit.serial),),
                flow=partial(_inverter_flow, unit.serial),
            )
            for unit in topology.units
        ),
    )


def _flow_of(site_id: str, readings: Readings) -> SiteFlow | None:
    """Return what one system tells, None until it has delivered.

    Without a meter or plugs nobody knows what the house uses.
    """
    if (scene := readings.get(SCENE, site_id)) is None:
        return None
    banks = scene.banks
    charging_w, stored_kwh = banks.charging_w, scene.stored_kwh
    grid = scene.grid if scene.grid and scene.grid.meters else None
    return SiteFlow(
        production_w=scene.solar_w,
        load_w=scene.load_w if scene.measures_load else None,
        has_battery=bool(scene.solarbanks),
        battery_w=None if charging_w is None else -charging_w,
        state_of_charge=banks.state_of_charge,
        stored_kwh=stored_kwh,
        measured_at=scene.reported_at,
        meters=()
        if grid is None
        else (SiteMeter(kind=MeterKind.GRID_METER, grid_w=grid.power_w),),
    )


def _inverter_flow(serial: str, readings: Readings) -> SiteFlow | None:
    """Return what a lone inverter gives."""
    told = readings.get(STANDALONE, serial)
    if told is None or told.status is None:
        return None
    return SiteFlow(production_w=told.status.power_w)
