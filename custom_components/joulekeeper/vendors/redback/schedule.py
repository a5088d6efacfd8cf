"""Codec between our schedules and Redback's schedules and operating envelopes.

Sources: dossier sections 1.9 and 1.10, scheduling notes 2.3.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
import re
from typing import Any, Final
from urllib.parse import quote

from ...core.capabilities import ActionSupport, Capabilities, Support
from ...core.schedule import (
    DAY,
    Action,
    ItemStatus,
    Limits,
    Owner,
    Programme,
    ScheduleItem,
    Source,
    WeeklyWindow,
)
from ...core.timeline import Segment
from ..base import VendorCall
from ..parsing import integer, mapping, objects, text, timestamp
from .models import Configuration, Static

MODE_OF_ACTION: Final[dict[Action, str]] = {
    Action.AUTO: "Auto",
    Action.CHARGE: "ChargeBattery",
    Action.DISCHARGE: "DischargeBattery",
    Action.IMPORT: "ImportPower",
    Action.EXPORT: "ExportPower",
    Action.HOLD: "Conserve",
    Action.IDLE: "Conserve",
}
"""Conserve keeps the battery unused, so it is only near to `idle`."""

_ACTION_OF_MODE: Final[dict[str, Action]] = {
    "auto": Action.AUTO,
    "chargebattery": Action.CHARGE,
    "dischargebattery": Action.DISCHARGE,
    "importpower": Action.IMPORT,
    "exportpower": Action.EXPORT,
    "conserve": Action.HOLD,
}
"""Modes in lower case: other programs write them so (dossier 4.1, services)."""

_OTHER_MODES: Final = {
    "offgrid": "off_grid",
    "hibernate": "hibernate",
    "buypower": "buy_power",
    "sellpower": "sell_power",
    "forcechargebattery": "force_charge",
    "forcedischargebattery": "force_discharge",
    "nomode": "no_mode",
    "stop": "stop",
}

_SET_BY_SOMEBODY: Final = frozenset(
    {
        *(
            word
            for word, action in _ACTION_OF_MODE.items()
            if action is not Action.AUTO
        ),
        "buypower",
        "sellpower",
        "forcechargebattery",
        "forcedischargebattery",
    }
)
"""Modes that an inverter is in only because somebody has asked for them."""

_NOBODYS: Final = frozenset({"auto", "nomode"})
"""Modes that an inverter is in when nobody asks for anything.

In neither table are Offgrid, Hibernate and Stop: they can be asked for, or only be read,
but what brings them about is not described (dossier 3 and 1.9), and an inverter may get
there by itself, in a blackout, with an empty battery or by a fault. To offer a return to
auto would be wrong then.
"""

MODES: Final = (*dict.fromkeys(_ACTION_OF_MODE.values()), *_OTHER_MODES.values())
"""Every mode that an inverter may report, in our words."""

MAX_DURATION: Final = timedelta(minutes=7200)
"""The longest schedule that the existing integration meant to allow (dossier 4.1)."""

DEFAULT_MAX_POWER_W: Final = 10_000
"""Bound of the portal's own form, where the cloud tells no limit (dossier 2.2)."""

ACTS_WITHIN: Final = timedelta(seconds=60)
"""Telemetry comes once a minute, so a new mode shows 60 to 120 s after its start."""

ENVELOPE_LEAD: Final = timedelta(seconds=5)
"""An envelope whose start has passed is rejected (dossier 1.10)."""

NO_LIMIT: Final = 10_000
"""W or VA: what other programs send for a cap that is not wanted (dossier 1.10)."""

_MARKER: Final = re.compile(
    r"^joulekeeper (?P<source>[a-z]+) (?P<id>[0-9a-z]+)(?:: ?(?P<note>.*))?$", re.DOTALL
)
_EVENT_MARKER: Final = re.compile(
    r"^joulekeeper-(?P<source>[a-z]+)-(?P<id>[0-9a-z]+)(?:-[0-9a-z]+)?$"
)
_TIME_SPAN: Final = re.compile(
    r"^(?:(?P<days>\d{1,5})\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{2}):(?P<seconds>\d{2})"
    r"(?:\.(?P<fraction>\d{1,7}))?$"
)
_DAY_NAMES: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_DAY_GROUPS: Final = {
    "never": frozenset[int](),
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
    "everyday": frozenset(range(7)),
}
_SUNDAY_BIT_FIRST: Final = (6, 0, 1, 2, 3, 4, 5)

_STATUSES: Final = {
    "oldunreported": ItemStatus.FINISHED,
    "new": ItemStatus.NEW,
    "scheduled": ItemStatus.SCHEDULED,
    "cancelled": ItemStatus.CANCELLED,
    "reportstarted": ItemStatus.STARTED,
    "reportfinished": ItemStatus.FINISHED,
    "supersededpriortostart": ItemStatus.SUPERSEDED,
    "futuresupersede": ItemStatus.ENDING,
    "supersededafterstart": ItemStatus.SUPERSEDED,
    "futurecancel": ItemStatus.CANCELLED,
    "cancelledafterstart": ItemStatus.CANCELLED,
    "rejectedpastevent": ItemStatus.REJECTED,
    "rejectsuperseded": ItemStatus.REJECTED,
}
"""The life of an envelope (dossier 1.10), in our words."""

_DEAD: Final = frozenset(
    {
        ItemStatus.FINISHED,
        ItemStatus.CANCELLED,
        ItemStatus.SUPERSEDED,
        ItemStatus.REJECTED,
    }
)
"""Envelopes that rule nothing any more; they are not part of the plan."""


def mode_name(mode: str | None) -> str | None:
    """Return an inverter mode in our words, None for one that nobody has seen yet."""
    if mode is None:
        return None
    action = action_of(mode)
    return action.value if action else _OTHER_MODES.get(mode.casefold())


def action_of(mode: str | None) -> Action | None:
    """Return the action that an inverter mode stands for, None for one without."""
    return None if mode is None else _ACTION_OF_MODE.get(mode.casefold())


def is_forced(mode: str | None) -> bool | None:
    """Tell whether somebody must have asked for an inverter mode, None if unknown."""
    word = (mode or "").casefold()
    if word in _SET_BY_SOMEBODY:
        return True
    return False if word in _NOBODYS else None


def format_time_span(duration: timedelta) -> str:
    """Return a .NET TimeSpan with its day part: `1.02:00:00` is 26 hours."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}.{hours:02}:{minutes:02}:{seconds:02}"


def parse_time_span(value: Any) -> timedelta | None:
    """Read a .NET TimeSpan, with or without days and fraction."""
    if not isinstance(value, str) or (found := _TIME_SPAN.match(value.strip())) is None:
        return None
    return timedelta(
        days=int(found["days"] or 0),
        hours=int(found["hours"]),
        minutes=int(found["minutes"]),
        seconds=int(found["seconds"]),
        microseconds=int((found["fraction"] or "0").ljust(6, "0")[:6]),
    )


def parse_days(value: Any) -> frozenset[int]:
    """Read `DaysActive`: names, groups, lists of them, or bits from Sunday = 1.

    The dossier's contradiction (1.9) about the bits is settled by its own sums:
    weekdays are 62. An unknown name counts as no day.
    """
    if (bits := integer(value)) is not None:
        return frozenset(
            day for bit, day in enumerate(_SUNDAY_BIT_FIRST) if bits & (1 << bit)
        )
    days: set[int] = set()
    for name in (text(value) or "").casefold().split(","):
        key = name.strip()
        if key in _DAY_NAMES:
            days.add(_DAY_NAMES.index(key))
        else:
            days |= _DAY_GROUPS.get(key, frozenset())
    return frozenset(days)


def zones_of(raw: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the time zones that a schedule list mentions."""
    names = (
        text(entry.get("TimezoneIANA")) for entry in objects(raw.get("DailySchedules"))
    )
    return frozenset(name for name in names if name is not None)


def parse_schedules(raw: Mapping[str, Any], zones: Mapping[str, tzinfo]) -> Programme:
    """Read `Data` of a schedule list; an entry without times is left out.

    `zones` holds the time zones by name; a recurring window in a zone that is not
    there cannot be placed and is left out too.
    """
    items = (_parse_schedule(entry) for entry in objects(raw.get("Schedules")))
    windows = (
        _parse_daily(entry, zones) for entry in objects(raw.get("DailySchedules"))
    )
    return Programme(
        items=tuple(item for item in items if item is not None),
        recurring=tuple(window for window in windows if window is not None),
    )


def _parse_schedule(raw: Mapping[str, Any]) -> ScheduleItem | None:
    start = timestamp(raw.get("StartTimeUtc"))
    duration = parse_time_span(raw.get("Duration"))
    if start is None or not duration:
        return None
    mode = mapping(raw.get("DesiredMode"))
    vendor_mode = text(mode.get("InverterMode")) or ""
    notes = text(raw.get("UserNotes")) or ""
    marker = _MARKER.match(notes)
    return ScheduleItem(
        vendor_id=text(raw.get("ScheduleId")),
        action=action_of(vendor_mode),
        vendor_mode=vendor_mode,
        start=start,
        end=start + duration,
        power_w=integer(mode.get("ArgumentInWatts")),
        owner=Owner.OWN if marker else Owner.FOREIGN,
        rule_id=marker["id"] if marker else None,
        source=_source(marker["source"]) if marker else None,
        note=(marker["note"] or "") if marker else notes,
    )


def _parse_daily(
    raw: Mapping[str, Any], zones: Mapping[str, tzinfo]
) -> WeeklyWindow | None:
    start = parse_time_span(raw.get("StartTime"))
    duration = parse_time_span(raw.get("Duration"))
    zone = zones.get(text(raw.get("TimezoneIANA")) or "")
    if start is None or duration is None or zone is None:
        return None
    if start >= DAY or duration > 7 * DAY:
        return None
    mode = mapping(raw.get("DesiredMode"))
    vendor_mode = text(mode.get("InverterMode")) or ""
    return WeeklyWindow(
        action=action_of(vendor_mode),
        vendor_mode=vendor_mode,
        start=(datetime.min + start).time(),
        duration=duration,
        weekdays=parse_days(raw.get("DaysActive")),
        zone=zone,
        power_w=integer(mode.get("ArgumentInWatts")),
    )


def parse_envelopes(raw: list[Any], *, with_dead: bool = False) -> Programme:
    """Read the envelopes of a site; those that rule nothing are left out."""
    items = (_parse_envelope(entry) for entry in objects(raw))
    return Programme(
        items=tuple(
            item
            for item in items
            if item is not None and (with_dead or item.status not in _DEAD)
        )
    )


def _parse_envelope(raw: Mapping[str, Any]) -> ScheduleItem | None:
    start, end = timestamp(raw.get("StartAtUtc")), timestamp(raw.get("EndAtUtc"))
    if start is None or end is None or end <= start:
        return None
    event_id = text(raw.get("EventId"))
    marker = _EVENT_MARKER.match(event_id or "")
    if raw.get("IsNetworkLevel") is True:
        owner = Owner.NETWORK
    else:
        owner = Owner.OWN if marker else Owner.FOREIGN
    limits = Limits(
        max_import_w=_cap(raw.get("MaxImportPowerW")),
        max_export_w=_cap(raw.get("MaxExportPowerW")),
        max_charge_w=_cap(raw.get("MaxChargePowerW")),
        max_discharge_w=_cap(raw.get("MaxDischargePowerW")),
        max_generation_va=_cap(raw.get("MaxGenerationPowerVA")),
    )
    status = (text(raw.get("Status")) or "").casefold()
    return ScheduleItem(
        vendor_id=event_id,
        action=_action_of_limits(limits),
        vendor_mode="OperatingEnvelope",
        start=start,
        end=end,
        limits=limits,
        owner=owner,
        rule_id=marker["id"] if owner is Owner.OWN and marker else None,
        source=_source(marker["source"]) if marker else None,
        note="" if marker else event_id or "",
        status=_STATUSES.get(status),
        reported_start=timestamp(raw.get("ReportedStartUtc")),
        reported_end=timestamp(raw.get("ReportedFinishUtc")),
    )


def _cap(value: Any) -> int | None:
    watts = integer(value)
    return None if watts == NO_LIMIT else watts


def _action_of_limits(limits: Limits) -> Action:
    no_charge = limits.as_dict() == {"max_charge_w": 0}
    return Action.NO_CHARGE if no_charge else Action.LIMIT


def _all_caps(segment: Segment) -> Limits:
    wanted = segment.limits or Limits()
    if segment.action is Action.NO_CHARGE:
        wanted = Limits(max_charge_w=0)
    return Limits(**(dict.fromkeys(Limits.__slots__, NO_LIMIT) | wanted.as_dict()))


def _source(word: str) -> Source | None:
    return Source(word) if word in Source else None


def schedule_call(serial: str, segment: Segment) -> VendorCall:
    """Return the call that creates an inverter schedule."""
    note = f": {text(segment.note)}" if text(segment.note) else ""
    return VendorCall(
        "schedule create",
        "POST",
        "/Api/v2/Schedule/Create/By/SerialNumber",
        {
            "SerialNumber": serial,
            "UserNotes": f"joulekeeper {segment.source} {segment.rule_id}{note}",
            "StartTimeUtc": _instant(segment.start),
            "Duration": format_time_span(segment.duration),
            "DesiredMode": {
                "InverterMode": MODE_OF_ACTION[segment.action],
                "ArgumentInWatts": segment.power_w or 0,
            },
        },
    )


def delete_schedule_call(serial: str, item: ScheduleItem) -> VendorCall:
    """Return the call that deletes an inverter schedule."""
    return VendorCall(
        "schedule delete",
        "DELETE",
        f"/Api/v2/Schedule/By/SerialNumber/{serial}/{item.vendor_id}",
    )


def envelope_call(site_id: str, segment: Segment) -> VendorCall:
    """Return the call that creates an operating envelope.

    What a null cap means to the cloud is not known, so all five are always sent, and
    one that is not wanted gets the figure that others use for no limit (dossier 1.10).
    An event id is taken for good, even once its envelope is deleted, hence the tag.
    """
    caps = _all_caps(segment)
    event_id = f"joulekeeper-{segment.source}-{segment.rule_id}-{segment.tag}"
    return VendorCall(
        "envelope create",
        "POST",
        "/Api/v2/OperatingEnvelope/Create/By/Site",
        {
            "EventId": event_id,
            "SiteId": site_id,
            "StartAtUtc": _instant(segment.start),
            "EndAtUtc": _instant(segment.end),
            "MaxImportPowerW": caps.max_import_w,
            "MaxExportPowerW": caps.max_export_w,
            "MaxDischargePowerW": caps.max_discharge_w,
            "MaxChargePowerW": caps.max_charge_w,
            "MaxGenerationPowerVA": caps.max_generation_va,
        },
    )


def delete_envelope_call(item: ScheduleItem) -> VendorCall:
    """Return the call that deletes an operating envelope."""
    event_id = quote(item.vendor_id or "", safe="")
    path = f"/Api/v2/OperatingEnvelope/By/EventId/{event_id}"
    return VendorCall("envelope delete", "DELETE", path)


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def inverter_capabilities(
    static: Static | None,
    configuration: Configuration | None,
    *,
    battery: bool,
    portal: bool,
    zone: str | None = None,
) -> Capabilities:
    """Return what an inverter can express; limits in force bound the nominal ones."""
    if static is None:
        return Capabilities(unsupported_reason="not_known_yet", has_plan=False)
    if static.grid_tie_only:
        return Capabilities(unsupported_reason="no_schedule_api", has_plan=False)
    if not battery:
        return Capabilities(unsupported_reason="no_battery")

    def bounded(*limits: tuple[str, str]) -> ActionSupport:
        """Bound an action by the lowest of the named limits, nominal or in force."""
        known = [
            (limit, name)
            for field, name in limits
            for source in (static, configuration)
            if source is not None
            and (limit := getattr(source.limits, field)) is not None
        ]
        limit, name = min(known, default=(DEFAULT_MAX_POWER_W, "default_limit"))
        return ActionSupport(Support.NATIVE, None, int(limit), name)

    native = ActionSupport(Support.NATIVE)
    return Capabilities(
        actions={
            Action.CHARGE: bounded(("max_charge_w", "battery_charge_limit")),
            Action.DISCHARGE: bounded(("max_discharge_w", "battery_discharge_limit")),
            Action.IMPORT: bounded(("max_import_w", "inverter_import_limit")),
            Action.EXPORT: bounded(
                ("max_export_w", "inverter_export_limit"),
                ("site_export_limit_w", "site_export_limit"),
                ("export_hard_limit_w", "export_hard_limit"),
                ("export_soft_limit_w", "export_soft_limit"),
            ),
            Action.HOLD: native,
            Action.AUTO: native,
            Action.IDLE: ActionSupport(Support.APPROXIMATE, "idle_is_hold"),
        },
        unsupported_reason="site_only",
        granularity=timedelta(seconds=1),
        max_duration=MAX_DURATION,
        acts_within=ACTS_WITHIN,
        base_mode_reset=portal,
        zone=zone,
    )


def site_capabilities() -> Capabilities:
    """Return what a site can express: caps on its power, as operating envelopes."""
    native = ActionSupport(Support.NATIVE)
    return Capabilities(
        actions={Action.LIMIT: native, Action.NO_CHARGE: native},
        unsupported_reason="inverter_only",
        granularity=timedelta(seconds=1),
        max_duration=MAX_DURATION,
        lead_time=ENVELOPE_LEAD,
        acts_within=ACTS_WITHIN,
        takes_notes=False,
        no_limit=NO_LIMIT,
    )
