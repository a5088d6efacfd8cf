"""The call budget: its reserve, its sliding window, and the wait that it tells."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.budget import Allowance, Budget
from custom_components.joulekeeper.core.errors import RateLimited

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        """Start at noon."""
        self.now = NOON

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self.now


def wait_of(budget: Budget, *, urgent: bool = False) -> float:
    """Return the wait of a call that is refused."""
    with pytest.raises(RateLimited) as refused:
        budget.spend(urgent=urgent)
    assert refused.value.retry_after is not None
    return refused.value.retry_after


def test_reserve_is_for_urgent_calls() -> None:
    """Ordinary calls leave the reserve; each is told when it may come again."""
    clock = Clock()
    budget = Budget(Allowance(4, HOUR, reserved=2), clock)
    for minute in (0, 10):
        clock.now = NOON + timedelta(minutes=minute)
        budget.spend()
    assert budget.left == 0
    assert wait_of(budget) == 50 * 60
    budget.spend(urgent=True)
    # The urgent call took a place as well: the second call's must be free too.
    assert wait_of(budget) == 60 * 60
    budget.spend(urgent=True)
    assert wait_of(budget, urgent=True) == 50 * 60

    clock.now = NOON + HOUR
    budget.spend(urgent=True)
    assert wait_of(budget) == 10 * 60


@given(
    st.lists(st.tuples(st.integers(0, 600), st.booleans()), max_size=60),
    st.integers(1, 6),
    st.integers(0, 5),
)
def test_never_more_than_allowed(
    calls: list[tuple[int, bool]], limit: int, reserved: int
) -> None:
    """No window ever holds more than the limit, and the wait told is just enough."""
    reserved = min(reserved, limit - 1)
    clock = Clock()
    budget = Budget(Allowance(limit, HOUR, reserved), clock)
    spent: list[datetime] = []
    for pause, urgent in calls:
        clock.now += timedelta(seconds=pause)
        recent = [at for at in spent if at > clock.now - HOUR]
        assert budget.left == max(0, limit - reserved - len(recent))
        if len(recent) >= (limit if urgent else limit - reserved):
            wait = wait_of(budget, urgent=urgent)
            clock.now += timedelta(seconds=wait - 0.001)
            assert 0 < wait_of(budget, urgent=urgent) <= 0.0011
            clock.now += timedelta(seconds=0.001)
        budget.spend(urgent=urgent)
        spent.append(clock.now)
        assert len([at for at in spent if at > clock.now - HOUR]) <= limit
