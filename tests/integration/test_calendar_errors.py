"""What the calendar's dialog says when it refuses something, and what can be done."""

from datetime import timedelta

import pytest

from custom_components.joulekeeper.calendar_wishes import LIMIT_EXAMPLES
from custom_components.joulekeeper.core.command import EXAMPLES
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import EVENING, INVERTER, SITE
from .dialogs import (
    Dialogs,
    OpenDialogs,
    dialogs_fixture,  # noqa: F401
    lines,
    open_dialogs_fixture,  # noqa: F401
    wall,
)
from .keeping import writes

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("summary", "says"),
    [
        ("charge 9 kW", "Lower the power"),
        ("idle", 'cannot do "Idle" exactly, only something near it. Choose'),
        ("no charge", 'An inverter cannot do "No charge"; it is set for the'),
    ],
)
async def test_refusal_names_nothing_that_the_dialog_lacks(
    dialogs: Dialogs, summary: str, says: str
) -> None:
    """What can be done in the dialog comes first, and is in the words of the screen."""
    error = await dialogs.create(summary, EVENING + HOUR, HOUR)
    assert error is not None
    assert says in error
    assert "field" not in error
    assert writes(dialogs.house) == 0


async def test_duration_is_told_in_hours(dialogs: Dialogs) -> None:
    """Nobody counts thousands of minutes."""
    error = await dialogs.create("hold", EVENING + HOUR, 240 * HOUR + HOUR / 2)
    assert error is not None
    assert "A duration of 240 h 30 min is not possible. Choose 1 min to " in error


@pytest.mark.parametrize("summary", ["limit", "Limit feed-in"])
async def test_what_the_device_cannot_do_is_not_taught(
    dialogs: Dialogs, summary: str
) -> None:
    """An inverter takes no limits, so its calendar does not show how to write one."""
    error = await dialogs.create(summary, EVENING + HOUR, HOUR)
    assert error is not None
    assert 'An inverter cannot do "Limit"' in error
    assert not any(example in error for example in (*EXAMPLES, *LIMIT_EXAMPLES))


async def test_examples_of_a_device_are_taken_by_it(dialogs: Dialogs) -> None:
    """Each of the examples that an error shows is a command for this device."""
    error = await dialogs.create("dance", EVENING + HOUR, HOUR)
    assert error is not None
    examples = error.partition(" examples: ")[2].split('"')[1::2]
    assert len(examples) == 3
    for hours, example in enumerate(examples, start=1):
        assert await dialogs.create(example, EVENING + hours * HOUR, HOUR) is None


async def test_site_that_is_told_a_limit_twice(open_dialogs: OpenDialogs) -> None:
    """It knows limits alone, so the error does not speak of powers and targets only."""
    dialogs = await open_dialogs(device=SITE)
    error = await dialogs.create("limit import 3 kW, import 4 kW", EVENING, HOUR)
    assert error is not None
    assert "each power, limit or target only once" in error
    assert LIMIT_EXAMPLES[0] in error
    error = await dialogs.create("limit import 3", EVENING, HOUR)
    assert error is not None
    assert "has a number without a unit. Write W or kW" in error


async def test_note_that_is_too_long_is_refused(dialogs: Dialogs) -> None:
    """It is not cut without a word; just as long as allowed is kept as it is."""
    start = EVENING + HOUR
    error = await dialogs.create("hold", start, HOUR, description="x" * 101)
    assert error is not None
    assert "has 101 characters, and no more than 100 can be kept" in error
    assert writes(dialogs.house) == 0
    assert await dialogs.create("hold", start, HOUR, description="x" * 100) is None
    event = await dialogs.event()
    assert lines(event)[-1] == "Note: " + "x" * 100
    assert await dialogs.save(event, summary="auto") is None
    error = await dialogs.save(event, description="y" * 101)
    assert error is not None
    assert lines(await dialogs.event())[-1] == "Note: " + "x" * 100


@pytest.mark.parametrize("rule", [{}, {"rrule": "FREQ=DAILY;COUNT=2"}])
async def test_event_that_is_being_taken_back_says_so(
    dialogs: Dialogs, rule: dict[str, str]
) -> None:
    """Deleting it again does no harm, and nothing says that it is over."""
    await dialogs.create("charge 2 kW", wall("11-20 21:01"), HOUR, **rule)
    await dialogs.house.pass_time(timedelta(minutes=11))
    before, *_ = await dialogs.events()
    dialogs.house.cloud.faults.add("schedule_delete", Fault.STATUS, status=503)
    assert await dialogs.delete(before) is not None
    left, *_ = await dialogs.events()
    assert "Status: being taken back" in lines(left)
    for event in (left, before):
        error = await dialogs.delete(event)
        assert error is not None
        if event is left or not rule:
            assert "is being deleted already" in error
    dialogs.house.cloud.faults.clear()
    await dialogs.house.pass_time(timedelta(minutes=20))
    assert dt_util.utcnow() < EVENING + HOUR
    assert len(dialogs.house.cloud.schedules(INVERTER)) == (1 if rule else 0)
    past, *_ = await dialogs.events()
    error = await dialogs.delete(past)
    assert error is not None
    assert "is over and cannot be changed" in error


async def test_stopped_event_that_is_being_taken_back_says_so(
    dialogs: Dialogs,
) -> None:
    """Also in a dialog that was open when it was stopped."""
    await dialogs.create("charge 2 kW", wall("11-20 21:01"), HOUR)
    await dialogs.house.pass_time(timedelta(minutes=11))
    event = await dialogs.event()
    dialogs.house.cloud.faults.add("schedule_delete", Fault.STATUS, status=503)
    assert await dialogs.save(event, dtend=wall("11-20 21:05")) is not None
    error = await dialogs.save(event, dtend=wall("11-20 21:30"))
    assert error is not None
    assert "is being deleted already" in error
