"""Clocks of the fake clouds."""

from datetime import UTC, datetime, timedelta

from .clock import AcceleratedClock, SetClock

START = datetime(2026, 11, 20, tzinfo=UTC)


def test_accelerated_clock() -> None:
    """A day per minute, from a day of one's own."""
    base = SetClock(datetime(2030, 1, 1, tzinfo=UTC))
    clock = AcceleratedClock(START, 1440, base)
    assert clock() == START
    base.advance(seconds=30)
    assert clock() == START + timedelta(hours=12)
    base.set(base() + timedelta(seconds=30))
    assert clock() == START + timedelta(days=1)
