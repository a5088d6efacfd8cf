"""Energies of days, prices, and stand-alone inverters (dossier 4.9 to 4.13)."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.vendors.anker.calls import (
    aps_power_call,
    attrs_call,
    auto_upgrade_call,
    cutoff_call,
    site_price_call,
    tiered_price_call,
)
from custom_components.joulekeeper.vendors.anker.energy import (
    DayEnergy,
    EnergyAnalysis,
    EnergyKind,
    SolarDay,
    kinds_of,
)
from custom_components.joulekeeper.vendors.anker.prices import (
    DynamicPrices,
    PriceProvider,
    SitePrice,
)
from custom_components.joulekeeper.vendors.anker.standalone import pv_days

from .conftest import Bench, Desk, OpenCloud, ok
from .payloads import payload, scene

DAY = date(2026, 5, 4)
SITE = "11111111-2222-4333-8444-00000000000c"

ANSWERS = {
    EnergyKind.SOLARBANK: "energy solarbank A",
    EnergyKind.SOLAR: "energy solar_production A",
    EnergyKind.HOME: "energy home_usage C",
    EnergyKind.GRID: "energy grid C",
}


def answers(**changes: Any) -> dict[EnergyKind, EnergyAnalysis | None]:
    """Return the documented answers; changes are of solar production."""
    return {
        kind: EnergyAnalysis.parse(
            payload(name) | (changes if kind is EnergyKind.SOLAR else {})
        )
        for kind, name in ANSWERS.items()
    }


def test_mapping() -> None:
    """The mapping of 4.9: each value from its own answer, kWh although it says wh."""
    told = DayEnergy.of(DAY, answers())
    assert told == DayEnergy(
        day=DAY,
        solar=2.34,
        solar_to_home=1.53,
        solar_to_battery=0.75,
        grid_export=0.12,
        battery_charge=1.10,
        battery_discharge=0.63,
        battery_to_home=0.61,
        home=4.62,
        grid_import=1.90,
        grid_to_home=1.90,
        grid_to_battery=0.03,
        ac_socket=0.11,
        third_solar_to_battery=0.02,
        plugs=0.41,
        by_plug={"FAKEPLUG00000001": 0.41},
        battery_share=32,
        solar_share=68,
        other_share=0,
    )


def test_answers_about_another_day_are_dropped() -> None:
    """Clients that ask for today must not show yesterday (13.13)."""
    yesterday = [{"time": "2026-05-03", "value": "9.99", "rods": None}]
    told = DayEnergy.of(DAY, answers(power=yesterday))
    assert (told.solar, told.battery_charge, told.battery_share) == (None, None, None)
    assert (told.home, told.battery_discharge) == (4.62, 0.63)


def test_totals_of_several_days_are_no_day_s() -> None:
    """An answer about two days tells what is told by day, and nothing else."""
    kinds = {
        EnergyKind.SOLAR: {
            "power": [
                {"time": "2026-05-03", "value": "2.76"},
                {"time": "2026-05-04", "value": "1.91"},
            ],
            "charge_total": "0.78",
            "charging_pre": "0.17",
            "solar_total": "4.67",
        },
        EnergyKind.GRID: {
            "power": [],
            "charge_trend": [
                {"time": "2026-05-03", "value": "5.57"},
                {"time": "2026-05-04", "value": "5.19"},
            ],
            "grid_to_home_total": "10.73",
            "solar_to_grid_total": "0.06",
        },
        EnergyKind.HOME: {
            "power": [{"time": "2026-05-04", "value": "6.94"}],
            "grid_to_home_total": "5.18",
        },
    }
    told = {kind: EnergyAnalysis.parse(raw) for kind, raw in kinds.items()}
    assert DayEnergy.of(DAY, told) == DayEnergy(
        day=DAY, solar=1.91, grid_import=5.19, home=6.94, grid_to_home=5.18
    )


def test_zero_is_zero_and_nothing_is_nothing() -> None:
    """A true 0 is not replaced (13.16), and "" is not 0."""
    zero = [{"time": "2026-05-04", "value": "0", "rods": None}]
    assert DayEnergy.of(DAY, answers(power=zero)).solar == 0
    first = {EnergyKind.SOLAR: answers()[EnergyKind.SOLAR], EnergyKind.PV1: None}
    told = DayEnergy.of(DAY, first)
    assert (told.home, told.grid_import, told.ac_socket) == (None, None, None)
    assert told.pv == (None, None, None, None)
    assert EnergyAnalysis.parse(None) is None


def test_which_calls_a_system_needs() -> None:
    """Two for a first generation one; a meter, inputs that give something (4.9)."""
    solar, bank = EnergyKind.SOLAR, EnergyKind.SOLARBANK
    home, grid = EnergyKind.HOME, EnergyKind.GRID
    inputs = EnergyKind.PV1, EnergyKind.PV2, EnergyKind.PV3, EnergyKind.PV4
    assert set(kinds_of(scene("A"))) == set(kinds_of(scene("B"))) == {solar, bank}
    assert set(kinds_of(scene("C"))) == {solar, bank, home, grid, *inputs}
    two = scene("C", solar_power_3="0", solar_power_4="")
    assert set(kinds_of(two)) == {solar, bank, home, grid, *inputs[:2]}
    assert EnergyKind.MICRO_INVERTER in kinds_of(scene("full"))


async def test_energies_of_the_fake(open_cloud: OpenCloud) -> None:
    """Local dates go out, and the powers of the simulated house come back."""
    bench, _ = await open_cloud(fixture=("C",))
    client = bench.client()
    (site,) = await client.sites()
    told = DayEnergy.of(
        DAY, {kind: await client.energy(site.id, kind, DAY) for kind in ANSWERS}
    )
    assert told.solar is not None
    assert told.home is not None
    assert told.solar > 0
    assert told.home > 0
    flows = (told.solar_to_home, told.battery_to_home, told.grid_to_home)
    assert None not in flows
    assert sum(filter(None, flows)) == pytest.approx(told.home, abs=0.1)


async def test_request_of_energies(bench: Bench, desk: Desk) -> None:
    """One day is a week that begins and ends with it (4.9)."""
    desk.say("energy_analysis", ok(payload("energy grid C")), ok(payload("solar_day")))
    client = bench.client()
    await client.energy(SITE, EnergyKind.GRID, DAY)
    assert desk.sent[-1].body == {
        "site_id": SITE,
        "device_sn": "",
        "device_type": "grid",
        "type": "week",
        "start_time": "2026-05-04",
        "end_time": "2026-05-04",
    }
    told = await client.solar_day(SITE, DAY)
    assert desk.sent[-1].body["type"] == "day"
    assert desk.sent[-1].body["end_time"] == ""
    assert told == SolarDay(
        power_w=((time(11), 612), (time(11, 20), 600)),
        forecast_w=((time(12), 480),),
        forecast_kwh=3.10,
    )


# -- prices ----------------------------------------------------------------------


def test_dynamic_prices() -> None:
    """Per kWh, though they come per MWh (4.11)."""
    told = DynamicPrices.parse(payload("price_detail"))
    assert [item.price for item in told.today] == [0.0961, 0.09145]
    assert (told.today_average, told.tomorrow_average) == (0.0932, 0.088)
    assert [item.start for item in told.today] == [time(0), time(1)]


async def test_day_of_dynamic_prices(bench: Bench, desk: Desk) -> None:
    """Midnight of the zone, as text of unix seconds (4.11)."""
    desk.say("price_detail", ok(payload("price_detail")))
    provider = PriceProvider(country="DE", company="Nordpool", area="GER")
    zone = ZoneInfo("Europe/Berlin")
    await bench.client().dynamic_prices(provider, DAY, zone)
    midnight = datetime(2026, 5, 3, 22, tzinfo=UTC)
    assert desk.sent[-1].body == {
        "company": "Nordpool",
        "area": "GER",
        "date": str(int(midnight.timestamp())),
        "device_sn": "",
    }


def test_price_is_written_whole() -> None:
    """All that is known goes back; what nobody told is not made up (4.10)."""
    use_time = [{"sea": {"start_month": 1, "end_month": 12}, "weekday": []}]
    more = {"accuracy": 2, "use_time": use_time, "of_tomorrow": 1}
    known = SitePrice.parse(payload("price A") | more)
    call = site_price_call(SITE, known, price=0.33)
    assert call.path == "/power_service/v1/site/update_site_price"
    assert call.body == {
        "site_id": SITE,
        "accuracy": 5,
        "price": 0.33,
        "sell_price": 0.08,
        "site_price_unit": "€",
        "site_co2": 0,
        "price_type": "fixed",
        "current_mode": 0,
        "use_time": use_time,
        "of_tomorrow": 1,
        "dynamic_price": {
            "country": "DE",
            "company": "Nordpool",
            "area": "GER",
            "pct": None,
        },
    }
    old = SitePrice.parse({"price": 0.34, "site_co2": 0, "site_price_unit": "€"})
    assert "sell_price" not in (site_price_call(SITE, old, price=1).body or {})


# -- other writes ----------------------------------------------------------------


def test_other_calls() -> None:
    """As documented in 4.7, 4.8, 4.12 and 4.13; no label names a device."""
    serial = "FAKESB1A00000001"
    calls = (
        cutoff_call(serial, 2),
        auto_upgrade_call(True, {serial: False}),
        attrs_call(serial, {"pv_power_limit": 2000}),
        aps_power_call("FAKEMI800001", 600),
        tiered_price_call("FAKEMI800001", "€", 0.35),
    )
    assert [call.body for call in calls] == [
        {"device_sn": serial, "cutoff_data_id": 2},
        {
            "main_switch": True,
            "device_list": [{"device_sn": serial, "auto_upgrade": False}],
        },
        {"device_sn": serial, "attributes": {"pv_power_limit": 2000}},
        {"sn": "FAKEMI800001", "power": 600},
        {
            "sn": "FAKEMI800001",
            "currencyUnit": "€",
            "tieredElecPrices": [{"from": "00:00", "to": "23:59", "price": 0.35}],
        },
    ]
    assert [call.label for call in calls] == [
        "set_power_cutoff",
        "set_auto_upgrade",
        "set_device_attrs",
        "set_aps_power",
        "updateUserTieredElecPrice",
    ]


async def test_writes_reach_the_fake(open_cloud: OpenCloud) -> None:
    """And are there when it is read again."""
    bench, _ = await open_cloud(fixture=("A", "D"))
    client = bench.client()
    (site,) = await client.sites()
    serial = "FAKESB1A00000001"
    await client.send(cutoff_call(serial, 2))
    cutoff = await client.cutoff(site.id, serial)
    assert cutoff.selected is not None
    assert cutoff.selected.reserve == 5
    await client.send(auto_upgrade_call(True, {serial: True}))
    assert (await client.auto_upgrade()).effective(serial) is True
    price = await client.site_price(site.id)
    await client.send(site_price_call(site.id, price, price=0.29))
    assert (await client.site_price(site.id)).price == 0.29
    await client.send(aps_power_call("FAKEMI800001", 600))
    assert (await client.pv_totals("FAKEMI800001")).limit_w == 600
    await client.send(tiered_price_call("FAKEMI800001", "€", 0.35))
    assert (await client.pv_tariff("FAKEMI800001")).price == 0.35


# -- stand-alone inverters -------------------------------------------------------


def test_days_of_an_inverter() -> None:
    """They are numbered from the first that was asked for (4.13)."""
    raw = payload("energy D")
    assert pv_days(raw, date(2026, 5, 3)) == {date(2026, 5, 3): 2.1, DAY: 0.7}
    raw["energyUnit"] = "Wh"
    assert pv_days(raw, DAY) == {DAY: 0.0021, date(2026, 5, 5): 0.0007}


async def test_inverter_of_the_fake(open_cloud: OpenCloud) -> None:
    """Found among the devices, with values of its own."""
    bench, _ = await open_cloud(fixture=("D",))
    client = bench.client()
    assert await client.sites() == ()
    (serial,) = await client.bound_devices()
    status = (await client.pv_status([serial]))[serial]
    assert status.online
    assert status.power_w is not None
    totals = await client.pv_totals(serial)
    assert totals.energy_kwh is not None
    assert totals.currency == "€"
    days = await client.pv_days(serial, date(2026, 5, 3), DAY)
    assert days.keys() == {date(2026, 5, 3), DAY}
