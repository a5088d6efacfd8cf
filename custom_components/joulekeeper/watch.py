"""Looks after the schedules of an account between one request and the next.

Each list and each measurement of the cloud is compared with what is wanted; what is not
settled is settled. It also looks at start-up, when a schedule starts or ends, every 15
minutes, and when the clock or the time zone has changed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import (
    async_track_point_in_utc_time,
    async_track_time_interval,
)
from homeassistant.util import dt as dt_util

from .account import LoadedAccount
from .const import DOMAIN
from .control import DeviceControl, new_tag
from .core.dispatch import Dispatch, State
from .core.proof import Telemetry
from .keeper import Keeper
from .plan_issues import async_update_control_issues
from .writes import Settled

RECONCILE_EVERY: Final = timedelta(minutes=15)
_CLOCK_JUMP_S: Final = 60
_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(minutes=15)
"""The longest wait between retries, unless the cloud asks for a longer one."""
_READ_AGAIN_AFTER: Final = timedelta(minutes=2)
_A_SECOND: Final = timedelta(seconds=1)
_ENDED_LATELY: Final = timedelta(minutes=3)
"""After the end of a schedule its mode may still show for so long."""


@dataclass(slots=True)
class _Watched:
    """What is known of a device that is watched.

    `owned_at` is when a schedule last explained its mode, `suspected_with` the number
    of lists that had been read when none did any more. `unread_at` is when the list
    could not be read, if that was so when it was last settled.
    """

    control: DeviceControl
    cancel: CALLBACK_TYPE | None = None
    failures: int = 0
    retry_at: datetime | None = None
    unread_at: datetime | None = None
    settling: bool = False
    again: bool = False
    measured_at: datetime | None = None
    owned_at: datetime | None = None
    suspected_with: int | None = None
    ownerless: bool = False
    kept_polling: list[CALLBACK_TYPE] = field(default_factory=list)


class Watcher:
    """Looks after every device of one account."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        account: LoadedAccount,
        keeper: Keeper,
    ) -> None:
        """Watch nothing before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._keeper = keeper
        self._watched: dict[str, _Watched] = {}
        self._clock = self._clock_reading()

    @callback
    def async_start(self) -> None:
        """Watch what there is and what will come, until the account is unloaded."""
        on_unload = self._entry.async_on_unload
        on_unload(self._stop)
        on_unload(self._account.async_on_device(self._on_payload))
        on_unload(self._keeper.controls.async_on_wake(self._on_wake))
        on_unload(
            async_track_time_interval(
                self._hass, self._on_reconcile, RECONCILE_EVERY, cancel_on_shutdown=True
            )
        )
        on_unload(
            self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._on_config)
        )

    @callback
    def _stop(self) -> None:
        for watched in self._watched.values():
            self._let_go(watched)

    def _let_go(self, watched: _Watched) -> None:
        if watched.cancel is not None:
            watched.cancel()
        self._keep_polling(watched, wanted=False)

    # -- what makes us look ----------------------------------------------------

    @callback
    def _on_payload(self, source_id: str) -> None:
        """Look at every device that the source tells something about."""
        self._check_clock()
        for device_id in [i for i in self._watched if not self._keeper.controls.get(i)]:
            self._let_go(self._watched.pop(device_id))
        for control in self._keeper.controls:
            device_id = control.device_id
            watched = self._watched.get(device_id)
            if watched is None or watched.control is not control:
                watched = self._watched[device_id] = _Watched(control)
                self._entry.async_on_unload(
                    control.on_event(partial(self._after, watched))
                )
            evidence = control.controller.evidence
            if source_id in (device_id, evidence and evidence.device_id):
                self._look(watched)

    @callback
    def _on_reconcile(self, now: datetime) -> None:
        for watched in self._watched.values():
            if watched.control.ledger.has_work:
                self._settle_soon(watched)
            else:
                self._after(watched)

    @callback
    def _on_wake(self) -> None:
        """Go on after a pause, with the newest list."""
        for watched in self._watched.values():
            watched.failures, watched.retry_at = 0, None
        self._on_reconcile(dt_util.utcnow())

    @callback
    def _check_clock(self) -> None:
        """Reconcile when the clock was set, or the machine has slept."""
        before, self._clock = self._clock, self._clock_reading()
        if abs(self._clock - before) > _CLOCK_JUMP_S:
            self._on_reconcile(dt_util.utcnow())

    @staticmethod
    def _clock_reading() -> float:
        """Return how far the clock is from a clock that nobody sets."""
        return dt_util.utcnow().timestamp() - time.monotonic()

    @callback
    def _on_config(self, event: Event) -> None:
        if "time_zone" in event.data:
            self._on_reconcile(dt_util.utcnow())

    # -- a look ----------------------------------------------------------------

    @callback
    def _look(self, watched: _Watched) -> None:
        """Compare what the cloud tells with what is wanted."""
        control = watched.control
        if control.lock.locked() or self._keeper.controls.resting:
            # Whoever writes just now looks for himself.
            return
        control.take_in()
        telemetry = control.telemetry
        if telemetry is not None:
            self._judge(watched, telemetry)
        if self._keeper.unsettled(control) or _may_be_read(watched):
            self._settle_soon(watched)
        self._after(watched)

    @callback
    def _judge(self, watched: _Watched, telemetry: Telemetry) -> None:
        control, now = watched.control, dt_util.utcnow()
        for dispatch in control.ledger.judge(telemetry, control.capabilities, now):
            control.ledger.resend(dispatch, now, new_tag())
            self._settle_soon(watched)
        control.record()
        if watched.measured_at is None or telemetry.time > watched.measured_at:
            watched.measured_at = telemetry.time
            if control.capabilities.steers_battery:
                self._look_for_owner(watched, telemetry, now)
            control.measured()

    @callback
    def _look_for_owner(
        self, watched: _Watched, telemetry: Telemetry, now: datetime
    ) -> None:
        """Find a device that is in a forced mode which no schedule asks for.

        The list may be old, so it is read again before anything is said.
        """
        control = watched.control
        forced = telemetry.forced is True and telemetry.online
        if not forced or telemetry.is_stale(now) or _owned(control, telemetry.time):
            watched.owned_at = telemetry.time if forced else None
            watched.suspected_with, watched.ownerless = None, False
        elif watched.owned_at and telemetry.time - watched.owned_at <= _ENDED_LATELY:
            return
        elif watched.suspected_with is None:
            watched.suspected_with = control.lists_seen
            self._settle_soon(watched)
        elif watched.suspected_with == control.lists_seen:
            self._settle_soon(watched)
        else:
            watched.ownerless = True

    # -- settling --------------------------------------------------------------

    @callback
    def _settle_soon(self, watched: _Watched) -> None:
        """Settle in the background; wishes that come meanwhile go together."""
        if self._keeper.controls.resting:
            return
        if watched.settling:
            watched.again = True
            return
        watched.settling = True
        self._entry.async_create_background_task(
            self._hass, self._settle(watched), f"{DOMAIN} settle"
        )

    async def _settle(self, watched: _Watched) -> None:
        control, patience = watched.control, timedelta()
        try:
            watched.again = True
            while watched.again:
                watched.again = False
                async with self._keeper.controls.turn(control):
                    listed = await self._refreshed(control)
                    watched.unread_at = None if listed else dt_util.utcnow()
                    self._send_again(control)
                    settled = await self._keeper.settle(control, blind=not listed)
                    patience = settled.patience
                    # What lies below what was refused has its turn now.
                    watched.again |= _refused_any(control, settled)
        except HomeAssistantError:
            # The account is being unloaded, or paused.
            return
        finally:
            watched.settling = False
            watched.retry_at = None
        pending = control.ledger.is_pending(dt_util.utcnow())
        watched.failures = min(watched.failures + 1, 9) if pending else 0
        if pending and patience:
            # Who was told to wait waits longer each time.
            wait = max(patience, _backed_off(watched.failures))
            watched.retry_at = dt_util.utcnow() + wait
        self._after(watched)

    async def _refreshed(self, control: DeviceControl) -> bool:
        try:
            await control.refresh()
        except HomeAssistantError:
            control.take_in()
            return False
        return True

    def _send_again(self, control: DeviceControl) -> None:
        """Have sent again what the cloud should have listed by now."""
        now = dt_util.utcnow()
        for dispatch in control.ledger.live():
            if dispatch.overdue(now):
                control.ledger.resend(dispatch, now, new_tag())

    # -- afterwards ------------------------------------------------------------

    @callback
    def _after(self, watched: _Watched) -> None:
        """Show what is wrong, and see to it that the next look comes in time."""
        control = watched.control
        async_update_control_issues(
            self._hass,
            self._entry,
            control,
            ownerless=watched.ownerless and not _returned_lately(watched),
        )
        self._keep_polling(watched, wanted=bool(control.ledger.live()))
        if watched.cancel is not None:
            watched.cancel()
            watched.cancel = None
        if (moment := self._next_look(watched)) is not None:
            watched.cancel = async_track_point_in_utc_time(
                self._hass, partial(self._on_time, watched), moment
            )

    def _next_look(self, watched: _Watched) -> datetime | None:
        now = dt_util.utcnow()
        dispatches = watched.control.ledger.dispatches.values()
        moments = [
            edge
            for item in dispatches
            if item.live or item.pending
            for edge in (item.segment.start, item.segment.end, item.due_at)
            if edge is not None and edge > now
        ]
        ahead, coming = watched.control.capabilities.lays_ahead, watched.control.next_up
        if ahead is not None and coming is not None and coming.start - ahead > now:
            # It can be sent from then on.
            moments.append(coming.start - ahead + _A_SECOND)
        loan = watched.control.ledger.loan
        if loan is not None and loan.is_fresh(now):
            # What is shown then is no longer what was there before a write.
            moments.append(loan.outdated_until + _A_SECOND)
        if not watched.control.ledger.is_pending(now):
            watched.retry_at = None
        elif watched.retry_at is None:
            watched.retry_at = now + _backed_off(watched.failures)
        if watched.retry_at is not None:
            moments.append(watched.retry_at)
        return min(moments, default=None)

    @callback
    def _on_time(self, watched: _Watched, now: datetime) -> None:
        watched.cancel = None
        control = watched.control
        if self._keeper.controls.resting:
            return
        if control.lock.locked():
            # Whoever writes just now does not try again what failed before.
            self._settle_soon(watched)
        elif control.ledger.is_pending(now):
            control.take_in()
            self._settle_soon(watched)
        else:
            self._look(watched)

    def _keep_polling(self, watched: _Watched, *, wanted: bool) -> None:
        """Have list and measurements fetched, whether or not entities want them."""
        if wanted == bool(watched.kept_polling):
            return
        while watched.kept_polling:
            watched.kept_polling.pop()()
        if not wanted:
            return
        controller = watched.control.controller
        for endpoint_id in (controller.read_back, controller.evidence):
            coordinator = endpoint_id and self._account.coordinators.get(endpoint_id)
            if coordinator:
                watched.kept_polling.append(coordinator.async_add_listener(_ignore))


def _may_be_read(watched: _Watched) -> bool:
    """Tell whether what waits for the list need not wait on, for the cloud answers."""
    now, unread_at = dt_util.utcnow(), watched.unread_at
    return (
        unread_at is not None
        and now - unread_at >= _READ_AGAIN_AFTER
        and watched.control.ledger.is_pending(now)
    )


def _owned(control: DeviceControl, measured_at: datetime) -> bool:
    """Tell whether any schedule explains the mode that was measured."""
    start, end = measured_at - _ENDED_LATELY, measured_at + timedelta(seconds=1)
    return any(control.listed.between(start, end)) or any(
        item.segment.start < end and start < item.end and _may_have_run(item)
        for item in control.ledger.dispatches.values()
    )


def _returned_lately(watched: _Watched) -> bool:
    """Tell whether the newest measurement may be older than a return to auto."""
    returned, measured = watched.control.returned_at, watched.measured_at
    if returned is None or measured is None:
        return False
    return measured - returned <= _ENDED_LATELY


def _refused_any(control: DeviceControl, settled: Settled) -> bool:
    """Tell whether the cloud has refused for good anything that was sent."""
    sent = map(control.ledger.dispatches.get, settled.refused)
    return any(item is not None and item.state is State.REJECTED for item in sent)


def _may_have_run(dispatch: Dispatch) -> bool:
    """Tell whether the cloud has ever had it, as far as is known."""
    return dispatch.sent_at is not None and dispatch.state is not State.REJECTED


def _backed_off(failures: int) -> timedelta:
    return min(_FIRST_RETRY * (1 << failures), _LAST_RETRY)


@callback
def _ignore() -> None:
    """Do nothing: a listener is what makes a coordinator fetch."""
