"""Our client at the fake cloud, however the open questions of the dossier turn out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.fusionsolar.batteries import BatteryEvidence
from custom_components.joulekeeper.vendors.fusionsolar.client import FusionSolarClient
from custom_components.joulekeeper.vendors.fusionsolar.control import (
    BatteryLimits,
    BatteryMode,
    Feature,
    FeedIn,
    FeedInMode,
    TouWindow,
    dispatch_call,
    stop_call,
)
from custom_components.joulekeeper.vendors.fusionsolar.flows import (
    BatteryNow,
    Flow,
    flow_of,
    produced_w,
)
from custom_components.joulekeeper.vendors.fusionsolar.inventory import Inventory
from custom_components.joulekeeper.vendors.fusionsolar.meters import (
    MeterEvidence,
    Moment,
    grid_of,
)
from custom_components.joulekeeper.vendors.fusionsolar.models import (
    INVERTERS,
    METERS,
    Health,
)
from custom_components.joulekeeper.vendors.fusionsolar.readings import (
    Battery,
    Inverter,
    InverterState,
    Meter,
)
from custom_components.joulekeeper.vendors.fusionsolar.tasks import Progress, Task
from custom_components.joulekeeper.vendors.fusionsolar.times import Period, period_start
from tests.clouds.clock import SetClock
from tests.clouds.fusionsolar import Behaviour, FusionSolarCloud

from .conftest import Bench

BRISBANE = ZoneInfo("Australia/Brisbane")
NOON = datetime(2026, 11, 20, 2, 3, tzinfo=UTC)
NIGHT = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)
STEP = timedelta(seconds=310)

type Open = Callable[..., Coroutine[Any, Any, Bench]]


@pytest.fixture
async def open_cloud(socket_enabled: None) -> AsyncIterator[Open]:
    """Return what opens a cloud with the plants of a fixture."""
    clouds: list[FusionSolarCloud] = []
    async with ClientSession() as session:

        async def make(
            fixture: str = "A", now: datetime = NOON, **behaviour: Any
        ) -> Bench:
            clock = SetClock(now)
            cloud = FusionSolarCloud(
                fixture=fixture, clock=clock, behaviour=Behaviour(**behaviour)
            )
            await cloud.start()
            clouds.append(cloud)
            return Bench(cloud, clock, session)

        yield make
        for cloud in clouds:
            await cloud.stop()


class Watcher:
    """Reads a plant again and again, and finds out its conventions."""

    def __init__(self, bench: Bench) -> None:
        """Know nothing yet."""
        self.bench = bench
        self.client, self.feed = bench.start()
        self.meters: dict[int, MeterEvidence] = {}
        self.batteries: dict[int, BatteryEvidence] = {}
        self.before: dict[int, Any] = {}
        self.now: dict[int, Any] = {}
        self.found: Inventory | None = None

    async def look(self) -> Flow:
        """Read everything of the first plant; return what flows in it."""
        self.found = found = await self.feed.get()
        plant = found.plants[0]
        own = found.of_plant(plant.code)
        kinds = sorted({item.type_id for item in own})
        self.before, self.now = self.now, {}
        for kind in kinds:
            devices = [item for item in own if item.type_id == kind]
            with suppress(NotSupported):
                told = await self.client.readings(kind, devices)
                self.now |= told.by_id
        types = {item.id: item.type_id for item in own}
        inverters = [r for r in self.now.values() if isinstance(r, Inverter)]
        sole = sum(isinstance(r, Battery) for r in self.now.values()) == 1
        pv, ac = inverters[0].pv_w, inverters[0].power_w
        batteries = []
        for device_id, reading in self.now.items():
            kind = types[device_id]
            if isinstance(reading, Battery):
                evidence = self.batteries.get(device_id, BatteryEvidence())
                before = self.before.get(device_id)
                sides = (pv, ac) if sole and len(inverters) == 1 else (None, None)
                evidence = evidence.with_reading(before, reading, *sides)
                self.batteries[device_id] = evidence
                convention = evidence.convention(kind)
                batteries.append(BatteryNow(battery=reading, convention=convention))
        grid_w = None
        moment = Moment(
            at=self.bench.clock(),
            produced_w=produced_w(inverters, batteries),
            pv_w=flow_of(inverters, batteries, None).pv_w,
            capacity_w=plant.capacity_w,
        )
        for device_id, reading in self.now.items():
            if isinstance(reading, Meter):
                kind = types[device_id]
                known = self.meters.get(device_id, MeterEvidence()).with_reading(
                    kind,
                    self.before.get(device_id),
                    reading,
                    moment,
                )
                self.meters[device_id] = known
                self.grid = grid_of(reading, known.convention(kind))
                grid_w = self.grid.power_w
        return flow_of(inverters, batteries, grid_w)


@pytest.mark.parametrize("fixture", ["A", "B", "C", "D", "E", "F", "G", "H"])
@pytest.mark.parametrize("now", [NOON, NIGHT])
async def test_flows_are_true(open_cloud: Open, fixture: str, now: datetime) -> None:
    """Of every kind of plant, by day and at night."""
    bench = await open_cloud(fixture, now)
    watcher = Watcher(bench)
    flow = await watcher.look()
    assert watcher.found is not None
    code = watcher.found.plants[0].code
    truth = bench.cloud.truth(code).flow
    kinds = {item.type_id for item in watcher.found.of_plant(code)}
    # What is lost from DC to AC is neither sun nor house.
    close = {"abs": 15, "rel": 0.04}
    assert flow.pv_w == pytest.approx(truth.pv_w, **close)
    if kinds & set(METERS):
        assert flow.grid_w == pytest.approx(truth.grid_w, abs=15)
        assert flow.load_w == pytest.approx(truth.load_w, **close)
    else:
        assert (flow.grid_w, flow.load_w) == (None, None)
    if flow.battery_w is not None:
        assert flow.battery_w == pytest.approx(truth.battery_w, abs=15)
        soc = bench.cloud.truth(code).soc
        assert flow.state_of_charge == pytest.approx(soc, abs=1)
    inverter = next(r for r in watcher.now.values() if isinstance(r, Inverter))
    state = InverterState.ON_GRID
    if now == NIGHT and 39 not in kinds:
        state = InverterState.NO_IRRADIATION
    assert inverter.state in (state, InverterState.POWER_LIMITED)


SIGNS: list[tuple[str, dict[str, Any]]] = [
    ("A", {"sensor_sign": "import"}),
    ("D", {"sensor_sign": "import"}),
    ("B", {"meter_unit": "W"}),
    ("B", {"meter_unit": "kW"}),
    ("E", {"emma_sign": "export"}),
    ("E", {"emma_sign": "import"}),
    ("F", {"ess_sign": "charge"}),
    ("F", {"ess_sign": "discharge", "meter_unit": "W"}),
    ("A", {"phase_unit": "kW"}),
    ("A", {"battery_in_ac": "residential"}),
]


@pytest.mark.parametrize(("fixture", "behaviour"), SIGNS)
async def test_conventions_are_found_out(
    open_cloud: Open, fixture: str, behaviour: dict[str, Any]
) -> None:
    """Some days of a plant tell how its numbers are meant."""
    bench = await open_cloud(fixture, NIGHT, quotas=False, **behaviour)
    watcher = Watcher(bench)
    for n in range(3 * 24):
        if n % 24 == 0 and fixture != "B":
            with suppress(AttributeError, ZeroDivisionError):
                # An empty battery leaves the night to the grid.
                bench.cloud.set_soc(bench.cloud.serials[0], 0)
        flow = await watcher.look()
        bench.clock.advance(minutes=30)
    flow = await watcher.look()
    truth = bench.cloud.truth(bench.cloud.serials[0]).flow
    assert flow.grid_w == pytest.approx(truth.grid_w, abs=15)
    assert flow.load_w == pytest.approx(truth.load_w, abs=15, rel=0.05)
    if truth.battery_w:
        assert flow.battery_w == pytest.approx(truth.battery_w, abs=15)
    phases = [power for power in watcher.grid.phases_w if power is not None]
    if len(phases) == 3:
        assert sum(phases) == pytest.approx(truth.grid_w, abs=20)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"token_delivery": "header"},
        {"token_delivery": "cookie"},
        {"token_life": "sliding"},
        {"token_life_s": 900.0},
        {"relogin": 306},
        {"login_notice": "See our page."},
        {"login_form": "2019"},
        {"new_columns": False},
        {"coordinates": "number"},
        {"missing_rights": "empty"},
        {"row_order": "reversed"},
        {"real_kpi_values": "number"},
        {"real_kpi_energies": True, "real_kpi_power": True},
        {"offline_values": "absent"},
        {"offline_values": "N/A"},
        {"collect_time": "utc"},
        {"yield_keys": True},
    ],
    ids=str,
)
async def test_behaviours(open_cloud: Open, behaviour: dict[str, Any]) -> None:
    """An hour of everything, with a session that is stolen once."""
    bench = await open_cloud("D", **behaviour)
    client, feed = bench.start()
    for n in range(12):
        found = await feed.get()
        codes = [plant.code for plant in found.plants]
        assert len(codes) == 2
        now = await client.plants_now(codes)
        assert {item.plant_code for item in now} == set(codes)
        assert {item.health for item in now} == {Health.HEALTHY}
        for kind in (38, 39, 47):
            devices = found.of_type(kind)
            told = await client.readings(kind, devices)
            assert set(told.by_id) == {item.id for item in devices}
        if n == 5:
            bench.cloud.log_in_elsewhere()
        bench.clock.advance(STEP)
    assert bench.cloud.over_quota == {}
    life = behaviour.get("token_life_s", 1800.0)
    assert bench.cloud.requests.count("login") <= 3 + 3600 / life

    # Statistics are of the plant's own days.
    day = (bench.clock().astimezone(BRISBANE) - timedelta(days=0)).date()
    hours = await client.plant_periods(Period.HOUR, codes[:1], day, BRISBANE)
    starts = [period_start(Period.HOUR, row.collected, BRISBANE) for row in hours]
    assert {start.date() for start in starts} == {day}
    days = await client.plant_periods(Period.DAY, codes[:1], day, BRISBANE)
    dates = [period_start(Period.DAY, row.collected, BRISBANE).date() for row in days]
    assert dates[-1] == day
    years = await client.plant_periods(Period.YEAR, codes[:1], day, BRISBANE)
    starts = [period_start(Period.YEAR, row.collected, BRISBANE) for row in years]
    assert starts[-1].date() == day.replace(month=1, day=1)

    # Away is unknown, whatever the cloud shows of it.
    bench.cloud.set_online(codes[0], False)
    bench.clock.advance(minutes=40)
    own = found.of_plant(codes[0])
    (inverter,) = (item for item in own if item.type_id in INVERTERS)
    told = await client.readings(38, found.of_type(38))
    away = told.by_id[inverter.id]
    assert isinstance(away, Inverter)
    assert (away.connected, away.power_w, away.pv_w) == (False, None, None)


async def test_old_accounts(open_cloud: Open) -> None:
    """Where only the old list is granted it is taken."""
    bench = await open_cloud("D")
    bench.cloud.allow("stations", allowed=False)
    bench.cloud.accounts[0].old = True
    found = await bench.client().plants()
    assert len(found) == 2


async def test_rights_and_passwords(open_cloud: Open) -> None:
    """Each has its reason, and only a wrong password asks for one."""
    bench = await open_cloud()
    client, feed = bench.start()
    found = await feed.get()
    code = found.plants[0].code
    bench.cloud.grant(code, False)
    with pytest.raises(NotSupported) as caught:
        await client.plants_now([code])
    assert caught.value.reason == "owner_not_granted"
    bench.cloud.grant(code)
    bench.cloud.allow("getAlarmList", allowed=False)
    with pytest.raises(NotSupported) as caught:
        await client.alarms([code], NOON, bench.clock())
    assert caught.value.reason == "interface_not_granted"

    bench.cloud.lock()
    bench.clock.advance(STEP)
    with pytest.raises(RateLimited) as locked:
        await client.plants_now([code])
    assert locked.value.reason in ("account_locked", "login_refused")
    bench.clock.advance(minutes=32)
    assert await client.plants_now([code])

    bench.cloud.set_password("New-Pw-2")
    bench.clock.advance(minutes=11)
    with pytest.raises(RateLimited) as refused:
        await client.plants_now([code])
    assert refused.value.reason == "login_refused"
    bench.clock.advance(minutes=32)
    with pytest.raises(AuthError):
        await client.plants_now([code])
    assert await bench.client(system_code="New-Pw-2").plants_now([code])

    wrong = bench.client(user_name="nobody")
    with pytest.raises(AuthError):
        await wrong.log_in()


@pytest.mark.parametrize("host", ["html", "missing"])
async def test_wrong_host(open_cloud: Open, host: str) -> None:
    """A host of the web pages is told from wrong credentials."""
    bench = await open_cloud(host=host)
    with pytest.raises(NotFound) as caught:
        await bench.client().log_in()
    assert caught.value.reason == "wrong_host"


# -- control ---------------------------------------------------------------------------


async def settled(bench: Bench, client: FusionSolarClient, call: Any) -> Any:
    """Send an order, and return how it ended."""
    task = await client.control.send(call)
    assert task is not None
    return await ended(bench, client, task)


async def ended(bench: Bench, client: FusionSolarClient, task: Task) -> Any:
    """Return how a task ended."""
    while True:
        await bench.sleep(60)
        state = await client.control.task_state(task)
        if state.progress is not Progress.RUNNING:
            return state


async def test_dispatch_round_trip(open_cloud: Open) -> None:
    """Charging raises charge and import, and ends by itself; a stop ends it too."""
    bench = await open_cloud(now=NIGHT)
    cloud: FusionSolarCloud = bench.cloud
    client, feed = bench.start()
    found = await feed.get()
    code = found.plants[0].code
    access = await client.control.probe_control(code, found.devices)
    assert all(access.of(feature).granted for feature in Feature)
    cloud.set_soc(code, 30)
    charge = dispatch_call(code, charge=True, power_w=2000, minutes=30)
    state = await settled(bench, client, charge)
    assert state.progress is Progress.DONE
    assert state.charged_kwh == pytest.approx(1.0, abs=0.02)
    assert cloud.soc(code) > 38

    task = await client.control.send(
        dispatch_call(code, charge=False, power_w=2000, target_soc=20)
    )
    assert task is not None
    bench.clock.advance(minutes=20)
    (sensor,) = found.of_type(47)
    meter = (await client.readings(47, [sensor])).by_id[sensor.id]
    assert isinstance(meter, Meter)
    grid = grid_of(meter, MeterEvidence().convention(47))
    assert grid.power_w is not None
    assert grid.power_w < -500
    await client.control.send(stop_call(code), urgent=True)
    bench.clock.advance(minutes=5)
    state = await client.control.task_state(task)
    assert state.progress is not Progress.RUNNING
    assert cloud.soc(code) > 21


async def test_settings_round_trip(open_cloud: Open) -> None:
    """What is written is what is read, and the cloud says when."""
    bench = await open_cloud()
    cloud: FusionSolarCloud = bench.cloud
    client, feed = bench.start()
    code = (await feed.get()).plants[0].code
    control = client.control
    window = TouWindow(start=time(1), end=time(5), charge=True)
    wanted = BatteryMode(
        mode="TOU", surplus_to_battery=True, grid_charge_w=2500, windows=(window,)
    )
    state = await settled(bench, client, wanted.call(code))
    assert (state.progress, state.mode) == (Progress.DONE, wanted)
    assert await control.battery_mode(code) == wanted
    own = replace(wanted, mode="maximumSelfConsumption")
    assert (await settled(bench, client, own.call(code))).progress is Progress.DONE
    assert (await control.battery_mode(code)).mode == "maximumSelfConsumption"

    limits = BatteryLimits(min_soc=15, max_discharge_w=0)
    state = await settled(bench, client, limits.call(code))
    assert state.progress is Progress.DONE
    assert cloud.battery_limits(code).max_discharge_w == 0

    limit = FeedIn(mode=FeedInMode.POWER, limit_w=1500, per_phase=False)
    assert (await settled(bench, client, limit.call(code))).progress is Progress.DONE
    assert await control.feed_in(code) == limit
    # Once more is no failure.
    assert await control.send(limit.call(code)) is None
    free = FeedIn(mode=FeedInMode.UNLIMITED)
    assert (await settled(bench, client, free.call(code))).progress is Progress.DONE
    assert (await control.feed_in(code)).mode is FeedInMode.UNLIMITED
    assert cloud.over_quota == {}


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [("BUSY", TransientError), ("TIMEOUT", OutcomeUnknown), ("FAILURE", VendorError)],
)
async def test_tasks_that_fail(
    open_cloud: Open, outcome: str, kind: type[VendorError]
) -> None:
    """The plant's word decides; a second order meanwhile has to wait."""
    bench = await open_cloud()
    client, feed = bench.start()
    code = (await feed.get()).plants[0].code
    bench.cloud.next_task(code, outcome)
    call = BatteryLimits(min_soc=15).call(code)
    task = await client.control.send(call)
    assert task is not None
    for running in ("row", 20615):
        bench.cloud.change(task_running=running)
        with pytest.raises(RateLimited) as caught:
            await client.control.send(call)
        assert (caught.value.reason, caught.value.retry_after) == ("task_running", 180)
    state = await ended(bench, client, task)
    assert state.progress is Progress.FAILED
    assert isinstance(state.failure, kind)


async def test_plants_without_control(open_cloud: Open) -> None:
    """They are read-only, and say why."""
    bench = await open_cloud("G")
    client, feed = bench.start()
    found = await feed.get()
    code = found.plants[0].code
    access = await client.control.probe_control(code, found.devices)
    assert access.of(Feature.DISPATCH).reason == "networking"

    bench = await open_cloud("A")
    bench.cloud.allow_control(False)
    client, feed = bench.start()
    found = await feed.get()
    code = found.plants[0].code
    access = await client.control.probe_control(code, found.devices)
    assert access.of(Feature.DISPATCH).reason == "interface_not_granted"
    with pytest.raises(NotSupported):
        await client.control.send(stop_call(code))


# -- quotas ----------------------------------------------------------------------------


@pytest.mark.parametrize("restart_min", [None, 60])
@pytest.mark.parametrize(
    "behaviour",
    [
        {"quota_window": "sliding", "device_quota": "pooled"},
        {"quota_window": "fixed", "device_quota": "per_type", "refused_counts": True},
    ],
    ids=["pooled", "per_type"],
)
async def test_day_inside_the_quotas(
    open_cloud: Open, behaviour: dict[str, Any], restart_min: int | None
) -> None:
    """All that there is, for a day, and not one call too many."""
    bench = await open_cloud("D", **behaviour)
    client, feed = bench.start()
    begin = restarted = bench.clock()
    while bench.clock() - begin < timedelta(hours=25):
        now = bench.clock()
        if restart_min and now - restarted >= timedelta(minutes=restart_min):
            client, feed = bench.start()
            restarted = now
        found = await feed.get()
        codes = [plant.code for plant in found.plants]
        day = now.astimezone(BRISBANE).date()
        calls: list[Any] = [
            client.plants_now(codes),
            *(client.readings(kind, found.of_type(kind)) for kind in (38, 39, 47)),
            client.plant_periods(Period.DAY, codes, day, BRISBANE),
            client.alarms(codes, begin, now + timedelta(minutes=1)),
        ]
        for item in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(item, RateLimited):
                assert item.reason == "own_budget"
            elif isinstance(item, BaseException):
                raise item
        bench.clock.advance(seconds=149)
    counts = bench.cloud.requests.counts()
    assert bench.cloud.over_quota == {}
    assert counts["getDevRealKpi"] >= 3 * 25 * 3600 / 450
    assert counts["login"] <= 52
    assert counts["getDevList"] == 2
