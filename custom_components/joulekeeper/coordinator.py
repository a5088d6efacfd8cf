"""One coordinator per endpoint: when to fetch, and what an error means for a reader."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .access import async_create_access_issue, obstacle_of, text_key
from .const import DOMAIN
from .core.errors import (
    AuthError,
    InvalidRequest,
    OptionAuthError,
    RateLimited,
    TransientError,
    VendorError,
)
from .issues import async_create_option_login_issue
from .pause import AccountPaused, Pause
from .vendors.base import Endpoint

_LOGGER = logging.getLogger(__name__)

_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(minutes=15)
_REFUSED_RETRY: Final = timedelta(days=1)


class EndpointCoordinator[T](DataUpdateCoordinator[T]):
    """Fetches one endpoint when its next fresh payload is due.

    Without listeners it rests, so a disabled entity saves its call; only until the
    first payload, and while it seeks something, it goes on by itself, for no entity can
    exist before. Payloads that come by themselves are taken from the first listener on,
    in the same way as fetched ones.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        endpoint: Endpoint[T],
        on_payload: Callable[[Endpoint[T], T], None],
        on_error: Callable[[], None] = lambda: None,
        *,
        always_update: bool = False,
        pause: Pause | None = None,
    ) -> None:
        """Prepare; `on_payload` is told of every payload before the listeners are.

        `on_error` is called after every failure. Nothing is fetched during a `pause`.
        """
        # The base class may plan a fetch as soon as there is a listener.
        self._pause = pause or Pause()
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{entry.title} {endpoint.reading.name}",
            update_interval=_FIRST_RETRY,
            always_update=always_update,
        )
        self.endpoint = endpoint
        self._closed = False
        self.fetches = 0
        """Number of payloads so far."""
        self.fetched_at: datetime | None = None
        """When the last payload came."""
        self.fetching = False
        """Whether a fetch is under way."""
        self._listening: asyncio.Task[None] | None = None
        self._on_payload = on_payload
        self._on_error = on_error
        self._failures = 0
        self._issue_id: str | None = None
        self._stop_waiting: CALLBACK_TYPE | None = None
        self._cancel_change: CALLBACK_TYPE | None = None

    @override
    async def _async_update_data(self) -> T:
        known = self.fetches
        self.fetching = True
        try:
            async with self._pause.calling():
                payload = await self.endpoint.fetch()
        except AccountPaused as error:
            # That is no trouble to be logged.
            self.last_update_success = False
            raise UpdateFailed(
                translation_domain=DOMAIN, translation_key="account_paused"
            ) from error
        except VendorError as error:
            if isinstance(error, TransientError) and self.fetches > known:
                # What came by itself meanwhile is newer than this trouble.
                self._plan(self.data, dt_util.utcnow())
                return self.data
            self._on_error()
            raise self._read_error(error) from error
        finally:
            self.fetching = False
        if not self._closed:
            self._take(payload)
        return payload

    @callback
    def _async_pushed(self, payload: T) -> None:
        """Take a payload that came by itself."""
        if self._closed or self._pause.on:
            return
        self._take(payload)
        self.async_set_updated_data(payload)
        if self.fetching:
            # Else one more fetch might wait for the end of this one, which plans anew.
            self._async_unsub_refresh()

    def _take(self, payload: T) -> None:
        """Do all that a new payload brings with it, but tell the listeners."""
        self._failures = 0
        self.async_delete_issue()
        self.fetches += 1
        now = self.fetched_at = dt_util.utcnow()
        self._plan(payload, now)
        self._on_payload(self.endpoint, payload)
        self._await_change(payload, now)
        self._wait(self.endpoint.seeks is not None and self.endpoint.seeks(payload))

    def _plan(self, payload: T, now: datetime) -> None:
        """Set when to fetch again."""
        # The base class drops the fraction of a second that is added here.
        self.update_interval = self.endpoint.due_in(payload, now) + timedelta(
            seconds=self.hass.loop.time() % 1
        )

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        """Tell somebody of payloads; what comes by itself is wanted from now on."""
        remove = super().async_add_listener(update_callback, context)
        self._begin_to_listen()
        return remove

    @callback
    @override
    def _schedule_refresh(self) -> None:
        """Set the timer for the next fetch, but not during a pause."""
        if not self._pause.on:
            super()._schedule_refresh()

    @callback
    def async_rest(self) -> None:
        """Be quiet during a pause; what was read before it counts no more."""
        self._async_unsub_refresh()
        self._debounced_refresh.async_cancel()
        self._stop_to_listen()
        self.last_update_success = False
        self.async_update_listeners()

    async def async_wake(self) -> None:
        """Go on after a pause: fetch at once what anybody wants."""
        self._failures = 0
        if self._listeners:
            self._begin_to_listen()
            await self.async_refresh()

    def _begin_to_listen(self) -> None:
        listen, closed = self.endpoint.listen, self._closed or self._pause.on
        if listen is not None and self._listening is None and not closed:
            name = f"{DOMAIN} {self.endpoint.reading.name} pushed"
            self._listening = self.config_entry.async_create_background_task(
                self.hass, self._listen(listen), name
            )

    def _stop_to_listen(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
        if self._cancel_change is not None:
            self._cancel_change()
            self._cancel_change = None

    async def _listen(
        self, listen: Callable[[Callable[[T], None]], Awaitable[None]]
    ) -> None:
        """Take what comes by itself; once that ends, fetching goes on alone."""
        try:
            await listen(self._async_pushed)
        except Exception as error:  # noqa: BLE001
            # Neither its text nor its cause: they may hold addresses and secrets.
            _LOGGER.error(
                "Nothing comes by itself any more for %s, fetching goes on: %s",
                self.endpoint.reading.name,
                type(error).__name__,
            )

    @callback
    def async_wait_for_payload(self) -> None:
        """Go on by itself until the first payload is there."""
        if self.data is None:
            self._wait(True)

    @callback
    def async_delete_issue(self) -> None:
        """Take back what the user was told to mend."""
        if self._issue_id is not None:
            ir.async_delete_issue(self.hass, DOMAIN, self._issue_id)
            self._issue_id = None

    def _wait(self, wanted: bool) -> None:
        """Go on by itself, or only for listeners."""
        if wanted and self._stop_waiting is None:
            self._stop_waiting = self.async_add_listener(lambda: None)
        elif not wanted and self._stop_waiting is not None:
            self._stop_waiting()
            self._stop_waiting = None

    @override
    async def async_shutdown(self) -> None:
        """Stop for good; a fetch that is under way has no effect any more."""
        self._closed = True
        self._stop_to_listen()
        await super().async_shutdown()

    def _read_error(self, error: VendorError) -> Exception:
        """Return what a vendor's error means to Home Assistant when reading."""
        if isinstance(error, AuthError):
            return ConfigEntryAuthFailed(
                translation_domain=DOMAIN,
                translation_key=text_key(error),
                translation_placeholders={
                    "cause": str(error),
                    "about": error.about or "",
                },
            )
        created = async_create_access_issue(
            self.hass, self.config_entry, error, self.endpoint.device_id
        )
        # Whatever goes wrong next, only a success takes it back.
        self._issue_id = created or self._issue_id
        retry_after: float | None = None
        if isinstance(error, OptionAuthError):
            # Trying a refused password again and again may lock the login.
            async_create_option_login_issue(self.hass, self.config_entry, error.option)
            retry_after = _REFUSED_RETRY.total_seconds()
        elif isinstance(error, RateLimited):
            retry_after = error.retry_after
        elif (obstacle := obstacle_of(error)) is not None and obstacle.retry:
            retry_after = obstacle.retry.total_seconds()
        most = self.endpoint.longest_retry or _LAST_RETRY
        wait = min(_FIRST_RETRY * 2**self._failures, most).total_seconds()
        if retry_after is None:
            self._failures = min(self._failures + 1, 10)
        else:
            # Who says how long to wait is not asked later than that.
            wait = _FIRST_RETRY.total_seconds()
        return UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=text_key(error),
            translation_placeholders={"cause": str(error), "about": error.about or ""},
            retry_after=max(wait, retry_after or 0),
        )

    def _await_change(self, payload: T, now: datetime) -> None:
        """Tell the listeners when an unchanged payload comes to mean something else."""
        if self._cancel_change is not None:
            self._cancel_change()
            self._cancel_change = None
        if self.endpoint.next_change is None:
            return
        if (moment := self.endpoint.next_change(payload, now)) is None:
            return

        @callback
        def changed(now: datetime) -> None:
            self._cancel_change = None
            self.async_update_listeners()
            self._await_change(payload, now)

        self._cancel_change = async_track_point_in_utc_time(self.hass, changed, moment)


async def async_read[T](
    hass: HomeAssistant, entry: ConfigEntry, reading: Awaitable[T]
) -> T:
    """Return what somebody asks for just now; a vendor's error becomes ours.

    What makes no sense to ask for is a ServiceValidationError, anything else a
    HomeAssistantError. Refused credentials are asked for anew. `AccountPaused` while
    the account is paused.
    """
    pause: Pause = entry.runtime_data.account.pause
    try:
        async with pause.calling():
            return await reading
    except InvalidRequest as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="read_refused",
            translation_placeholders={"cause": str(error)},
        ) from error
    except VendorError as error:
        if isinstance(error, AuthError):
            entry.async_start_reauth(hass)
        wait = error.retry_after if isinstance(error, RateLimited) else None
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_asked_text_key(error),
            translation_placeholders={
                "cause": str(error),
                "about": error.about or "",
                "seconds": f"{60 if wait is None else wait:.0f}",
            },
        ) from error


def _asked_text_key(error: VendorError) -> str:
    """Return the text for what is not tried again by itself."""
    key = text_key(error)
    own = {
        "cannot_connect": "read_cannot_connect",
        "rate_limited": "read_rate_limited",
        "unexpected_answer": "read_unexpected_answer",
    }
    return own.get(key, key)
