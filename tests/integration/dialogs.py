"""Home Assistant's calendar panel as a user sees it, for tests of the calendar."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..conftest import LogIn
from .conftest import EVENING, INVERTER, House, OpenHouse

FOLLOWING = "THISANDFUTURE"

type Event = dict[str, Any]


@dataclass
class Dialogs:
    """Home Assistant's calendar panel, open on the calendar of one device."""

    house: House
    connect: Callable[[], Awaitable[MockHAClientWebSocket]]
    browse: Callable[[], Awaitable[TestClient]]
    device: str = INVERTER

    @property
    def entity_id(self) -> str:
        """The calendar."""
        return self.house.entity_id("calendar", "plan", self.device)

    @property
    def on(self) -> bool:
        """Whether the calendar says that an event is on."""
        return self.house.value("calendar", "plan", self.device) == "on"

    @property
    def held(self) -> list[tuple[str, str, str]]:
        """What the cloud holds: start by the clock, duration, mode with its power."""
        return sorted(
            (
                f"{dt_util.as_local(parsed(item['StartTimeUtc'])):%m-%d %H:%M}",
                item["Duration"],
                " ".join(map(str, item["DesiredMode"].values())),
            )
            for item in self.house.cloud.schedules(INVERTER)
        )

    async def events(
        self, start: datetime | None = None, days: float = 7
    ) -> list[Event]:
        """Return what the panel shows."""
        start = start or dt_util.start_of_local_day()
        client = await self.browse()
        response = await client.get(
            f"/api/calendars/{self.entity_id}",
            params={
                "start": start.isoformat(),
                "end": (start + timedelta(days=days)).isoformat(),
            },
        )
        assert response.status == 200
        events: list[Event] = await response.json()
        return events

    async def event(self, **span: Any) -> Event:
        """Return the only event that the panel shows."""
        (event,) = await self.events(**span)
        return event

    async def create(
        self,
        summary: str,
        start: datetime | date,
        end: datetime | date | timedelta,
        **details: str,
    ) -> str | None:
        """Save a new event; return the error that the dialog shows, if any."""
        if isinstance(end, timedelta):
            end = start + end
        event = {"summary": summary, "dtstart": typed(start), "dtend": typed(end)}
        return await self._send("create", event=event | details)

    async def save(
        self, event: Event, recurrence_range: str = "", **changes: Any
    ) -> str | None:
        """Save an event that was opened and changed, with all that it showed."""
        data = {
            "summary": event["summary"],
            "description": event["description"],
            "dtstart": shown(event, "start"),
            "dtend": shown(event, "end"),
        }
        if event["rrule"] and recurrence_range == FOLLOWING:
            data["rrule"] = event["rrule"]
        data |= {
            key: typed(value) if isinstance(value, date) else value
            for key, value in changes.items()
        }
        return await self._send(
            "update",
            uid=event["uid"],
            recurrence_id=event["recurrence_id"] or "",
            recurrence_range=recurrence_range,
            event={key: value for key, value in data.items() if value is not None},
        )

    async def delete(self, event: Event, recurrence_range: str = "") -> str | None:
        """Delete an event that was opened."""
        return await self._send(
            "delete",
            uid=event["uid"],
            recurrence_id=event["recurrence_id"] or "",
            recurrence_range=recurrence_range,
        )

    async def _send(self, command: str, **data: Any) -> str | None:
        client = await self.connect()
        await client.send_json_auto_id(
            {
                "type": f"calendar/event/{command}",
                "entity_id": self.entity_id,
                **data,
            }
        )
        answer = await client.receive_json()
        await client.close()
        await self.house.hass.async_block_till_done()
        if answer["success"]:
            return None
        assert answer["error"]["code"] in ("failed", "not_supported"), answer
        error: str = answer["error"]["message"]
        return error


def typed(moment: datetime | date) -> str:
    """Return a time as the dialog sends it: by the clock, without a zone."""
    if isinstance(moment, datetime):
        return dt_util.as_local(moment).replace(tzinfo=None).isoformat()
    return moment.isoformat()


def shown(event: Event, key: str) -> str:
    """Return a time of an event as the dialog hands it back."""
    if "date" in event[key]:
        day: str = event[key]["date"]
        return day
    return typed(parsed(event[key]["dateTime"]))


def parsed(text: str) -> datetime:
    """Return an instant."""
    moment = dt_util.parse_datetime(text)
    assert moment is not None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt_util.UTC)


def lines(event: Event) -> list[str]:
    """Return the lines of a description."""
    text: str = event["description"]
    return text.splitlines()


def times(events: list[Event]) -> list[str]:
    """Return when events start, by the clock."""
    return [
        f"{datetime.fromisoformat(shown(event, 'start')):%m-%d %H:%M}"
        for event in events
    ]


def wall(text: str, year: int = 2026) -> datetime:
    """Return the time at which the clock shows month, day, hour and minute."""
    naive = datetime.strptime(f"{year}-{text}", "%Y-%m-%d %H:%M")
    return naive.replace(tzinfo=dt_util.get_default_time_zone())


def as_the_dialog_sends(event: Event, start: datetime | date) -> str:
    """Return the repetition of an event that the dialog sends with another start.

    That of its frontend 20260930.5, `ha-recurrence-rule-editor`: it reads any end for
    UTC, keeps only its day by the clock of Home Assistant, and sends that day with the
    time of the new start. A single day of the week becomes that of the new start.
    """
    parts = dict(part.split("=") for part in event["rrule"].split(";"))
    timed = isinstance(start, datetime)
    local = dt_util.as_local(start) if timed else start
    sent = {"FREQ": parts["FREQ"]}
    sent |= {key: parts[key] for key in ("INTERVAL", "COUNT") if key in parts}
    if sent["FREQ"] == "WEEKLY":
        days = parts.get("BYDAY", "").split(",")
        if len(days) < 2:
            days = [("MO", "TU", "WE", "TH", "FR", "SA", "SU")[local.weekday()]]
        sent["BYDAY"] = ",".join(days)
    if until := parts.get("UNTIL"):
        read = datetime.strptime(until.removesuffix("Z"), "%Y%m%dT%H%M%S")
        day = dt_util.as_local(read.replace(tzinfo=ZoneInfo("UTC"))).date()
        sent["UNTIL"] = f"{day:%Y%m%d}" + (f"T{local:%H%M%S}" if timed else "")
    return ";".join(f"{key}={value}" for key, value in sent.items())


async def sleep(house: House, duration: timedelta) -> None:
    """Let a long time pass at once, as when the machine sleeps."""
    house.freezer.tick(duration)
    await house.pass_time(timedelta(minutes=2))


type OpenDialogs = Callable[..., Awaitable[Dialogs]]


@pytest.fixture(name="open_dialogs")
def open_dialogs_fixture(
    hass: HomeAssistant,
    open_house: OpenHouse,
    hass_ws_client: WebSocketGenerator,
    hass_client: ClientSessionGenerator,
    log_in: LogIn,
) -> OpenDialogs:
    """Return what opens a house in a time zone, and the calendar panel on it."""

    async def open_them(
        *, zone: str = "Australia/Brisbane", device: str = INVERTER, **options: Any
    ) -> Dialogs:
        await hass.config.async_set_time_zone(zone)
        house = await open_house(**{"fixture": "A", "now": EVENING} | options)

        async def connect() -> MockHAClientWebSocket:
            return await hass_ws_client(hass, await log_in())

        async def browse() -> TestClient:
            return await hass_client(await log_in())

        # No route can be added once the web server runs.
        await (await connect()).close()
        return Dialogs(house, connect, browse, device)

    return open_them


@pytest.fixture(name="dialogs")
async def dialogs_fixture(open_dialogs: OpenDialogs) -> Dialogs:
    """Return the panel on the inverter's calendar, at nine on a Friday evening."""
    return await open_dialogs()
