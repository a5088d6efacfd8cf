"""Developer accounts, and the check of every request's signature (1.1, 7.1, 7.2)."""

from dataclasses import dataclass, field
from datetime import datetime
import hashlib
import hmac

from aiohttp import web

from .behaviour import Behaviour
from .errors import CLOCK, OUT_OF_TIME, SIGN, TOO_FAST, WHITELIST, ApiError


def sign(app_id: str, app_secret: str, timestamp: str) -> str:
    """Return the `sign` header: SHA-512 over the three, in lower-case hex."""
    return hashlib.sha512(f"{app_id}{app_secret}{timestamp}".encode()).hexdigest()


@dataclass(eq=False, slots=True)
class Account:
    """One developer: key, secret, and the serials that are bound."""

    app_id: str
    app_secret: str
    bound: list[str] = field(default_factory=list)
    last_call: datetime | None = None

    @property
    def credentials(self) -> dict[str, str]:
        """What a user would type into a form."""
        return {"app_id": self.app_id, "app_secret": self.app_secret}


class Gate:
    """Lets signed requests in, in the order of 7.1: fields, clock, sign, address."""

    def __init__(self, accounts: list[Account], behaviour: Behaviour) -> None:
        """Guard `accounts`."""
        self._accounts = accounts
        self._behaviour = behaviour

    def account(self, request: web.Request, now: datetime) -> Account:
        """Return who asks at the server's time `now`."""
        # The names of HTTP headers have no case.
        app_id = request.headers.get("appId", "")
        timestamp = request.headers.get("timeStamp", "")
        given = request.headers.get("sign", "")
        for value, code in ((app_id, 6012), (timestamp, 6011), (given, 6010)):
            if not value:
                raise ApiError(code)
        self._check_clock(timestamp, now)
        account = next((a for a in self._accounts if a.app_id == app_id), None)
        if account is None:
            raise ApiError(SIGN)
        expected = sign(app_id, account.app_secret, timestamp)
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise ApiError(SIGN)
        whitelist = self._behaviour.whitelist
        if whitelist is not None and request.remote not in whitelist:
            raise ApiError(WHITELIST)
        self._check_pace(account, now)
        return account

    def _check_clock(self, timestamp: str, now: datetime) -> None:
        """Refuse what is out of time, milliseconds and words included."""
        behaviour = self._behaviour
        if timestamp.isdecimal() and (
            abs(int(timestamp) - int(now.timestamp())) <= behaviour.clock_window_s
        ):
            return
        if behaviour.skew_answer == CLOCK:
            raise ApiError(CLOCK)
        raise ApiError(WHITELIST, text=OUT_OF_TIME)

    def _check_pace(self, account: Account, now: datetime) -> None:
        last, gap = account.last_call, self._behaviour.call_gap_s
        if last is not None and 0 <= (now - last).total_seconds() < gap:
            raise ApiError(TOO_FAST)
        account.last_call = now
