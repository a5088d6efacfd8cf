"""Which entry shows which systems, so that none is shown twice."""

from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import CONF_VENDOR, DOMAIN
from .core.models import Topology

_SHOWN_TWICE: Final = "system_shown_twice"
"""The reason for which an entry is refused."""
_CLAIMS: Final[HassKey[dict[str, frozenset[str]]]] = HassKey(f"{DOMAIN}_claims")


@callback
def async_claim(hass: HomeAssistant, entry: ConfigEntry, topology: Topology) -> None:
    """Note what systems an entry shows, until it is unloaded."""
    hass.data.setdefault(_CLAIMS, {})[entry.entry_id] = topology.systems


@callback
def async_release(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Let others show the systems of an entry; one that is disabled has them no more."""
    hass.data.get(_CLAIMS, {}).pop(entry.entry_id, None)
    if entry.disabled_by is not None:
        async_offer(hass, entry)


@callback
def async_offer(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Load those again that were refused for what an entry has shown."""
    for other in hass.config_entries.async_entries(DOMAIN):
        if (
            other.entry_id != entry.entry_id
            and other.data[CONF_VENDOR] == entry.data[CONF_VENDOR]
            and other.state is ConfigEntryState.SETUP_ERROR
            and other.error_reason_translation_key == _SHOWN_TWICE
        ):
            hass.config_entries.async_schedule_reload(other.entry_id)


@callback
def async_others(
    hass: HomeAssistant, entry: ConfigEntry, topology: Topology
) -> tuple[ConfigEntry, ...]:
    """Return the entries of the same vendor that show any of some systems already."""
    claims = hass.data.get(_CLAIMS, {})
    return tuple(
        other
        for other in hass.config_entries.async_entries(DOMAIN)
        if other.entry_id != entry.entry_id
        and other.data[CONF_VENDOR] == entry.data[CONF_VENDOR]
        and not topology.systems.isdisjoint(claims.get(other.entry_id, frozenset()))
    )


@callback
def async_unclaimed(
    hass: HomeAssistant, entry: ConfigEntry, topology: Topology
) -> Topology:
    """Return what of a topology no other entry shows."""
    claims = hass.data.get(_CLAIMS, {})
    taken: frozenset[str] = frozenset()
    for other in async_others(hass, entry, topology):
        taken |= claims[other.entry_id]
    return topology.without(taken)
