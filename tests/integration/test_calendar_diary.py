"""What a calendar says of schedules, out of the book of a device alone."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from custom_components.joulekeeper.calendar_events import Diary
from custom_components.joulekeeper.core.capabilities import (
    ActionSupport,
    Capabilities,
    Support,
)
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.schedule import Action, Programme, Source
from homeassistant.core import HomeAssistant

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def diary(*rules: Rule, **support: Any) -> Diary:
    """Return what a calendar shows of some rules, of which none was sent yet."""
    ledger = Ledger()
    for rule in rules:
        ledger.put_rule(rule)
    how = ActionSupport(support.pop("support", Support.NATIVE), **support)
    able = Capabilities(actions=dict.fromkeys(Action, how))
    control: Any = SimpleNamespace(ledger=ledger, capabilities=able, listed=Programme())
    return Diary(control, NOW)


def daily(name: str, start: datetime, **more: Any) -> Rule:
    """Return a rule of one hour a day, by UTC."""
    recurrence = Recurrence(
        first=start.replace(tzinfo=None), length=HOUR, zone="UTC", rule="FREQ=DAILY"
    )
    return Rule(
        id=name,
        action=Action.CHARGE,
        start=start,
        duration=HOUR,
        recurrence=recurrence,
        **more,
    )


async def test_only_what_is_not_over(hass: HomeAssistant) -> None:
    """Of a span that began long ago what is to come is shown, and what runs now."""
    rule = daily("r", NOW - 20 * DAY - HOUR / 2)
    month = diary(rule).events(NOW - 10 * DAY, NOW + 2 * DAY)
    running = NOW - HOUR / 2
    assert [event.start for event in month] == [
        running,
        running + DAY,
        running + 2 * DAY,
    ]
    # What runs now is no part of spans in the past and in the future.
    assert diary(rule).events(NOW - 10 * DAY, NOW - 5 * DAY) == []
    later = diary(rule).events(NOW + 5 * DAY, NOW + 6 * DAY)
    assert [event.start for event in later] == [running + 5 * DAY, running + 6 * DAY]


async def test_interruptions_in_words(hass: HomeAssistant) -> None:
    """The first ones are told with what they are, in order, the others counted."""
    await hass.config.async_set_time_zone("UTC")
    long = Rule(
        id="long",
        action=Action.HOLD,
        start=NOW + HOUR,
        duration=8 * HOUR,
        source=Source.CALENDAR,
    )
    others = [
        Rule(
            id=f"other {n}",
            action=Action.CHARGE,
            start=NOW + (2 * n + 0.5) * HOUR,
            duration=HOUR,
            power_w=3000,
            source=Source.SERVICE,
        )
        for n in range(5)
    ]
    [event] = (
        event
        for event in diary(*others, long).events(NOW, NOW + DAY)
        if event.uid == "long"
    )
    assert (event.description or "").splitlines() == [
        "Made by Joulekeeper",
        "Status: planned",
        "Interrupted 11:00 to 11:30 by Charge 3 kW",
        "Interrupted 12:30 to 13:30 by Charge 3 kW",
        "Interrupted 14:30 to 15:30 by Charge 3 kW",
        "Interrupted 2 more times",
    ]


async def test_approximation_in_words(hass: HomeAssistant) -> None:
    """What the device can do only nearly is told with how it does it."""
    near = diary(
        daily("r", NOW, note="cheap hours"),
        support=Support.APPROXIMATE,
        reason="power_not_settable",
    )
    [event] = near.events(NOW, NOW + HOUR)
    assert (event.description or "").splitlines() == [
        "Made by Joulekeeper",
        "Status: planned",
        "Approximated: power not settable",
        "Note: cheap hours",
    ]
