"""What tests of pushes from a whole Home Assistant share."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from freezegun.api import FrozenDateTimeFactory

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from ..clouds import ChargeHqCloud
from ..clouds.house import Reading
from .accounts import start_flow, submit
from .conftest import House

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

type Target = House[ChargeHqCloud]

SOLAR, GRID, LOAD = "sensor.roof", "sensor.meter", "sensor.home"
BATTERY, CHARGE, STORED = "sensor.wall", "sensor.wall_soc", "sensor.wall_energy"
IMPORTED, EXPORTED = "sensor.bought", "sensor.sold"
PICKED: Mapping[str, Any] = {
    "solar_power": [SOLAR],
    "grid_power": GRID,
    "battery_power": BATTERY,
    "state_of_charge": CHARGE,
    "stored_energy": STORED,
    "grid_import_energy": IMPORTED,
    "grid_export_energy": EXPORTED,
}
STATES: Mapping[str, tuple[float | str, str]] = {
    SOLAR: (4.2, "kW"),
    GRID: (-1850, "W"),
    BATTERY: (-1.2, "kW"),
    CHARGE: (64, "%"),
    STORED: (6400, "Wh"),
    IMPORTED: (4310.02, "kWh"),
    EXPORTED: (9.12055, "MWh"),
}


def set_states(
    hass: HomeAssistant, states: Mapping[str, tuple[float | str, str]] = STATES
) -> None:
    """Set the states of entities, in their units."""
    for entity_id, (value, unit) in states.items():
        hass.states.async_set(entity_id, str(value), {"unit_of_measurement": unit})


def key_form(cloud: ChargeHqCloud, **changes: str) -> dict[str, Any]:
    """Return what a user fills into the form of the key."""
    return {**cloud.credentials, "advanced": {"base_url": cloud.base_url}} | changes


async def to_source(
    hass: HomeAssistant, cloud: ChargeHqCloud, **changes: str
) -> ConfigFlowResult:
    """Give the key, as a user who adds a target; the home is where NOON is noon."""
    hass.config.latitude, hass.config.longitude = -27.5, 153.0
    flow = await start_flow(hass, "chargehq")
    return await submit(hass, flow, key_form(cloud, **changes))


async def choose(
    hass: HomeAssistant, flow: Mapping[str, Any], step: str
) -> ConfigFlowResult:
    """Choose the kind of source where there is a menu."""
    if flow["type"] is FlowResultType.MENU:
        return await submit(hass, flow, {"next_step_id": step})
    assert flow["step_id"] == step
    return dict(flow)  # type: ignore[return-value]


async def add_target(
    hass: HomeAssistant,
    cloud: ChargeHqCloud,
    freezer: FrozenDateTimeFactory,
    *,
    picked: Mapping[str, Any] | None = None,
    site: str | None = None,
) -> Target:
    """Add the target through the config flow: a site, the first one, or entities."""
    flow = await to_source(hass, cloud)
    step = "push_site" if picked is None else "push_entities"
    flow = await choose(hass, flow, step)
    if picked is None:
        assert flow["data_schema"] is not None
        (selector,) = flow["data_schema"].schema.values()
        values = [item["value"] for item in selector.config["options"]]
        picked = {"site_id": next(item for item in values if (site or "") in item)}
    flow = await submit(hass, flow, dict(picked))
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    return target_of(hass, cloud, flow["result"], freezer)


def target_of(
    hass: HomeAssistant,
    cloud: ChargeHqCloud,
    entry: ConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> Target:
    """Return a target's entry with what is behind it."""
    return House(hass, cloud, entry, freezer, entry.entry_id)


async def reconfigure(hass: HomeAssistant, target: Target) -> ConfigFlowResult:
    """Open the form of the key again."""
    context = {"source": SOURCE_RECONFIGURE, "entry_id": target.entry.entry_id}
    return await hass.config_entries.flow.async_init(DOMAIN, context=context)


async def set_options(target: Target, **options: Any) -> None:
    """Change options in the form, as a user does."""
    flow = await target.hass.config_entries.options.async_init(target.entry.entry_id)
    assert flow["data_schema"] is not None
    await target.hass.config_entries.options.async_configure(
        flow["flow_id"], flow["data_schema"]({}) | options
    )
    await target.hass.async_block_till_done(wait_background_tasks=True)


def now(target: Target) -> datetime:
    """Return the present."""
    return target.freezer().replace(tzinfo=UTC)


def gaps(cloud: ChargeHqCloud) -> list[float]:
    """Return the seconds between the pushes."""
    times = [item.at for item in cloud.pushes]
    return [(after - before).total_seconds() for before, after in pairwise(times)]


def truth_of(reading: Reading) -> dict[str, float]:
    """Return what a simulated house does, as it is to be pushed, kW."""
    flow = reading.flow
    return {
        "production_kw": flow.pv_w / 1000,
        "net_import_kw": flow.grid_w / 1000,
        "consumption_kw": flow.load_w / 1000,
        "battery_discharge_kw": flow.battery_w / 1000,
    }


def disable_sensors_of(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Disable all entities of an account, so that nobody else wants it polled."""
    registry = er.async_get(hass)
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(
            item.entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )


def issues_of(hass: HomeAssistant) -> set[str]:
    """Return the keys of our repairs."""
    return {
        issue.translation_key or ""
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }
