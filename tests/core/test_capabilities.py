"""What the entities and the actions are told of a device."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.joulekeeper.core.capabilities import (
    ActionSupport,
    Capabilities,
    Support,
)
from custom_components.joulekeeper.core.schedule import Action

NOW = datetime(2026, 11, 20, 12, 0, 30, 900_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

DEVICE = Capabilities(
    actions={
        Action.CHARGE: ActionSupport(Support.NATIVE, None, 4600, "battery_limit"),
        Action.EXPORT: ActionSupport(Support.NATIVE, None, 0),
        Action.IDLE: ActionSupport(Support.APPROXIMATE, "idle_is_hold"),
        Action.LIMIT: ActionSupport(Support.NATIVE),
        Action.NO_CHARGE: ActionSupport(Support.NONE, "site_only"),
    },
    min_duration=2 * MINUTE,
    max_duration=300 * MINUTE,
    zone="Australia/Brisbane",
)


def test_description_of_a_device() -> None:
    """What the entities are built from, and what the action returns."""
    assert DEVICE.controllable
    assert DEVICE.takes_power
    assert DEVICE.takes_limits
    assert DEVICE.max_power_w == 4600
    assert DEVICE.supports(Action.IDLE)
    assert not DEVICE.supports(Action.NO_CHARGE)
    told = DEVICE.as_dict()
    assert set(told["actions"]) == set(Action)
    assert told["actions"]["idle"]["reason"] == "idle_is_hold"
    assert (told["min_duration_min"], told["max_duration_min"]) == (2, 300)
    assert (told["target_soc"], told["recurrence"]) == ("emulated", "emulated")
    assert (told["acts_within_s"], told["lead_time_s"]) == (120, 0)
    assert told["time_zone"] == "Australia/Brisbane"
    assert told["reason"] is None


def test_device_that_can_do_nothing() -> None:
    """The reason is the same for every action."""
    bare = Capabilities(unsupported_reason="no_battery")
    assert not (bare.controllable or bare.takes_power or bare.takes_limits)
    assert bare.max_power_w == 0
    told = bare.as_dict()
    assert told["reason"] == "no_battery"
    assert {action["reason"] for action in told["actions"].values()} == {"no_battery"}


@pytest.mark.parametrize(("lead", "wait"), [(0, 0), (1, 2), (5, 6)])
def test_earliest_start(lead: int, wait: int) -> None:
    """In whole seconds, and never less than the lead time from now."""
    start = Capabilities(lead_time=lead * SECOND).earliest_start(NOW)
    whole = NOW.replace(microsecond=0)
    assert start == whole + wait * SECOND
    assert not lead or start - NOW >= lead * SECOND
    assert start.microsecond == 0
