"""Table of the buttons of a device that has a plan, and what they do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final

from homeassistant.components.button import ButtonEntityDescription
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .control import DeviceControl
from .core.rules import Inexact, Rule
from .core.schedule import POWERED_ACTIONS, Action, Limits
from .entity import ControlDescription
from .keeper import Keeper
from .rule_edits import Caller, new_id, starting


@dataclass(frozen=True, kw_only=True)
class ControlButtonDescription(ControlDescription, ButtonEntityDescription):
    """A button and what it makes the keeper do."""

    press_fn: Callable[[Keeper, DeviceControl, Caller], Awaitable[dict[str, Any]]]


async def _create(
    keeper: Keeper, control: DeviceControl, caller: Caller
) -> dict[str, Any]:
    """Create the schedule that the entities describe.

    A power above what the action allows is brought down to it: the number's range is
    that of the strongest action.
    """
    staging = control.staging
    if (action := control.staged_action) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="nothing_staged"
        )
    rule = Rule(
        id=new_id(),
        action=action,
        start=dt_util.utcnow(),
        duration=timedelta(minutes=staging.duration_min),
        power_w=staging.power_w if action in POWERED_ACTIONS else None,
        limits=Limits(**staging.caps) if action is Action.LIMIT else None,
        inexact=Inexact.NEAREST,
    )
    result = await keeper.create(control, starting(rule, staging.start), caller)
    staging.selected = result["schedule_id"]
    staging.start = None
    staging.changed()
    return result


async def _delete_selected(
    keeper: Keeper, control: DeviceControl, caller: Caller
) -> dict[str, Any]:
    if (selected := control.staging.selected) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="nothing_selected"
        )
    result = await keeper.delete(control, selected, caller)
    control.staging.selected = None
    control.staging.changed()
    return result


async def _start_now(
    keeper: Keeper, control: DeviceControl, caller: Caller
) -> dict[str, Any]:
    del keeper, caller
    control.staging.start = dt_util.utcnow().replace(microsecond=0)
    control.staging.changed()
    return {}


BUTTONS: Final = (
    ControlButtonDescription(
        key="create_schedule", translation_key="create_schedule", press_fn=_create
    ),
    ControlButtonDescription(
        key="delete_selected_schedule",
        translation_key="delete_selected_schedule",
        press_fn=_delete_selected,
    ),
    ControlButtonDescription(
        key="delete_all_schedules",
        translation_key="delete_all_schedules",
        press_fn=Keeper.delete_all,
    ),
    ControlButtonDescription(
        key="reset_to_auto",
        translation_key="reset_to_auto",
        wanted=attrgetter("base_mode_reset"),
        press_fn=Keeper.reset_to_auto,
    ),
    ControlButtonDescription(
        key="start_now",
        translation_key="start_now",
        press_fn=_start_now,
    ),
)
