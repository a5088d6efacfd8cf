"""What is fetched from Anker's cloud how often (dossier 3.3, 6).

A system of one Solarbank E1600 costs some 95 calls an hour: 60 overviews, 12 lists of
systems and devices, 6 plans, 6 of the wireless network, 6 energies, and a few things
that hardly ever change.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ...core.models import Reading, Topology
from ..base import Endpoint
from .details_feed import SiteDetails
from .energy_days import Energies
from .feeds import AccountFeeds, SiteFeeds
from .models import Scene
from .panel_feed import PanelNow
from .plan import SitePlan
from .price_feed import Prices
from .rhythm import Written
from .standalone_feed import Standalone

TOPOLOGY: Final = Reading[Topology]("topology")
SCENE: Final = Reading[Scene]("scene")
DETAILS: Final = Reading[SiteDetails]("details")
PLAN: Final = Reading[SitePlan]("plan")
ENERGIES: Final = Reading[Energies]("energies")
PRICES: Final = Reading[Prices]("prices")
PANEL: Final = Reading[PanelNow]("panel")
STANDALONE: Final = Reading[Standalone]("standalone")

ENERGY_INTERVAL: Final = timedelta(minutes=20)
PRICE_INTERVAL: Final = timedelta(hours=1)
PRICE_RETRY: Final = timedelta(minutes=2)
PLAN_INTERVAL: Final = timedelta(minutes=10)
ARRIVING_INTERVAL: Final = timedelta(minutes=1)
ARRIVES_WITHIN: Final = timedelta(minutes=6)
"""Until a plan that was written is shown (5.2)."""
LISTING_INTERVAL: Final = timedelta(minutes=15)
"""The longest, however seldom somebody wants details."""
UNSURE_INTERVAL: Final = timedelta(minutes=1)
_DAY_ENDS: Final = timedelta(seconds=90)
"""So long before its end a day's energies are read for the last time."""


def topology_endpoint(feeds: AccountFeeds, interval: timedelta) -> Endpoint[Topology]:
    """Return the endpoint of what the account has; soon again while that is unsure."""
    return Endpoint(
        reading=TOPOLOGY,
        device_id="",
        fetch=feeds.topology,
        due_in=lambda _payload, _now: (
            UNSURE_INTERVAL if feeds.is_unsure else min(interval, LISTING_INTERVAL)
        ),
    )


def site_endpoints(
    feeds: SiteFeeds, interval: timedelta, written: Written
) -> tuple[Endpoint[Any], ...]:
    """Return the endpoints of one system; `interval` is that of the details.

    `written` tells when its plan was written last.
    """
    return (
        Endpoint(
            reading=SCENE,
            device_id=feeds.site_id,
            fetch=feeds.scene,
            due_in=lambda scene, now: feeds.rhythm.due_in(scene, now),
        ),
        Endpoint(
            reading=DETAILS,
            device_id=feeds.site_id,
            fetch=feeds.details,
            due_in=lambda _payload, _now: interval,
            essential=False,
        ),
        Endpoint(
            reading=PLAN,
            device_id=feeds.site_id,
            fetch=feeds.plan,
            due_in=lambda _payload, now: _plan_due_in(written.at, now),
            next_change=lambda plan, now: plan.next_change(now),
            essential=False,
        ),
        Endpoint(
            reading=ENERGIES,
            device_id=feeds.site_id,
            fetch=feeds.energies,
            due_in=_energies_due_in,
            essential=False,
        ),
        Endpoint(
            reading=PRICES,
            device_id=feeds.site_id,
            fetch=feeds.prices,
            due_in=lambda prices, _now: (
                PRICE_INTERVAL if prices.complete else PRICE_RETRY
            ),
            next_change=lambda prices, now: prices.next_change(now),
            essential=False,
        ),
    )


def panel_endpoint(feeds: SiteFeeds, interval: timedelta) -> Endpoint[PanelNow]:
    """Return the endpoint of a power panel or home storage, which is a heavy one."""
    return Endpoint(
        reading=PANEL,
        device_id=feeds.site_id,
        fetch=feeds.panel,
        due_in=lambda _payload, _now: interval,
        essential=False,
    )


def inverter_endpoint(
    feeds: AccountFeeds, serial: str, interval: timedelta
) -> Endpoint[Standalone]:
    """Return the endpoint of an inverter that belongs to no system."""
    return Endpoint(
        reading=STANDALONE,
        device_id=serial,
        fetch=partial(feeds.inverter, serial),
        due_in=lambda _payload, _now: interval,
    )


def _plan_due_in(written_at: datetime | None, now: datetime) -> timedelta:
    """Return when to look at a plan again, soon after a write."""
    if written_at is not None and timedelta() <= now - written_at < ARRIVES_WITHIN:
        return ARRIVING_INTERVAL
    return PLAN_INTERVAL


def _energies_due_in(energies: Energies, now: datetime) -> timedelta:
    """Return when to read energies again; the day's last ones shortly before its end."""
    last = energies.ends - _DAY_ENDS - now
    if timedelta(minutes=1) < last < ENERGY_INTERVAL:
        return last
    return ENERGY_INTERVAL
