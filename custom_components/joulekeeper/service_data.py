"""From the data of an action to a rule: what is asked for, new or changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import probatio

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .control import DeviceControl
from .core.recurrence import Recurrence
from .core.rules import Inexact, Rule
from .core.schedule import POWERED_ACTIONS, Action, Limits, Source
from .rule_edits import new_id, recurring, recurring_anew, starting
from .runtime import JoulekeeperConfigEntry, account_of

ATTR_ACTION: Final = "action"
ATTR_ACTIONS: Final = "actions"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_DURATION_MIN: Final = "duration_min"
ATTR_FOLLOWING: Final = "following"
ATTR_FORCED_ONLY: Final = "forced_only"
ATTR_HOURS: Final = "hours"
ATTR_INCLUDE_PAST: Final = "include_past"
ATTR_INEXACT: Final = "inexact"
ATTR_LEASE_MIN: Final = "lease_min"
ATTR_NOTE: Final = "note"
ATTR_OCCURRENCE: Final = "occurrence"
ATTR_POWER_W: Final = "power_w"
ATTR_RRULE: Final = "rrule"
ATTR_SCHEDULE_ID: Final = "schedule_id"
ATTR_START: Final = "start"
ATTR_TARGET_SOC: Final = "target_soc"

CAPS: Final = tuple(Limits.__slots__)

DEVICES: Final[dict[Any, Any]] = {
    probatio.Required(ATTR_DEVICE_ID): probatio.All(
        probatio.EnsureList(), [cv.string], probatio.Length(min=1)
    )
}
"""The field of every action that acts on devices."""

type Data = Mapping[str, Any]


def device_of(
    hass: HomeAssistant, device_id: str
) -> tuple[str, JoulekeeperConfigEntry]:
    """Return our id of a device in the registry, and its loaded account.

    Raises ServiceValidationError for a device that is not ours, or whose account is
    paused.
    """
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    if (runtime := account_of(entry)) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_an_account",
            translation_placeholders={"device": name_of(hass, device_id)},
        )
    runtime.account.pause.check()
    identifier = next(item for domain, item in device.identifiers if domain == DOMAIN)
    return identifier, entry


def name_of(hass: HomeAssistant, device_id: str) -> str:
    """Return the name under which the user knows a device of the registry."""
    device = dr.async_get(hass).async_get(device_id)
    return (device and (device.name_by_user or device.name)) or device_id


def instant(value: datetime) -> datetime:
    """Return an instant in UTC; a time without zone is Home Assistant's wall time."""
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt_util.get_default_time_zone())
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value.replace(tzinfo=UTC)


def _instant_of(data: Data, key: str) -> datetime | None:
    return instant(data[key]) if key in data else None


def action_of(word: str) -> Action:
    """Return an action by its name; the error lists the names that there are."""
    name = word.strip().casefold()
    if name not in Action:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_action",
            translation_placeholders={"action": word, "actions": ", ".join(Action)},
        )
    return Action(name)


def _limits(data: Data) -> Limits | None:
    caps = {cap: data[cap] for cap in CAPS if cap in data}
    return Limits(**caps) if caps else None


def new_rule(data: Data, control: DeviceControl, source: Source) -> Rule:
    """Return what an action asks for as a rule."""
    rule = Rule(
        id=new_id(),
        action=action_of(data[ATTR_ACTION]),
        start=dt_util.utcnow(),
        duration=minutes(data, ATTR_DURATION_MIN) or timedelta(),
        power_w=data.get(ATTR_POWER_W),
        target_soc=data.get(ATTR_TARGET_SOC),
        limits=_limits(data),
        source=source,
        note=data.get(ATTR_NOTE, ""),
        inexact=data.get(ATTR_INEXACT, Inexact.EMULATE),
    )
    rule = starting(rule, _instant_of(data, ATTR_START))
    if (rrule := data.get(ATTR_RRULE)) is not None:
        rule = recurring(rule, rrule, control.zone)
    return rule


def minutes(data: Data, key: str) -> timedelta | None:
    """Return a field that is given in minutes."""
    return timedelta(minutes=data[key]) if key in data else None


def changed_rule(data: Data, control: DeviceControl, rule: Rule) -> Rule:
    """Change what is given; everything else stays as it is.

    One that is running goes on from now to its end, or for the time that is given.
    """
    now = dt_util.utcnow().replace(microsecond=0)
    start = _instant_of(data, ATTR_START)
    duration = minutes(data, ATTR_DURATION_MIN)
    runs = rule.recurrence is None and rule.start <= now < rule.end
    if runs and start is None and duration is not None:
        duration += now - rule.start
    word = data.get(ATTR_ACTION)
    action = action_of(word) if word else rule.action
    powered = action in POWERED_ACTIONS and rule.action in POWERED_ACTIONS
    limits = _limits(data)
    if action is Action.LIMIT and rule.limits is not None:
        given = limits.as_dict() if limits else {}
        limits = Limits(**(rule.limits.as_dict() | given))
    changed = replace(
        rule,
        action=action,
        start=rule.start if start is None else start.replace(microsecond=0),
        duration=duration or _length(rule),
        power_w=data.get(ATTR_POWER_W, rule.power_w if powered else None),
        target_soc=data.get(ATTR_TARGET_SOC, rule.target_soc if powered else None),
        limits=limits,
        note=data.get(ATTR_NOTE, rule.note),
        inexact=data.get(ATTR_INEXACT, rule.inexact),
    )
    return _repeated(changed, rule.recurrence, data.get(ATTR_RRULE), control)


def _repeated(
    changed: Rule, before: Recurrence | None, rrule: str | None, control: DeviceControl
) -> Rule:
    """Return the rule with its repetition: the one that is given, none if it is empty.

    Without one it stays what it was, with the days that were taken out of it.
    """
    if rrule == "" or (rrule is None and before is None):
        return replace(changed, recurrence=None)
    if before is None or rrule is not None:
        return recurring(changed, rrule or "", control.zone)
    was = before.first_window
    first, zone = before.first, before.zone
    if changed.start != was.start:
        zone = control.zone
        info = dt_util.get_time_zone(zone)
        first = changed.start.astimezone(info).replace(tzinfo=None)
    return recurring_anew(
        changed,
        before.rule,
        zone,
        first=first,
        taken_out=[wall.date() for wall in before.exdates],
        moved_by=first.date() - (was.wall or first).date(),
    )


def _length(rule: Rule) -> timedelta:
    """Return how long a rule is, of a recurring one by the wall clock."""
    return rule.recurrence.length if rule.recurrence else rule.duration


def occurrence_of(data: Data, control: DeviceControl) -> datetime | None:
    """Return the wall time that names an occurrence, by its start."""
    start = _instant_of(data, ATTR_OCCURRENCE)
    if start is None:
        if data[ATTR_FOLLOWING]:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="following_what"
            )
        return None
    rule = control.ledger.rules.get(data[ATTR_SCHEDULE_ID])
    recurrence = rule.recurrence if rule is not None else None
    zone = recurrence.zone if recurrence is not None else control.zone
    return start.astimezone(dt_util.get_time_zone(zone)).replace(tzinfo=None)
