"""Predbat's `apps.yaml` of the documentation, with the calls that Predbat makes."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import probatio
import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.exceptions import ServiceValidationError

from .blueprints import half_full, ruling
from .conftest import (
    BATTERY,
    EVENING,
    AnkerHouse,
    FusionHouse,
    House,
    OpenAlphaHouse,
    OpenHouse,
)
from .docs_blocks import block
from .keeping import MINUTE, issues, items, running, writes

LATE = datetime(2026, 11, 20, 10, 0, 10, tzinfo=UTC)
"""Half past eight in the evening in Adelaide."""
HOOKS = tuple(
    f"{way}_{what}_service"
    for way in ("charge", "discharge")
    for what in ("start", "freeze", "stop")
)


class Predbat:
    """Calls the hooks of `apps.yaml` as Predbat does.

    Placeholders are filled in as text, `always` and `repeat` are not passed on, and a
    call that equals the last one of its direction is left out unless it has them.
    """

    def __init__(self, house: House[Any], apps: Mapping[str, Any]) -> None:
        """Take the house, and what stands below `pred_bat`."""
        self.house = house
        self.apps = apps
        self._last: dict[str, Any] = {}

    async def call(
        self, hook: str, *, power: int = 2600, target_soc: int = 90
    ) -> dict[str, Any]:
        """Call a hook; return what was sent."""
        template = dict(self.apps[hook])
        repeated = template.pop("always", False) or template.pop("repeat", False)
        values = {
            "device_id": self.house.device_id(),
            "power": str(power),
            "target_soc": str(target_soc),
        }
        data = {
            key: value.format(**values) if isinstance(value, str) else value
            for key, value in template.items()
        }
        domain, _, action = data.pop("service").partition(".")
        direction, order = hook.partition("_")[0], (action, data)
        if not repeated and self._last.get(direction) == order:
            return {}
        self._last[direction] = order
        assert domain == DOMAIN
        await self.house.hass.services.async_call(domain, action, data, blocking=True)
        return data

    async def cycles(self, minutes: int, hook: str, **values: int) -> None:
        """Let it call a hook in each of its cycles, and time pass."""
        for _ in range(0, minutes, 5):
            await self.call(hook, **values)
            await self.house.pass_time(5 * MINUTE)


@pytest.fixture
def apps() -> dict[str, Any]:
    """Return what the documentation says."""
    return block("interoperability.md", "pred_bat")


@pytest.fixture
async def predbat(open_house: OpenHouse, apps: dict[str, Any]) -> Predbat:
    """Return Predbat beside a Redback with half a battery, at night."""
    return Predbat(await half_full(open_house), apps)


def test_it_names_what_predbat_needs(apps: dict[str, Any]) -> None:
    """Every hook is there, so that none falls back to another one."""
    assert apps.keys() >= {*HOOKS, "device_id", "inverter_type", "inverter"}
    flags = apps["inverter"]
    assert flags["has_service_api"] is True
    assert flags["support_discharge_freeze"] is False
    # Ours is + for imports, Predbat's for exports; the battery's sign is the same.
    assert apps["grid_power_invert"] == [True]
    assert "battery_power_invert" not in apps


@pytest.mark.parametrize(
    ("hook", "mode", "watts"),
    [
        ("charge_start_service", "ChargeBattery", 2600),
        ("charge_freeze_service", "Conserve", 0),
        ("discharge_start_service", "DischargeBattery", 2600),
    ],
)
async def test_hook_is_done_and_repeated_cheaply(
    predbat: Predbat, hook: str, mode: str, watts: int
) -> None:
    """The lease is renewed while it runs; when Predbat is gone, the cloud ends it."""
    house = predbat.house
    target = 90 if hook.startswith("charge") else 20
    await predbat.call(hook, target_soc=target)
    assert items(house, EVENING) == [(mode, 0, 15)]
    schedules = house.cloud.inverter(house.main).plan.schedules
    assert [item.wish.watts for item in schedules] == [watts]
    calls = house.cloud.requests.total
    for _ in range(3):
        await predbat.call(hook, target_soc=target)
    assert house.cloud.requests.total == calls
    await predbat.cycles(30, hook, target_soc=target)
    assert running(house) == mode
    assert writes(house) <= 7
    await house.pass_time(11 * MINUTE)
    assert (items(house, EVENING), running(house)) == ([], "Auto")
    assert not issues(house)


@pytest.mark.parametrize("hook", [item for item in HOOKS if "start" not in item][1:])
async def test_stop_ends_what_predbat_has_started_alone(
    predbat: Predbat, hook: str
) -> None:
    """A schedule of the owner's goes on, and so does a limit of the site."""
    house = predbat.house
    await house.act("create_schedule", action="hold", duration_min=60)
    await house.act("force", action="limit", max_export_w=0, duration_min=60)
    await predbat.call("charge_start_service")
    await house.pass_time(2 * MINUTE)
    assert running(house) == "ChargeBattery"
    await predbat.call(hook)
    assert running(house) == "Conserve"
    assert await ruling(house) == [("hold", None), ("limit", None)]
    assert items(house, EVENING)[-1].end == 60
    calls = house.cloud.requests.total
    assert await predbat.call(hook) == {}
    assert house.cloud.requests.total == calls


async def test_target_is_watched_and_then_refused(predbat: Predbat) -> None:
    """As the text says: what is reached ends, and asked for again is an error."""
    house = predbat.house
    await predbat.cycles(5, "charge_start_service", power=4000, target_soc=53)
    assert running(house) == "Auto"
    assert 53 <= float(house.value("sensor", "state_of_charge", BATTERY)) < 55
    with pytest.raises(ServiceValidationError) as error:
        await predbat.call("charge_start_service", power=4000, target_soc=53)
    assert error.value.translation_key == "target_reached"
    await predbat.call("charge_freeze_service")
    assert running(house) == "Conserve"


async def test_power_above_the_limit_is_brought_down(predbat: Predbat) -> None:
    """Predbat's own rates need not be those of the inverter."""
    await predbat.call("charge_start_service", power=99_000)
    ((action, power),) = await ruling(predbat.house)
    assert (action, power) == ("charge", 99_000)
    schedules = predbat.house.cloud.inverter(predbat.house.main).plan.schedules
    assert [item.wish.watts for item in schedules] == [4600]


@pytest.mark.parametrize("power", ["nan", "inf", "2 kW", ""])
async def test_text_that_is_no_number_is_refused(predbat: Predbat, power: str) -> None:
    """Before anything is asked or sent."""
    calls = predbat.house.cloud.requests.total
    with pytest.raises(probatio.Invalid, match="power_w"):
        await predbat.house.act("force", action="charge", duration_min=9, power_w=power)
    assert predbat.house.cloud.requests.total == calls


async def test_same_again_is_sent_once_it_was_lost(predbat: Predbat) -> None:
    """What was deleted in the app, or differs in anything, is ordered anew."""
    house = predbat.house
    await predbat.call("charge_start_service")
    (held,) = house.cloud.inverter(house.main).plan.schedules
    house.cloud.remove_schedule(house.main, held.schedule_id)
    await house.act("list_schedules")
    await house.pass_time(timedelta(seconds=40))
    await house.act("list_schedules")
    await predbat.call("charge_start_service")
    assert running(house) == "ChargeBattery"
    count = writes(house)
    for values in ({"power": 2000}, {"target_soc": 80}):
        await predbat.call("charge_start_service", **values)
    assert writes(house) == count + 4


async def test_same_again_is_a_dry_run_too(predbat: Predbat) -> None:
    """It tells that nothing would be sent, and for stop as well."""
    order = {"action": "charge", "duration_min": 15, "lease_min": "15"}
    (first,) = await predbat.house.act("force", **order)
    (tried,) = await predbat.house.act("force", **order, dry_run=True)
    assert (tried["state"], tried["vendor_calls"]) == ("not_sent", [])
    assert tried["schedule_id"] == first["schedule_id"]
    assert tried["effective"]["power_w"] == first["effective"]["power_w"]
    (other,) = await predbat.house.act("force", **order, power_w="900.0", dry_run=True)
    assert len(other["vendor_calls"]) == 2
    await predbat.house.act("stop")
    for result in await predbat.house.act("stop", forced_only=True, dry_run=True):
        assert (result["state"], result["deleted"]) == ("not_sent", [])


async def test_windows_of_a_day_with_the_lease_of_the_table(
    open_alpha_house: OpenAlphaHouse, apps: dict[str, Any]
) -> None:
    """The windows are written once, and given back; the power is the system's own."""
    house = await open_alpha_house(fixture="A", now=LATE)
    for hook in HOOKS[:2]:
        apps[hook] |= {"duration_min": 120, "lease_min": 120}
    predbat = Predbat(house, apps)
    await predbat.call("charge_start_service", target_soc=100)
    assert await ruling(house) == [("charge", 2600)]
    written = house.cloud.requests.count("updateChargeConfigInfo")
    for power in (2600, 1900, 3000, 2100, 2600):
        await predbat.cycles(10, "charge_start_service", power=power, target_soc=100)
    assert house.cloud.requests.count("updateChargeConfigInfo") == written
    await predbat.call("charge_stop_service")
    assert await ruling(house) == []
    await house.pass_time(5 * MINUTE)
    (plan,) = await house.act("list_schedules")
    assert not [item for item in plan["schedules"] if item["owner"] == "own"]


async def test_solarbank_that_only_comes_near_to_a_hold(
    anker_house: AnkerHouse, apps: dict[str, Any]
) -> None:
    """Its output is switched off; the plan is given back when Predbat is gone."""
    apps["charge_freeze_service"] |= {"duration_min": 60, "lease_min": 60}
    predbat = Predbat(anker_house, apps)
    before = deepcopy(anker_house.cloud.schedules(anker_house.main))
    await predbat.call("charge_freeze_service")
    assert await ruling(anker_house) == [("hold", None)]
    await predbat.cycles(40, "charge_freeze_service")
    assert await ruling(anker_house) == [("hold", None)]
    assert anker_house.cloud.schedules(anker_house.main) != before
    await anker_house.pass_time(65 * MINUTE)
    assert anker_house.cloud.schedules(anker_house.main) == before


async def test_plant_without_hold_as_the_comments_say(
    fusion_house: FusionHouse, apps: dict[str, Any]
) -> None:
    """With the stop in the place of the freeze nothing is refused."""
    for hook in ("charge_start_service", "discharge_start_service"):
        apps[hook] |= {"duration_min": 60, "lease_min": 60}
    apps["charge_freeze_service"] = apps["charge_stop_service"]
    predbat = Predbat(fusion_house, apps)
    await predbat.call("discharge_start_service", power=2000, target_soc=20)
    assert await ruling(fusion_house) == [("discharge", 2000)]
    await predbat.cycles(25, "discharge_start_service", power=2000, target_soc=20)
    assert await ruling(fusion_house) == [("discharge", 2000)]
    await predbat.call("charge_freeze_service")
    assert await ruling(fusion_house) == []
    await fusion_house.pass_time(5 * MINUTE)
    assert not issues(fusion_house)
