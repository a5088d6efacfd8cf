"""The real `redbacktechpy` runs its own call sequence against the fake cloud.

Nobody here wrote that client, so what it reads and does shows that the fake is
faithful (dossier section 8). Only its base address and the cookie jar of its
portal session are replaced: aiohttp's default jar drops cookies of IP hosts.

`peer_readings` and `house_readings` give the same dict of neutral names, for any
other client to be compared with `assert_same_readings`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from aiohttp import ClientSession, CookieJar
import orjson
import pytest
from redbacktechpy import RedbackTechClient, redbacktech_client
from redbacktechpy.exceptions import RedbackTechClientError

from tests.clouds import RedbackCloud
from tests.clouds.clock import SetClock

pytestmark = pytest.mark.usefixtures("socket_enabled")

A = "RB20000000000101"
B = "RB20000000000202"
SITE_B = "S7f20be1146aa9"

type Connect = Callable[..., Awaitable[tuple[RedbackCloud, RedbackTechClient]]]


# Reading of ours -> (entity of the peer, its device, factor to W, kWh, %).
READINGS: dict[str, tuple[str, str, float]] = {
    "pv_power_w": ("pv_power_instantaneous_kw", "inv", 1000),
    "grid_power_w": (
        "inverter_phase_total_active_net_power_instantaneous_kw",
        "inv",
        1000,
    ),
    "load_power_w": ("inverter_site_load_instantaneous_kw", "inv", 1000),
    "pv_energy_kwh": ("pv_all_time_energy_mwh", "inv", 1000),
    "export_energy_kwh": ("export_all_time_energy_mwh", "inv", 1000),
    "import_energy_kwh": ("import_all_time_energy_mwh", "inv", 1000),
    "load_energy_kwh": ("load_all_time_energy_mwh", "inv", 1000),
}
BATTERY_READINGS: dict[str, tuple[str, str, float]] = {
    "battery_power_w": ("battery_power_negative_is_charging_kw", "bat", 1000),
    "battery_soc": ("battery_soc_instantaneous_0to1", "bat", 1),
    "battery_charge_energy_kwh": (
        "battery_charge_all_time_energy_mwh",
        "bat",
        1000,
    ),
    "battery_discharge_energy_kwh": (
        "battery_discharge_all_time_energy_mwh",
        "bat",
        1000,
    ),
}


def peer_readings(data: Any, serial: str, *, battery: bool = True) -> dict[str, float]:
    """Return what the peer read: W, kWh, %; grid + import, battery + discharge."""
    wanted = READINGS | (BATTERY_READINGS if battery else {})
    return {
        name: data.entities[f"{serial[-4:]}{device}{entity}"].data["value"] * factor
        for name, (entity, device, factor) in wanted.items()
    }


def house_readings(
    cloud: RedbackCloud, serial: str, *, battery: bool = True
) -> dict[str, float]:
    """Return what the simulated house says at the published telemetry's time."""
    reading = cloud.inverter(serial).latest(cloud.clock()).reading
    flow, energy = reading.flow, reading.energy
    values = {
        "pv_power_w": flow.pv_w,
        "grid_power_w": flow.grid_w,
        "load_power_w": flow.load_w,
        "pv_energy_kwh": energy.pv,
        "export_energy_kwh": energy.exported,
        "import_energy_kwh": energy.imported,
        "load_energy_kwh": energy.load,
    }
    if battery:
        assert reading.soc is not None
        values |= {
            "battery_power_w": flow.battery_w,
            "battery_soc": reading.soc * 100,
            "battery_charge_energy_kwh": energy.charged,
            "battery_discharge_energy_kwh": energy.discharged,
        }
    return values


def assert_same_readings(seen: dict[str, float], truth: dict[str, float]) -> None:
    """Compare within the vendor's rounding: kW/1000, kWh/10, SoC 0..1/100."""
    assert seen.keys() == truth.keys()
    for name, value in truth.items():
        tolerance = {"w": 2.5, "kwh": 0.051, "soc": 0.51}[name.rsplit("_", 1)[1]]
        assert seen[name] == pytest.approx(value, abs=tolerance), name


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Return a function that starts a cloud, and the peer at its address."""
    opened: list[Any] = []

    def session() -> ClientSession:
        made = ClientSession(
            cookie_jar=CookieJar(unsafe=True),
            # As Home Assistant's shared session: the peer posts datetimes.
            json_serialize=lambda value: orjson.dumps(value).decode(),
        )
        opened.append(made.close)
        return made

    async def _connect(
        *, hours: int = 0, **options: Any
    ) -> tuple[RedbackCloud, RedbackTechClient]:
        clock = SetClock(datetime.now(UTC) + timedelta(hours=hours))
        cloud = RedbackCloud(clock=clock, **options)
        base = await cloud.start() + "/"
        opened.append(cloud.stop)
        monkeypatch.setattr(
            redbacktech_client,
            "BaseUrl",
            SimpleNamespace(OAUTH=base, API=base, PORTAL=base),
        )
        monkeypatch.setattr(redbacktech_client, "ClientSession", session)
        client = RedbackTechClient(
            **cloud.credentials, session1=session(), include_envelopes=True
        )
        return cloud, client

    yield _connect
    for close in reversed(opened):
        await close()


def _clock(cloud: RedbackCloud) -> SetClock:
    assert isinstance(cloud.clock, SetClock)
    return cloud.clock


async def test_connection_and_first_read(connect: Connect) -> None:
    """The peer logs in twice over, finds the devices and reads every value."""
    cloud, client = await connect(fixture="A")

    assert await client.test_api_connection() is True
    assert await client.test_portal_connection() is True
    data = await client.get_redback_data()

    assert set(data.devices) == {"0101inv", "0101bat", "d5b3env"}
    assert_same_readings(peer_readings(data, A), house_readings(cloud, A))
    value = {key: entity.data["value"] for key, entity in data.entities.items()}
    assert value["0101invmodel_name"] == "SH5000"
    assert value["0101invserial_number"] == A
    assert value["0101invpower_mode_inverter_mode"] == "Auto"
    assert value["0101batmin_soc_0_to_1"] == pytest.approx(20)
    assert value["0101batbattery_no_of_modules"] == 2
    # From the portal's page.
    assert value["0101invmppt_1_size_kw"] == pytest.approx(3.8)
    assert value["0101invmppt_2_panel_direction"] == "NE"
    # The order of first appearance in the dossier, 8.4.
    assert list(dict.fromkeys(cloud.requests.labels())) == [
        "token",
        "portal_login_page",
        "portal_login",
        "portal_home",
        "nodes",
        "portal_installation",
        "static",
        "dynamic",
        "configuration",
        "schedules",
        "envelopes",
    ]
    assert "unknown" not in cloud.requests.counts()


@pytest.mark.parametrize(
    ("fixture", "hours"),
    [("B", 0), ("C", 0), ("SI", 0), ("D", 6), ("D", 12), ("D", 18), ("E", 0), ("G", 0)],
)
async def test_other_systems(connect: Connect, fixture: str, hours: int) -> None:
    """Three phases, no battery, several inverters: every value is the house's."""
    cloud, client = await connect(fixture=fixture, hours=hours)
    data = await client.get_redback_data()

    for serial in cloud.serials:
        # The peer goes by BatteryCount alone (7.1).
        battery = cloud.inverter(serial).spec.battery_count > 0
        assert (f"{serial[-4:]}bat" in data.devices) is battery
        seen = peer_readings(data, serial, battery=battery)
        truth = house_readings(cloud, serial, battery=battery)
        if fixture == "G":
            # ... and so leaves the hidden battery out of the load.
            flow = cloud.inverter(serial).latest(cloud.clock()).reading.flow
            truth["load_power_w"] -= flow.battery_w
        assert_same_readings(seen, truth)
    if B in cloud.serials:
        value = data.entities["0202invinverter_phase_total_voltage_instantaneous_v"]
        assert 405 < value.data["value"] < 425


@pytest.mark.parametrize("fixture", ["F", "H"])
async def test_peer_breaks_on_nulls_as_recorded(connect: Connect, fixture: str) -> None:
    """A disabled battery and a dead phase are known to break this client (6)."""
    _, client = await connect(fixture=fixture)
    with pytest.raises(TypeError):
        await client.get_redback_data()


async def test_schedule_round_trip(connect: Connect) -> None:
    """Create, see it in the list and at work, delete by label, delete all."""
    cloud, client = await connect(fixture="A")
    await client.get_redback_data()
    start = datetime.now(UTC) - timedelta(seconds=1)

    await client.create_schedule_service("0101inv", "ChargeBattery", 3000, 30, start)

    (item,) = cloud.schedules(A)
    assert item["Duration"] == "00:30:00"
    assert item["DesiredMode"] == {
        "InverterMode": "ChargeBattery",
        "ArgumentInWatts": 3000,
    }
    assert cloud.power_mode(A)["InverterMode"] == "Auto"
    _clock(cloud).advance(seconds=75)
    data = await client.get_redback_data()
    (schedule,) = data.schedules.values()
    assert schedule.data["duration"] == 30
    assert schedule.data["power_w"] == 3000
    assert data.entities["0101invactive_event"].data["value"] is True
    mode = data.entities["0101invpower_mode_inverter_mode"].data["value"]
    assert mode == "ChargeBattery"
    assert peer_readings(data, A)["battery_power_w"] <= -2990 or (
        house_readings(cloud, A)["battery_soc"] > 98
    )

    label = schedule.data["schedule_selector"]
    await client.delete_inverter_schedule("0101inv", label)
    assert cloud.schedules(A) == []

    later = datetime.now(UTC) + timedelta(hours=2)
    for mode in ("Conserve", "ExportPower"):
        await client.create_schedule_service("0101inv", mode, 1000, 90, later)
    await client.get_redback_data()
    await client.delete_all_inverter_schedules("0101inv")
    assert cloud.schedules(A) == []
    assert set(cloud.requests.statuses("schedule_delete")) == {200}


async def test_long_duration_is_refused(connect: Connect) -> None:
    """Known bug of the peer: 25 h is sent as `1.25:00:00`, no TimeSpan (7.2)."""
    cloud, client = await connect(fixture="A")
    await client.get_redback_data()
    with pytest.raises(RedbackTechClientError, match="Status: 400"):
        await client.create_schedule_service(
            "0101inv", "Conserve", 0, 25 * 60, datetime.now(UTC)
        )
    assert cloud.schedules(A) == []


async def test_portal_sets_the_base_mode(connect: Connect) -> None:
    """The mode is set through login, anti-forgery token and form post."""
    cloud, client = await connect(fixture="A")
    await client.get_redback_data()

    await client.set_inverter_mode_portal("0101", mode="ExportPower", power=1500)

    assert cloud.portal_mode(A) == {"InverterMode": "ExportPower", "PowerW": 1500}
    _clock(cloud).advance(seconds=75)
    data = await client.get_redback_data()
    mode = data.entities["0101invpower_mode_inverter_mode"].data["value"]
    assert mode == "ExportPower"


async def test_wrong_portal_password(connect: Connect) -> None:
    """The peer takes any page for a login (7.2); afterwards everything is shut."""
    cloud, client = await connect(fixture="A")
    client.portal_password = "wrong"
    assert await client.test_portal_connection() is True
    assert "portal_home" not in cloud.requests.counts()
    with pytest.raises(AttributeError):
        await client.get_redback_data()


async def test_envelopes(connect: Connect) -> None:
    """Create, list, delete one and delete all."""
    cloud, client = await connect(fixture="D")
    await client.get_redback_data()
    start = datetime.now(UTC) + timedelta(minutes=10)
    limits = (10000, 0, 10000, 10000, 10000)
    for name, hours in (("Noon", 1), ("Later", 3)):
        begin = start + timedelta(hours=hours)
        answer = await client.create_operating_envelope(
            name, begin, begin + timedelta(hours=1), SITE_B, *limits
        )
        assert answer["Data"]["ErrorMessage"] is None

    data = await client.get_redback_data()

    noon = min(data.openvelopes.values(), key=lambda e: e.data["StartAtUtc"])
    assert noon.data["MaxExportPowerW"] == 0
    assert noon.data["Status"] == "New"
    await client.delete_op_env_by_id("6aa9env", noon.data["EventId"])
    statuses = [item["Status"] for item in cloud.envelopes(SITE_B)]
    assert statuses == ["Cancelled", "New"]
    await client.delete_all_envelopes("6aa9env")
    statuses = [item["Status"] for item in cloud.envelopes(SITE_B)]
    assert statuses == ["Cancelled", "Cancelled"]


@pytest.mark.parametrize(
    ("field", "status"), [("client_secret", 401), ("client_id", 400)]
)
async def test_wrong_credentials(connect: Connect, field: str, status: int) -> None:
    """A wrong secret or id is refused with its own status."""
    _, client = await connect(fixture="A")
    setattr(client, field, "wrong")
    with pytest.raises(RedbackTechClientError, match=f"Status: {status}"):
        await client.test_api_connection()
