"""Amber: what an account has and shows, what it costs, and how it follows the account."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.joulekeeper.const import PLATFORMS
from custom_components.joulekeeper.vendors.amber.board import PriceBoard
from custom_components.joulekeeper.vendors.amber.client import AmberClient
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er

from ..clouds import Fault
from ..clouds.amber import Behaviour, SiteSpec
from ..clouds.amber.fixtures import FIXTURES, ChannelSpec
from .amber_home import (
    DAY,
    HALF_HOUR,
    HALF_HOURLY,
    HOUR,
    INTERVAL,
    MINUTE,
    SECOND,
    attributes,
    begin,
    device_ids,
    pass_until,
    pass_until_confirmed,
    reauth_flows,
    set_options,
    shown,
    tracebacks,
    truth,
    unavailable,
)
from .conftest import (
    AMBER,
    AMBER_CONTROLLED,
    AMBER_FEED_IN,
    AMBER_GENERAL,
    AmberHouse,
    OpenAmberHouse,
)
from .keeping import issues
from .leap import leap
from .test_entities import entries, summary

TODAY = date(2026, 3, 2)
BEFORE_MIDNIGHT = datetime(2026, 3, 2, 13, 58, 1, tzinfo=UTC)
"""By the market's clock."""
FULLER = {"A": ["nsw"], "C": [], "F": [], "G": []}
"""Fixtures, and the states that are shown beside them."""


# -- entities ------------------------------------------------------------------


def shortened(value: Any) -> Any:
    """Return a list with its first items, and how many there are."""
    if isinstance(value, list) and len(value) > 10:
        return [*value[:2], f"... {len(value)}"]
    return value


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize("fixture", FULLER)
async def test_all_entities(
    open_amber_house: OpenAmberHouse, snapshot: SnapshotAssertion, fixture: str
) -> None:
    """Every entity of a site, those too that are off by default."""
    house = await open_amber_house(fixture=fixture)
    if FULLER[fixture]:
        await set_options(house, renewables_states=FULLER[fixture])
    if fixture == "A":
        await pass_until_confirmed(house)
    for platform in PLATFORMS:
        shown_entities = {
            entry.entity_id: {
                key: shortened(value) for key, value in summary(house, entry).items()
            }
            for entry in entries(house)
            if entry.domain == platform
        }
        assert shown_entities == snapshot(name=platform)
    assert not unavailable(house)


async def test_entities_off_by_default(
    amber_house: AmberHouse, snapshot: SnapshotAssertion
) -> None:
    """What few people need is there, but switched off."""
    disabled = [item.entity_id for item in entries(amber_house) if item.disabled]
    assert disabled == snapshot


# -- calls ---------------------------------------------------------------------


async def test_set_up_waits_for_two_round_trips(
    open_amber_house: OpenAmberHouse,
) -> None:
    """The sites, then the prices of all of them at once; the rest comes behind."""
    house = await open_amber_house(fixture="H")
    await set_options(house, renewables_states=["nsw", "vic"])
    house.cloud.requests.clear()
    together = asyncio.Barrier(2)
    ask = AmberClient.current_prices

    async def ask_together(*args: Any, **options: Any) -> PriceBoard:
        await together.wait()
        return await ask(*args, **options)

    with patch.object(AmberClient, "current_prices", ask_together):
        await house.reload()
    assert house.entry.state is ConfigEntryState.LOADED
    labels = house.cloud.requests.labels()
    assert labels[:3] == ["sites", "current", "current"]
    assert labels.count("renewables") == 2
    assert set(labels[3:]) <= {"renewables", "usage"}


async def test_nobody_looks(amber_house: AmberHouse) -> None:
    """Without an entity that shows a price, nothing is asked but the list of sites."""
    house = amber_house
    registry = er.async_get(house.hass)
    for entry in entries(house):
        registry.async_update_entity(
            entry.entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
    await house.pass_time(MINUTE)
    await house.reload()
    house.cloud.requests.clear()
    await house.pass_time(7 * HOUR)
    assert set(house.cloud.requests.counts()) == {"sites"}


async def test_unload_ends_all_calls(amber_house: AmberHouse) -> None:
    """An account that is unloaded, or removed, asks for nothing more."""
    house = amber_house
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.cloud.requests.clear()
    await house.pass_time(20 * MINUTE)
    assert house.cloud.requests.total == 0
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.pass_time(MINUTE)
    assert shown(house) == pytest.approx(truth(house))
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    house.cloud.requests.clear()
    await house.pass_time(20 * MINUTE)
    assert house.cloud.requests.total == 0
    assert not house.hass.states.async_all()


# -- sites and channels --------------------------------------------------------


async def test_one_site_that_fails(open_amber_house: OpenAmberHouse) -> None:
    """It costs only its own entities, at set-up and later, and comes back by itself."""
    house = await open_amber_house(fixture="H")
    theirs = f"{HALF_HOURLY}_general_usage"
    house.cloud.faults.add(f"/{HALF_HOURLY}/prices", Fault.STATUS, status=404)
    await house.reload()
    assert house.entry.state is ConfigEntryState.LOADED
    await house.pass_time(MINUTE)
    assert shown(house) == pytest.approx(truth(house))
    assert house.value("sensor", "price", theirs) == STATE_UNAVAILABLE
    house.cloud.faults.clear()
    await house.pass_time(31 * MINUTE)
    assert shown(house, theirs) > 0
    assert not unavailable(house)

    house.cloud.faults.add(f"/{AMBER}/prices", Fault.STATUS, status=422)
    await house.pass_time(15 * MINUTE)
    assert house.value("sensor", "price", AMBER_GENERAL) == STATE_UNAVAILABLE
    assert shown(house, theirs) > 0
    assert not reauth_flows(house)


async def test_two_homes_have_names_of_their_own(
    open_amber_house: OpenAmberHouse,
) -> None:
    """The network tells one home from the other."""
    house = await open_amber_house(fixture="H")
    names = {
        house.state("sensor", "price", device).name
        for device in (AMBER_GENERAL, f"{HALF_HOURLY}_general_usage")
    }
    assert names == {"Ausgrid general usage Price", "Jemena general usage Price"}


@pytest.mark.parametrize("inactive", ["empty", 404])
async def test_house_moved(
    open_amber_house: OpenAmberHouse, inactive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The new site comes with the market's midnight; the old one goes for certain."""
    house = await open_amber_house(
        fixture="J",
        now=BEFORE_MIDNIGHT,
        behaviour=Behaviour(inactive_prices=inactive),
    )
    (new,) = set(house.cloud.serials) - {AMBER}
    await leap(house, DAY)
    assert device_ids(house) == {AMBER, AMBER_GENERAL, AMBER_FEED_IN}
    await house.pass_time(6 * MINUTE)
    assert new in device_ids(house)
    assert shown(house, f"{new}_general_usage") == pytest.approx(
        truth(house, f"{new}_general_usage"), abs=0.2
    )
    # No price of a home that is not supplied any more.
    assert house.value("sensor", "price", AMBER_GENERAL) == STATE_UNKNOWN
    await leap(house, 7 * HOUR)
    await house.pass_time(MINUTE)
    assert device_ids(house) == {new, f"{new}_general_usage", f"{new}_feed_in"}
    assert not unavailable(house)
    await house.reload()
    assert device_ids(house) == {new, f"{new}_general_usage", f"{new}_feed_in"}
    assert not reauth_flows(house)
    assert not tracebacks(caplog)


async def test_cut_over_to_five_minutes(open_amber_house: OpenAmberHouse) -> None:
    """From the first 5-minute interval on every one is followed, listed or not."""
    (spec,) = FIXTURES["A"](TODAY)
    house = await open_amber_house(
        fixture=replace(spec, five_minutes_from=date(2026, 3, 3)),
        now=BEFORE_MIDNIGHT,
        behaviour=Behaviour(publication_s=20.0),
    )
    assert house.value("sensor", "billing_interval") == "30.0"
    # The list goes on telling of half-hours.
    house.cloud.faults.add(
        "sites",
        Fault.EDIT,
        edit=lambda sites: [site | {"intervalLength": 30} for site in sites],
    )
    await pass_until(house, begin(house, HALF_HOUR) + HALF_HOUR + 8 * MINUTE)
    assert house.value("sensor", "billing_interval") == "5.0"
    await pass_until(house, begin(house) + INTERVAL)
    for _ in range(4):
        await house.pass_time(30 * SECOND)
        assert shown(house) == pytest.approx(truth(house))
        told = attributes(house)
        assert told["start_time"] == begin(house).isoformat()
        times = [datetime.fromisoformat(row["time"]) for row in told["forecast"]]
        assert times[1] - times[0] == INTERVAL
        assert times[-1] - times[0] > 20 * HOUR
        await pass_until(house, begin(house) + INTERVAL)
    # The next list, by which it is so again.
    await leap(house, 7 * HOUR)
    await house.pass_time(6 * MINUTE)
    assert house.value("sensor", "billing_interval") == "5.0"


async def test_other_length_than_listed(open_amber_house: OpenAmberHouse) -> None:
    """Where half-hours come by default, the billing's own intervals are asked for."""
    house = await open_amber_house(behaviour=Behaviour(default_resolution=30))
    await pass_until(house, begin(house, HALF_HOUR) + HALF_HOUR + MINUTE)
    for _ in range(2):
        assert house.value("sensor", "billing_interval") == "5.0"
        assert shown(house) == pytest.approx(truth(house))
        await house.pass_time(INTERVAL)
    legacy = await open_amber_house(fixture="G")
    assert legacy.value("sensor", "billing_interval", legacy.main) == "30.0"


async def test_channel_that_comes_later(open_amber_house: OpenAmberHouse) -> None:
    """Solar is built, or hot water: the channel gets a device; no other is disturbed."""
    (spec,) = FIXTURES["A"](TODAY)
    general = [item for item in spec.channels if item.type == "general"]
    early = replace(spec, channels=tuple(general))
    house = await open_amber_house(fixture=early)
    assert device_ids(house) == {AMBER, AMBER_GENERAL}
    site = house.cloud.site(AMBER)
    later: SiteSpec = replace(
        spec, channels=(*spec.channels, ChannelSpec("E2", "controlledLoad", "TF310"))
    )
    site.spec = later
    await house.pass_time(INTERVAL)
    both = {AMBER_FEED_IN, AMBER_CONTROLLED}
    assert device_ids(house) == {AMBER, AMBER_GENERAL} | both
    for device in (AMBER_GENERAL, *both):
        assert house.state("sensor", "price", device).state != STATE_UNAVAILABLE
    site.spec = early
    await house.pass_time(INTERVAL)
    assert house.value("sensor", "price", AMBER_FEED_IN) == STATE_UNKNOWN
    assert shown(house) > 0


async def test_all_homes_gone(amber_house: AmberHouse) -> None:
    """Who leaves the retailer is told so, and is not asked for a token."""
    house = amber_house
    site = house.cloud.site(AMBER)
    site.spec = replace(site.spec, closed_on=TODAY)
    await leap(house, DAY)
    await leap(house, 7 * HOUR)
    assert device_ids(house) == set()
    assert not reauth_flows(house)
    assert set(issues(house)) == {"no_sites"}
