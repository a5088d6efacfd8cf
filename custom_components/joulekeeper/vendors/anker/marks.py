"""What names ours in a site's plan, as text that survives a restart."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
import re
from typing import Final, Self

from . import day, profile as profiles, week as weeks
from .day import DAY_MINUTES, clock, minutes_of
from .plan import SitePlan
from .profile import Profile
from .rate_plan import Backup, RatePlan
from .status import UsageMode

_DAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_BETWEEN_MARKS: Final = " + "
_MARK: Final = re.compile(
    r"(?:(?P<day>[A-Z][a-z]{2}) )?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d) "
    r"(?:off|(?P<charges>charge )?(?P<power>\d+) W)"
)
_BACKUP: Final = re.compile(r"backup charge (?P<start>\S+) to (?P<end>\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What holds from one minute to another because we want it.

    `day` is the day of the week, 0 for Sunday, None for each. Without a power there is
    no output, or else it charges with all the battery takes, as a `backup`.
    """

    start: int = 0
    end: int = DAY_MINUTES
    day: int | None = None
    power_w: int | None = None
    charges: bool = False
    backup: Backup | None = None

    def __str__(self) -> str:
        """Return it as text, for people too."""
        if self.backup is not None:
            start, end = (_instant(it) for it in (self.backup.start, self.backup.end))
            return f"backup charge {start} to {end}"
        when = f"{clock(self.start)}-{clock(self.end)}"
        if self.day is not None:
            when = f"{_DAYS[self.day]} {when}"
        if self.power_w is None:
            return f"{when} off"
        return f"{when} {'charge ' if self.charges else ''}{self.power_w} W"

    @classmethod
    def of_text(cls, text: str) -> Self | None:
        """Return what a text names, None if it names nothing."""
        if found := _BACKUP.fullmatch(text):
            try:
                start, end = (
                    datetime.fromisoformat(found[key]).replace(tzinfo=UTC)
                    for key in ("start", "end")
                )
            except ValueError:
                return None
            return cls(backup=Backup(start, end))
        if (found := _MARK.fullmatch(text)) is None:
            return None
        start_min, end_min = minutes_of(found["start"]), minutes_of(found["end"])
        if start_min is None or end_min is None or (found["day"] or "Sun") not in _DAYS:
            return None
        return cls(
            start=start_min,
            end=end_min,
            day=_DAYS.index(found["day"]) if found["day"] else None,
            power_w=int(found["power"]) if found["power"] else None,
            charges=bool(found["charges"]),
        )

    def is_in(self, plan: SitePlan) -> bool:
        """Tell whether a plan holds it."""
        if plan.profile is not None:
            return self.backup is None and self._is_in_profile(plan.profile)
        if plan.rate_plan is None:
            return False
        if self.backup is not None:
            return plan.rate_plan.backup == self.backup
        return self._is_in_week(plan.rate_plan)

    def was_in(self, plan: SitePlan) -> bool:
        """Tell whether it is a backup charge that a plan holds, but switched off."""
        known = None if plan.rate_plan is None else plan.rate_plan.backup
        if known is None or self.backup is None:
            return False
        return not known.on and replace(known, on=True) == self.backup

    def _is_in_profile(self, profile: Profile) -> bool:
        slots = profile.slots or ()
        for start in (it for it in day.edges(slots) if it < self.end):
            slot = day.at(slots, max(start, self.start))
            if slot is None:
                return False
            if profiles.lets_out(slot) is False:
                if self.power_w is not None:
                    return False
            elif profiles.output_of(slot) != (self.power_w, None):
                return False
        return True

    def _is_in_week(self, plan: RatePlan) -> bool:
        if plan.mode != UsageMode.MANUAL or self.day is None:
            return False
        ranges = weeks.day_of(plan.manual or (), self.day)
        for start in (it for it in day.edges(ranges) if it < self.end):
            span = day.at(ranges, max(start, self.start))
            if span is None or (weeks.power_w(span), weeks.charges(span)) != (
                self.power_w,
                self.charges,
            ):
                return False
        return True

    def parts(self, others: Iterable[Mark]) -> tuple[Mark, ...]:
        """Return it cut where any of the others begins or ends."""
        edges = {edge for other in others for edge in (other.start, other.end)}
        inner = sorted(edge for edge in edges if self.start < edge < self.end)
        return tuple(
            replace(self, start=start, end=end)
            for start, end in pairwise([self.start, *inner, self.end])
        )

    def is_part_of(self, other: Mark) -> bool:
        """Whether the other one wants the same, at least for as long."""
        same = replace(self, start=other.start, end=other.end) == other
        return same and other.start <= self.start and self.end <= other.end

    def overlaps(self, other: Mark) -> bool:
        """Whether both want some of the same time, or the one backup charge."""
        if self.backup is not None or other.backup is not None:
            return self.backup is not None and other.backup is not None
        same_day = self.day == other.day
        return same_day and self.start < other.end and other.start < self.end


def name_of(marks: Iterable[Mark]) -> str:
    """Return the text that names several marks."""
    return _BETWEEN_MARKS.join(map(str, marks))


def marks_of(name: str) -> tuple[Mark, ...]:
    """Return the marks that a text names; none if it is not understood."""
    found = [Mark.of_text(text) for text in name.split(_BETWEEN_MARKS)]
    return tuple(it for it in found if it is not None) if all(found) else ()


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
