"""Lay a day of schedules in the calendar, as its owner would."""

from datetime import UTC, datetime, timedelta

from .api import Entity, HassApi

# summary, hours from now, hours that it lasts, how it comes again
EVENTS = (
    # What can be proved by day and by night, whatever the battery holds.
    ("Hold", 0, 2, None),
    ("Charge 2 kW to 95 %", 3, 2, None),
    ("Export 3 kW to 40 %", 7, 1.5, "FREQ=DAILY"),
)


async def lay_plan(api: HassApi, calendar: Entity) -> None:
    """Create the events; the first one runs at once."""
    now = datetime.now(UTC).replace(microsecond=0)
    for summary, ahead, hours, rrule in EVENTS:
        start = now + timedelta(hours=ahead)
        event = {
            "summary": summary,
            "dtstart": start.isoformat(),
            "dtend": (start + timedelta(hours=hours)).isoformat(),
        }
        if rrule is not None:
            event["rrule"] = rrule
        await api.command(
            "calendar/event/create", entity_id=calendar.entity_id, event=event
        )
