"""What is said between a story and the Home Assistant that lives through it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

LOG: Final = "chaos.log"
"""The file in the configuration that holds all that was logged."""


@dataclass(frozen=True, slots=True)
class Birth:
    """How one life of Home Assistant begins.

    `folder` is its configuration, which outlives it. With an `account`, the fields of
    its form, that is added first. `writes` is the pattern of the paths of calls that
    write. The cloud listens on `port`, whatever port its address names: what is decided
    by the address is so in each run. `number` and `seed` decide what chance decides. It dies by itself `dies_after_s`
    after its birth, if that is given. `sensors` are states of others, of which `picked`
    go into the form. `mutation` names a function, `module:name`, that
    breaks something on purpose.
    """

    folder: str
    vendor: str
    zone: str
    country: str
    seed: int
    number: int
    writes: str
    port: int
    account: Mapping[str, str] | None = field(default=None, repr=False)
    dies_after_s: float | None = None
    skew: float = 0.0
    sensors: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    picked: Mapping[str, Any] = field(default_factory=dict)
    mutation: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: its response, or what it was refused for.

    `crash` is the trace of an error that no caller may ever see.
    """

    number: int
    result: Mapping[str, Any] | None = None
    error: str | None = None
    crash: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How Home Assistant is, as its user sees it, at one moment.

    `entry` is the state of the account's entry, empty before there is one. `issues` are
    the keys of the repairs, `statuses` the states of the sensors that tell how far
    schedules have come, or what came of a push. `logins` counts the requests to log in
    again. Since the report before there were `answers` and `events`, files that the disk
    has refused, and calls that were lost or late.
    """

    time: datetime
    entry: str = ""
    answers: tuple[Answer, ...] = ()
    issues: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    entities: int = 0
    unavailable: int = 0
    logins: int = 0
    events: tuple[str, ...] = ()
    refused_files: int = 0
    spoilt_calls: int = 0


@dataclass(frozen=True, slots=True)
class Until:
    """Live on until a moment of the true time."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """Begin a call of an action; a `device` is named by its id at the vendor's."""

    number: int
    domain: str
    action: str
    data: Mapping[str, Any]
    device: str | None = None
    entity_domain: str | None = None


@dataclass(frozen=True, slots=True)
class Weather:
    """What is wrong with the line to the cloud from now on.

    Answers take longer by a time in the range `late_s`, s. A share of all calls gets no
    answer (`mute`), or breaks off at once (`cut`), 0..1.
    """

    late_s: tuple[float, float] = (0.0, 0.0)
    mute: float = 0.0
    cut: float = 0.0


@dataclass(frozen=True, slots=True)
class Disk:
    """Fill the disk, or make room."""

    full: bool


@dataclass(frozen=True, slots=True)
class Skew:
    """Set the machine's clock so far ahead of the true time, s."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let the machine sleep through a while of the true time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Doom:
    """Die at a write to the cloud, or to the disk, with what share of it done."""

    write: int = 0
    carried_out: bool = False
    file: int = 0
    written: float = 0.5


@dataclass(frozen=True, slots=True)
class Die:
    """Die at once."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Load the account anew."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the account."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop in an orderly way."""


type Command = (
    Until | Call | Weather | Disk | Skew | Sleep | Doom | Die | Reload | Remove | Stop
)
