"""Judge one account: is everything there, and does control go round?"""

from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
import json
from typing import Any, cast

from .accounts import AT_ONCE, HISTORY, Account, Cloud, PricedCloud
from .api import HassApi
from .energy import validate_dashboard
from .hass import HassError
from .household import DOMAIN, Household, Stopwatch
from .pushes import judge_pushes

CONFIRM_SECONDS = 30
CONFIRM_PRICE_SECONDS = 80
HALF_A_DIGIT = 0.00005
WEEK_LESS_TODAY = HISTORY.days - 1
CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """How long a schedule took to be created, confirmed and deleted."""

    create_ms: int
    confirmed_ms: int
    delete_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """What `--check` says of one vendor."""

    vendor: str
    devices: int = 0
    entities: int = 0
    unavailable: int = 0
    unknown: int = 0
    cloud_requests: int = 0
    setup_ms: int = 0
    metered_days: int | None = None
    pushes: int | None = None
    push_error_w: int | None = None
    round_trips: tuple[RoundTrip, ...] = ()

    def line(self) -> str:
        """Return the report as one line of JSON."""
        return json.dumps(asdict(self))


class Trial:
    """The account of one vendor under test."""

    def __init__(self, household: Household, account: Account) -> None:
        """Judge `account`, which is yet to be added."""
        self._household = household
        self._account = account
        self._cloud = household.clouds[account.vendor]
        self.problems: list[str] = []

    async def run(self) -> Report:
        """Add the account, try what it offers, and note every problem."""
        added = await self._noting("set-up", self._household.add(self._account))
        if added is None:
            return Report(vendor=self._account.vendor)
        entry_id, setup_ms = added
        await self._noting(
            "energy", self._household.fill_energy(self._account, entry_id)
        )
        metered_days = None
        if self._account.priced:
            await self._noting(
                "dashboard", self._household.set_prices(self._account, entry_id)
            )
            await self._noting(
                "price", confirm_price(self._household, self._account, entry_id)
            )
            metered_days = await self._noting(
                "usage", count_metered_days(self._household, self._account)
            )
            self.problems += await validate_dashboard(self._household.api)
        told: tuple[int | None, int | None] | None = None
        if self._account.told:
            told = await self._noting(
                "pushes", judge_pushes(self._household.hass, self._cloud)
            )
        pushes, push_error_w = told or (None, None)
        round_trips: list[RoundTrip] = []
        for serial in self._cloud.serials if self._account.trial else ():
            if serial in self._account.untried:
                continue
            trip = await self._noting("control", self._control(entry_id, serial))
            if trip is not None:
                round_trips.append(trip)
        entities = await self._household.api.entities(entry_id)
        if lost := [e.entity_id for e in entities if not e.available]:
            self.problems.append(f"unavailable: {', '.join(lost)}")
        return Report(
            vendor=self._account.vendor,
            devices=len(await self._household.api.devices(entry_id)),
            entities=len(entities),
            unavailable=len(lost),
            unknown=sum(entity.state == "unknown" for entity in entities),
            cloud_requests=self._cloud.requests.total,
            setup_ms=setup_ms,
            metered_days=metered_days,
            pushes=pushes,
            push_error_w=push_error_w,
            round_trips=tuple(round_trips),
        )

    async def _noting[T](self, what: str, step: Awaitable[T]) -> T | None:
        """Wait for a step; note its failure and go on."""
        try:
            return await step
        except (HassError, LookupError, ValueError) as err:
            self.problems.append(f"{what}: {err!r}")
            return None

    async def _control(self, entry_id: str, serial: str) -> RoundTrip:
        """Drive the round trip on one of the account's devices."""
        for device in await self._household.api.devices(entry_id):
            if [DOMAIN, serial] in device["identifiers"]:
                return await drive_control(
                    self._household, self._account, device["id"], serial
                )
        raise HassError(f"there is no device {serial}")


def held(cloud: Cloud, serial: str) -> list[str]:
    """Return what the cloud holds, in whatever order it holds it."""
    return sorted(
        json.dumps(
            {
                key: sorted(value, key=repr) if isinstance(value, list) else value
                for key, value in item.items()
                # An empty list says as much as none.
                if value not in (None, [])
            },
            sort_keys=True,
            default=str,
        )
        for item in cloud.schedules(serial)
    )


async def drive_control(
    household: Household, account: Account, device_id: str, serial: str
) -> RoundTrip:
    """Create a schedule, see it on both sides, delete it, and see it gone."""
    api, cloud = household.api, household.clouds[account.vendor]
    before = held(cloud, serial)
    trial = dict(account.trial or {})
    if account.ahead > AT_ONCE:
        start = datetime.now(UTC).replace(microsecond=0) + account.ahead
        trial["start"] = start.isoformat()

    watch = Stopwatch()
    (created,) = await _action(
        api,
        "create_schedule",
        device_id,
        duration_min=30,
        **trial,
    )
    create_ms = watch.ms
    schedule_id = created["schedule_id"]

    async def confirmed() -> bool:
        return await _is_listed(api, device_id, schedule_id)

    if created["state"] != CONFIRMED:
        await household.hass.until(
            "the schedule to be confirmed", CONFIRM_SECONDS, confirmed
        )
    confirmed_ms = watch.ms
    if held(cloud, serial) == before:
        raise HassError("the cloud does not hold the new schedule")

    watch = Stopwatch()
    await _action(api, "delete_schedule", device_id, schedule_id=schedule_id)
    delete_ms = watch.ms
    if held(cloud, serial) != before:
        raise HassError("the cloud still holds the deleted schedule")
    if await _is_listed(api, device_id, schedule_id):
        raise HassError("Home Assistant still lists the deleted schedule")
    return RoundTrip(create_ms, confirmed_ms, delete_ms)


async def _action(
    api: HassApi, name: str, device_id: str, **data: Any
) -> list[dict[str, Any]]:
    """Call one of our actions for a device and return its results."""
    answer = await api.action(DOMAIN, name, {"device_id": device_id, **data})
    return list(answer["results"])


async def _is_listed(api: HassApi, device_id: str, schedule_id: str) -> bool:
    """Tell whether the cloud, as Home Assistant reads it back, holds a schedule."""
    return any(
        schedule["schedule_id"] == schedule_id
        for result in await _action(api, "list_schedules", device_id)
        for schedule in result["schedules"]
    )


async def confirm_price(household: Household, account: Account, entry_id: str) -> None:
    """See that the price of the first site, once confirmed, is the cloud's."""
    api, cloud = household.api, household.clouds[account.vendor]
    retailer, site = cast(PricedCloud, cloud), cloud.serials[0]

    async def shown() -> bool:
        states = {e.unique_id: e.state for e in await api.entities(entry_id)}
        if states[f"{site}_price_estimated"] != "off":
            return False
        price = float(states[f"{site}_general_usage_price"] or "nan")
        truth = retailer.per_kwh(site, "general", datetime.now(UTC)) / 100
        return abs(price - truth) < HALF_A_DIGIT

    await household.hass.until("the confirmed price", CONFIRM_PRICE_SECONDS, shown)


async def count_metered_days(household: Household, account: Account) -> int:
    """Return how many days of the first site's usage are in the statistics by now."""
    api, cloud = household.api, household.clouds[account.vendor]
    key = f"{DOMAIN}:{cloud.serials[0].lower()}_grid_import_energy"
    days = 0

    async def there() -> bool:
        nonlocal days
        answer = await api.command(
            "recorder/statistics_during_period",
            start_time=(datetime.now(UTC) - HISTORY).isoformat(),
            statistic_ids=[key],
            period="day",
            types=["change"],
        )
        days = len(answer.get(key, ()))
        return days >= WEEK_LESS_TODAY

    await household.hass.until("metered usage", CONFIRM_PRICE_SECONDS, there)
    return days
