"""What is known of an account: its systems, and what is asked for each of them."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from ...core.errors import AuthError, RateLimited, TransientError, VendorError
from ...core.models import Topology, Unit
from .client import AnkerClient
from .details import BoundDevice, PowerLimit
from .details_feed import SELDOM, AccountDetails, DetailsFeed, SiteDetails
from .energy_days import Energies
from .energy_feed import EnergyFeed
from .models import Scene, Site
from .pace import OWN_BUDGET
from .panel_feed import PanelFeed, PanelNow
from .plan import PROFILE_TYPE, Bank, NoPlan, SitePlan, plan_type
from .price_feed import PriceFeed, Prices
from .products import INVERTER_TYPE, MI80
from .rhythm import SceneRhythm, WallClock
from .shown import ShownScene
from .standalone_feed import Standalone, StandaloneFeed

_SITES_A_MINUTE: Final = 8
_STANDS_IN: Final = timedelta(minutes=3)
"""How long an overview is good while our own count leaves no call for a newer one."""
_AT_ONCE: Final = 8
"""Calls that begin without a distance when an account is loaded."""


class SiteFeeds:
    """What is asked for one system."""

    def __init__(
        self, account: AccountFeeds, site_id: str, rhythm: SceneRhythm
    ) -> None:
        """Know nothing yet."""
        self.site_id = site_id
        self.rhythm = rhythm
        self._account = account
        self._client = account.client
        self._wall = WallClock()
        self._shown = ShownScene(account.client.country)
        self._details = DetailsFeed(account.details, site_id)
        self._energies = EnergyFeed(
            account.client, site_id, account.today, account.midnight
        )
        self._prices = PriceFeed(
            account.client, site_id, lambda: account.today()[0], account.zone
        )
        self._panel: PanelFeed | None = None
        self._scene: Scene | None = None
        self._fetched_ahead = False
        self._told_at: datetime | None = None
        self._products: dict[str, str] = {}

    def identities(self) -> Iterator[str | None]:
        """Yield what names its devices and accessories."""
        if self._scene is not None:
            yield from self._scene.serials
        yield from self._details.identities()

    @property
    def owned(self) -> bool | None:
        """Whether the account may see all of it."""
        site = self._account.site(self.site_id)
        return None if site is None else site.owned

    async def scene(self) -> Scene:
        """Return what the system does now; one that was fetched ahead is taken once.

        While too many others ask, it is the last one for some minutes. TransientError
        where the cloud tells nothing at all.
        """
        if not self._fetched_ahead or self._scene is None:
            now = self._account.clock()
            try:
                scene = await self._client.scene(self.site_id)
            except RateLimited as error:
                young = self._told_at is not None and now - self._told_at < _STANDS_IN
                if error.reason != OWN_BUDGET or self._scene is None or not young:
                    raise
                return self._scene
            if scene.site_id is None and not scene.serials:
                raise TransientError("get_scen_info: nothing told")
            self._told_at = now
            if (told := scene.measured_at) is not None:
                now, zone = self._account.clock(), self._account.zone
                instant = self._wall.instant(told, now, zone)
                scene = replace(scene, reported_at=instant)
            self._scene = self._shown.after(scene, self._account.clock())
        self._fetched_ahead = False
        return self._scene

    async def scene_ahead(self) -> Scene:
        """Return what the system does, for somebody else than who shows it."""
        if self._scene is None:
            await self.scene()
            self._fetched_ahead = True
        assert self._scene is not None
        return self._scene

    def expire(self) -> None:
        """Have all details fetched anew the next time."""
        self._details.expire()

    async def details(self) -> SiteDetails:
        """Return what is known of the devices; what fails costs only itself."""
        return await self._details.details(await self.scene_ahead(), owned=self.owned)

    def _banks(self, scene: Scene) -> list[Bank]:
        """Return the banks; TransientError where it is not told which some are.

        Which kind of plan there is hangs on each of them.
        """
        told = {
            bank.serial: bank.product
            for bank in scene.solarbanks.values()
            if bank.product is not None
        }
        self._products.update(told)
        known = {
            serial: product
            for serial in scene.solarbanks
            if (product := self._products.get(serial)) is not None
        }
        if len(known) < len(scene.solarbanks):
            raise TransientError("get_scen_info: a bank without a product")
        return [Bank(serial, product) for serial, product in known.items()]

    async def plan(self) -> SitePlan:
        """Return what rules the banks."""
        scene = await self.scene_ahead()
        banks = self._banks(scene)
        kind = plan_type(banks)
        raw: Mapping[str, Any] | None = None
        limit = PowerLimit.parse({})
        if self.owned is not False and kind == PROFILE_TYPE:
            load = await self._client.home_load(self.site_id, banks[0].serial)
            raw = load.profile
        elif self.owned is not False and kind is not None:
            raw = await self._client.param(self.site_id, kind)
            limit = await self._details.power_limit() or limit
        plan = SitePlan.parse(
            raw,
            banks,
            self._wall.zone(self._account.zone),
            meter=scene.grid is not None and bool(scene.grid.meters),
            plugs=bool(scene.plugs),
            time_slots=scene.features.get("enable_timeslot", False),
            grid_limit_w=limit.grid_input_w(bank.serial for bank in banks),
            chosen_w=limit.all_w,
            legal_w=limit.legal_w,
            clock=self._account.clock,
        )
        if self.owned is False:
            return replace(plan, missing=NoPlan.MEMBER)
        return plan

    async def energies(self) -> Energies:
        """Return the energies of today; a kind that fails costs only itself."""
        return await self._energies.energies(await self.scene_ahead())

    async def prices(self) -> Prices:
        """Return what energy costs, and what is expected."""
        return await self._prices.prices(await self.scene_ahead(), owned=self.owned)

    async def panel(self) -> PanelNow:
        """Return what a power panel or home storage tells; LookupError for others."""
        if self._panel is None:
            if (site := self._account.site(self.site_id)) is None:
                raise LookupError(self.site_id)
            self._panel = PanelFeed(
                self._client,
                site,
                lambda: self._account.today()[1],
                self._account.details.interval,
            )
        return await self._panel.now()


class AccountFeeds:
    """The systems of an account, and what concerns all of them."""

    def __init__(
        self,
        client: AnkerClient,
        zone: tzinfo,
        interval: timedelta,
        details_interval: timedelta,
        jitter: timedelta,
    ) -> None:
        """Know nothing yet; `zone` is that of the devices' wall clocks."""
        self.client = client
        self.clock = client.clock
        self.zone = zone
        self.details = AccountDetails(client, details_interval)
        self._interval = interval
        self._jitter = jitter
        self._sites: Mapping[str, Site] = {}
        self._feeds: dict[str, SiteFeeds] = {}
        self.bound = self.details.bound
        self._inverters: dict[str, StandaloneFeed] = {}
        self._alone: frozenset[str] = frozenset()
        self.is_unsure = False

    def site(self, site_id: str) -> Site | None:
        """Return a system as it was listed last."""
        return self._sites.get(site_id)

    def feeds(self, site_id: str) -> SiteFeeds:
        """Return what asks for a system."""
        if site_id not in self._feeds:
            rhythm = SceneRhythm(self._scene_interval(), self._jitter)
            self._feeds[site_id] = SiteFeeds(self, site_id, rhythm)
        return self._feeds[site_id]

    def _scene_interval(self) -> timedelta:
        """Return how long the overviews of a system lie apart at least.

        All overviews of all accounts come from one endpoint of ten calls a minute.
        """
        systems = self.client.api.pace().systems
        systems[self] = len(self._sites)
        turns = timedelta(minutes=-(-sum(systems.values()) // _SITES_A_MINUTE))
        return max(self._interval, turns)

    def device(self, serial: str) -> BoundDevice | None:
        """Return what the account's list tells of a device."""
        return (self.bound.known or {}).get(serial)

    def today(self) -> tuple[date, datetime]:
        """Return the day of the devices' calendar, and when it began."""
        day = self.clock().astimezone(self.zone).date()
        return day, self.midnight(day)

    def midnight(self, day: date) -> datetime:
        """Return when a day of the devices' calendar begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def identities(self) -> tuple[str, ...]:
        """Return what names systems, devices and accessories."""
        inside = (name for it in self._feeds.values() for name in it.identities())
        bound = self.bound.known or {}
        macs = (device.mac for device in bound.values())
        return tuple(filter(None, (*self._sites, *inside, *bound, *macs)))

    def standalone(self, serial: str) -> StandaloneFeed:
        """Return what asks for an inverter without a system."""
        if serial not in self._inverters:
            self._inverters[serial] = StandaloneFeed(
                self.client, serial, self.today, self.details.interval, SELDOM
            )
        return self._inverters[serial]

    async def inverter(self, serial: str) -> Standalone:
        """Return what an inverter without a system does, and what is known of it."""
        await self.bound.get()
        return await self.standalone(serial).now()

    async def topology(self) -> Topology:
        """Return the systems, and inverters that belong to none (4.13)."""
        if first := not self._sites:
            self.client.allow_at_once(2)
        if self.client.api.login.region_to_try is None:
            sites, bound = await asyncio.gather(self.client.sites(), self._bound())
        else:
            # The systems tell in which region there are devices at all.
            sites, bound = await self.client.sites(), await self._bound()
        self._sites = {site.id: site for site in sites}
        interval = self._scene_interval()
        for feeds in self._feeds.values():
            feeds.rhythm.interval = interval
        if first:
            # Their overviews come next.
            self.client.allow_at_once(min(len(sites), _AT_ONCE))
        if not sites and (error := self.bound.error) is not None and not bound:
            # Nobody knows whether there is anything at all.
            raise error
        alone = [serial for serial, device in bound.items() if device.product == MI80]
        self.is_unsure = False
        if alone:
            inside = await self._inside()
            self.is_unsure = inside is None
            others = self._alone if inside is None else set(alone) - inside
            alone = [serial for serial in alone if serial in others]
        self._alone = frozenset(alone)
        return Topology(
            tuple(self._sites), tuple(Unit(serial, serial) for serial in alone)
        )

    async def _inside(self) -> frozenset[str] | None:
        """Return the inverters that belong to systems, None while that is not known."""
        scenes = await asyncio.gather(
            *(self.feeds(site_id).scene_ahead() for site_id in self._sites),
            return_exceptions=True,
        )
        inside: set[str] = set()
        for site, scene in zip(self._sites.values(), scenes, strict=True):
            if isinstance(scene, Scene):
                inside |= scene.inverters.keys()
            elif isinstance(scene, AuthError) or not isinstance(scene, VendorError):
                raise scene
            elif not site.device_types or INVERTER_TYPE in site.device_types:
                return None
        return frozenset(inside)

    async def _bound(self) -> Mapping[str, BoundDevice]:
        """Return the account's devices; a member has none."""
        sites = self._sites.values()
        if sites and all(site.is_member for site in sites):
            return {}
        return await self.bound.get() or {}
