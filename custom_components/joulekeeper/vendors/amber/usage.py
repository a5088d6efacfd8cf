"""What a site used so far, by the market's days, and its demand peak (dossier 1.7).

A day is there from about 3 o'clock of the next one, or days later, and estimates in it
become certain within weeks. So a summary of each day is kept, and only those days are
fetched that are missing, or not settled and due for another try.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from ...core.errors import AuthError, RateLimited, VendorError
from ...core.models import Reading
from ...core.pacing import own_jitter
from ...core.records import decode_parts, encode
from .client import AmberClient
from .days import DAY, Rows, is_settled, start_of, total
from .models import Site, nem_day
from .ranges import UsageRanges
from .words import ChannelType

_ARRIVES: Final = timedelta(hours=4)
"""After the end of a day: before that there is no use in asking."""
_MORNING: Final = timedelta(hours=4, minutes=35)
"""After the import of the day, which tells us of it, where there is one."""
_SPREAD: Final = 1200
"""Of a jitter below 1 s."""
_SOON: Final = timedelta(seconds=30)
_FAILED_WAIT: Final = timedelta(hours=1)
_MISSING_WAIT: Final = timedelta(hours=4)
_LATE_WAIT: Final = timedelta(hours=20)
_SETTLING_WAIT: Final = timedelta(hours=30)
_SETTLING_SHARE: Final = 1.5
"""Of a day's age: the older it is, the less there is to change."""
_A_WEEK: Final = timedelta(days=7)
_HALF_HOUR: Final = timedelta(minutes=30)
_PER_HOUR: Final = 2


@dataclass(frozen=True, slots=True)
class Metered:
    """What a channel counted: kWh, never negative, and AUD: feed-in + is earned."""

    kwh: float | None
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredUsage:
    """What is known of yesterday and of this month, both by the market's days.

    `day` is yesterday; `yesterday` has nothing while that day has not come. `month` is
    the first day of the running month, of which `this_month` adds up all known days;
    those end with `known_until` and, up to yesterday, `missing_days` are not among them.
    Values are `settled` while nothing in them is estimated or missing. The month's
    highest power from the grid, the mean of a half-hour of the tariff's demand window,
    is `peak_kw`, from `peak_at` on (UTC): None without such a window or data.
    `has_more` is whether fetching again at once brings more.
    """

    day: date
    yesterday: Mapping[ChannelType, Metered]
    yesterday_settled: bool
    month: date
    this_month: Mapping[ChannelType, Metered]
    month_settled: bool
    known_until: date | None
    missing_days: int
    peak_kw: float | None
    peak_at: datetime | None
    has_more: bool


USAGE: Final = Reading[MeteredUsage]("usage")


@dataclass(frozen=True, slots=True)
class DaySummary:
    """What is kept of a day; `kwh` and `cost` by the names of channels.

    One without energies is blank: it was asked for in vain.
    """

    read_at: datetime
    settled: bool = False
    kwh: dict[str, float] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    peak_kw: float | None = None
    peak_at: datetime | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing is known of the day."""
        return not self.kwh and not self.cost


@dataclass(frozen=True, slots=True)
class _Book:
    """The form in which summaries are kept, by the day's ISO date."""

    days: dict[str, DaySummary] = field(default_factory=dict)


class UsageDiary:
    """Summaries of a site's days, of this month and the last one.

    `site` may be put in the place of an older listing of it. `load` and `save` keep JSON
    data over restarts. While the cloud fails, what is known counts; a day that fails
    where another one does not was asked for in vain.
    """

    def __init__(
        self,
        client: AmberClient,
        site: Site,
        load: Callable[[], Awaitable[Any]],
        save: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Know nothing yet; nothing is fetched before the first `fetch`."""
        self.site = site
        self._client = client
        self._load = load
        self._save = save
        self._days: dict[date, DaySummary] | None = None
        self._morning = _MORNING + own_jitter(site.id) * _SPREAD
        self._ranges = UsageRanges(client)
        self._suspects: list[date] = []
        """Days that failed by themselves since anything was fetched."""
        self._failed_at: datetime | None = None
        self._rest = timedelta()
        """From then on."""

    async def fetch(self) -> MeteredUsage:
        """Fetch up to a week of days, if there are any to fetch; return what is known.

        Raises what the client raises while nothing is known, and AuthError.
        """
        days = await self._known()
        now = self._client.cloud_time()
        if (wanted := self._wanted(days, now)) and not self._rest_left(now):
            try:
                await self._fetch(days, wanted)
            except AuthError:
                raise
            except VendorError as error:
                if all(item.is_blank for item in days.values()):
                    raise
                told = error.retry_after if isinstance(error, RateLimited) else None
                self._failed_at = self._client.cloud_time()
                self._rest = _FAILED_WAIT
                if told is not None:
                    self._rest = max(_SOON, timedelta(seconds=told))
        return self._payload(days, self._client.cloud_time())

    async def _fetch(
        self, days: dict[date, DaySummary], wanted: Sequence[date]
    ) -> None:
        """Fetch the newest of some days, after failures one that has not failed yet."""
        if not (fresh := [day for day in wanted if day not in self._suspects]):
            self._suspects.clear()
        also = self._together(days, fresh or wanted)
        try:
            rows = await self._ranges.fetch(self.site.id, also[-1], also[0])
        except VendorError as error:
            if len(also) == 1 and not isinstance(error, AuthError | RateLimited):
                self._suspects += also
            raise
        for day in also:
            self._take(days, day, rows.get(day, ()))
            await asyncio.sleep(0)
        # The cloud works: what failed first is to blame for that, not the cloud.
        for day in set(self._suspects[:1]).difference(also):
            self._take(days, day, ())
        self._suspects.clear()
        await self._keep(days)

    def _together(
        self, days: Mapping[date, DaySummary], wanted: Sequence[date]
    ) -> list[date]:
        """Return the days to fetch with one call, the newest first.

        Between them are only days that are known to do no harm.
        """
        also: list[date] = []
        for n in range(self._ranges.most_days):
            day = wanted[-1] - n * DAY
            if day in wanted:
                also.append(day)
            elif (known := days.get(day)) is None or not known.settled:
                break
        return also

    def _rest_left(self, now: datetime) -> timedelta:
        """Return how long nothing is asked for after a failure."""
        if self._failed_at is None:
            return timedelta()
        gone = now - self._failed_at
        # Below zero the clock was set back.
        return self._rest - gone if timedelta() <= gone < self._rest else timedelta()

    async def note(self, day: date, rows: Rows) -> None:
        """Take what somebody else has fetched of a day."""
        days = await self._known()
        today = nem_day(self._client.cloud_time())
        if _months(today) <= day < today:
            self._take(days, day, rows)
            await self._keep(days)

    def due_in(self, payload: MeteredUsage, now: datetime) -> timedelta:
        """Return when there may be more: at once, in the morning, or where a day is late.

        At midnight yesterday is another day, which costs no call.
        """
        now = self._client.cloud_time(now)
        rest = self._rest_left(now)
        if payload.has_more and not rest:
            return _SOON
        midnight = start_of(nem_day(now))
        morning = midnight + self._morning
        moments = [midnight + DAY]
        if rest:
            moments.append(now + rest)
        elif now < morning:
            moments.append(morning)
        elif not payload.yesterday:
            moments.append(now + _MISSING_WAIT)
        return min(moments) - now

    # -- what is kept ----------------------------------------------------------

    async def _known(self) -> dict[date, DaySummary]:
        if self._days is None:
            book, _ = decode_parts(_Book, await self._load())
            if self._days is None:
                self._days = dict(_dated(book))
        return self._days

    async def _keep(self, days: dict[date, DaySummary]) -> None:
        """Save the summaries, those of long ago left out."""
        first = _months(nem_day(self._client.cloud_time()))
        for day in [day for day in days if day < first]:
            del days[day]
        kept = {day.isoformat(): item for day, item in sorted(days.items())}
        await self._save(encode(_Book(kept)))

    def _take(self, days: dict[date, DaySummary], day: date, rows: Rows) -> None:
        """Keep the summary of a day; what was known stays if nothing comes."""
        now = self._client.cloud_time()
        new = summary_of(day, rows, self.site, now)
        old = days.get(day)
        if new.is_blank and old is not None:
            new = replace(old, read_at=now)
        days[day] = new

    def _wanted(self, days: Mapping[date, DaySummary], now: datetime) -> list[date]:
        """Return the days of yesterday's month that are to be fetched now."""
        last = nem_day(now - _ARRIVES) - DAY
        return [
            day
            for day in self._since(last.replace(day=1), last)
            if _is_due(day, days.get(day), now)
        ]

    def _since(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from one to another on which the site was supplied."""
        first = max(first, self.site.active_from or first)
        return (first + n * DAY for n in range((last - first).days + 1))

    # -- what is known ---------------------------------------------------------

    def _payload(self, days: Mapping[date, DaySummary], now: datetime) -> MeteredUsage:
        day = nem_day(now) - DAY
        month = nem_day(now).replace(day=1)
        wanted = list(self._since(month, day))
        known = {
            item: summary
            for item in wanted
            if (summary := days.get(item)) is not None and not summary.is_blank
        }
        yesterday = days.get(day)
        peak_kw, peak_at = highest(
            (item.peak_kw, item.peak_at) for item in known.values()
        )
        return MeteredUsage(
            day=day,
            yesterday=_added([yesterday] if yesterday else []),
            yesterday_settled=yesterday is not None and yesterday.settled,
            month=month,
            this_month=_added(list(known.values())),
            month_settled=len(known) == len(wanted)
            and all(item.settled for item in known.values()),
            known_until=max(known, default=None),
            missing_days=len(wanted) - len(known),
            peak_kw=peak_kw,
            peak_at=peak_at,
            has_more=bool(self._wanted(days, now)),
        )


def _months(today: date) -> date:
    """Return the first day of the month before this one."""
    return (today.replace(day=1) - DAY).replace(day=1)


def _dated(book: _Book) -> Iterator[tuple[date, DaySummary]]:
    for text, item in book.days.items():
        try:
            day = date.fromisoformat(text)
        except ValueError:
            continue
        if item.read_at.tzinfo is not None:
            yield day, item


def _is_due(day: date, known: DaySummary | None, now: datetime) -> bool:
    """Tell whether a day is to be fetched, for the first time or once more."""
    if known is None:
        return True
    if known.settled:
        return False
    if known.read_at > now:
        # The clock was set back.
        return True
    age = known.read_at - start_of(day + DAY)
    wait = max(_SETTLING_WAIT, _SETTLING_SHARE * age)
    if known.is_blank and age < DAY:
        wait = _MISSING_WAIT
    elif known.is_blank and age < _A_WEEK:
        wait = _LATE_WAIT
    return now - known.read_at >= wait


def _added(days: list[DaySummary]) -> Mapping[ChannelType, Metered]:
    """Return what the channels counted on some days, as far as it is known."""
    names = {name for item in days for name in (*item.kwh, *item.cost)}
    return {
        channel: Metered(
            total(item.kwh.get(channel.value) for item in days),
            total(item.cost.get(channel.value) for item in days),
        )
        for channel in ChannelType
        if channel.value in names
    }


def summary_of(day: date, rows: Rows, site: Site, now: datetime) -> DaySummary:
    """Return what is kept of a day's rows, which were read now."""
    amounts: dict[str, list[tuple[float | None, float | None]]] = defaultdict(list)
    for row in rows:
        if row.channel is not None:
            amounts[row.channel.value].append((row.kwh, row.cost))
    kwh = {name: total(kwh for kwh, _ in told) for name, told in amounts.items()}
    cost = {name: total(cost for _, cost in told) for name, told in amounts.items()}
    peak_kw, peak_at = highest(_demands(rows))
    return DaySummary(
        read_at=now,
        settled=is_settled(day, rows, site, now),
        kwh={name: value for name, value in kwh.items() if value is not None},
        cost={name: value for name, value in cost.items() if value is not None},
        peak_kw=peak_kw,
        peak_at=peak_at,
    )


def highest(
    demands: Iterator[tuple[float | None, datetime | None]],
) -> tuple[float | None, datetime | None]:
    """Return the highest power with its time, the first one of several."""
    known = [(kw, at) for kw, at in demands if kw is not None and at is not None]
    return min(known, key=lambda item: (-item[0], item[1]), default=(None, None))


def _demands(rows: Rows) -> Iterator[tuple[float | None, datetime | None]]:
    """Yield the mean power, kW, of each half-hour of the demand window.

    General usage counts, of all its registers. Of a half-hour of which any part is
    missing, unknown or outside the window nothing is said.
    """
    registers = {row.identifier for row in rows if row.channel is ChannelType.GENERAL}
    parts: dict[datetime, Rows] = defaultdict(tuple)
    for row in rows:
        if row.channel is ChannelType.GENERAL:
            start = row.span.start.astimezone(UTC)
            minute = start.minute // 30 * 30
            parts[start.replace(minute=minute)] += (row,)
    for start, told in parts.items():
        lengths = sum((row.span.duration for row in told), timedelta())
        if lengths == len(registers) * _HALF_HOUR and all(
            row.kwh is not None and row.tariff and row.tariff.demand_window
            for row in told
        ):
            energy = total(row.kwh for row in told) or 0.0
            yield round(energy * _PER_HOUR, 6), start
