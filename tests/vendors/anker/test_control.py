"""A plan on loan over many writes: what the cloud shows late, and what the owner does."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import json
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.capabilities import HORIZON
from custom_components.joulekeeper.core.errors import (
    InvalidRequest,
    NotSupported,
    OutcomeUnknown,
    TransientError,
)
from custom_components.joulekeeper.core.loan import LAG, Loan, Sent
from custom_components.joulekeeper.core.models import EndpointId, Readings
from custom_components.joulekeeper.core.schedule import Action, ItemStatus
from custom_components.joulekeeper.core.timeline import Segment
from custom_components.joulekeeper.vendors.anker.control import (
    SystemController,
    Written,
)
from custom_components.joulekeeper.vendors.anker.endpoints import PLAN, SCENE
from custom_components.joulekeeper.vendors.anker.lending import compose
from custom_components.joulekeeper.vendors.anker.models import Scene
from custom_components.joulekeeper.vendors.anker.plan import SitePlan
from custom_components.joulekeeper.vendors.anker.plan_edits import (
    letting_out,
    presetting,
)
from custom_components.joulekeeper.vendors.anker.profile import Profile
from custom_components.joulekeeper.vendors.base import PlanEdit, VendorCall

from .plans import SYSTEM_A, SYSTEM_C, profile, rate_plan, week_item
from .test_lending import (
    changed_in_app,
    edited_minute,
    minutes_of,
    priority_in_app,
    segment,
)

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)  # a Friday, noon in Berlin
MINUTE = timedelta(minutes=1)
SITE = "11111111-2222-4333-8444-00000000000a"


@dataclass
class Cloud:
    """What the cloud holds, and what it still shows."""

    newest: SitePlan
    now: datetime = NOW
    loan: Loan | None = None
    readings: Readings = field(default_factory=Readings)
    written: Written = field(default_factory=Written)
    calls: list[VendorCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Show what there is."""
        self.show()

    @property
    def controller(self) -> SystemController:
        """The controller of the site."""

        async def fetch() -> SitePlan:
            return self.newest

        async def send(call: VendorCall) -> None:
            self.take(call)

        client: Any = SimpleNamespace(clock=lambda: self.now, send=send)
        return SystemController(SITE, client, fetch, self.written)

    def show(self) -> None:
        """Show what there is, and forget what was shown before."""
        self.readings.put(EndpointId(PLAN.name, SITE), self.newest)
        loan = self.loan
        if loan is not None and self.controller.shows(self.readings, loan):
            self.loan = replace(loan, earlier=[]) if loan.mine else None

    def rewrite(self, *segments: Segment, edit: PlanEdit | None = None) -> int:
        """Write the plan anew; return how many calls it took."""
        rewrite = self.controller.rewrite(
            self.readings, self.loan, segments, self.now, edit
        )
        self.loan = rewrite.loan
        for call in rewrite.calls:
            self.take(call)
        return len(rewrite.calls)

    def take(self, call: VendorCall) -> None:
        """Do what a call says: a profile as a whole, of a rate plan a part."""
        self.calls.append(call)
        assert call.body is not None
        data = json.loads(call.body["param_data"])
        plan = self.newest
        if plan.profile is not None:
            raw = {**plan.profile.raw, **data}
        else:
            assert plan.rate_plan is not None
            raw = {**plan.rate_plan.raw, **data}
        self.newest = SitePlan.parse(raw, plan.banks, plan.zone, meter=plan.meter)


def test_lent_and_given_back() -> None:
    """One call for each; the loan is over when it is shown."""
    cloud = Cloud(profile(*SYSTEM_A))
    before = cloud.newest
    assert cloud.rewrite(segment()) == 1
    assert cloud.loan is not None
    assert cloud.rewrite(segment()) == 0
    cloud.show()
    assert cloud.rewrite(segment()) == 0
    assert cloud.controller.owned(cloud.readings, cloud.loan, cloud.now) == before
    assert cloud.rewrite() == 1
    assert cloud.newest.as_data() == before.as_data()
    cloud.show()
    assert cloud.loan is None
    assert cloud.rewrite() == 0


def test_what_is_shown_late_is_not_written_again() -> None:
    """Nor is it taken for an edit of the owner's, who may edit all the same."""
    cloud = Cloud(profile(*SYSTEM_A))
    before = cloud.newest
    cloud.rewrite(segment())
    cloud.now += 5 * MINUTE
    assert cloud.rewrite(segment()) == 0
    assert cloud.controller.owned(cloud.readings, cloud.loan, cloud.now) == before
    sent = Sent(live={"12:00-13:00 500 W": segment()}, loan=cloud.loan)
    programme = cloud.controller.programme(cloud.readings, sent)
    assert programme is not None
    assert programme.outdated_until is not None
    cloud.written.at = None
    assert cloud.rewrite(segment(), edit=presetting(350, NOW - 60 * MINUTE)) == 1
    assert cloud.rewrite() == 1
    cloud.show()
    powers = [
        it["appliance_loads"][0]["power"]
        for it in cloud.newest.as_data()["4"]["ranges"]
    ]
    assert powers == [200, 350]


def test_what_was_never_taken() -> None:
    """After a while what is there is what there is, and it is written again."""
    cloud = Cloud(profile(*SYSTEM_A))
    before = cloud.newest
    cloud.rewrite(segment())
    cloud.newest = before
    cloud.now += 20 * MINUTE
    assert cloud.controller.owned(cloud.readings, cloud.loan, cloud.now) == before
    assert cloud.rewrite(segment()) == 1


def test_another_kind_of_plan() -> None:
    """As by an overview that is wrong for once: what was lent is still to go back."""
    cloud = Cloud(rate_plan(*SYSTEM_C, mode=1))
    before = cloud.newest
    cloud.rewrite(segment())
    cloud.show()
    lent, loan = cloud.newest, cloud.loan
    assert loan is not None
    cloud.newest = plan = profile(*SYSTEM_A)
    cloud.show()
    assert cloud.controller.owned(cloud.readings, cloud.loan, cloud.now) == plan
    for edit in (None, presetting(100, NOW)):
        with pytest.raises(TransientError):
            cloud.rewrite(edit=edit)
    assert tells_nothing(cloud, loan)
    assert cloud.loan is loan
    cloud.newest = lent
    cloud.show()
    assert cloud.rewrite() == 1
    assert bare(cloud.newest) == bare(before)


def test_what_takes_the_place_of_a_part() -> None:
    """What is taken back is gone where the owner, or what is wanted, does the same."""
    second = segment(NOW + 60 * MINUTE, 1)
    owner = compose(profile(*SYSTEM_A), [second], NOW).plan
    cloud = Cloud(owner)
    cloud.rewrite(segment(NOW, 1))
    cloud.show()
    wanted, longer = "12:00-13:00 500 W", "12:00-14:00 500 W"
    sent = Sent(
        live={wanted: segment(NOW, 1)},
        restoring={longer: segment(NOW, 2)},
        loan=cloud.loan,
    )
    assert cloud.loan is not None
    for held, theirs in ([wanted], owner), ([wanted, longer], profile(*SYSTEM_A)):
        loan = replace(cloud.loan, owner=theirs.as_data())
        programme = cloud.controller.programme(cloud.readings, replace(sent, loan=loan))
        assert programme is not None
        assert [it.vendor_id for it in programme.items] == held


def test_mode_of_a_plan_on_loan() -> None:
    """What is laid ahead goes by the owner's mode, not by the one that ours needs.

    Where the clock was ahead for a while, what had begun has its time to come.
    """
    cloud = Cloud(rate_plan(*SYSTEM_C, mode=1))
    able = cloud.controller.capabilities(cloud.readings, cloud.loan)
    cloud.rewrite(segment())
    cloud.show()
    assert cloud.controller.capabilities(cloud.readings, cloud.loan) == able
    shown = cloud.newest.rate_plan
    assert shown is not None
    assert shown.mode == 3
    cloud.newest = replace(cloud.newest, rate_plan=shown.with_mode(7))
    cloud.show()
    assert cloud.controller.capabilities(cloud.readings, cloud.loan) == able
    cloud.rewrite()
    cloud.newest = rate_plan(*SYSTEM_C, mode=3)
    cloud.show()
    able = cloud.controller.capabilities(cloud.readings, None)
    assert able.lays_ahead == HORIZON


def tells_nothing(cloud: Cloud, loan: Loan) -> bool:
    """Return whether nothing is said of ours, so that it does not count as gone."""
    sent = Sent(live={loan.mine[0]: segment()}, loan=loan)
    programme = cloud.controller.programme(cloud.readings, sent)
    assert programme is not None
    until = programme.outdated_until
    return until is not None and until > NOW + 24 * 60 * MINUTE


@pytest.mark.parametrize(
    "odd", [{"start_time": "08:00", "end_time": "08:00"}, {"end_time": "8 o'clock"}]
)
@pytest.mark.parametrize("first", [True, False])
def test_a_plan_that_is_not_understood(odd: dict[str, str], first: bool) -> None:
    """Nothing is written over it, and what is on loan stays on loan."""
    owner = profile(*SYSTEM_A) if first else rate_plan(*SYSTEM_C)
    cloud = Cloud(owner)
    cloud.rewrite(segment())
    cloud.show()
    lent, loan = cloud.newest, cloud.loan
    assert loan is not None
    (raw,) = json.loads(json.dumps(lent.as_data())).values()
    (raw["ranges"] if first else raw["custom_rate_plan"][0]["ranges"])[0] |= odd
    cloud.newest = SitePlan.parse(raw, lent.banks, lent.zone)
    cloud.show()
    for segments in ((), (segment(),)):
        with pytest.raises(TransientError):
            cloud.rewrite(*segments)
    assert cloud.loan is loan
    assert tells_nothing(cloud, loan)
    odd_one: Any = cloud.newest.profile or cloud.newest.rate_plan
    with pytest.raises(TransientError):
        odd_one.dump() if isinstance(odd_one, Profile) else odd_one.weeks_data()
    cloud.newest = lent
    cloud.show()
    assert cloud.rewrite() == 1
    assert bare(cloud.newest) == bare(owner)


def test_only_the_second_of_two_calls_fails() -> None:
    """What is left is written when it shows that it is."""
    hours = [{"start_time": 0, "end_time": 24, "type": 3}]
    season = {"sea": {"start_month": 1, "end_month": 12}, "weekday": hours}
    cloud = Cloud(rate_plan(*SYSTEM_C, mode=5, product="A17C2", use_time=[season]))
    before = cloud.newest
    assert cloud.rewrite(segment()) == 1
    assert cloud.rewrite(segment(), segment(tag="b", action=Action.CHARGE)) == 1
    cloud.show()
    loan = cloud.loan
    rewrite = cloud.controller.rewrite(cloud.readings, loan, (), cloud.now)
    assert len(rewrite.calls) == 2
    cloud.loan = rewrite.loan
    cloud.take(rewrite.calls[0])
    cloud.now += MINUTE
    cloud.show()
    assert cloud.loan is not None
    assert cloud.rewrite() == 1
    cloud.show()
    assert cloud.loan is None
    plan = cloud.newest.rate_plan
    assert plan is not None
    assert plan.mode == 5
    assert plan.backup is None or not plan.backup.on
    assert without_backup(cloud.newest) == without_backup(before)


def test_a_side_field_that_the_owner_changes() -> None:
    """His charge priority stays, and our power does not."""
    cloud = Cloud(profile(*SYSTEM_A))
    cloud.rewrite(segment(power_w=550))
    cloud.show()
    (raw,) = json.loads(json.dumps(cloud.newest.as_data())).values()
    for it in raw["ranges"]:
        it["charge_priority"] = 60
    cloud.newest = SitePlan.parse(raw, cloud.newest.banks, cloud.newest.zone)
    cloud.show()
    assert cloud.loan is not None
    (name,) = cloud.loan.mine
    sent = Sent(restoring={name: segment(power_w=550)}, loan=cloud.loan)
    programme = cloud.controller.programme(cloud.readings, sent)
    assert programme is not None
    assert len(programme.items) == 1
    assert cloud.rewrite() == 1
    (after,) = cloud.newest.as_data().values()
    assert [
        (it["end_time"], it["appliance_loads"][0]["power"], it["charge_priority"])
        for it in after["ranges"]
    ] == [("08:00", 200, 60), ("24:00", 300, 60)]


def test_reverted_by_the_app_after_a_while() -> None:
    """Within the lag it may be a cloud that is late; after it, it is the owner's."""
    cloud = Cloud(profile(*SYSTEM_A))
    before = cloud.newest
    cloud.rewrite(segment())
    cloud.now += MINUTE
    loan = cloud.loan
    assert loan is not None
    sent = Sent(live={loan.mine[0]: segment()}, loan=loan)
    cloud.newest = before
    cloud.readings.put(EndpointId(PLAN.name, SITE), before)
    programme = cloud.controller.programme(cloud.readings, sent)
    assert programme is not None
    assert programme.outdated_until == loan.written_at + LAG
    assert programme.items == ()


async def test_a_lost_answer_counts_as_a_write() -> None:
    """The bank may have been told, and more output has to wait."""
    cloud = Cloud(profile(*SYSTEM_A))

    async def send(call: VendorCall) -> None:
        raise OutcomeUnknown("lost")

    controller = cloud.controller
    controller.client.send = send  # type: ignore[method-assign]
    (call,) = cloud.newest.calls(SITE, profile())
    with pytest.raises(OutcomeUnknown):
        await controller.send(call)
    with pytest.raises(InvalidRequest) as error:
        cloud.rewrite(edit=presetting(400, NOW))
    assert error.value.reason == "increase_blocked"


def test_without_a_plan() -> None:
    """Nothing can be written into what is not known."""
    cloud = Cloud(profile(*SYSTEM_A))
    cloud.readings = Readings()
    with pytest.raises(TransientError):
        cloud.rewrite(segment())
    assert cloud.controller.programme(cloud.readings, Sent()) is None
    assert cloud.controller.owned(cloud.readings, None, NOW) is None
    assert cloud.controller.telemetry(cloud.readings) is None


async def test_increases_wait_after_a_write() -> None:
    """Of entities and actions; what is lent or given back never waits."""
    cloud = Cloud(profile(*SYSTEM_A))
    (call,) = cloud.newest.calls(SITE, profile()) or ()
    await cloud.controller.send(call)
    cloud.now += timedelta(seconds=10)
    with pytest.raises(InvalidRequest) as error:
        cloud.rewrite(edit=presetting(400, NOW))
    assert error.value.reason == "increase_blocked"
    assert cloud.rewrite(edit=presetting(250, NOW)) == 1
    assert cloud.rewrite(segment(power_w=700)) == 1
    cloud.now += timedelta(seconds=21)
    assert cloud.rewrite(edit=presetting(400, NOW)) == 1
    with pytest.raises(NotSupported):
        await cloud.controller.reset_base_mode()
    assert await cloud.controller.fetch_past(Sent())


async def test_switching_output_on_is_an_increase() -> None:
    """As more power is."""
    cloud = Cloud(profile(*({**it, "turn_on": False} for it in SYSTEM_A)))
    cloud.written.at = NOW
    with pytest.raises(InvalidRequest) as error:
        cloud.rewrite(edit=letting_out(True, NOW))
    assert error.value.reason == "increase_blocked"


# -- what the user sees ------------------------------------------------------------


def scene(soc: str = "62", **info: Any) -> Scene:
    """Return an overview of a bank that discharges."""
    bank = {
        "device_sn": "FAKE1",
        "device_pn": "A17C0",
        "battery_power": soc,
        "photovoltaic_power": "100",
        "output_power": "300",
        "output_cutoff_data": 10,
        "status": "1",
    }
    known = {
        "solarbank_list": [bank],
        "total_battery_power": str(float(soc) / 100),
        "total_photovoltaic_power": "100",
        "total_output_power": "300.00",
        "total_charging_power": "0",
        **info,
    }
    return Scene.parse({"solarbank_info": known})


def test_telemetry() -> None:
    """Discharge is positive; a report without a time proves nothing."""
    cloud = Cloud(profile(*SYSTEM_A))
    told = scene()
    cloud.readings.put(EndpointId(SCENE.name, SITE), told)
    assert cloud.controller.telemetry(cloud.readings) is None
    at_noon = replace(told, reported_at=NOW)
    cloud.readings.put(EndpointId(SCENE.name, SITE), at_noon)
    telemetry = cloud.controller.telemetry(cloud.readings)
    assert telemetry is not None
    assert (telemetry.time, telemetry.period) == (NOW, MINUTE)
    assert (telemetry.battery_w, telemetry.solar_w) == (200, 100)
    assert (telemetry.state_of_charge, telemetry.min_state_of_charge) == (62, 10)
    assert telemetry.online
    assert telemetry.grid_w is None


def test_ours_is_known_by_its_place() -> None:
    """The rest of the day is the owner's."""
    cloud = Cloud(profile(*SYSTEM_A))
    cloud.rewrite(segment())
    cloud.show()
    sent = Sent(live={"12:00-13:00 500 W": segment()}, loan=cloud.loan)
    programme = cloud.controller.programme(cloud.readings, sent)
    assert programme is not None
    (item,) = programme.items
    assert (item.action, item.power_w, item.start) == (Action.DISCHARGE, 500, NOW)
    assert programme.outdated_until is None
    assert [(it.power_w, it.start.hour) for it in programme.recurring] == [
        (200, 0),
        (300, 8),
        (300, 13),
    ]
    # It is given back, but its slot is as the owner has it all the same.
    ours = {"12:00-13:00 300 W": segment(power_w=300)}
    taken_back = Sent(restoring=ours, loan=cloud.loan)
    cloud.newest = profile(*SYSTEM_A)
    cloud.show()
    programme = cloud.controller.programme(cloud.readings, taken_back)
    assert programme is not None
    assert programme.items == ()


@pytest.mark.parametrize(
    ("soc", "status"), [("100", ItemStatus.FULFILLED), ("50", None)]
)
def test_backup_charge_that_has_ended(soc: str, status: ItemStatus | None) -> None:
    """By itself once the battery is full, else by the owner."""
    cloud = Cloud(rate_plan(*SYSTEM_C, mode=1, product="A17C2"))
    charge = segment(action=Action.CHARGE, power_w=None)
    cloud.rewrite(charge)
    assert cloud.newest.rate_plan is not None
    backup = {**cloud.newest.rate_plan.raw["manual_backup"], "switch": False}
    cloud.newest = replace(
        cloud.newest, rate_plan=cloud.newest.rate_plan.with_backup(backup)
    )
    cloud.show()
    cloud.readings.put(EndpointId(SCENE.name, SITE), scene(soc))
    assert cloud.loan is not None
    (name,) = cloud.loan.mine
    sent = Sent(live={name: charge}, loan=cloud.loan)
    programme = cloud.controller.programme(cloud.readings, sent)
    assert programme is not None
    assert [it.status for it in programme.items] == ([status] if status else [])


# -- a long story ------------------------------------------------------------------

steps = st.one_of(
    st.tuples(st.just("lend"), st.integers(0, 3), st.sampled_from([300, 500, 700])),
    st.tuples(st.just("lend"), st.just(0), st.just(0)),
    st.tuples(st.just("lost"), st.just(0), st.sampled_from([0, 300, 500])),
    st.tuples(st.just("charge"), st.just(0), st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 30), st.just(0)),
    st.tuples(st.just("show"), st.just(0), st.just(0)),
    st.tuples(st.just("app"), st.integers(0, 88), st.integers(1, 8)),
    st.tuples(st.just("side"), st.integers(0, 88), st.integers(1, 8)),
    st.tuples(st.just("mode"), st.sampled_from([2, 7]), st.just(0)),
)


@settings(max_examples=150)
@example(
    # Ours does what his plan does, and what gives it back is lost.
    story=[("lend", 0, 500), ("lend", 0, 300), ("lost", 0, 0)],
    first=True,
    mode=1,
)
@given(
    story=st.lists(steps, max_size=8),
    first=st.booleans(),
    mode=st.sampled_from([1, 3, 8]),
)
def test_whatever_happens_the_owner_has_his_plan(
    story: list[tuple[str, int, int]], first: bool, mode: int
) -> None:
    """As he wants it, with every edit that he made while he saw what there was."""
    item = week_item(0, list(range(7)), *rate_plan_of_a_day())
    owner = profile(*SYSTEM_A) if first else rate_plan(item, mode=mode, product="A17C2")
    cloud = Cloud(owner)
    theirs, wanted = minutes_of(owner), mode
    # An edit back to what was there before could not be told from a list that is late.
    priority, modes = 20, {mode}
    for what, one, other in story:
        cloud.now += MINUTE
        if cloud.loan is not None and not cloud.loan.is_fresh(cloud.now):
            # The list is read before anything is written, and it is not that late.
            cloud.show()
        match what:
            case "lend" | "lost":
                start = NOW + (1 + one) * 15 * MINUTE if mode == 3 or first else NOW
                ours = (segment(start, 0.5 + one / 2, power_w=other),) if other else ()
                before = cloud.newest
                cloud.rewrite(*ours)
                if what == "lost":
                    cloud.newest = before
            case "charge" if not first:
                cloud.rewrite(segment(action=Action.CHARGE, power_w=None))
            case "wait":
                cloud.now += one * MINUTE
            case "show":
                cloud.show()
            case "app" | "side":
                cloud.show()
                shown = minutes_of(cloud.newest)
                change = priority_in_app if what == "side" else changed_in_app
                span = (one * 15, (one + other) * 15)
                priority += 1
                cloud.newest = change(cloud.newest, *span, 5, priority)
                for minute, now in enumerate(minutes_of(cloud.newest)):
                    theirs[minute] = edited_minute(theirs[minute], shown[minute], now)
                cloud.show()
            case "mode" if cloud.newest.rate_plan is not None and one not in modes:
                modes.add(one)
                cloud.show()
                plan, wanted = cloud.newest.rate_plan.with_mode(one), one
                cloud.newest = replace(cloud.newest, rate_plan=plan)
                cloud.show()
    cloud.show()
    cloud.now += 20 * MINUTE
    cloud.rewrite()
    cloud.show()
    assert cloud.rewrite() == 0
    assert minutes_of(cloud.newest) == theirs
    if not any(what in ("app", "side", "mode") for what, _, _ in story):
        assert without_backup(cloud.newest) == without_backup(owner)
    if cloud.newest.rate_plan is not None:
        assert cloud.newest.rate_plan.mode == wanted
        backup = cloud.newest.rate_plan.backup
        assert backup is None or not backup.on


def without_backup(plan: SitePlan) -> str:
    """Return a plan in its own order; one that is switched off is no backup charge."""
    raw = bare(plan)
    if "use_time" in raw:
        raw |= {"manual_backup": None, "use_time": raw["use_time"] or []}
    return json.dumps(raw)


def rate_plan_of_a_day() -> list[dict[str, Any]]:
    """Return the ranges of a day."""
    return list(SYSTEM_C[1]["ranges"])


def bare(plan: SitePlan) -> Any:
    """Return a plan; a week that is null is one without items."""
    (raw,) = plan.as_data().values()
    if "blend_plan" in raw:
        raw = {**raw, "blend_plan": raw["blend_plan"] or []}
    return raw
