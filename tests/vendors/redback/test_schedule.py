"""The codec: our rules to Redback's items and back, and what is whose."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.dispatch import holds
from custom_components.joulekeeper.core.schedule import (
    POWERED_ACTIONS,
    Action,
    Limits,
    Owner,
    ScheduleItem,
    Source,
)
from custom_components.joulekeeper.vendors.redback.models import Configuration, Static
from custom_components.joulekeeper.vendors.redback.schedule import (
    MODE_OF_ACTION,
    MODES,
    delete_envelope_call,
    delete_schedule_call,
    envelope_call,
    format_time_span,
    inverter_capabilities,
    is_forced,
    mode_name,
    parse_days,
    parse_envelopes,
    parse_schedules,
    parse_time_span,
    schedule_call,
    site_capabilities,
)
from tests.clouds.redback import FIXTURES, payloads
from tests.clouds.redback.schedules import MODES as CLOUD_MODES, READ_ONLY_MODES
from tests.clouds.redback.timespan import format_timespan, parse_timespan

from .conftest import NOW, SITE_A, A, segment

HOUR = timedelta(hours=1)
ZONES = {"Australia/Brisbane": ZoneInfo("Australia/Brisbane")}

spans = st.integers(0, 7200 * 60).map(lambda seconds: timedelta(seconds=seconds))
rule_ids = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26)
notes = st.text(max_size=60) | st.sampled_from(
    ["two\nlines", ": :", " ", " 0", "joulekeeper manual 0: x", 'é"\\\u2028', "a" * 500]
)


@given(spans, st.booleans())
def test_time_span(span: timedelta, day_part: bool) -> None:
    """Both ways with the cloud's own reader and writer, days included."""
    assert parse_timespan(format_time_span(span)) == span
    assert parse_time_span(format_timespan(span, day_part=day_part)) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0.00:30:00", timedelta(minutes=30)),
        ("1.02:00:00", timedelta(hours=26)),
        (" 01:30:00 ", timedelta(minutes=90)),
        ("00:00:01.5000000", timedelta(seconds=1.5)),
        ("00:00:00.0000005", timedelta(0)),
        ("90", None),
        ("01:30", None),
        ("-00:30:00", None),
        (90, None),
        (None, None),
    ],
)
def test_time_span_forms(text: object, span: timedelta | None) -> None:
    """With days, with a fraction; nothing is guessed."""
    assert parse_time_span(text) == span


def test_long_duration_is_a_valid_time_span() -> None:
    """Hours stop at 23, unlike in the client that sends `1.25:00:00`."""
    assert format_time_span(timedelta(hours=49, minutes=5)) == "2.01:05:00"


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("Monday", {0}),
        ("Monday, Wednesday", {0, 2}),
        ("weekends,friday", {4, 5, 6}),
        ("Weekdays", {0, 1, 2, 3, 4}),
        ("Everyday", set(range(7))),
        ("Never", set()),
        (62, {0, 1, 2, 3, 4}),
        ("65", {5, 6}),
        (127.0, set(range(7))),
        (1, {6}),
        (10, {0, 2}),
        (0, set()),
        ("Funday", set()),
        (True, set()),
        (None, set()),
    ],
)
def test_days_active(value: object, days: set[int]) -> None:
    """Names, groups, lists, and bits from Sunday = 1."""
    assert parse_days(value) == days


def listed(call_body: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a created schedule as the cloud lists it."""
    return {
        **call_body,
        "ScheduleId": "7c1f0a52-0d0e-4b7e-9f44-2f6f5d1f9a10",
        "SiteId": SITE_A,
        **changes,
    }


def only_item(entry: Mapping[str, Any]) -> ScheduleItem:
    """Return what a list of one entry is read as."""
    (found,) = parse_schedules({"Schedules": [entry]}, {}).items
    return found


@given(
    st.sampled_from(sorted(MODE_OF_ACTION)),
    rule_ids,
    st.sampled_from(Source),
    notes,
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),
    st.integers(1, 7200),
    st.integers(1, 10000),
)
def test_schedule_round_trip(
    action: Action,
    rule_id: str,
    source: Source,
    note: str,
    start: datetime,
    minutes: int,
    power: int,
) -> None:
    """What we create is recognised in the list, whatever its note."""
    wanted = segment(
        rule_id=rule_id,
        action=action,
        start=start.replace(microsecond=0, tzinfo=UTC),
        duration=timedelta(minutes=minutes),
        power_w=power if action in POWERED_ACTIONS else None,
        source=source,
        note=note,
    )
    call = schedule_call(A, wanted)
    assert (call.method, call.path) == (
        "POST",
        "/Api/v2/Schedule/Create/By/SerialNumber",
    )
    assert call.body is not None
    assert parse_timespan(call.body["Duration"]) == wanted.duration
    assert datetime.fromisoformat(call.body["StartTimeUtc"]) == wanted.start
    item = only_item(listed(call.body))
    assert item.owner is Owner.OWN
    assert (item.id, item.source) == (rule_id, source)
    assert item.note == note.strip()
    # Idle is sent as what the cloud has nearest to it.
    expected = Action.HOLD if action is Action.IDLE else action
    assert item.action is expected
    assert holds(item, wanted)
    path = f"/Api/v2/Schedule/By/SerialNumber/{A}/{item.vendor_id}"
    assert delete_schedule_call(A, item).path == path


@pytest.mark.parametrize(
    "user_notes",
    [
        "Redback maintenance",
        "Home Assistant Created Inverter Schedule",
        "joulekeeper",
        "joulekeeper service",
        "Joulekeeper service abc",
        "my joulekeeper service abc",
        "joulekeeper service ABC",
        "joulekeeper service abc def",
        "",
        None,
        7,
    ],
)
def test_foreign_schedules(user_notes: object) -> None:
    """Only our exact marker makes an item ours."""
    body = schedule_call(
        A,
        segment(
            rule_id="abc", action=Action.CHARGE, start=NOW, duration=HOUR, power_w=1
        ),
    ).body
    assert body is not None
    item = only_item(listed(body, UserNotes=user_notes))
    assert item.owner is Owner.FOREIGN
    assert item.rule_id is item.source is None
    assert item.id == item.vendor_id
    assert item.note == (user_notes if isinstance(user_notes, str) else "")


def test_source_of_another_version() -> None:
    """An item of ours stays ours when its source is not known here."""
    item = only_item(
        {
            "ScheduleId": "1",
            "UserNotes": "joulekeeper optimizer abc",
            "StartTimeUtc": "2026-11-20T04:00:00Z",
            "Duration": "00:30:00",
            "DesiredMode": {"InverterMode": "chargebattery"},
        }
    )
    assert (item.owner, item.rule_id, item.source) == (Owner.OWN, "abc", None)
    assert item.action is Action.CHARGE


def test_daily_schedules() -> None:
    """Recurring windows in the site's wall time; one that cannot be placed is left."""
    daily = {
        "SerialNumber": A,
        "StartTime": "01:00:00",
        "Duration": "02:00:00",
        "DaysActive": "Saturday",
        "TimezoneIANA": "Australia/Brisbane",
        "DesiredMode": {"InverterMode": "BuyPower", "ArgumentInWatts": 2500},
    }
    wrong = [
        daily | {"TimezoneIANA": "Mars/Olympus"},
        daily | {"TimezoneIANA": None},
        daily | {"StartTime": "1.00:00:00"},
        daily | {"Duration": None},
        daily | {"Duration": "8.00:00:00"},
    ]
    plan = parse_schedules({"DailySchedules": [daily, *wrong]}, ZONES)
    (window,) = plan.recurring
    assert (window.start, window.duration) == (time(1), 2 * HOUR)
    assert (window.action, window.vendor_mode) == (None, "BuyPower")
    (item,) = plan.between(NOW, NOW + timedelta(days=7))
    assert item.start == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert item.vendor_id is None
    assert item.recurring


def envelope(**changes: Any) -> dict[str, Any]:
    """Return a listed envelope that caps the export to nothing."""
    return {
        "EventId": "Noon-1a2b3c",
        "SiteId": SITE_A,
        "StartAtUtc": "2026-11-20T02:00:00Z",
        "EndAtUtc": "2026-11-20T04:00:00Z",
        "MaxImportPowerW": 10000,
        "MaxExportPowerW": 0,
        "MaxDischargePowerW": 10000,
        "MaxChargePowerW": 10000,
        "MaxGenerationPowerVA": None,
        "IsNetworkLevel": False,
        "ReportedStartUtc": None,
        "ReportedFinishUtc": None,
        "Status": "Scheduled",
    } | changes


def only_envelope(**changes: Any) -> ScheduleItem:
    """Return what an envelope is read as."""
    (item,) = parse_envelopes([envelope(**changes)], with_dead=True).items
    return item


@pytest.mark.parametrize(
    ("changes", "owner", "rule_id"),
    [
        ({}, Owner.FOREIGN, None),
        ({"EventId": "joulekeeper-service-abc"}, Owner.OWN, "abc"),
        ({"EventId": "joulekeeper-service-abc-7a9"}, Owner.OWN, "abc"),
        ({"EventId": "joulekeeper-service-abc-7a9-x"}, Owner.FOREIGN, None),
        ({"EventId": "joulekeeper-service-abc-"}, Owner.FOREIGN, None),
        ({"EventId": "joulekeeper-service-abc-7A9"}, Owner.FOREIGN, None),
        ({"EventId": "my joulekeeper-service-abc-7a9"}, Owner.FOREIGN, None),
        ({"EventId": "joulekeeper-service"}, Owner.FOREIGN, None),
        ({"IsNetworkLevel": True}, Owner.NETWORK, None),
        (
            {"EventId": "joulekeeper-service-abc-7a9", "IsNetworkLevel": True},
            Owner.NETWORK,
            None,
        ),
        ({"EventId": None}, Owner.FOREIGN, None),
    ],
)
def test_owner_of_an_envelope(
    changes: dict[str, Any], owner: Owner, rule_id: str | None
) -> None:
    """What the network imposes is never ours, whatever it is called."""
    item = only_envelope(**changes)
    assert (item.owner, item.rule_id) == (owner, rule_id)


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({}, Action.LIMIT),
        ({"MaxExportPowerW": 10000, "MaxChargePowerW": 0}, Action.NO_CHARGE),
        ({"MaxChargePowerW": 0}, Action.LIMIT),
        ({"MaxExportPowerW": None, "MaxChargePowerW": 1}, Action.LIMIT),
    ],
)
def test_action_of_an_envelope(changes: dict[str, Any], action: Action) -> None:
    """Only a cap of the charge alone, at nothing, keeps from charging."""
    assert only_envelope(**changes).action is action


def test_evidence_of_an_envelope() -> None:
    """What the inverter reported, and which envelopes rule nothing any more."""
    item = only_envelope(
        Status="ReportStarted", ReportedStartUtc="2026-11-20T02:01:00Z"
    )
    assert item.status == "started"
    assert item.reported_start == datetime(2026, 11, 20, 2, 1, tzinfo=UTC)
    assert item.reported_end is None
    dead = ["Cancelled", "CancelledAfterStart", "FutureCancel", "RejectedPastEvent"]
    dead += ["RejectSuperseded", "SupersededPriorToStart", "SupersededAfterStart"]
    alive = ["New", "Scheduled", "ReportStarted", "FutureSupersede", "Unheard", None]
    entries = [envelope(EventId=status, Status=status) for status in dead + alive]
    listed_now = [item.vendor_id for item in parse_envelopes(entries).items]
    assert listed_now == alive
    assert len(parse_envelopes(entries, with_dead=True).items) == len(entries)


caps = st.none() | st.integers(0, 9999)


@given(
    rule_ids,
    st.text("0123456789abcdef", min_size=1, max_size=12),
    st.sampled_from(Source),
    st.builds(
        Limits,
        max_import_w=caps,
        max_export_w=caps,
        max_charge_w=caps,
        max_discharge_w=caps,
        max_generation_va=caps,
    ).filter(Limits.as_dict)
    | st.none(),
)
def test_envelope_round_trip(
    rule_id: str, tag: str, source: Source, limits: Limits | None
) -> None:
    """All five caps are always sent, and the envelope is recognised as ours."""
    wanted = segment(
        rule_id=rule_id,
        action=Action.LIMIT if limits else Action.NO_CHARGE,
        start=NOW,
        duration=HOUR,
        limits=limits,
        source=source,
    )
    wanted = replace(wanted, tag=tag)
    call = envelope_call(SITE_A, wanted)
    assert call.body is not None
    # A name is taken for good: what is sent again for a rule needs one of its own.
    assert call.body["EventId"] == f"joulekeeper-{source}-{rule_id}-{tag}"
    assert len(call.body["EventId"]) <= 128
    assert all(type(value) is int for key, value in call.body.items() if "Max" in key)
    item = only_envelope(**call.body)
    assert (item.owner, item.source, item.rule_id) == (Owner.OWN, source, rule_id)
    # A cap that only forbids charging is just that.
    no_charge = limits in (None, Limits(max_charge_w=0))
    assert item.action is (Action.NO_CHARGE if no_charge else Action.LIMIT)
    assert holds(item, wanted)


@given(st.text(min_size=1, max_size=128))
def test_event_id_stays_one_part_of_the_path(event_id: str) -> None:
    """No name, however odd, can address anything but one envelope."""
    path = delete_envelope_call(only_envelope(EventId=event_id)).path
    start = "/Api/v2/OperatingEnvelope/By/EventId/"
    assert path.startswith(start)
    name = path.removeprefix(start)
    assert unquote(name) == event_id.strip()
    assert not set("/?#&\\ ") & set(name)


def test_mode_names() -> None:
    """Every mode that the cloud may tell has a word of ours, in any case."""
    told = (*CLOUD_MODES, *READ_ONLY_MODES)
    assert {mode_name(mode) for mode in told} == set(MODES)
    assert mode_name("CHARGEBATTERY") == "charge"
    assert mode_name("Dance") is mode_name(None) is None


def test_modes_that_somebody_has_asked_for() -> None:
    """What an inverter may come to by itself is nobody's order, nor is the unknown."""
    nobodys, unclear = {"Auto", "NoMode"}, {"Offgrid", "Hibernate", "Stop"}
    for mode in (*CLOUD_MODES, *READ_ONLY_MODES):
        expected = None if mode in unclear else mode not in nobodys
        assert is_forced(mode) is is_forced(mode.upper()) is expected, mode
    assert is_forced("Dance") is is_forced("") is is_forced(None) is None


def facts(fixture: str) -> tuple[Static, Configuration]:
    """Return what is known of the first inverter of a fixture."""
    site = FIXTURES[fixture][0]
    spec = site.inverters[0]
    return (
        Static.parse(payloads.static_data(site, [spec], NOW, "OK", NOW), spec.serial),
        Configuration.parse(payloads.configuration(spec, site)),
    )


def test_limits_of_an_inverter() -> None:
    """The lowest limit bounds, nominal or in force, and is named."""
    static, configuration = facts("A")
    device = inverter_capabilities(static, configuration, battery=True, portal=True)
    charge = device.support(Action.CHARGE)
    assert (charge.max_power_w, charge.power_limit) == (4600, "battery_charge_limit")
    assert device.support(Action.EXPORT).max_power_w == 5000
    assert device.base_mode_reset
    assert not device.supports(Action.LIMIT)

    lower = Configuration.parse(
        {"BatteryMaxChargePowerkW": 2.5, "SiteExportLimitkW": 1.5}
    )
    device = inverter_capabilities(static, lower, battery=True, portal=False)
    assert device.support(Action.CHARGE).max_power_w == 2500
    export = device.support(Action.EXPORT)
    assert (export.max_power_w, export.power_limit) == (1500, "site_export_limit")
    assert not device.base_mode_reset

    unknown = Static.parse({}, A)
    device = inverter_capabilities(unknown, None, battery=True, portal=False)
    assert device.support(Action.CHARGE).max_power_w == 10000


@pytest.mark.parametrize(
    ("fixture", "battery", "reason", "has_plan"),
    [
        (None, True, "not_known_yet", False),
        ("SI", False, "no_schedule_api", False),
        ("C", False, "no_battery", True),
    ],
)
def test_what_cannot_be_controlled(
    fixture: str | None, battery: bool, reason: str, has_plan: bool
) -> None:
    """Why, in a word; without a schedule API there is no plan to show either."""
    static, configuration = facts(fixture) if fixture else (None, None)
    device = inverter_capabilities(static, configuration, battery=battery, portal=True)
    assert not device.controllable
    assert device.unsupported_reason == reason
    assert device.has_plan is has_plan


def test_site_is_only_limited() -> None:
    """A site takes envelopes, and nothing that needs an inverter's mode."""
    site = site_capabilities()
    assert {action for action in Action if site.supports(action)} == {
        Action.LIMIT,
        Action.NO_CHARGE,
    }
