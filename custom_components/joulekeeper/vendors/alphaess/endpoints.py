"""What is fetched from AlphaESS how often (dossier section 3).

Live power comes anew every 30 s and is followed in phase: about 125 calls an hour. One
system costs about 150 an hour in all, and 195 with an EV charger; a home whose values
seldom change some 40 more.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from ...core.errors import NotFound, NotSupported, Rejected, VendorError
from ...core.models import Reading, Topology, Unit
from ...core.pacing import own_jitter
from ..base import Endpoint
from .client import AlphaEssClient
from .day import DayFeed, Today
from .ev import EvCharger, EvStatus
from .models import Summary, System
from .plan import Plan
from .plan_feed import Floor, PlanFeed
from .plant_clock import PlantClocks, PlantTime, due_in as clock_due_in
from .power import Power, PowerFeed


@dataclass(frozen=True, slots=True)
class Link:
    """How far the cloud's clock is ahead of ours, s; 300 s off is refused."""

    clock_skew_s: int | None


@dataclass(frozen=True, slots=True)
class Charger:
    """An EV charger; its status is None while it cannot be read."""

    charger: EvCharger
    status: EvStatus | None


@dataclass(frozen=True, slots=True)
class Chargers:
    """The EV chargers of a system, in the cloud's order."""

    items: tuple[Charger, ...]


@dataclass(frozen=True, slots=True)
class EvCurrent:
    """The limit of the household's current, A; None without an EV charger."""

    household_a: float | None


TOPOLOGY: Final = Reading[Topology]("topology")
SYSTEM: Final = Reading[System]("system")
POWER: Final = Reading[Power]("power")
TODAY: Final = Reading[Today]("today")
SUMMARY: Final = Reading[Summary]("summary")
PLAN: Final = Reading[Plan]("plan")
FLOOR: Final = Reading[Floor]("floor")
CHARGERS: Final = Reading[Chargers]("ev_chargers")
EV_CURRENT: Final = Reading[EvCurrent]("ev_current")
LINK: Final = Reading[Link]("link")
PLANT_TIME: Final = Reading[PlantTime]("plant_time")

SYSTEMS_INTERVAL: Final = timedelta(minutes=10)
SUMMARY_INTERVAL: Final = timedelta(minutes=15)
SETTINGS_INTERVAL: Final = timedelta(minutes=30)
FLOOR_INTERVAL: Final = timedelta(hours=2)
EV_STATUS_INTERVAL: Final = timedelta(seconds=90)
EV_LIST_INTERVAL: Final = timedelta(hours=6)
LINK_INTERVAL: Final = timedelta(minutes=10)
_NEVER: Final = timedelta(days=1)
"""For what is only looked at again without a call."""

ESSENTIAL_CALLS: Final = 2
"""Per system, at set-up: live power and the energies of the day."""


class SystemList:
    """The systems of the account: one list, whoever needs it."""

    def __init__(self, client: AlphaEssClient) -> None:
        """Know nothing yet."""
        self._client = client
        self._lock = asyncio.Lock()
        self._systems: dict[str, System] = {}
        self._fetched_at = client.clock() - SYSTEMS_INTERVAL

    def forget(self) -> None:
        """Ask anew next time, for the list has changed."""
        self._fetched_at = self._client.clock() - SYSTEMS_INTERVAL

    async def topology(self) -> Topology:
        """Return the account's systems; each is a site of its own."""
        await self._fetch_unless_new()
        return Topology((), tuple(Unit(serial, serial) for serial in self._systems))

    async def system(self, serial: str) -> System:
        """Return what is told of one system; NotFound when it is not listed."""
        await self._fetch_unless_new()
        if (system := self._systems.get(serial)) is None:
            raise NotFound("systems: a system is missing", reason="not_bound")
        return system

    def known(self, serial: str) -> System | None:
        """Return what was last told of one system, if it was listed."""
        return self._systems.get(serial)

    async def _fetch_unless_new(self) -> None:
        async with self._lock:
            age = self._client.clock() - self._fetched_at
            if timedelta() <= age < SYSTEMS_INTERVAL / 2:
                return
            systems = await self._client.systems()
            self._systems = {system.serial: system for system in systems}
            self._fetched_at = self._client.clock()


class SummaryFeed:
    """The summary, whose currency the cloud may forget to tell."""

    def __init__(self, client: AlphaEssClient, serial: str) -> None:
        """Know no currency yet."""
        self._client = client
        self._serial = serial
        self._money_type: str | None = None

    async def fetch(self) -> Summary:
        """Return the summary in the currency that was told last."""
        summary = await self._client.summary(self._serial)
        self._money_type = summary.money_type or self._money_type
        return replace(summary, money_type=self._money_type)


class ChargerFeed:
    """The EV chargers of one system: seldom which, often what they do."""

    def __init__(self, client: AlphaEssClient, serial: str) -> None:
        """Know nothing yet."""
        self._client = client
        self._serial = serial
        self._lock = asyncio.Lock()
        self._chargers: tuple[EvCharger, ...] = ()
        self._listed_at = client.clock() - EV_LIST_INTERVAL

    @property
    def serials(self) -> tuple[str, ...]:
        """The serial numbers of the chargers that are known."""
        return tuple(charger.serial for charger in self._chargers)

    async def status(self) -> Chargers:
        """Return every charger's status; an error when none can be read."""
        found: list[Charger] = []
        failure: VendorError | None = None
        for charger in await self._list():
            try:
                status = await self._client.ev_status(self._serial, charger.serial)
            except VendorError as error:
                failure = error
                found.append(Charger(charger, None))
            else:
                found.append(Charger(charger, status))
        if failure is not None and not any(item.status for item in found):
            raise failure
        return Chargers(tuple(found))

    async def current(self) -> EvCurrent:
        """Return the limit of the household's current."""
        if not await self._list():
            return EvCurrent(None)
        return EvCurrent(await self._client.ev_household_current(self._serial))

    async def _list(self) -> tuple[EvCharger, ...]:
        async with self._lock:
            age = self._client.clock() - self._listed_at
            if not timedelta() <= age < EV_LIST_INTERVAL:
                try:
                    self._chargers = await self._client.ev_chargers(self._serial)
                except NotSupported, NotFound, Rejected:
                    # Some clouds' way to say that there is none.
                    self._chargers = ()
                self._listed_at = self._client.clock()
            return self._chargers


def topology_endpoint(systems: SystemList) -> Endpoint[Topology]:
    """Return the endpoint of the account's systems."""
    return Endpoint(
        reading=TOPOLOGY,
        device_id="",
        fetch=systems.topology,
        due_in=lambda _payload, _now: SYSTEMS_INTERVAL,
    )


def system_endpoints(
    client: AlphaEssClient,
    systems: SystemList,
    chargers: ChargerFeed,
    plan: PlanFeed,
    serial: str,
    clocks: PlantClocks,
    installation: str,
) -> tuple[Endpoint[Any], ...]:
    """Return the endpoints of one system; set-up waits for what costs one round trip."""
    zone = partial(clocks.zone, serial)
    power = PowerFeed(client, serial, zone, own_jitter(installation, serial))
    today = DayFeed(client, serial, zone)

    async def link() -> Link:
        skew = client.clock_skew
        return Link(None if skew is None else round(skew.total_seconds()))

    return (
        Endpoint(
            reading=SYSTEM,
            device_id=serial,
            fetch=lambda: systems.system(serial),
            due_in=lambda _payload, _now: SYSTEMS_INTERVAL,
        ),
        Endpoint(
            reading=POWER, device_id=serial, fetch=power.fetch, due_in=power.due_in
        ),
        Endpoint(
            reading=TODAY,
            device_id=serial,
            fetch=today.fetch,
            due_in=today.due_in,
            # Blank as around midnight: the entities are still to come.
            seeks=lambda payload: payload.is_blank,
        ),
        Endpoint(
            reading=SUMMARY,
            device_id=serial,
            fetch=SummaryFeed(client, serial).fetch,
            due_in=lambda _payload, _now: SUMMARY_INTERVAL,
            seeks=lambda payload: payload.is_blank,
            essential=False,
        ),
        Endpoint(
            reading=PLAN,
            device_id=serial,
            fetch=plan.fetch,
            due_in=lambda _payload, _now: SETTINGS_INTERVAL,
            essential=False,
        ),
        Endpoint(
            reading=FLOOR,
            device_id=serial,
            fetch=plan.fetch_floor,
            due_in=lambda payload, _now: _NEVER if payload.in_plan else FLOOR_INTERVAL,
            essential=False,
        ),
        Endpoint(
            reading=CHARGERS,
            device_id=serial,
            fetch=chargers.status,
            due_in=lambda payload, _now: (
                EV_STATUS_INTERVAL if payload.items else EV_LIST_INTERVAL
            ),
            seeks=lambda payload: not payload.items,
            essential=False,
        ),
        Endpoint(
            reading=EV_CURRENT,
            device_id=serial,
            fetch=chargers.current,
            due_in=lambda payload, _now: (
                EV_LIST_INTERVAL if payload.household_a is None else SETTINGS_INTERVAL
            ),
            essential=False,
        ),
        Endpoint(
            reading=PLANT_TIME,
            device_id=serial,
            fetch=lambda: clocks.measure(serial),
            due_in=clock_due_in,
            seeks=lambda _told: True,
            essential=False,
        ),
        Endpoint(
            reading=LINK,
            device_id=serial,
            fetch=link,
            due_in=lambda _payload, _now: LINK_INTERVAL,
            essential=False,
        ),
    )
