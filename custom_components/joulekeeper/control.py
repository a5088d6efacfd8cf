"""One device that has a plan, as the keeper and the entities see it."""

import asyncio
from dataclasses import dataclass, field

from homeassistant.exceptions import HomeAssistantError

from .account import LoadedAccount
from .const import DOMAIN
from .core.capabilities import Capabilities, Support
from .core.errors import VendorError
from .core.schedule import Action, Programme, ScheduleItem
from .journal import Journal
from .staging import Staging
from .vendors.base import ScheduleController


@dataclass(slots=True)
class DeviceControl:
    """One device that has a plan: its controller, its lock, its staging."""

    controller: ScheduleController
    account: LoadedAccount
    journal: Journal
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    staging: Staging = field(default_factory=Staging)

    @property
    def device_id(self) -> str:
        """The device that is controlled."""
        return self.controller.device_id

    @property
    def capabilities(self) -> Capabilities:
        """What the device can express, by what is known now."""
        return self.controller.capabilities(self.account.readings)

    @property
    def programme(self) -> Programme:
        """What the cloud had planned when it was asked last."""
        programme = self.controller.programme(self.account.readings)
        return self.journal.claim(programme or Programme())

    @property
    def stageable(self) -> tuple[Action, ...]:
        """The actions that the device can do just as they are meant."""
        actions = self.capabilities.actions
        return tuple(
            action for action, how in actions.items() if how.support is Support.NATIVE
        )

    @property
    def staged_action(self) -> Action | None:
        """The action of the next schedule: the chosen one, else the first."""
        if self.staging.action in self.stageable:
            return self.staging.action
        return next(iter(self.stageable), None)

    @property
    def selected(self) -> ScheduleItem | None:
        """The schedule chosen in the selector, None once it is gone."""
        if self.staging.selected is None:
            return None
        return self.programme.find(self.staging.selected)

    async def fetch_past(self) -> Programme:
        """Ask the cloud for its plan with past items; HomeAssistantError on failure."""
        try:
            return self.journal.claim(await self.controller.fetch_past())
        except VendorError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="plan_unknown"
            ) from error

    async def refresh(self) -> Programme:
        """Ask the cloud what it has planned; HomeAssistantError when it cannot say."""
        coordinator = self.account.coordinators.get(self.controller.read_back)
        before = coordinator.fetches if coordinator is not None else 0
        if coordinator is not None:
            await coordinator.async_refresh()
        # An account that is being unloaded fetches nothing, and says nothing of it.
        if coordinator is None or coordinator.fetches == before:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="plan_unknown"
            )
        return self.programme
