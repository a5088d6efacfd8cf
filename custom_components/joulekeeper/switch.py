"""Switches out of the vendors' tables, and those that pause an account or pushes."""

from collections.abc import Collection, Iterable
from functools import partial
from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account_entities import API_USAGE
from .core.models import Device
from .descriptions import ReadingSwitchDescription
from .entity import (
    Candidate,
    JoulekeeperEntity,
    SettingEntity,
    async_add_when_known,
    reading_candidates,
)
from .push import pusher_of
from .push_entities import PUSH_SWITCH, PushEntity
from .runtime import JoulekeeperConfigEntry, RuntimeData

# The keeper takes turns, and writes together what comes together.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switches."""
    if (pusher := pusher_of(entry)) is not None:
        async_add_entities([PushSwitch(pusher, PUSH_SWITCH)])
        return
    runtime = entry.runtime_data
    for candidates in (
        reading_candidates(runtime, Platform.SWITCH, SettingSwitch),
        partial(_account_switches, runtime),
    ):
        async_add_when_known(entry, async_add_entities, Platform.SWITCH, candidates)


def _account_switches(
    runtime: RuntimeData, device: Device, there: Collection[str]
) -> Iterable[Candidate]:
    """Return the switch of a system, if its cloud needs one."""
    if API_USAGE.key in there:
        return
    if runtime.account.spec.pausable and device.parent_id is None:
        yield Candidate(
            API_USAGE.key,
            lambda: True,
            partial(ApiUsageSwitch, runtime, device, API_USAGE, ()),
        )


class SettingSwitch(SettingEntity, SwitchEntity):
    """A setting that is on or off."""

    entity_description: ReadingSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        value: bool | None = self._setting
        return value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        await self._async_set(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        await self._async_set(False)


class ApiUsageSwitch(JoulekeeperEntity, SwitchEntity):
    """Whether the cloud is called; all switches of an account are one.

    While it is off the user can log in elsewhere. It is on again after a restart.
    """

    @property
    @override
    def available(self) -> bool:
        return True

    @property
    @override
    def is_on(self) -> bool:
        return not self._runtime.account.pause.on

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the account, whichever of its switches is used."""
        await super().async_added_to_hass()
        account = self._runtime.account
        self.async_on_remove(account.async_on_pause(self.async_write_ha_state))

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Log in again and go on."""
        await self._runtime.async_resume()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Take back what must not stay, then make no call any more."""
        await self._runtime.async_pause()

    @override
    async def async_update(self) -> None:
        """Nothing is fetched for it."""


class PushSwitch(PushEntity, SwitchEntity):
    """Whether a target is told what flows; off is a pause."""

    @property
    @override
    def is_on(self) -> bool:
        return not self._pusher.paused

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Go on telling."""
        self._pusher.async_pause(False)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Tell nothing for now."""
        self._pusher.async_pause(True)
