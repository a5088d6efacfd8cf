"""The share of renewables in a state's grid: free, apart, and never in the way."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant

from ..clouds import AmberCloud, Fault
from .amber_home import (
    HALF_HOUR,
    HOUR,
    MINUTE,
    attributes,
    begin,
    now,
    pass_until,
    reauth_flows,
    set_options,
    shown,
    truth,
)
from .conftest import AMBER, AmberHouse

SA, VIC = f"{AMBER}_sa", f"{AMBER}_vic"


@pytest.fixture
async def house(amber_house: AmberHouse) -> AmberHouse:
    """Return the house of fixture A with two states of the market."""
    await set_options(amber_house, renewables_states=["sa", "vic"])
    return amber_house


def share(cloud: AmberCloud, state: str, at: datetime) -> float:
    """Return the true share of a half-hour that is over, percent."""
    board = cloud._api.states[state]
    slots = board.around(at, 0, 0, lambda n: 30)
    return board.truth(slots[0]).quote.renewables


async def test_share(house: AmberHouse) -> None:
    """Now and for the day to come, once in a half-hour, by name of the state."""
    state = house.state("sensor", "renewables", SA)
    assert state.name == "South Australia grid Renewables"
    assert house.value("sensor", "renewables_descriptor", SA) in {
        "best",
        "great",
        "ok",
        "not_great",
        "worst",
    }
    house.cloud.requests.clear()
    await house.pass_time(2 * HOUR)
    assert house.cloud.requests.count("renewables") == 2 * 4
    value = float(house.value("sensor", "renewables", SA))
    assert value == pytest.approx(share(house.cloud, "sa", now(house)), rel=0.2)
    told = attributes(house, SA, "renewables")["forecast"]
    times = [datetime.fromisoformat(row["time"]) for row in told]
    assert times[0] == begin(house, HALF_HOUR) + HALF_HOUR
    assert {b - a for a, b in pairwise(times)} == {HALF_HOUR}
    assert times[-1] - times[0] >= 23 * HOUR
    # At the boundary the forecast is shown, before anything is asked.
    foretold = told[0]["value"]
    await pass_until(house, begin(house, HALF_HOUR) + HALF_HOUR)
    house.cloud.requests.clear()
    await house.pass_time(MINUTE / 6)
    assert house.cloud.requests.count("renewables") == 0
    assert float(house.value("sensor", "renewables", SA)) == foretold


async def test_no_token_and_not_counted(
    house: AmberHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is for prices only; the account's limit has no part in it."""
    sent: list[dict[str, str]] = []
    handler = house.cloud._api._renewables

    async def watch(call: Any) -> Any:
        sent.append(dict(call.request.headers))
        return await handler(call)

    for route, _ in house.cloud._compiled:
        if route.label == "renewables":
            object.__setattr__(route, "handler", watch)
    house.cloud.spend(60)
    await house.pass_time(HALF_HOUR + MINUTE)
    assert len(sent) == 4 or len(sent) == 2
    assert all("Authorization" not in headers for headers in sent)
    assert float(house.value("sensor", "renewables", SA)) > 0
    calls = house.entry.runtime_data.account.session.statistics()
    assert calls["renewables"] >= 4


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": Fault.STATUS, "status": 502},
        {"kind": Fault.STATUS, "status": 403},
        {"kind": Fault.STATUS, "status": 404},
        {"kind": Fault.HTML},
        {"kind": Fault.WRONG_TYPE},
    ],
    ids=str,
)
async def test_state_that_fails(house: AmberHouse, trouble: dict[str, Any]) -> None:
    """It shows nothing; the other state, the prices and the token are as before."""
    house.cloud.faults.add("/state/sa/", **trouble)
    await house.pass_time(HOUR)
    assert house.value("sensor", "renewables", SA) == STATE_UNAVAILABLE
    assert float(house.value("sensor", "renewables", VIC)) > 0
    await pass_until(house, begin(house) + 5 * MINUTE + MINUTE)
    assert shown(house) == pytest.approx(truth(house), abs=0.2)
    assert not reauth_flows(house)
    await house.reload()
    assert shown(house) > 0
    house.cloud.faults.clear()
    await house.pass_time(HOUR)
    assert float(house.value("sensor", "renewables", SA)) > 0


async def test_prices_that_fail(house: AmberHouse, hass: HomeAssistant) -> None:
    """A revoked token ends the prices, not what is told without it."""
    house.cloud.renew_token()
    await house.pass_time(HOUR)
    assert len(reauth_flows(house)) == 1
    price = f"{AMBER}_general_usage"
    assert house.value("sensor", "price", price) == STATE_UNAVAILABLE
    assert float(house.value("sensor", "renewables", VIC)) > 0
    assert hass is house.hass
