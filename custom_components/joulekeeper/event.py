"""An event per device: everything that happens to its schedules."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.dispatch import State
from .entity import (
    ControlDescription,
    ControlEntity,
    async_add_when_known,
    control_candidates,
)
from .journal import VERBS
from .plan_data import log_dict
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlanEventDescription(ControlDescription, EventEntityDescription):
    """What happens to the schedules of a device."""


PLAN: Final = PlanEventDescription(
    key="plan",
    translation_key="plan",
    event_types=[*VERBS, *(state.value for state in State)],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the events."""
    async_add_when_known(
        entry,
        async_add_entities,
        Platform.EVENT,
        control_candidates(entry.runtime_data, (PLAN,), PlanEvent),
    )


class PlanEvent(ControlEntity, EventEntity):
    """Tells of each request, and of each new state of a schedule."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what happens."""
        await super().async_added_to_hass()
        self.async_on_remove(self._control.on_event(self._happened))

    @callback
    def _happened(self) -> None:
        if (entry := self._control.last_event) is not None:
            details = log_dict(entry)
            del details["event"], details["time"]
            known = {key: value for key, value in details.items() if value is not None}
            self._trigger_event(entry.event, known)
            self.async_write_ha_state()
