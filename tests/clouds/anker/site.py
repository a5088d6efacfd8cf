"""One system: its house, what it is set to, and what it has told the cloud."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
import zlib
from zoneinfo import ZoneInfo

from ..sun import noise
from .beginnings import ENFORCED_W, Growth, first_params, first_price
from .behaviour import Behaviour
from .household import STEP, Flow, Household, Moment, Order, Totals, counted
from .orders import (
    Share,
    Station,
    backup_at,
    first_orders,
    later_order,
    minute_of,
    share_at,
)
from .prices import spots
from .settings import Delays, Setting, Timeline
from .specs import SiteSpec

_SB1_S, _LATER_S = 60.0, 300.0


class Record(NamedTuple):
    """What the devices told at one time. SoC 0..1 of each bank."""

    time: datetime
    flow: Flow
    totals: Totals

    @property
    def soc(self) -> float:
        """Return the mean SoC of the system's banks."""
        banks = self.flow.banks
        return sum(bank.soc for bank in banks) / len(banks) if banks else 0.0


class Site:
    """A system that lives on, whatever the cloud knows of it."""

    def __init__(
        self, spec: SiteSpec, behaviour: Behaviour, begin: datetime, seed: int
    ) -> None:
        """Start at `begin`, and with a full report so that there is one told."""
        self.spec = spec
        self.name = spec.name
        self.aliases = {device.serial: device.alias for device in spec.devices}
        self.zone = ZoneInfo(spec.zone)
        self.seed = seed + zlib.crc32(spec.site_id.encode())
        self._behaviour = behaviour
        floor = int(begin.timestamp() - 2 * _LATER_S) // 60 * 60
        self.begin = datetime.fromtimestamp(floor, begin.tzinfo)
        self.household = Household(spec, self.begin, self.seed)
        self.moments: list[Moment] = []
        self.offline: Timeline[bool] = Timeline(False, self.begin)
        self.offline_devices: set[str] = set()
        params = first_params(spec) | dict(spec.params)
        self.params = {kind: Setting(it, self.begin) for kind, it in params.items()}
        # Only what programs write makes a Solarbank 1 stumble, never the app (5.2).
        self.by_program: Timeline[bool] = Timeline(False, self.begin)
        self.price = Setting(first_price(spec), self.begin)
        self.cutoff = {
            bank.serial: Setting({"id": 1}, self.begin)
            for bank in (*spec.banks, *spec.cascaded)
        }
        self.attributes = {
            device.serial: Setting({}, self.begin) for device in spec.devices
        }
        self.grew = Growth(spec, self.zone, self.begin, self.seed)

    # -- life ------------------------------------------------------------------

    @property
    def is_first(self) -> bool:
        """Whether its banks are Solarbank 1."""
        return self.spec.is_first

    def advance(self, now: datetime) -> None:
        """Live up to `now`."""
        while self.household.time <= now:
            self.moments.append(self.household.step(self._orders))
            if self._behaviour.backup_switches_off and "6" in self.params:
                self._end_backup(self.household.time)

    def _end_backup(self, time: datetime) -> None:
        """Let the device switch a backup off that is over, or that made it full."""
        plan = self.params["6"].obeyed.at(time)
        backup = plan.get("manual_backup") or {}
        if not backup.get("switch") or not backup.get("ranges"):
            return
        [span] = backup["ranges"][:1]
        over = time.timestamp() >= span["end_time"]
        if over or (self.is_full(time) and backup_at(plan, time)):

            def ended(plan: dict[str, Any]) -> dict[str, Any]:
                if plan.get("manual_backup") != backup:
                    return plan
                return plan | {"manual_backup": backup | {"switch": False}}

            self.params["6"].amend(ended, time)

    def is_full(self, time: datetime) -> bool:
        """Whether all banks are as full as they may be."""
        ceiling = self.station(time).ceiling
        count = len(self.spec.banks)
        return all(self.household.soc(n) >= ceiling - 1e-6 for n in range(count))

    def backup(self, plan: dict[str, Any], time: datetime) -> tuple[int, int] | None:
        """Return begin and end (unix s) of a backup charge that is under way."""
        return None if self.is_full(time) else backup_at(plan, time)

    def _orders(self, time: datetime, load_w: float) -> Sequence[Order]:
        spec, local = self.spec, self.local(time)
        socs = [self.household.soc(n) for n in range(len(self.household.banks))]
        if spec.is_first:
            return first_orders(
                spec.banks,
                self.params["4"].obeyed.at(time),
                minute_of(local),
                socs,
                [self.floor(bank.serial, time) for bank in spec.banks],
                trap=self._behaviour.full_day_trap and self.by_program.at(time),
            )
        if not spec.banks:
            return []
        orders, plan = [], self.params["6"].obeyed.at(time)
        for soc in socs[: len(spec.banks)]:
            order = later_order(
                spec,
                plan,
                local,
                load_w,
                soc,
                self.station(time),
                spots(local.date()),
                backup=self.backup(plan, time) is not None,
            )
            orders.append(order)
        for bank in spec.cascaded:
            floor = self.floor(bank.serial, time)
            orders.append(Order(output_w=ENFORCED_W, floor=floor))
        return orders

    def floor(self, serial: str, time: datetime) -> float:
        """Return the reserve of a bank, 0..1."""
        return 0.1 if self.cutoff[serial].obeyed.at(time)["id"] == 1 else 0.05

    def station(self, time: datetime) -> Station:
        """Return the limits that a later bank obeys."""
        settings = self.params["18"].obeyed.at(time) if "18" in self.params else {}
        # A Solarbank 2 shows what the cloud was told and keeps its own (4.7, 4.12).
        if self.spec.generation < 3:
            return Station(export=not settings.get("switch_0w"))
        chosen = next(s["soc"] for s in settings["soc_list"] if s["is_selected"])
        lower = settings["discharge_lower_limit"] or chosen
        limit = self.params["19"].obeyed.at(time)["power_limit"]
        return Station(
            lower / 100,
            settings["charge_upper_limit"] / 100,
            not settings["switch_0w"],
            limit_w=limit["limit_real"] if limit else None,
        )

    def write(
        self,
        kind: str,
        value: Any,
        now: datetime,
        delays: Delays,
        *,
        program: bool = True,
    ) -> None:
        """Take a parameter from a program or from the app."""
        self.params[kind].write(value, now, delays)
        if kind == "4":
            self.by_program.set(program, now + timedelta(seconds=delays.acts))

    # -- time ------------------------------------------------------------------

    def local(self, time: datetime) -> datetime:
        """Return a time on the device's clock."""
        return time.astimezone(self.zone)

    def midnight(self, day: date) -> datetime:
        """Return when a day begins, UTC."""
        begin = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return begin.astimezone(self.begin.tzinfo)

    @property
    def delays(self) -> Delays:
        """Return how long changes take."""
        behaviour = self._behaviour
        usual = _SB1_S if self.is_first else _LATER_S
        shows, acts = behaviour.shows_after_s, behaviour.acts_after_s
        return Delays(
            behaviour.stored_after_s,
            usual if shows is None else shows,
            usual if acts is None else acts,
        )

    # -- reports ---------------------------------------------------------------

    @property
    def every_s(self) -> float:
        """Return how often the devices report, s."""
        usual = _SB1_S if self.is_first or not self.spec.banks else _LATER_S
        given = self._behaviour.report_every_s
        return usual if given is None else given

    def report_time(self, mark: int) -> datetime:
        """Return when a report was made; each system has its own phase."""
        every = self.every_s
        phase = int(noise(self.seed, 11) * every)
        return datetime.fromtimestamp(mark * every + phase, self.begin.tzinfo)

    def published_at(self, mark: int) -> datetime:
        """Return when the cloud shows a report."""
        behaviour = self._behaviour
        late = behaviour.publication_jitter_s * noise(self.seed + 1, mark)
        seconds = behaviour.publication_s + late
        return self.report_time(mark) + timedelta(seconds=seconds)

    def newest_mark(self, now: datetime) -> int:
        """Return the newest report that is shown."""
        first = int(self.begin.timestamp() // self.every_s) + 1
        mark = int(now.timestamp() // self.every_s)
        while mark > first:
            made = self.report_time(mark)
            if self.published_at(mark) <= now and not self.offline.at(made):
                break
            mark -= 1
        return mark

    def record(self, now: datetime) -> Record:
        """Return the report that the cloud shows now."""
        self.advance(now)
        return self.at(self.report_time(self.newest_mark(now)))

    def next_publication(self, now: datetime) -> datetime:
        """Return when the next report is shown."""
        mark = self.newest_mark(now) + 1
        while self.published_at(mark) <= now or self.offline.at(self.report_time(mark)):
            mark += 1
            if self.report_time(mark) > now + timedelta(days=1):
                break
        return self.published_at(mark)

    def moment(self, time: datetime) -> Moment:
        """Return the step that holds a time since the begin."""
        return self.moments[max(0, int((time - self.begin) / STEP))]

    def at(self, time: datetime) -> Record:
        """Return what was so at a time since the begin."""
        moment = self.moment(time)
        hours = max(0.0, (time - moment.time).total_seconds()) / 3600
        totals = moment.totals.plus(counted(moment.flow, hours))
        return Record(time, moment.flow, self.grew.whole.plus(totals))

    def totals_at(self, time: datetime, newest: Record) -> Totals:
        """Return the counters at a time, the newest for a later one."""
        if time >= newest.time:
            return newest.totals
        if time <= self.begin:
            return self.grew.until(time)
        return self.at(time).totals

    # -- days ------------------------------------------------------------------

    def day(self, day: date, newest: Record) -> Totals:
        """Return what a day's counters show, kWh."""
        start = self.midnight(day)
        if start >= newest.time:
            return Totals()
        late = timedelta(seconds=self._behaviour.late_midnight_s)
        if start <= newest.time < start + late:
            # The vendor's day changes minutes after midnight (11.1).
            return self.day(day - timedelta(days=1), newest)
        end = self.totals_at(self.midnight(day + timedelta(days=1)), newest)
        return end.minus(self.totals_at(start, newest))

    # -- what is shown ---------------------------------------------------------

    def share(self, now: datetime) -> Share:
        """Return the preset of a Solarbank 1 system that is shown."""
        profile = self.params["4"].shown.at(now)
        serials = [bank.serial for bank in self.spec.banks]
        return share_at(profile, serials, minute_of(self.local(now)))

    def is_online(self, serial: str, now: datetime) -> bool:
        """Whether a device talks to the cloud."""
        return not self.offline.at(now) and serial not in self.offline_devices
