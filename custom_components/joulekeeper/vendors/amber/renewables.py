"""The share of renewables in a state's grid: told without a token (dossier 1.8)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ...core.models import Clock, Reading
from ..base import Endpoint
from .client import AmberClient
from .models import RenewablesRecord
from .words import State

HORIZON: Final = timedelta(hours=24)
_HALF_HOUR: Final = timedelta(minutes=30)
_AFTER_BOUNDARY: Final = timedelta(seconds=40)
_RETRY: Final = timedelta(minutes=2)

STATE_NAMES: Final = {
    State.NEW_SOUTH_WALES: "New South Wales",
    State.QUEENSLAND: "Queensland",
    State.SOUTH_AUSTRALIA: "South Australia",
    State.VICTORIA: "Victoria",
}


@dataclass(frozen=True, slots=True)
class Renewables:
    """Half-hours of a state, oldest first; `clock`, the cloud's, tells which one runs."""

    records: tuple[RenewablesRecord, ...]
    clock: Clock = field(compare=False, repr=False)

    def running(self) -> RenewablesRecord | None:
        """Return the half-hour that runs, None where none is told."""
        now = self.clock()
        return next((item for item in self.records if item.span.holds(now)), None)

    def coming(self) -> tuple[RenewablesRecord, ...]:
        """Return the half-hours to come."""
        now = self.clock()
        return tuple(item for item in self.records if item.span.start > now)


RENEWABLES: Final = Reading[Renewables]("renewables")


def renewables_endpoint(
    client: AmberClient, device_id: str, state: State, jitter: timedelta
) -> Endpoint[Renewables]:
    """Return what fetches a state's share, once in each half-hour."""

    async def fetch() -> Renewables:
        records = await client.renewables(
            state, previous=0, following=HORIZON // _HALF_HOUR, resolution=30
        )
        return Renewables(records, client.cloud_time)

    def boundary(known: Renewables) -> datetime | None:
        item = known.running()
        return None if item is None else item.span.end

    def due_in(known: Renewables, now: datetime) -> timedelta:
        end = boundary(known)
        if end is None:
            return _RETRY
        return end - client.cloud_time(now) + _AFTER_BOUNDARY + jitter

    def next_change(known: Renewables, now: datetime) -> datetime | None:
        end = boundary(known)
        return end and now + (end - client.cloud_time(now))

    return Endpoint(
        reading=RENEWABLES,
        device_id=device_id,
        fetch=fetch,
        due_in=due_in,
        next_change=next_change,
        essential=False,
    )
