"""A ledger as a busy user would have it, of any size and always the same.

Of twenty rules eleven do not come again and start within a month ago and six from now,
six come on two days of the week, two every day, and one, with COUNT or UNTIL, leaves
dates out. They were made by three sources, by the wall clocks of four zones, and
overlap. The two weeks before are in the book, as far as it remembers them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, islice
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.joulekeeper.core.capabilities import (
    ActionSupport,
    Capabilities,
    Support,
)
from custom_components.joulekeeper.core.dispatch import Dispatch, State
from custom_components.joulekeeper.core.ledger import HISTORY, MAX_HISTORY, Ledger
from custom_components.joulekeeper.core.recurrence import Recurrence, parse_rrule
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.schedule import (
    DAY,
    MINUTE,
    Action,
    Owner,
    Programme,
    ScheduleItem,
    Source,
    wall_instant,
)
from custom_components.joulekeeper.core.timeline import resolve
from custom_components.joulekeeper.core.wishes import Closing

NOW: Final = datetime(2026, 11, 20, 0, 2, tzinfo=UTC)
"""Two past ten in Brisbane; rules start and end at multiples of five minutes."""

ABLE: Final = Capabilities(
    actions={
        action: ActionSupport(Support.NATIVE, max_power_w=most)
        for action, most in {
            Action.CHARGE: 5000,
            Action.DISCHARGE: 5000,
            Action.IMPORT: 10_000,
            Action.EXPORT: 10_000,
            Action.HOLD: None,
            Action.AUTO: None,
        }.items()
    }
)

_ZONES: Final = (
    "Australia/Sydney",
    "Australia/Brisbane",
    "Australia/Adelaide",
    "Europe/Berlin",
)
_SOURCES: Final = {Source.CALENDAR: 6, Source.SERVICE: 3, Source.MANUAL: 1}
_ACTIONS: Final = {
    Action.CHARGE: 4,
    Action.DISCHARGE: 2,
    Action.IMPORT: 2,
    Action.EXPORT: 4,
    Action.HOLD: 3,
    Action.AUTO: 1,
}
_POWERED: Final = (Action.CHARGE, Action.DISCHARGE, Action.IMPORT, Action.EXPORT)
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NOTES: Final = ("", "", "cheap hours", "before the storm", "car is away")
# Each shape with its share of twenty, and of every ten at least one of each.
_SHAPES: Final = (
    *("single", "weekly", "single", "single", "weekly"),
    *("daily", "single", "weekly", "single", "bounded"),
    *("single", "weekly", "single", "single", "weekly"),
    *("daily", "single", "weekly", "single", "single"),
)
_FOREIGN: Final = 10
"""Items that others have planned in the coming days."""
_CLOSED_EARLY: Final = 25
"""One of so many past occurrences reached its state of charge before its end."""


@dataclass(frozen=True, slots=True)
class Case:
    """One ledger in three stages, and the cloud's list in the first and the others.

    Of `unsent` nothing was sent, of `untold` everything, but the cloud never told its
    ids; `confirmed` has seen all of it in the list.
    """

    unsent: Ledger
    untold: Ledger
    confirmed: Ledger
    before: Programme
    after: Programme


def tags() -> Callable[[], str]:
    """Return what makes a new tag at each call."""
    numbers = count()
    return lambda: f"{next(numbers):08x}"


def case(size: int) -> Case:
    """Return the case of so many rules."""
    random = Random(size)
    new_tag = tags()
    unsent = Ledger()
    # A smaller case has the first rules of a larger one.
    for rule in islice(_rules(Random(0)), size):
        unsent.put_rule(rule)
    _remember(unsent, random, new_tag)
    before = Programme(tuple(_foreign(random)))

    changes = unsent.changes(ABLE, before, NOW, new_tag)
    # They were sent in the course of time, and not in the order of their starts.
    sent = [
        dispatch.sent(NOW - MINUTE)
        for dispatch in random.sample(changes.send, len(changes.send))
    ]
    past = unsent.dispatches | {item.id: item for item in changes.over}
    ids = {item.id: _id(random) for item in sent}
    items = [_item(item, ids[item.id]) for item in sent]
    after = Programme((*before.items, *sorted(items, key=lambda item: item.start)))

    untold = unsent.copy()
    untold.dispatches = past | {item.id: item.accepted(None) for item in sent}
    confirmed = unsent.copy()
    confirmed.dispatches = past | {i.id: i.accepted(ids[i.id]) for i in sent}
    confirmed.observe(after, NOW, new_tag)
    return Case(unsent, untold, confirmed, before, after)


def _rules(random: Random) -> Iterator[Rule]:
    for shape in cycle(_SHAPES):
        zone = random.choice(_ZONES)
        length = random.choice((10, 15, 30, 30, 60, 120)) * MINUTE
        action = _one_of(random, _ACTIONS)
        power_w = None
        if action in _POWERED and random.random() < 0.8:
            power_w = random.randrange(500, 5001, 100)
        target = action is Action.CHARGE and random.random() < 0.3
        rule = Rule(
            id=_id(random),
            action=action,
            start=NOW,
            duration=length,
            power_w=power_w,
            target_soc=random.randrange(60, 101, 5) if target else None,
            source=_one_of(random, _SOURCES),
            note=random.choice(_NOTES),
        )
        if shape == "single":
            wall = _wall(random, -30, 180)
            start = wall_instant(wall.date(), wall.time(), ZoneInfo(zone))
            yield replace(rule, start=start)
            continue
        recurrence = _recurrence(random, shape, zone, length)
        first = recurrence.first_window
        yield replace(
            rule,
            start=first.start,
            duration=first.end - first.start,
            recurrence=recurrence,
        )


def _recurrence(random: Random, shape: str, zone: str, length: timedelta) -> Recurrence:
    first = _wall(random, -180, 14)
    text = "FREQ=DAILY"
    if shape == "weekly" or (shape == "bounded" and random.random() < 0.5):
        text = f"FREQ=WEEKLY;BYDAY={','.join(random.sample(_DAYS, 2))}"
    if shape == "bounded":
        if random.random() < 0.5:
            text += f";COUNT={random.randrange(20, 200)}"
        else:
            text += f";UNTIL={_wall(random, 30, 180):%Y%m%d}"
    recurrence = Recurrence(
        first=first, length=length, zone=zone, rule=parse_rrule(text, zone)
    )
    if shape == "bounded":
        windows = recurrence.windows(NOW - 30 * DAY, NOW + 60 * DAY)
        walls = [window.wall for window in windows if window.wall]
        for wall in random.sample(walls, min(len(walls), 3)):
            recurrence = recurrence.without(wall)
    return recurrence


def _wall(random: Random, earliest: int, latest: int) -> datetime:
    """Return a wall time so many days from now, at a multiple of five minutes."""
    midnight = NOW.replace(tzinfo=None, hour=0, minute=0)
    return (
        midnight
        + random.randrange(earliest, latest) * DAY
        + random.randrange(0, 24 * 60, 5) * MINUTE
    )


def _one_of[T](random: Random, weights: dict[T, int]) -> T:
    (chosen,) = random.choices(list(weights), list(weights.values()))
    return chosen


def _id(random: Random) -> str:
    return f"{random.getrandbits(64):016x}"


def _remember(ledger: Ledger, random: Random, new_tag: Callable[[], str]) -> None:
    """Fill in what is over, as far as a ledger remembers it."""
    past = [
        segment
        for segment in resolve(ledger.occurrences(NOW - HISTORY, NOW))
        if segment.end <= NOW
    ]
    for number, segment in enumerate(past[-MAX_HISTORY:], start=1):
        dispatch = Dispatch(
            segment=replace(segment, tag=new_tag()),
            state=State.CONFIRMED,
            vendor_id=_id(random),
            attempts=1,
            sent_at=segment.start - 2 * DAY,
            confirmed_at=segment.start - 2 * DAY + MINUTE,
            delivering_at=segment.start + MINUTE,
            judged_at=segment.end,
        )
        end = segment.end
        if not number % _CLOSED_EARLY:
            end = segment.start + segment.duration / 2
            ledger.closings[segment.occurrence_id] = Closing(
                end, segment.end, State.DONE, "target_reached"
            )
        ledger.dispatches[dispatch.id] = dispatch.finished(State.DONE, end)


def _foreign(random: Random) -> Iterator[ScheduleItem]:
    for _ in range(_FOREIGN):
        start = NOW + random.randrange(5, 72 * 60, 5) * MINUTE
        yield ScheduleItem(
            vendor_id=_id(random),
            action=Action.AUTO,
            vendor_mode=Action.AUTO.value,
            start=start,
            end=start + random.choice((30, 60, 120)) * MINUTE,
        )


def _item(dispatch: Dispatch, vendor_id: str) -> ScheduleItem:
    """Return what the cloud lists for what was sent."""
    segment = dispatch.segment
    return ScheduleItem(
        vendor_id=vendor_id,
        action=segment.action,
        vendor_mode=segment.action.value,
        start=segment.start,
        end=segment.end,
        power_w=segment.power_w,
        owner=Owner.OWN,
        rule_id=segment.rule_id,
        source=segment.source,
        note=segment.note,
    )
