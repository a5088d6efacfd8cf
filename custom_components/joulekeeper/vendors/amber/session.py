"""One Amber account, a token, while it is loaded."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ...core.models import Device, DeviceKind, Reading, Readings, Topology, Unit
from ...core.pacing import own_jitter
from ..base import CONF_BASE_URL, Account, Connection, Endpoint, ScheduleController
from .archive import AmberArchive
from .client import CONF_TOKEN, AmberClient
from .days import DAY, start_of
from .feed import LONGEST_RETRY, PriceFeed
from .history import AmberHistory
from .live import STALE, LivePrices, live_url
from .memory import Memory
from .models import PriceRecord, Site, nem_day
from .prices import PRICES, AmberPrices, Basis, Prices
from .renewables import STATE_NAMES, renewables_endpoint
from .usage import USAGE, MeteredUsage, UsageDiary
from .words import ChannelType, State, word

CONF_ADVANCED: Final = "advanced_price"
CONF_HOLD: Final = "hold_confirmed"
CONF_LIVE: Final = "live_prices"
CONF_RENEWABLES: Final = "renewables_states"

TOPOLOGY: Final = Reading[Topology]("topology")

SITES_INTERVAL: Final = timedelta(hours=6)
_ANCHOR: Final = "anchor"
_MINUTE: Final = timedelta(minutes=1)
_AFTER_MIDNIGHT: Final = timedelta(minutes=2)
_SPREAD: Final = 60
"""For what is not urgent: up to 12 s."""

CHANNEL_KINDS: Final = {
    ChannelType.GENERAL: DeviceKind.GENERAL_USAGE,
    ChannelType.CONTROLLED_LOAD: DeviceKind.CONTROLLED_LOAD,
    ChannelType.FEED_IN: DeviceKind.FEED_IN,
}


async def validate(connection: Connection) -> Account:
    """Return the account that the token opens.

    It has no name of its own: its oldest site, which a closed one may be, stands for it.
    """
    sites = await AmberClient(connection).sites()
    return Account(
        id=_anchor(sites),
        systems=frozenset(site.id for site in sites if site.is_active),
    )


def _anchor(sites: tuple[Site, ...]) -> str:
    """Return the id of the oldest site: ids begin with when they were made."""
    return min((site.id for site in sites), default="")


async def _listen(
    live: LivePrices, feed: PriceFeed, deliver: Callable[[Prices], None]
) -> None:
    """Deliver what comes by itself."""

    def on_prices(records: tuple[PriceRecord, ...]) -> None:
        if (prices := feed.pushed(records)) is not None:
            deliver(prices)

    await live.listen(feed.site.id, on_prices)


class AmberSession:
    """Endpoints and devices of an account."""

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first fetch."""
        options = connection.options
        self._client = AmberClient(connection)
        self._memory = Memory(connection.tokens)
        self._installation = connection.installation
        self._basis = Basis(
            advanced=options.get(CONF_ADVANCED, True),
            hold=options.get(CONF_HOLD, False),
        )
        self._states = frozenset(
            word(State, item) for item in options.get(CONF_RENEWABLES) or ()
        )
        self._listed_sites: Mapping[str, Site] = {}
        self._sites: Mapping[str, Site] = {}
        """Those that are supplied."""
        self._feeds: dict[str, PriceFeed] = {}
        self._live: LivePrices | None = None
        if options.get(CONF_LIVE, False):
            self._live = LivePrices(
                connection.http,
                live_url(connection.credentials.get(CONF_BASE_URL)),
                connection.credentials[CONF_TOKEN],
                connection.clock,
                patience=self._patience,
            )
        self._diaries: dict[str, UsageDiary] = {}
        self._regions: dict[str, State] = {}
        self.prices = AmberPrices()
        # The last days of a site come when it is closed already.
        self.history = AmberHistory(
            self._client, lambda: self._listed_sites, self._diaries.get
        )
        self.archive = AmberArchive(
            self._client, lambda: self._sites, lambda: self._regions
        )
        self.topology = Endpoint(
            reading=TOPOLOGY,
            device_id="",
            fetch=self._listed,
            due_in=self._listed_in,
        )

    async def _listed(self) -> Topology:
        """Return the sites that are supplied, and the states.

        Those that the user did not choose are among them, with nothing to be fetched:
        so a device that he had chosen before goes.
        """
        await self._memory.load()
        sites = await self._client.sites()
        self._listed_sites = {site.id: site for site in sites}
        self._sites = {site.id: site for site in sites if site.is_active}
        for site_id, feed in self._feeds.items():
            if (site := self._sites.get(site_id)) is not None:
                feed.take(site)
                self._diaries[site_id].site = site
        anchor = await self._kept_anchor(sites)
        self._regions = {f"{anchor}_{state}": state for state in State}
        some_site = next(iter(self._sites), None)
        return Topology(
            tuple(self._sites),
            tuple(Unit(serial, some_site) for serial in self._regions)
            if some_site
            else (),
        )

    async def _kept_anchor(self, sites: tuple[Site, ...]) -> str:
        """Return what the ids of states begin with, whatever becomes of the sites."""
        if not isinstance(anchor := self._memory.part(_ANCHOR), str):
            anchor = _anchor(sites)
            if self._states and anchor:
                await self._memory.keep(_ANCHOR, anchor)
        return anchor

    def _listed_in(self, topology: Topology, now: datetime) -> timedelta:
        """Return when to look again: a site begins and ends with the market's day."""
        cloud_now = self._client.cloud_time(now)
        midnight = start_of(nem_day(cloud_now) + DAY)
        return min(SITES_INTERVAL, midnight + _AFTER_MIDNIGHT - cloud_now)

    def endpoints(self, topology: Topology) -> tuple[Endpoint[Any], ...]:
        """Return what can be fetched for the account's sites and states."""
        sites = [
            self._sites[site_id]
            for site_id in topology.site_ids
            if site_id in self._sites
        ]
        renewables = (
            renewables_endpoint(
                self._client,
                unit.serial,
                state,
                self._jitter(unit.serial) * _SPREAD,
            )
            for unit in topology.units
            if (state := self._chosen(unit)) is not None
        )
        return (
            *map(self._price_endpoint, sites),
            *map(self._usage_endpoint, sites),
            *renewables,
        )

    def _price_endpoint(self, site: Site) -> Endpoint[Prices]:
        if (feed := self._feeds.get(site.id)) is None:
            feed = self._feeds[site.id] = PriceFeed(
                self._client,
                site,
                self._basis,
                self._memory,
                self._jitter(site.id),
                sites=lambda: len(self._sites),
                is_live=partial(self.is_live, site.id),
            )
        return Endpoint(
            reading=PRICES,
            device_id=site.id,
            fetch=feed.fetch,
            due_in=feed.due_in,
            next_change=feed.next_change,
            longest_retry=LONGEST_RETRY,
            listen=None if self._live is None else partial(_listen, self._live, feed),
        )

    def _patience(self, site_id: str) -> timedelta:
        """Return how long no price of a site may come by itself."""
        interval = self._feeds[site_id].site.interval
        return max(STALE, interval + _MINUTE)

    def is_live(self, site_id: str) -> bool:
        """Return whether a site's prices come by themselves now."""
        return self._live is not None and self._live.is_live(site_id)

    def _usage_endpoint(self, site: Site) -> Endpoint[MeteredUsage]:
        if (diary := self._diaries.get(site.id)) is None:
            name = f"usage {site.id}"

            async def load() -> Any:
                return self._memory.part(name)

            diary = self._diaries[site.id] = UsageDiary(
                self._client, site, load, partial(self._memory.keep, name)
            )
        return Endpoint(
            reading=USAGE,
            device_id=site.id,
            fetch=diary.fetch,
            due_in=diary.due_in,
            essential=False,
        )

    def _jitter(self, device_id: str) -> timedelta:
        """Return an own offset below 0.2 s: more would make prices late."""
        return own_jitter(self._installation, device_id) / 5

    def devices(self, topology: Topology, readings: Readings) -> tuple[Device, ...]:
        """Return sites with a device per channel, and the states.

        Where there are several sites, the network tells them apart.
        """
        devices: list[Device] = []
        for site_id in topology.site_ids:
            name = self._name(site_id)
            devices.append(Device(site_id, DeviceKind.SITE, site_id, model=name))
            devices += (
                Device(f"{site_id}_{kind}", kind, site_id, site_id, name)
                for channel, kind in CHANNEL_KINDS.items()
                if channel in self._channels(site_id, readings)
            )
        devices += (
            Device(
                unit.serial,
                DeviceKind.GRID_REGION,
                unit.serial,
                model=STATE_NAMES[state],
            )
            for unit in topology.units
            if (state := self._chosen(unit)) is not None
        )
        return tuple(devices)

    def _name(self, site_id: str) -> str | None:
        """Return what tells a site from the others, None where there are none."""
        network = self._sites[site_id].network if site_id in self._sites else None
        if network is None or len(self._sites) == 1:
            return None
        alike = [key for key, site in self._sites.items() if site.network == network]
        number = sorted(alike).index(site_id) + 1
        return network if number == 1 else f"{network} {number}"

    def _chosen(self, unit: Unit) -> State | None:
        """Return the state that a unit stands for, None for one that nobody chose."""
        state = self._regions.get(unit.serial)
        return state if state in self._states else None

    def _channels(self, site_id: str, readings: Readings) -> frozenset[ChannelType]:
        if (known := readings.get(PRICES, site_id)) is not None:
            return known.channels
        site = self._sites.get(site_id)
        return frozenset() if site is None else site.channel_types

    def controllers(
        self, topology: Topology, readings: Readings
    ) -> tuple[ScheduleController, ...]:
        """Return nothing: a retailer has no plan of a device."""
        return ()

    def statistics(self) -> Mapping[str, int]:
        """Return the number of calls made so far, by endpoint label."""
        return dict(self._client.calls)

    def raw_payloads(self) -> Mapping[str, Any]:
        """Return the last raw answer of every endpoint."""
        serials = {state.value: serial for serial, state in self._regions.items()}
        return {
            " ".join(serials.get(part, part) for part in name.split()): payload
            for name, payload in self._client.raw.items()
        }

    def clock_skew(self) -> timedelta | None:
        """Return None: the cloud does not mind, for polls are timed by its clock."""
        return None

    def secrets(self) -> tuple[str, ...]:
        """Return the token."""
        return self._client.secrets

    def identities(self) -> tuple[str, ...]:
        """Return the ids and meter numbers of the sites."""
        numbers = (site.nmi for site in self._listed_sites.values() if site.nmi)
        return (*self._listed_sites, *self._regions, *numbers)
