"""A calendar per device: what the cloud has planned for it, ours and foreign."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .core.schedule import ScheduleItem
from .entity import (
    ControlDescription,
    ControlEntity,
    async_add_when_known,
    control_candidates,
)
from .plan_data import description, summary
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlanDescription(ControlDescription, CalendarEntityDescription):
    """The calendar of a device."""


PLAN: Final = PlanDescription(
    key="plan", translation_key="plan", wanted=attrgetter("has_plan")
)
"""A device without control may still have a plan: its maker's own."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the calendars."""
    async_add_when_known(
        entry,
        async_add_entities,
        Platform.CALENDAR,
        control_candidates(entry.runtime_data, (PLAN,), PlanCalendar),
    )


class PlanCalendar(ControlEntity, CalendarEntity):
    """The plan of one device; the item that rules it now is the state."""

    @property
    @override
    def event(self) -> CalendarEvent | None:
        item = self._control.programme.active_or_next(dt_util.utcnow())
        return None if item is None else _event(item)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return everything that shares time with the span."""
        items = self._control.programme.between(start_date, end_date)
        return [_event(item) for item in items]


def _event(item: ScheduleItem) -> CalendarEvent:
    return CalendarEvent(
        start=dt_util.as_local(item.start),
        end=dt_util.as_local(item.end),
        summary=summary(item),
        description=description(item),
        uid=item.id,
    )
