"""What happens to pushes when something fails: the service, the source, Home Assistant."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
import json
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.joulekeeper import async_remove_config_entry_device
from custom_components.joulekeeper.const import DOMAIN
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from ..clouds import ChargeHqCloud, Fault
from ..clouds.chargehq import KEY
from ..conftest import LogIn
from .accounts import add_account
from .chargehq_home import (
    MINUTE,
    PICKED,
    SECOND,
    SOLAR,
    Target,
    add_target,
    gaps,
    issues_of,
    set_states,
)
from .conftest import ALPHA, INVERTER, NOON, SITE, House, OpenAlphaHouse, OpenHouse
from .test_system_health import health

type Open = Callable[..., Any]
type Fed = tuple[House, Target, ChargeHqCloud]


@pytest.fixture(name="fed")
async def fed_fixture(
    hass: HomeAssistant,
    open_house: OpenHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> Fed:
    """Return a target that is fed by a site, at noon, two minutes after it began."""
    house = await open_house(fixture="A")
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer)
    await target.pass_time(2 * MINUTE)
    return house, target, cloud


@pytest.fixture(name="picked")
async def picked_fixture(
    hass: HomeAssistant, open_chargehq: Open, freezer: FrozenDateTimeFactory
) -> Target:
    """Return a target that is fed by entities."""
    freezer.move_to(NOON)
    cloud = await open_chargehq()
    set_states(hass)
    return await add_target(hass, cloud, freezer, picked=PICKED)


# -- the service ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "options", "result"),
    [
        (Fault.STATUS, {"status": 503}, "unreachable"),
        (Fault.STATUS, {"status": 408}, "unreachable"),
        (Fault.DROP, {}, "unreachable"),
        (Fault.STATUS, {"status": 400}, "refused"),
        (Fault.STATUS, {"status": 302, "headers": {"Location": "/else"}}, "refused"),
    ],
)
async def test_outage_queues_nothing(
    picked: Target,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    options: dict[str, Any],
    result: str,
) -> None:
    """What could not be told is dropped; afterwards the present goes out, once."""
    cloud = picked.cloud
    await picked.pass_time(MINUTE)
    last = picked.value("sensor", "last_push")
    trouble = cloud.faults.add("push", fault, **options)
    cloud.requests.clear()
    for minute in range(10):
        set_states(picked.hass, {SOLAR: (4 + minute / 10, "kW")})
        await picked.pass_time(MINUTE)
    # One try a minute, each once.
    assert 10 <= cloud.requests.count("push") <= 20
    times = [entry.at for entry in cloud.requests.entries]
    assert all(b - a >= 30 * SECOND for a, b in pairwise(times))
    assert picked.value("sensor", "push_result") == result
    assert picked.value("sensor", "last_push") == last
    assert len([r for r in caplog.records if "what flows failed" in r.message]) == 1
    assert not picked.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    cloud.faults.clear()
    assert trouble.hits
    cloud.pushes.clear()
    set_states(picked.hass, {SOLAR: (3, "kW")})
    await picked.pass_time(MINUTE)
    assert 1 <= len(cloud.pushes) <= 2
    assert cloud.pushes[0].meters["production_kw"] == 3
    assert picked.value("sensor", "push_result") == "accepted"
    assert KEY not in caplog.text


async def test_too_many_pushes(picked: Target) -> None:
    """A 429 is obeyed for as long as it says."""
    cloud = picked.cloud
    await picked.pass_time(2 * MINUTE)
    cloud.faults.add("push", Fault.THROTTLE, times=1, retry_after=600)
    cloud.requests.clear()
    await picked.pass_time(5 * MINUTE)
    assert cloud.requests.count("push") == 1
    assert picked.value("sensor", "push_result") == "rate_limited"
    await picked.pass_time(8 * MINUTE)
    assert cloud.requests.count("push") > 1
    assert picked.value("sensor", "push_result") == "accepted"


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_key(picked: Target, status: int) -> None:
    """The user is asked once; meanwhile it is tried seldom, for it may be an error."""
    cloud = picked.cloud
    cloud.change(unknown_key=status)
    new = cloud.renew_key()
    cloud.requests.clear()
    for _ in range(6):
        set_states(picked.hass)
        await picked.pass_time(10 * MINUTE)
    assert picked.value("sensor", "push_result") == "key_refused"
    assert 3 <= cloud.requests.count("push") <= 5
    assert len(picked.hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == 1
    cloud.sites[0].key = KEY
    for _ in range(2):
        set_states(picked.hass)
        await picked.pass_time(8 * MINUTE)
    assert picked.value("sensor", "push_result") == "accepted"
    assert new != KEY


async def test_defect_of_our_own(
    picked: Target, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends neither the pushes nor is it shown as accepted; its text is not logged."""
    await picked.pass_time(MINUTE)

    async def broken(*_: object) -> None:
        raise ValueError(KEY)

    with monkeypatch.context() as patch:
        patch.setattr(picked.entry.runtime_data.target, "push", broken)
        await picked.pass_time(3 * MINUTE)
        assert picked.value("sensor", "push_result") == "failed"
    assert len([r for r in caplog.records if "what flows failed" in r.message]) == 1
    assert KEY not in caplog.text
    await picked.pass_time(MINUTE)
    assert picked.value("sensor", "push_result") == "accepted"


# -- the source ----------------------------------------------------------------


async def test_cloud_of_the_source_is_down(fed: Fed) -> None:
    """After two minutes it is reported, alone and once a minute, until it is back."""
    house, target, cloud = fed
    house.cloud.faults.add("dynamic", Fault.STATUS, status=503)
    start = target.freezer()
    cloud.pushes.clear()
    await target.pass_time(timedelta(minutes=10))
    reports = cloud.reports
    assert cloud.pushes[-1] is reports[-1]
    assert reports[0].at.replace(tzinfo=None) - start >= 2 * MINUTE
    assert 5 <= len(reports) <= 8
    assert all(set(item.body) == {"error"} for item in reports)
    # A sentence for people, of which nobody learns anything private.
    (text,) = {item.error for item in reports}
    assert text is not None
    assert text.endswith(".")
    assert INVERTER not in text
    assert SITE not in text
    assert target.value("sensor", "push_result") == "source_failed"
    assert target.value("sensor", "push_source") == "unreachable"
    house.cloud.faults.clear()
    await target.pass_time(15 * MINUTE)
    assert cloud.pushes[-1].meters
    assert target.value("sensor", "push_source") == "ok"
    assert cloud.flags == set()
    assert min(gaps(cloud)) >= 30


async def test_one_missed_answer_is_no_failure(fed: Fed) -> None:
    """Nothing is reported for a trouble of less than two minutes."""
    house, target, cloud = fed
    house.cloud.faults.add("dynamic", Fault.STATUS, status=503, times=2)
    await target.pass_time(10 * MINUTE)
    assert not cloud.reports
    assert cloud.flags == set()


async def test_silent_inverter(fed: Fed) -> None:
    """A cloud that goes on telling old telemetry is no source: nothing is made up."""
    house, target, cloud = fed
    house.cloud.set_offline(INVERTER)
    await target.pass_time(20 * MINUTE)
    assert cloud.pushes[-1].error
    assert target.value("sensor", "push_source") == "no_data"
    assert cloud.flags == set()
    await target.pass_time(20 * MINUTE)
    assert target.value("sensor", "push_source") == "stale"


async def test_reload_of_the_source(hass: HomeAssistant, fed: Fed) -> None:
    """The target follows its source through reloads, without a word about them."""
    house, target, cloud = fed
    for _ in range(3):
        await house.reload()
        await target.pass_time(2 * MINUTE)
    assert not cloud.reports
    before = len(cloud.accepted)
    await target.pass_time(10 * MINUTE)
    assert len(cloud.accepted) - before >= 9
    assert cloud.flags == set()


async def test_unloaded_source(hass: HomeAssistant, fed: Fed) -> None:
    """An account that is switched off is reported as such, and used again after."""
    house, target, cloud = fed
    await hass.config_entries.async_unload(house.entry.entry_id)
    await target.pass_time(4 * MINUTE)
    assert target.value("sensor", "push_source") == "not_loaded"
    assert cloud.pushes[-1].error
    assert not issues_of(hass)
    await hass.config_entries.async_setup(house.entry.entry_id)
    await target.pass_time(2 * MINUTE)
    assert cloud.pushes[-1].meters


async def test_removed_source(hass: HomeAssistant, fed: Fed) -> None:
    """A repair tells of it, which goes away with the entry."""
    house, target, cloud = fed
    await hass.config_entries.async_remove(house.entry.entry_id)
    await target.pass_time(4 * MINUTE)
    assert target.value("sensor", "push_source") == "removed"
    assert cloud.pushes[-1].error
    assert issues_of(hass) == {"push_source_removed"}
    await target.reload()
    await target.pass_time(4 * MINUTE)
    assert issues_of(hass) == {"push_source_removed"}
    await hass.config_entries.async_remove(target.entry.entry_id)
    assert not issues_of(hass)


async def test_site_that_has_left_the_account(
    hass: HomeAssistant,
    open_alpha_house: OpenAlphaHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The account is there, its site is not: told in the same way, and mended by it."""
    house = await open_alpha_house(fixture="A")
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer)
    house.cloud.unbind(ALPHA)
    await target.pass_time(30 * MINUTE)
    assert target.value("sensor", "push_source") == "removed"
    assert "push_source_removed" in issues_of(hass)
    house.cloud.bind(ALPHA)
    await target.pass_time(15 * MINUTE)
    assert target.value("sensor", "push_source") == "ok"
    assert "push_source_removed" not in issues_of(hass)
    count = len(cloud.accepted)
    await target.pass_time(5 * MINUTE)
    assert len({str(item.body) for item in cloud.accepted[count:]}) >= 5


async def test_removed_entities(hass: HomeAssistant, picked: Target) -> None:
    """Entities of which none is left count as removed."""
    for entity_id in hass.states.async_entity_ids("sensor"):
        if entity_id in str(PICKED):
            hass.states.async_remove(entity_id)
    await picked.pass_time(4 * MINUTE)
    assert picked.value("sensor", "push_source") == "removed"
    assert issues_of(hass) == {"push_source_removed"}
    set_states(hass)
    await picked.pass_time(2 * MINUTE)
    assert not issues_of(hass)


# -- Home Assistant ------------------------------------------------------------


async def test_restart(hass: HomeAssistant, fed: Fed) -> None:
    """The target may be up before its source: it waits for it, and is not too fast."""
    house, target, cloud = fed
    entries = hass.config_entries
    await entries.async_unload(target.entry.entry_id)
    await entries.async_unload(house.entry.entry_id)
    # What a new process knows of the pushes of the old one: nothing.
    for key in [key for key in hass.data if "pushes" in str(key)]:
        del hass.data[key]
    hass.set_state(CoreState.starting)
    await entries.async_setup(target.entry.entry_id)
    await target.pass_time(50 * SECOND)
    await entries.async_setup(house.entry.entry_id)
    hass.set_state(CoreState.running)
    await target.pass_time(5 * MINUTE)
    assert not cloud.reports
    assert len(cloud.accepted) >= 6
    assert cloud.flags == set()


async def test_diagnostics(
    hass: HomeAssistant,
    fed: Fed,
    hass_client: ClientSessionGenerator,
    log_in: LogIn,
    hass_access_token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The last payload is in it; the key, the site and the inverter are not."""
    caplog.set_level(logging.DEBUG)
    _, target, cloud = fed
    await target.pass_time(2 * MINUTE)
    assert await async_setup_component(hass, "diagnostics", {})
    client = await hass_client(await log_in())

    async def reports() -> list[Any]:
        async def browse(*_: object) -> Any:
            return client

        device = dr.async_get(hass).async_get(target.device_id())
        assert device is not None
        return [
            await get_diagnostics_for_config_entry(hass, browse, target.entry),  # type: ignore[arg-type]
            await get_diagnostics_for_device(hass, browse, target.entry, device),  # type: ignore[arg-type]
        ]

    for report in await reports():
        assert report["payload"] == cloud.pushes[-1].body
        assert report["result"] == "accepted"
        text = json.dumps(report)
        for secret in (KEY, INVERTER, SITE, "1234567890"):
            assert secret not in text
    assert KEY not in caplog.text
    assert KEY not in repr(target.entry.runtime_data.target)


async def test_system_health(hass: HomeAssistant, fed: Fed) -> None:
    """Accounts and targets are counted apart; both addresses are tried."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await health(hass)
    assert info["accounts"] == 1
    assert info["push_targets"] == 1
    assert info["push_results"] == "accepted"
    assert info["reach_chargehq"] == "ok"
    assert info["reach_redback"] == "ok"


async def test_actions_do_not_mistake_it_for_an_account(
    hass: HomeAssistant, fed: Fed
) -> None:
    """Its device can be picked in every action: each tells why that makes no sense."""
    house, target, _ = fed
    for action, data in (
        ("get_capabilities", {}),
        ("get_settings", {}),
        ("unbind_system", {}),
        ("get_prices", {}),
        ("import_history", {"start_date": "2026-11-01"}),
        ("delete_all_schedules", {}),
    ):
        with pytest.raises(ServiceValidationError):
            await target.act(action, **data)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN,
            "request_binding_code",
            {
                "config_entry_id": target.entry.entry_id,
                "serial_number": "X",
                "check_code": "Y",
            },
            blocking=True,
            return_response=True,
        )
    # Regions are looked for at all accounts.
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN,
            "get_renewables",
            {"region": "qld"},
            blocking=True,
            return_response=True,
        )
    assert error.value.translation_key == "renewables_no_account"
    # A second account of the same brand is checked against the others.
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2
    with pytest.raises(AssertionError):
        await add_account(hass, house.cloud)


async def test_removal_of_the_device_is_refused(hass: HomeAssistant, fed: Fed) -> None:
    """It goes with its entry; unloading ends all its timers."""
    _, target, cloud = fed
    device = dr.async_get(hass).async_get(target.device_id())
    assert device is not None
    assert not await async_remove_config_entry_device(hass, target.entry, device)
    await hass.config_entries.async_unload(target.entry.entry_id)
    count = cloud.requests.total
    await target.pass_time(10 * MINUTE)
    assert cloud.requests.total == count
