"""Fill the Energy dashboard: what flows where, and a week that already happened."""

from datetime import UTC, datetime, timedelta

from tests.clouds.house import Energy

from .accounts import HISTORY, Cloud
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
HOUR = timedelta(hours=1)


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
