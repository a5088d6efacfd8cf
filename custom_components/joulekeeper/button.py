"""Buttons: the only entities from which something is sent, or fetched out of turn."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Final, override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account_entities import REFRESH
from .const import DOMAIN
from .core.dispatch import State
from .core.models import Device
from .entity import (
    Candidate,
    ControlEntity,
    JoulekeeperEntity,
    async_add_when_known,
    control_candidates,
)
from .plan_buttons import BUTTONS, ControlButtonDescription
from .rule_edits import VIA_ENTITIES, Caller
from .runtime import JoulekeeperConfigEntry, RuntimeData

PARALLEL_UPDATES = 1

_NOT_PROVED: Final = (
    State.SENT,
    State.ACCEPTED,
    State.UNCONFIRMED,
    State.RESTORE_PENDING,
)
REFRESH_PAUSE: Final = timedelta(seconds=30)
"""The least time from one fetch of a device's details to the next."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons."""
    runtime = entry.runtime_data
    for candidates in (
        control_candidates(runtime, BUTTONS, ControlButton),
        partial(_refresh_buttons, runtime),
    ):
        async_add_when_known(entry, async_add_entities, Platform.BUTTON, candidates)


def _refresh_buttons(
    runtime: RuntimeData, device: Device, there: Collection[str]
) -> Iterable[Candidate]:
    """Return the button of a device of which something is fetched seldom."""
    if REFRESH.key in there:
        return
    if device.kind.is_hardware and runtime.account.refreshed(device):
        yield Candidate(
            REFRESH.key,
            lambda: True,
            partial(RefreshButton, runtime, device, REFRESH, ()),
        )


class ControlButton(ControlEntity, ButtonEntity):
    """A button of a device that has a plan."""

    entity_description: ControlButtonDescription
    _steady = True

    @override
    async def async_press(self) -> None:
        """Do it; what the cloud did not confirm is an error."""
        caller = Caller(VIA_ENTITIES, self._context.user_id if self._context else None)
        result = await self.entity_description.press_fn(
            self._runtime.keeper, self._control, caller
        )
        if result.get("base_mode") == "unchanged":
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="base_mode_unchanged"
            )
        if result.get("state") == State.QUEUED:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="queued"
            )
        if result.get("state") in _NOT_PROVED:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="unconfirmed"
            )


class RefreshButton(JoulekeeperEntity, ButtonEntity):
    """Fetches at once what is fetched seldom of a device.

    It can be pressed though the last fetch has failed, but not too often.
    """

    @property
    @override
    def available(self) -> bool:
        return not self._runtime.account.pause.on

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the pauses of the account."""
        await super().async_added_to_hass()
        account = self._runtime.account
        self.async_on_remove(account.async_on_pause(self.async_write_ha_state))

    @override
    async def async_press(self) -> None:
        """Fetch all of it; what fails is an error."""
        account = self._runtime.account
        account.pause.check()
        if not (coordinators := account.refreshed(self._device)):
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="account_closing"
            )
        seldom = coordinators[0]
        if seldom.fetching:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="refresh_running"
            )
        if (refreshed_at := account.refreshed_at(self._device)) is not None:
            left = (refreshed_at + REFRESH_PAUSE - dt_util.utcnow()).total_seconds()
            if left > 0:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="refresh_too_soon",
                    translation_placeholders={"seconds": str(ceil(left))},
                )
        account.async_expire(self._device)
        await asyncio.gather(*(item.async_refresh() for item in coordinators))
        for item in coordinators:
            if not item.last_update_success:
                raise HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="refresh_failed",
                    translation_placeholders={"cause": str(item.last_exception)},
                )

    @override
    async def async_update(self) -> None:
        """Nothing is fetched for it but by pressing."""
