"""Payloads that come by themselves, at one coordinator of a whole Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    async_fire_time_changed,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.coordinator import EndpointCoordinator
from custom_components.joulekeeper.core.errors import (
    AuthError,
    NotSupported,
    RateLimited,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.core.models import Reading
from custom_components.joulekeeper.vendors.base import Endpoint
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SECRET = "psk_secret"


@dataclass(frozen=True)
class Price:
    """A payload; it is to be fetched again `due_s` after it came, or at an instant."""

    value: int
    due_s: float = 300
    due_at: datetime | None = None
    change_s: float | None = None


@dataclass
class Post:
    """A cloud that is asked, and that sends something by itself at times.

    `answer` is the next payload or error; while `gate` is shut no answer comes. `told`
    is what the listeners saw, `put` what was put into the readings before.
    """

    answer: Price | VendorError = field(default_factory=lambda: Price(1))
    asked: int = 0
    listening: int = 0
    left: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    ending: Exception | None = None
    end: asyncio.Event = field(default_factory=asyncio.Event)
    put: list[int] = field(default_factory=list)
    told: list[tuple[int, bool]] = field(default_factory=list)
    push: Callable[[Price], None] = lambda payload: None

    async def fetch(self) -> Price:
        """Answer once the gate is open."""
        self.asked += 1
        await self.gate.wait()
        if isinstance(self.answer, VendorError):
            raise self.answer
        return self.answer

    async def listen(self, hand_over: Callable[[Price], None]) -> None:
        """Hand over what the test pushes, until it ends."""
        self.push = hand_over
        self.listening += 1
        try:
            await self.end.wait()
        finally:
            self.left += 1
        if self.ending is not None:
            raise self.ending

    def endpoint(self) -> Endpoint[Price]:
        """Return this as an endpoint."""
        return Endpoint(
            reading=Reading[Price]("prices"),
            device_id="S1",
            fetch=self.fetch,
            due_in=lambda payload, now: (
                timedelta(seconds=payload.due_s)
                if payload.due_at is None
                else payload.due_at - now
            ),
            next_change=lambda payload, now: (
                None
                if payload.change_s is None
                else now + timedelta(seconds=payload.change_s)
            ),
            listen=self.listen,
        )


@dataclass
class Desk:
    """The coordinator of a post in a loaded entry."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    entry: ConfigEntry
    post: Post
    coordinator: EndpointCoordinator[Price]

    def show(self) -> Callable[[], None]:
        """Add a listener, as an entity does; return what removes it."""
        coordinator, told = self.coordinator, self.post.told
        return coordinator.async_add_listener(
            lambda: told.append(
                (coordinator.data.value, coordinator.last_update_success)
            )
        )

    async def push(self, payload: Price) -> None:
        """Let a payload come by itself."""
        self.post.push(payload)
        await self.rest()

    async def rest(self) -> None:
        """Let all go on that can; who listens never ends."""
        for _ in range(5):
            await asyncio.sleep(0)
        await self.hass.async_block_till_done()

    async def wait(self, seconds: float) -> None:
        """Let time pass, second by second."""
        for _ in range(round(seconds)):
            self.freezer.tick(1)
            async_fire_time_changed(self.hass)
            await self.rest()


type OpenDesk = Callable[[Post], Awaitable[Desk]]


@pytest.fixture
def open_desk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> Iterator[OpenDesk]:
    """Return what loads an entry with the coordinator of a post."""

    async def make(post: Post) -> Desk:
        freezer.move_to(NOW)
        made: list[EndpointCoordinator[Price]] = []

        async def set_up(hass: HomeAssistant, entry: ConfigEntry) -> bool:
            coordinator = EndpointCoordinator(
                hass,
                entry,
                post.endpoint(),
                lambda endpoint, payload: post.put.append(payload.value),
            )
            made.append(coordinator)
            post.gate.set()
            await coordinator.async_config_entry_first_refresh()
            return True

        async def unload(hass: HomeAssistant, entry: ConfigEntry) -> bool:
            return True

        mock_integration(
            hass,
            MockModule(
                "post_office", async_setup_entry=set_up, async_unload_entry=unload
            ),
        )
        mock_platform(hass, "post_office.config_flow", None)
        entry = MockConfigEntry(domain="post_office", title="Account")
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        return Desk(hass, freezer, entry, post, made[0])

    with mock_config_flow("post_office", ConfigFlow):
        yield make


async def test_as_if_fetched(open_desk: OpenDesk) -> None:
    """It is put into the readings, then shown; the next fetch is due by it."""
    desk = await open_desk(post := Post())
    await desk.rest()
    assert (post.asked, post.listening) == (1, 0), "nobody is there to listen for"
    desk.show()
    remove = desk.show()
    await desk.rest()
    assert post.listening == 1
    await desk.wait(100)
    await desk.push(Price(2, due_s=250))
    assert post.put == [1, 2]
    assert post.told == [(2, True)] * 2
    assert desk.coordinator.data == Price(2, due_s=250)
    assert desk.coordinator.fetches == 2
    assert post.asked == 1
    # The fetch that was due 300 s after the first one would be now.
    await desk.wait(248)
    assert post.asked == 1
    post.answer = Price(3)
    await desk.wait(4)
    assert post.asked == 2
    assert post.told[2:] == [(3, True)] * 2
    # Sooner, too.
    await desk.push(Price(4, due_s=10))
    await desk.wait(8)
    assert post.asked == 2
    await desk.wait(4)
    assert post.asked == 3
    remove()
    assert (post.listening, post.left) == (1, 0)


async def test_meaning_changes(open_desk: OpenDesk) -> None:
    """Listeners are told when a pushed payload comes to mean something else."""
    desk = await open_desk(post := Post(Price(1, change_s=30)))
    desk.show()
    await desk.push(Price(2, change_s=60))
    await desk.wait(58)
    assert post.told == [(2, True)]
    await desk.wait(3)
    assert post.told == [(2, True)] * 2


async def test_trouble_is_over(open_desk: OpenDesk) -> None:
    """Entities come back, a repair is taken back, and waits are short again."""
    desk = await open_desk(post := Post(Price(1, due_s=30)))
    desk.show()
    post.answer = TransientError("down")
    await desk.wait(32)
    assert post.told == [(1, False)]
    # After 30 s, 60 s, and 120 s.
    await desk.wait(216)
    assert post.asked == 5
    post.answer = NotSupported("no", reason="not_whitelisted")
    await desk.wait(250)
    assert post.asked == 6
    issues = ir.async_get(desk.hass).issues
    assert [key for key in issues if key[0] == DOMAIN]
    await desk.push(Price(2, due_s=20))
    assert post.told == [(1, False), (2, True)]
    assert not [key for key in issues if key[0] == DOMAIN]
    post.answer = TransientError("down")
    await desk.wait(22)
    assert post.asked == 7
    assert post.told[2:] == [(2, False)]
    post.answer = Price(3)
    await desk.wait(33)
    assert post.asked == 8
    assert post.told[3:] == [(3, True)]


async def test_during_a_fetch(open_desk: OpenDesk) -> None:
    """It is shown at once; the fetch goes on, and only its end plans the next one."""
    desk = await open_desk(post := Post(Price(1, due_s=10)))
    desk.show()
    post.gate.clear()
    await desk.wait(12)
    assert post.asked == 2
    await desk.push(Price(2, due_s=1))
    assert post.told == [(2, True)]
    await desk.wait(5)
    post.answer = Price(3, due_s=100)
    post.gate.set()
    await desk.wait(98)
    assert post.put == [1, 2, 3]
    assert post.told == [(2, True), (3, True)]
    assert post.asked == 2
    await desk.wait(4)
    assert post.asked == 3


@pytest.mark.parametrize(
    ("error", "shown", "asked"),
    [
        (TransientError("down"), True, (3, 4)),
        (RateLimited("slow", 77), False, (2, 3)),
        (AuthError("no"), False, (2, 2)),
    ],
    ids=["down", "slow", "refused"],
)
async def test_during_a_failing_fetch(
    open_desk: OpenDesk, error: VendorError, shown: bool, asked: tuple[int, int]
) -> None:
    """It is newer than a passing trouble; refusals count nonetheless."""
    desk = await open_desk(post := Post(Price(1, due_s=10)))
    desk.show()
    post.gate.clear()
    await desk.wait(12)
    assert post.asked == 2
    await desk.push(Price(2, due_at=NOW + timedelta(seconds=57)))
    await desk.wait(5)
    post.answer = error
    post.gate.set()
    await desk.rest()
    assert desk.coordinator.last_update_success is shown
    assert desk.coordinator.data.value == 2
    await desk.wait(38)
    assert post.asked == 2
    await desk.wait(4)
    assert post.asked == asked[0]
    await desk.wait(40)
    assert post.asked == asked[1]


@pytest.mark.parametrize("unload", [True, False])
async def test_after_shutdown(open_desk: OpenDesk, unload: bool) -> None:
    """Whoever listens is called off, and what he still hands over has no effect."""
    desk = await open_desk(post := Post())
    desk.show()
    await desk.rest()
    if unload:
        assert await desk.hass.config_entries.async_unload(desk.entry.entry_id)
    else:
        await desk.coordinator.async_shutdown()
    await desk.rest()
    assert (post.listening, post.left) == (1, 1)
    await desk.push(Price(2, due_s=1, change_s=1))
    desk.show()
    await desk.wait(400)
    assert desk.coordinator.data == Price(1)
    assert (post.put, post.told) == ([1], [])
    assert (post.asked, post.listening) == (1, 1)


async def test_no_listening_after_shutdown(open_desk: OpenDesk) -> None:
    """An entity that comes too late starts nothing."""
    desk = await open_desk(post := Post())
    await desk.coordinator.async_shutdown()
    desk.show()
    await desk.rest()
    assert post.listening == 0


@pytest.mark.parametrize("error", [None, RuntimeError(SECRET), TransientError(SECRET)])
async def test_listening_ends(
    open_desk: OpenDesk, caplog: pytest.LogCaptureFixture, error: Exception | None
) -> None:
    """It ends alone: fetching goes on, and a mistake is told once, without secrets."""
    desk = await open_desk(post := Post())
    desk.show()
    await desk.rest()
    post.ending = error
    post.end.set()
    await desk.rest()
    assert post.left == 1
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name == EndpointCoordinator.__module__
        and record.levelno >= logging.ERROR
    ]
    assert len(lines) == (0 if error is None else 1)
    assert error is None or type(error).__name__ in lines[0]
    assert SECRET not in caplog.text
    post.answer = Price(2)
    await desk.wait(302)
    assert post.told == [(2, True)]
    desk.show()
    await desk.rest()
    assert post.listening == 1
