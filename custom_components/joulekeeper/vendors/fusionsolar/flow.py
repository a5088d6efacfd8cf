"""What flows in a plant, from what its devices measured last (dossier section 11)."""

from functools import partial
from typing import Final

from ...core.flow import MeterKind, SiteFlow, SiteMeter
from ...core.models import EndpointId, Readings, Topology
from ..base import FlowSource
from .board import PlantLive
from .endpoints import LIVE
from .models import METERS, DeviceType

_KINDS: Final = {
    DeviceType.POWER_SENSOR: MeterKind.POWER_SENSOR,
    DeviceType.EMMA: MeterKind.POWER_SENSOR,
    DeviceType.GRID_METER: MeterKind.GRID_METER,
}


def flow_sources(topology: Topology) -> tuple[FlowSource, ...]:
    """Return a source per plant."""
    return tuple(
        FlowSource(
            device_id=code,
            endpoints=(EndpointId(LIVE.name, code),),
            flow=partial(_flow_of, code),
        )
        for code in topology.site_ids
    )


def _flow_of(code: str, readings: Readings) -> SiteFlow | None:
    """Return what one plant tells, None until it has delivered.

    Production is the panels' alone: what an inverter gives holds its battery's power.
    How much batteries hold, nobody tells.
    """
    if (live := readings.get(LIVE, code)) is None:
        return None
    flow = live.flow
    return SiteFlow(
        production_w=flow.pv_w,
        load_w=flow.shown_load_w,
        has_battery=live.has_battery,
        battery_w=flow.battery_w,
        state_of_charge=flow.state_of_charge,
        measured_at=live.measured_at,
        meters=_meters(live),
    )


def _meters(live: PlantLive) -> tuple[SiteMeter, ...]:
    """Return the meters, those first that are believed first.

    One that is offline tells no power, nor one whose values are of an earlier time.
    """
    ranked = sorted(
        live.meters.items(), key=lambda item: METERS.index(DeviceType(item[1].kind))
    )
    return tuple(
        SiteMeter(
            kind=_KINDS[DeviceType(item.kind)],
            grid_w=None if key in live.kept else item.grid.power_w,
            import_kwh=item.grid.import_kwh,
            export_kwh=item.grid.export_kwh,
        )
        for key, item in ranked
    )
