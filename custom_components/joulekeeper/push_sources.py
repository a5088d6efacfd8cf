"""Where the flows come from that are pushed: a site of an account, or picked entities."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from .account import LoadedAccount
from .coordinator import EndpointCoordinator
from .core.flow import SiteFlow
from .push_feed import Feed, Trouble
from .push_picked import CONF_ENTITIES, EntityFeed
from .runtime import JoulekeeperConfigEntry, account_of, loaded_accounts
from .vendors.base import FlowSource, HasFlows

CONF_ENTRY: Final = "entry_id"
CONF_SITE: Final = "site_id"
_OLDEST: Final = timedelta(minutes=30)
"""What was measured before is no longer the present, however slow the cloud is."""


@callback
def feed_of(
    hass: HomeAssistant, source: Mapping[str, Any], max_age: timedelta | None
) -> Feed:
    """Return what reads a source; entities may be as old as `max_age`, None: any."""
    if (picked := source.get(CONF_ENTITIES)) is not None:
        return EntityFeed(hass, picked, max_age)
    return SiteFeed(hass, source[CONF_ENTRY], source[CONF_SITE])


class SiteFeed:
    """A site of an account, through all reloads of its entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, site_id: str) -> None:
        """Follow nothing before `async_start`."""
        self._hass = hass
        self._entry_id = entry_id
        self._site_id = site_id
        self._on_change: Callable[[], None] = lambda: None
        self._account: LoadedAccount | None = None
        self._followed: list[EndpointCoordinator[Any]] = []
        self._leave_account: CALLBACK_TYPE | None = None
        self._leave_endpoints: list[CALLBACK_TYPE] = []

    def read(self) -> SiteFlow | Trouble:
        """Return what flows at present, or why that is not known."""
        entry = self._hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return Trouble.REMOVED
        if (account := _account(entry)) is None:
            return Trouble.NOT_LOADED
        if (source := _source(account, self._site_id)) is None:
            return Trouble.REMOVED
        if account.pause.on:
            return Trouble.PAUSED
        coordinators = [account.coordinators.get(item) for item in source.endpoints]
        if not all(
            item is not None and item.last_update_success for item in coordinators
        ):
            return Trouble.UNREACHABLE
        if (flow := source.flow(account.readings)) is None:
            return Trouble.NO_DATA
        measured_at = flow.measured_at
        if measured_at is not None and dt_util.utcnow() - measured_at > _OLDEST:
            return Trouble.STALE
        return flow

    @callback
    def async_start(self, on_change: Callable[[], None]) -> CALLBACK_TYPE:
        """Follow the source until the returned function is called."""
        self._on_change = on_change
        stop = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
        )
        self._async_follow_account()

        def end() -> None:
            stop()
            self._async_leave()

        return end

    @callback
    def _async_entry_changed(
        self, change: ConfigEntryChange, entry: ConfigEntry
    ) -> None:
        if entry.entry_id == self._entry_id:
            self._async_follow_account()
            self._on_change()

    @callback
    def _async_follow_account(self) -> None:
        """Listen to the account as it is loaded now, if it is."""
        entry = self._hass.config_entries.async_get_entry(self._entry_id)
        account = None if entry is None else _account(entry)
        if account is self._account:
            return
        self._async_leave()
        self._account = account
        if account is not None:
            self._leave_account = account.async_on_device(self._async_follow_source)
            self._async_follow_source()

    @callback
    def _async_follow_source(self, source_id: str = "") -> None:
        """Listen to the site's endpoints, which makes them be polled."""
        if self._account is None:
            return
        source = _source(self._account, self._site_id)
        wanted = [
            coordinator
            for item in (() if source is None else source.endpoints)
            if (coordinator := self._account.coordinators.get(item)) is not None
        ]
        if wanted == self._followed:
            return
        self._async_leave_endpoints()
        self._followed = wanted
        self._leave_endpoints = [
            coordinator.async_add_listener(self._on_change) for coordinator in wanted
        ]

    @callback
    def _async_leave(self) -> None:
        self._async_leave_endpoints()
        if self._leave_account is not None:
            self._leave_account()
            self._leave_account = None
        self._account = None

    @callback
    def _async_leave_endpoints(self) -> None:
        self._followed = []
        while self._leave_endpoints:
            self._leave_endpoints.pop()()


def _account(entry: ConfigEntry) -> LoadedAccount | None:
    """Return an entry's account while it is loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    runtime = account_of(entry)
    return None if runtime is None else runtime.account


def _source(account: LoadedAccount, site_id: str) -> FlowSource | None:
    """Return a site of an account, None if it has no such site."""
    return next((item for item in _sources(account) if item.device_id == site_id), None)


def _sources(account: LoadedAccount) -> Sequence[FlowSource]:
    session = account.session
    if not isinstance(session, HasFlows):
        return ()
    return session.flow_sources(account.topology, account.readings)


@dataclass(frozen=True, slots=True)
class Site:
    """A site that can be picked, by the name under which the user knows it."""

    entry_id: str
    site_id: str
    name: str

    @property
    def value(self) -> str:
        """What stands for it in a form."""
        return f"{self.entry_id} {self.site_id}"


@callback
def sites_of(hass: HomeAssistant) -> tuple[Site, ...]:
    """Return the sites of all loaded accounts that tell what flows."""
    sites = [
        Site(entry.entry_id, source.device_id, _name(hass, entry, source.device_id))
        for entry in loaded_accounts(hass)
        for source in _sources(entry.runtime_data.account)
    ]
    names = [site.name for site in sites]
    return tuple(
        replace(site, name=f"{site.name} ({site.site_id})")
        if names.count(site.name) > 1
        else site
        for site in sites
    )


def _name(hass: HomeAssistant, entry: JoulekeeperConfigEntry, site_id: str) -> str:
    """Return the account's title with the name of the site or its first hardware."""
    account = entry.runtime_data.account
    units = (item.serial for item in account.topology.units if item.site_id == site_id)
    registry = dr.async_get(hass)
    for device_id in (site_id, *units):
        registry_id = account.registry_id(device_id)
        device = registry.async_get(registry_id) if registry_id else None
        if device is not None:
            return f"{entry.title}: {device.name_by_user or device.name}"
    return entry.title
