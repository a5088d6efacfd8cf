"""One inverter's schedules and base mode: who is in command at an instant (6.6)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
import uuid
from zoneinfo import ZoneInfo

from ..house import Caps, Control, Mode
from .behaviour import Behaviour
from .fixtures import InverterSpec
from .timespan import format_time, format_timespan

# The public enum; the first two can only be read (1.9).
READ_ONLY_MODES = ("NoMode", "Stop")
MODES: dict[str, Mode] = {
    "Auto": Mode.SELF_USE,
    "ChargeBattery": Mode.CHARGE,
    "DischargeBattery": Mode.DISCHARGE,
    "ImportPower": Mode.IMPORT,
    "ExportPower": Mode.EXPORT,
    "Conserve": Mode.HOLD,
    "Offgrid": Mode.SELF_USE,
    "Hibernate": Mode.HOLD,
    "BuyPower": Mode.IMPORT,
    "SellPower": Mode.EXPORT,
    "ForceChargeBattery": Mode.CHARGE,
    "ForceDischargeBattery": Mode.DISCHARGE,
}
PORTAL_MODES = tuple(MODES)[:6]

DAYS = (
    *("Monday", "Tuesday", "Wednesday", "Thursday"),
    *("Friday", "Saturday", "Sunday"),
)
_DAY_BITS = dict(zip(DAYS, (2, 4, 8, 16, 32, 64, 1), strict=True))
_DAY_GROUPS = {
    "Never": (),
    "Weekdays": DAYS[:5],
    "Weekends": DAYS[5:],
    "Everyday": DAYS,
}


@dataclass(frozen=True, slots=True)
class DesiredMode:
    """A mode and its watts; the direction is in the mode."""

    mode: str = "Auto"
    watts: int = 0

    def payload(self) -> dict[str, Any]:
        """Return it as schedules tell it."""
        return {"InverterMode": self.mode, "ArgumentInWatts": self.watts}

    def power_mode(self) -> dict[str, Any]:
        """Return it as dynamic data tells it: Auto has no watts."""
        return {
            "InverterMode": self.mode,
            "PowerW": 0 if self.mode == "Auto" else self.watts,
        }

    def control(self) -> Control:
        """Return it in the house's words."""
        if self.mode == "Hibernate":
            return Control(Mode.HOLD, caps=Caps(max_generation_w=0))
        if self.mode == "Offgrid":
            return Control(caps=Caps(max_import_w=0, max_export_w=0))
        return Control(MODES[self.mode], self.watts)


def possible(spec: InverterSpec, wish: DesiredMode) -> bool:
    """Whether the hardware can ever do it: checked at the start only (1.9)."""
    if wish.mode == "Auto":
        return True
    if wish.watts < 0:
        return False
    match MODES[wish.mode]:
        case Mode.CHARGE:
            return spec.has_battery and wish.watts <= spec.house.max_charge_w
        case Mode.DISCHARGE:
            return spec.has_battery and wish.watts <= spec.house.max_discharge_w
        case Mode.IMPORT:
            return spec.has_battery and wish.watts <= spec.max_import_kw * 1000
        case Mode.EXPORT:
            return wish.watts <= spec.max_export_kw * 1000
    return spec.has_battery


@dataclass(slots=True, eq=False)
class Schedule:
    """A one-shot schedule.

    Two faults live here: `shown_from` (the list is late to show it) and `obeyed`
    (it is shown, but the inverter does nothing).
    """

    serial: str
    site_id: str
    start: datetime
    duration: timedelta
    wish: DesiredMode
    notes: str | None = None
    schedule_id: str = ""
    created: int = 0
    shown_from: datetime | None = None
    obeyed: bool = True

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.start + self.duration

    def overlaps(self, other: Schedule) -> bool:
        """Whether both want the same instant."""
        return self.start < other.end and other.start < self.end

    def payload(self, behaviour: Behaviour) -> dict[str, Any]:
        """Return the by-serial form."""
        return {
            "ScheduleId": self.schedule_id,
            "SiteId": self.site_id,
            "SerialNumber": self.serial,
            "UserNotes": self.notes if behaviour.notes_echoed else None,
            "StartTimeUtc": format_time(self.start),
            "Duration": format_timespan(
                self.duration, day_part=behaviour.duration_day_part
            ),
            "DesiredMode": self.wish.payload(),
        }


@dataclass(frozen=True, slots=True)
class DailySchedule:
    """A recurring schedule, made in the portal: local time, no id."""

    start: timedelta
    duration: timedelta
    days: str
    zone: str
    wish: DesiredMode

    def active_days(self) -> set[str]:
        """Return the names of the days on which it starts."""
        names = [name.strip() for name in self.days.split(",")]
        return {day for name in names for day in _DAY_GROUPS.get(name, (name,))}

    def active_at(self, now: datetime) -> bool:
        """Whether it is open at `now`, over midnight too."""
        zone = ZoneInfo(self.zone)
        local = now.astimezone(zone)
        days = self.active_days()
        for back in (0, 1):
            date = local.date() - timedelta(days=back)
            if DAYS[date.weekday()] not in days:
                continue
            start = datetime.combine(date, time(), zone) + self.start
            if (
                start.timestamp()
                <= now.timestamp()
                < (start.timestamp() + self.duration.total_seconds())
            ):
                return True
        return False

    def payload(self, serial: str, behaviour: Behaviour) -> dict[str, Any]:
        """Return the by-serial form."""
        return {
            "SerialNumber": serial,
            "StartTime": format_timespan(self.start),
            "Duration": format_timespan(self.duration),
            "DaysActive": sum(_DAY_BITS[day] for day in self.active_days())
            if behaviour.days_active == "integer"
            else self.days,
            "TimezoneIANA": self.zone,
            "DesiredMode": self.wish.payload(),
        }


class Plan:
    """Everything that commands one inverter."""

    def __init__(self, spec: InverterSpec, behaviour: Behaviour) -> None:
        """Start without schedules, in Auto."""
        self.base = DesiredMode()
        self.schedules: list[Schedule] = []
        self.daily: list[DailySchedule] = []
        self._spec = spec
        self._behaviour = behaviour
        self._created = 0

    def register(self, schedule: Schedule) -> None:
        """Give a schedule its id; the same ones come in each run."""
        self._created += 1
        schedule.created = self._created
        name = f"{schedule.serial}/{self._created}"
        schedule.schedule_id = str(uuid.uuid5(uuid.NAMESPACE_OID, name))

    def add(self, schedule: Schedule) -> None:
        """Take a schedule."""
        self.register(schedule)
        self.schedules.append(schedule)

    def at(self, now: datetime) -> DesiredMode:
        """Return who is in command at a telemetry tick.

        One-shots go before recurring ones [guess], what the hardware cannot do is
        passed over in silence.
        """
        running = [
            s
            for s in self.schedules
            if s.start <= now < s.end and s.obeyed and possible(self._spec, s.wish)
        ]
        if running:
            last = self._behaviour.overlap != "first_start"
            choose = max if last else min
            return choose(running, key=lambda s: (s.start, s.created)).wish
        for daily in self.daily:
            if daily.active_at(now) and possible(self._spec, daily.wish):
                return daily.wish
        return self.base

    def listed(self, now: datetime, *, stale: bool = False) -> list[Schedule]:
        """Return what the list shows: not finished, or not yet dropped."""
        kept = timedelta(hours=self._behaviour.stale_kept_h) if stale else timedelta(0)
        return [
            s
            for s in self.schedules
            if s.end + kept > now and (s.shown_from is None or s.shown_from <= now)
        ]

    def find(self, schedule_id: str) -> Schedule | None:
        """Return a schedule by its id."""
        wanted = schedule_id.lower()
        return next((s for s in self.schedules if s.schedule_id == wanted), None)
