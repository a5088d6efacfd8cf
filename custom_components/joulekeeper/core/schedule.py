"""Schedules in one vocabulary for every brand: what is asked and what a cloud holds."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)


def wall_instant(day: date, wall: time, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, at which clocks in the zone show a wall time.

    Inside the hour that a clock change skips it is the first instant after the gap; in
    the hour that is repeated the first pass counts.
    """
    if (offset := offset_of_day(day, zone)) is not None:
        return datetime.combine(day, wall, UTC) - offset
    local = datetime.combine(day, wall, zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # The gap's own instant lies between the readings by the old and the new offset.
    before = local.replace(fold=1).astimezone(UTC)
    offset = instant.astimezone(zone).utcoffset()
    while instant - before > timedelta(seconds=1):
        middle = before + (instant - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            instant = middle
        else:
            before = middle
    return instant.replace(microsecond=0)


def compact(moment: datetime) -> str:
    """Return a time as `20261130T134500`, whatever its zone."""
    # Far faster than a format of the whole; a month of a calendar has thousands.
    day = moment.year * 10_000 + moment.month * 100 + moment.day
    clock = moment.hour * 10_000 + moment.minute * 100 + moment.second
    return f"{day:08}T{clock:06}"


@lru_cache(maxsize=1024)
def offset_of_day(day: date, zone: tzinfo) -> timedelta | None:
    """Return how far clocks are ahead of UTC on a day; None when they change."""
    begin = datetime.combine(day, time.min, zone).utcoffset()
    # The second pass, which also is what comes after a gap that midnight is in.
    end = datetime.combine(day, time.max.replace(fold=1), zone).utcoffset()
    return begin if begin == end else None


class Action(StrEnum):
    """What a battery system is asked to do.

    `charge` and `discharge` set the battery's power, `import` and `export` the power
    at the grid meter. `auto` is self-use, `hold` keeps the battery from discharging,
    `no_charge` from charging, `idle` from both. `limit` is self-use with caps.
    """

    AUTO = "auto"
    CHARGE = "charge"
    IMPORT = "import"
    DISCHARGE = "discharge"
    EXPORT = "export"
    HOLD = "hold"
    NO_CHARGE = "no_charge"
    IDLE = "idle"
    LIMIT = "limit"


POWERED_ACTIONS: Final = frozenset(
    {Action.CHARGE, Action.IMPORT, Action.DISCHARGE, Action.EXPORT}
)
"""The actions that have a power."""
DISCHARGING_ACTIONS: Final = frozenset({Action.DISCHARGE, Action.EXPORT})


class Source(StrEnum):
    """Who asked for a schedule."""

    MANUAL = "manual"
    """An override that starts now, as by force; a later one replaces it."""
    SERVICE = "service"
    """A schedule laid by an action or by the entities of a device."""
    CALENDAR = "calendar"
    """An event of the device's calendar."""
    KEEPER = "keeper"
    """Laid by ourselves, to mend something; everybody else goes first."""


class Owner(StrEnum):
    """Whose schedule an item in the cloud is."""

    OWN = "own"
    FOREIGN = "foreign"
    """Made elsewhere: the vendor's app, the vendor itself, another program."""
    NETWORK = "network"
    """Imposed by the network operator; nobody else may touch it."""


class ItemStatus(StrEnum):
    """How far an item has come, where the cloud tells."""

    NEW = "new"
    SCHEDULED = "scheduled"
    STARTED = "started"
    ENDING = "ending"
    """It will be ended before its time."""
    FINISHED = "finished"
    FULFILLED = "fulfilled"
    """The device has ended it before its time, for the battery was full."""
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    FAILED = "failed"
    """The cloud took it, and the device did not carry it out."""
    UNCERTAIN = "uncertain"
    """Nobody knows whether the cloud got it; taking it back does no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The operating envelope of a site: caps in W (generation VA), None is no cap."""

    max_import_w: int | None = None
    max_export_w: int | None = None
    max_charge_w: int | None = None
    max_discharge_w: int | None = None
    max_generation_va: int | None = None

    def as_dict(self) -> dict[str, int]:
        """Return the caps that are set."""
        return {
            cap.name: value
            for cap in fields(self)
            if (value := getattr(self, cap.name)) is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleItem:
    """One schedule as the cloud holds it.

    `vendor_id` is None where the cloud gives no handle, so that the item can only be
    shown. `action` is None for a vendor mode outside our vocabulary; `vendor_mode` is
    the cloud's own word in any case. `rule_id` and `source` are known for own items.
    `status` and the reported times are the cloud's evidence, where it gives any.
    """

    vendor_id: str | None
    action: Action | None
    vendor_mode: str
    start: datetime
    end: datetime
    power_w: int | None = None
    limits: Limits | None = None
    owner: Owner = Owner.FOREIGN
    rule_id: str | None = None
    source: Source | None = None
    note: str = ""
    recurring: bool = False
    status: ItemStatus | None = None
    reported_start: datetime | None = None
    reported_end: datetime | None = None

    @property
    def id(self) -> str | None:
        """What names the item to the user: our rule's id, else the vendor's."""
        return self.rule_id or self.vendor_id

    @property
    def duration(self) -> timedelta:
        """Time from start to end."""
        return self.end - self.start

    def active_at(self, now: datetime) -> bool:
        """Whether the item's window is open; its end is exclusive."""
        return self.start <= now < self.end

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether the item shares any time with the span; both ends are exclusive."""
        return self.start < end and start < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyWindow:
    """A recurring window as some clouds keep it: wall time on days of the week.

    `weekdays` counts from Monday = 0; `start` is wall time in `zone`.
    """

    action: Action | None
    vendor_mode: str
    start: time
    duration: timedelta
    weekdays: frozenset[int]
    zone: tzinfo
    power_w: int | None = None
    note: str = ""

    def occurrences(self, start: datetime, end: datetime) -> Iterator[ScheduleItem]:
        """Yield each occurrence that shares time with the span, earliest first."""
        day = (start - self.duration).astimezone(self.zone).date() - DAY
        last_day = end.astimezone(self.zone).date()
        while day <= last_day:
            if day.weekday() in self.weekdays:
                begin = wall_instant(day, self.start, self.zone)
                item = ScheduleItem(
                    vendor_id=None,
                    action=self.action,
                    vendor_mode=self.vendor_mode,
                    start=begin,
                    end=begin + self.duration,
                    power_w=self.power_w,
                    note=self.note,
                    recurring=True,
                )
                if item.overlaps(start, end):
                    yield item
            day += DAY


@dataclass(frozen=True, slots=True)
class Programme:
    """Everything that a cloud has planned for one device.

    Until `outdated_until` it shows what was there before the last write.
    """

    items: tuple[ScheduleItem, ...] = ()
    recurring: tuple[WeeklyWindow, ...] = ()
    outdated_until: datetime | None = None

    def between(self, start: datetime, end: datetime) -> tuple[ScheduleItem, ...]:
        """Return every item that shares time with the span, earliest first."""
        found = [item for item in self.items if item.overlaps(start, end)]
        for window in self.recurring:
            found.extend(window.occurrences(start, end))
        return tuple(sorted(found, key=lambda item: item.start))

    def active_at(self, now: datetime) -> ScheduleItem | None:
        """Return the item that rules the device now: the one that started last."""
        active = [
            item for item in self.between(now, now + MINUTE) if item.active_at(now)
        ]
        return active[-1] if active else None

    def active_or_next(self, now: datetime) -> ScheduleItem | None:
        """Return the item that rules now, else the first one of the coming week."""
        if (active := self.active_at(now)) is not None:
            return active
        coming = [
            item
            for item in (*self.items, *self.recurring_of_week(now))
            if item.start > now
        ]
        return min(coming, key=lambda item: item.start, default=None)

    def next_change(self, now: datetime) -> datetime | None:
        """Return the next instant at which an item starts or ends."""
        items = (*self.items, *self.recurring_of_week(now))
        edges = (edge for item in items for edge in (item.start, item.end))
        return min((edge for edge in edges if edge > now), default=None)

    def find(self, item_id: str) -> ScheduleItem | None:
        """Return the one-shot item with our id or the vendor's."""
        for item in self.items:
            if item_id in (item.rule_id, item.vendor_id):
                return item
        return None

    def own(self) -> tuple[ScheduleItem, ...]:
        """Return the items that we made."""
        return tuple(item for item in self.items if item.owner is Owner.OWN)

    def recurring_of_week(self, now: datetime) -> Iterator[ScheduleItem]:
        """Yield the occurrences of the recurring windows in the next seven days."""
        for window in self.recurring:
            yield from window.occurrences(now, now + 7 * DAY)
