"""What tests of the keeper ask and assert."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from .conftest import INVERTER, House

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WRITES = (
    "schedule_create",
    "schedule_delete",
    "envelope_create",
    "envelope_delete",
    "portal_set_mode",
)


class Item(NamedTuple):
    """What the cloud will do, and from when to when, in minutes from an instant."""

    mode: str
    start: float
    end: float


def soon(minutes: float = 30) -> str:
    """Return an instant ahead, as an automation would give it."""
    return (dt_util.utcnow() + minutes * MINUTE).replace(microsecond=0).isoformat()


def writes(house: House) -> int:
    """Return how many times something was written to the cloud."""
    return sum(house.cloud.requests.count(label) for label in WRITES)


def items(house: House, since: datetime, device: str = INVERTER) -> list[Item]:
    """Return what the cloud holds, earliest first, in whole minutes since an instant.

    No two of them may share any time.
    """
    held = sorted(
        house.cloud.inverter(device).plan.schedules, key=lambda item: item.start
    )
    held = [item for item in held if item.end > dt_util.utcnow()]
    assert all(first.end <= second.start for first, second in pairwise(held)), held
    return [
        Item(
            item.wish.mode,
            round((item.start - since) / MINUTE),
            round((item.end - since) / MINUTE),
        )
        for item in held
    ]


def running(house: House, device: str = INVERTER) -> str:
    """Return the mode that the inverter is in at this instant."""
    return house.cloud.inverter(device).plan.at(dt_util.utcnow()).mode


async def log(
    house: House, schedule_id: str | None = None, device: str = INVERTER, **data: Any
) -> list[dict[str, Any]]:
    """Return what happened, or what happened to one schedule."""
    results = await house.act("get_log", device, **data)
    (entries,) = (result["log"] for result in results if result["device"] == device)
    return [entry for entry in entries if schedule_id in (None, entry["schedule_id"])]


async def story(
    house: House, schedule_id: str | None = None, device: str = INVERTER
) -> list[str]:
    """Return the names of what happened, in order."""
    return [entry["event"] for entry in await log(house, schedule_id, device)]


async def occurrences(house: House, schedule_id: str) -> list[dict[str, Any]]:
    """Return what became of a rule, by the list that the action returns."""
    inverter, *_ = await house.act("list_schedules")
    return [
        occurrence
        for rule in inverter["rules"]
        if rule["schedule_id"] == schedule_id
        for occurrence in rule["occurrences"]
    ]


def told(house: House, device: str = INVERTER) -> list[dict[str, Any]]:
    """Return the list to which every event of a device's plan will be added."""
    heard: list[dict[str, Any]] = []

    @callback
    def hear(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            heard.append(dict(state.attributes))

    entity_id = house.entity_id("event", "plan", device)
    async_track_state_change_event(house.hass, entity_id, hear)
    return heard


def issues(house: House) -> dict[str, ir.IssueEntry]:
    """Return our issues by the key of their texts."""
    return {
        issue.translation_key or "": issue
        for (domain, _), issue in ir.async_get(house.hass).issues.items()
        if domain == DOMAIN and issue.active
    }


def instant(text: str) -> datetime:
    """Return an instant of response data."""
    return datetime.fromisoformat(text).astimezone(UTC)
