"""What devices have, and of which day their counters are; both over restarts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.vendors.fusionsolar.days import DayStarts
from custom_components.joulekeeper.vendors.fusionsolar.readings import (
    DeviceReading,
    parse_reading,
)
from custom_components.joulekeeper.vendors.fusionsolar.state import State
from custom_components.joulekeeper.vendors.fusionsolar.traits import Traits

SYDNEY = ZoneInfo("Australia/Sydney")
MIDNIGHT = datetime(2026, 11, 21, tzinfo=SYDNEY)
STEP = timedelta(minutes=5)


class Store:
    """An account's file."""

    def __init__(self) -> None:
        """Begin empty."""
        self.data: dict[str, Any] | None = None

    async def load(self) -> dict[str, Any] | None:
        """Return what was saved."""
        return self.data

    async def save(self, data: dict[str, Any]) -> None:
        """Keep it."""
        self.data = data


def reading(kind: int, **items: Any) -> DeviceReading:
    """Return what a device tells."""
    found = parse_reading(items, kind)
    assert found is not None
    return found


def begins(days: DayStarts, at: datetime, *counters: float | None) -> str:
    """Return the day that counters are of."""
    return days.begins("x", at.astimezone(UTC), counters).date().isoformat()


# -- days ----------------------------------------------------------------------


@pytest.fixture
def days() -> DayStarts:
    """Return counters of which nothing is known yet."""
    return DayStarts(State(Store()), "a", SYDNEY)


def test_new_day_with_what_falls(days: DayStarts) -> None:
    """What is still yesterday's after midnight counts for yesterday."""
    told: Sequence[tuple[float | None, ...]] = [
        *((5.3, 1.8), (5.3, 1.9), (5.3, 2.0), (None, None), (5.3, 2.0)),
        *((0.0, 0.1), (0.0, 0.2)),
    ]
    found = [
        begins(days, MIDNIGHT + (n - 1) * STEP, *counters)
        for n, counters in enumerate(told)
    ]
    assert found == 5 * ["2026-11-20"] + 2 * ["2026-11-21"]
    moment = days.begins("x", MIDNIGHT + 8 * STEP, (0.0, 0.3))
    assert moment == MIDNIGHT


def test_new_day_without_anything_to_fall(days: DayStarts) -> None:
    """A battery that did nothing all day does nothing in the next one either."""
    assert begins(days, MIDNIGHT - STEP, 0.0, 0.0) == "2026-11-20"
    assert begins(days, MIDNIGHT, 0.0, 0.0) == "2026-11-21"


def test_new_day_at_dawn(days: DayStarts) -> None:
    """An inverter that sleeps keeps its yield until it wakes."""
    at = MIDNIGHT - STEP
    while at < MIDNIGHT + timedelta(hours=5):
        assert begins(days, at, 18.42) == "2026-11-20"
        at += STEP
    assert begins(days, at, 0.01) == "2026-11-21"


def test_gap_over_midnight(days: DayStarts) -> None:
    """After a night in which nobody looked, the date tells."""
    assert begins(days, MIDNIGHT - 2 * timedelta(hours=1), 5.3) == "2026-11-20"
    assert begins(days, MIDNIGHT + 9 * timedelta(hours=1), 5.5) == "2026-11-21"


def test_counters_that_never_fall(days: DayStarts) -> None:
    """A second midnight is a new day for certain."""
    at = MIDNIGHT - STEP
    while at < MIDNIGHT + timedelta(days=1):
        assert begins(days, at, 5.3) == "2026-11-20"
        at += STEP
    assert begins(days, at, 5.3) == "2026-11-22"


async def test_days_survive_restarts() -> None:
    """A plant of another zone keeps its own day over a restart in ours."""
    store = Store()
    state = State(store)
    await state.load()
    days = DayStarts(state, "a", SYDNEY)
    assert begins(days, MIDNIGHT - STEP, 5.3) == "2026-11-20"
    assert begins(days, MIDNIGHT + STEP, 5.4) == "2026-11-20"
    await state.save()
    for account, day in (("a", "2026-11-20"), ("b", "2026-11-21")):
        again = State(store)
        await again.load()
        restored = DayStarts(again, account, SYDNEY)
        assert begins(restored, MIDNIGHT + 2 * STEP, 5.5) == day


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"account": "a", "days": []},
        {"account": "a", "days": {"x": {"day": "soon", "at": 1, "counters": [1]}}},
        {
            "account": "a",
            "days": {
                "x": {
                    "day": "2026-11-20",
                    "at": "2026-11-20T12:00:00+00:00",
                    "counters": ["?", {}, 1, 2],
                }
            },
        },
    ],
)
async def test_broken_file_of_days(data: Any) -> None:
    """What cannot be read was never known."""
    store = Store()
    store.data = {"days": data}
    state = State(store)
    await state.load()
    days = DayStarts(state, "a", SYDNEY)
    assert begins(days, MIDNIGHT + STEP, 5.4) == "2026-11-21"


# -- traits --------------------------------------------------------------------


async def test_phases_and_strings() -> None:
    """They are there once they had a voltage, and stay by night and restart."""
    store = Store()
    state = State(store)
    await state.load()
    traits = Traits(state, "a")
    night = {f"pv{n}_u": 0.0 for n in range(1, 5)}
    traits.learn(1, reading(38, a_u=0.0, b_u=0.0, ab_u=0.0, **night))
    assert (traits.phases(1), traits.strings(1)) == (0, frozenset())
    day = {**night, "pv1_u": 351.2, "pv1_i": 6.1, "pv3_i": 5.9}
    traits.learn(1, reading(38, a_u=238.6, b_u=0.0, c_u=0.0, ab_u=0.0, **day))
    traits.learn(2, reading(1, a_u=238.6, b_u=237.1, c_u=239.0))
    traits.learn(3, reading(23070, ab_u=412.3))
    traits.learn(4, reading(47, meter_u=238.6))
    await state.save()
    again = State(store)
    await again.load()
    for known in (traits, Traits(again, "a")):
        known.learn(1, reading(38, a_u=0.0, **night))
        known.learn(2, reading(1, a_u=0.0, b_u=0.0, c_u=0.0))
        assert [known.phases(number) for number in (1, 2, 3, 4)] == [1, 3, 3, 1]
        assert known.strings(1) == {0, 2}
    assert Traits(again, "b").strings(1) == frozenset()


@pytest.mark.parametrize(
    "data",
    [
        None,
        1,
        {
            "account": "a",
            "devices": {"x": 1, "7": 1, "8": {"strings": "?", "phases": 2}},
        },
    ],
)
async def test_broken_file_of_traits(data: Any) -> None:
    """What cannot be read was never known."""
    store = Store()
    store.data = {"traits": data}
    state = State(store)
    await state.load()
    traits = Traits(state, "a")
    assert [traits.phases(number) for number in (7, 8)] == [0, 0]
    assert traits.strings(8) == frozenset()
