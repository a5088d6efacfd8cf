"""Clouds that take minutes to list what they took, and devices that end by themselves."""

from dataclasses import replace

from custom_components.joulekeeper.core.dispatch import State
from custom_components.joulekeeper.core.schedule import ItemStatus

from .model import HOUR, INVERTER, MINUTE, NOW, Model

SLOW = 7 * MINUTE


def test_what_was_in_time_is_sent_again_late() -> None:
    """It was begun in time: that it is not listed for long is not missing its start."""
    model = Model(NOW, replace(INVERTER, confirms_within=SLOW))
    model.cloud.hidden |= {"v1", "v2"}
    rule = model.force(HOUR)
    model.live_for(SLOW - MINUTE)
    assert model.cloud.writes == 1
    model.live_for(2 * MINUTE)
    assert model.cloud.writes > 1
    assert State.MISSED not in model.states(rule)
    model.live_for(SLOW)
    assert State.UNCONFIRMED in model.states(rule)


def test_battery_that_was_full_before_the_end() -> None:
    """It is done then, for good, and nothing is sent again."""
    model = Model(NOW)
    rule = model.force(HOUR)
    model.live_for(10 * MINUTE)
    for vendor_id, item in list(model.cloud.items.items()):
        ended = replace(item, status=ItemStatus.FULFILLED)
        model.cloud.items[vendor_id] = ended
    model.live_for(5 * MINUTE)
    (dispatch,) = model.ledger.dispatches_of(rule.id)
    assert (dispatch.state, dispatch.reason) == (State.DONE, "full")
    assert dispatch.end < rule.end
    writes = model.cloud.writes
    model.live_for(HOUR)
    assert model.states(rule) == [State.DONE]
    assert model.cloud.writes == writes
