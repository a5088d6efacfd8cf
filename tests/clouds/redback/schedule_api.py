"""Schedule endpoints (1.9, 6.6)."""

from datetime import timedelta
from typing import Any

from aiohttp import web

from ..faults import Fault
from ..server import Call, Route
from .accounts import Account
from .context import Context, json_body
from .errors import ApiError, single
from .inverter import Inverter
from .schedules import MODES, DesiredMode, Schedule
from .timespan import parse_time, parse_timespan

_BASE = "/Api/v2/Schedule"


class ScheduleApi:
    """List, create and delete. There is no update."""

    def __init__(self, context: Context) -> None:
        """Serve what `context` holds."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        listed, one = guard(self._list), guard(self._one)
        create, delete = guard(self._create), guard(self._delete)
        serial = f"{_BASE}/By/SerialNumber/{{sn}}"
        site = f"{_BASE}/By/Site/{{site}}"
        return [
            Route("POST", f"{_BASE}/Create/By/SerialNumber", "schedule_create", create),
            Route("POST", f"{_BASE}/Create", "schedule_create_site", create),
            Route("GET", serial, "schedules", listed),
            Route("GET", site, "schedules_site", listed),
            Route("GET", f"{serial}/{{id}}", "schedule", one),
            Route("GET", f"{site}/{{id}}", "schedule", one),
            Route("DELETE", f"{serial}/{{id}}", "schedule_delete", delete),
            Route("DELETE", f"{site}/{{id}}", "schedule_delete", delete),
        ]

    def _inverter(self, account: Account, call: Call) -> Inverter:
        """Return the addressed inverter, run up to now."""
        if "sn" in call.args:
            inverter = self._context.inverter(account, call.args["sn"])
        else:
            inverter = self._context.site(account, call.args["site"])[0]
        return self._ready(inverter)

    def _ready(self, inverter: Inverter) -> Inverter:
        behaviour = self._context.behaviour
        if not inverter.spec.schedulable:
            raise ApiError(
                behaviour.no_schedules_status, "SerialNumber", "Not supported."
            )
        # What was commanded until now must have happened before it changes.
        inverter.advance(self._context.now())
        return inverter

    async def _list(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(account, call)
        stale = call.request.query.get("includeStale", "").lower() == "true"
        behaviour, serial = self._context.behaviour, inverter.spec.serial
        daily = [d.payload(serial, behaviour) for d in inverter.plan.daily]
        items = [
            item.payload(behaviour)
            for item in inverter.plan.listed(self._context.now(), stale=stale)
        ]
        if "site" in call.args:
            for item in items:
                del item["SerialNumber"]
            for item in daily:
                del item["SerialNumber"]
                item["SiteId"] = inverter.site.site_id
        return single({"DailySchedules": daily, "Schedules": items})

    async def _one(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(account, call)
        item = inverter.plan.find(call.args["id"])
        if item is None:
            raise ApiError(self._context.behaviour.second_delete_status)
        return single(item.payload(self._context.behaviour))

    async def _create(self, call: Call, account: Account) -> web.Response:
        body = await json_body(call)
        if not isinstance(body, dict):
            raise ApiError(400, "$", "An object is expected.")
        # Newtonsoft's binder does not mind the case of names.
        fields = {name.lower(): value for name, value in body.items()}
        if call.label == "schedule_create":
            serial = str(fields.get("serialnumber"))
            inverter = self._context.inverter(account, serial, 400)
        else:
            inverter = self._context.site(account, str(fields.get("siteid")))[0]
        self._ready(inverter)
        schedule = self._parse(inverter, fields)
        behaviour, now = self._context.behaviour, self._context.now()
        if schedule.duration <= timedelta(0) or schedule.end <= now:
            raise ApiError(400, "Duration", "The schedule ends before it starts.")
        if behaviour.past_start == "refuse" and schedule.start < now - timedelta(
            minutes=1
        ):
            raise ApiError(400, "StartTimeUtc", "The start is in the past.")
        if behaviour.overlap == "refuse" and any(
            schedule.overlaps(other) for other in inverter.plan.listed(now)
        ):
            raise ApiError(400, "StartTimeUtc", "Another schedule is in the way.")
        if late := call.fault(Fault.LATE):
            schedule.shown_from = now + timedelta(seconds=late.options["seconds"])
        ignored = call.fault(Fault.IGNORED)
        schedule.obeyed = ignored is None
        if ignored is None or ignored.options.get("listed"):
            inverter.plan.add(schedule)
        else:
            inverter.plan.register(schedule)
        return single({"ScheduleId": schedule.schedule_id})

    def _parse(self, inverter: Inverter, fields: dict[str, Any]) -> Schedule:
        wish = fields.get("desiredmode")
        if not isinstance(wish, dict):
            raise ApiError(400, "DesiredMode", "The DesiredMode field is required.")
        try:
            start = parse_time(fields["starttimeutc"])
        except KeyError, TypeError, ValueError:
            raise ApiError(400, "StartTimeUtc", "The value is not valid.") from None
        try:
            duration = parse_timespan(fields["duration"])
        except KeyError, TypeError, AttributeError, ValueError:
            raise ApiError(400, "Duration", "The value is not valid.") from None
        wish = {name.lower(): value for name, value in wish.items()}
        notes = fields.get("usernotes")
        if not isinstance(notes, str | None):
            raise ApiError(400, "UserNotes", "Not a string.")
        watts = wish.get("argumentinwatts", 0)
        if watts is None:
            watts = 0
        if not isinstance(watts, int) or isinstance(watts, bool):
            raise ApiError(400, "DesiredMode.ArgumentInWatts", "Not an integer.")
        return Schedule(
            serial=inverter.spec.serial,
            site_id=inverter.site.site_id,
            start=start,
            duration=duration,
            wish=DesiredMode(self._mode(wish.get("invertermode")), watts),
            notes=notes,
        )

    def _mode(self, name: object) -> str:
        """Return the mode as the vendor spells it; NoMode and Stop are refused."""
        for mode in MODES:
            if name == mode or (
                self._context.behaviour.modes_ignore_case
                and isinstance(name, str)
                and name.lower() == mode.lower()
            ):
                return mode
        raise ApiError(400, "DesiredMode.InverterMode", f"'{name}' is not supported.")

    async def _delete(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(account, call)
        item = inverter.plan.find(call.args["id"])
        if item is None or item not in inverter.plan.listed(
            self._context.now(), stale=True
        ):
            raise ApiError(
                self._context.behaviour.second_delete_status, "ScheduleId", "Not found."
            )
        if not call.fault(Fault.IGNORED):
            inverter.plan.schedules.remove(item)
        return single(True)
