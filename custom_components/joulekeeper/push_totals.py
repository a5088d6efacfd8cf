"""The totals that a target was told, kept over reloads and restarts."""

from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.flow import Balanced, MeterKind, Totals

CONF_BEGUN: Final = "begun"
"""When the source was chosen: totals of another one, or of before, do not count."""

_VERSION: Final = 1
_SAVE_EACH: Final = timedelta(minutes=10)
"""Seldom, for totals rise: after a crash those of a few minutes before will do."""


class ToldTotals:
    """The totals of one entry, which fall neither in a reload nor in a restart."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Know none before `async_load`."""
        self._begun = entry.data.get(CONF_BEGUN)
        self._store = _store(hass, entry.entry_id)
        self._totals = self._saved = Totals()
        self._saved_at: datetime | None = None

    async def async_load(self) -> None:
        """Read what was told of the same source."""
        stored = await self._store.async_load()
        if stored is None or stored["begun"] != self._begun:
            return
        meter = stored["meter"]
        self._totals = self._saved = Totals(
            stored["import_kwh"],
            stored["export_kwh"],
            None if meter is None else MeterKind(meter),
        )

    def rising(self, told: Balanced) -> Balanced:
        """Return the flows without totals that have fallen, or are of another meter."""
        return self._totals.rising(told)

    def take(self, told: Balanced) -> bool:
        """Count these, which `rising` returned, as told; tell whether to save them."""
        self._totals = self._totals.after(told)
        if self._totals == self._saved:
            return False
        at = self._saved_at
        return at is None or abs(dt_util.utcnow() - at) >= _SAVE_EACH

    async def async_save(self) -> None:
        """Write them down, if they are new."""
        totals = self._totals
        if totals == self._saved:
            return
        self._saved, self._saved_at = totals, dt_util.utcnow()
        await self._store.async_save(
            {
                "begun": self._begun,
                "import_kwh": totals.import_kwh,
                "export_kwh": totals.export_kwh,
                "meter": totals.meter,
            }
        )


async def async_remove_totals(hass: HomeAssistant, entry_id: str) -> None:
    """Forget what an entry's target was told."""
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.push", private=True)
