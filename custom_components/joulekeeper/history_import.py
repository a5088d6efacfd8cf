"""Imports the past of an account's devices, a day at a time, for as long as it takes.

What is still to be done is kept in a file, so that it goes on after a restart. Days that
the cloud did not have whole are fetched again in the weeks after, and booked anew. Where
the cloud knows a day only when it is over, each day that ends is imported by itself.
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
from .core.errors import (
    AuthError,
    NotFound,
    ProtocolError,
    RateLimited,
    Rejected,
    VendorError,
)
from .core.history import HistoryDay
from .core.history_job import ImportJob
from .core.pacing import own_jitter
from .core.records import SENSELESS
from .pause import AccountPaused
from .statistics import NotStoredError, async_book, has_recorder
from .vendors.base import HasHistory, HistorySource

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_AFTER_START: Final = timedelta(seconds=30)
"""Set-up has the first word."""
_FIRST_RETRY: Final = timedelta(minutes=1)
_LAST_RETRY: Final = timedelta(hours=1)
_UNTOLD_WAIT: Final = timedelta(minutes=5)
_SPREAD: Final = 1800
"""Of a jitter below 1 s: not all installations ask for a day in the same half-hour."""
_TRIES: Final = 3
"""How often a day that fails is asked for before the next one has its turn."""


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
        self._chance = own_jitter(entry.entry_id) * _SPREAD
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
        self._entry.async_on_unload(self._account.async_on_device(self._on_device))
        self._entry.async_on_unload(self._account.async_on_pause(self._on_pause))
        self._schedule(_AFTER_START)

    # -- what is wanted --------------------------------------------------------

    @callback
    def _on_device(self, device_id: str) -> None:
        """Follow the days of a device that was not there before, or has come back."""
        job = self._jobs.get(device_id)
        is_new = (job is None or job.followed is None) and self._follow(device_id)
        if is_new or self._cancel_timer is None:
            self._schedule(_AFTER_START)

    @callback
    def _on_pause(self) -> None:
        """Be quiet while the account is paused, and go on afterwards."""
        self._stop()
        self._tell()
        self._schedule(_AFTER_START)

    def _follow(self, device_id: str) -> bool:
        """Want the days of a device that end until tomorrow, if they are followed."""
        source = self._source
        if source is None or not self.has_history(device_id):
            return False
        if (at := source.followed_at) is None or not has_recorder(self._hass):
            return False
        now = dt_util.utcnow().astimezone(source.zone(device_id))
        job = self._jobs.setdefault(device_id, ImportJob())
        job.follow(now, at + self._chance, source.last_day(device_id))
        return True

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
        """Want none of the days any more that were asked for; what is booked stays."""
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
        if self._account.pause.on:
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
            if not self.has_history(device_id):
                continue
            moment = now if job.is_running else job.next_due
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
        if not has_recorder(self._hass):
            return _LAST_RETRY
        now = dt_util.utcnow()
        for device_id, job in list(self._jobs.items()):
            self._follow(device_id)
            waits = now < self._wait_until.get(device_id, now)
            if waits or not self.has_history(device_id):
                continue
            fetched = self._fetched.setdefault(device_id, {})
            days = job.due(now, fetched)
            if not days and not fetched:
                continue
            turn = self._turn(device_id, len(days))
            try:
                if days:
                    zone = await self._zone(device_id, job)
                    async with self._account.pause.calling():
                        fetched[days[turn]] = await self._source.fetch_day(
                            device_id, days[turn], zone, days[turn + 1 :]
                        )
                if self._fetched.get(device_id) is not fetched:
                    # Meanwhile it was cancelled, or is wanted otherwise.
                    return self._source.day_pause
                if turn:
                    # So the cloud works, and fails for that day only.
                    here = await self._zone(device_id, job)
                    job.gave_up(days[0], now.astimezone(here))
                if len(fetched) >= job.at_once or not job.pending.difference(fetched):
                    await self._book(device_id, job, fetched)
            except AccountPaused:
                return timedelta()
            except VendorError as error:
                if self._failed(device_id, error) and days:
                    here = await self._zone(device_id, job)
                    job.gave_up(days[turn], now.astimezone(here))
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

    def _turn(self, device_id: str, days: int) -> int:
        """Return which of the days that are due is to be fetched now.

        The oldest one, until it has failed too often: then one after the other, to see
        whether the cloud fails for that day only.
        """
        more = self._failures.get(device_id, 0) - _TRIES + 1
        return more % days if days and more > 0 else 0

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
            if not (series := self._source.series(device_id)):
                # Left out by a listing meanwhile: it waits for the next one.
                return
            await async_book(
                self._hass,
                device_id,
                self._device_name(device_id),
                series,
                days.values(),
            )
        now = dt_util.utcnow().astimezone(await self._zone(device_id, job))
        for day, item in days.items():
            fetched.pop(day, None)
            job.took(day, now, blank=item.is_blank, settled=item.settled)

    def _device_name(self, device_id: str) -> str | None:
        """Return what the user calls a device, None for one that is gone."""
        registry_id = self._account.registry_id(device_id)
        device = registry_id and dr.async_get(self._hass).async_get(registry_id)
        if not device:
            return None
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
        if failures >= _TRIES and isinstance(
            error, NotFound | ProtocolError | Rejected
        ):
            return True
        self._failures[device_id] = failures
        return False

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    async def _save(self) -> None:
        jobs = {device_id: job.as_dict() for device_id, job in self._jobs.items()}
        await self._store.async_save({"jobs": jobs})
