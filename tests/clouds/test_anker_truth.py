"""The houses behind the fake Anker cloud add up, and so does what is told (4.9)."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from .anker import FIXTURES, SiteSpec
from .anker.household import EFFICIENCY, HOURS
from .anker_bench import SITE, SN_D, A, B, C, E
from .conftest import MakeAnker

pytestmark = pytest.mark.usefixtures("socket_enabled")

SITES = [name for name, spec in FIXTURES.items() if isinstance(spec, SiteSpec)]
DAY = "2026-05-04"


@pytest.mark.parametrize("name", SITES)
async def test_balance(make_anker: MakeAnker, name: str) -> None:
    """At every minute of a day what comes is what goes, in each bank and the house."""
    region = "com" if name == "PANEL" else "eu"
    bench = await make_anker(fixture=name, region=region)
    bench.forward(days=1)
    site = bench.cloud.site(name)
    for moment, after in pairwise(site.moments):
        flow = moment.flow
        for bank, device in zip(flow.banks, site.spec.banks, strict=True):
            given = bank.pv_w + bank.discharge_w + bank.grid_charge_w
            assert given == pytest.approx(bank.output_w + bank.charge_w)
            assert 0.04 <= bank.soc <= 1.0001
            assert not (bank.charge_w > 0 and bank.discharge_w > 0)
            assert bank.output_w <= device.makes.max_output_w + 1e-6
        others = sum(bank.output_w for bank in flow.cascaded)
        drawn = flow.load_w + flow.grid_charge_w
        assert flow.output_w + others + flow.grid_w == pytest.approx(drawn)
        grown = after.totals.minus(moment.totals)
        assert grown.solar == pytest.approx(flow.pv_w * HOURS / 1000)
        assert grown.imported - grown.exported == pytest.approx(
            flow.grid_w * HOURS / 1000
        )
        used = grown.solar_to_home + grown.battery_to_home + grown.grid_to_home
        assert grown.load == pytest.approx(used)
        if site.spec.banks:
            stored = flow.charge_w * EFFICIENCY - flow.discharge_w / EFFICIENCY
            capacity = sum(bank.capacity_wh for bank in site.spec.banks)
            before, now = (
                sum(
                    bank.soc * device.capacity_wh
                    for bank, device in zip(
                        part.flow.banks, site.spec.banks, strict=True
                    )
                )
                / capacity
                for part in (moment, after)
            )
            assert now - before == pytest.approx(stored * HOURS / capacity, abs=1e-9)


async def test_a_later_bank_follows_the_meter(make_anker: MakeAnker) -> None:
    """In mode 1 it gives what the house uses, and takes the rest of the sun."""
    bench = await make_anker(fixture="C")
    bench.cloud.set_sun(C, 0.3)
    bench.cloud.set_load(C, 350)
    bench.cloud.force_soc(C, 50)
    bench.forward(minutes=2)
    truth = bench.cloud.truth(C)
    assert (truth.output_w, truth.grid_w) == (350, 0)
    assert truth.battery_w == pytest.approx(truth.solar_w - 350)
    bench.cloud.set_load(C, 1200)
    bench.cloud.set_sun(C, 0)
    bench.forward(minutes=2)
    truth = bench.cloud.truth(C)
    assert (truth.output_w, truth.grid_w, truth.battery_w) == (800, 400, -800)
    bench.cloud.force_soc(C, 10)
    bench.forward(minutes=2)
    assert bench.cloud.truth(C).output_w == 0
    bench.cloud.set_sun(C, 0.7)
    bench.cloud.set_load(C, 100)
    bench.cloud.force_soc(C, 100)
    bench.forward(minutes=2)
    truth = bench.cloud.truth(C)
    assert (truth.output_w, truth.grid_w) == (800, -700)  # what does not fit is lost


def value(items: list[dict[str, Any]], n: int = 0) -> float:
    """Return the number of an item."""
    return float(items[n]["value"])


async def test_energies_of_a_day(make_anker: MakeAnker) -> None:
    """Energies are the powers of the day, whole days and today so far."""
    bench = await make_anker(
        fixture=("A", "C"),
        history=timedelta(days=2),
        behaviour={"rate_limit": False},
    )
    site, now = bench.cloud.site(C), bench.clock()
    start, end = site.midnight(date(2026, 5, 3)), site.midnight(date(2026, 5, 4))
    day = [m for m in site.moments if start <= m.time < end]
    assert len(day) == 1440

    def kwh(name: str) -> float:
        return float(sum(getattr(m.flow, name) for m in day)) * HOURS / 1000

    cent = 0.006
    bank = await bench.energy("solarbank", "2026-05-03", site=C)
    assert value(bank["power"]) == pytest.approx(kwh("discharge_w"), abs=cent)
    assert float(bank["charge_total"]) == pytest.approx(kwh("charge_w"), abs=cent)
    sun = await bench.energy("solar_production", "2026-05-03", site=C)
    assert value(sun["power"]) == pytest.approx(kwh("pv_w"), abs=cent)
    assert sun["power_unit"] == "wh"
    strings = [
        value(
            (await bench.energy(f"solar_production_pv{n}", "2026-05-03", site=C))[
                "power"
            ]
        )
        for n in range(1, 5)
    ]
    assert sum(strings) == pytest.approx(kwh("pv_w"), abs=4 * cent)
    home = await bench.energy("home_usage", "2026-05-03", site=C)
    assert value(home["power"]) == pytest.approx(kwh("load_w"), abs=cent)
    parts = ("grid_to_home_total", "battery_to_home_total", "solar_to_home_total")
    assert sum(float(home[part]) for part in parts) == pytest.approx(
        float(home["home_usage_total"]), abs=3 * cent
    )
    grid = await bench.energy("grid", "2026-05-03", site=C)
    exported = sum(max(0, -m.flow.grid_w) for m in day) * HOURS / 1000
    assert -value(grid["power"]) == pytest.approx(exported, abs=cent)
    assert value(grid["power"]) <= 0
    imported = sum(max(0, m.flow.grid_w) for m in day) * HOURS / 1000
    assert value(grid["charge_trend"]) == pytest.approx(imported, abs=cent)
    share = float(sun["charging_pre"]) + float(sun["electricity_pre"])
    assert share == pytest.approx(1, abs=0.011)

    both = await bench.energy("solarbank", "2026-05-03", DAY, site=C)
    dates = [item["time"] for item in both["power"]]
    assert dates == ["2026-05-03", DAY]
    today = await bench.energy("solarbank", DAY, site=C)
    assert float(both["charge_total"]) == pytest.approx(
        float(bank["charge_total"]) + float(today["charge_total"]), abs=2 * cent
    )
    later = await bench.energy("solarbank", "2026-05-05", "2026-05-06", site=C)
    assert [item["value"] for item in later["power"]] == ["0", "0"]
    older = await bench.energy("solar_production", "2026-04-01", site=C)
    assert value(older["power"]) > 0
    year = await bench.energy(
        "solar_production", "2026-04-01", DAY, site=C, span="year"
    )
    assert [item["time"] for item in year["power"]] == ["2026-04", "2026-05"]
    assert bench.clock() == now


async def test_energies_of_the_first(make_anker: MakeAnker) -> None:
    """A Solarbank 1 knows its own energies and nothing of the house (4.9)."""
    bench = await make_anker(fixture="A", behaviour={"rate_limit": False})
    bank = await bench.energy("solarbank", "2026-05-03", DAY)
    days = sum(value(bank["power"], n) for n in range(2))
    assert float(bank["discharge_total"]) == pytest.approx(days, abs=0.02)
    sun = await bench.energy("solar_production", DAY)
    rest = float(sun["charge_total"]) + float(sun["discharge_total"])
    assert float(sun["solar_total"]) == pytest.approx(rest, abs=0.02)
    assert sun["statistics"][0]["total"] == f"{float(sun['solar_total']):.2f}"
    assert await bench.energy("solar_production_pv1", DAY) is None
    assert (await bench.energy("grid", DAY))["power"][0]["value"] == "0"
    answer = await bench.send(
        f"{SITE}/energy_analysis",
        {
            "site_id": A,
            "device_sn": "",
            "device_type": "sun",
            "type": "week",
            "start_time": DAY,
            "end_time": DAY,
        },
    )
    assert answer.status == 400


async def test_day_curves(make_anker: MakeAnker) -> None:
    """A day has 73 points in W, and a Solarbank 3 a forecast (4.9)."""
    bench = await make_anker(fixture=("C", "E"))
    bank = await bench.energy("solarbank", DAY, site=E, span="day")
    assert [len(bank[name]) for name in ("power", "charge_trend", "charge_level")] == [
        73
    ] * 3
    assert [item["time"] for item in bank["power"][:4]] == [
        *("00:00", "00:20", "00:40", "01:00"),
    ]
    assert bank["power"][-1]["time"] == "24:00"
    site = bench.cloud.site(E)
    at = site.midnight(date(2026, 5, 4)) + timedelta(hours=11)
    level = float(bank["charge_level"][33]["value"])
    assert level == pytest.approx(site.moment(at).flow.banks[0].soc * 100, abs=0.01)
    assert bank["local_time"].startswith("2026-05-04 11:2")
    sun = await bench.energy("solar_production", DAY, site=E, span="day")
    assert sun["forecast_trend"][0]["time"] == "12:00"
    assert float(sun["forecast_total"]) > 1
    plain = await bench.energy("solar_production", DAY, site=C, span="day")
    assert plain["forecast_trend"] == []


async def test_midnight(make_anker: MakeAnker) -> None:
    """Today begins at the system's midnight, or minutes later (11.1)."""
    bench = await make_anker(fixture="C", behaviour={"rate_limit": False})
    bench.to_local(23, 50, C)
    before = await bench.energy("home_usage", DAY, site=C)
    bench.forward(minutes=25)
    await bench.log_in()
    today = await bench.energy("home_usage", "2026-05-05", site=C)
    assert value(today["power"]) < 0.2
    bench.cloud.change(late_midnight_s=1800)
    stale = await bench.energy("home_usage", "2026-05-05", site=C)
    assert value(stale["power"]) >= value(before["power"])
    bench.forward(minutes=20)
    fresh = await bench.energy("home_usage", "2026-05-05", site=C)
    assert value(today["power"]) <= value(fresh["power"]) < 0.5


async def test_statistics_grow(make_anker: MakeAnker) -> None:
    """The totals of the overview count what the panels give, money by the price."""
    bench = await make_anker(fixture="B")
    first, began = await bench.scene(B), bench.cloud.site(B).record(bench.clock())
    bench.forward(hours=2)
    second, ended = await bench.scene(B), bench.cloud.site(B).record(bench.clock())
    grown = ended.totals.solar - began.totals.solar
    kwh = [float(scene["statistics"][0]["total"]) for scene in (first, second)]
    assert kwh[1] - kwh[0] == pytest.approx(grown, abs=0.011)
    assert grown > 1
    money = float(second["statistics"][2]["total"])
    assert money == pytest.approx(kwh[1] * 0.32, abs=0.01)
    body = {"site_id": B, "price": 0.5, "site_price_unit": "€", "site_co2": 0}
    assert await bench.code(f"{SITE}/update_site_price", body) == 0
    scene = await bench.scene(B)
    assert float(scene["statistics"][2]["total"]) == pytest.approx(
        kwh[1] * 0.5, abs=0.01
    )
    price = await bench.data(f"{SITE}/get_site_price", {"site_id": B, "accuracy": 5})
    assert (price["price"], price["price_type"]) == (0.5, "fixed")
    assert await bench.code(f"{SITE}/get_site_price", {"site_id": B}) == 0


async def test_history(make_anker: MakeAnker) -> None:
    """The demo is told the counters at full hours, of lone inverters too."""
    bench = await make_anker(fixture=("C", "D"), history=timedelta(days=1))
    now = bench.clock()
    for serial in bench.cloud.serials:
        hours = bench.cloud.history(serial, now - timedelta(hours=20), now)
        assert len(hours) == 20
        assert all(time.minute == 0 for time, _ in hours)
        assert all(b.pv >= a.pv for (_, a), (_, b) in pairwise(hours))
        assert hours[-1][1].pv > hours[0][1].pv
    [plan] = bench.cloud.schedules(C)
    assert plan["mode_type"] == 1
    assert bench.cloud.schedules(SN_D) == []


async def test_same_seed(make_anker: MakeAnker) -> None:
    """The same seed makes the same day, in whatever steps it is read."""
    one, two = [await make_anker(fixture="C", seed=7) for _ in range(2)]
    for _ in range(12):
        one.forward(minutes=5)
        await one.log_in()
        last = await one.scene(C)
    two.forward(hours=1)
    assert await two.scene(C) == last
