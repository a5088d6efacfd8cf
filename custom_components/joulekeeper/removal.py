"""What is left in the cloud when an account is removed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .brands import async_vendor
from .connection import async_connection
from .const import CONF_CREDENTIALS, CONF_DELETE_ON_REMOVAL, CONF_VENDOR
from .control import new_tag
from .core.errors import AuthError, RateLimited, VendorError
from .core.loan import Loan
from .core.models import Readings
from .core.schedule import Programme, ScheduleItem
from .issues import async_create_loan_issue
from .journal import Journal
from .settle import READ_BACK_WAITS_S
from .settle_items import item_of
from .vendors.base import Endpoint, ItemController, PlanController

_LOGGER = logging.getLogger(__name__)

_PATIENCE_S: Final = 30
"""Removing an account must not hang on a cloud that does not answer."""
_PATIENCE_WITH_A_LOAN_S: Final = 150
"""A write or two may each have to wait for a minute."""
_WAIT_S: Final = 60
_HOPELESS: Final = (AuthError, RateLimited)
"""After these no other call would be answered either."""


async def async_delete_own_schedules(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete all that is ours in the cloud: by the journal, and by our mark.

    Each item is tried by itself; what cannot be deleted ends by itself, and the log
    tells how many there are. What is lent from a plan does not end by itself, so it is
    given back in any case, with more patience, and a repair tells where that failed.

    This writes without the keeper's lock and budget, on purpose: the keeper is the only
    one who writes for an account that is loaded, and this one no longer is. It has to
    be done now or never, so nothing is gained by waiting for a budget.
    """
    journal = Journal(hass, entry.entry_id)
    try:
        await journal.load()
    except HomeAssistantError:
        _LOGGER.warning("The journal of a removed account cannot be read")
    now = dt_util.utcnow()
    left = {
        device_id: [item_of(dispatch) for dispatch in dispatches]
        for device_id, dispatches in journal.left_in_cloud(now).items()
    }
    lent = {
        device_id: loan
        for device_id in journal.devices
        if (loan := journal.ledger(device_id).loan)
    }
    deletes = entry.options.get(CONF_DELETE_ON_REMOVAL, True)
    spec = await async_vendor(hass, entry.data[CONF_VENDOR])
    if not lent and (not deletes or (spec.lends and not left)):
        return
    connection = await async_connection(hass, entry.data[CONF_CREDENTIALS], entry)
    session = spec.connect(connection)
    try:
        async with asyncio.timeout(_PATIENCE_WITH_A_LOAN_S if lent else _PATIENCE_S):
            topology = await session.topology.fetch()
            lists = {item.id: item for item in session.endpoints(topology)}
            for part in topology.parts().values():
                for controller in session.controllers(part, Readings()):
                    device_id = controller.device_id
                    endpoint = lists.get(controller.read_back)
                    if isinstance(controller, PlanController):
                        loan = lent.get(device_id)
                        if loan is not None and endpoint is not None:
                            with _by_itself("giving back a plan"):
                                if await _give_back(controller, endpoint, loan, now):
                                    del lent[device_id]
                            left.pop(device_id, None)
                    elif deletes:
                        ours = left.setdefault(device_id, [])
                        await _delete(controller, endpoint, journal, ours, now)
    except (VendorError, TimeoutError) as error:
        _LOGGER.debug("Deleting schedules was broken off: %s", type(error).__name__)
    for device_id, loan in lent.items():
        left.pop(device_id, None)
        async_create_loan_issue(hass, entry, device_id, loan)
    if deletes and (count := sum(map(len, left.values()))):
        _LOGGER.warning(
            "Some schedules stay in the cloud of a removed account: %d. They end by"
            " themselves; if they must end now, delete them in the maker's own app",
            count,
        )


async def _give_back(
    controller: PlanController, endpoint: Endpoint[Any], loan: Loan, now: datetime
) -> bool:
    """Write a plan as its owner wants it, and look; tell whether the cloud shows it.

    Where the cloud asks to wait, that is done once per call.
    """
    readings = Readings()
    readings.put(endpoint.id, await endpoint.fetch())
    back = controller.rewrite(readings, loan, (), now)
    for call in back.calls:
        try:
            await controller.send(call)
        except RateLimited as error:
            wait = error.retry_after
            await asyncio.sleep(_WAIT_S if wait is None else wait)
            await controller.send(call)
    if not back.calls or back.loan is None:
        return True
    for wait_s in READ_BACK_WAITS_S:
        await asyncio.sleep(wait_s)
        readings.put(endpoint.id, await endpoint.fetch())
        if controller.shows(readings, back.loan):
            return True
    return False


async def _delete(
    controller: ItemController,
    endpoint: Endpoint[Any] | None,
    journal: Journal,
    ours: list[ScheduleItem],
    now: datetime,
) -> None:
    """Delete what is ours of single items, what rules now first.

    `ours` is brought up to date, and holds what could not be deleted in the end.
    """
    readings, sent = Readings(), journal.ledger(controller.device_id).sent()
    if endpoint is not None:
        with _by_itself("the list"):
            readings.put(endpoint.id, await endpoint.fetch())
    programme = controller.programme(readings, sent)
    if programme is not None:
        ours[:] = _ours(journal, controller.device_id, programme, now)
    for item in sorted(ours, key=lambda item: item.start):
        if item.vendor_id is not None:
            with _by_itself("a delete"):
                await controller.send(controller.delete_call(item))
                ours.remove(item)


@contextmanager
def _by_itself(what: str) -> Iterator[None]:
    """Go on after an error of the cloud, but not after one that all calls would meet."""
    try:
        yield
    except _HOPELESS:
        raise
    except VendorError as error:
        _LOGGER.debug("At a removal %s failed: %s", what, type(error).__name__)


def _ours(
    journal: Journal, device_id: str, programme: Programme, now: datetime
) -> list[ScheduleItem]:
    """Return what is ours in a list, and what of ours may still come to be listed.

    What somebody else has changed is theirs.
    """
    ledger = journal.ledger(device_id)
    ledger.observe(programme, now, new_tag)
    listed = [item for item in ledger.claim(programme).own() if item.end > now]
    known = {item.vendor_id for item in listed}
    unlisted = [
        item_of(dispatch)
        for dispatch in journal.left_in_cloud(now).get(device_id, ())
        if dispatch.vendor_id not in known
        if dispatch.vendor_id or (dispatch.due_at and dispatch.due_at > now)
    ]
    return [*listed, *unlisted]
