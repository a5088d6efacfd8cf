"""A calendar per device: what is planned for it, by us and by others, and what was.

An event is a schedule, its summary a command such as `Charge 3 kW to 80 %`.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.components.calendar.const import CalendarEntityFeature
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .calendar_events import Diary
from .calendar_wishes import changed_rule, editable, ends_now, new_rule, wish_of
from .entity import (
    ControlDescription,
    ControlEntity,
    async_add_when_known,
    control_candidates,
)
from .rule_edits import VIA_CALENDAR, Caller
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 1

_EDITABLE: Final = (
    CalendarEntityFeature.CREATE_EVENT
    | CalendarEntityFeature.DELETE_EVENT
    | CalendarEntityFeature.UPDATE_EVENT
)
_FOLLOWING: Final = "THISANDFUTURE"
_CALLED_WITH: ContextVar[Context | None] = ContextVar("joulekeeper_call", default=None)
"""The context of the action that is being done; a dialog has none."""


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
    """The plan of one device; what rules it now is the state."""

    @property
    @override
    def supported_features(self) -> CalendarEntityFeature:
        """Return that events can be edited where the device can be controlled."""
        controllable = self._control.capabilities.controllable
        return _EDITABLE if controllable else CalendarEntityFeature(0)

    @callback
    @override
    def async_set_context(self, context: Context) -> None:
        """Note that an action is being done, and for whom."""
        super().async_set_context(context)
        _CALLED_WITH.set(context)

    @property
    @override
    def event(self) -> CalendarEvent | None:
        return Diary(self._control, dt_util.utcnow()).ruling()

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return everything that shares time with the span."""
        return Diary(self._control, dt_util.utcnow()).events(start_date, end_date)

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Lay the schedule that an event stands for."""
        rule = new_rule(wish_of(kwargs, self._control), self._control)
        await self._runtime.keeper.create(self._control, rule, _caller())

    @override
    async def async_update_event(
        self,
        uid: str,
        event: dict[str, Any],
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Edit a schedule, or one occurrence of it, or that and all that follow.

        What runs ends now when its new end has passed.
        """
        seen = editable(self._control, uid, recurrence_id)
        wish = wish_of(event, self._control)
        wall = seen.wall if recurrence_id else None
        following = wall is not None and recurrence_range == _FOLLOWING
        alone = wall is not None and not following
        ends = alone or (seen.wall is None and not wish.rrule)
        keeper = self._runtime.keeper
        if ends and ends_now(wish, seen, self._control):
            await keeper.end(self._control, uid, _caller(), wall=wall)
            return
        await keeper.update(
            self._control,
            uid,
            partial(
                changed_rule, wish=wish, seen=seen, control=self._control, alone=alone
            ),
            _caller(),
            wall=wall,
            following=following,
        )

    @override
    async def async_delete_event(
        self,
        uid: str,
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Delete a schedule, or a part of it as in an edit; what runs stops now."""
        seen = editable(self._control, uid, recurrence_id)
        await self._runtime.keeper.delete(
            self._control,
            uid,
            _caller(),
            wall=seen.wall if recurrence_id else None,
            following=recurrence_range == _FOLLOWING,
        )


def _caller() -> Caller:
    """Return for whom the calendar acts.

    An automation may have been started, or loaded, by what a user does in a dialog, and
    has inherited his connection: of an action the context counts.
    """
    if (context := _CALLED_WITH.get()) is not None:
        return Caller(VIA_CALENDAR, context.user_id)
    connection = current_connection.get()
    return Caller(VIA_CALENDAR, connection.user.id if connection else None)
