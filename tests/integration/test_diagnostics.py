"""Diagnostics: enough to replay an account, and nothing that tells whose it is."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
import itertools
import json
from typing import Any
from uuid import UUID

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from custom_components.joulekeeper import control, rule_edits
from homeassistant.helpers import device_registry as dr

from ..clouds import Fault, RedbackCloud
from ..conftest import LogIn
from .conftest import BATTERY, INVERTER, SITE, House, OpenHouse
from .leap import leap

pytestmark = pytest.mark.usefixtures("no_retry_pause")

type Ask = Callable[..., Awaitable[Any]]

RANDOM = ("ScheduleId", "schedule_id", "vendor_id")
"""What holds ids of the cloud's making."""

INVERTER_B = "RB20000000000202"


def private(cloud: RedbackCloud, tokens: dict[str, Any]) -> Iterator[str]:
    """Yield everything that the fake knows and nobody else may see."""
    yield tokens["data"]["token"]
    yield cloud.base_url
    for account in cloud.accounts:
        yield from account.credentials.values()
    yield from cloud._portal._sessions
    for pair, (cookie, _) in cloud._portal._pairs.items():
        yield from (pair, cookie)
    for serial in cloud.serials:
        site = cloud.inverter(serial).site
        yield from (serial, site.site_id, str(site.latitude), str(site.longitude))
        if site.nmi:
            yield site.nmi
    yield from ("Example St", "Exampleville", "4000", "Example Solar", "00000000000")


def assert_private(
    cloud: RedbackCloud, hass_storage: dict[str, Any], report: object
) -> None:
    """Fail when a report holds something private."""
    text = json.dumps(report)
    (tokens,) = (
        stored for key, stored in hass_storage.items() if key.endswith(".token")
    )
    assert [secret for secret in private(cloud, tokens) if secret in text] == []


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ids of our own making be the same each time."""
    numbers = map(UUID, (f"{number:08}{0:024}" for number in itertools.count(1)))
    for module in (control, rule_edits):
        monkeypatch.setattr(module, "uuid4", lambda: next(numbers))


@pytest.fixture
def ask(hass_client: ClientSessionGenerator, log_in: LogIn) -> Ask:
    """Return what downloads the report of an account or of one of its devices."""

    async def download(house: House, identifier: str | None = None) -> Any:
        token = await log_in()

        async def client() -> TestClient[Any, Any]:
            return await hass_client(token)

        if identifier is None:
            return await get_diagnostics_for_config_entry(
                house.hass, client, house.entry
            )
        device = dr.async_get(house.hass).async_get(house.device_id(identifier))
        assert isinstance(device, dr.DeviceEntry)
        return await get_diagnostics_for_device(house.hass, client, house.entry, device)

    return download


async def busy_house(open_house: OpenHouse) -> House:
    """Return a house with schedules and envelopes, ours and those of others."""
    house = await open_house(fixture=["A", "B"], portal=True)
    start = house.freezer().astimezone()
    house.cloud.add_schedule(INVERTER_B, start, timedelta(hours=2))
    house.cloud.add_daily_schedule(INVERTER)
    house.cloud.add_network_envelope(
        SITE, start, start + timedelta(hours=2), MaxExportPowerW=0
    )
    await leap(house, timedelta(minutes=70))
    await house.act(
        "create_schedule", action="charge", duration_min=30, power_w=2000, note="mine"
    )
    return house


@pytest.mark.usefixtures("numbered")
async def test_account(
    ask: Ask,
    hass_storage: dict[str, Any],
    open_house: OpenHouse,
    snapshot: SnapshotAssertion,
) -> None:
    """The report holds the raw answers, the capabilities and the counters."""
    house = await busy_house(open_house)
    report = await ask(house)
    assert_private(house.cloud, hass_storage, report)
    calls = house.cloud.requests
    assert report["calls"]["dynamic"] == calls.count("dynamic")
    assert report["calls"]["schedule create"] == calls.count("schedule_create") == 1
    assert all(endpoint["ok"] for endpoint in report["endpoints"].values())
    assert all(0 < item["next_in_s"] <= 86_401 for item in report["endpoints"].values())
    # How often the plan was read hangs on the moment of the write.
    report["calls"] = sorted(report["calls"])
    assert report == snapshot(exclude=props("next_in_s", *RANDOM))


@pytest.mark.parametrize(
    ("identifier", "kind", "payloads"),
    [
        (INVERTER, "inverter", {"static", "dynamic", "configuration", "schedules"}),
        (BATTERY, "battery", {"static", "dynamic", "configuration", "schedules"}),
        (SITE, "site", {"envelopes"}),
    ],
)
async def test_device(
    ask: Ask,
    hass_storage: dict[str, Any],
    open_house: OpenHouse,
    identifier: str,
    kind: str,
    payloads: set[str],
) -> None:
    """A device's report holds its own part, and nothing of the others."""
    house = await busy_house(open_house)
    report = await ask(house, identifier)
    assert_private(house.cloud, hass_storage, report)
    assert [item["kind"] for item in report["devices"]] == [kind]
    assert {name.split()[0] for name in report["raw"]} == payloads
    assert len(report["raw"]) == len(payloads)
    assert len({name.split()[1] for name in report["raw"]}) == 1
    if kind == "inverter":
        (facts,) = report["devices"]
        assert facts["capabilities"]["actions"]["charge"]["max_power_w"] == 4600
        assert [item["note"] for item in facts["schedules"]][-1:] == ["mine"]


async def test_failing_endpoint(
    ask: Ask, hass_storage: dict[str, Any], house: House
) -> None:
    """The report says what is wrong, without an address."""
    house.cloud.faults.add("dynamic", Fault.STATUS, status=503)
    await leap(house, timedelta(minutes=3))
    report = await ask(house)
    assert_private(house.cloud, hass_storage, report)
    failing = {
        name.split()[0]: item["error"]
        for name, item in report["endpoints"].items()
        if not item["ok"]
    }
    assert failing.keys() == {"dynamic"}
    assert "HTTP 503" in failing["dynamic"]


async def test_device_of_the_past(
    ask: Ask, hass_storage: dict[str, Any], house: House
) -> None:
    """An inverter that was exchanged does not show up by its name."""
    house.cloud.add("C")
    house.cloud.remove(INVERTER)
    for _ in range(2):
        await leap(house, timedelta(hours=3))
    report = await ask(house)
    assert INVERTER not in json.dumps(report)
    assert_private(house.cloud, hass_storage, report)
    assert {item["kind"] for item in report["devices"]} == {"inverter", "site"}


async def test_portal_switched_off(
    ask: Ask,
    hass_storage: dict[str, Any],
    open_house: OpenHouse,
) -> None:
    """A portal login that is saved but not used stays private too."""
    house = await open_house(fixture="A", portal=True)
    flow = await house.hass.config_entries.options.async_init(house.entry.entry_id)
    await house.hass.config_entries.options.async_configure(
        flow["flow_id"], {"envelopes": True, "portal": False}
    )
    await house.hass.async_block_till_done(wait_background_tasks=True)
    report = await ask(house)
    assert_private(house.cloud, hass_storage, report)
    options = report["entry"]["options"]
    assert (options["envelopes"], options["portal"]) == (True, False)
    assert report["entry"]["data"]["credentials"].keys() >= {
        "portal_email",
        "portal_password",
    }
