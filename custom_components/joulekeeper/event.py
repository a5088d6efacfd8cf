"""Events: everything that happens to a device's schedules, and what readings tell."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.dispatch import State
from .core.models import Device
from .descriptions import ReadingComingsDescription, ReadingEventDescription
from .entity import (
    ControlDescription,
    ControlEntity,
    ReadingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .journal import VERBS
from .plan_data import log_dict
from .runtime import JoulekeeperConfigEntry, RuntimeData

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
    runtime = entry.runtime_data
    for candidates in (
        reading_candidates(runtime, Platform.EVENT, _event_of),
        control_candidates(runtime, (PLAN,), PlanEvent),
    ):
        async_add_when_known(entry, async_add_entities, Platform.EVENT, candidates)


def _event_of(
    runtime: RuntimeData,
    device: Device,
    description: ReadingEventDescription | ReadingComingsDescription,
) -> ReadingEntity:
    if isinstance(description, ReadingComingsDescription):
        return ReadingComings(runtime, device, description)
    return ReadingEvent(runtime, device, description)


class PlanEvent(ControlEntity, EventEntity):
    """Tells of each request, and of each new state of a schedule."""

    _steady = True

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


class ReadingEvent(ReadingEntity, EventEntity):
    """Tells when something in the readings begins or ends.

    What holds when it is first looked at has begun before.
    """

    entity_description: ReadingEventDescription
    _held: Mapping[str, bool] = {}

    @override
    async def async_added_to_hass(self) -> None:
        """Look at what holds by now."""
        await super().async_added_to_hass()
        self._held = self._flags()

    def _flags(self) -> dict[str, bool]:
        try:
            told = self.entity_description.flags_fn(self._readings)
        except LookupError:
            return {}
        return {key: flag for key, flag in told.items() if flag is not None}

    @callback
    @override
    def _on_reading(self) -> None:
        before, now = self._held, self._flags()
        self._held = {**before, **now}
        for flag in self.entity_description.flags:
            if flag.key not in before or flag.key not in now:
                continue
            name = flag.begun if now[flag.key] else flag.ended
            if name is not None and now[flag.key] is not before[flag.key]:
                details = self.entity_description.details_fn(self._readings)
                self._trigger_event(name, dict(details))
                self.async_write_ha_state()
        super()._on_reading()


class ReadingComings(ReadingEntity, EventEntity):
    """Tells when one of the things in the readings comes or goes.

    What is there when it is first looked at has come before.
    """

    entity_description: ReadingComingsDescription
    _there: Mapping[Hashable, Mapping[str, Any]] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Look at what is there by now."""
        await super().async_added_to_hass()
        self._there = self._items()

    def _items(self) -> Mapping[Hashable, Mapping[str, Any]] | None:
        try:
            return self.entity_description.items_fn(self._readings)
        except LookupError:
            return None

    @callback
    @override
    def _on_reading(self) -> None:
        before, now = self._there, self._items()
        self._there = before if now is None else now
        if before is not None and now is not None:
            description = self.entity_description
            for name, here, there in (
                (description.gone, before, now),
                (description.come, now, before),
            ):
                for key in here.keys() - there.keys():
                    self._trigger_event(name, dict(here[key]))
                    self.async_write_ha_state()
        super()._on_reading()
