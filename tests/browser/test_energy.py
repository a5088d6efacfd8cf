"""The Energy dashboard draws what the cloud has measured, and what it has cost."""

from datetime import UTC, datetime, timedelta
import re
from typing import Final
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from scripts.tools.browser import ZONE

from ..clouds import AmberCloud, RedbackCloud
from .journey import Journey
from .stage import JOURNEYS

pytestmark = JOURNEYS

FILLED_S: Final = 60
HALF_A_DIGIT: Final = 0.005
"""kWh; Home Assistant shows two digits, of what floating-point sums have become."""
ROWS: Final = {
    "Solar energy": ("pv", 1),
    "battery Discharged energy": ("discharged", 1),
    "battery Charged energy": ("charged", -1),
    "Grid import energy": ("imported", 1),
    "Grid feed-in energy": ("exported", -1),
}
"""Counter of the simulated house and its sign, by what the row is called."""


async def test_energy_dashboard(journey: Journey) -> None:
    """Of yesterday it shows solar, grid and battery as measured, and a fair cost."""
    stage, page = journey.stage, journey.page
    home, retailer = stage.cloud(RedbackCloud), stage.cloud(AmberCloud)
    entry_id, prices_id = await stage.account("redback"), await stage.account("amber")
    await stage.household.fill_energy(stage.of("redback"), entry_id)
    await stage.household.set_prices(stage.of("amber"), prices_id)
    sources = (await stage.api.command("energy/get_prefs"))["energy_sources"]
    (grid,) = [source for source in sources if source["type"] == "grid"]
    # The money is imported last.
    cost_id = f"{grid['stat_energy_to']}_compensation"
    today = datetime.now(ZoneInfo(ZONE)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    yesterday = today - timedelta(days=1)

    async def filled() -> bool:
        answer = await stage.api.command(
            "recorder/statistics_during_period",
            start_time=yesterday.isoformat(),
            end_time=today.isoformat(),
            statistic_ids=[cost_id],
            period="day",
            types=["change"],
        )
        return bool(answer)

    await stage.hass.until("the statistics", FILLED_S, filled)
    await page.set_viewport_size({"width": 1600, "height": 1700})
    await journey.open("/energy/electricity")
    period = page.locator("hui-energy-period-selector")
    await period.get_by_role("button", name="Previous").click()
    table = page.locator("hui-energy-sources-table-card")
    (_, before), *_, (_, after) = home.history(
        home.serials[0], yesterday.astimezone(UTC), today.astimezone(UTC)
    )
    imported = 0.0
    for name, (counter, sign) in ROWS.items():
        row = table.locator("tr").filter(has_text=name)
        energy = sign * (getattr(after, counter) - getattr(before, counter))
        near = {f"{energy + off:.2f}" for off in (-HALF_A_DIGIT, 0, HALF_A_DIGIT)}
        shown = "|".join(map(re.escape, near))
        await expect(row).to_contain_text(re.compile(rf"(?<![\d.-])({shown}) kWh"))
        if counter == "imported":
            imported = energy
    row = table.locator("tr").filter(has_text="Grid import energy")
    (cost,) = re.findall(r"A\$(-?[\d.]+)", await row.inner_text())
    quarters = [yesterday + n * timedelta(minutes=15) for n in range(96)]
    site = retailer.serials[0]
    prices = [retailer.per_kwh(site, "general", at) / 100 for at in quarters]
    assert min(prices) < float(cost) / imported < max(prices)
    for card in ("usage-graph", "solar-graph"):
        drawn = page.locator(f"hui-energy-{card}-card canvas")
        await expect(drawn.first).to_be_visible()
    # It is there twice, for wide pages and for narrow ones.
    flows = page.locator("hui-energy-distribution-card").filter(visible=True)
    await expect(flows).to_contain_text("kWh")
