"""Imports the past of an account's devices, a day at a time, for as long as it takes.

What is still to be done is kept in a file, so that it goes on after a restart. Days that
the cloud did not have whole are fetched again once a day, and booked anew.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .account import LoadedAccount
from .const import DOMAIN
from .core.errors import AuthError, ProtocolError, RateLimited, Rejected, VendorError
from .core.history import HistoryDay
from .core.history_job import ImportJob
from .core.records import SENSELESS
from .statistics import NotStoredError, async_book
from .vendors.base import HasHistory, HistorySource

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_AFTER_START: Final = timedelta(seconds=30)
"""Set-up has the first word."""
_FIRST_RETRY: Final = timedelta(minutes=1)
_LAST_RETRY: Final = timedelta(hours=1)
_UNTOLD_WAIT: Final = timedelta(minutes=5)
_TRIES: Final = 3
"""How often an answer that makes no sense is asked for before the next day has its turn."""


def history_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the private file of an account's imports."""
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.history", private=True)


class HistoryImport:
    """The imports of one account, one day of one device after the other."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, account: LoadedAccount
    ) -> None:
        """Know nothing until it is started."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._source: HistorySource | None = None
        if isinstance(account.session, HasHistory):
            self._source = account.session.history
        self._store = history_store(hass, entry.entry_id)
        self._jobs: dict[str, ImportJob] = {}
        self._fetched: dict[str, dict[date, HistoryDay]] = {}
        """What is not booked yet."""
        self._failures: dict[str, int] = {}
        self._wait_until: dict[str, datetime] = {}
        self._paused = False
        self._busy = self._closed = False
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._listeners: list[Callable[[], None]] = []

    async def async_start(self) -> None:
        """Take up what was left to do."""
        stored: Any = await self._store.async_load()
        jobs = stored.get("jobs") if isinstance(stored, dict) else None
        for device_id, data in (jobs if isinstance(jobs, dict) else {}).items():
            try:
                self._jobs[device_id] = ImportJob.from_dict(data)
            except SENSELESS as error:
                _LOGGER.warning("An import of history cannot be read: %r", error)
        self._entry.async_on_unload(self._close)
        self._schedule(_AFTER_START)

    # -- what is asked ---------------------------------------------------------

    def has_history(self, device_id: str) -> bool:
        """Tell whether the cloud knows the past of a device."""
        return self._source is not None and bool(self._source.series(device_id))

    def job(self, device_id: str) -> ImportJob | None:
        """Return the import of a device, None if there never was one."""
        return self._jobs.get(device_id)

    def default_zone(self, device_id: str) -> tzinfo:
        """Return the zone of a device's calendar, as far as the cloud tells it."""
        assert self._source is not None
        return self._source.zone(device_id)

    def time_left(self) -> timedelta:
        """Return how long the days take that are left, those of other devices too."""
        assert self._source is not None
        days = sum(len(job.pending) for job in self._jobs.values() if job.is_running)
        return days * self._source.day_pause

    @property
    def is_paused(self) -> bool:
        """Whether it waits for the user to log in anew."""
        return self._paused

    async def ask(
        self, device_id: str, first: date, last: date, zone: str | None, *, again: bool
    ) -> None:
        """Want some days of a device."""
        job = self._jobs.setdefault(device_id, ImportJob())
        job.ask(first, last, again=again)
        if zone != job.zone:
            job.zone = zone
            self._fetched.pop(device_id, None)
        await self._save()
        self._tell()
        self._schedule(timedelta())

    async def cancel(self, device_id: str) -> None:
        """Want no more days of a device; what is booked stays."""
        if (job := self._jobs.get(device_id)) is not None:
            job.cancel()
            self._fetched.pop(device_id, None)
            await self._save()
            self._tell()

    @callback
    def subscribe(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call the listener whenever something has come on; return what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # -- a day at a time -------------------------------------------------------

    @callback
    def _close(self) -> None:
        """Begin nothing any more: another instance may go on with the file."""
        self._closed = True
        self._stop()

    @callback
    def _stop(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _schedule(self, wait: timedelta) -> None:
        """Go on in a while, if there is anything to do."""
        if self._busy or self._closed or self._paused or self._source is None:
            return
        self._stop()
        now = dt_util.utcnow()
        if (moment := self._next_moment(now)) is not None:
            self._cancel_timer = async_track_point_in_utc_time(
                self._hass, self._begin, max(moment, now + wait)
            )

    def _next_moment(self, now: datetime) -> datetime | None:
        """Return when there is something to do, None when there is nothing."""
        moments = []
        for device_id, job in self._jobs.items():
            if job.cancelled or not self.has_history(device_id):
                continue
            moment = now if job.pending else job.next_due
            if moment is not None:
                moments.append(max(moment, self._wait_until.get(device_id, now)))
        return min(moments, default=None)

    @callback
    def _begin(self, _now: datetime) -> None:
        self._cancel_timer = None
        self._busy = True
        self._entry.async_create_background_task(
            self._hass, self._step(), f"{DOMAIN} history"
        )

    async def _step(self) -> None:
        """Fetch a day, book what there is to book, and see to the next one."""
        # Whatever goes wrong that nobody thought of: not again at once.
        wait = _LAST_RETRY
        try:
            wait = await self._advance()
        finally:
            self._busy = False
            self._schedule(wait)

    async def _advance(self) -> timedelta:
        """Do the next day; return how long to wait then."""
        assert self._source is not None
        now = dt_util.utcnow()
        for device_id, job in list(self._jobs.items()):
            waits = now < self._wait_until.get(device_id, now)
            if waits or not self.has_history(device_id):
                continue
            fetched = self._fetched.setdefault(device_id, {})
            day = job.due(now, fetched)
            if day is None and not fetched:
                continue
            try:
                if day is not None:
                    zone = await self._zone(device_id, job)
                    fetched[day] = await self._source.fetch_day(device_id, day, zone)
                if self._fetched.get(device_id) is not fetched:
                    # Meanwhile it was cancelled, or is wanted otherwise.
                    return self._source.day_pause
                if len(fetched) >= job.at_once or not job.pending.difference(fetched):
                    await self._book(device_id, job, fetched)
            except VendorError as error:
                if self._failed(device_id, error) and day is not None:
                    here = await self._zone(device_id, job)
                    job.gave_up(day, now.astimezone(here))
            except NotStoredError, HomeAssistantError:
                _LOGGER.warning(
                    "Imported history could not be stored; it is tried anew"
                )
                self._fetched.pop(device_id, None)
                self._wait_until[device_id] = dt_util.utcnow() + _LAST_RETRY
            else:
                self._failures.pop(device_id, None)
            await self._save()
            self._tell()
            return self._source.day_pause
        return timedelta()

    async def _zone(self, device_id: str, job: ImportJob) -> tzinfo:
        zone = await dt_util.async_get_time_zone(job.zone) if job.zone else None
        return zone or self.default_zone(device_id)

    async def _book(
        self, device_id: str, job: ImportJob, fetched: dict[date, HistoryDay]
    ) -> None:
        """Write what was fetched to the statistics, then remember that it is done."""
        assert self._source is not None
        days = dict(fetched)
        if any(not item.is_blank for item in days.values()):
            await async_book(
                self._hass,
                device_id,
                self._device_name(device_id),
                self._source.series(device_id),
                days.values(),
            )
        now = dt_util.utcnow().astimezone(await self._zone(device_id, job))
        for day, item in days.items():
            fetched.pop(day, None)
            job.took(day, now, blank=item.is_blank, settled=item.settled)

    def _device_name(self, device_id: str) -> str:
        registry_id = self._account.registry_id(device_id)
        device = registry_id and dr.async_get(self._hass).async_get(registry_id)
        if not device:
            return self._account.spec.name
        return device.name_by_user or device.name or self._account.spec.name

    @callback
    def _failed(self, device_id: str, error: VendorError) -> bool:
        """Wait as long as an error asks for; tell whether a day is to be given up."""
        now = dt_util.utcnow()
        if isinstance(error, AuthError):
            self._paused = True
            self._entry.async_start_reauth(self._hass)
            return False
        if isinstance(error, RateLimited):
            told = error.retry_after
            wait = _UNTOLD_WAIT if told is None else timedelta(seconds=told)
            self._wait_until = dict.fromkeys(self._jobs, now + wait)
            return False
        failures = self._failures.pop(device_id, 0) + 1
        wait = min(_FIRST_RETRY * 2 ** min(failures - 1, 10), _LAST_RETRY)
        self._wait_until[device_id] = now + wait
        if failures >= _TRIES and isinstance(error, ProtocolError | Rejected):
            return True
        self._failures[device_id] = failures
        return False

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    async def _save(self) -> None:
        jobs = {device_id: job.as_dict() for device_id, job in self._jobs.items()}
        await self._store.async_save({"jobs": jobs})
