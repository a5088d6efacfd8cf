"""Devices that know only quarters of an hour, and clouds that end nothing by themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.joulekeeper.core.capabilities import (
    ActionSupport,
    Capabilities,
    Support,
)
from custom_components.joulekeeper.core.check import check
from custom_components.joulekeeper.core.dispatch import State
from custom_components.joulekeeper.core.rules import Inexact, Rule
from custom_components.joulekeeper.core.schedule import Action, Programme, Source

from .model import HOUR, MINUTE, NOW, SECOND, Model

QUARTERS = Capabilities(
    actions={
        Action.CHARGE: ActionSupport(Support.NATIVE, takes_power=False),
        Action.HOLD: ActionSupport(Support.NATIVE),
    },
    granularity=15 * MINUTE,
    lays_ahead=45 * MINUTE,
    min_duration=15 * MINUTE,
    returns_by_itself=False,
    target_soc=Support.NATIVE,
)


@pytest.fixture
def coarse() -> Model:
    """Return a device with quarters of an hour, whose cloud ends nothing."""
    return Model(now=NOW, able=QUARTERS)


@pytest.mark.parametrize(
    ("start", "end", "wide"),
    [
        ((10, 0), (10, 15), ((10, 0), (10, 15))),
        ((10, 1), (10, 14), ((10, 0), (10, 15))),
        ((10, 14), (10, 16), ((10, 0), (10, 30))),
        ((23, 50), (23, 59), ((23, 45), (24, 0))),
    ],
)
def test_widened(
    start: tuple[int, int], end: tuple[int, int], wide: tuple[tuple[int, int], ...]
) -> None:
    """To the least span of whole quarters around it."""
    day = datetime(2026, 11, 20, tzinfo=UTC)

    def at(clock: tuple[int, int]) -> datetime:
        return day + timedelta(hours=clock[0], minutes=clock[1])

    assert QUARTERS.widened(at(start), at(end)) == (at(wide[0]), at(wide[1]))


def rule(**details: object) -> Rule:
    """Return a rule that begins now."""
    plain = Rule(
        id="r", action=Action.CHARGE, start=NOW, duration=HOUR, source=Source.SERVICE
    )
    return replace(plain, **details)  # type: ignore[arg-type]


def test_rounding_is_told() -> None:
    """And a power that cannot be set is refused, or passed over if that is allowed."""
    told = check(rule(), QUARTERS, NOW, Programme())
    assert [item.code for item in told.adjustments] == ["times_widened"]
    assert not told.problems
    refused = check(rule(power_w=2000), QUARTERS, NOW, Programme())
    assert [item.key for item in refused.problems] == ["power_not_settable"]
    near = check(
        rule(power_w=2000, inexact=Inexact.NEAREST), QUARTERS, NOW, Programme()
    )
    assert (near.problems, near.effective.power_w) == ((), None)


def test_taken_back_at_its_end(coarse: Model) -> None:
    """Not by the cloud, but by us, and it counts as done."""
    wanted = coarse.lay(0 * SECOND, HOUR, power_w=None)
    coarse.live_for(10 * MINUTE)
    (held,) = coarse.cloud.held(coarse.now)
    assert held.start.minute % 15 == held.end.minute % 15 == 0
    coarse.live_for(HOUR)
    assert coarse.cloud.deletes == 1
    assert coarse.states(wanted) == [State.DONE]


def test_taken_back_after_an_absence(coarse: Model) -> None:
    """However long after its end."""
    wanted = coarse.lay(0 * SECOND, HOUR, power_w=None)
    coarse.live_for(10 * MINUTE)
    coarse.after(5 * HOUR)
    coarse.restart()
    coarse.live_for(2 * MINUTE)
    assert coarse.cloud.deletes == 1
    assert coarse.states(wanted) == [State.DONE]


def test_sent_when_its_time_is_near(coarse: Model) -> None:
    """Not sooner, for it would come true a day before."""
    wanted = coarse.lay(3 * HOUR, HOUR, power_w=None)
    coarse.live_for(2 * HOUR, 5 * MINUTE)
    assert coarse.cloud.writes == 0
    coarse.live_for(30 * MINUTE, 5 * MINUTE)
    assert coarse.states(wanted) == [State.CONFIRMED]


def test_target_is_part_of_what_is_sent(coarse: Model) -> None:
    """Where the device itself stops at it, another target is another item."""
    wanted = coarse.lay(0 * SECOND, HOUR, power_w=None, target_soc=80)
    coarse.settle()
    coarse.edit(wanted, target_soc=90)
    coarse.settle()
    assert coarse.cloud.writes == 3
