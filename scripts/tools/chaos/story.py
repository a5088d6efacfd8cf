"""Stories: what is asked, and what goes wrong, at random, from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from .houses.base import House, Place

MINUTE_S: Final = 60.0
SETTLED_IN_S: Final = 240.0
"""Time in which a new account is saved for good, before anything happens."""

FAULTS: Final[Mapping[str, tuple[float, float]]] = {
    "killed": (0, 90),
    "killed in a write": (0, 90),
    "killed in a file": (0, 60),
    "killed in a start": (0, 10),
    "restarted": (0, 60),
    "reloaded": (0, 0),
    "cloud down": (2, 90),
    "cloud errors": (2, 60),
    "cloud pages": (2, 30),
    "cloud nonsense": (2, 20),
    "cloud slow": (3, 40),
    "cloud mute": (3, 40),
    "line lossy": (5, 40),
    "cloud throttles": (2, 30),
    "cloud lies": (5, 30),
    "tokens expired": (0, 0),
    "clock ahead": (2, 40),
    "clock behind": (2, 40),
    "machine asleep": (2, 90),
    "disk full": (3, 60),
    "edit in the app": (0, 0),
    "ours deleted in the app": (0, 0),
}
"""What can go wrong, and how long: the least and the most minutes."""
_AT_A_WRITE: Final = frozenset(
    {"killed in a write", "killed in a file", "cloud lies", "disk full"}
)
"""These come to nothing where nothing is written."""
_AT_SOMETHING_OURS: Final = frozenset({"edit in the app", "ours deleted in the app"})
"""These come to little where nothing of ours is."""
_BEGINS: Final = frozenset({"force", "force on lease", "force to target", "create"})
"""What is written sooner or later."""
WISHES: Final = {
    "force": 5,
    "force on lease": 1,
    "force to target": 1,
    "create": 4,
    "create daily": 1,
    "calendar": 2,
    "extend": 2,
    "renew": 1,
    "update": 1,
    "stop": 2,
    "delete": 2,
    "delete all": 1,
}
"""What can be asked, and how often."""
ENDINGS: Final = ("run out", "run out", "delete all", "delete all", "remove")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens `at` so many s after the beginning, for `minutes`."""

    at: float
    what: str
    minutes: float = 0.0
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it in short."""
        more = f" for {self.minutes:.1f} min" if self.minutes else ""
        detail = f" {dict(self.detail)}" if self.detail else ""
        return f"+{timedelta(seconds=round(self.at))} {self.what}{more}{detail}"


@dataclass(frozen=True, slots=True)
class Story:
    """All that happens in one run; `ending` is how it is brought to an end."""

    seed: int
    place: Place
    steps: tuple[Step, ...]
    ending: str


def told(seed: int, places: tuple[Place, ...], house: type[House]) -> Story:
    """Return the story of a seed."""
    random = Random(f"story {seed}")
    place = random.choice(places)
    length = random.uniform(60, 210) * MINUTE_S
    wishes: list[Step] = []
    if house.controls:
        wishes += [
            _wish(random, random.uniform(0, length))
            for _ in range(random.randint(2, 6))
        ]
    steps = list(wishes)
    able = [name for name in FAULTS if name not in house.spared]
    for _ in range(random.choice((1, 2, 2, 3, 4))):
        steps += _faults(random, able, length, wishes)
    steps.sort(key=lambda step: step.at)
    ending = random.choice(ENDINGS) if house.controls else "run out"
    return Story(seed, place, tuple(steps), ending)


def _wish(random: Random, at: float) -> Step:
    what = random.choices(list(WISHES), list(WISHES.values()))[0]
    detail: dict[str, Any] = {"which": random.random()}
    if what in ("force", "force on lease", "force to target", "create", "create daily"):
        detail |= {
            "action": random.random(),
            "power": random.random(),
            "minutes": random.choice((15, 20, 30, 45, 60)),
            "ahead": random.choice((2, 5, 10, 30, 60, 90)),
        }
    if what == "calendar":
        detail |= {
            "minutes": random.choice((15, 30, 60)),
            "ahead": random.randint(2, 60),
        }
    return Step(at, what, detail=detail)


def _faults(
    random: Random, able: list[str], length: float, wishes: list[Step]
) -> list[Step]:
    """Return a fault, or two at about the same time."""
    # What needs somebody who writes is spared in some houses, and misses in others.
    counts = [2 if name in _AT_A_WRITE | _AT_SOMETHING_OURS else 1 for name in able]
    drawn = random.sample(able, random.choice((1, 1, 2)), counts=counts)
    names = list(dict.fromkeys(drawn))
    at = _moment(random, names[0], length, wishes)
    return [
        _fault(random, name, max(0.0, at + n * random.uniform(0, 240)))
        for n, name in enumerate(names)
    ]


def _moment(random: Random, name: str, length: float, wishes: list[Step]) -> float:
    """Return when something goes wrong: near a wish as a rule, where that matters."""
    begun = [wish.at for wish in wishes if wish.what in _BEGINS]
    if begun and name in _AT_A_WRITE:
        return random.choice(begun) - random.uniform(0, 60)
    if begun and name in _AT_SOMETHING_OURS:
        return random.choice(begun) + random.uniform(60, 900)
    if not wishes or random.random() < 0.4:
        return random.uniform(0, length)
    return random.choice(wishes).at + random.choice((-1, 1)) * random.uniform(0, 300)


def _fault(random: Random, name: str, at: float) -> Step:
    least, most = FAULTS[name]
    # Short ones are as likely as long ones.
    share = random.random() ** 2
    detail: dict[str, Any] = {}
    match name:
        case "killed in a write":
            detail = {
                "write": random.choice((1, 1, 1, 1, 2)),
                "carried_out": random.random() < 0.6,
            }
        case "killed in a file":
            detail = {
                "file": random.randint(1, 4),
                "written": random.choice((0.0, 0.5, 1.0)),
            }
        case "killed in a start":
            detail = {"after_s": round(random.uniform(0, 6), 2)}
        case "cloud errors":
            detail = {"status": random.choice((500, 502, 503))}
        case "cloud lies":
            detail = {"shown": random.random() < 0.3}
        case "clock ahead" | "clock behind":
            # A clock that is set right soon was rather far off.
            detail = {"by_s": random.choice((90, 600, 3600, 7200))}
    return Step(at, name, round(least + (most - least) * share, 2), detail)


def changes_of_clock(
    zone: str, country: str, year: int, *, hours_before: float = 1.5
) -> tuple[Place, ...]:
    """Return the moments just before a zone's clock is changed in a year."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    places = []
    before = begin.astimezone(ZoneInfo(zone)).utcoffset()
    for hour in range(365 * 24):
        moment = begin + timedelta(hours=hour)
        offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
        if offset != before:
            start = moment - timedelta(hours=hours_before)
            places.append(Place(zone, country, start))
        before = offset
    return tuple(places)
