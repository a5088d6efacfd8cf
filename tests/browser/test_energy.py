"""The Energy dashboard draws what the clouds have measured, and what it has cost."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
import re
from statistics import fmean
from typing import Any, Final
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, ViewportSize, expect

from scripts.tools.browser import ZONE
from scripts.tools.demo.energy import validate_dashboard
from scripts.tools.demo.household import DOMAIN

from ..clouds import AmberCloud, RedbackCloud
from ..clouds.amber.tariffs import ChannelType
from ..clouds.house import Energy
from .journey import Journey
from .stage import JOURNEYS, Stage

pytestmark = JOURNEYS

FILLED_S: Final = 90
PAGE: Final[ViewportSize] = {"width": 1600, "height": 1700}
HALF_A_DIGIT: Final = 0.005
"""Home Assistant shows two digits, of what floating-point sums have become."""
HOUR: Final = timedelta(hours=1)
QUARTER: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)
ROWS_A_DAY: Final = 288
COUNTERS: Final = {
    "Solar energy": ("pv", 1),
    "battery Discharged energy": ("discharged", 1),
    "battery Charged energy": ("charged", -1),
    "Grid import energy": ("imported", 1),
    "Grid feed-in energy": ("exported", -1),
}
"""Counter of the simulated house and its sign, by what the row is called."""
MONIES: Final[dict[str, tuple[str, ChannelType]]] = {
    "Grid import energy": ("imported", "general"),
    "Grid feed-in energy": ("exported", "feedIn"),
}
"""Counter of the simulated house and channel of the retailer, by the row."""
METERED: Final = {
    "Grid import energy (imported)": ("general", 1),
    "Grid feed-in energy (imported)": ("feedIn", -1),
}
"""Channel of the retailer and sign of its energy, by what the row is called."""

DRAWN: Final = """(begin) => Object.entries(
    document.querySelector("home-assistant").hass.connection
).some(([key, data]) =>
    key.startsWith("_energy") && data.state?.start?.getTime() === begin * 1000
)"""
"""Whether the day that begins then is drawn. Of what is asked for before that, the
frontend draws what is answered last."""


async def test_energy_dashboard(journey: Journey) -> None:
    """Of yesterday it shows solar, grid and battery as measured, and their cost."""
    stage = journey.stage
    home, retailer = stage.cloud(RedbackCloud), stage.cloud(AmberCloud)
    entry_id, prices_id = await stage.account("redback"), await stage.account("amber")
    await stage.household.fill_energy(stage.of("redback"), entry_id)
    await stage.household.set_prices(stage.of("amber"), prices_id)
    assert await validate_dashboard(stage.api) == []
    sources = (await stage.api.command("energy/get_prefs"))["energy_sources"]
    (grid,) = [source for source in sources if source["type"] == "grid"]
    day = today() - DAY
    # The money is imported last.
    await booked(stage, day, [f"{grid['stat_energy_to']}_compensation"])
    table = await open_day(journey, day)
    hours = home.history(home.serials[0], begin(day), begin(day + DAY))
    (_, before), *_, (_, after) = hours
    for name, (counter, sign) in COUNTERS.items():
        row = table.locator("tr").filter(has_text=name)
        energy = sign * (getattr(after, counter) - getattr(before, counter))
        await expect(row).to_contain_text(near(energy, kwh))
    for name, (counter, channel) in MONIES.items():
        row = table.locator("tr").filter(has_text=name)
        cost = cost_of(hours, counter, retailer, channel)
        await expect(row).to_contain_text(near(cost, money))
    for card in ("usage-graph", "solar-graph"):
        drawn = journey.page.locator(f"hui-energy-{card}-card canvas")
        await expect(drawn.first).to_be_visible()
    # It is there twice, for wide pages and for narrow ones.
    flows = journey.page.locator("hui-energy-distribution-card").filter(visible=True)
    await expect(flows).to_contain_text("kWh")


async def test_metered_usage(journey: Journey) -> None:
    """What the retailer has metered and billed comes from its cloud by itself."""
    stage = journey.stage
    retailer = stage.cloud(AmberCloud)
    site = retailer.serials[0]
    await stage.account("amber")
    days = (today() - ago * DAY for ago in range(2, 7))
    day, rows = next(
        (day, rows)
        for day in days
        # Some days come late, or with gaps at first.
        if len(rows := told(retailer, day)) == ROWS_A_DAY * len(METERED)
    )
    stem = f"{DOMAIN}:{site.lower()}_grid"
    statistics = {
        "stat_energy_from": f"{stem}_import_energy",
        "stat_cost": f"{stem}_import_cost",
        "stat_energy_to": f"{stem}_export_energy",
        "stat_compensation": f"{stem}_export_compensation",
    }
    await booked(stage, day, statistics.values())
    grid = {"type": "grid", "cost_adjustment_day": 0, **statistics}
    await stage.api.command("energy/save_prefs", energy_sources=[grid])
    assert await validate_dashboard(stage.api) == []
    table = await open_day(journey, day)
    for name, (channel, sign) in METERED.items():
        metered = [row for row in rows if row["channelType"] == channel]
        row = table.locator("tr").filter(has_text=name)
        energy = sign * sum(abs(item["kwh"]) for item in metered)
        await expect(row).to_contain_text(near(energy, kwh))
        cost = sum(item["cost"] for item in metered) / 100
        await expect(row).to_contain_text(near(cost, money))


def today() -> date:
    """Return the day at home."""
    return datetime.now(ZoneInfo(ZONE)).date()


def begin(day: date) -> datetime:
    """Return when a day at home begins."""
    return datetime.combine(day, time(), ZoneInfo(ZONE)).astimezone(UTC)


async def booked(stage: Stage, day: date, ids: Iterable[str]) -> None:
    """Wait until Home Assistant has some statistics of a day."""
    wanted = set(ids)

    async def are() -> bool:
        answer = await stage.api.command(
            "recorder/statistics_during_period",
            start_time=begin(day).isoformat(),
            end_time=begin(day + DAY).isoformat(),
            statistic_ids=sorted(wanted),
            period="day",
            types=["change"],
        )
        return set(answer) == wanted

    await stage.hass.until("the statistics", FILLED_S, are)


async def open_day(journey: Journey, day: date) -> Locator:
    """Go to a past day of the dashboard; return its table."""
    page = journey.page
    await page.set_viewport_size(PAGE)
    await journey.open("/energy/electricity")
    period = page.locator("hui-energy-period-selector")
    shown = today()
    # In the first hour of a day it opens with the day before.
    await period.get_by_role("button", name="Now").click()
    await page.wait_for_function(DRAWN, arg=begin(shown).timestamp())
    while shown > day:
        shown -= DAY
        await period.get_by_role("button", name="Previous").click()
        await page.wait_for_function(DRAWN, arg=begin(shown).timestamp())
    await expect(period).to_contain_text(f"{day:%b} {day.day}")
    return page.locator("hui-energy-sources-table-card")


def kwh(energy: float) -> str:
    """Return how the frontend writes an energy: 1.5 kWh, 2 kWh."""
    return f"{energy:.2f}".rstrip("0").rstrip(".") + " kWh"


def money(amount: float) -> str:
    """Return how the frontend writes an amount: A$1.50."""
    return f"A${amount:.2f}"


def near(value: float, form: Callable[[float], str]) -> re.Pattern[str]:
    """Return how a value is written, also when rounding went the other way."""

    def written(exact: float) -> str:
        sign = "-" if round(exact, 2) < 0 else ""
        return re.escape(sign + form(abs(exact)))

    offs = (-HALF_A_DIGIT, 0, HALF_A_DIGIT)
    texts = sorted({written(value + off) for off in offs})
    return re.compile(rf"(?<![\d.-])({'|'.join(texts)})(?!\d)")


def cost_of(
    hours: list[tuple[datetime, Energy]],
    counter: str,
    retailer: AmberCloud,
    channel: ChannelType,
) -> float:
    """Return what the energy of a counter costs, AUD: each hour at its mean price."""
    site, cost = retailer.serials[0], 0.0
    for (start, before), (_, after) in pairwise(hours):
        quarters = [start + n * QUARTER for n in range(HOUR // QUARTER)]
        price = fmean(retailer.per_kwh(site, channel, at) for at in quarters)
        cost += (getattr(after, counter) - getattr(before, counter)) * price / 100
    return cost


def told(retailer: AmberCloud, day: date) -> list[dict[str, Any]]:
    """Return what the retailer tells by now of a day of its first site."""
    return retailer.site(retailer.serials[0]).usage(day, day, retailer.clock())
