"""What is left in the cloud when an account is removed."""

import asyncio
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .connection import async_connection
from .const import CONF_CREDENTIALS, CONF_DELETE_ON_REMOVAL, CONF_VENDOR
from .core.errors import VendorError
from .core.models import Readings
from .journal import Journal
from .settle import item_of
from .vendors import REGISTRY

_LOGGER = logging.getLogger(__name__)

_PATIENCE_S: Final = 30
"""Removing an account must not hang on a cloud that does not answer."""


async def async_delete_own_schedules(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete what the account's journal knows to be ours in the cloud.

    What cannot be deleted ends by itself, and the log says so.
    """
    if not entry.options.get(CONF_DELETE_ON_REMOVAL, True):
        return
    journal = Journal(hass, entry.entry_id)
    await journal.load()
    left = journal.left_in_cloud(dt_util.utcnow())
    if not left:
        return
    connection = await async_connection(hass, entry.data[CONF_CREDENTIALS], entry)
    session = REGISTRY[entry.data[CONF_VENDOR]].connect(connection)
    failed = len(left)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            topology = await session.topology.fetch()
            session.endpoints(topology)
            controllers = {
                controller.device_id: controller
                for part in topology.parts().values()
                for controller in session.controllers(part, Readings())
            }
            for device_id, dispatch in left:
                if (controller := controllers.get(device_id)) is not None:
                    await controller.send(controller.delete_call(item_of(dispatch)))
                    failed -= 1
    except (VendorError, TimeoutError) as error:
        _LOGGER.debug("Deleting schedules was broken off: %s", type(error).__name__)
    if failed:
        _LOGGER.warning(
            "Some schedules stay in the cloud of a removed account: %d",
            failed,
        )
