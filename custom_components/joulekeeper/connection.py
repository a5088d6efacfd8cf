"""A vendor's way into Home Assistant: sessions, clock, and a file for its tokens."""

from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import instance_id
from homeassistant.helpers.aiohttp_client import (
    async_create_clientsession,
    async_get_clientsession,
)
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .brands import async_vendor
from .const import CONF_SYSTEMS, CONF_VENDOR, DOMAIN
from .vendors.base import Connection, TokenStore

_TOKEN_STORE_VERSION = 1


def token_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the private file that keeps an account's tokens over restarts."""
    return Store(hass, _TOKEN_STORE_VERSION, f"{DOMAIN}.{entry_id}.token", private=True)


@dataclass(frozen=True, slots=True)
class _StoredTokens:
    store: Store[dict[str, Any]]

    async def load(self) -> dict[str, Any] | None:
        return await self.store.async_load()

    async def save(self, data: Any) -> None:
        await self.store.async_save(dict(data))


class _TrialTokens:
    """Keeps what a trial of credentials has brought, until its flow is over."""

    def __init__(self) -> None:
        self.data: dict[str, Any] | None = None

    async def load(self) -> dict[str, Any] | None:
        return self.data

    async def save(self, data: Any) -> None:
        self.data = dict(data)


_HANDED_OVER: Final[HassKey[dict[str, dict[str, Any]]]] = HassKey(
    f"{DOMAIN}_handed_over"
)


def hand_over(hass: HomeAssistant, unique_id: str, connection: Connection) -> None:
    """Let an entry that is about to be set up go on with the session of its trial.

    Some clouds lock accounts that log in too often.
    """
    tokens = connection.tokens
    if isinstance(tokens, _TrialTokens) and tokens.data:
        hass.data.setdefault(_HANDED_OVER, {})[unique_id] = tokens.data


async def async_connection(
    hass: HomeAssistant,
    credentials: dict[str, str],
    entry: ConfigEntry | None = None,
) -> Connection:
    """Return a vendor's way into Home Assistant; without an entry it keeps no file."""
    options: dict[str, Any] = {}
    systems: frozenset[str] = frozenset()
    tokens: TokenStore = _TrialTokens()
    if entry is not None:
        tokens = _StoredTokens(token_store(hass, entry.entry_id))
        handed_over = hass.data.get(_HANDED_OVER, {})
        if (brought := handed_over.pop(entry.unique_id or "", None)) is not None:
            await tokens.save(brought)
        spec = await async_vendor(hass, entry.data[CONF_VENDOR])
        if spec.picks:
            systems = frozenset(entry.data[CONF_SYSTEMS])
        options = {
            option.key: entry.options.get(option.key, option.default)
            for option in spec.options
        }
    return Connection(
        http=async_get_clientsession(hass),
        # A server given by its bare IP address must be able to set cookies too.
        cookie_session=lambda: async_create_clientsession(
            hass,
            auto_cleanup=entry is not None,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        ),
        clock=dt_util.utcnow,
        tokens=tokens,
        credentials=credentials,
        options=options,
        installation=await instance_id.async_get(hass),
        zone=dt_util.get_default_time_zone,
        systems=systems,
    )


def systems_in_use(
    hass: HomeAssistant, vendor: str, *, except_entry: str | None
) -> frozenset[str]:
    """Return the systems of a vendor's other entries, so that none is added twice."""
    systems: set[str] = set()
    for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False):
        if entry.data[CONF_VENDOR] == vendor and entry.entry_id != except_entry:
            systems |= _shown_by(entry)
    return frozenset(systems)


def _shown_by(entry: ConfigEntry) -> frozenset[str]:
    """Return the systems of an entry by now: what it has lost blocks nobody."""
    if entry.state is ConfigEntryState.LOADED:
        account = entry.runtime_data.account
        if not account.spec.picks:
            shown: frozenset[str] = account.topology.systems
            return shown
    return systems_of(entry)


def systems_of(entry: ConfigEntry) -> frozenset[str]:
    """Return the systems of an entry; since it was added it may have got more."""
    systems = frozenset(entry.data[CONF_SYSTEMS])
    if entry.state is ConfigEntryState.LOADED:
        systems |= entry.runtime_data.account.topology.systems
    return systems
