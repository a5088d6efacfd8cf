"""The portal: cookie login, anti-forgery tokens, base mode, panel facts (2, 6.8).

An anti-forgery pair is a cookie and a form field that belong together, and to the
user for whom the page was made: the login page's token does not pass once logged
in. A wrong pair is a 500, as MVC's HttpAntiForgeryException.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote
import uuid

from aiohttp import web

from ..clock import Clock
from ..faults import Fault
from ..server import Call, Handler, Route, html
from .accounts import Account
from .behaviour import Behaviour
from .schedules import PORTAL_MODES, DesiredMode

APP_COOKIE = ".AspNet.ApplicationCookie"
FORGERY = "__RequestVerificationToken"
_DIRECTIONS = ("None", "N", "E", "W", "S", "NE", "NW", "SE", "SW")
_MAX_W = 10000


@dataclass(slots=True)
class _Session:
    account: Account
    expires: datetime


class Portal:
    """The portal of one cloud."""

    def __init__(
        self, clock: Clock, behaviour: Behaviour, accounts: list[Account]
    ) -> None:
        """Serve `accounts`."""
        self._clock = clock
        self._behaviour = behaviour
        self._accounts = accounts
        self._sessions: dict[str, _Session] = {}
        self._pairs: dict[str, tuple[str, Account | None]] = {}

    def drop_sessions(self) -> None:
        """Log everybody off."""
        self._sessions.clear()

    def routes(self) -> list[Route]:
        """Return the pages."""
        page = self._page
        return [
            Route("GET", "/Account/Login", "portal_login_page", self._login_page),
            Route("POST", "/Account/Login", "portal_login", self._login),
            Route("GET", "/Account/LogOff", "portal_logoff", self._logoff),
            Route("GET", "/ui", "portal_home", page(self._home)),
            Route(
                "GET",
                "/productcontrol/Configure",
                "portal_control",
                page(self._control),
            ),
            Route("POST", "/productcontrol/Index", "portal_set_mode", self._set_mode),
            Route(
                "GET",
                "/installationdetails/Configure",
                "portal_installation",
                page(self._installation),
            ),
        ]

    # -- login -----------------------------------------------------------------

    def _forgery(self, request: web.Request, user: Account | None) -> tuple[str, str]:
        """Return (form token, cookie) for a page; a known cookie is kept."""
        cookie = request.cookies.get(FORGERY) or uuid.uuid4().hex
        token = uuid.uuid4().hex + uuid.uuid4().hex
        self._pairs[token] = (cookie, user)
        return token, cookie

    def _forged(
        self, request: web.Request, token: str | None, user: Account | None
    ) -> bool:
        pair = self._pairs.get(token or "")
        return pair is None or pair != (request.cookies.get(FORGERY), user)

    def _form_page(
        self,
        request: web.Request,
        user: Account | None,
        text: str,
    ) -> web.Response:
        """Return a page with `{token}` filled in, and its cookie set."""
        token, cookie = self._forgery(request, user)
        hidden = f'<input name="{FORGERY}" type="hidden" value="{token}" />'
        response = html(text.replace("{token}", hidden))
        response.set_cookie(FORGERY, cookie, path="/", httponly=True)
        return response

    def _login_form(self, request: web.Request, note: str = "") -> web.Response:
        return self._form_page(
            request,
            None,
            "<!DOCTYPE html><html><head><title>Log in</title></head><body>"
            '<form action="/Account/Login" class="login-form" method="post">{token}'
            f'<div class="validation-summary-errors">{note}</div>'
            '<input id="Email" name="Email" type="text" value="" />'
            '<input id="Password" name="Password" type="password" />'
            '<input name="RememberMe" type="checkbox" value="true" />'
            '<input name="RememberMe" type="hidden" value="false" />'
            '<button type="submit">Log in</button></form></body></html>',
        )

    async def _login_page(self, call: Call) -> web.Response:
        return self._login_form(call.request)

    async def _login(self, call: Call) -> web.Response:
        form: Any = await call.request.post()
        if self._forged(call.request, form.get(FORGERY), None):
            return _forgery_error()
        account = next(
            (
                a
                for a in self._accounts
                if a.portal_email.lower() == str(form.get("Email", "")).lower()
                and a.portal_password == form.get("Password")
            ),
            None,
        )
        if account is None:
            return self._login_form(call.request, "Invalid login attempt.")
        key = uuid.uuid4().hex
        life = timedelta(seconds=self._behaviour.portal_session_s)
        self._sessions[key] = _Session(account, self._clock() + life)
        target = call.request.query.get("ReturnUrl", "/ui/")
        response = web.Response(status=302, headers={"Location": target})
        response.set_cookie(APP_COOKIE, key, path="/", httponly=True)
        return response

    async def _logoff(self, call: Call) -> web.Response:
        self._sessions.pop(call.request.cookies.get(APP_COOKIE, ""), None)
        response = web.Response(status=302, headers={"Location": "/Account/Login"})
        response.del_cookie(APP_COOKIE, path="/")
        return response

    def _user(self, request: web.Request) -> Account | None:
        """Return who is logged in; the session slides with each use."""
        session = self._sessions.get(request.cookies.get(APP_COOKIE, ""))
        now = self._clock()
        if session is None or session.expires <= now:
            return None
        session.expires = now + timedelta(seconds=self._behaviour.portal_session_s)
        return session.account

    def _page(self, handler: Any) -> Handler:
        """Wrap a page: not logged in is a redirect to the login."""

        async def wrapped(call: Call) -> web.Response:
            user = self._user(call.request)
            if user is None:
                return _to_login(call.request)
            response: web.Response = await handler(call, user)
            return response

        return wrapped

    # -- pages -----------------------------------------------------------------

    async def _home(self, call: Call, user: Account) -> web.Response:
        return html("<!DOCTYPE html><html><body><div id=app></div></body></html>")

    async def _control(self, call: Call, user: Account) -> web.Response:
        serial = call.request.query.get("serialNumber", "")
        inverter = user.inverters.get(serial)
        if inverter is None:
            return html("<h2>Not found</h2>", 404)
        options = "".join(f"<option>{mode}</option>" for mode in PORTAL_MODES)
        return self._form_page(
            call.request,
            user,
            f"<!DOCTYPE html><html><body><h1>{escape(serial)}</h1>"
            '<form id="GlobalAntiForgeryToken" action="#" method="post">{token}</form>'
            f'<select id="InverterMode">{options}</select></body></html>',
        )

    async def _set_mode(self, call: Call) -> web.Response:
        """Set the base mode, without an end (2.2)."""
        request = call.request
        user = self._user(request)
        if user is None:
            if self._behaviour.expired_xhr == "unauthorized":
                return web.Response(status=401)
            return _to_login(request)
        form: Any = await request.post()
        if self._forged(request, form.get(FORGERY), user):
            return _forgery_error()
        inverter = user.inverters.get(form.get("SerialNumber", ""))
        mode = form.get("InverterOperation[Mode]")
        watts = form.get("InverterOperation[PowerInWatts]", "")
        if (
            request.headers.get("X-Requested-With") != "XMLHttpRequest"
            or inverter is None
            or form.get("InverterOperation[Type]") != "Set"
            or mode not in PORTAL_MODES
            or not watts.isdigit()
            or int(watts) > _MAX_W
            or form.get("RossVersion") != inverter.spec.software
        ):
            return html("<h2>Bad request</h2>", 400)
        inverter.advance(self._clock())
        if not call.fault(Fault.IGNORED):
            inverter.plan.base = DesiredMode(mode, int(watts))
        if self._behaviour.mode_answer == "json":
            return web.json_response({"Success": True})
        return web.Response(text="OK")

    async def _installation(self, call: Call, user: Account) -> web.Response:
        inverter = user.inverters.get(call.request.query.get("serialNumber", ""))
        if inverter is None:
            return html("<h2>Not found</h2>", 404)
        groups = "".join(
            f'<input id="SolarPanels_{n}__PVSize" name="SolarPanels[{n}].PVSize" '
            f'type="text" value="{size}" />'
            + _select(
                f"SolarPanels_{n}__NumberOfPanels", map(str, range(1, 41)), panels
            )
            + _select(f"SolarPanels_{n}__PanelDirection", _DIRECTIONS, direction)
            for n, (size, panels, direction) in enumerate(inverter.spec.panel_facts)
        )
        return self._form_page(
            call.request,
            user,
            "<!DOCTYPE html><html><body>"
            '<form id="form" action="/installationdetails/Configure" method="post">'
            f"{{token}}{groups}</form></body></html>",
        )


def _select(name: str, values: Any, chosen: str) -> str:
    options = "".join(
        f'<option selected="selected" value="{value}">{value}</option>'
        if value == chosen
        else f'<option value="{value}">{value}</option>'
        for value in values
    )
    return (
        '<div class="form-group rb-selectbox">'
        f'<select id="{name}">{options}</select></div>'
    )


def _to_login(request: web.Request) -> web.Response:
    target = quote(request.path_qs, safe="")
    return web.Response(
        status=302, headers={"Location": f"/Account/Login?ReturnUrl={target}"}
    )


def _forgery_error() -> web.Response:
    return html("<h1>Server Error in '/' Application.</h1>", 500)
