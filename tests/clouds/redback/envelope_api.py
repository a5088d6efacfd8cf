"""Operating envelope endpoints (1.3, 1.10, 6.7)."""

from datetime import timedelta
from typing import Any

from aiohttp import web

from ..faults import Fault
from ..server import Call, Route
from .accounts import Account
from .context import Context, json_body
from .envelopes import LIMITS, Envelope
from .errors import ApiError, multiple, single
from .timespan import parse_time

_BASE = "/Api/v2/OperatingEnvelope"
_KEPT = timedelta(days=7)


class EnvelopeApi:
    """Create, list, delete."""

    def __init__(self, context: Context) -> None:
        """Serve what `context` holds."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        return [
            Route(
                "POST",
                f"{_BASE}/Create/By/Site",
                "envelope_create",
                guard(self._create),
            ),
            Route(
                "POST",
                f"{_BASE}/Create/Multiple/By/Site",
                "envelope_create_multiple",
                guard(self._create_multiple),
            ),
            Route(
                "GET", f"{_BASE}/By/Site/{{site}}", "envelopes", guard(self._list_site)
            ),
            Route(
                "GET",
                f"{_BASE}/By/EventId/{{event}}",
                "envelopes_event",
                guard(self._list_event),
            ),
            Route(
                "DELETE",
                f"{_BASE}/By/EventId/{{event}}",
                "envelope_delete",
                guard(self._delete),
            ),
            Route("DELETE", f"{_BASE}/All", "envelope_delete_all", guard(self._delete)),
        ]

    async def _list_site(self, call: Call, account: Account) -> web.Response:
        self._context.site(account, call.args["site"])
        return self._listed(call, [call.args["site"]], None)

    async def _list_event(self, call: Call, account: Account) -> web.Response:
        return self._listed(call, list(account.sites()), call.args["event"])

    def _listed(
        self, call: Call, sites: list[str], event_id: str | None
    ) -> web.Response:
        now = self._context.now()
        try:
            past = timedelta(hours=int(call.request.query.get("pastHours", 0)))
        except ValueError:
            raise ApiError(400, "pastHours", "The value is not valid.") from None
        return multiple(
            [
                item.payload(now)
                for site in sites
                for item in self._context.envelopes[site].items
                if item.end > now - min(past, _KEPT)
                and event_id in (None, item.event_id)
                and (self._context.behaviour.cancelled_listed or item.cancelled is None)
            ]
        )

    async def _create(self, call: Call, account: Account) -> web.Response:
        return single(self._take(call, account, await json_body(call)))

    async def _create_multiple(self, call: Call, account: Account) -> web.Response:
        body = await json_body(call)
        if not isinstance(body, list):
            raise ApiError(400, "$", "An array is expected.")
        return multiple([self._take(call, account, item) for item in body])

    def _take(self, call: Call, account: Account, body: Any) -> dict[str, Any]:
        """Create one; what is wrong is told in ErrorMessage, with 200."""
        if not isinstance(body, dict):
            raise ApiError(400, "$", "An object is expected.")
        now, site_id = self._context.now(), body.get("SiteId")
        answer = {
            "SiteId": site_id,
            "Nmi": None,
            "EventId": body.get("EventId"),
            "ErrorMessage": None,
        }
        inverters = account.sites().get(str(site_id))
        if not inverters:
            return answer | {"ErrorMessage": "Site not found"}
        event_id = body.get("EventId")
        if not isinstance(event_id, str) or not 1 <= len(event_id) <= 128:
            return answer | {"ErrorMessage": "EventId must have 1 to 128 characters"}
        limits = {name: body.get(name) for name in LIMITS}
        if any(
            limit is not None and (type(limit) is not int or limit < 0)
            for limit in limits.values()
        ):
            raise ApiError(400, "Max*", "Not an integer.")
        try:
            start, end = parse_time(body["StartAtUtc"]), parse_time(body["EndAtUtc"])
        except KeyError, TypeError, ValueError:
            raise ApiError(400, "StartAtUtc", "The value is not valid.") from None
        if end <= start:
            return answer | {"ErrorMessage": "EndAtUtc must be after StartAtUtc"}
        grace = timedelta(seconds=self._context.behaviour.past_grace_s)
        for inverter in inverters:
            inverter.advance(now)
        envelope = Envelope(
            event_id=event_id,
            site_id=inverters[0].site.site_id,
            start=start,
            end=end,
            limits=limits,
            created=now,
            rejected=start < now - grace,
        )
        if not call.fault(Fault.IGNORED):
            self._context.envelopes[envelope.site_id].add(envelope)
        if envelope.rejected:
            return answer | {"ErrorMessage": "The event starts in the past"}
        return answer

    async def _delete(self, call: Call, account: Account) -> web.Response:
        now, event_id = self._context.now(), call.args.get("event")
        ignored = call.fault(Fault.IGNORED)
        found = 0
        for site_id, inverters in account.sites().items():
            for inverter in inverters:
                inverter.advance(now)
            if not ignored:
                found += self._context.envelopes[site_id].cancel(event_id, now)
        if event_id is not None and not found and not ignored:
            raise ApiError(404, "EventId", "Not found.")
        return single(True)
