"""From an event as a user writes it to a rule: new ones, and edits of what there is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
import re
from typing import Any, Final

from homeassistant.components.calendar.const import (
    EVENT_DESCRIPTION,
    EVENT_END,
    EVENT_RRULE,
    EVENT_START,
    EVENT_SUMMARY,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .calendar_words import MAX_NOTE, note_of, shown_rrule
from .checks import deletable
from .const import DOMAIN
from .control import DeviceControl
from .core.capabilities import Capabilities
from .core.command import EXAMPLES, Command, CommandError, parse_command
from .core.dispatch import RESTORING
from .core.recurrence import (
    Recurrence,
    RecurrenceError,
    parse_rrule,
    wall_of_recurrence_id,
)
from .core.rules import Occurrence, Rule
from .core.schedule import DAY, Action, Source, wall_instant
from .rule_edits import new_id, recurring, recurring_anew
from .write_errors import shown

LIMIT_EXAMPLES: Final = ("Limit feed-in 0 kW", "Limit import 3 kW", "No charge")
"""Commands for a device that has no power to set."""
_EXAMPLES_SHOWN: Final = 3

_COMMAND: Final = "command_"
_NO_LIMITS: Final = "limits_missing"
_MARGIN: Final = 2 * DAY
"""An occurrence is less than this away from its wall time, taken for UTC."""
_CENTURY: Final = 36_525 * DAY
_UNTIL_ON_THE_WALL: Final = re.compile(r"(?<=UNTIL=)\d{8}T\d{6}(?!Z)")
_WALL: Final = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an event asks for.

    `start` and `end` are instants; `wall` and `length` are its start and duration by
    Home Assistant's clock, as they were written.
    """

    command: Command
    note: str
    start: datetime
    end: datetime
    wall: datetime
    length: timedelta
    rrule: str | None


def wish_of(event: Mapping[str, Any], control: DeviceControl) -> Wish:
    """Read an event; ServiceValidationError for a summary that is no command."""
    command = _command_of(event[EVENT_SUMMARY], control)
    (first, start), (last, end) = _moment(event[EVENT_START]), _moment(event[EVENT_END])
    return Wish(
        command=command,
        note=_note(event.get(EVENT_DESCRIPTION) or ""),
        start=start,
        end=end if end > start else start + (last - first),
        wall=first,
        length=last - first,
        rrule=event.get(EVENT_RRULE) or None,
    )


def _command_of(summary: str, control: DeviceControl) -> Command:
    able = control.capabilities
    try:
        return parse_command(summary)
    except CommandError as error:
        if error.key == _NO_LIMITS and not able.takes_limits:
            # What the device cannot do is refused by the check: nobody should be told
            # how to write it.
            return Command(action=Action.LIMIT)
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=command_error_key(error),
            translation_placeholders={
                "summary": summary,
                "examples": ", ".join(f'"{item}"' for item in examples_for(able)),
            },
        ) from error


def examples_for(able: Capabilities) -> tuple[str, ...]:
    """Return commands that a device can do."""
    fit = (
        example
        for example in (*EXAMPLES, *LIMIT_EXAMPLES)
        if able.supports(parse_command(example).action)
    )
    return tuple(islice(fit, _EXAMPLES_SHOWN))


def command_error_key(error: CommandError) -> str:
    """Return which text says why a summary is no command."""
    known = (
        "command_limits_missing",
        "command_power_not_used",
        "command_power_out_of_range",
        "command_said_twice",
        "command_target_not_used",
        "command_target_out_of_range",
        "command_unit_missing",
    )
    key = _COMMAND + error.key
    return key if key in known else "command_unknown"


def new_rule(wish: Wish, control: DeviceControl) -> Rule:
    """Return what an event asks for as a rule; what has begun begins now."""
    rule = _with_wish(
        Rule(
            id=new_id(),
            action=wish.command.action,
            start=wish.start,
            duration=wish.length,
            source=Source.CALENDAR,
        ),
        wish,
    )
    if wish.rrule is None:
        return _single(rule, wish.start, wish.end, control)
    first, zone, rrule = _counted(wish, wish.rrule, control)
    return recurring(rule, rrule, zone, first=first)


def changed_rule(
    rule: Rule, wish: Wish, seen: Occurrence, control: DeviceControl, *, alone: bool
) -> Rule:
    """Return a rule as an edited event has it.

    `seen` is the occurrence that the user had before him, of the schedule as it was:
    what he left stays as it is in `rule`. An occurrence that is edited `alone` does not
    come again.
    """
    moved = wish.wall != _on_the_wall(seen.due)
    resized = moved or wish.wall + wish.length != _on_the_wall(seen.end)
    edited = _with_wish(rule, wish)
    if resized:
        edited = replace(edited, lease_end=None)
    if alone or wish.rrule is None:
        start = wish.start if moved else seen.due
        end = seen.end if seen.rule.recurrence else seen.rule.end
        return _single(
            replace(edited, recurrence=None),
            start,
            wish.end if resized else end,
            control,
            seen,
        )
    first, zone, rrule = _counted(wish, wish.rrule, control)
    before, series = seen.rule.recurrence, rule.recurrence
    if before is None or series is None:
        edited = replace(edited, duration=wish.length)
        return recurring(edited, rrule, zone, first=first)
    if not moved:
        first, zone = series.first, series.zone
    days = first.date() - (seen.wall or series.first).date() if moved else timedelta()
    if moved and rule.id == seen.rule.id and before.takes_place(first.date()):
        # All of the series: it still counts from its own first day.
        first = datetime.combine(series.first.date(), first.time())
    return recurring_anew(
        replace(edited, duration=wish.length if resized else series.length),
        series.rule if _is_unchanged(wish.rrule, before) else rrule,
        zone,
        first=first,
        taken_out=[wall.date() for wall in series.exdates],
        moved_by=days,
    )


def editable(control: DeviceControl, uid: str, recurrence_id: str | None) -> Occurrence:
    """Return the occurrence that an event stands for; of a whole series, the next one.

    ServiceValidationError for what others made, for what is over, and for what is no
    longer there.
    """
    ledger, now = control.ledger, dt_util.utcnow()
    if (rule := ledger.rules.get(uid)) is None:
        rule_id = uid.partition("@")[0]
        if rule_id in ledger.deleted or ledger.dispatches_of(rule_id):
            raise _over(uid, control)
        raise _foreign(uid, control)
    wall = None
    span = (now, now + _CENTURY) if rule.recurrence else (rule.start, rule.end)
    if recurrence_id:
        wall = _wall(recurrence_id)
        span = (wall.replace(tzinfo=UTC) - _MARGIN, wall.replace(tzinfo=UTC) + _MARGIN)
    occurrences = ledger.occurrences_of(rule, *span)
    meant = next((item for item in occurrences if wall in (None, item.wall)), None)
    if meant is None:
        raise _no_occurrence()
    if meant.end <= now:
        raise _over(meant.id, control)
    return meant


def ends_now(wish: Wish, occurrence: Occurrence, control: DeviceControl) -> bool:
    """Tell whether an edit ends what runs: its new end has passed."""
    now = dt_util.utcnow()
    earliest = control.capabilities.earliest_start(now)
    return occurrence.start <= now and wish.end <= earliest


# -- inside ------------------------------------------------------------------------


def _note(description: str) -> str:
    note = note_of(description)
    if len(note) > MAX_NOTE:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="note_too_long",
            translation_placeholders={"length": str(len(note)), "max": str(MAX_NOTE)},
        )
    return note


def _moment(value: date) -> tuple[datetime, datetime]:
    """Return a time of an event by Home Assistant's clock, and as an instant.

    A date is its midnight. What the clock skips is the first instant after the gap.
    """
    zone = dt_util.get_default_time_zone()
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone)
    local = dt_util.as_local(value).replace(microsecond=0)
    wall = _on_the_wall(local)
    if local.fold:
        return wall, dt_util.as_utc(local)
    return wall, wall_instant(wall.date(), wall.time(), zone)


def _on_the_wall(moment: datetime) -> datetime:
    """Return what Home Assistant's clock shows, which a clock change shows twice."""
    return dt_util.as_local(moment).replace(tzinfo=None, fold=0)


def _with_wish(rule: Rule, wish: Wish) -> Rule:
    command = wish.command
    return replace(
        rule,
        action=command.action,
        power_w=command.power_w,
        target_soc=command.target_soc,
        limits=command.limits,
        note=wish.note,
    )


def _single(
    rule: Rule,
    start: datetime,
    end: datetime,
    control: DeviceControl,
    seen: Occurrence | None = None,
) -> Rule:
    """Return a rule for one time; of what runs already the start stays what it was."""
    now = dt_util.utcnow()
    earliest = control.capabilities.earliest_start(now)
    if start < earliest:
        start = seen.due if seen is not None and seen.due <= now else earliest
    if end <= earliest:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="end_in_past",
            translation_placeholders={"end": shown(end)},
        )
    return replace(rule, start=start, duration=end - start)


def _counted(
    wish: Wish, rrule: str, control: DeviceControl
) -> tuple[datetime, str, str]:
    """Return from when, in which zone and how a series counts.

    It keeps to the clock of the site; but where it is another day there, to that of
    Home Assistant, whose days of the week the user has chosen.
    """
    own, zone = control.account.hass.config.time_zone, control.zone
    there = wish.start.astimezone(dt_util.get_time_zone(zone)).replace(tzinfo=None)
    if zone == own or there.date() != wish.wall.date():
        return wish.wall, own, rrule

    def instant(until: re.Match[str]) -> str:
        wall = datetime.strptime(until[0], _WALL)
        return f"{dt_util.as_utc(wall):{_WALL}}Z"

    return there, zone, _UNTIL_ON_THE_WALL.sub(instant, rrule)


def _is_unchanged(rrule: str, series: Recurrence) -> bool:
    """Tell whether a repetition is handed back as it was shown."""
    try:
        shown = parse_rrule(shown_rrule(series), series.zone)
        return parse_rrule(rrule, series.zone) == shown
    except RecurrenceError:
        return False


def _wall(recurrence_id: str) -> datetime:
    try:
        return wall_of_recurrence_id(recurrence_id)
    except ValueError as error:
        raise _no_occurrence() from error


def _over(uid: str, control: DeviceControl) -> ServiceValidationError:
    """Return why an event of ours cannot be changed that is named by a rule or a time."""
    ending = any(
        part.state in RESTORING
        for part in control.ledger.dispatches_of(uid.partition("@")[0])
        if uid in (part.segment.rule_id, part.segment.occurrence_id)
    )
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="event_ending" if ending else "event_past",
    )


def _foreign(uid: str, control: DeviceControl) -> ServiceValidationError:
    """Return why an event of others cannot be changed, and who can do something."""
    key = "event_foreign"
    try:
        deletable(control.programme, uid)
    except ServiceValidationError:
        key = "event_foreign_fixed"
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)


def _no_occurrence() -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key="occurrence_not_found"
    )
