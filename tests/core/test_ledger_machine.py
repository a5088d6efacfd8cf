"""The ledger against a small cloud: whatever happens, the cloud ends as it should."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import combinations, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from custom_components.joulekeeper.core.capabilities import (
    ActionSupport,
    Capabilities,
    Support,
)
from custom_components.joulekeeper.core.claims import MIN_REMAINING, TOO_SHORT
from custom_components.joulekeeper.core.dispatch import Dispatch, State
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Occurrence, Rule
from custom_components.joulekeeper.core.schedule import (
    DAY,
    Action,
    Owner,
    Programme,
    ScheduleItem,
    Source,
)
from custom_components.joulekeeper.core.timeline import Segment

from .model import HOUR, INVERTER, MINUTE, NOW, SECOND, SITE, Answer, Cloud, Model

ZONE = "Australia/Brisbane"

starts = st.integers(0, 12).map(lambda count: count * 10 * MINUTE)
durations = st.one_of(
    st.integers(1, 12).map(lambda count: count * 10 * MINUTE),
    st.integers(1, 30).map(lambda count: count * MINUTE),
)
actions = st.sampled_from([Action.CHARGE, Action.EXPORT, Action.HOLD])
powers = st.sampled_from([1000, 2000, 6000])  # the last is too much
plain_sources = st.sampled_from([Source.CALENDAR, Source.SERVICE])


class LedgerMachine(RuleBasedStateMachine):
    """Users, apps, networks and clouds do what they want, then it is calm."""

    def __init__(self) -> None:
        """Start with an empty cloud."""
        super().__init__()
        self.model = Model(NOW)
        self.foreign: dict[str, ScheduleItem] = {}
        self.deleted: set[str] = set()
        self.smooth = True

    @initialize(
        able=st.sampled_from([INVERTER, SITE]),
        lag=st.sampled_from([0, 0, 20, 90]),
        keeps_marks=st.booleans(),
        smooth=st.booleans(),
    )
    def open(
        self, able: Capabilities, lag: int, keeps_marks: bool, smooth: bool
    ) -> None:
        """Choose a kind of cloud, and whether anything goes wrong."""
        self.smooth = smooth
        self.model = Model(NOW, able, Cloud(lag * SECOND, keeps_marks))

    @property
    def now(self) -> datetime:
        """The present."""
        return self.model.now

    def some_rule(self, data: st.DataObject) -> Rule:
        """Draw one of the rules that there are."""
        return data.draw(st.sampled_from(list(self.model.ledger.rules.values())))

    # -- users -----------------------------------------------------------------

    @rule(
        start=starts,
        duration=durations,
        action=actions,
        power_w=powers,
        source=plain_sources,
    )
    def lay(self, start: timedelta, duration: timedelta, **details: Any) -> None:
        """Lay a schedule."""
        self.model.lay(start, duration, **details)

    @rule(
        start=st.integers(0, 23),
        duration=durations,
        days=st.sampled_from(["", ";BYDAY=SA,SU", ";INTERVAL=2", ";COUNT=2"]),
        action=actions,
    )
    def lay_recurring(
        self, start: int, duration: timedelta, days: str, action: Action
    ) -> None:
        """Lay a schedule that comes again each day."""
        local = self.now.astimezone(ZoneInfo(ZONE)).date()
        wanted = Recurrence(
            first=datetime.combine(local, time(start)),
            length=duration,
            zone=ZONE,
            rule=f"FREQ=DAILY{days}",
        )
        first = wanted.first_window
        self.model.ledger.put_rule(
            self.model.rule(
                start=first.start - self.now,
                duration=duration,
                action=action,
                recurrence=wanted,
                source=Source.CALENDAR,
            )
        )

    @rule(
        duration=durations,
        action=actions,
        minutes=st.integers(0, 40),
        end=st.sampled_from(["by itself", "stop", "delete"]),
    )
    def force(
        self, duration: timedelta, action: Action, minutes: int, end: str
    ) -> None:
        """Force an action now, and end it after a while."""
        forced = self.model.force(duration, action=action)
        self.model.live_for(minutes * MINUTE, 2 * MINUTE)
        if end == "stop":
            self.model.stop(forced)
        elif end == "delete":
            self.model.ledger.delete_rule(forced.id, self.now)

    @precondition(lambda self: self.model.ledger.rules)
    @rule(
        data=st.data(), power_w=st.sampled_from([1000, 2000]), longer=st.integers(0, 2)
    )
    def edit(self, data: st.DataObject, power_w: int, longer: int) -> None:
        """Change the power or the length of a rule."""
        old = self.some_rule(data)
        if old.recurrence is None and old.end > self.now:
            power = power_w if old.action is not Action.HOLD else None
            duration = old.duration + longer * 10 * MINUTE
            self.model.edit(old, power_w=power, duration=duration)
            self.deleted -= {it.id for it in old.occurrences(old.start, old.end)}

    @precondition(lambda self: self.model.ledger.rules)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Delete a rule."""
        self.model.ledger.delete_rule(self.some_rule(data).id, self.now)

    @precondition(lambda self: self.model.running())
    @rule(data=st.data(), all_of_them=st.booleans())
    def stop(self, data: st.DataObject, all_of_them: bool) -> None:
        """End what runs, or one of what is due now."""
        running = [occurrence.rule for occurrence in self.model.running()]
        one = data.draw(st.sampled_from(running))
        self.model.stop(None if all_of_them else one)

    # -- others ----------------------------------------------------------------

    @rule(start=starts, duration=durations, network=st.booleans())
    def others_add(self, start: timedelta, duration: timedelta, network: bool) -> None:
        """Make an item in the app, or by the network."""
        begin = (self.now + start).replace(microsecond=0)
        vendor_id = self.model.cloud.add(
            self.now,
            start=begin,
            end=begin + duration,
            power_w=777,
            owner=Owner.NETWORK if network else Owner.FOREIGN,
        )
        self.foreign[vendor_id] = self.model.cloud.items[vendor_id]

    @precondition(lambda self: self.foreign)
    @rule(data=st.data())
    def others_delete(self, data: st.DataObject) -> None:
        """Take back an item that was made elsewhere."""
        vendor_id = data.draw(st.sampled_from(sorted(self.foreign)))
        del self.foreign[vendor_id]
        # Since when it is gone nobody knows: what it covered may be late.
        self.smooth = False
        self.model.cloud.delete(vendor_id, self.now)

    @precondition(lambda self: self.confirmed())
    @rule(data=st.data())
    def app_deletes(self, data: st.DataObject) -> None:
        """Delete an item of ours in the app."""
        dispatch = data.draw(st.sampled_from(self.confirmed()))
        self.model.cloud.delete(dispatch.vendor_id, self.now)
        self.model.live_for(4 * MINUTE)
        if self.model.ledger.dispatches[dispatch.id].state is State.OVERRIDDEN:
            self.deleted.add(dispatch.segment.occurrence_id)

    def confirmed(self) -> list[Dispatch]:
        """Return what the cloud surely holds, by all that anybody knows."""
        return [
            item
            for item in self.model.ledger.live()
            if item.confirmed_at is not None
            and item.vendor_id in self.model.cloud.items
            and item.unseen_since is None
        ]

    @rule(power_w=st.sampled_from([1500, 5000]))
    def limit_changes(self, power_w: int) -> None:
        """The device can charge with less, or with all, of its power."""
        charge = {Action.CHARGE: ActionSupport(Support.NATIVE, None, power_w)}
        able = self.model.able
        self.model.able = replace(able, actions={**able.actions, **charge})

    # -- time and trouble ------------------------------------------------------

    @precondition(lambda self: not self.smooth)
    @rule(answers=st.lists(st.sampled_from(Answer), min_size=1, max_size=3))
    def trouble(self, answers: list[Answer]) -> None:
        """Let the next writes go wrong."""
        self.model.cloud.answers.extend(answers)

    @rule()
    def settle(self) -> None:
        """Settle once."""
        self.model.settle()

    @precondition(lambda self: self.confirmed())
    @rule(data=st.data(), seconds=st.sampled_from([20, 60, 200]), edited=st.booleans())
    def list_forgets(self, data: st.DataObject, seconds: int, edited: bool) -> None:
        """The list lacks an item for a while, which may be edited meanwhile."""
        vendor_id = data.draw(st.sampled_from(self.confirmed())).vendor_id
        self.model.cloud.hidden.add(vendor_id)
        self.model.live_for(seconds * SECOND, 10 * SECOND)
        if edited and self.model.ledger.rules:
            self.edit(data, 1000, 1)
            self.model.live_for(MINUTE, 10 * SECOND)
        self.model.cloud.hidden.clear()

    @rule(seconds=st.sampled_from([0, 60]))
    def overlooked(self, seconds: int) -> None:
        """The inverter does something else."""
        self.model.settle()
        for _ in range(3):
            self.model.after(MINUTE)
            self.model.measure(mode=Action.AUTO)
            self.model.after(seconds * SECOND)
            self.model.settle()

    @rule(minutes=st.integers(1, 40))
    def time_passes(self, minutes: int) -> None:
        """Time passes, and Home Assistant runs."""
        self.model.live_for(minutes * MINUTE, 2 * MINUTE)

    @precondition(lambda self: not self.smooth)
    @rule(hours=st.integers(1, 30))
    def away(self, hours: int) -> None:
        """Home Assistant is away for a time."""
        self.model.after(hours * HOUR)
        self.model.restart()

    @rule()
    def restart(self) -> None:
        """Home Assistant starts again at once."""
        self.model.restart()

    @precondition(lambda self: self.model.cloud.keeps_marks)
    @rule()
    def lose_the_file(self) -> None:
        """Nothing is known any more but what the cloud tells."""
        self.model.ledger = Ledger()
        self.deleted.clear()

    # -- what has to hold ------------------------------------------------------

    @rule()
    def calm(self) -> None:
        """Leave it alone for some minutes, then look whether all is well."""
        self.model.cloud.answers.clear()
        self.model.live_for(8 * MINUTE)
        self.check()
        self.check_owners()
        self.check_states()

    def teardown(self) -> None:
        """It always ends in calm."""
        self.calm()

    @invariant()
    def nothing_of_others_is_touched(self) -> None:
        """Whatever happens."""
        held = self.model.cloud.items
        assert {vendor_id: held.get(vendor_id) for vendor_id in self.foreign} == (
            self.foreign
        )

    def check(self) -> None:
        """Compare what the cloud holds with what is wanted."""
        model = self.model
        listed = Programme(tuple(model.cloud.held(model.now)))
        compiled = model.ledger.compile(model.able, listed, model.now)
        wanted = {self.key(segment): segment for segment in compiled.segments}
        own = [
            item
            for item in model.cloud.held(model.now)
            if item.vendor_id not in self.foreign
        ]
        matched = model.ledger.matched(listed)
        of = {
            item.vendor_id: model.ledger.dispatches[name]
            for name, item in matched.items()
        }
        assert {item.vendor_id for item in own} <= of.keys()
        held = {self.key(of[item.vendor_id].segment) for item in own}
        assert len(held) == len(own)
        assert all(self.given_up(wanted[key]) for key in wanted.keys() - held)
        # What was within the limits when it was sent may go on.
        refused = {self.key(refusal.segment)[:3] for refusal in compiled.refused}
        assert {key[:3] for key in held - wanted.keys()} <= refused
        for item in own:
            segment = of[item.vendor_id].segment
            assert (item.start, item.end) == (segment.start, segment.end)
            assert item.power_w == (segment.power_w or 0)
        everything = model.cloud.held(model.now)
        for one, two in pairwise(own):
            assert one.end <= two.start, (one, two)
        for item in own:
            for other in everything:
                if other.vendor_id in self.foreign:
                    assert not other.overlaps(max(model.now, item.start), item.end)
        for item in own:
            assert of[item.vendor_id].segment.occurrence_id not in self.deleted
        changes = model.ledger.changes(model.able, listed, model.now, model.new_tag)
        assert not changes
        assert not changes.over

    def check_owners(self) -> None:
        """Each moment is that of the first who does not leave it to the next."""
        model, soon = self.model, self.model.now + 10 * SECOND
        asked = list(model.ledger.occurrences(soon, soon + 2 * DAY))
        held = model.cloud.held(soon)
        edges = {edge for item in (*asked, *held) for edge in (item.start, item.end)}
        listed = Programme(tuple(held))
        rules = {
            item.vendor_id: model.ledger.dispatches[name].segment.rule_id
            for name, item in model.ledger.matched(listed).items()
        }
        for moment in (soon, *(edge + SECOND for edge in edges if edge > soon)):
            holding = [item for item in held if item.active_at(moment)]
            if any(item.vendor_id in self.foreign for item in holding):
                continue
            claims = [it for it in asked if it.start <= moment < it.end]
            first = max(
                (it for it in claims if not any(map(leaves, self.told(it, moment)))),
                key=lambda it: it.rule.rank,
                default=None,
            )
            if first is None or self.told(first, moment):
                continue
            ranks = [model.ledger.rules[rules[it.vendor_id]].rank for it in holding]
            assert ranks and first.rule.rank <= ranks[0], (moment, claims, held)

    def told(self, occurrence: Occurrence, moment: datetime) -> list[Dispatch]:
        """Return what tells the user that an occurrence does not have a moment."""
        return [
            item
            for item in self.model.ledger.dispatches.values()
            if item.segment.start <= moment < item.segment.end
            and item.state in (State.MISSED, State.REJECTED, State.UNCONFIRMED)
            and item.segment.occurrence_id == occurrence.id
        ]

    def check_states(self) -> None:
        """Nothing is given up without a reason, and nothing twice."""
        given_up = [
            item
            for item in self.model.ledger.dispatches.values()
            if item.state in (State.MISSED, State.REJECTED)
        ]
        if self.smooth:
            # What is sent again near its end may be over before a list shows it.
            expected = {"too_short", "never_confirmed", "power_above_limit"}
            assert {item.reason for item in given_up} <= expected
        for one, two in combinations(given_up, 2):
            again = (
                two.reason not in ("too_short", "never_confirmed")
                and one.segment.occurrence_id == two.segment.occurrence_id
                and one.segment.start <= two.segment.start
                and two.segment.end <= one.segment.end
                and one.segment.does_what(two.segment)
            )
            assert not again, (one, two)

    def key(self, segment: Segment) -> tuple[str, datetime, datetime, Action, int]:
        """Return what of a segment is still to come."""
        return (
            segment.occurrence_id,
            max(segment.start, self.now),
            segment.end,
            segment.action,
            segment.power_w or 0,
        )

    def given_up(self, segment: Segment) -> bool:
        """Tell whether the user knows that a segment will not be."""
        return any(
            item.state in (State.MISSED, State.REJECTED, State.UNCONFIRMED)
            and item.segment.occurrence_id == segment.occurrence_id
            and item.segment.start <= max(segment.start, self.now)
            and segment.end <= item.segment.end
            and item.segment.does_what(segment)
            for item in self.model.ledger.dispatches.values()
        )


def leaves(item: Dispatch) -> bool:
    """Tell whether others may have the time of what was given up.

    Not some few minutes, nor what the cloud may hold although it does not list it.
    """
    few = item.segment.end - item.end < MIN_REMAINING
    return item.reason != TOO_SHORT and (item.misfit or not few)


LedgerMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    # To explain a failure takes minutes, and says little.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
TestLedger = LedgerMachine.TestCase
