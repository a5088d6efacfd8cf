"""What a bench asks the integration about an Anker Solix account."""

from datetime import datetime

from custom_components.joulekeeper.vendors.anker import pace
from custom_components.joulekeeper.vendors.anker.endpoints import SCENE
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..subject import ours


def newest_stamp(_: HomeAssistant, entry: ConfigEntry) -> datetime | None:
    """Return the report whose values the first system's entities show."""
    account = entry.runtime_data.account
    scene = account.readings.get(SCENE, account.topology.site_ids[0])
    return None if scene is None else scene.reported_at


def forget_calls(hass: HomeAssistant) -> None:
    """Let an account that is loaded next find no calls of the last minute."""
    pace._PACES.pop(async_get_clientsession(hass), None)  # noqa: SLF001


SUBJECT = ours("anker", newest_stamp, forget_calls=forget_calls)
