"""From what a surface is told to a rule: starts, repeats, and edits of what there is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import uuid4

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.ledger import Ledger
from .core.recurrence import Recurrence, RecurrenceError, parse_rrule
from .core.rules import Rule

VIA_ACTION: Final = "action"
VIA_CALENDAR: Final = "calendar"
VIA_ENTITIES: Final = "entities"
VIA_REPAIR: Final = "repair"

type Change = Callable[[Ledger], None]
"""A change of what is wanted, not yet made."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something: by which surface, and which user if one is known."""

    via: str
    user_id: str | None = None


def new_id() -> str:
    """Return an id for a rule."""
    return uuid4().hex[:12]


def starting(rule: Rule, start: datetime | None) -> Rule:
    """Return the rule with a start in whole seconds, now without one."""
    return replace(rule, start=(start or dt_util.utcnow()).replace(microsecond=0))


def recurring(
    rule: Rule,
    rrule: str,
    zone: str,
    *,
    first: datetime | None = None,
    exdates: Iterable[datetime] = (),
) -> Rule:
    """Return the rule as one that comes again, by the wall clock of a zone.

    Its start and duration are those of the first window, its length by the clock;
    `first` is the start on the wall, where it is known. ServiceValidationError for a
    recurrence that we do not keep, or of which nothing is to come.
    """
    try:
        info = dt_util.get_time_zone(zone)
        recurrence = Recurrence(
            first=first or rule.start.astimezone(info).replace(tzinfo=None),
            length=rule.duration,
            zone=zone,
            rule=parse_rrule(rrule, zone),
            exdates=frozenset(exdates),
        )
        return _to_come(with_recurrence(rule, recurrence))
    except RecurrenceError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=recurrence_error_key(error),
            translation_placeholders={"rrule": rrule},
        ) from error


def recurring_anew(
    rule: Rule,
    rrule: str,
    zone: str,
    *,
    first: datetime,
    taken_out: Iterable[date],
    moved_by: timedelta,
) -> Rule:
    """Return the rule with another repetition; the days taken out of it stay out.

    A day that the new repetition has stays out itself, for another one the day does to
    which it has moved with the start.
    """
    series = recurring(rule, rrule, zone, first=first).recurrence
    exdates = {
        datetime.combine(
            day if series and series.takes_place(day) else day + moved_by, first.time()
        )
        for day in taken_out
    }
    return recurring(rule, rrule, zone, first=first, exdates=exdates)


def _to_come(rule: Rule) -> Rule:
    """Return the rule; RecurrenceError when it is over."""
    if rule.over(dt_util.utcnow()):
        raise RecurrenceError("recurrence_empty")
    return rule


def recurrence_error_key(error: RecurrenceError) -> str:
    """Return which text says why a recurrence is refused."""
    if error.key == "recurrence_empty":
        return "recurrence_empty"
    return "recurrence_unsupported"


def with_recurrence(rule: Rule, recurrence: Recurrence) -> Rule:
    """Return the rule with another recurrence; RecurrenceError if nothing is left."""
    first = recurrence.first_window
    return replace(
        rule,
        recurrence=recurrence,
        start=first.start,
        duration=first.end - first.start,
    )


def separated(
    rule: Rule, wall: datetime | None, *, following: bool
) -> tuple[Rule, Change]:
    """Return one occurrence as a rule of its own, and what takes it out of the other.

    With all that follow it stays a recurring rule, and the other one ends before it.
    Without an occurrence, or of a rule that does not come again, it is the rule itself.
    """
    recurrence = rule.recurrence
    if recurrence is None or wall is None:
        return rule, lambda ledger: None
    rest = recurrence.until(wall) if following else recurrence.without(wall)
    try:
        apart = with_recurrence(replace(rule, id=new_id()), recurrence.since(wall))
    except RecurrenceError as error:
        raise _no_occurrence() from error
    if apart.recurrence is None or apart.recurrence.first_window.wall != wall:
        raise _no_occurrence()
    if not following:
        apart = replace(apart, recurrence=None)

    def take_out(ledger: Ledger) -> None:
        try:
            ledger.trim_rule(with_recurrence(rule, rest))
        except RecurrenceError:
            ledger.delete_rule(rule.id, dt_util.utcnow())

    return apart, take_out


def deleting(*rule_ids: str) -> Change:
    """Return the change that deletes rules."""

    def delete(ledger: Ledger) -> None:
        for rule_id in rule_ids:
            ledger.delete_rule(rule_id, dt_util.utcnow())

    return delete


def _no_occurrence() -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key="occurrence_not_found"
    )
