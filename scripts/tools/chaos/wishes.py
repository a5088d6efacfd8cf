"""What was asked of the integration, as the story knows it without asking it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .houses.base import GAP, Doing, House

DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Wish:
    """One thing that was asked for, and until when it may be in force.

    From `over` on nobody wants it any more. `due` tells whether it was answered that
    the cloud holds it.
    """

    number: int
    action: str
    start: datetime
    end: datetime
    forced: bool = False
    zone: ZoneInfo | None = None
    """That in which it comes again every day, None for what comes once."""
    over: datetime | None = None
    due: bool = False
    early: bool = False
    """Whether it may end before its end, as one with a target or a lease."""
    schedule_id: str | None = None

    @property
    def daily(self) -> bool:
        """Whether it comes again every day."""
        return self.zone is not None

    def __str__(self) -> str:
        """Return it in short."""
        kind = "forced" if self.forced else "daily" if self.daily else "planned"
        over = f", over {self.over:%T}" if self.over else ""
        return f"{kind} {self.action} {self.start:%d %T} to {self.end:%d %T}{over}"

    def windows(self, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when it is to be in force, up to a moment.

        What comes again does so by the clock on the wall; a time that is there twice
        is the first of the two (RFC 5545, 3.3.5).
        """
        length = self.end - self.start
        if self.zone is None:
            yield self.start, self.end
            return
        wall = self.start.astimezone(self.zone).replace(fold=0)
        while (start := wall.astimezone(UTC)) <= until:
            yield start, start + length
            wall += DAY

    def is_open(
        self,
        now: datetime,
        slack: timedelta = timedelta(),
        grain: timedelta = timedelta(),
    ) -> bool:
        """Whether it may be in force now, give or take a slack."""
        if self.over is not None and now > self.over + slack:
            return False
        for start, end in self.windows(now + DAY):
            if grain:
                start -= (start - _EPOCH) % grain
                end += -(end - _EPOCH) % grain
            if start - slack <= now < end + slack:
                return True
        return False

    def allows(
        self, doing: Doing, now: datetime, slack: timedelta, house: House
    ) -> bool:
        """Whether what a device does may be for its sake."""
        grain = house.grain
        if doing.action == GAP and self.is_open(now + house.ahead, slack, grain):
            return True
        same = doing.action in (self.action, GAP)
        return same and self.is_open(now, slack, grain)


@dataclass(slots=True)
class Wishes:
    """Everything that was asked for so far."""

    items: list[Wish] = field(default_factory=list)

    def add(self, wish: Wish) -> None:
        """Note a new one."""
        self.items.append(wish)

    def live(self, now: datetime) -> list[Wish]:
        """Return what is wanted and not past."""
        return [
            wish
            for wish in self.items
            if wish.over is None and (wish.daily or wish.end > now)
        ]

    def running(self, now: datetime) -> list[Wish]:
        """Return what is wanted now."""
        return [wish for wish in self.live(now) if wish.is_open(now)]
