"""One device that has a plan, as the keeper and the entities see it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .account import LoadedAccount
from .const import DOMAIN
from .core.capabilities import Capabilities, Support
from .core.dispatch import Dispatch, State
from .core.errors import VendorError
from .core.ledger import Ledger
from .core.proof import Telemetry
from .core.schedule import DAY, Action, Programme, ScheduleItem
from .core.timeline import Segment, segment_of
from .journal import Journal, LogEntry
from .staging import Staging
from .vendors.base import PlanController, ScheduleController

_AHEAD: Final = 8 * DAY
"""How far what comes next is looked for: what comes once a week is found."""


def new_tag() -> str:
    """Return a name that nothing else has."""
    return uuid4().hex[:12]


@dataclass(slots=True)
class DeviceControl:
    """One device that has a plan: its controller, its ledger, its lock, its staging."""

    controller: ScheduleController
    account: LoadedAccount
    journal: Journal
    ledger: Ledger
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    staging: Staging = field(default_factory=Staging)
    last_event: LogEntry | None = None
    lists_seen: int = 0
    returned_at: datetime | None = None
    """When it was last returned to auto by a wish; measurements lag behind that."""
    _states: dict[str, State] = field(default_factory=dict)
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take what is in the ledger for known to everybody."""
        self._states = {key: it.state for key, it in self.ledger.dispatches.items()}

    @property
    def device_id(self) -> str:
        """The device that is controlled."""
        return self.controller.device_id

    @property
    def capabilities(self) -> Capabilities:
        """What the device can express, by what is known now."""
        return self.controller.capabilities(self.account.readings, self.ledger.loan)

    @property
    def listed(self) -> Programme:
        """What the cloud listed when it was asked last, as it is."""
        readings, sent = self.account.readings, self.ledger.sent()
        return self.controller.programme(readings, sent) or Programme()

    @property
    def programme(self) -> Programme:
        """What the cloud listed last, with everything of ours known as such."""
        return self.ledger.claim(self.listed)

    @property
    def owned(self) -> Any | None:
        """The plan as its owner wants it, None where it is not known, or no whole."""
        if not isinstance(self.controller, PlanController):
            return None
        readings, loan = self.account.readings, self.ledger.loan
        return self.controller.owned(readings, loan, dt_util.utcnow())

    @property
    def zone(self) -> str:
        """The time zone of the site, by name; Home Assistant's unless told."""
        return self.capabilities.zone or self.account.hass.config.time_zone

    @property
    def telemetry(self) -> Telemetry | None:
        """What the device measured last."""
        return self.controller.telemetry(self.account.readings)

    @property
    def ruling(self) -> Dispatch | None:
        """What of ours rules the device now, else what goes or comes next."""
        now = dt_util.utcnow()
        live = self.ledger.live()
        active = [item for item in live if item.active_at(now)]
        return next(iter(active or self.ledger.restoring() or live), None)

    @property
    def next_up(self) -> Segment | None:
        """What of ours starts next, whether or not it was sent already."""
        now = dt_util.utcnow()
        for dispatch in self.ledger.live():
            if dispatch.segment.start > now:
                return dispatch.segment
        coming = self.ledger.next_after(now, now + _AHEAD)
        return None if coming is None else segment_of(coming, coming.start, coming.end)

    @property
    def stageable(self) -> tuple[Action, ...]:
        """The actions that the device can do just as they are meant."""
        actions = self.capabilities.actions
        return tuple(
            action for action, how in actions.items() if how.support is Support.NATIVE
        )

    @property
    def staged_action(self) -> Action | None:
        """The action of the next schedule: the chosen one, else the first."""
        if self.staging.action in self.stageable:
            return self.staging.action
        return next(iter(self.stageable), None)

    @property
    def selected(self) -> ScheduleItem | None:
        """The schedule chosen in the selector, None once it is gone."""
        if self.staging.selected is None:
            return None
        return self.programme.find(self.staging.selected)

    async def fetch_past(self) -> Programme:
        """Ask the cloud for its plan with past items; HomeAssistantError on failure."""
        try:
            return self.ledger.claim(
                await self.controller.fetch_past(self.ledger.sent())
            )
        except VendorError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="plan_unknown"
            ) from error

    async def refresh(self) -> Programme:
        """Ask the cloud what it has planned; HomeAssistantError when it cannot say."""
        coordinator = self.account.coordinators.get(self.controller.read_back)
        before = coordinator.fetches if coordinator is not None else 0
        if coordinator is not None:
            await coordinator.async_refresh()
        # An account that is being unloaded fetches nothing, and says nothing of it.
        if coordinator is None or coordinator.fetches == before:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="plan_unknown"
            )
        self.take_in()
        return self.programme

    @callback
    def take_in(self) -> None:
        """Book what the newest list shows, once, and that time has passed."""
        now = dt_util.utcnow()
        coordinator = self.account.coordinators.get(self.controller.read_back)
        if coordinator is not None and coordinator.fetches != self.lists_seen:
            self.lists_seen = coordinator.fetches
            self.ledger.observe(self.listed, now, new_tag)
            self.record()
        self.ledger.pass_time(now)
        self.record()

    @callback
    def record(self) -> None:
        """Log every new state, and tell whoever listens."""
        now = dt_util.utcnow()
        before, self._states = self._states, {}
        changed: list[Dispatch] = []
        for dispatch in self.ledger.dispatches.values():
            self._states[dispatch.id] = dispatch.state
            if before.get(dispatch.id) is not dispatch.state:
                changed.append(dispatch)
        for dispatch in changed:
            self.log(_entry_of(self.device_id, dispatch, now))
        if changed:
            self.journal.save_soon()
            self.tell()

    @callback
    def log(self, entry: LogEntry) -> None:
        """Log what happened, and show it."""
        self.journal.add(entry)
        self.last_event = entry
        for listener in list(self._listeners):
            listener()

    @callback
    def tell(self) -> None:
        """Let the entities show what has changed."""
        self.staging.changed()

    @callback
    def measured(self) -> None:
        """Let the entities show what a measurement changes, or the time since the last.

        Most come to nothing, and settings follow neither unless a plan is borrowed.
        """
        if self.ledger.loan is None:
            self.staging.passed()
        else:
            self.tell()

    def on_event(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener after each event; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


def _entry_of(device_id: str, dispatch: Dispatch, now: datetime) -> LogEntry:
    segment = dispatch.segment
    latency = {
        State.CONFIRMED: dispatch.confirm_latency,
        State.DELIVERING: dispatch.deliver_latency,
    }.get(dispatch.state)
    return LogEntry(
        time=now,
        device_id=device_id,
        event=dispatch.state.value,
        schedule_id=segment.rule_id,
        action=segment.action,
        start=segment.start,
        end=segment.end,
        power_w=segment.power_w,
        reason=dispatch.reason,
        latency_s=None if latency is None else latency.total_seconds(),
    )
