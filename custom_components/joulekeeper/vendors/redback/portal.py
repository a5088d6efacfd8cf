"""The Redback portal: pages behind a cookie login (dossier section 2).

It is optional and only adds what the API lacks: the mode outside schedules, and the
panels at each MPPT input. Every use logs in afresh, for how long a login lasts is not
known.
"""

import asyncio
from dataclasses import dataclass, field
import re
from typing import Any, Final

from bs4 import BeautifulSoup, Tag

from ...core.errors import AuthError, OptionAuthError, TransientError
from ..base import CONF_BASE_URL, Connection
from ..http import HttpClient, Response
from ..parsing import integer, required, scaled, text
from .models import PanelGroup, Panels

CONF_PORTAL: Final = "portal"
"""The option, and the section of the credentials form."""
CONF_PORTAL_EMAIL: Final = "portal_email"
CONF_PORTAL_PASSWORD: Final = "portal_password"

PORTAL_URL: Final = "https://portal.redbacktech.com"

_KILO: Final = 1000
_LOGIN_PATH: Final = "/Account/Login"
_LOGIN_FORM: Final = "form.login-form"
_TOKEN_FORM: Final = "form#GlobalAntiForgeryToken"
_TOKEN_FIELD: Final = "__RequestVerificationToken"
_NO_TOKEN: Final = "portal: anti-forgery token"
_LOGIN_LOST: Final = "portal: the login did not last"
_LOGIN_COOKIE: Final = ".AspNet.ApplicationCookie"
_PANEL_SIZE: Final = re.compile(r"^SolarPanels_(\d+)__PVSize$")


class Portal:
    """One portal account. Uses of it follow each other, for they share the cookies."""

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first use."""
        self._session = connection.cookie_session()
        self.http = HttpClient(self._session, connection.clock)
        self._email = connection.credentials[CONF_PORTAL_EMAIL]
        self._password = connection.credentials[CONF_PORTAL_PASSWORD]
        self._base_url = connection.credentials.get(CONF_BASE_URL) or PORTAL_URL
        self._lock = asyncio.Lock()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        cookies = (cookie.value for cookie in self._session.cookie_jar)
        return (self._email, self._password, *filter(None, cookies))

    def close(self) -> None:
        """Let the session go; its connections belong to somebody else."""
        self._session.detach()

    async def check_login(self) -> None:
        """Log in; OptionAuthError when the e-mail or the password is refused."""
        async with self._lock:
            await self._login()

    async def panels(self, serial: str) -> Panels:
        """Return the panel groups of an inverter (dossier 2.3)."""
        async with self._lock:
            await self._login()
            page = await self._page("/installationdetails/Configure", serial)
        return required(page.panels, "portal: installation form")

    async def set_auto(self, serial: str, software_version: str | None) -> None:
        """Set the mode that rules outside schedules to Auto (dossier 2.2).

        The mode stays until changed. What the portal answers is not known, so the only
        proof is the mode that the inverter reports later.
        """
        async with self._lock:
            await self._login()
            path = "/productcontrol/Configure"
            page = await self._page(path, serial)
            answer = await self._use(
                "POST",
                "/productcontrol/Index",
                repeatable=False,
                headers={
                    "X-Requested-With": "XMLHttpRequest",
                    "Referer": f"{self._base_url}{path}?serialNumber={serial}",
                },
                data={
                    "SerialNumber": serial,
                    "AppliedTariffId": "",
                    "InverterOperation[Type]": "Set",
                    "InverterOperation[Mode]": "Auto",
                    "InverterOperation[PowerInWatts]": "0",
                    "InverterOperation[AppliedTarrifId]": "",
                    "ProductModelName": "",
                    "RossVersion": software_version or "",
                    _TOKEN_FIELD: required(page.form_token, _NO_TOKEN),
                },
            )
            await self._logged_in(answer)

    async def _login(self) -> None:
        try:
            await self._send_login()
        except AuthError as error:
            raise OptionAuthError(str(error), CONF_PORTAL) from error

    async def _send_login(self) -> None:
        self._session.cookie_jar.clear()
        page = await read_page(await self._request("GET", _LOGIN_PATH))
        answer = await self._request(
            "POST",
            _LOGIN_PATH,
            repeatable=False,
            headers={"Referer": f"{self._base_url}/ui/"},
            data={
                "Email": self._email,
                "Password": self._password,
                _TOKEN_FIELD: required(page.login_token, _NO_TOKEN),
            },
        )
        cookies = {cookie.key for cookie in self._session.cookie_jar}
        # The portal answers 200 to a wrong password, with the form once more.
        if _LOGIN_COOKIE not in cookies or (await read_page(answer)).is_login:
            raise OptionAuthError("portal: login refused", CONF_PORTAL)

    async def _page(self, path: str, serial: str) -> Page:
        answer = await self._use("GET", path, params={"serialNumber": serial})
        return await self._logged_in(answer)

    async def _logged_in(self, answer: Response) -> Page:
        page = await read_page(answer)
        if page.is_login:
            raise TransientError(_LOGIN_LOST)
        return page

    async def _request(self, method: str, path: str, **options: Any) -> Response:
        return await self.http.request(
            method, f"{self._base_url}{path}", label="portal", **options
        )

    async def _use(self, method: str, path: str, **options: Any) -> Response:
        """Make a call of somebody who has just logged in with success."""
        try:
            return await self._request(method, path, **options)
        except AuthError as error:
            raise TransientError(_LOGIN_LOST) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page of the portal says; None where it is no such page."""

    is_login: bool
    login_token: str | None = field(repr=False)
    form_token: str | None = field(repr=False)
    panels: Panels | None


async def read_page(answer: Response) -> Page:
    """Read a page outside the event loop, which a long one would block."""
    return await asyncio.to_thread(parse_page, answer.path, answer.text)


def parse_page(path: str, html: str) -> Page:
    """Read all that a page may say."""
    page = BeautifulSoup(html, "html.parser")
    return Page(
        is_login=path == _LOGIN_PATH or page.select_one(_LOGIN_FORM) is not None,
        login_token=_hidden_token(page, _LOGIN_FORM),
        form_token=_hidden_token(page, _TOKEN_FORM),
        panels=_panels(page),
    )


def _hidden_token(page: BeautifulSoup, form: str) -> str | None:
    """Return the anti-forgery token: the form's first hidden input."""
    return _attribute(page.select_one(f'{form} input[type="hidden"]'), "value")


def _attribute(tag: Tag | None, name: str) -> str | None:
    return None if tag is None else text(tag.get(name))


def _panels(page: BeautifulSoup) -> Panels | None:
    """Read the installation form; a value that is left empty there is None."""
    if page.select_one("form#form") is None:
        return None
    sizes = {
        int(found[1]): scaled(_attribute(entry, "value"), _KILO)
        for entry in page.select("form#form input[id]")
        if (found := _PANEL_SIZE.match(str(entry.get("id"))))
    }
    return Panels(
        tuple(
            PanelGroup(
                size_w=sizes[number],
                panels=integer(
                    _selected(page, f"SolarPanels_{number}__NumberOfPanels")
                ),
                direction=_direction(
                    _selected(page, f"SolarPanels_{number}__PanelDirection")
                ),
            )
            for number in sorted(sizes)
        )
    )


def _direction(choice: str | None) -> str | None:
    """Return a point of the compass; the portal has `None` for none (dossier 2.3)."""
    return None if choice == "None" else choice


def _selected(page: BeautifulSoup, field_id: str) -> str | None:
    option = page.select_one(f"select#{field_id} option[selected]")
    if option is None:
        return None
    return _attribute(option, "value") or text(option.get_text())
