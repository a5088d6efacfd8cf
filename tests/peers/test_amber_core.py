"""Home Assistant's own `amberelectric` lives on the fake Amber cloud.

It runs whole, through its config flow; only the SDK's address is replaced.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import amberelectric
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.components.amberelectric.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.clouds import AmberCloud, Fault

NOW = datetime.fromisoformat("2026-03-02T08:16:30+10:00")
PRICE = "sensor.{}_{}_price"


@pytest.fixture
async def connect(
    freezer: FrozenDateTimeFactory,
    open_amber: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable:
    """Return a function that starts a cloud at which the SDK's address points."""

    async def _connect(**options: Any) -> AmberCloud:
        freezer.move_to(NOW)
        cloud: AmberCloud = await open_amber(**options)
        hosts = [{"url": f"{cloud.base_url}/v1", "description": ""}]
        monkeypatch.setattr(
            amberelectric.Configuration, "get_host_settings", lambda self: hosts
        )
        return cloud

    return _connect


async def submit_token(hass: HomeAssistant, token: str) -> Any:
    """Open the config flow and type a token into it."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    return await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"api_token": token}
    )


async def set_up(hass: HomeAssistant, cloud: AmberCloud, site: str) -> Any:
    """Add a site as `Home`, and return its entry."""
    form = await submit_token(hass, cloud.credentials["token"])
    assert form["step_id"] == "site"
    done = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"site_id": site, "site_name": "Home"}
    )
    await hass.async_block_till_done()
    assert done["type"] is FlowResultType.CREATE_ENTRY
    return done["result"]


async def pass_by(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float
) -> None:
    """Let time pass and polls happen."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


def value(hass: HomeAssistant, entity_id: str) -> float:
    """Return a state as a number."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return float(state.state)


async def test_flow(hass: HomeAssistant, connect: Callable) -> None:
    """It offers the sites that are not closed, and words a wrong token rightly."""
    cloud = await connect(fixture=("B", "C", "D"))
    wrong = await submit_token(hass, "psk_wrong")
    assert wrong["errors"] == {"api_token": "invalid_api_token"}
    form = await submit_token(hass, cloud.credentials["token"])
    (site, _) = form["data_schema"].schema.items()
    labels = [option["label"] for option in site[1].config["options"]]
    assert labels == ["6100000011", "63000000333"]
    cloud.spend(100)
    refused = await submit_token(hass, cloud.credentials["token"])
    assert refused["errors"] == {"api_token": "unknown_error"}
    cloud = await connect(fixture="E")
    empty = await submit_token(hass, cloud.credentials["token"])
    assert empty["errors"] == {"api_token": "no_site"}


async def test_five_minute_site(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, connect: Callable
) -> None:
    """Every confirmed state is the true price; estimates are told as such."""
    cloud = await connect(fixture="A")
    (site,) = cloud.serials
    # So late that a poll each minute meets estimates too.
    cloud.set_delay(site, NOW, 150, minutes=30)
    await set_up(hass, cloud, site)
    seen = set()
    for _ in range(12):
        now = cloud.clock()
        general = hass.states.get("sensor.home_general_price")
        feed_in = hass.states.get("sensor.home_feed_in_price")
        assert general is not None
        assert feed_in is not None
        published = cloud.published_at(site, now)
        assert general.attributes["estimate"] == (now < published)
        seen.add(general.attributes["estimate"])
        if now >= published:
            truth = cloud.truth(site, now).quote
            for state, channel, sign in (
                (general, "general", 1),
                (feed_in, "feedIn", -1),
            ):
                cents = cloud.per_kwh(site, channel, now)
                assert float(state.state) == pytest.approx(sign * cents / 100)
                assert state.attributes["spot_per_kwh"] == truth.spot / 100
            assert value(hass, "sensor.home_renewables") == round(truth.renewables)
        window = hass.states.get("binary_sensor.home_demand_window")
        assert window is not None
        assert window.state == "off"
        await pass_by(hass, freezer, 67)
    assert seen == {True, False}
    assert set(cloud.requests.counts()) == {"sites", "current"}


async def test_forecasts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, connect: Callable
) -> None:
    """The forecast of the action reaches as far as the cloud's, with its bounds."""
    cloud = await connect(fixture="C")
    (site,) = cloud.serials
    entry = await set_up(hass, cloud, site)
    for channel, name in (
        *(("general", "general"), ("controlledLoad", "controlled_load")),
        ("feedIn", "feed_in"),
    ):
        assert hass.states.get(PRICE.format("home", name)) is not None
        answer = await hass.services.async_call(
            DOMAIN,
            "get_forecasts",
            {"config_entry_id": entry.entry_id, "channel_type": name},
            blocking=True,
            return_response=True,
        )
        assert answer is not None
        forecasts: Any = answer["forecasts"]
        slots = cloud.site(site).board.around(
            cloud.clock(), 0, 288, cloud.site(site).minutes(None)
        )[1:]
        truth = cloud.site(site).prices(slots, cloud.clock())
        own = [r for r in truth if r["channelType"] == channel]
        sign = -1 if channel == "feedIn" else 1
        assert [f["per_kwh"] for f in forecasts] == [
            pytest.approx(sign * r["perKwh"] / 100) for r in own
        ]
        assert all(
            f["advanced_price_low"]
            <= f["advanced_price_predicted"]
            <= f["advanced_price_high"]
            for f in forecasts
        )
        assert forecasts[-1]["nem_date"] == "2026-03-03T04:00:00+10:00"


async def test_trouble(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, connect: Callable
) -> None:
    """Errors and outages make it unavailable, a spike makes it cry; then all is well."""
    cloud = await connect(fixture="A")
    (site,) = cloud.serials
    entry = await set_up(hass, cloud, site)
    start = datetime.fromisoformat("2026-03-02T08:20:00+10:00")
    cloud.set_price(site, start, 60, spot=1500.0)

    async def state() -> str:
        await pass_by(hass, freezer, 61)
        found = hass.states.get("binary_sensor.home_price_spike")
        assert found is not None
        return found.state

    assert await state() == "off"
    for fault in (Fault.THROTTLE, Fault.EXPIRED_TOKEN):
        cloud.faults.add("current", fault, times=1)
        assert await state() == "unavailable"
    cloud.change(outage="empty")
    assert await state() == "unavailable"
    cloud.change(outage="none")
    assert await state() == "on"
    cloud.spend(50)
    assert await state() == "unavailable"
    assert entry.state is ConfigEntryState.LOADED
