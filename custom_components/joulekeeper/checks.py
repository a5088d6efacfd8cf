"""What is asked of a device, looked at before anything is sent."""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .control import DeviceControl
from .core.check import Adjustment, Verdict, check, fit
from .core.ledger import Ledger
from .core.proof import target_reached
from .core.rules import Occurrence, Rule
from .core.schedule import Owner, Programme, ScheduleItem, Source
from .core.timeline import segment_of
from .write_errors import shown


def checked(
    control: DeviceControl, rule: Rule, now: datetime, *, edited: bool
) -> Verdict:
    """Return a rule fitted to a device; of one that runs already, what is left of it.

    ServiceValidationError with the first problem, where it does not fit.
    """
    able, others = control.capabilities, control.ledger.others(control.listed)
    earliest = able.earliest_start(now)
    known = control.ledger.rules.get(rule.id)
    begun = known is None or known.start <= now
    event = rule.source is Source.CALENDAR
    runs = (edited or event) and rule.recurrence is None and begun
    if runs and rule.start < earliest < rule.end:
        left = replace(rule, start=earliest, duration=rule.end - earliest)
        verdict = check(left, able, now, others, rule.duration)
        effective = replace(verdict.effective, start=rule.start, duration=rule.duration)
        verdict = replace(verdict, effective=effective)
    else:
        verdict = check(rule, able, now, others)
    if verdict.problems:
        problem = verdict.problems[0]
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=problem.key,
            translation_placeholders={
                name: shown(value) for name, value in problem.placeholders.items()
            },
        )
    return verdict


def precedence(ledger: Ledger, rule: Rule) -> tuple[Adjustment, ...]:
    """Return which schedules of ours it interrupts, and which interrupt it."""
    others = {
        occurrence.rule.id: occurrence.rule
        for occurrence in ledger.occurrences(rule.start, rule.end)
        if occurrence.rule.id != rule.id
    }
    newest = replace(rule, revision=ledger.revision + 1)
    return tuple(
        Adjustment(
            "interrupted_by" if other.rank > newest.rank else "interrupts", "", other.id
        )
        for other in others.values()
    )


def check_target(control: DeviceControl, rule: Rule) -> None:
    """Refuse what has reached its state of charge before it begins."""
    telemetry, now = control.telemetry, dt_util.utcnow()
    if rule.target_soc is None or telemetry is None:
        return
    for occurrence in rule.occurrences(rule.start, rule.end):
        segment = segment_of(occurrence, occurrence.start, occurrence.end)
        if target_reached(segment, telemetry, now):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="target_reached",
                translation_placeholders={
                    "target": str(rule.target_soc),
                    "charge": f"{telemetry.state_of_charge:g}",
                },
            )


def own_rule(control: DeviceControl, schedule_id: str) -> Rule:
    """Return a rule of ours; ServiceValidationError for anybody else's schedule."""
    if (rule := control.ledger.rules.get(schedule_id)) is not None:
        return rule
    item = found_item(control.programme, schedule_id)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_own",
        translation_placeholders={"id": item.id or "-"},
    )


def running_one(control: DeviceControl, schedule_id: str | None) -> Occurrence:
    """Return what of ours runs: the named one, else what has precedence."""
    found = [
        occurrence
        for occurrence in running(control, control.ledger)
        if schedule_id in (None, occurrence.rule.id)
    ]
    if not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="nothing_running"
        )
    return max(found, key=lambda occurrence: occurrence.rule.rank)


def standing(control: DeviceControl, rule: Rule) -> Rule | None:
    """Return what was forced on a lease, and already does what is asked on one.

    Powers are the same where the device would do the same. None where less than half
    of the time asked for is left of it, or where it was not sent: then it is forced anew.
    """
    now, able = dt_util.utcnow(), control.capabilities
    fitted = fit(rule, able)
    if rule.lease_end is None or fitted.problems:
        return None
    targets = (rule.target_soc, able.stops_at(rule.action, rule.target_soc))
    for occurrence in running(control, control.ledger):
        known = occurrence.rule
        if (
            known.source is Source.MANUAL
            and known.lease_end is not None
            and known.action is rule.action
            and fit(known, able).effective.power_w == fitted.effective.power_w
            and known.target_soc in targets
            and known.limits == rule.limits
            and known.inexact is rule.inexact
            and occurrence.end - now >= (min(rule.end, rule.lease_end) - now) / 2
            and any(
                item.may_be_held and item.active_at(now)
                for item in control.ledger.dispatches_of(known.id)
            )
        ):
            return known
    return None


def running(control: DeviceControl, ledger: Ledger) -> tuple[Occurrence, ...]:
    """Return what of ours is due now, or about to be."""
    now = dt_util.utcnow()
    earliest = control.capabilities.earliest_start(now)
    soon = max(now, earliest) + timedelta(seconds=1)
    return tuple(ledger.occurrences(now, soon))


def found_item(programme: Programme, schedule_id: str) -> ScheduleItem:
    """Return the item of the cloud with an id, ours or its own."""
    if (item := programme.find(schedule_id)) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="schedule_not_found",
            translation_placeholders={"id": schedule_id},
        )
    return item


def deletable(programme: Programme, schedule_id: str) -> ScheduleItem:
    """Return the item of others with an id; never the network's, nor an unclear one."""
    item = found_item(programme, schedule_id)
    ids = [other.vendor_id for other in programme.items]
    if item.owner is Owner.NETWORK or ids.count(item.vendor_id) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="not_deletable"
        )
    return item


def named_by_vendor(control: DeviceControl, vendor_id: str) -> Occurrence | None:
    """Return the occurrence of ours whose item the cloud calls by an id."""
    ledger = control.ledger
    for dispatch in ledger.live():
        if dispatch.vendor_id == vendor_id:
            return ledger.occurrence_of(dispatch.segment)
    return None
