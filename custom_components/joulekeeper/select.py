"""Choices: of the schedule being put together, of a schedule, and of settings."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.schedule import Action, ScheduleItem
from .descriptions import ReadingSelectDescription
from .entity import (
    ControlDescription,
    ControlEntity,
    SettingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .plan_data import summary
from .runtime import JoulekeeperConfigEntry

# The keeper takes turns.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlanSelectDescription(ControlDescription, SelectEntityDescription):
    """A choice about the plan of a device."""


STAGED_ACTION: Final = PlanSelectDescription(
    key="staged_action",
    translation_key="staged_action",
)
SCHEDULE: Final = PlanSelectDescription(key="schedule", translation_key="schedule")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the selects."""
    runtime = entry.runtime_data
    for candidates in (
        control_candidates(runtime, (STAGED_ACTION,), StagedAction),
        control_candidates(runtime, (SCHEDULE,), ScheduleSelector),
        reading_candidates(runtime, Platform.SELECT, SettingSelect),
    ):
        async_add_when_known(entry, async_add_entities, Platform.SELECT, candidates)


class StagedAction(ControlEntity, SelectEntity, RestoreEntity):
    """What the next schedule does, kept over restarts."""

    @override
    async def async_added_to_hass(self) -> None:
        """Take up the action of before."""
        last = await self.async_get_last_state()
        if last is not None and last.state in Action:
            self._control.staging.action = Action(last.state)
        await super().async_added_to_hass()

    @property
    @override
    def options(self) -> list[str]:
        return [action.value for action in self._control.stageable]

    @property
    @override
    def current_option(self) -> str | None:
        action = self._control.staged_action
        return action and action.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Keep the action for the next schedule."""
        self._control.staging.action = Action(option)
        self._control.staging.changed()


class SettingSelect(SettingEntity, SelectEntity):
    """A setting that is one of several words."""

    entity_description: ReadingSelectDescription

    @property
    @override
    def options(self) -> list[str]:
        description, current = self.entity_description, self.current_option
        shown = {*description.choices(self._readings), current}
        return [word for word in description.options or () if word in shown]

    @property
    @override
    def current_option(self) -> str | None:
        value: str | None = self._setting
        return value

    @override
    async def async_select_option(self, option: str) -> None:
        """Set it to a word."""
        await self._async_set(option)


class ScheduleSelector(ControlEntity, SelectEntity):
    """Chooses one of the device's schedules, to be looked at or deleted."""

    @property
    @override
    def options(self) -> list[str]:
        return list(self._labels())

    @property
    @override
    def current_option(self) -> str | None:
        if (selected := self._control.selected) is None:
            return None
        labels = self._labels().items()
        return next((label for label, item in labels if item == selected), None)

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose a schedule by its label."""
        if (item := self._labels().get(option)) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="schedule_not_found",
                translation_placeholders={"id": option},
            )
        self._control.staging.selected = item.vendor_id
        self._control.staging.changed()

    def _labels(self) -> dict[str, ScheduleItem]:
        """Return the schedules by a readable label; equal ones are numbered."""
        labels: dict[str, ScheduleItem] = {}
        now = dt_util.utcnow()
        items = sorted(self._control.programme.items, key=lambda item: item.start)
        for item in items:
            if item.end <= now:
                continue
            label = name = _label(item)
            number = 1
            while label in labels:
                number += 1
                label = f"{name} ({number})"
            labels[label] = item
        return labels


def _label(item: ScheduleItem) -> str:
    """Return local start and what it does, such as `21 Nov 10:58 Charge 3 kW`."""
    return f"{dt_util.as_local(item.start):%-d %b %H:%M} {summary(item)}"
