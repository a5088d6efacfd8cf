"""One coordinator per endpoint: when to fetch, and what an error means for a reader."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.errors import (
    OFFLINE,
    AuthError,
    OptionAuthError,
    RateLimited,
    TransientError,
    VendorError,
)
from .issues import UNBOUND, async_create_access_issue, async_create_option_login_issue
from .vendors.base import Endpoint

_LOGGER = logging.getLogger(__name__)

_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(minutes=15)
_REFUSED_RETRY: Final = timedelta(days=1)


class EndpointCoordinator[T](DataUpdateCoordinator[T]):
    """Fetches one endpoint when its next fresh payload is due.

    Without listeners it rests, so a disabled entity saves its call; only until the
    first payload, and while it seeks something, it goes on by itself, for no entity can
    exist before.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        endpoint: Endpoint[T],
        on_payload: Callable[[Endpoint[T], T], None],
        *,
        always_update: bool = False,
    ) -> None:
        """Prepare; `on_payload` is told of every payload before the listeners are."""
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
        self._on_payload = on_payload
        self._failures = 0
        self._issue_id: str | None = None
        self._stop_waiting: CALLBACK_TYPE | None = None
        self._cancel_change: CALLBACK_TYPE | None = None

    @override
    async def _async_update_data(self) -> T:
        try:
            payload = await self.endpoint.fetch()
        except VendorError as error:
            raise self._read_error(error) from error
        if self._closed:
            return payload
        self._failures = 0
        self.async_delete_issue()
        self.fetches += 1
        now = dt_util.utcnow()
        # The base class drops the fraction of a second that is added here.
        self.update_interval = self.endpoint.due_in(payload, now) + timedelta(
            seconds=self.hass.loop.time() % 1
        )
        self._on_payload(self.endpoint, payload)
        self._await_change(payload, now)
        self._wait(self.endpoint.seeks is not None and self.endpoint.seeks(payload))
        return payload

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
        if self._cancel_change is not None:
            self._cancel_change()
            self._cancel_change = None
        await super().async_shutdown()

    def _read_error(self, error: VendorError) -> Exception:
        """Return what a vendor's error means to Home Assistant when reading."""
        if isinstance(error, AuthError):
            return ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="credentials_refused"
            )
        created = async_create_access_issue(
            self.hass, self.config_entry, error.reason, self.endpoint.device_id
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
        elif error.reason == "not_entitled":
            retry_after = _REFUSED_RETRY.total_seconds()
        wait = min(_FIRST_RETRY * 2**self._failures, _LAST_RETRY).total_seconds()
        if retry_after is None:
            self._failures = min(self._failures + 1, 10)
        else:
            # Who says how long to wait is not asked later than that.
            wait = _FIRST_RETRY.total_seconds()
        return UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=_text_key(error),
            translation_placeholders={"cause": str(error)},
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


def _text_key(error: VendorError) -> str:
    """Return the text that tells the user what to do."""
    reason = error.reason
    if isinstance(error, OptionAuthError):
        return "option_login_refused"
    if isinstance(error, RateLimited):
        return "rate_limited"
    if reason in UNBOUND:
        return "not_bound"
    if reason == OFFLINE:
        return "system_offline"
    if reason in {"clock_wrong", "not_entitled", "not_whitelisted"}:
        return reason
    return (
        "cannot_connect" if isinstance(error, TransientError) else "unexpected_answer"
    )
