"""Stories of borrowing that went wrong once: each ends with all given back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.joulekeeper.core.schedule import Action
from tests.clouds.alphaess.stores import Period

from .owner import EVERY_DAY, listed, slots
from .plan_rig import MINUTE, Answer, Stored
from .test_borrowing import OURS_W, DailyBorrowing, PeriodicBorrowing

type Made = tuple[bool, tuple[str, str], tuple[int, ...], int]
"""A window of the owner's: whether it charges, its times, days and power."""

NOON = datetime(2026, 11, 20, 11, 1, tzinfo=UTC)  # a Friday, in Berlin


def periodic(lag_s: int = 0, *windows: Made) -> PeriodicBorrowing:
    """Return an entitled system; a cloud that shows late what is written."""
    system = PeriodicBorrowing()
    system.open(
        now=NOON,
        zone="Europe/Berlin",
        lag=timedelta(seconds=lag_s),
        smooth=False,
        made=list(windows),
        daily=False,
        night=False,
    )
    return system


def daily(*, overlapping: bool) -> DailyBorrowing:
    """Return a system with daily slots, of which the owner's may overlap."""
    system = DailyBorrowing()
    system.open(
        now=NOON,
        zone="Europe/Berlin",
        lag=timedelta(),
        smooth=True,
        charging=[],
        discharging=[("06:00", "22:00")] if overlapping else [("10:00", "12:45")],
        flags=(overlapping, True),
        overlap="accepted" if overlapping else 6008,
    )
    if overlapping:
        system.owner.charge = replace(
            system.owner.charge, windows=slots([("05:00", "08:00")])
        )
        system.saves(replace(system.newest, charge=system.owner.charge))
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


@pytest.mark.parametrize("days", [EVERY_DAY, (5,)])
@pytest.mark.parametrize("late", [False, True])
def test_owner_deletes_his_window_around_ours(
    days: tuple[int, ...], late: bool
) -> None:
    """While one write may be shown late, and the next one got lost."""
    his = (False, ("10:00", "15:00"), days, 500)
    system = periodic(120 if late else 0, his)
    try:
        system.force(Action.DISCHARGE, 2220, 60 * MINUTE, 1 if late else 7)
        system.trouble([Answer.VANISHED])
        if late:
            system.force(Action.HOLD, 2220, 60 * MINUTE, 0)
        else:
            system.stop()
        for charges, window in list(listed(system.store)):
            if window.power not in OURS_W:
                others = [it for it in system.side(charges) if it != window]
                after = system.sets(charges, *others)
                system.owner.drops(window, charges, after)
                system.saves(Stored(periodic=after))
        assert not system.owner.wishes
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


def test_owners_windows_that_overlap() -> None:
    """A cloud that takes them is not written to for what is there already."""
    system = daily(overlapping=True)
    try:
        system.force(Action.CHARGE, 1110, 60 * MINUTE, 0)
        writes = len(system.rig.cloud.writes)
        for _ in range(3):
            system.force(Action.CHARGE, 1110, 60 * MINUTE, 1)
        assert len(system.rig.cloud.writes) == writes
    finally:
        system.teardown()


def test_next_one_begins_before_the_end_of_what_is_stopped() -> None:
    """Both daily stores change, and each needs room of the other."""
    system = daily(overlapping=False)
    try:
        system.force(Action.CHARGE, 1110, 15 * MINUTE, 7)
        system.lay(Action.CHARGE, 1110, 80, 13 * MINUTE, 15 * MINUTE, None)
        system.stop()
        assert not system.rig.cloud.refused
    finally:
        system.teardown()


def test_room_that_may_not_have_been_made() -> None:
    """What is sent again is not refused for a window that is still as it was."""
    system = daily(overlapping=False)
    try:
        system.rig.live_for(12 * MINUTE)
        system.trouble([Answer.VANISHED])
        system.force(Action.CHARGE, 1110, 15 * MINUTE, 7)
        system.nothing_is_refused()
        assert system.newest.charge.windows[0] == ("12:15", "12:30")
    finally:
        system.teardown()
