"""The log tells who asked for something, whichever way he took."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.core import Context, HomeAssistant

from .conftest import EVENING, House
from .dialogs import (
    Dialogs,
    dialogs_fixture,  # noqa: F401
    open_dialogs_fixture,  # noqa: F401
    wall,
)
from .keeping import log, told

HOUR = timedelta(hours=1)


@pytest.fixture
def partner(hass: HomeAssistant) -> MockUser:
    """Return another user than the one who opens the dialogs."""
    return MockUser(name="Partner", is_owner=True).add_to_hass(hass)


async def last_asked(house: House) -> tuple[str, str, str | None]:
    """Return what was asked for last: what, how and by whom."""
    *_, entry = (entry for entry in await log(house) if entry["via"])
    return entry["event"], entry["via"], entry["user_id"]


async def create_by_action(dialogs: Dialogs, hours: int, **by: Any) -> None:
    """Create an event by the calendar's own action, in a task of its own."""
    hass, start = dialogs.house.hass, EVENING + hours * HOUR
    await hass.async_create_task(
        hass.services.async_call(
            "calendar",
            "create_event",
            {
                "entity_id": dialogs.entity_id,
                "summary": "hold",
                "start_date_time": start,
                "end_date_time": start + HOUR / 2,
            },
            blocking=True,
            context=Context(**by),
        )
    )


async def test_user_of_a_dialog(dialogs: Dialogs, hass_admin_user: MockUser) -> None:
    """Create, edit, delete, and an end that is moved into the past."""
    house, user_id = dialogs.house, hass_admin_user.id
    await dialogs.create("hold", wall("11-20 21:01"), HOUR)
    assert await last_asked(house) == ("create", "calendar", user_id)
    await dialogs.save(await dialogs.event(), summary="auto")
    assert await last_asked(house) == ("update", "calendar", user_id)
    await house.pass_time(timedelta(minutes=11))
    await dialogs.save(await dialogs.event(), dtend=wall("11-20 21:05"))
    assert await last_asked(house) == ("update", "calendar", user_id)
    await dialogs.create("hold", wall("11-20 23:00"), HOUR)
    *_, event = await dialogs.events()
    await dialogs.delete(event)
    assert await last_asked(house) == ("delete", "calendar", user_id)


async def test_user_of_the_calendars_action(
    dialogs: Dialogs, hass_admin_user: MockUser, partner: MockUser
) -> None:
    """He, and not who used a dialog before; and the other way round."""
    house = dialogs.house
    await create_by_action(dialogs, 1, user_id=partner.id)
    assert await last_asked(house) == ("create", "calendar", partner.id)
    await dialogs.create("hold", EVENING + 2 * HOUR, HOUR / 2)
    assert await last_asked(house) == ("create", "calendar", hass_admin_user.id)


async def test_automation_is_not_taken_for_who_saved_it(
    dialogs: Dialogs, hass_admin_user: MockUser
) -> None:
    """What is set up within a connection inherits it, and acts for nobody all the same."""
    current_connection.set(Mock(user=hass_admin_user))
    await create_by_action(dialogs, 1)
    assert await last_asked(dialogs.house) == ("create", "calendar", None)


async def test_user_of_buttons_and_actions(house: House, partner: MockUser) -> None:
    """Both come with their context."""
    by = Context(user_id=partner.id)
    await house.hass.services.async_call(
        "button",
        "press",
        {"entity_id": house.entity_id("button", "delete_all_schedules")},
        blocking=True,
        context=by,
    )
    assert await last_asked(house) == ("delete_all", "entities", partner.id)
    await house.hass.services.async_call(
        DOMAIN, "stop", {"device_id": house.device_id()}, blocking=True, context=by
    )
    assert await last_asked(house) == ("stop", "action", partner.id)


async def test_event_says_only_what_is_known(dialogs: Dialogs) -> None:
    """A request has a user and no proof, a proof has a latency and no user."""
    heard = told(dialogs.house)
    await dialogs.create("hold", EVENING + HOUR, HOUR)
    by_type = {event["event_type"]: event for event in heard}
    assert {"via", "user_id"} <= by_type["create"].keys()
    assert by_type["create"].keys().isdisjoint({"latency_s", "reason", "power_w"})
    assert "latency_s" in by_type["confirmed"]
    assert by_type["confirmed"].keys().isdisjoint({"via", "user_id"})
    assert not any(None in event.values() for event in heard)
