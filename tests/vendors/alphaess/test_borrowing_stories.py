"""Stories of borrowing that went wrong once: each ends with all given back."""

from datetime import UTC, datetime, timedelta

from custom_components.joulekeeper.core.schedule import Action
from tests.clouds.alphaess.stores import Period

from .plan_rig import MINUTE, Answer, Stored
from .test_borrowing import DailyBorrowing, PeriodicBorrowing

NOON = datetime(2026, 11, 20, 11, 1, tzinfo=UTC)  # a Friday, in Berlin


def periodic(lag_s: int = 0) -> PeriodicBorrowing:
    """Return an entitled system whose owner has set nothing."""
    system = PeriodicBorrowing()
    system.open(
        now=NOON,
        zone="Europe/Berlin",
        lag=timedelta(seconds=lag_s),
        smooth=False,
        made=[],
        daily=False,
        night=False,
    )
    return system


def daily(discharging: list[tuple[str, str]]) -> DailyBorrowing:
    """Return a system with daily slots, whose cloud refuses those that overlap."""
    system = DailyBorrowing()
    system.open(
        now=NOON,
        zone="Europe/Berlin",
        lag=timedelta(),
        smooth=True,
        charging=[],
        discharging=discharging,
        flags=(False, True),
        overlap=6008,
    )
    return system


def test_edit_while_it_is_not_known_what_has_arrived() -> None:
    """What stayed of ours as two writes got lost is not taken for the owner's."""
    system = periodic()
    try:
        system.force(Action.DISCHARGE, 2220, 60 * MINUTE, 7)
        system.trouble([Answer.VANISHED, Answer.VANISHED])
        system.force(Action.HOLD, 2220, 60 * MINUTE, 0)
        system.force(Action.CHARGE, 2220, 60 * MINUTE, 0)
        evening = Period("20:15", "23:15", 70, 4000, (2, 3, 4))
        system.saves(Stored(periodic=system.sets(True, *system.side(True), evening)))
        system.owner.adds(evening, True)
    finally:
        system.teardown()


def test_plan_of_before_that_is_written_again() -> None:
    """A cloud that shows it has perhaps not shown yet what was there in between."""
    system = periodic(lag_s=120)
    try:
        system.lay(Action.CHARGE, 1110, None, 95 * MINUTE, 15 * MINUTE, None)
        system.rig.live_for(60 * MINUTE)
        system.force(Action.CHARGE, 1110, 15 * MINUTE, 1)
        system.stop()
    finally:
        system.teardown()


def test_next_one_begins_before_the_end_of_what_is_stopped() -> None:
    """Both daily stores change, and each needs room of the other."""
    system = daily([("10:00", "12:45")])
    try:
        system.force(Action.CHARGE, 1110, 15 * MINUTE, 7)
        system.lay(Action.CHARGE, 1110, 80, 13 * MINUTE, 15 * MINUTE, None)
        system.stop()
        assert not system.rig.cloud.refused
    finally:
        system.teardown()
