"""What is asked for an account, when some of it fails (dossier 4, 11.1)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import TransientError
from custom_components.joulekeeper.core.models import Device, DeviceKind, Readings
from custom_components.joulekeeper.vendors.anker import session as sessions
from custom_components.joulekeeper.vendors.anker.calls import (
    aps_power_call,
    site_price_call,
)
from custom_components.joulekeeper.vendors.anker.client import AnkerClient
from custom_components.joulekeeper.vendors.anker.endpoints import (
    DETAILS,
    ENERGIES,
    PANEL,
    PLAN,
    PRICES,
    SCENE,
    STANDALONE,
)
from custom_components.joulekeeper.vendors.anker.panel import PanelSource
from custom_components.joulekeeper.vendors.anker.session import AnkerSession
from custom_components.joulekeeper.vendors.base import Connection, Endpoint
from tests.clouds.anker import FIXTURES, AnkerCloud
from tests.clouds.faults import Fault

from .conftest import Bench, Disk, OpenCloud

PREFIX = "11111111-2222-4333-8444-00000000000"
A, B, C, E, X1 = (f"{PREFIX}{letter}" for letter in "abce6")
PANEL_SITE, WITH_INVERTER = f"{PREFIX}4", f"{PREFIX}7"
BANK, LONE = "FAKESB1A00000001", "FAKEMI800001"


@dataclass
class House:
    """A session of ours at a cloud, without Home Assistant."""

    bench: Bench
    cloud: AnkerCloud
    session: AnkerSession

    def endpoints(self, topology: Any) -> dict[tuple[str, str], Endpoint[Any]]:
        """Return what can be fetched, by reading and id."""
        return {
            (item.reading.name, item.device_id): item
            for item in self.session.endpoints(topology)
        }

    async def fetch(self, reading: Any, device_id: str) -> Any:
        """Return what an endpoint brings, as if all were listed."""
        topology = await self.session.topology.fetch()
        return await self.endpoints(topology)[reading.name, device_id].fetch()

    def count(self, label: str) -> int:
        """Return how often an endpoint was asked."""
        return self.cloud.requests.count(label)

    def beside(self, account: int) -> AnkerSession:
        """Return a session of another account in the same house."""
        other = self.cloud.credentials_of(self.cloud.accounts[account])
        return AnkerSession(connected(self.bench, **other))

    def pass_minutes(self, minutes: float) -> None:
        """Let time pass."""
        self.bench.clock.advance(seconds=60 * minutes)


def connected(bench: Bench, options: Any = None, **credentials: str) -> Connection:
    """Return the surroundings of a session."""
    return Connection(
        http=bench.session,
        cookie_session=lambda: bench.session,
        clock=bench.clock,
        tokens=Disk() if credentials else bench.disk,
        credentials=bench.credentials | credentials,
        options=options or {},
        zone=lambda: bench.zone,
    )


type OpenHouse = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house(
    open_cloud: OpenCloud, monkeypatch: pytest.MonkeyPatch
) -> OpenHouse:
    """Return what opens a session at a fake cloud; sleeping turns its clock."""

    async def open_one(
        *, two_servers: bool = False, options: Any = None, **cloudy: Any
    ) -> House:
        bench, cloud = await open_cloud(**cloudy)
        monkeypatch.setattr(
            sessions,
            "AnkerClient",
            lambda connection: AnkerClient(connection, bench.sleep),
        )
        if two_servers:
            bench.credentials |= {
                "base_url": cloud.base_urls["eu"],
                "other_base_url": cloud.base_urls["com"],
            }
        return House(bench, cloud, AnkerSession(connected(bench, options)))

    return open_one


def without(**changes: Any) -> Any:
    """Return what spoils the overviews by changing keys."""
    return lambda payload: {**payload, "data": {**payload["data"], **changes}}


def listed(house: House, topology: Any, scene: Any, site_id: str) -> set[str]:
    """Return the devices that there are after an overview."""
    readings = Readings()
    endpoint = house.endpoints(topology)[SCENE.name, site_id]
    readings.put(endpoint.id, scene)
    return {device.id for device in house.session.devices(topology, readings)}


async def test_an_overview_without_a_list_lists_nothing(open_house: OpenHouse) -> None:
    """Only a list that is there and empty tells that a device is gone."""
    house = await open_house(fixture="A")
    topology = await house.session.topology.fetch()
    assert BANK in listed(house, topology, await house.fetch(SCENE, A), A)
    unlisted = without(solarbank_info={"solarbank_list": None})
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=unlisted)
    for _ in range(4):
        house.pass_minutes(1)
        assert BANK in listed(house, topology, await house.fetch(SCENE, A), A)
    house.cloud.faults.clear()
    empty = without(solarbank_info={"solarbank_list": []})
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=empty)
    for _ in range(2):
        house.pass_minutes(1)
        left = listed(house, topology, await house.fetch(SCENE, A), A)
    assert left == {A}


async def test_firmware_of_devices_that_come_late(open_house: OpenHouse) -> None:
    """It is asked of those that are listed now, and never of none."""
    house = await open_house(fixture="A")
    topology = await house.session.topology.fetch()
    details = house.endpoints(topology)[DETAILS.name, A]
    house.session.expire(battery(A))
    house.cloud.faults.add("bind_devices", Fault.EDIT, edit=without(data=[]))
    assert (await details.fetch()).firmware == {}
    assert house.count("ota_batch") == 0
    house.cloud.faults.clear()
    house.session.expire(battery(A))
    house.pass_minutes(10)
    assert set((await details.fetch()).firmware) == {BANK}
    assert house.count("ota_batch") == 1


def battery(site_id: str) -> Device:
    """Return a battery of a system."""
    return Device(
        id=BANK, kind=DeviceKind.BATTERY, source_id=site_id, parent_id=site_id
    )


async def test_one_energy_that_fails(open_house: OpenHouse) -> None:
    """It costs itself only, and is asked again; all that fail are a failure."""
    house = await open_house(fixture="C")
    house.cloud.change(failing_kinds=frozenset({"solar_production"}))
    told = (await house.fetch(ENERGIES, C)).today
    assert told.solar is None
    assert told.battery_discharge is not None
    house.cloud.change(failing_kinds=frozenset())
    house.pass_minutes(1)
    whole = (await house.fetch(ENERGIES, C)).today
    assert None not in (whole.solar, whole.battery_discharge)
    house.cloud.change(failing_kinds=frozenset({"solar_production"}))
    house.pass_minutes(20)
    assert (await house.fetch(ENERGIES, C)).today.solar == whole.solar
    house.pass_minutes(20)
    house.cloud.answer_with("energy_analysis", -1, times=None)
    with pytest.raises(TransientError):
        await house.fetch(ENERGIES, C)


async def test_an_input_whose_first_look_fails(open_house: OpenHouse) -> None:
    """In the dark all inputs are looked at until each has answered."""
    house = await open_house(fixture="C")
    dark = without(solarbank_info={"solarbank_list": bank_in_the_dark(house)})
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=dark)
    house.cloud.change(failing_kinds=frozenset({"solar_production_pv1"}))
    assert (await house.fetch(ENERGIES, C)).today.pv[0] is None
    house.cloud.change(failing_kinds=frozenset())
    house.pass_minutes(20)
    assert (await house.fetch(ENERGIES, C)).today.pv[0] is not None


def bank_in_the_dark(house: House) -> list[dict[str, Any]]:
    """Return a list of a Solarbank 2 that tells nothing of its inputs."""
    bank = house.cloud.site("C").spec.banks[0]
    return [{"device_sn": bank.serial, "device_pn": bank.product, "status": "1"}]


async def test_energies_that_were_told_too_high(open_house: OpenHouse) -> None:
    """One wrong high does not stay until midnight; one wrong low is never shown."""
    house = await open_house(fixture="A")
    first = (await house.fetch(ENERGIES, A)).today.battery_discharge
    high = house.cloud.faults.add(
        "energy_analysis", Fault.EDIT, edit=discharged(first + 50), times=1
    )
    house.pass_minutes(20)
    assert (await house.fetch(ENERGIES, A)).today.battery_discharge == first + 50
    assert high.hits == 1
    for _ in range(2):
        house.pass_minutes(20)
        shown = (await house.fetch(ENERGIES, A)).today.battery_discharge
        assert shown == first + 50
    for _ in range(4):
        house.pass_minutes(20)
        shown = (await house.fetch(ENERGIES, A)).today.battery_discharge
    assert shown < first + 5
    house.cloud.faults.add("energy_analysis", Fault.EDIT, edit=discharged(0), times=1)
    house.pass_minutes(20)
    assert (await house.fetch(ENERGIES, A)).today.battery_discharge >= shown > 0


def discharged(energy: float) -> Any:
    """Return what makes another of what a battery has given today."""

    def edit(payload: Any) -> Any:
        power = [item | {"value": str(energy)} for item in payload["data"]["power"]]
        return {**payload, "data": {**payload["data"], "power": power}}

    return edit


async def test_a_panel_that_falls_silent(open_house: OpenHouse) -> None:
    """Powers are good for about two rounds; with nothing else it fails."""
    house = await open_house(fixture="PANEL", region="com")
    house.bench.credentials["country"] = "US"
    assert (await house.fetch(PANEL, PANEL_SITE)).days
    house.cloud.fail_with("panel_statistics", 503, times=None)
    house.pass_minutes(10)
    assert (await house.fetch(PANEL, PANEL_SITE)).days
    house.pass_minutes(20)
    told = await house.fetch(PANEL, PANEL_SITE)
    assert not told.days
    assert told.running is not None
    house.cloud.fail_with("panel_running_info", 503, times=None)
    house.pass_minutes(10)
    assert (await house.fetch(PANEL, PANEL_SITE)).running is not None
    house.pass_minutes(20)
    with pytest.raises(TransientError):
        await house.fetch(PANEL, PANEL_SITE)


async def test_an_account_of_the_other_region(open_house: OpenHouse) -> None:
    """Its first listing has all of its devices, not those of the empty region."""
    house = await open_house(fixture=("A", "D"), region="com", two_servers=True)
    topology = await house.session.topology.fetch()
    assert topology.site_ids == (A,)
    assert [unit.serial for unit in topology.units] == [LONE]


async def test_an_inverter_alone_while_an_overview_fails(open_house: OpenHouse) -> None:
    """A system without inverters cannot hold it; one with some leaves it open."""
    house = await open_house(fixture=("A", "B", "D"))
    failing = house.cloud.faults.add("scene_info", Fault.EDIT, edit=broken(B))
    topology = await house.session.topology.fetch()
    assert failing.hits
    assert [unit.serial for unit in topology.units] == [LONE]


async def test_an_inverter_of_which_nobody_knows(open_house: OpenHouse) -> None:
    """While it may be part of a system it is no system of its own, unless it was."""
    house = await open_house(fixture=("A", "B80"))
    listing = house.session.topology
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=broken(WITH_INVERTER))
    unsure = await listing.fetch()
    assert unsure.units == ()
    assert listing.due_in(unsure, house.bench.clock()) == timedelta(minutes=1)
    house.cloud.faults.clear()
    house.pass_minutes(1)
    assert (await listing.fetch()).units == ()
    house = await open_house(fixture=("A", "D"))
    listing = house.session.topology
    before = await listing.fetch()
    house.cloud.add("B80")
    house.cloud.faults.add("scene_info", Fault.EDIT, edit=broken(WITH_INVERTER))
    house.pass_minutes(10)
    assert (await listing.fetch()).units == before.units != ()


def broken(site_id: str) -> Any:
    """Return what lets one system's overview be an error."""

    def edit(payload: Any) -> Any:
        if payload["data"]["site_id"] == site_id:
            return {"code": 10000, "msg": "Failed to request."}
        return payload

    return edit


async def test_details_of_an_inverter_alone(open_house: OpenHouse) -> None:
    """Who asks for them gets all of them, not its power only."""
    house = await open_house(fixture="D")
    topology = await house.session.topology.fetch()
    now = house.endpoints(topology)[STANDALONE.name, LONE]
    await now.fetch()
    before = house.cloud.requests.counts()
    [device] = house.session.devices(topology, Readings())
    house.pass_minutes(1)
    house.session.expire(device)
    await now.fetch()
    after = house.cloud.requests.counts()
    for label in ("pv_total", "pv_statistics", "pv_price", "bind_devices"):
        assert after[label] == before[label] + 1


async def test_systems_are_listed_four_times_an_hour(open_house: OpenHouse) -> None:
    """Also by who wants details seldom: new devices are to show up."""
    house = await open_house(fixture="A", options={"details_multiplier": 60})
    topology = await house.session.topology.fetch()
    due = house.session.topology.due_in(topology, house.bench.clock())
    assert due <= timedelta(minutes=15)


async def test_home_storage(open_house: OpenHouse) -> None:
    """An X1 is told like a power panel, by another service (4.14)."""
    house = await open_house(fixture="X1")
    told = await house.fetch(PANEL, X1)
    assert told.running.energy_kwh == pytest.approx(2500, abs=20)
    assert told.average_w(PanelSource.HOME) > 0
    assert told.days[PanelSource.HOME].energy_kwh > 0


async def test_a_price_leaves_the_rest_alone(open_house: OpenHouse) -> None:
    """The whole set is sent, for what is left out is lost (4.10)."""
    house = await open_house(fixture="E", behaviour={"price_replaces": True})
    known = (await house.fetch(PRICES, E)).site
    await house.session.send(site_price_call(E, known, price=0.5))
    house.pass_minutes(5)
    prices = await house.fetch(PRICES, E)
    assert prices.site.raw == {**known.raw, "price": 0.5, "accuracy": 5}
    assert prices.site.raw["use_time"]


async def test_what_names_accessories(open_house: OpenHouse) -> None:
    """Their numbers and addresses are as private as those of devices."""
    house = await open_house(fixture=("ZERO", "B80"))
    topology = await house.session.topology.fetch()
    for site_id in topology.site_ids:
        await house.endpoints(topology)[DETAILS.name, site_id].fetch()
    named = house.session.identities()
    assert {"FAKESWITCH000001", "020000AABB99", LONE} <= set(named)


async def test_many_systems_share_what_one_endpoint_takes(
    open_house: OpenHouse,
) -> None:
    """All accounts behind one address count, and those that come later too."""
    specs = [replace(FIXTURES["A"], letter=letter) for letter in "0123456789abcdef"]
    house = await open_house(accounts=[specs[:6], specs[6:12]])
    await house.fetch(SCENE, specs[0].site_id)

    async def wait() -> timedelta:
        topology = await house.session.topology.fetch()
        endpoint = house.endpoints(topology)[SCENE.name, specs[0].site_id]
        unknown = replace(await endpoint.fetch(), reported_at=None)
        return endpoint.due_in(unknown, house.bench.clock())

    assert await wait() == timedelta(minutes=1)
    neighbour = house.beside(account=1)
    await neighbour.topology.fetch()
    assert await wait() == timedelta(minutes=2)
    for spec in specs[12:]:
        house.cloud.add(spec)
    house.cloud.add(replace(FIXTURES["A"], letter="g"))
    assert await wait() == timedelta(minutes=3)


async def test_a_limit_is_remembered(open_house: OpenHouse) -> None:
    """The inverter bears few of them, whether Home Assistant starts anew or not."""
    house = await open_house(fixture="D")
    assert (await house.fetch(STANDALONE, LONE)).limit_waits == timedelta()
    await house.session.send(aps_power_call(LONE, 600))
    waits = (await house.fetch(STANDALONE, LONE)).limit_waits
    assert waits > timedelta(seconds=30)
    house.session = AnkerSession(connected(house.bench))
    house.pass_minutes(0.25)
    assert timedelta() < (await house.fetch(STANDALONE, LONE)).limit_waits < waits


async def test_kind_of_plan_while_a_product_is_not_told(open_house: OpenHouse) -> None:
    """A bank stays what it was; of one that is new it has to be told first."""
    house = await open_house(fixture="C")
    await house.fetch(SCENE, C)
    plan = await house.fetch(PLAN, C)
    assert (plan.kind, plan.rate_plan.legal_w) == ("6", 800)
    assert plan.rate_plan.most_w == 800

    def nameless(payload: Any) -> Any:
        for bank in payload["data"]["solarbank_info"]["solarbank_list"]:
            bank["device_pn"] = None
        return payload

    house.cloud.faults.add("scene_info", Fault.EDIT, edit=nameless)
    house.pass_minutes(5)
    await house.fetch(SCENE, C)
    again = await house.fetch(PLAN, C)
    assert (again.kind, again.banks) == ("6", plan.banks)
    fresh = AnkerSession(connected(house.bench))
    topology = await fresh.topology.fetch()
    endpoints = {
        (it.reading.name, it.device_id): it for it in fresh.endpoints(topology)
    }
    with pytest.raises(TransientError):
        await endpoints[PLAN.name, C].fetch()
