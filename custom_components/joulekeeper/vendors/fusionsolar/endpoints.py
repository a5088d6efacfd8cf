"""What is fetched from FusionSolar how often (dossier section 4).

A home with inverter, power sensor and battery costs some 29 calls an hour: 24 for
real-time values, 2 logins, 1 for the plant, 1 for alarms, and what changes seldom.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from ...core.models import Reading, Topology
from ..base import Endpoint
from .board import PlantLive
from .control import BatteryLimits, BatteryMode, FeedIn
from .device_feeds import DeviceFeeds, DeviceStatistics, device_statistics_due_in
from .dispatches import DispatchBook, Dispatches
from .entitlement import Entitlement
from .feeds import AccountFeeds, Alarms, CallsLeft, Statistics
from .limits import GAP
from .looks import Rhythm
from .models import PlantNow
from .orders import ControlAccess
from .settings import PlantSettings, Setting

TOPOLOGY: Final = Reading[Topology]("topology")
LIVE: Final = Reading[PlantLive]("live")
PLANT: Final = Reading[PlantNow]("plant")
STATISTICS: Final = Reading[Statistics]("statistics")
DEVICE_STATISTICS: Final = Reading[DeviceStatistics]("device_statistics")
ALARMS: Final = Reading[Alarms]("alarms")
QUOTA: Final = Reading[CallsLeft]("quota")
GRANTS: Final = Reading[bool]("grants")
RHYTHM: Final = Reading[Rhythm]("rhythm")
DISPATCHES: Final = Reading[Dispatches]("dispatches")
CONTROL: Final = Reading[ControlAccess]("control")
BATTERY_MODE: Final = Reading[Setting[BatteryMode]]("battery_mode")
BATTERY_LIMITS: Final = Reading[Setting[BatteryLimits]]("battery_limits")
FEED_IN: Final = Reading[Setting[FeedIn]]("feed_in")

TOPOLOGY_INTERVAL: Final = timedelta(hours=12)
DEVICE_RETRY: Final = timedelta(hours=3)
QUOTA_INTERVAL: Final = timedelta(minutes=10)
LOOK_INTERVAL: Final = timedelta(minutes=5)
LOOK_SOON: Final = GAP + timedelta(seconds=1)
"""Most interfaces take a call a minute."""


def topology_endpoint(feeds: AccountFeeds) -> Endpoint[Topology]:
    """Return the endpoint of the account's plants."""
    return Endpoint(
        reading=TOPOLOGY,
        device_id="",
        fetch=feeds.topology,
        due_in=lambda _payload, _now: TOPOLOGY_INTERVAL,
    )


def rhythm_endpoint(feeds: AccountFeeds) -> Endpoint[Rhythm]:
    """Return what learns when new values are shown, for all plants together."""
    return Endpoint(
        reading=RHYTHM,
        device_id="",
        fetch=feeds.rhythm,
        due_in=feeds.rhythm_due_in,
        essential=False,
        seeks=lambda _payload: True,
    )


def grants_endpoint(feeds: AccountFeeds) -> Endpoint[bool]:
    """Return what finds out which plants are refused, and whether they still are."""
    return Endpoint(
        reading=GRANTS,
        device_id="",
        fetch=feeds.look_on,
        due_in=lambda under_way, _now: LOOK_SOON if under_way else LOOK_INTERVAL,
        essential=False,
        seeks=lambda _payload: True,
    )


def plant_endpoints(feeds: DeviceFeeds, code: str) -> tuple[Endpoint[Any], ...]:
    """Return the endpoints of one plant."""
    return (
        Endpoint(
            reading=LIVE,
            device_id=code,
            fetch=lambda: feeds.live(code),
            due_in=feeds.live_due_in,
        ),
        Endpoint(
            reading=PLANT,
            device_id=code,
            fetch=lambda: feeds.now(code),
            due_in=feeds.plant_due_in,
        ),
        Endpoint(
            reading=STATISTICS,
            device_id=code,
            fetch=lambda: feeds.statistics(code),
            due_in=lambda _payload, now: feeds.statistics_due_in(code, now),
        ),
        Endpoint(
            reading=DEVICE_STATISTICS,
            device_id=code,
            fetch=lambda: feeds.device_statistics(code),
            due_in=device_statistics_due_in,
            essential=False,
            seeks=lambda payload: payload.waiting,
            longest_retry=DEVICE_RETRY,
        ),
        Endpoint(
            reading=ALARMS,
            device_id=code,
            fetch=lambda: feeds.alarms(code),
            due_in=feeds.alarms_due_in,
        ),
        Endpoint(
            reading=QUOTA,
            device_id=code,
            fetch=lambda: feeds.calls_left(code),
            due_in=lambda _payload, _now: QUOTA_INTERVAL,
            # It is no call, so it tells nothing of whether the account can be read.
            essential=False,
        ),
    )


def control_endpoints(
    book: DispatchBook, entitlement: Entitlement, code: str
) -> tuple[Endpoint[Any], ...]:
    """Return the endpoints of what may be controlled in a plant, and what was ordered.

    Neither costs a call as a rule.
    """
    return (
        Endpoint(
            reading=CONTROL,
            device_id=code,
            fetch=lambda: entitlement.fetch(code),
            due_in=lambda _payload, _now: entitlement.due_in(code),
            essential=False,
            seeks=lambda _payload: True,
        ),
        Endpoint(
            reading=DISPATCHES,
            device_id=code,
            fetch=lambda: book.fetch(code),
            due_in=lambda payload, now: payload.due_in(now),
            next_change=lambda payload, now: payload.next_end(now),
            essential=False,
            seeks=lambda payload: payload.open,
        ),
    )


def setting_endpoints(
    settings: PlantSettings, code: str, *, battery: bool
) -> tuple[Endpoint[Any], ...]:
    """Return the endpoints of what can be set in a plant."""

    def endpoint[T](
        reading: Reading[Setting[T]],
        fetch: Callable[[str], Awaitable[Setting[T]]],
    ) -> Endpoint[Setting[T]]:
        return Endpoint(
            reading=reading,
            device_id=code,
            fetch=lambda: fetch(code),
            due_in=settings.due_in,
            essential=False,
            seeks=lambda payload: payload.pending,
        )

    feed_in = endpoint(FEED_IN, settings.feed_in)
    if not battery:
        return (feed_in,)
    return (
        endpoint(BATTERY_MODE, settings.mode),
        endpoint(BATTERY_LIMITS, settings.limits),
        feed_in,
    )
