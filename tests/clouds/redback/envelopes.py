"""Operating envelopes: site limits with a life of their own (1.10, 6.7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any

from ..house import Caps
from .timespan import format_time

# In the order of `Caps`.
LIMITS = (
    "MaxImportPowerW",
    "MaxExportPowerW",
    "MaxDischargePowerW",
    "MaxChargePowerW",
    "MaxGenerationPowerVA",
)
MINUTE = timedelta(minutes=1)


@dataclass(slots=True, eq=False)
class Envelope:
    """One envelope. Its limits are W (VA for generation), None: no limit."""

    event_id: str
    site_id: str
    start: datetime
    end: datetime
    limits: dict[str, int | None]
    created: datetime
    nmi: str | None = None
    network_level: bool = False
    rejected: bool = False
    cancelled: datetime | None = None
    superseded: datetime | None = None
    superseded_at_once: bool = False

    @property
    def stopped(self) -> datetime:
        """When it ceases to have effect."""
        stops = (self.end, self.cancelled, self.superseded)
        return min(t for t in stops if t is not None)

    def in_force(self, now: datetime) -> bool:
        """Whether its limits bind at a telemetry tick."""
        return not self.rejected and self.start <= now < self.stopped

    def _reported(self, time: datetime) -> datetime:
        """Return when the inverter reports what happened at `time`: next minute."""
        return time.replace(second=0, microsecond=0) + MINUTE

    def status(self, now: datetime) -> str:
        """Return where it is in its life."""
        if self.rejected:
            return "RejectedPastEvent"
        started = self.start <= now
        if self.cancelled is not None:
            before = self.cancelled <= self.start
            if before:
                return "Cancelled"
            told = self._reported(self.cancelled) <= now
            return "CancelledAfterStart" if told else "FutureCancel"
        if self.superseded is not None:
            if self.superseded_at_once:
                return "SupersededPriorToStart"
            if self.superseded <= now:
                return "SupersededAfterStart"
            return "FutureSupersede"
        if self._reported(self.end) <= now:
            return "ReportFinished"
        if started and self._reported(self.start) <= now:
            return "ReportStarted"
        return "Scheduled" if now - self.created >= MINUTE else "New"

    def payload(self, now: datetime) -> dict[str, Any]:
        """Return a list element."""
        ran = not self.rejected and self.stopped > self.start
        begun, done = self._reported(self.start), self._reported(self.stopped)
        return {
            "EventId": self.event_id,
            "Nmi": self.nmi,
            "SiteId": self.site_id,
            "StartAtUtc": format_time(self.start),
            "EndAtUtc": format_time(self.end),
            **{name: self.limits.get(name) for name in LIMITS},
            "IsNetworkLevel": self.network_level,
            "ReportedStartUtc": format_time(begun) if ran and begun <= now else None,
            "ReportedFinishUtc": format_time(done) if ran and done <= now else None,
            "Status": self.status(now),
        }


class Envelopes:
    """The envelopes of one site."""

    def __init__(self) -> None:
        """Start without any."""
        self.items: list[Envelope] = []

    def add(self, new: Envelope) -> None:
        """Take an envelope; a newer one of the same level supersedes older ones."""
        if not new.rejected:
            for old in self.items:
                if (
                    old.rejected
                    or old.network_level != new.network_level
                    or old.stopped <= new.start
                    or new.end <= old.start
                ):
                    continue
                old.superseded_at_once = max(new.start, new.created) <= old.start
                old.superseded = (
                    new.created
                    if old.superseded_at_once
                    else max(new.start, new.created)
                )
        self.items.append(new)

    def cancel(self, event_id: str | None, now: datetime) -> int:
        """Cancel by id, or all (None); network-level ones stay. Return how many."""
        hit = [
            item
            for item in self.items
            if (event_id is None or item.event_id == event_id)
            and not item.network_level
            and not item.rejected
            and item.stopped > now
        ]
        for item in hit:
            item.cancelled = now
        return len(hit)

    def caps(self, now: datetime, share: int) -> Caps:
        """Return what binds each of `share` inverters at a tick."""
        caps = Caps()
        for item in self.items:
            if item.in_force(now):
                limits = (item.limits.get(name) for name in LIMITS)
                caps = caps.tightest(
                    Caps(*(inf if w is None else w / share for w in limits))
                )
        return caps
