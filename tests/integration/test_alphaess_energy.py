"""AlphaESS: the energies of the day, as statistics see them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.helpers import entity_registry as er

from ..clouds import Fault
from ..clouds.alphaess import Behaviour
from .conftest import ALPHA, ALPHA_BATTERY, AlphaHouse, OpenAlphaHouse
from .daily_sums import Statistics

MINUTE = timedelta(minutes=1)
BEFORE_MIDNIGHT = datetime(2026, 11, 20, 12, 30, 10, tzinfo=UTC)
"""Eleven in the evening in Adelaide."""
COUNTERS = {
    "solar_energy_today": (ALPHA, "pv"),
    "grid_import_energy_today": (ALPHA, "imported"),
    "grid_export_energy_today": (ALPHA, "exported"),
    "load_energy_today": (ALPHA, "load"),
    "charge_energy_today": (ALPHA_BATTERY, "charged"),
    "discharge_energy_today": (ALPHA_BATTERY, "discharged"),
}


def statistics_of(house: AlphaHouse) -> Statistics:
    """Return what sums up all of them, each minute."""
    owners = {key: device for key, (device, _) in COUNTERS.items()}
    return Statistics(house, owners, MINUTE)


def counted(house: AlphaHouse) -> Mapping[str, float]:
    """Return what the house has counted since ever."""
    energy = house.cloud.system(ALPHA).house.energy
    return {key: getattr(energy, name) for key, (_, name) in COUNTERS.items()}


@pytest.mark.parametrize("midnight", ["true", "zeros", "null"])
async def test_midnight(open_alpha_house: OpenAlphaHouse, midnight: Any) -> None:
    """Nothing falls, nothing counts twice, and nearly nothing is lost."""
    house = await open_alpha_house(
        now=BEFORE_MIDNIGHT, behaviour=Behaviour(midnight=midnight)
    )
    before = counted(house)
    statistics = statistics_of(house)
    await statistics.watch(timedelta(hours=2))
    after = counted(house)
    # A new day of which nothing is known yet is unknown for a moment too.
    assert statistics.unknown
    for key, total in statistics.sums.items():
        truth = after[key] - before[key]
        # What is counted while the cloud is blank before midnight, it never tells.
        most = truth / 4 if midnight != "true" else 0.0
        assert truth - most - 0.12 <= total <= truth + 0.05, key


async def test_added_while_the_cloud_is_blank(
    open_alpha_house: OpenAlphaHouse,
) -> None:
    """A new account whose first day is blank gets its energies as soon as they come."""
    house = await open_alpha_house(
        now=BEFORE_MIDNIGHT + 50 * MINUTE, behaviour=Behaviour(midnight="zeros")
    )
    with pytest.raises(AssertionError):
        house.value("sensor", "grid_import_energy_today")
    await house.pass_time(40 * MINUTE)
    assert float(house.value("sensor", "grid_import_energy_today")) >= 0


async def test_blank_answers_within_the_day(alpha_house: AlphaHouse) -> None:
    """A zero or a null at noon is unknown, and the day goes on from where it was."""
    house = alpha_house
    statistics = statistics_of(house)
    shown = float(house.value("sensor", "solar_energy_today"))
    for data in (
        {"epv": 0, "eInput": 0, "eOutput": 0, "eCharge": 0, "eDischarge": 0},
        None,
    ):
        house.cloud.faults.add(
            "getOneDateEnergyBySn",
            Fault.EDIT,
            edit=lambda body, data=data: (
                body | {"data": data and {"theDate": "2026-11-20"} | data}
            ),
        )
        await statistics.watch(7 * MINUTE)
        assert house.value("sensor", "solar_energy_today") == STATE_UNKNOWN
        house.cloud.faults.clear()
        await statistics.watch(7 * MINUTE)
        assert float(house.value("sensor", "solar_energy_today")) >= shown


async def test_single_counters_that_dip(alpha_house: AlphaHouse) -> None:
    """One counter that falls is held; one that is null is unknown."""
    house = alpha_house
    shown = float(house.value("sensor", "solar_energy_today"))
    house.cloud.faults.add(
        "getOneDateEnergyBySn",
        Fault.EDIT,
        edit=lambda body: body | {"data": body["data"] | {"epv": 0.1, "eInput": None}},
    )
    await house.pass_time(6 * MINUTE)
    assert float(house.value("sensor", "solar_energy_today")) == shown
    assert house.value("sensor", "grid_import_energy_today") == STATE_UNKNOWN


async def test_energies_of_another_day(alpha_house: AlphaHouse) -> None:
    """An answer for another date than the plant's is none."""
    house = alpha_house
    house.cloud.faults.add(
        "getOneDateEnergyBySn",
        Fault.EDIT,
        edit=lambda body: body | {"data": body["data"] | {"theDate": "2026-11-19"}},
    )
    await house.pass_time(6 * MINUTE)
    assert house.value("sensor", "solar_energy_today") == STATE_UNKNOWN


async def test_yesterday_under_a_new_date(open_alpha_house: OpenAlphaHouse) -> None:
    """A cloud that is late with the new day does not double the old one."""
    house = await open_alpha_house(now=BEFORE_MIDNIGHT)
    await house.pass_time(59 * MINUTE + timedelta(seconds=45))
    statistics = statistics_of(house)
    raw = house.entry.runtime_data.account.session.raw_payloads()
    last = dict(raw[f"day_energy {ALPHA}"])
    house.cloud.faults.add(
        "getOneDateEnergyBySn",
        Fault.EDIT,
        edit=lambda body: body | {"data": last | {"theDate": "2026-11-21"}},
    )
    await statistics.watch(20 * MINUTE)
    assert house.value("sensor", "grid_import_energy_today") == STATE_UNKNOWN
    house.cloud.faults.clear()
    await statistics.watch(20 * MINUTE)
    assert max(statistics.sums.values()) < 1


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 10, 24, 21, 30, 10, tzinfo=UTC), 25),
        (datetime(2027, 3, 27, 22, 30, 10, tzinfo=UTC), 23),
    ],
)
async def test_days_of_another_length(
    open_alpha_house: OpenAlphaHouse, now: datetime, hours: int
) -> None:
    """The day begins at the plant's midnight, also when clocks change in it."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin", now=now)
    await house.pass_time(timedelta(hours=1))
    key = "grid_import_energy_today"

    def begins() -> datetime:
        state = house.state("sensor", key)
        return datetime.fromisoformat(str(state.attributes["last_reset"]))

    first = begins()
    assert first.astimezone(UTC) - now < timedelta(hours=1)
    await house.pass_time(timedelta(hours=hours - 1))
    assert begins() == first
    await house.pass_time(timedelta(hours=1))
    assert begins().astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=hours)


async def test_lifetime_of_zero_is_unknown(alpha_house: AlphaHouse) -> None:
    """A zero would be a reset, and count the whole lifetime once more."""
    house = alpha_house
    assert float(house.value("sensor", "solar_energy")) > 8000
    house.cloud.faults.add(
        "getSumDataForCustomer",
        Fault.EDIT,
        edit=lambda body: body | {"data": body["data"] | {"epvtotal": 0}},
    )
    await house.pass_time(16 * MINUTE)
    assert house.value("sensor", "solar_energy") == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("money", "code"), [("iso", "AUD"), ("symbol", "AUD"), ("null", "EUR")]
)
async def test_income_has_a_currency(
    open_alpha_house: OpenAlphaHouse, money: Any, code: str
) -> None:
    """A code or a symbol is understood; without either it is Home Assistant's."""
    house = await open_alpha_house(behaviour=Behaviour(money=money))
    unit = house.state("sensor", "income_total").attributes["unit_of_measurement"]
    assert unit == code
    # What was told once is not forgotten.
    house.cloud.change(money="null")
    await house.pass_time(16 * MINUTE)
    unit = house.state("sensor", "income_total").attributes["unit_of_measurement"]
    assert unit == code


async def test_newer_accounts_have_less(open_alpha_house: OpenAlphaHouse) -> None:
    """What the new backend leaves null makes no entities."""
    house = await open_alpha_house(behaviour=Behaviour(new_backend=True))
    registry = er.async_get(house.hass)
    keys = {
        entry.unique_id.removeprefix(f"{ALPHA}_")
        for entry in er.async_entries_for_config_entry(registry, house.entry.entry_id)
        if entry.entity_category is not EntityCategory.DIAGNOSTIC
    }
    assert not keys & {"solar_energy", "income_total", "self_consumption"}
    assert "solar_energy_today" in keys
