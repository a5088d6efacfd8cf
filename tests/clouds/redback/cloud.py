"""The fake Redback cloud: token service, API and portal under one address."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
import re
from typing import Any

from aiohttp import web

from ..clock import Clock, real_clock
from ..house import Caps, Energy
from ..server import Call, FakeCloud, Route
from .accounts import Account, Tokens
from .behaviour import Behaviour
from .context import Context
from .energy_api import EnergyApi
from .envelope_api import EnvelopeApi
from .envelopes import LIMITS, Envelope, Envelopes
from .errors import ApiError
from .fixtures import FIXTURES, SiteSpec
from .inverter import Inverter
from .portal import Portal
from .schedule_api import ScheduleApi
from .schedules import DailySchedule, DesiredMode, Schedule

type Fixture = str | SiteSpec

_SLASHES = re.compile(r"/{2,}")


class RedbackCloud(FakeCloud):
    """A Redback cloud with one or more accounts.

    `fixture` names the systems of the first account (dossier section 6);
    `accounts` gives a list of fixtures for each of several accounts instead.
    `history` is how long the houses have been running at the start.
    """

    def __init__(
        self,
        *,
        fixture: Fixture | Sequence[Fixture] = "A",
        accounts: Sequence[Sequence[Fixture]] | None = None,
        clock: Clock = real_clock,
        seed: int = 1,
        history: timedelta = timedelta(hours=2),
        latency: float = 0.0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Make the cloud; `start` opens it."""
        super().__init__(clock=clock, latency=latency)
        self.behaviour = behaviour or Behaviour()
        self.ignore_case = self.behaviour.paths_ignore_case
        self.accounts: list[Account] = []
        self._seed = seed
        self._begin = clock() - history
        self._envelopes: dict[str, Envelopes] = {}
        self._removed: dict[str, tuple[Account, Inverter]] = {}
        first = [fixture] if isinstance(fixture, str | SiteSpec) else fixture
        groups = accounts or [first]
        for n, group in enumerate(groups, 1):
            self.accounts.append(
                Account(
                    client_id=f"0000000{n}-1111-2222-3333-444444444444",
                    # Only an encoded form carries the later ones intact.
                    client_secret="secret~1" if n == 1 else f"s{n}+&a=b%7E",
                    portal_email=f"owner{n}@example.com",
                    portal_password=f"portal-password-{n}",
                )
            )
            for name in group:
                self.add(name, account=n - 1)
        self._tokens = Tokens(self.accounts, self.behaviour)
        self._context = Context(
            self.clock, self.behaviour, self._tokens, self._envelopes
        )
        self._portal = Portal(self.clock, self.behaviour, self.accounts)

    # -- public: accounts ------------------------------------------------------

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner of the first account types into a form."""
        return self.accounts[0].credentials

    @property
    def portal(self) -> dict[str, str]:
        """Portal login of the first account."""
        return {k: v for k, v in self.credentials.items() if k.startswith("portal")}

    @property
    def serials(self) -> list[str]:
        """All inverters of all accounts."""
        return [serial for a in self.accounts for serial in a.inverters]

    def expire_tokens(self) -> None:
        """Make every token stale while clients think them valid."""
        self._tokens.revoke()

    def expire_portal_sessions(self) -> None:
        """Drop every portal login."""
        self._portal.drop_sessions()

    # -- public: hardware ------------------------------------------------------

    def add(self, fixture: Fixture, account: int = 0) -> None:
        """Give an account the systems of a fixture, at any time."""
        sites = FIXTURES[fixture] if isinstance(fixture, str) else (fixture,)
        owner = self.accounts[account]
        for site in sites:
            envelopes = self._envelopes.setdefault(site.site_id, Envelopes())
            share = len(site.inverters)
            for spec in site.inverters:
                if spec.serial in owner.inverters:
                    continue
                inverter = Inverter(
                    spec,
                    site,
                    self.behaviour,
                    self._begin,
                    self._seed,
                    partial(self._caps, envelopes, share),
                )
                owner.inverters[spec.serial] = inverter
                if spec.offline:
                    inverter.frozen_at = self.clock() - timedelta(minutes=40)

    @staticmethod
    def _caps(envelopes: Envelopes, share: int, now: datetime) -> Caps:
        return envelopes.caps(now, share)

    def remove(self, serial: str) -> None:
        """Take an inverter out of its account, as if sold."""
        for account in self.accounts:
            if serial in account.inverters:
                self._removed[serial] = (account, account.inverters.pop(serial))

    def restore(self, serial: str) -> None:
        """Put back what `remove` took."""
        account, inverter = self._removed.pop(serial)
        account.inverters[serial] = inverter

    def inverter(self, serial: str) -> Inverter:
        """Return an inverter, run up to now."""
        for account in self.accounts:
            if inverter := account.inverters.get(serial):
                inverter.advance(self.clock())
                return inverter
        raise KeyError(serial)

    def set_offline(self, serial: str, offline: bool = True) -> None:
        """Stop or resume the telemetry of an inverter."""
        self.inverter(serial).frozen_at = self.clock() if offline else None

    def reset_counters(self, serial: str) -> None:
        """Set the all-time counters to zero."""
        self.inverter(serial).reset_counters(self.clock())

    # -- public: what is so ----------------------------------------------------

    def schedules(self, serial: str) -> list[dict[str, Any]]:
        """Return the schedules that the list shows now, in the API's form."""
        listed = self.inverter(serial).plan.listed(self.clock())
        return [item.payload(self.behaviour) for item in listed]

    def power_mode(self, serial: str) -> dict[str, Any]:
        """Return PowerMode as published now: `InverterMode`, `PowerW`."""
        return self.inverter(serial).latest(self.clock()).wish.power_mode()

    def portal_mode(self, serial: str) -> dict[str, Any]:
        """Return the base mode, last set in the portal, in the same form."""
        return self.inverter(serial).plan.base.power_mode()

    def envelopes(self, site_id: str) -> list[dict[str, Any]]:
        """Return all envelopes of a site, in the API's form."""
        now = self.clock()
        return [item.payload(now) for item in self._envelopes[site_id].items]

    def history(
        self, serial: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Energy]]:
        """Return (full hour, all-time counters in kWh) for start <= hour <= end.

        From the same house as the live counters, so that both join without a step.
        """
        inverter = self.inverter(serial)
        hours = inverter.history(start, end)
        return [(hour, inverter.counters(energy)) for hour, energy in hours]

    # -- public: what others do ------------------------------------------------

    def add_schedule(
        self,
        serial: str,
        start: datetime,
        duration: timedelta,
        mode: str = "ChargeBattery",
        watts: int = 1000,
        notes: str | None = "Redback maintenance",
    ) -> str:
        """Make a foreign schedule, as Redback's staff do; return its id."""
        inverter = self.inverter(serial)
        schedule = Schedule(
            serial=serial,
            site_id=inverter.site.site_id,
            start=start,
            duration=duration,
            wish=DesiredMode(mode, watts),
            notes=notes,
        )
        inverter.plan.add(schedule)
        return schedule.schedule_id

    def remove_schedule(self, serial: str, schedule_id: str) -> None:
        """Delete a schedule behind the client's back."""
        plan = self.inverter(serial).plan
        if item := plan.find(schedule_id):
            plan.schedules.remove(item)

    def add_daily_schedule(
        self,
        serial: str,
        start: timedelta = timedelta(hours=1),
        duration: timedelta = timedelta(hours=2),
        days: str = "Weekdays",
        mode: str = "ChargeBattery",
        watts: int = 2500,
    ) -> None:
        """Make a recurring schedule, as an owner does in the portal (local time)."""
        inverter = self.inverter(serial)
        inverter.plan.daily.append(
            DailySchedule(
                start, duration, days, inverter.site.zone, DesiredMode(mode, watts)
            )
        )

    def set_base_mode(self, serial: str, mode: str, watts: int = 0) -> None:
        """Set the base mode, as an owner does in the portal."""
        self.inverter(serial).plan.base = DesiredMode(mode, watts)

    def add_network_envelope(
        self, site_id: str, start: datetime, end: datetime, **limits: int
    ) -> str:
        """Make a distributor's envelope; `limits` by the API's names."""
        now = self.clock()
        for account in self.accounts:
            for inverter in account.sites().get(site_id, ()):
                inverter.advance(now)
        envelope = Envelope(
            event_id=f"network-{len(self._envelopes[site_id].items) + 1}",
            site_id=site_id,
            start=start,
            end=end,
            limits={name: limits.get(name) for name in LIMITS},
            created=now,
            network_level=True,
        )
        self._envelopes[site_id].add(envelope)
        return envelope.event_id

    # -- server ----------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Return all endpoints of the three hosts."""
        return [
            Route("POST", "/{tenant}/oauth2/v2.0/token", "token", self._token_of_entra),
            Route("POST", "/Api/v2/Auth/token", "token_own", self._token_of_redback),
            *EnergyApi(self._context).routes(),
            *ScheduleApi(self._context).routes(),
            *EnvelopeApi(self._context).routes(),
            *self._portal.routes(),
        ]

    def clean_path(self, path: str) -> str:
        """Return the path with doubled slashes made single, where accepted."""
        return _SLASHES.sub("/", path) if self.behaviour.double_slash else path

    async def _token_of_entra(self, call: Call) -> web.Response:
        return await self._tokens.entra(call, self.clock())

    async def _token_of_redback(self, call: Call) -> web.Response:
        try:
            return await self._tokens.own(call, self.clock())
        except ApiError as error:
            return error.response(self.behaviour)

    def expired_token(self, request: web.Request) -> web.Response:
        """Return the API's 401."""
        return ApiError(401).response(self.behaviour)

    def locked_out(self, request: web.Request) -> web.Response:
        """Return a 403."""
        return ApiError(403).response(self.behaviour)
