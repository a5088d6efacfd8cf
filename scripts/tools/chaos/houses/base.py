"""What a story has to know of a house and its cloud."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Final

from tests.clouds import FakeCloud, Fault
from tests.clouds.faults import ActiveFault

_NO_SECRET: Final = frozenset({"base_url", "country"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a house stands, and when a story begins there."""

    zone: str
    country: str
    begin: datetime


NO_TOKENS: Final = frozenset({"tokens expired"})
"""What nobody is hit by whose key lives until its owner makes a new one."""
NO_WRITES: Final = frozenset(
    {
        *("killed in a write", "cloud lies", "edit in the app"),
        "ours deleted in the app",
    }
)
"""What nobody is hit by who only reads."""
GAP: Final = "gap"
"""What a plan asks for beside something of ours that does not fit without side effects."""
SHOWN_WITHIN: Final = timedelta(minutes=15)
"""So late a plan that is only taken as a whole may be shown after a write."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a device does because of us: an action of ours, until when if that is told."""

    action: str
    until: datetime | None = None

    def __str__(self) -> str:
        """Return it in short."""
        return (
            self.action if self.until is None else f"{self.action} to {self.until:%T}"
        )


class House(ABC):
    """One account with one device at a fake cloud, and the truth of it.

    `grace` is what the brand needs beyond the minute that everybody has: `grace_why`
    names the reason. `grain` is what its times are widened to. For as long as `lag` the
    cloud may be late to show what it took, so a lie is not known for one before.
    """

    vendor: ClassVar[str]
    name: ClassVar[str]
    controls: ClassVar[bool] = True
    actions: ClassVar[tuple[str, ...]] = ()
    sensors: ClassVar[Mapping[str, tuple[float, str]]] = {}
    """Sensors of others that Home Assistant has: state and unit."""
    picked: ClassVar[Mapping[str, Any]] = {}
    """What of them is picked in the form."""
    powered: ClassVar[frozenset[str]] = frozenset()
    """The actions that take a power."""
    powers: ClassVar[tuple[int, int, int]] = (500, 3000, 10)
    """Least, most and step of the powers that are asked for, W."""
    writes: ClassVar[str] = "$^"
    write_labels: ClassVar[tuple[str, ...]] = ()
    grace: ClassVar[timedelta] = timedelta()
    grace_why: ClassVar[str] = ""
    grain: ClassVar[timedelta] = timedelta()
    lag: ClassVar[timedelta] = timedelta()
    by_wall: ClassVar[bool] = False
    """Whether its plan is told by the clock on the wall."""
    ahead: ClassVar[timedelta] = timedelta()
    """So long before its time something may be laid that has side effects."""
    spared: ClassVar[frozenset[str]] = frozenset()
    """What cannot go wrong here."""
    unseen: ClassVar[frozenset[str]] = frozenset()
    """What may go wrong with its cloud and nobody can see."""
    notices: ClassVar[timedelta] = timedelta(minutes=10)
    """So long a cloud may be down before its entities have to say so."""
    measured: ClassVar[timedelta] = timedelta(minutes=5)
    """So long measurements may take to show that something is not done."""
    blind: ClassVar[bool] = False
    """Whether its cloud shows nothing of what it was told."""
    serials: frozenset[str] = frozenset()
    """What names the owner's things."""

    cloud: FakeCloud
    device: str

    def form(self, base_url: str) -> dict[str, str]:
        """Return what the owner fills into the form."""
        return {**self.cloud.credentials, "base_url": base_url}

    def secrets(self) -> set[str]:
        """Return what may stand in no log."""
        typed = self.cloud.credentials.items()
        return {text for key, text in typed if key not in _NO_SECRET} | self.serials

    def expire_tokens(self) -> None:
        """Make every token stale while clients think them valid."""
        raise NotImplementedError

    # -- what is so ------------------------------------------------------------

    def ours(self, now: datetime) -> Doing | None:
        """Return what the device is told by us now, None while its owner rules."""
        return None

    def does(self, now: datetime) -> str | None:
        """Return the action that the device is told now, by whomever."""
        doing = self.ours(now)
        return None if doing is None else doing.action

    def leftovers(self, now: datetime) -> list[str]:
        """Return what of ours the cloud still holds."""
        return []

    def lost_edits(self, now: datetime) -> Iterator[str]:
        """Yield what the owner has set in the app and is not there any more.

        Some of his plan may have made room for ours, as long as anything of ours is held.
        """
        yield from () if self.leftovers(now) else self.not_restored(now)

    def lost_items(self, now: datetime) -> Iterator[str]:
        """Yield what others have planned and is not there any more."""
        yield from ()

    def not_restored(self, now: datetime) -> Iterator[str]:
        """Yield what of the owner's plan is missing once nothing of ours is left."""
        yield from ()

    def too_strong(self, now: datetime) -> Iterator[str]:
        """Yield what the device is told that is more than it can do."""
        yield from ()

    @abstractmethod
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        """Yield which of our calls were beyond what the vendor allows.

        `births` are the times at which Home Assistant was started, or its clock was
        set, so that it may not know when it has called.
        """

    # -- what others do --------------------------------------------------------

    def app_edit(self, random: Random, now: datetime) -> str | None:
        """Let the owner edit something in the app; return what, None for nothing."""
        return None

    def delete_ours(self, random: Random, now: datetime) -> Doing | None:
        """Let the owner delete something of ours in the app; return what it was."""
        return None

    def lie(self, *, shown: bool) -> list[ActiveFault]:
        """Let the cloud answer writes with success, and do nothing.

        Where it can be `shown`, what is asked for is listed all the same.
        """
        add = self.cloud.faults.add
        return [add(label, Fault.IGNORED) for label in self.write_labels]


def most_within(times: Sequence[datetime], span: timedelta) -> int:
    """Return the most of some times, earliest first, that lie in any span."""
    first, most = 0, 0
    for last, time in enumerate(times):
        while time - times[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most
