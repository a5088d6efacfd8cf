"""What has to survive a restart: the ledgers, the log and the count of writes.

There are two files. The journal holds what the next decision hangs on; it is small, and
written before the first call of every action. The log only tells what was; it may grow
long, and is written seldom.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.dispatch import FINAL, Dispatch
from .core.ledger import Ledger
from .core.records import SENSELESS, Unread, decode, decode_parts, encode
from .core.rules import Rule
from .core.salvage import make_sound, read_ledger
from .core.schedule import Action

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_SAVE_LATER_S: Final = 10
_LOG_AGE: Final = timedelta(days=30)
_LOG_LENGTH: Final = 20_000
"""7 MB in the file, 16 MB in memory, read in 0.1 s; a force every 5 min fills it in 8 days.

Who lays a few schedules a day has a hundredth of it after 30 days.
"""
_LOG_LATER_S: Final = 60
_LOG_LATER_PER_ENTRY_S: Final = 0.05
"""The longer it is, the seldomer it is written: at most 7 kB/s, which a card can bear."""
_WRITES_FOR: Final = timedelta(days=1)
_UNREADABLE_LENGTH: Final = 100

VERBS: Final = (
    "change",
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


def log_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the private file of an account's log.

    What is handed to it does not change any more, so that it is turned into text
    outside of the event loop.
    """
    return Store(
        hass,
        _VERSION,
        f"{DOMAIN}.{entry_id}.log",
        private=True,
        serialize_in_event_loop=False,
    )


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


class _Log:
    """What happened, in the order of time; kept as it is written."""

    def __init__(self, store: Store[dict[str, Any]]) -> None:
        """Know nothing until it is loaded."""
        self._store = store
        self._items: list[dict[str, Any]] = []
        self._waits = False

    async def load(self, older: Any) -> None:
        """Take up what was kept; `older` is from a journal that held it itself."""
        data = await self._store.async_load()
        self._items = _log_items(data.get("log") if isinstance(data, dict) else None)
        last = self._items[-1]["time"] if self._items else ""
        if moved := [item for item in _log_items(older) if item["time"] > last]:
            self._items += moved
            # The journal's next version is without it.
            await self.save()

    def add(self, entry: LogEntry) -> None:
        """Add what happened, and forget what is too old or too much."""
        items, oldest = self._items, encode(entry.time - _LOG_AGE)
        items.append(encode(entry))
        surplus = max(0, len(items) - _LOG_LENGTH)
        while items[surplus]["time"] < oldest:
            surplus += 1
        del items[:surplus]

    def entries(self, device_id: str, since: datetime) -> list[LogEntry]:
        """Return what happened to a device; what cannot be read is left out."""
        entries: list[LogEntry] = []
        earliest = encode(since)
        for item in self._items:
            if item["device_id"] == device_id and item["time"] >= earliest:
                try:
                    entries.append(decode(LogEntry, item))
                except SENSELESS as error:
                    _LOGGER.warning("Something in the log cannot be read: %r", error)
        return entries

    async def save(self) -> None:
        """Write it, now."""
        await self._store.async_save(self._data())

    @callback
    def save_soon(self) -> None:
        """Write it in a while, however much comes until then."""
        if not self._waits:
            self._waits = True
            wait = _LOG_LATER_PER_ENTRY_S * len(self._items)
            self._store.async_delay_save(self._data, max(_LOG_LATER_S, wait))

    def _data(self) -> dict[str, Any]:
        # First this: what comes from now on may be too late for this time.
        self._waits = False
        return {"log": list(self._items)}


def _log_items(data: Any) -> list[dict[str, Any]]:
    """Return the items of a log that have a time and a device."""
    return [
        item
        for item in (data if isinstance(data, list) else ())
        if isinstance(item, dict)
        if isinstance(item.get("time"), str) and isinstance(item.get("device_id"), str)
    ]


@dataclass(slots=True)
class _Content:
    """What is in the journal besides the ledgers.

    `saves` counts its versions, `wrote` holds the instants of the last calls that wrote
    to the cloud. `unreadable` is what made no sense when it was loaded, as it was.
    """

    saves: int = 0
    day: str = ""
    writes: int = 0
    wrote: list[datetime] = field(default_factory=list)
    unreadable: list[dict[str, Any]] = field(default_factory=list)


class Journal:
    """The files of one account; written before the first call of every action."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Know nothing until it is loaded."""
        self._hass = hass
        self._entry_id = entry_id
        self._store = journal_store(hass, entry_id)
        self._log = _Log(log_store(hass, entry_id))
        self._ledgers: dict[str, Ledger] = {}
        self._content = _Content()
        self._zones: dict[str, tzinfo] = {}
        self._closed = False

    async def load(self) -> None:
        """Take up what was kept before.

        What makes no sense is set aside, and stays in the file.
        """
        stored: Any = await self._store.async_load()
        data = {} if stored is None else stored
        self._content, unread = decode_parts(_Content, data)
        self._content.wrote = [item for item in self._content.wrote if item.tzinfo]
        for piece in unread:
            self._set_aside("", piece)
        if not isinstance(data, dict):
            data = {}
        ledgers = data.get("ledgers", {})
        if not isinstance(ledgers, dict):
            self._set_aside("", Unread("ledgers", "", ledgers))
            ledgers = {}
        for device_id, ledger in ledgers.items():
            await self._load_ledger(device_id, ledger)
        await self._log.load(data.get("log"))

    async def _load_ledger(self, device_id: str, data: Any) -> None:
        ledger, unread = read_ledger(data)
        for rule in list(ledger.rules.values()):
            if rule.recurrence is not None:
                zone = await self.known_zone(rule.recurrence.zone)
                moved = replace(rule.recurrence, zone=zone)
                ledger.rules[rule.id] = replace(rule, recurrence=moved)
        lost = make_sound(ledger, unread, dt_util.utcnow())
        self._ledgers[device_id] = ledger
        for piece in (*unread, *lost):
            self._set_aside(device_id, piece)

    def _set_aside(self, device_id: str, piece: Unread) -> None:
        """Keep what could not be read, for whoever wants to mend it."""
        _LOGGER.error(
            "Something of a device's schedules (%s) is unreadable", piece.part
        )
        kept = {"time": encode(dt_util.utcnow()), "device_id": device_id}
        self._content.unreadable = [
            *self._content.unreadable[1 - _UNREADABLE_LENGTH :],
            {**kept, **encode(piece), "told": False},
        ]

    @property
    def unreadable(self) -> dict[str, int]:
        """How much of which device could not be read, as long as nobody has seen it.

        What belongs to no device is under an empty id.
        """
        items = self._content.unreadable
        return dict(
            Counter(
                str(item.get("device_id")) for item in items if not item.get("told")
            )
        )

    async def accept_unreadable(self, device_id: str) -> None:
        """Say no more of what could not be read of a device; it stays in the file."""
        self._content.unreadable = [
            {**item, "told": True} if item.get("device_id") == device_id else item
            for item in self._content.unreadable
        ]
        await self.save()

    async def known_zone(self, name: str) -> str:
        """Return a zone whose clock is at hand: the named one, else Home Assistant's.

        Reading a zone is reading a file, which must not happen later on.
        """
        zone: tzinfo | None
        try:
            zone = await dt_util.async_get_time_zone(name)
        except OSError, ValueError:
            # A name that cannot be one, such as that of a folder.
            zone = None
        if zone is None:
            _LOGGER.warning("The time zone %s is not known here", name)
            zone = dt_util.get_default_time_zone()
            name = str(zone)
        self._zones[name] = zone
        return name

    def left_in_cloud(self, now: datetime) -> dict[str, list[Dispatch]]:
        """Return what the cloud may still hold of ours, by device.

        Also what was sent without an answer.
        """
        left: dict[str, list[Dispatch]] = {}
        for device_id, ledger in self._ledgers.items():
            for dispatch in ledger.dispatches.values():
                sent = dispatch.vendor_id or dispatch.sent_at
                if sent and dispatch.state not in FINAL and dispatch.segment.end > now:
                    left.setdefault(device_id, []).append(dispatch)
        return left

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that have a ledger."""
        return tuple(self._ledgers)

    def ledger(self, device_id: str) -> Ledger:
        """Return the ledger of a device, a new one for a new device."""
        return self._ledgers.setdefault(device_id, Ledger())

    async def save(self) -> bool:
        """Write the journal to the disk, now; tell whether it is there.

        It is not while Home Assistant stops, nor when the disk is full. `Store` keeps
        that to itself, so what is on the disk is read back.
        """
        if self._closed:
            return False
        return await self._write()

    async def _write(self) -> bool:
        data = self._data()
        try:
            await self._store.async_save(data)
            if self._hass.is_stopping:
                # It is only written at the very end.
                return False
            # Another store knows nothing of what this one still has to write.
            written: Any = await journal_store(self._hass, self._entry_id).async_load()
        except (HomeAssistantError, OSError) as error:
            # Such as a folder that is gone, of which `Store` does speak.
            _LOGGER.error("The journal of schedules cannot be written: %r", error)
            return False
        saves = written.get("saves") if isinstance(written, dict) else None
        return isinstance(saves, int) and saves >= data["saves"]

    @callback
    def save_soon(self) -> None:
        """Write everything in a while: nothing depends on it."""
        if not self._closed:
            self._store.async_delay_save(self._data, _SAVE_LATER_S)

    async def close(self) -> None:
        """Write everything once more, and nothing from now on.

        Another instance may have the files next, or nobody.
        """
        if not self._closed:
            self._closed = True
            await self._write()
            await self._log.save()

    def _data(self) -> dict[str, Any]:
        self._content.saves += 1
        return {"ledgers": encode(self._ledgers), **encode(self._content)}

    def add(self, entry: LogEntry) -> None:
        """Log what happened."""
        if not self._closed:
            self._log.add(entry)
            self._log.save_soon()

    def entries(self, device_id: str, since: datetime) -> list[LogEntry]:
        """Return what happened to a device, earliest first."""
        return self._log.entries(device_id, since)

    def count_writes(self, calls: int = 1) -> None:
        """Count calls that write; less than none for those that came to nothing."""
        now = dt_util.utcnow()
        self._content.writes = max(0, self.writes_today + calls)
        self._content.day = dt_util.now().date().isoformat()
        wrote = [*self.recent_writes(_WRITES_FOR), *([now] * calls)]
        self._content.wrote = wrote[: len(wrote) + min(0, calls)]

    def recent_writes(self, window: timedelta) -> tuple[datetime, ...]:
        """Return when calls wrote lately, earliest first; a day is remembered.

        What lies ahead is of a clock that was wrong.
        """
        now = dt_util.utcnow()
        wrote = (item for item in self._content.wrote if now - window < item <= now)
        return tuple(sorted(wrote))

    @property
    def writes_today(self) -> int:
        """Calls that wrote since midnight, local time."""
        today = dt_util.now().date().isoformat()
        return self._content.writes if self._content.day == today else 0


async def async_remove_journal(hass: HomeAssistant, entry_id: str) -> None:
    """Remove the files of an account."""
    for store in (journal_store(hass, entry_id), log_store(hass, entry_id)):
        await store.async_remove()
