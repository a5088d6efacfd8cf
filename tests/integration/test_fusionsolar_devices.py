"""FusionSolar: what single devices came to in a month and a year."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util

from .conftest import (
    FUSION,
    FUSION_BATTERY,
    FUSION_INVERTER,
    FusionHouse,
    OpenFusionHouse,
)

HOUR: Final = timedelta(hours=1)
BRISBANE: Final = ZoneInfo("Australia/Brisbane")
LAST_OF_MONTH: Final = datetime(2026, 11, 30, 2, 2, 30, tzinfo=UTC)
"""Noon in Brisbane, where the plant is; the month ends in twelve hours."""
MONTH, YEAR = "getDevKpiMonth", "getDevKpiYear"
SENSORS: Final = {
    "yield": (FUSION_INVERTER, "pv"),
    "charge_energy": (FUSION_BATTERY, "charged"),
    "discharge_energy": (FUSION_BATTERY, "discharged"),
}
BEGINS: Final = {
    MONTH: ("this_month", lambda now: now.replace(day=1)),
    YEAR: ("this_year", lambda now: now.replace(month=1, day=1)),
}


def asked(house: FusionHouse) -> Counter[str]:
    """Return the calls for statistics of devices."""
    labels = (entry.label for entry in house.cloud.requests.entries)
    return Counter(label for label in labels if label in BEGINS)


async def enable(house: FusionHouse) -> None:
    """Switch on what is off by default, and load the account anew."""
    registry = er.async_get(house.hass)
    ids = [
        house.entity_id("sensor", f"{stem}_{span}", owner)
        for stem, (owner, _) in SENSORS.items()
        for span, _ in BEGINS.values()
    ]
    ids.append(house.entity_id("sensor", "specific_yield_this_year", FUSION_INVERTER))
    for entity_id in ids:
        entry = registry.async_get(entity_id)
        assert entry is not None
        assert entry.disabled
        registry.async_update_entity(entity_id, disabled_by=None)
    await house.reload()


def assert_true(house: FusionHouse) -> None:
    """Compare what is shown with what the house had counted when it was asked for."""
    plant = house.cloud.plant(FUSION)
    for label, (span, begin_of) in BEGINS.items():
        # Types are asked for a minute after each other.
        times = [e.at for e in house.cloud.requests.entries if e.label == label][-2:]
        local = times[-1].astimezone(BRISBANE)
        begin = begin_of(local.replace(hour=0, minute=0, second=0, microsecond=0))
        found = [
            plant.counted(begin, local + 40 * 24 * HOUR, plant.latest(at))
            for at in times
        ]
        for stem, (owner, name) in SENSORS.items():
            state = house.state("sensor", f"{stem}_{span}", owner)
            truths = [getattr(item.energy, name) for item in found if item is not None]
            assert len(truths) == 2
            assert any(
                float(state.state) == pytest.approx(truth, abs=0.02) for truth in truths
            ), (stem, span, state.state, truths)
            reset = dt_util.parse_datetime(state.attributes["last_reset"])
            assert reset == begin
    year = house.value("sensor", "yield_this_year", FUSION_INVERTER)
    specific = house.value("sensor", "specific_yield_this_year", FUSION_INVERTER)
    capacity = plant.spec.capacity_kw
    assert float(specific) == pytest.approx(float(year) / capacity, abs=0.02)


async def test_month_and_year(open_fusion_house: OpenFusionHouse) -> None:
    """Asked for once while nobody wants them, then every six hours and on the first."""
    house = await open_fusion_house(
        zone="Australia/Brisbane", now=LAST_OF_MONTH, history=10 * HOUR
    )
    await house.pass_time(timedelta(minutes=3))
    # An interface takes a call a minute: the second type of devices has waited.
    assert asked(house) == {MONTH: 2, YEAR: 2}
    await house.pass_time(7 * HOUR)
    await house.reload()
    assert asked(house) == {MONTH: 2, YEAR: 2}

    await enable(house)
    # What is known serves at first, but is too old.
    assert asked(house) == {MONTH: 2, YEAR: 2}
    assert_true(house)
    await house.pass_time(timedelta(minutes=5))
    assert asked(house) == {MONTH: 4, YEAR: 4}
    assert_true(house)
    november = float(house.value("sensor", "yield_this_month", FUSION_INVERTER))

    # At midnight the cloud may not know of the new month yet.
    await house.pass_time(5 * HOUR)
    assert asked(house) == {MONTH: 4, YEAR: 4}
    assert float(house.value("sensor", "yield_this_month", FUSION_INVERTER)) == november
    await house.pass_time(HOUR)
    assert asked(house) == {MONTH: 6, YEAR: 6}
    assert_true(house)
    december = float(house.value("sensor", "yield_this_month", FUSION_INVERTER))
    assert december < 1 < november
    await house.pass_time(6 * HOUR)
    assert asked(house) == {MONTH: 8, YEAR: 8}
    assert_true(house)
    assert house.cloud.over_quota == {}


async def test_missing_right(open_fusion_house: OpenFusionHouse) -> None:
    """It costs its own entities, is told like others, and is seldom asked for again."""
    house = await open_fusion_house(zone="Australia/Brisbane", now=LAST_OF_MONTH)
    await house.pass_time(timedelta(minutes=3))
    await enable(house)
    # Home Assistant loads it once more by itself.
    await house.pass_time(timedelta(minutes=1))
    house.cloud.allow(MONTH, allowed=False)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    # Answers are kept over a restart, but not for days.
    house.freezer.tick(timedelta(days=3))
    house.cloud.requests.clear()
    await house.reload()
    await house.pass_time(2 * HOUR)
    assert asked(house) == {MONTH: 1, YEAR: 2}
    issue = ir.async_get(house.hass).async_get_issue(
        DOMAIN, f"rights_missing_{house.entry.entry_id}"
    )
    assert issue is not None
    assert issue.translation_placeholders is not None
    about = issue.translation_placeholders["about"]
    assert about == "- monthly data of devices (getDevKpiMonth)"
    blank = (STATE_UNAVAILABLE, STATE_UNKNOWN)
    for stem, (owner, _) in SENSORS.items():
        assert house.value("sensor", f"{stem}_this_month", owner) in blank
        assert house.value("sensor", f"{stem}_this_year", owner) not in blank
    assert house.value("sensor", "solar_power", FUSION_INVERTER) not in blank

    house.cloud.allow(MONTH)
    await house.pass_time(2 * HOUR)
    assert_true(house)
