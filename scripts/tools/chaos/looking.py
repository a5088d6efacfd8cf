"""Looks all the time whether everything is as it has to be."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from . import life, logs

if TYPE_CHECKING:
    from .play import Play

MINUTE: Final = timedelta(minutes=1)
_QUIET: Final = frozenset(
    {
        *("none", "planned", "confirmed", "active", "delivering", "unknown"),
        *("accepted", "source_failed"),
    }
)
"""Statuses that tell of no trouble."""


class Looking:
    """Whoever sees all that happens in one run, and compares it with what has to be."""

    def __init__(self, play: Play) -> None:
        """Begin with both sides not yet well."""
        self._play = play
        self._well_since: datetime | None = None
        self._doubtful_until = play.now
        self._disk_was_full = False

    def at(self, report: life.Report | None) -> None:
        """See whether all is as it has to be; without a report nobody lives."""
        play, verdict, now = self._play, self._play.verdict, self._play.now
        causes = play.trouble.causes
        self._disk_was_full |= "disk full" in causes
        if report is None or report.entry != "loaded" or causes:
            self._well_since = None
        elif self._well_since is None:
            self._well_since = max(now, self._doubtful_until)
        verdict.check("foreign", now, *play.house.lost_items(now))
        verdict.check("limits", now, *play.house.too_strong(now))
        if self._well_since is None or now - self._well_since < play.slack:
            return
        self._for_owner(now)
        verdict.check("edits", now, *play.house.lost_edits(now))
        if report is not None:
            self._for_silence(report, now - self._well_since)

    def after_a_lie(self) -> None:
        """Wait until what was not done can no longer be something that shows late."""
        self._doubtful_until = self._play.now + self._play.house.lag

    def _for_owner(self, now: datetime) -> None:
        """See whether the device does anything that nobody wants."""
        play, house = self._play, self._play.house
        if not house.controls:
            return
        play.verdict.check("owner", now)
        doing = house.ours(now)
        if doing is None:
            return
        slack = play.slack
        if house.by_wall and _comes_twice(now, play.story.place.zone):
            # What begins or ends in this hour cannot be told by a clock on the wall.
            slack += timedelta(hours=1)
        wishes = play.asking.wishes.items
        if not any(wish.allows(doing, now, slack, house) for wish in wishes):
            held = house.leftovers(now)
            text = f"{doing} that nobody wants; of ours it holds {held}"
            play.verdict.check("owner", now, text)

    def _for_silence(self, report: life.Report, well_for: timedelta) -> None:
        """See whether a wish that is not fulfilled is told of."""
        play, now = self._play, self._play.now
        wish = play.asking.due_alone(now, play.slack + 3 * MINUTE)
        if wish is None:
            return
        fulfilled = play.house.does(now) == wish.action
        if fulfilled or well_for < play.house.measured + play.slack:
            play.verdict.check("visible", now)
        elif not (report.issues or play.asking.told_of(wish) or _tells(report)):
            text = f"{wish} is not in force, and nothing tells so"
            play.verdict.check("visible", now, text)

    def for_outage(self, name: str) -> None:
        """See whether a cloud that has not been well for a while is told of."""
        report = self._play.machine.report
        if report is None or report.entry == "":
            return
        shown = (
            report.entry != "loaded"
            or report.unavailable
            or report.issues
            or report.logins
            or _tells(report)
        )
        problems = () if shown else (f"{name}, and nothing tells so",)
        self._play.verdict.check("visible", self._play.now, *problems)

    def at_the_past(
        self,
        records: Iterable[dict[str, Any]],
        tokens: Collection[str],
        births: Sequence[datetime],
    ) -> None:
        """See what was logged, and what was written."""
        play, verdict, now = self._play, self._play.verdict, self._play.now
        secrets = {*play.house.secrets(), *tokens}
        found = set(logs.told_secrets(records, secrets))
        verdict.check("secrets", now, *sorted(found))
        crashed = set(logs.crashes(records, disk_was_full=self._disk_was_full))
        verdict.check("exceptions", now, *sorted(crashed))
        verdict.check("limits", now, *play.house.beyond_limits(births))


def _tells(report: life.Report) -> bool:
    """Whether any status tells of trouble."""
    return not _QUIET.issuperset(report.statuses)


def _comes_twice(now: datetime, zone: str) -> bool:
    """Tell whether it is the hour that the clock on the wall shows twice."""
    local = now.astimezone(ZoneInfo(zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
