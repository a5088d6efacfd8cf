"""AlphaESS: a day of an account with two systems, as the cloud sees it.

The distances between calls are real here: whoever waits moves the time.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.joulekeeper import settle
from custom_components.joulekeeper.vendors.alphaess import VENDOR
from custom_components.joulekeeper.vendors.alphaess.pace import Pace
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..clouds import AlphaEssCloud
from .accounts import add_account
from .conftest import ALPHA, AlphaHouse, House
from .keeping import log

ALPHA_B: Final = "ALX000000000002"
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MORNING: Final = datetime(2026, 11, 20, 19, 0, 10, tzinfo=UTC)
"""Half past five in the morning in Adelaide, eight in the evening in Berlin."""

LIVE_AN_HOUR: Final = 136
CALLS_AN_HOUR: Final = 240
"""Of one system, with everything."""
WRITE_GAP: Final = timedelta(seconds=30)
RETRY: Final = 30 * SECOND
CADENCES: Final = {
    "getEssList": 10 * MINUTE,
    "getLastPowerData": 30 * SECOND,
    "getOneDateEnergyBySn": 5 * MINUTE,
    "getSumDataForCustomer": 15 * MINUTE,
    "getChargeConfigInfo": 30 * MINUTE,
    "getDisChargeConfigInfo": 30 * MINUTE,
    "getTimeChargeBySn": 30 * MINUTE,
    "getEvChargerStatusBySn": 90 * SECOND,
    "getEvChargerCurrentsBySn": 30 * MINUTE,
    # The list is read with the status of what is on it.
    "getEvChargerConfigList": 6 * HOUR + 90 * SECOND,
}
CADENCES_OF: Final = {("getDisChargeConfigInfo", ALPHA_B): 2 * HOUR}
"""Of the periodic system only its general floor is read there."""
PLAN_SENSORS: Final = frozenset({"next_action", "next_start", "schedule_status"})
LIVE: Final = "getLastPowerData"
BURST: Final = 1.1
"""An hour may have a few more calls than others, where a value comes late."""
SLACK: Final = 10 * SECOND
"""Calls go one after the other, a second apart, and a reading comes when it is new."""
OF_EACH: Final = ("getLastPowerData", "getOneDateEnergyBySn", "getSumDataForCustomer")
WRITES: Final = (
    "updateChargeConfigInfo",
    "updateDisChargeConfigInfo",
    "setTimeChargeBySn",
)


@pytest.fixture
async def house(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_alphaess: Callable[..., Awaitable[AlphaEssCloud]],
    monkeypatch: pytest.MonkeyPatch,
) -> AlphaHouse:
    """Return the house of fixture D; a pause of ours moves the time."""

    async def wait(seconds: float) -> None:
        freezer.tick(seconds)

    # A pure function, which is asked hundreds of thousands of times a day.
    monkeypatch.setattr(settle, "asyncio", SimpleNamespace(sleep=wait))
    monkeypatch.setattr(Pace.__init__, "__defaults__", (None, wait))
    freezer.move_to(MORNING)
    await hass.config.async_set_time_zone("Australia/Adelaide")
    cloud = await open_alphaess(fixture="D")
    assert cloud.behaviour.write_gap_s == WRITE_GAP.total_seconds()
    entry = await add_account(hass, cloud, "alphaess")
    house = House(hass, cloud, entry, freezer, ALPHA)
    # Of each endpoint something is shown; all of it would take minutes.
    registry = er.async_get(hass)
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        if item.domain != "sensor" or (item.translation_key or "") in PLAN_SENSORS:
            registry.async_update_entity(
                item.entity_id, disabled_by=er.RegistryEntryDisabler.USER
            )
    await house.reload()
    return house


async def lay(house: AlphaHouse, serial: str, start: str, **data: Any) -> None:
    """Lay a schedule that comes again each day, by its start in UTC."""
    hour, minute = map(int, start.split(":"))
    first = MORNING.replace(hour=hour, minute=minute, second=0)
    first += DAY if first < MORNING else timedelta()
    await house.act(
        "create_schedule", serial, start=first.isoformat(), rrule="FREQ=DAILY", **data
    )


def plans(house: AlphaHouse) -> list[object]:
    """Return what the cloud holds of both plans, in whatever order."""
    stores = house.cloud.stores(ALPHA)
    periods = house.cloud.schedules(ALPHA_B)
    return [
        stores.charge,
        stores.discharge,
        sorted(str(it | {"weeks": sorted(it["weeks"]), "sort": 0}) for it in periods),
    ]


def most_in_an_hour(moments: list[datetime]) -> int:
    """Return the most calls that any hour had, from call to call."""
    ordered, most, first = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= HOUR:
            first += 1
        most = max(most, last - first + 1)
    return most


def times(house: AlphaHouse, begin: datetime) -> dict[tuple[str, str], list[datetime]]:
    """Return when each endpoint was asked, by its label and system."""
    found: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for entry in house.cloud.requests.entries:
        assert entry.at >= begin
        serial = (
            ALPHA_B if ALPHA_B in entry.query else ALPHA if ALPHA in entry.query else ""
        )
        found[entry.label, serial].append(entry.at)
    return found


async def test_a_day_with_schedules(house: AlphaHouse) -> None:
    """Two systems, three daily schedules each: polite, within the limits, and fresh."""
    cloud = house.cloud
    before = plans(house)
    await lay(house, ALPHA, "21:10", action="charge", duration_min=50)
    await lay(house, ALPHA, "03:00", action="hold", duration_min=90)
    await lay(house, ALPHA, "11:30", action="charge", duration_min=30, target_soc=80)
    power = {"power_w": 2500}
    await lay(house, ALPHA_B, "22:00", action="discharge", duration_min=60, **power)
    await lay(house, ALPHA_B, "01:30", action="charge", duration_min=45, **power)
    await lay(house, ALPHA_B, "12:00", action="hold", duration_min=120)
    cloud.requests.clear()
    laid = len(cloud.writes)
    begin = dt_util.utcnow()
    await house.pass_time(DAY)
    asked = times(house, begin)

    # Polite: live power, all calls of both systems, and the writes.
    systems = len(cloud.serials)
    live = [at for (label, _), found in asked.items() if label == LIVE for at in found]
    for serial in cloud.serials:
        assert len(asked[LIVE, serial]) <= 24 * LIVE_AN_HOUR
    assert most_in_an_hour(live) <= systems * LIVE_AN_HOUR * BURST
    everything = [at for found in asked.values() for at in found]
    assert most_in_an_hour(everything) <= systems * CALLS_AN_HOUR
    written = cloud.writes[laid:]
    for serial in cloud.serials:
        for label in WRITES:
            mine = [w.at for w in written if (w.serial, w.label) == (serial, label)]
            assert all(b - a >= WRITE_GAP for a, b in pairwise(mine))
    assert 0 < len(written) <= VENDOR.writes.calls - VENDOR.writes.reserved
    # Nothing was refused, and so nothing was asked again.
    attempts = sum(1 for entry in cloud.requests.entries if entry.label in WRITES)
    assert attempts == len(written)
    silence = max(b - a for a, b in pairwise(sorted(everything)))
    assert silence < MINUTE

    # Fresh: never older than its cadence, and one retry.
    for (label, serial), found in asked.items():
        if (
            cadence := CADENCES_OF.get((label, serial), CADENCES.get(label))
        ) is not None:
            ages = [b - a for a, b in pairwise([begin, *found, begin + DAY])]
            assert max(ages) <= cadence + RETRY + SLACK, (label, serial)
    assert {label for label, _ in asked} >= CADENCES.keys()
    for serial in cloud.serials:
        assert {(label, serial) for label in OF_EACH} <= asked.keys()

    # Each of the six ran that day, and was given back or laid anew for the next.
    for serial in cloud.serials:
        events = [entry["event"] for entry in await log(house, device=serial)]
        assert events.count("done") == 3, events
        await house.act("delete_all_schedules", serial)
    await house.pass_time(5 * MINUTE)
    assert plans(house) == before
