"""Fill the Energy dashboard: what flows where, and a week that already happened."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.clouds.house import Energy

from .accounts import HISTORY, Cloud, PricedCloud
from .api import Entity, HassApi

# counter of the simulated house -> key of the entity that shows it
COUNTERS = {
    "pv": "solar_energy",
    "imported": "grid_import_energy",
    "exported": "grid_export_energy",
    "load": "load_energy",
    "charged": "charge_energy",
    "discharged": "discharge_energy",
}
# counter, channel of the retailer, its sign, and what its cost sensor's name ends with
MONEY = (
    ("imported", "general", 1, "cost"),
    ("exported", "feedIn", -1, "compensation"),
)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def sensors_of(entities: list[Entity], serial: str) -> dict[str, Entity]:
    """Return the sensors of one inverter and its battery by their keys."""
    return {
        entity.key: entity
        for entity in entities
        if entity.domain == "sensor" and entity.unique_id.startswith(serial)
    }


async def save_dashboard(api: HassApi, sensors: dict[str, Entity]) -> None:
    """Configure the dashboard as its owner would, from the sensors of one home."""
    ids = {key: entity.entity_id for key, entity in sensors.items()}
    await api.command(
        "energy/save_prefs",
        energy_sources=[
            {
                "type": "grid",
                "stat_energy_from": ids["grid_import_energy"],
                "stat_energy_to": ids["grid_export_energy"],
                "stat_rate": ids["grid_power"],
                "cost_adjustment_day": 0,
            },
            {
                "type": "solar",
                "stat_energy_from": ids["solar_energy"],
                "stat_rate": ids["solar_power"],
                "config_entry_solar_forecast": None,
            },
            {
                "type": "battery",
                "stat_energy_from": ids["discharge_energy"],
                "stat_energy_to": ids["charge_energy"],
                "stat_rate": ids["battery_power"],
                "stat_soc": ids["state_of_charge"],
            },
        ],
    )


async def set_prices(api: HassApi, bought: Entity, sold: Entity) -> None:
    """Have the dashboard's grid cost and earn what two price sensors say."""
    preferences = await api.command("energy/get_prefs")
    sources = preferences["energy_sources"]
    for source in sources:
        if source["type"] == "grid":
            source["entity_energy_price"] = bought.entity_id
            source["entity_energy_price_export"] = sold.entity_id
    await api.command("energy/save_prefs", energy_sources=sources)


async def validate_dashboard(api: HassApi) -> list[str]:
    """Return what Home Assistant finds wrong with the dashboard.

    That a sensor has no statistics yet is because it is so new.
    """
    found = await api.command("energy/validate")
    return [
        f"{issue['type']}: {issue['affected_entities']}"
        for source in found["energy_sources"]
        for issue in source
        if issue["type"] != "statistics_not_defined"
    ]


async def import_money(
    api: HassApi,
    home: Cloud,
    serial: str,
    sensors: dict[str, Entity],
    retailer: PricedCloud,
    site: str,
) -> None:
    """Import what the past week has cost and earned, as the cost sensors would have."""
    now = datetime.now(UTC)
    hours = home.history(serial, now - HISTORY, now)
    for counter, channel, sign, suffix in MONEY:
        paid, rows = 0.0, []
        for (_, before), (end, after) in pairwise(hours):
            prices = [
                sign * retailer.per_kwh(site, channel, end - HOUR + n * QUARTER)
                for n in range(HOUR // QUARTER)
            ]
            energy = getattr(after, counter) - getattr(before, counter)
            paid += energy * sum(prices) / len(prices) / 100
            rows.append((end, paid))
        await api.command(
            "recorder/import_statistics",
            metadata={
                "has_sum": True,
                "mean_type": 0,
                "name": None,
                "source": "recorder",
                "statistic_id": f"{sensors[COUNTERS[counter]].entity_id}_{suffix}",
                "unit_class": None,
                "unit_of_measurement": "AUD",
            },
            stats=[
                {"start": (end - HOUR).isoformat(), "state": total, "sum": total - paid}
                for end, total in rows
            ],
        )


async def import_history(
    api: HassApi, cloud: Cloud, serial: str, sensors: dict[str, Entity]
) -> None:
    """Import the hourly counters of the past week for every energy sensor."""
    now = datetime.now(UTC)
    hours = cloud.history(serial, now - HISTORY, now)
    for counter, key in COUNTERS.items():
        if (sensor := sensors.get(key)) and sensor.state:
            stats = _statistics(counter, hours, float(sensor.state))
            await api.command(
                "recorder/import_statistics",
                metadata={
                    "has_sum": True,
                    "mean_type": 0,
                    "name": None,
                    "source": "recorder",
                    "statistic_id": sensor.entity_id,
                    "unit_class": "energy",
                    "unit_of_measurement": "kWh",
                },
                stats=stats,
            )


def _statistics(
    counter: str, hours: list[tuple[datetime, Energy]], now: float
) -> list[dict[str, str | float]]:
    """Return a row for each full hour, named by its start, as of its end.

    Home Assistant starts the sum of a new sensor at 0, so the past ends there: sums
    are negative, and the live ones continue without a step.
    """
    return [
        {
            "start": (time - HOUR).isoformat(),
            "state": getattr(energy, counter),
            "sum": getattr(energy, counter) - now,
        }
        for time, energy in hours
    ]
