"""Tells a target what flows in a site: when, what, and what came of it.

A push that fails is dropped, for the next one tells more; nothing is queued, and nothing
counts as told that was not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import (
    async_track_point_in_utc_time,
    async_track_time_interval,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .brands import async_push_target
from .connection import async_connection
from .const import CONF_CREDENTIALS, CONF_VENDOR, DOMAIN
from .core.errors import AuthError, RateLimited, TransientError, VendorError
from .core.flow import Balanced, FlowChoice, SiteFlow, balanced
from .issues import async_update_source_issue
from .push_feed import SENTENCES, Feed, Trouble, sun_elevation
from .push_sources import feed_of
from .push_totals import ToldTotals
from .vendors.base import CONF_BASE_URL
from .vendors.targets import PushSpec, PushTarget

_LOGGER = logging.getLogger(__name__)

CONF_SOURCE: Final = "source"
CONF_PAUSED: Final = "paused"
CONF_PREFER_POWER_SENSOR: Final = "prefer_power_sensor"
CONF_USE_POWER_SENSOR: Final = "use_power_sensor"
CONF_USE_GRID_METER: Final = "use_grid_meter"
CONF_USE_BATTERY: Final = "use_battery"
CONF_MAX_AGE: Final = "max_age_min"

OPTIONS: Final = (
    CONF_PREFER_POWER_SENSOR,
    CONF_USE_POWER_SENSOR,
    CONF_USE_GRID_METER,
    CONF_USE_BATTERY,
    CONF_MAX_AGE,
)
"""All that a user may choose, of which not everything makes sense for every source."""

DEFAULT_MAX_AGE_MIN: Final = 15

SETTLES_IN: Final = timedelta(seconds=2)
"""What belongs to one moment comes in several updates."""
OUTAGE_AFTER: Final = timedelta(minutes=2)
"""A shorter trouble is none: a restart, a reload, one answer that is missing."""
_REFUSED_PAUSE: Final = timedelta(minutes=15)


class Result(StrEnum):
    """What came of the last push."""

    ACCEPTED = "accepted"
    SOURCE_FAILED = "source_failed"
    KEY_REFUSED = "key_refused"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(slots=True)
class Attempt:
    """The last push with one key to one server; `at` is when it was over."""

    at: datetime | None = None
    accepted: bool = False

    def is_within(self, pause: timedelta) -> bool:
        """Tell whether the last push is not longer ago than that."""
        if self.at is None:
            return False
        return abs(dt_util.utcnow() - self.at) < pause


_ATTEMPTS: Final[HassKey[dict[str, Attempt]]] = HassKey(f"{DOMAIN}_pushes")


def key_id(credentials: Mapping[str, str], spec: PushSpec) -> str:
    """Return what tells keys apart, and from which no key can be guessed."""
    key = credentials[spec.key_field].casefold()
    return sha256(f"{spec.key} {key}".encode()).hexdigest()[:16]


@callback
def attempt_of(
    hass: HomeAssistant, credentials: Mapping[str, str], spec: PushSpec
) -> Attempt:
    """Return the last push with a key to the server that the credentials name.

    While Home Assistant starts, it may be recent.
    """
    server = (credentials.get(CONF_BASE_URL) or spec.host).rstrip("/").casefold()
    key = f"{key_id(credentials, spec)} {server}"
    attempts = hass.data.setdefault(_ATTEMPTS, {})
    if key not in attempts:
        attempts[key] = Attempt(None if hass.is_running else dt_util.utcnow())
    return attempts[key]


def choice_of(options: Mapping[str, Any]) -> FlowChoice:
    """Return what of a flow the user wants to be used."""
    return FlowChoice(
        prefer_power_sensor=options.get(CONF_PREFER_POWER_SENSOR, True),
        use_power_sensor=options.get(CONF_USE_POWER_SENSOR, True),
        use_grid_meter=options.get(CONF_USE_GRID_METER, True),
        use_battery=options.get(CONF_USE_BATTERY, True),
    )


def max_age_of(options: Mapping[str, Any]) -> timedelta | None:
    """Return how old a picked entity may be, None for any age."""
    minutes = options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE_MIN)
    return timedelta(minutes=minutes) if minutes else None


def told_by(hass: HomeAssistant, feed: Feed, choice: FlowChoice) -> Balanced | Trouble:
    """Return what a source tells at present in balance, or why it tells nothing."""
    flow = feed.read()
    if isinstance(flow, Trouble):
        return flow
    if sun_elevation(hass, flow.measured_at or dt_util.utcnow()) < 0:
        flow = flow.in_the_dark()
    told = balanced(flow, choice)
    if told.production_w is None:
        return Trouble.STALE if flow.outdated else Trouble.NO_DATA
    # A battery that is left out by choice may make any consumption negative.
    if balanced(flow, replace(choice, use_battery=True)).is_contradictory:
        return Trouble.MISMATCH
    return told


class Pusher:
    """Tells one target what one source tells, while its entry is loaded.

    At the usual pause of the target, or sooner where the source knows something new,
    but never before its least pause is over. `flow` and `payload` are of what was told
    last; `last_push` is when.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        spec: PushSpec,
        target: PushTarget,
        feed: Feed,
        totals: ToldTotals,
    ) -> None:
        """Prepare; nothing is told before `async_start`."""
        self.hass = hass
        self.entry = entry
        self.spec = spec
        self.target = target
        self.trouble: Trouble | None = None
        self.result: Result | None = None
        self.last_push: datetime | None = None
        self.flow: Balanced | None = None
        self.payload: Mapping[str, Any] | None = None
        self._feed = feed
        self._choice = choice_of(entry.options)
        self._totals = totals
        self._attempt = attempt_of(hass, entry.data[CONF_CREDENTIALS], spec)
        self._trouble_since = dt_util.utcnow()
        self._not_before = dt_util.utcnow()
        self._news = False
        self._pushing = False
        self._closed = False
        self._due_at: datetime | None = None
        self._cancel: CALLBACK_TYPE | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def paused(self) -> bool:
        """Whether the user wants nothing to be told for now; kept over restarts."""
        return bool(self.entry.options.get(CONF_PAUSED, False))

    @property
    def age(self) -> timedelta | None:
        """How old the flows are by now that were told last, None before the first."""
        if self.flow is None or self.last_push is None:
            return None
        since = self.flow.measured_at or self.last_push
        return max(timedelta(), dt_util.utcnow() - since)

    @callback
    def async_pause(self, paused: bool) -> None:
        """Stop telling, or go on."""
        options = {**self.entry.options, CONF_PAUSED: paused}
        self.hass.config_entries.async_update_entry(self.entry, options=options)
        self._plan()
        self._tell()

    def read(self) -> SiteFlow | Trouble:
        """Return what the source says at present."""
        return self._feed.read()

    @callback
    def subscribe(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call the listener whenever something of this has changed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_start(self) -> None:
        """Follow the source and tell what it knows, until the entry is unloaded."""
        self.entry.async_on_unload(self._async_stop)
        self.entry.async_on_unload(self._totals.async_save)
        self.entry.async_on_unload(self._feed.async_start(self._async_changed))
        self.entry.async_on_unload(
            async_track_time_interval(
                self.hass, self._async_grow_old, self.spec.usual_pause
            )
        )
        self._async_changed()

    @callback
    def _async_grow_old(self, now: datetime) -> None:
        """Show the age of what was told, unless a push does that as often."""
        if self.last_push is not None and now - self.last_push > self.spec.usual_pause:
            self._tell()

    @callback
    def _async_stop(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        self._closed = True

    @callback
    def _async_changed(self) -> None:
        """See what the source tells, and when that is to be told."""
        told = self._look()
        self._news = isinstance(told, Balanced) and told != self.flow
        self._plan()

    def _look(self) -> Balanced | Trouble:
        """Return what the source tells, and take note of its trouble."""
        told, now = told_by(self.hass, self._feed, self._choice), dt_util.utcnow()
        if isinstance(told, Balanced):
            told = self._totals.rising(told)
        trouble = told if isinstance(told, Trouble) else None
        if trouble is not self.trouble:
            if self.trouble is None or trouble is None:
                self._trouble_since = now
            self.trouble = trouble
            self._tell()
        removed = trouble is Trouble.REMOVED and self._is_outage(now)
        async_update_source_issue(
            self.hass, self.entry, removed=removed, target=self.spec.name
        )
        return told

    def _is_outage(self, now: datetime) -> bool:
        """Tell whether the source has had trouble for so long that it is to be told."""
        return self.trouble is not None and now - self._trouble_since >= OUTAGE_AFTER

    def _due(self, now: datetime) -> datetime:
        """Return when to tell something next."""
        usual, least = self.spec.usual_pause, self.spec.least_pause
        at = self._attempt.at
        if self.trouble is not None and not self._is_outage(now):
            due = self._trouble_since + OUTAGE_AFTER
        elif self._news and self.trouble is None:
            due = now + SETTLES_IN
        else:
            due = now if at is None else min(at, now) + usual
        if self.paused:
            due = max(due, now + usual)
        earliest = now if at is None else min(at, now) + least
        return max(due, earliest, self._not_before)

    @callback
    def _plan(self) -> None:
        """Set the timer, unless it is set for as early."""
        if self._pushing or self._closed:
            return
        now = dt_util.utcnow()
        due = self._due(now)
        if self._cancel is not None:
            if self._due_at is not None and now <= self._due_at <= due:
                return
            self._cancel()
        self._due_at = due
        self._cancel = async_track_point_in_utc_time(
            self.hass, self._async_on_time, due
        )

    @callback
    def _async_on_time(self, now: datetime) -> None:
        self._cancel = None
        told, now = self._look(), dt_util.utcnow()
        too_soon = self._attempt.is_within(self.spec.least_pause)
        early = isinstance(told, Trouble) and not self._is_outage(now)
        if self.paused or too_soon or early or now < self._not_before:
            self._plan()
            return
        self._pushing = True
        self.entry.async_create_background_task(
            self.hass, self._push(told), f"{DOMAIN} push"
        )

    async def _push(self, told: Balanced | Trouble) -> None:
        """Tell it, and keep what came of it."""
        now = self._attempt.at = dt_util.utcnow()
        self._attempt.accepted = False
        result = Result.FAILED
        try:
            result = await self._try(told, now)
        except Exception as error:  # noqa: BLE001
            # Not its text, which may hold the key; the next push is made all the same.
            self._not_before = dt_util.utcnow() + self.spec.usual_pause
            self._log_failure(result, type(error).__name__)
        finally:
            self._attempt.at = dt_util.utcnow()
            self._pushing = False
        self._attempt.accepted = result in (Result.ACCEPTED, Result.SOURCE_FAILED)
        self.result = result
        self._async_changed()
        self._tell()

    async def _try(self, told: Balanced | Trouble, now: datetime) -> Result:
        """Return what came of telling it."""
        try:
            if isinstance(told, Trouble):
                self.payload = await self.target.report(SENTENCES[told])
                result = Result.SOURCE_FAILED
            else:
                self.payload = await self.target.push(told, now)
                self.flow, self.last_push = told, now
                if self._totals.take(told):
                    self.entry.async_create_background_task(
                        self.hass, self._totals.async_save(), f"{DOMAIN} totals"
                    )
                result = Result.ACCEPTED
        except VendorError as error:
            result = self._failed(error)
            self._log_failure(result, error)
        else:
            self._log_success()
        return result

    def _failed(self, error: VendorError) -> Result:
        """Return what an error means, and wait where it is worth nothing to go on."""
        now = dt_util.utcnow()
        self._not_before = now + self.spec.usual_pause
        match error:
            case AuthError():
                self._not_before = now + _REFUSED_PAUSE
                self.entry.async_start_reauth(self.hass)
                return Result.KEY_REFUSED
            case RateLimited():
                wait = timedelta(seconds=error.retry_after or 0)
                self._not_before = now + max(wait, self.spec.usual_pause)
                return Result.RATE_LIMITED
            case TransientError():
                return Result.UNREACHABLE
        return Result.REFUSED

    def _log_failure(self, result: Result, error: VendorError | str) -> None:
        if self.result is not result:
            _LOGGER.warning("Telling %s what flows failed: %s", self.spec.name, error)

    def _log_success(self) -> None:
        if self.result not in (None, Result.ACCEPTED, Result.SOURCE_FAILED):
            _LOGGER.info("Telling %s what flows works again", self.spec.name)

    @callback
    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


def pusher_of(entry: ConfigEntry) -> Pusher | None:
    """Return a loaded entry's pusher, None for the account of a cloud."""
    runtime = entry.runtime_data
    return runtime if isinstance(runtime, Pusher) else None


@callback
def loaded_pushers(hass: HomeAssistant) -> list[Pusher]:
    """Return all pushers at work."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return [pusher for entry in entries if (pusher := pusher_of(entry)) is not None]


async def async_setup_push(hass: HomeAssistant, entry: ConfigEntry) -> Pusher:
    """Return what pushes for an entry; nothing is told before its `async_start`."""
    spec = await async_push_target(hass, entry.data[CONF_VENDOR])
    connection = await async_connection(hass, entry.data[CONF_CREDENTIALS])
    feed = feed_of(hass, entry.data[CONF_SOURCE], max_age_of(entry.options))
    totals = ToldTotals(hass, entry)
    await totals.async_load()
    return Pusher(hass, entry, spec, spec.connect(connection), feed, totals)
