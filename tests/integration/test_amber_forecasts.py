"""Amber's forecasts as attributes: read the way that optimisers and cards read them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
import json
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.db_schema import (
    StateAttributes,
    States,
    StatesMeta,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.setup import async_setup_component

from ..clouds.amber import Behaviour
from .amber_home import (
    CHANNELS,
    HALF_HOUR,
    HALF_HOURLY,
    HOUR,
    INTERVAL,
    MINUTE,
    attributes,
    begin,
    now,
    pass_until_confirmed,
    set_options,
    shown,
)
from .conftest import AMBER, AMBER_FEED_IN, AMBER_GENERAL, AmberHouse, OpenAmberHouse
from .test_entities import entries

MOST_BYTES_PER_HOUR = 40 * 1024
"""That the prices of one site may add to the database; the peers add 190 KiB and more."""


def market(
    house: AmberHouse, device: str, start: datetime, length: timedelta
) -> tuple[float, float]:
    """Return the retailer's and the market's forecast of a time, AUD/kWh, as shown.

    They are the cloud's own numbers, as they were at the last poll.
    """
    asked_at = next(
        item.at
        for item in reversed(house.cloud.requests.entries)
        if item.label == "current"
    )
    site_id, _, kind = device.partition("_")
    site = house.cloud.site(site_id)
    sign = -1 if kind == "feed_in" else 1
    records = site.prices(
        site.board.around(asked_at, 5, 576, site.minutes(None)), asked_at
    )
    inside = [
        item
        for item in records
        if item["channelType"] == CHANNELS[kind]
        and start < datetime.fromisoformat(item["endTime"])
        and datetime.fromisoformat(item["startTime"]) < start + length
    ]
    own = [item.get("advancedPrice", {"predicted": item["perKwh"]}) for item in inside]
    weight = len(inside) * 100
    return (
        sign * sum(item["predicted"] for item in own) / weight,
        sign * sum(item["perKwh"] for item in inside) / weight,
    )


# -- readers -------------------------------------------------------------------


def as_emhass(house: AmberHouse, device: str) -> list[float]:
    """Return the load cost as EMHASS's template has it: state, then half-hours."""
    rows = attributes(house, device, "price_forecast")["forecasts"]
    return ([shown(house, device)] + [row["per_kwh"] for row in rows])[:48]


def as_haeo(told: Mapping[str, Any]) -> list[tuple[datetime, datetime, float]]:
    """Return steps as HAEO's extractor of Home Assistant's own integration has them."""
    steps = []
    for row in told["forecasts"]:
        assert isinstance(row["per_kwh"], float)
        start, end = (
            datetime.fromisoformat(row[key]).replace(second=0)
            for key in ("start_time", "end_time")
        )
        steps.append((start, end, row["per_kwh"]))
    return steps


def as_haeo_points(told: Mapping[str, Any]) -> list[tuple[datetime, float]]:
    """Return points as HAEO's native extractor and chart cards have them."""
    assert told["interpolation_mode"] == "previous"
    return [
        (datetime.fromisoformat(row["time"]), float(row["value"]))
        for row in told["forecast"]
    ]


def as_cheapest_hours(told: Mapping[str, Any], hours: int) -> datetime:
    """Return when the cheapest hours begin, as TheFes' macro with these keys finds it."""
    rows = [(row["start_time"], row["per_kwh"]) for row in told["forecasts"]]
    count = hours * 2
    _, start = min(
        (sum(price for _, price in rows[n : n + count]), rows[n][0])
        for n in range(len(rows) - count + 1)
    )
    return datetime.fromisoformat(start)


def as_rates(told: Mapping[str, Any]) -> list[tuple[datetime, datetime, float]]:
    """Return rates as Predbat and evcc have them."""
    return [
        (
            datetime.fromisoformat(row["start"]),
            datetime.fromisoformat(row["end"]),
            float(row["value"]),
        )
        for row in told["rates"]
    ]


@pytest.mark.parametrize(
    ("fixture", "device", "step"),
    [
        ("A", AMBER_GENERAL, INTERVAL),
        ("A", AMBER_FEED_IN, INTERVAL),
        ("C", f"{HALF_HOURLY}_general_usage", HALF_HOUR),
        ("C", f"{HALF_HOURLY}_controlled_load", HALF_HOUR),
        ("C", f"{HALF_HOURLY}_feed_in", HALF_HOUR),
    ],
)
async def test_shapes(
    open_amber_house: OpenAmberHouse, fixture: str, device: str, step: timedelta
) -> None:
    """Uniform steps from where each reader wants them, with the cloud's numbers."""
    house = await open_amber_house(fixture=fixture)
    for _ in range(3):
        half_hour = begin(house, HALF_HOUR)
        price, forecast = (
            attributes(house, device, key) for key in ("price", "price_forecast")
        )
        points = as_haeo_points(price)
        assert points[0][0] == begin(house, step)
        assert {after - at for (at, _), (after, _) in pairwise(points)} == {step}
        assert points[-1][0] - points[0][0] > 19 * HOUR

        steps = as_haeo(forecast)
        assert steps[0][0] == half_hour + HALF_HOUR
        rates = as_rates(forecast)
        assert rates[0][0] == half_hour
        assert [item[0] for item in rates[1:]] == [item[0] for item in steps]
        for start, end, _ in (*steps, *rates):
            assert end - start == HALF_HOUR
        assert all(a[1] == b[0] for a, b in pairwise(steps))
        assert all(a[1] == b[0] for a, b in pairwise(rates))

        for (start, _, value), rate in zip(steps, rates[1:], strict=True):
            own, theirs = market(house, device, start, HALF_HOUR)
            assert value == pytest.approx(own, abs=2e-5)
            assert rate[2] == value
            row = forecast["forecasts"][steps.index((start, start + HALF_HOUR, value))]
            assert row["market_per_kwh"] == pytest.approx(theirs, abs=2e-5)
            inside = [v for at, v in points if start <= at < start + HALF_HOUR]
            assert sum(inside) / len(inside) == pytest.approx(value, abs=2e-5)

        costs = as_emhass(house, device)
        assert costs[0] == shown(house, device)
        assert costs[1:] == [value for _, _, value in steps][:47]
        cheap = as_cheapest_hours(forecast, 2)
        assert cheap >= half_hour + HALF_HOUR
        assert forecast["channel_type"] == price["channel_type"]
        json.dumps([price["forecast"], forecast["forecasts"], forecast["rates"]])
        await house.pass_time(7 * MINUTE)


async def test_running_half_hour_without_its_past(
    open_amber_house: OpenAmberHouse,
) -> None:
    """Where past intervals are missing, the running half-hour is there all the same."""
    house = await open_amber_house(behaviour=Behaviour(lost_actuals_share=1.0))
    (start, end, _), *_ = as_rates(attributes(house, key="price_forecast"))
    assert (start, end) == (
        begin(house, HALF_HOUR),
        begin(house, HALF_HOUR) + HALF_HOUR,
    )


async def test_far_end(open_amber_house: OpenAmberHouse) -> None:
    """Beyond the retailer's own forecast the market's goes on, with its range."""
    house = await open_amber_house(behaviour=Behaviour(horizon="long"))
    rows = attributes(house, key="price_forecast")["forecasts"]
    near, far = rows[0], rows[-1]
    assert "advanced_price_predicted" in near
    assert "range_min" not in near
    assert "advanced_price_predicted" not in far
    assert far["range_min"] < far["range_max"]
    assert far["per_kwh"] == far["market_per_kwh"]
    assert len(rows) >= 75
    assert all(isinstance(row["demand_window"], bool) for row in rows)


# -- what goes into the database -----------------------------------------------


@pytest.fixture
def quiet_database() -> None:
    """Do not log every statement of the recorder, as the plug-in would."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.mark.usefixtures("recorder_mock", "quiet_database")
async def test_forecasts_are_not_recorded(open_amber_house: OpenAmberHouse) -> None:
    """The database has the prices, and of each attribute set only a few bytes."""
    house = await open_amber_house()
    await set_options(house, renewables_states=["nsw"])
    await house.pass_time(MINUTE)
    await async_wait_recording_done(house.hass)
    before, _ = await stored(house.hass)
    since = now(house)
    await house.pass_time(HOUR)
    await async_wait_recording_done(house.hass)
    after, rows = await stored(house.hass)
    price = house.entity_id("sensor", "price", AMBER_GENERAL)
    recorded = [state for entity_id, state, _ in rows if entity_id == price]
    assert len(set(recorded)) >= 12
    for entity_id, _, kept in rows:
        if entity_id.startswith("sensor.amber"):
            assert not {"forecast", "forecasts", "rates"} & set(json.loads(kept))
            assert len(kept) < 400, entity_id
    per_hour = (after - before) / ((now(house) - since) / HOUR)
    assert 1024 < per_hour < MOST_BYTES_PER_HOUR, per_hour


async def stored(hass: HomeAssistant) -> tuple[int, list[tuple[str, str, str]]]:
    """Return the bytes of states and attributes, and (entity, state, attributes)."""

    def read() -> tuple[int, list[tuple[str, str, str]]]:
        with session_scope(hass=hass, read_only=True) as session:
            attribute_bytes = sum(
                len(item.shared_attrs or "")
                for item in session.query(StateAttributes).all()
            )
            rows = (
                session.query(
                    StatesMeta.entity_id, States.state, StateAttributes.shared_attrs
                )
                .join(States, States.metadata_id == StatesMeta.metadata_id)
                .join(
                    StateAttributes,
                    States.attributes_id == StateAttributes.attributes_id,
                )
                .all()
            )
            found = [(str(e), str(s), str(a)) for e, s, a in rows]
        # A row of states has some 20 columns, of which eight hold numbers.
        return attribute_bytes + sum(len(s) + 100 for _, s, _ in found), found

    return await get_instance(hass).async_add_executor_job(read)


# -- the Energy dashboard ------------------------------------------------------


@pytest.mark.usefixtures("recorder_mock", "quiet_database")
async def test_energy_dashboard_takes_the_prices(
    open_amber_house: OpenAmberHouse,
) -> None:
    """As price of what is bought and of what is sold, without a complaint."""
    house = await open_amber_house()
    hass = house.hass
    for name in ("bought", "sold"):
        hass.states.async_set(
            f"sensor.{name}",
            "12.5",
            {
                "unit_of_measurement": "kWh",
                "device_class": "energy",
                "state_class": "total_increasing",
            },
        )
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    await manager.async_update(
        {
            "energy_sources": [
                {
                    "type": "grid",
                    "stat_energy_from": "sensor.bought",
                    "stat_energy_to": "sensor.sold",
                    "stat_cost": None,
                    "stat_compensation": None,
                    "entity_energy_price": house.entity_id(
                        "sensor", "price", AMBER_GENERAL
                    ),
                    "number_energy_price": None,
                    "entity_energy_price_export": house.entity_id(
                        "sensor", "price", AMBER_FEED_IN
                    ),
                    "number_energy_price_export": None,
                    "cost_adjustment_day": 0.0,
                }
            ]
        }
    )
    await async_wait_recording_done(hass)
    found = await async_validate(hass)
    complaints = [
        (issue.type, set(issue.affected_entities))
        for source in found.energy_sources
        for issue in source.issues.values()
    ]
    assert [item for item in complaints if "price" in item[0]] == []
    await pass_until_confirmed(house)
    assert (
        house.state("sensor", "price", AMBER_GENERAL).attributes["unit_of_measurement"]
        == "AUD/kWh"
    )
    assert any(entry.unique_id == f"{AMBER}_spot_price" for entry in entries(house))
