"""What has to survive a restart: the ledgers, the log and the count of writes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.dispatch import FINAL, Dispatch
from .core.ledger import Ledger
from .core.records import decode, encode
from .core.rules import Rule
from .core.schedule import Action

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_LOG_LENGTH: Final = 1000
_LOG_AGE: Final = timedelta(days=30)
_SAVE_LATER_S: Final = 10


VERBS: Final = (
    "create",
    "update",
    "delete",
    "delete_all",
    "force",
    "extend",
    "stop",
    "reset_to_auto",
)
"""What can be asked for, as the log names it."""


def journal_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the private file of an account's journal."""
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.journal", private=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One thing that happened to a schedule.

    `event` is a state that it came to, or what was asked for, and then `via` tells by
    which surface and `user_id` by whom. `latency_s` is how long a proof took.
    """

    time: datetime
    device_id: str = field(repr=False)
    event: str
    schedule_id: str | None = None
    action: Action | None = None
    start: datetime | None = None
    end: datetime | None = None
    power_w: int | None = None
    reason: str | None = None
    via: str | None = None
    user_id: str | None = None
    latency_s: float | None = None


def asked_entry(
    device_id: str, verb: str, rule: Rule | None, via: str, user_id: str | None
) -> LogEntry:
    """Return what is logged of a request."""
    entry = LogEntry(
        time=dt_util.utcnow(), device_id=device_id, event=verb, via=via, user_id=user_id
    )
    if rule is None:
        return entry
    return replace(
        entry,
        schedule_id=rule.id,
        action=rule.action,
        start=rule.start,
        end=rule.end,
        power_w=rule.power_w,
    )


@dataclass(slots=True)
class _Content:
    """What is in the file."""

    ledgers: dict[str, Ledger] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    day: str = ""
    writes: int = 0


class Journal:
    """The file of one account; written before the first call of every action."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Know nothing until it is loaded."""
        self._store = journal_store(hass, entry_id)
        self._content = _Content()
        self._zones: dict[str, tzinfo] = {}

    async def load(self) -> None:
        """Take up what was kept before; a ledger that makes no sense is left out."""
        data = await self._store.async_load() or {}
        ledgers = data.get("ledgers")
        for device_id, ledger in ledgers.items() if isinstance(ledgers, dict) else ():
            try:
                self._content.ledgers[device_id] = decode(Ledger, ledger)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                _LOGGER.error("Schedules of a device cannot be read: %r", error)
        try:
            rest = {key: value for key, value in data.items() if key != "ledgers"}
            kept = decode(_Content, rest)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            _LOGGER.error("The log of schedules cannot be read: %r", error)
        else:
            self._content = replace(kept, ledgers=self._content.ledgers)
        for ledger in self._content.ledgers.values():
            for rule in list(ledger.rules.values()):
                if rule.recurrence is not None:
                    zone = await self.known_zone(rule.recurrence.zone)
                    moved = replace(rule.recurrence, zone=zone)
                    ledger.rules[rule.id] = replace(rule, recurrence=moved)

    async def known_zone(self, name: str) -> str:
        """Return a zone whose clock is at hand: the named one, else Home Assistant's.

        Reading a zone is reading a file, which must not happen later on.
        """
        zone: tzinfo | None = await dt_util.async_get_time_zone(name)
        if zone is None:
            _LOGGER.warning("The time zone %s is not known here", name)
            zone = dt_util.get_default_time_zone()
            name = str(zone)
        self._zones[name] = zone
        return name

    def left_in_cloud(self, now: datetime) -> list[tuple[str, Dispatch]]:
        """Return what the cloud may still hold of ours, by device."""
        return [
            (device_id, dispatch)
            for device_id, ledger in self._content.ledgers.items()
            for dispatch in ledger.dispatches.values()
            if dispatch.vendor_id and dispatch.state not in FINAL
            if dispatch.segment.end > now
        ]

    def ledger(self, device_id: str) -> Ledger:
        """Return the ledger of a device, a new one for a new device."""
        return self._content.ledgers.setdefault(device_id, Ledger())

    async def save(self) -> None:
        """Write everything to the disk, now."""
        await self._store.async_save(self._data())

    @callback
    def save_soon(self) -> None:
        """Write everything in a while: nothing depends on it."""
        self._store.async_delay_save(self._data, _SAVE_LATER_S)

    def _data(self) -> dict[str, Any]:
        content = self._content
        return {
            "ledgers": encode(content.ledgers),
            "log": content.log,
            "day": content.day,
            "writes": content.writes,
        }

    def add(self, entry: LogEntry) -> None:
        """Log what happened; it is kept as it is written, which happens often."""
        oldest = encode(entry.time - _LOG_AGE)
        log = [item for item in self._content.log if item["time"] >= oldest]
        self._content.log = [*log[1 - _LOG_LENGTH :], encode(entry)]

    def entries(self, device_id: str, since: datetime) -> list[LogEntry]:
        """Return what happened to a device, earliest first."""
        return [
            decode(LogEntry, item)
            for item in self._content.log
            if item["device_id"] == device_id and item["time"] >= encode(since)
        ]

    def count_write(self) -> None:
        """Count a call that writes."""
        self._content.writes = self.writes_today + 1
        self._content.day = dt_util.now().date().isoformat()

    @property
    def writes_today(self) -> int:
        """Calls that wrote since midnight, local time."""
        today = dt_util.now().date().isoformat()
        return self._content.writes if self._content.day == today else 0
