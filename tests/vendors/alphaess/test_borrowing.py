"""Borrowing a plan, whatever happens: the owner gets back just what is his.

Our own ledger, keeper and settler, the stores of the fake cloud, and an owner who goes
on using his app. `JOULEKEEPER_EXAMPLES` sets how many stories are told, 40 without it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import os
from typing import Any, Final

from hypothesis import HealthCheck, Phase, assume, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from custom_components.joulekeeper.core.loan import LAG
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.schedule import Action, Source
from custom_components.joulekeeper.rule_edits import Caller, recurring, starting
from tests.clouds.alphaess.behaviour import Behaviour
from tests.clouds.alphaess.stores import (
    ChargeStore,
    DischargeStore,
    Period,
    PeriodicStore,
)
from tests.clouds.alphaess.windows import Span

from .owner import (
    EVERY_DAY,
    Daily,
    Weekly,
    clock,
    kind_of,
    listed,
    quarters,
    slots,
    stands_in,
    time_of,
    used,
)
from .plan_rig import MINUTE, Answer, Rig, Stored

EXAMPLES: Final = int(os.environ.get("JOULEKEEPER_EXAMPLES", "40"))
DAY: Final = timedelta(days=1)
QUIET: Final = timedelta(minutes=45)
"""So long after the last trouble all has to be as it should."""
LATE: Final = timedelta(minutes=3)
"""So long after its end a window of ours may still be there."""
CALLER: Final = Caller("action")

PLACES: Final = ("Australia/Adelaide", "Europe/Berlin")
STARTS: Final = (
    datetime(2026, 10, 3, 4, 7, 10, tzinfo=UTC),  # Adelaide's clock goes forward
    datetime(2026, 10, 24, 15, 20, tzinfo=UTC),  # Berlin's goes back
    datetime(2026, 11, 20, 11, 59, 30, tzinfo=UTC),
    datetime(2027, 3, 27, 18, 0, 5, tzinfo=UTC),  # Berlin's goes forward
    datetime(2027, 4, 3, 10, 44, tzinfo=UTC),  # Adelaide's goes back
)
LAGS: Final = (0, 6, 40, 120, 400)
"""Seconds after which the cloud shows what we write."""
OVERLAPS: Final = ("accepted", 6008)
"""What the cloud says to daily windows that overlap."""
OURS_W: Final = (1110, 2220)
THEIRS_W: Final = (500, 4000)

spans = (
    st.tuples(st.integers(0, 93), st.integers(1, 40))
    .map(lambda it: (it[0], min(it[0] + it[1], 95)))
    .map(lambda it: (clock(it[0]), clock(it[1])))
)
weeks = st.one_of(
    st.just(EVERY_DAY),
    st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda it: tuple(sorted(it))),
)
offsets = st.integers(-4, 120).map(lambda count: count * 13 * MINUTE)
durations = st.one_of(st.sampled_from([15, 30, 60, 180]), st.integers(5, 400)).map(
    lambda count: count * MINUTE
)
lags = st.sampled_from(LAGS).map(lambda it: timedelta(seconds=it))


def disjoint(periods: list[tuple[bool, Period]]) -> bool:
    """Tell whether no two periods share any time, and no day has more than three."""
    seen: set[int] = set()
    for _, period in periods:
        if seen & time_of(period):
            return False
        seen |= time_of(period)
    return all(
        sum(day in period.weeks for _, period in periods) <= 3 for day in EVERY_DAY
    )


edits_can_be_told = precondition(lambda self: not self.is_crowded)


class Borrowing(RuleBasedStateMachine):
    """What the two codecs share: users, trouble and time."""

    rig: Rig
    smooth: bool

    def begin(self, stored: Stored, **details: Any) -> None:
        """Start with what the owner has set."""
        self.smooth = details.pop("smooth")
        self.edited_at = details["now"] - DAY
        self.rig = Rig(stored=stored, **details)

    @property
    def newest(self) -> Stored:
        """What the cloud really holds."""
        return self.rig.cloud.newest

    def saves(self, stored: Stored) -> None:
        """Save in the app."""
        self.edited_at = self.rig.now
        self.rig.cloud.app_sets(stored)

    @property
    def is_shown_late(self) -> bool:
        """Whether the cloud may go on to show what was there before our last write."""
        loan = self.rig.ledger.loan
        return loan is not None and bool(loan.earlier)

    @property
    def is_crowded(self) -> bool:
        """Whether an edit would follow another one of what may not be shown yet.

        Nobody can tell both from one, or the first from what was there before.
        """
        if not self.is_shown_late:
            return False
        return self.edited_at >= min(self.rig.journal.written[-1], self.rig.now - LAG)

    # -- users of ours ---------------------------------------------------------

    def rule_of(self, action: Action, power_w: int, target: int | None) -> Rule:
        """Return a rule, which has what its action can have."""
        raise NotImplementedError

    @rule(
        action=st.sampled_from([Action.CHARGE, Action.HOLD, Action.DISCHARGE]),
        power_w=st.sampled_from(OURS_W),
        soc=st.sampled_from([None, 80, 90]),
        offset=offsets,
        duration=durations,
        repeat=st.sampled_from([None, None, "FREQ=DAILY", "FREQ=DAILY;COUNT=2"]),
    )
    def lay(
        self,
        action: Action,
        power_w: int,
        soc: int | None,
        offset: timedelta,
        duration: timedelta,
        repeat: str | None,
    ) -> None:
        """Lay a schedule, once or again and again."""
        wanted = self.rule_of(action, power_w, soc)
        wanted = replace(wanted, duration=duration)
        wanted = starting(wanted, self.rig.now + max(offset, timedelta()))
        if repeat is not None:
            wanted = recurring(wanted, repeat, str(self.rig.zone))
        self.rig.ask(self.rig.keeper.create(self.rig.control, wanted, CALLER))

    @rule(
        action=st.sampled_from([Action.CHARGE, Action.HOLD, Action.DISCHARGE]),
        power_w=st.sampled_from(OURS_W),
        duration=durations,
        minutes=st.sampled_from([0, 1, 7, 40]),
    )
    def force(
        self, action: Action, power_w: int, duration: timedelta, minutes: int
    ) -> None:
        """Force something, and let it run for a while."""
        wanted = replace(
            self.rule_of(action, power_w, None),
            source=Source.MANUAL,
            duration=duration,
        )
        wanted = starting(wanted, None)
        self.rig.ask(self.rig.keeper.force(self.rig.control, wanted, CALLER))
        self.rig.live_for(minutes * MINUTE)

    @precondition(lambda self: self.rig.ledger.rules)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Delete a schedule."""
        name = data.draw(st.sampled_from(sorted(self.rig.ledger.rules)))
        self.rig.ask(self.rig.keeper.delete(self.rig.control, name, CALLER))

    @rule()
    def stop(self) -> None:
        """End what runs."""
        self.rig.ask(self.rig.keeper.stop(self.rig.control, CALLER))

    # -- time and trouble ------------------------------------------------------

    @precondition(lambda self: not self.smooth)
    @rule(answers=st.lists(st.sampled_from(Answer), min_size=1, max_size=3))
    def trouble(self, answers: list[Answer]) -> None:
        """Let the next writes go wrong."""
        self.rig.cloud.answers.extend(answers)

    @precondition(lambda self: not self.smooth)
    @rule(hours=st.integers(1, 30), there=st.booleans())
    def outage(self, hours: int, there: bool) -> None:
        """The cloud, or Home Assistant, is away for hours or days."""
        if there:
            self.rig.cloud.down = True
            self.rig.live_for(timedelta(hours=hours))
            self.rig.cloud.down = False
        else:
            self.rig.now += timedelta(hours=hours)
            self.rig.restart()
        self.rig.troubled()

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        """Home Assistant starts again at once."""
        self.rig.restart(killed=killed)

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        """Time passes."""
        self.rig.live_for(minutes * MINUTE)
        self.check_inverter()

    @rule(hours=st.integers(2, 30))
    def long_time_passes(self, hours: int) -> None:
        """Hours pass, looked at each half."""
        for _ in range(hours * 2):
            self.rig.live_for(30 * MINUTE)
            self.check_inverter()

    # -- what has to hold ------------------------------------------------------

    def is_given_back(self) -> bool:
        """Tell whether the plan is the owner's."""
        raise NotImplementedError

    def wanted(self) -> Stored:
        """Return what the owner wants."""
        raise NotImplementedError

    @rule()
    def all_over(self) -> None:
        """Nothing is wanted any more, and nothing goes wrong: all is given back."""
        self.rig.cloud.answers.clear()
        self.rig.ask(self.rig.keeper.delete_all(self.rig.control, CALLER))
        # Lists may be late; and who has written too much has to wait.
        patience = 3 * QUIET + LAG + self.rig.cloud.lag
        until = self.rig.now + (patience if self.smooth else DAY + patience)
        while self.rig.now < until and not self.is_given_back():
            self.rig.live_for(15 * MINUTE)
        assert self.is_given_back(), self.difference()
        # What stood in for an empty list may have to be tidied up.
        self.rig.live_for(self.rig.cloud.lag + LAG + QUIET)
        writes = len(self.rig.cloud.writes)
        self.rig.live_for(self.rig.cloud.lag + LAG + 2 * QUIET)
        assert self.is_given_back(), self.difference()
        assert len(self.rig.cloud.writes) == writes
        assert self.rig.ledger.loan is None
        assert not any(item.live or item.pending for item in self.rig.dispatches)

    def difference(self) -> object:
        """Return what is wrong."""
        return self.wanted(), self.newest

    def teardown(self) -> None:
        """It always ends with everything given back."""
        if hasattr(self, "rig"):
            try:
                self.all_over()
            finally:
                self.rig.close()

    @invariant()
    def nothing_is_refused(self) -> None:
        """Never too many periods, nor an overlap, nor off the grid."""
        if hasattr(self, "rig"):
            assert not self.rig.cloud.refused

    @invariant()
    def nothing_is_written_twice(self) -> None:
        """Where the cloud tells at once what it holds."""
        if hasattr(self, "rig") and self.smooth and not self.rig.cloud.lag:
            assert not self.rig.cloud.idle_writes

    def quiet(self) -> bool:
        """Tell whether nothing has gone wrong for a while, nor been edited."""
        since = self.rig.now - QUIET - self.rig.cloud.lag
        return not self.rig.cloud.answers and since > max(
            self.rig.trouble_at, self.edited_at
        )

    def may_rule(self) -> bool:
        """Tell whether anything of ours may be in force."""
        return any(
            item.segment.start <= self.rig.now < item.segment.end + LATE
            for item in self.rig.dispatches
            if item.sent_at is not None
        )

    def check_inverter(self) -> None:
        """Outside our times the inverter does what the owner wants."""
        if not self.quiet() or self.may_rule() or self.is_out_of_budget():
            return
        local, behaviour = self.rig.local, self.rig.cloud.behaviour
        if (local.hour, local.minute) >= (23, 45):
            # A window that ends at midnight cannot be told apart.
            return
        if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
            # What a clock shows twice a window holds twice.
            return
        doing = self.newest.doing(local, behaviour)
        assert doing == self.wanted().doing(local, behaviour)

    def is_out_of_budget(self) -> bool:
        """Tell whether we have written as much as we may."""
        return len(self.rig.journal.recent_writes(DAY)) >= 48


# -- the periodic schedule ---------------------------------------------------------


class PeriodicBorrowing(Borrowing):
    """An entitled system."""

    @initialize(
        now=st.sampled_from(STARTS),
        zone=st.sampled_from(PLACES),
        lag=lags,
        smooth=st.booleans(),
        made=st.lists(
            st.tuples(st.booleans(), spans, weeks, st.sampled_from(THEIRS_W)),
            max_size=4,
        ),
        daily=st.booleans(),
        night=st.booleans(),
    )
    def open(
        self,
        made: list[tuple[bool, Span, tuple[int, ...], int]],
        daily: bool,
        night: bool,
        **details: Any,
    ) -> None:
        """Start with some windows, one of them perhaps over midnight."""
        kept: list[tuple[bool, Period]] = []
        if night:
            kept.append((True, Period("22:30", "05:15", 90, 4000, EVERY_DAY)))
        for charges, span, days, power in made:
            days = EVERY_DAY if daily else days
            limit = 90 if charges else 20
            new = charges, Period(*span, limit, power, days)
            if disjoint([*kept, new]):
                kept.append(new)
        charge, discharge = (
            tuple(period for it, period in kept if it is charges)
            for charges in (True, False)
        )
        store = PeriodicStore(
            0 if daily else 1,
            int(bool(charge)),
            int(bool(discharge)),
            charge,
            discharge,
        )
        self.owner = Weekly(store)
        self.changed: dict[Period, datetime] = {}
        behaviour = Behaviour(midnight_windows="executed")
        self.begin(Stored(periodic=store), behaviour=behaviour, **details)

    @property
    def store(self) -> PeriodicStore:
        """What the cloud really holds."""
        assert self.newest.periodic is not None
        return self.newest.periodic

    def rule_of(self, action: Action, power_w: int, target: int | None) -> Rule:
        """Return a rule with a power, unless it holds."""
        holds = action is Action.HOLD
        if target is not None and action is Action.DISCHARGE:
            target = 30
        return Rule(
            id=f"r{self.rig.ledger.revision}",
            action=action,
            start=self.rig.now,
            duration=timedelta(hours=1),
            power_w=None if holds else power_w,
            target_soc=None if holds else target,
        )

    def may_rule(self) -> bool:
        """What stands in for a list that was empty stays, and holds for a quarter."""
        local = self.rig.local
        now = (local.weekday() * 24 + local.hour) * 4 + local.minute // 15
        stand_ins = (
            period
            for charges in (True, False)
            for period in self.side(charges)
            if stands_in(period, charges)
        )
        return super().may_rule() or any(now in time_of(it) for it in stand_ins)

    def is_given_back(self) -> bool:
        """Tell whether the plan is the owner's."""
        return self.owner.holds(self.store)

    def wanted(self) -> Stored:
        """Return what the owner wants."""
        return self.owner.stored()

    # -- the app ---------------------------------------------------------------

    def sets(self, charges: bool, *items: Period) -> PeriodicStore:
        """Return what is stored with other periods on one side."""
        side = "charge" if charges else "discharge"
        flag = {"grid_charge" if charges else "ctr_dis": int(bool(items))}
        store = replace(self.store, **{side: tuple(items)}, **flag)
        if store.cycle == 0 and any(
            set(item.weeks) != set(EVERY_DAY) for item in items
        ):
            store = replace(
                store,
                cycle=1,
                charge=tuple(map(_every_day_if_none, store.charge)),
                discharge=tuple(map(_every_day_if_none, store.discharge)),
            )
        return store

    def side(self, charges: bool) -> tuple[Period, ...]:
        """Return the periods of one side."""
        return self.store.charge if charges else self.store.discharge

    @edits_can_be_told
    @rule(
        charges=st.booleans(),
        span=spans,
        days=weeks,
        power=st.sampled_from(THEIRS_W),
        minutes=st.sampled_from([0, 0, 20]),
    )
    def app_adds(
        self,
        charges: bool,
        span: Span,
        days: tuple[int, ...],
        power: int,
        minutes: int,
    ) -> None:
        """Add a window where the app shows none."""
        new = Period(*span, 70 if charges else 25, power, days)
        store = self.store
        shown = (*store.charge, *store.discharge)
        taken = {q for item in shown for q in time_of(item, store.cycle)}
        wanted = {q for wish in self.owner.wishes for q in wish.time}
        assume(not time_of(new) & (taken | wanted))
        periods = [*self.store.charge, *self.store.discharge]
        assume(all(sum(day in item.weeks for item in periods) < 4 for day in EVERY_DAY))
        self.saves(Stored(periodic=self.sets(charges, *self.side(charges), new)))
        self.owner.adds(new, charges)
        self.rig.live_for(minutes * MINUTE)

    def editable(self) -> list[tuple[bool, Period]]:
        """Return what the app shows, but for what he leaves alone."""
        return [
            (charges, it)
            for charges, it in listed(self.store)
            if self.is_free(it, charges)
        ]

    def is_free(self, period: Period, charges: bool) -> bool:
        """Tell whether it is clear what becomes of the rest if he edits a window.

        Not of one that he has changed just now, for we may not have seen that; nor of a
        window of which he has deleted a part while the rest is under ours; nor of a part
        of one over midnight.
        """
        if self.rig.now - self.changed.get(period, self.rig.now - LATE) < LATE:
            return False
        cycle = self.store.cycle
        wish = self.owner.source(period, charges, cycle)
        if wish is None or wish.time == time_of(period, cycle):
            return True
        visible = {
            quarter
            for is_charge, item in listed(self.store)
            if kind_of(item, is_charge) == wish.kind
            for quarter in time_of(item, cycle)
        }
        return not _at_midnight(wish.time) and (wish.whole or wish.time <= visible)

    @edits_can_be_told
    @precondition(lambda self: self.editable())
    @rule(
        data=st.data(),
        limit=st.sampled_from([None, None, 55, 60]),
        minutes=st.sampled_from([0, 0, 20]),
    )
    def app_edits(self, data: st.DataObject, limit: float | None, minutes: int) -> None:
        """Delete a window, or change where it ends; be it his, a part of it, or ours."""
        charges, old = data.draw(st.sampled_from(self.editable()))
        others = list(self.side(charges))
        others.remove(old)
        after = self.sets(charges, *others)
        power = 500 if old.power in OURS_W or old.limit == 10 else old.power
        new = replace(old, limit=limit or old.limit, power=power)
        assume(limit is None or new != old)
        self.owner.drops(old, charges, after)
        if limit is not None:
            after = self.sets(charges, *others, new)
            self.owner.adds(new, charges)
            self.changed[new] = self.rig.now
        self.saves(Stored(periodic=after))
        self.rig.live_for(minutes * MINUTE)


def _every_day_if_none(period: Period) -> Period:
    return period if period.weeks else replace(period, weeks=EVERY_DAY)


def _at_midnight(time: frozenset[int]) -> bool:
    return any(quarter % 96 == 95 for quarter in time)


# -- the daily stores --------------------------------------------------------------


class DailyBorrowing(Borrowing):
    """A system that has nothing but daily slots."""

    @initialize(
        now=st.sampled_from(STARTS),
        zone=st.sampled_from(PLACES),
        lag=lags,
        smooth=st.booleans(),
        charging=st.lists(spans, max_size=2),
        discharging=st.lists(spans, max_size=2),
        flags=st.tuples(st.booleans(), st.booleans()),
        overlap=st.sampled_from(OVERLAPS),
    )
    def open(
        self,
        charging: list[Span],
        discharging: list[Span],
        flags: tuple[bool, bool],
        overlap: Any,
        **details: Any,
    ) -> None:
        """Start with some slots."""
        made: list[list[Span]] = [[], []]
        for side, found in ((0, charging), (1, discharging)):
            for span in found:
                if not any(quarters(span) & quarters(it) for it in made[0] + made[1]):
                    made[side].append(span)
        charge = ChargeStore(int(flags[0]), slots(made[0]), 95)
        discharge = DischargeStore(int(flags[1]), slots(made[1]), 10)
        self.owner = Daily(charge, discharge)
        behaviour = Behaviour(legacy_overlap=overlap)
        self.begin(Stored(charge, discharge), behaviour=behaviour, **details)

    def rule_of(self, action: Action, power_w: int, target: int | None) -> Rule:
        """Return a rule without a power; there is no discharging."""
        action = Action.HOLD if action is Action.HOLD else Action.CHARGE
        return Rule(
            id=f"r{self.rig.ledger.revision}",
            action=action,
            start=self.rig.now,
            duration=timedelta(hours=1),
            target_soc=None if action is Action.HOLD else target,
        )

    def is_given_back(self) -> bool:
        """Tell whether the plan is the owner's."""
        return self.owner.holds(self.newest)

    def wanted(self) -> Stored:
        """Return what the owner wants."""
        return Stored(self.owner.charge, self.owner.discharge)

    def may_rule(self) -> bool:
        """While a slot is lent the owner's may have to wait."""
        return any(item.live or item.pending for item in self.rig.dispatches)

    @property
    def lent(self) -> bool:
        """Whether anything is lent just now, as far as we know."""
        return self.rig.ledger.loan is not None

    # -- the app ---------------------------------------------------------------

    @edits_can_be_told
    @rule(value=st.sampled_from([55, 65, 75]), floor=st.booleans())
    def app_sets_charge_level(self, value: int, floor: bool) -> None:
        """Change a state of charge."""
        now = self.newest
        if floor:
            value //= 5
            self.saves(
                replace(now, discharge=replace(now.discharge, bat_use_cap=value))
            )
            self.owner.discharge = replace(self.owner.discharge, bat_use_cap=value)
        else:
            self.saves(replace(now, charge=replace(now.charge, bat_high_cap=value)))
            self.owner.charge = replace(self.owner.charge, bat_high_cap=value)

    @edits_can_be_told
    @rule(charges=st.booleans())
    def app_toggles(self, charges: bool) -> None:
        """Switch timed charging, or discharging, on or off."""
        now = self.newest
        if charges:
            # Whether he or we have switched it on cannot be told.
            assume(
                not self.lent
                or (self.owner.charge.grid_charge and now.charge.grid_charge)
            )
            flag = 1 - now.charge.grid_charge
            self.saves(replace(now, charge=replace(now.charge, grid_charge=flag)))
            self.owner.charge = replace(self.owner.charge, grid_charge=flag)
        else:
            # Nor, while it is not known what has arrived, who has switched it off.
            assume(
                not self.lent
                or (
                    self.owner.discharge.ctr_dis
                    and now.discharge.ctr_dis
                    and not self.is_shown_late
                )
            )
            flag = 1 - now.discharge.ctr_dis
            self.saves(replace(now, discharge=replace(now.discharge, ctr_dis=flag)))
            self.owner.discharge = replace(self.owner.discharge, ctr_dis=flag)

    @edits_can_be_told
    @rule(charges=st.booleans(), span=spans, minutes=st.sampled_from([0, 0, 20]))
    def app_adds(self, charges: bool, span: Span, minutes: int) -> None:
        """Fill a slot that is not in use."""
        store: Any = self.newest.charge if charges else self.newest.discharge
        mine: Any = self.owner.charge if charges else self.owner.discharge
        everything = [
            it
            for each in (
                self.newest.charge,
                self.newest.discharge,
                self.owner.charge,
                self.owner.discharge,
            )
            for it in used(each)
        ]
        assume(not any(quarters(span) & quarters(it) for it in everything))
        assume(len(used(store)) < 2 and len(used(mine)) < 2)
        self._edit(charges, [*used(store), span], [*used(mine), span])
        self.rig.live_for(minutes * MINUTE)

    def own_slots(self) -> list[tuple[bool, Span]]:
        """Return the slots of the owner that the app shows just as they are."""
        return [
            (charges, span)
            for charges, store, mine in (
                (True, self.newest.charge, self.owner.charge),
                (False, self.newest.discharge, self.owner.discharge),
            )
            for span in used(store)
            if span in used(mine)
        ]

    @edits_can_be_told
    @precondition(lambda self: self.own_slots())
    @rule(data=st.data(), minutes=st.sampled_from([0, 0, 20]))
    def app_drops(self, data: st.DataObject, minutes: int) -> None:
        """Empty a slot that is the owner's."""
        charges, span = data.draw(st.sampled_from(self.own_slots()))
        store: Any = self.newest.charge if charges else self.newest.discharge
        mine: Any = self.owner.charge if charges else self.owner.discharge
        left, kept = used(store), used(mine)
        left.remove(span)
        kept.remove(span)
        self._edit(charges, left, kept)
        self.rig.live_for(minutes * MINUTE)

    def _edit(self, charges: bool, shown: list[Span], wanted: list[Span]) -> None:
        name = "charge" if charges else "discharge"
        self.owner.edited.add(name)
        store = replace(getattr(self.newest, name), windows=slots(shown))
        self.saves(replace(self.newest, **{name: store}))
        mine = replace(getattr(self.owner, name), windows=slots(wanted))
        setattr(self.owner, name, mine)


HOW: Final = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    # One at a time: the first one explains the others.
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
PeriodicBorrowing.TestCase.settings = HOW
DailyBorrowing.TestCase.settings = HOW
TestPeriodic = PeriodicBorrowing.TestCase
TestDaily = DailyBorrowing.TestCase
