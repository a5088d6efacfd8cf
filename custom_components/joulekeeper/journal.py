"""Remembers which of the cloud's items are ours, for a cloud that drops our mark."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.schedule import Owner, Programme, Rule, ScheduleItem, Source

_VERSION: Final = 1
_KEPT_AFTER_END: Final = timedelta(days=7)


def journal_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the private file of an account's journal."""
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.journal", private=True)


class Journal:
    """Our rules by the cloud's ids of their items, kept over restarts.

    An item usually carries our mark; where the cloud does not hand it back, this tells
    that the item is ours.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Know nothing until it is loaded."""
        self._store = journal_store(hass, entry_id)
        self._items: dict[str, dict[str, str]] = {}

    async def load(self) -> None:
        """Take up what was recorded before."""
        self._items = (await self._store.async_load() or {}).get("items", {})

    async def record(self, vendor_id: str, rule: Rule) -> None:
        """Note that an item is ours; forget what has long ended."""
        oldest = (dt_util.utcnow() - _KEPT_AFTER_END).isoformat()
        self._items = {
            key: item for key, item in self._items.items() if item["end"] >= oldest
        }
        self._items[vendor_id] = {
            "rule_id": rule.id,
            "source": rule.source.value,
            "note": rule.note,
            "end": rule.end.isoformat(),
        }
        await self._store.async_save({"items": self._items})

    def claim(self, programme: Programme) -> Programme:
        """Return the programme with every item of ours known as such."""
        return replace(programme, items=tuple(map(self._claimed, programme.items)))

    def _claimed(self, item: ScheduleItem) -> ScheduleItem:
        known = self._items.get(item.vendor_id or "")
        if known is None or item.owner is not Owner.FOREIGN:
            return item
        return replace(
            item,
            owner=Owner.OWN,
            rule_id=known["rule_id"],
            source=Source(known["source"]),
            note=known["note"],
        )
