"""What a bench asks the integration about a ChargeHQ target, and the entities for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_change
from homeassistant.util import dt as dt_util

from ..subject import Form, ours
from .feed import SECOND

_PICKED: Final[Mapping[str, Any]] = {
    "solar_power": ["sensor.roof"],
    "grid_power": "sensor.meter",
    "battery_power": "sensor.wall",
    "state_of_charge": "sensor.wall_soc",
    "grid_import_energy": "sensor.bought",
    "grid_export_energy": "sensor.sold",
}
_FED: Final = "joulekeeper_bench_fed"


def _move(hass: HomeAssistant, now: datetime) -> None:
    """Set what flows, which balances, and is not what it was a minute ago."""
    minute = int(now.timestamp() // 60)
    for entity_id, value, unit in (
        ("sensor.roof", 3000 + minute % 50 * 20, "W"),
        ("sensor.meter", -800 - minute % 7 * 30, "W"),
        ("sensor.wall", -500 - minute % 5 * 10, "W"),
        ("sensor.wall_soc", 20 + minute % 60, "%"),
        ("sensor.bought", 4000 + minute % 10**5 / 100, "kWh"),
        ("sensor.sold", 9000 + minute % 10**5 / 50, "kWh"),
    ):
        hass.states.async_set(entity_id, str(value), {"unit_of_measurement": unit})


def _feed(hass: HomeAssistant, _: Form) -> None:
    """Have entities that move once a minute, however many targets follow them."""
    if hass.data.setdefault(_FED, False):
        return
    hass.data[_FED] = True
    _move(hass, dt_util.utcnow())

    @callback
    def on_minute(now: datetime) -> None:
        _move(hass, now)

    async_track_time_change(hass, on_minute, second=SECOND)


def _newest_stamp(_: HomeAssistant, entry: ConfigEntry) -> datetime | None:
    """Return when the target was told what the entities say."""
    pushed: datetime | None = entry.runtime_data.last_push
    return pushed


SUBJECT = ours(
    "chargehq",
    _newest_stamp,
    more={
        "push_source": {"next_step_id": "push_entities"},
        "push_entities": dict(_PICKED),
    },
    prepare=_feed,
)
