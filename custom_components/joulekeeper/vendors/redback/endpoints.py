"""What is fetched from Redback how often (dossier 1.11).

An inverter reports once per 60 s; everything else changes seldom. In steady state one
inverter with battery costs about 68 calls an hour, tokens included.
"""

from datetime import timedelta
from typing import Any, Final

from ...core.models import Reading, Topology
from ...core.pacing import PhaseLock, own_jitter
from ...core.schedule import Programme
from ..base import Endpoint
from .client import RedbackClient
from .models import Configuration, Dynamic, Panels, Static
from .portal import Portal

TOPOLOGY: Final = Reading[Topology]("topology")
STATIC: Final = Reading[Static]("static")
DYNAMIC: Final = Reading[Dynamic]("dynamic")
CONFIGURATION: Final = Reading[Configuration]("configuration")
SCHEDULES: Final = Reading[Programme]("schedules")
ENVELOPES: Final = Reading[Programme]("envelopes")
PANELS: Final = Reading[Panels]("panels")

TELEMETRY_PERIOD: Final = timedelta(seconds=60)

TOPOLOGY_INTERVAL: Final = timedelta(hours=2)
STATIC_INTERVAL: Final = timedelta(hours=2)
CONFIGURATION_INTERVAL: Final = timedelta(hours=2)
SCHEDULES_INTERVAL: Final = timedelta(minutes=20)
ENVELOPES_INTERVAL: Final = timedelta(hours=1)
PANELS_INTERVAL: Final = timedelta(days=1)


def topology_endpoint(client: RedbackClient) -> Endpoint[Topology]:
    """Return the endpoint of the account's sites and inverters."""
    return Endpoint(
        reading=TOPOLOGY,
        device_id="",
        fetch=client.nodes,
        due_in=lambda _payload, _now: TOPOLOGY_INTERVAL,
    )


def inverter_endpoints(
    client: RedbackClient, portal: Portal | None, serial: str, installation: str
) -> tuple[Endpoint[Any], ...]:
    """Return the endpoints of one inverter."""
    pace = PhaseLock(TELEMETRY_PERIOD, own_jitter(installation, serial))

    async def dynamic() -> Dynamic:
        payload = await client.dynamic(serial)
        if payload.is_fresh(client.clock()):
            return payload
        return payload.without_measurements()

    endpoints: list[Endpoint[Any]] = [
        Endpoint(
            reading=STATIC,
            device_id=serial,
            fetch=lambda: client.static(serial),
            due_in=lambda _payload, _now: STATIC_INTERVAL,
        ),
        Endpoint(
            reading=DYNAMIC,
            device_id=serial,
            fetch=dynamic,
            due_in=lambda payload, now: pace.due_in(payload.timestamp, now),
        ),
        Endpoint(
            reading=CONFIGURATION,
            device_id=serial,
            fetch=lambda: client.configuration(serial),
            due_in=lambda _payload, _now: CONFIGURATION_INTERVAL,
        ),
        Endpoint(
            reading=SCHEDULES,
            device_id=serial,
            fetch=lambda: client.schedules(serial),
            due_in=lambda _payload, _now: SCHEDULES_INTERVAL,
            next_change=Programme.next_change,
        ),
    ]
    if portal is not None:
        endpoints.append(
            Endpoint(
                reading=PANELS,
                device_id=serial,
                fetch=lambda: portal.panels(serial),
                due_in=lambda _payload, _now: PANELS_INTERVAL,
                essential=False,
            )
        )
    return tuple(endpoints)


def envelopes_endpoint(client: RedbackClient, site_id: str) -> Endpoint[Programme]:
    """Return the endpoint of a site's operating envelopes."""
    return Endpoint(
        reading=ENVELOPES,
        device_id=site_id,
        fetch=lambda: client.envelopes(site_id),
        due_in=lambda _payload, _now: ENVELOPES_INTERVAL,
        next_change=Programme.next_change,
    )
