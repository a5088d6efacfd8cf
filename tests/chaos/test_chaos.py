"""A few of the stories of `scripts/chaos`, and whether it would notice what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from custom_components.joulekeeper.vendors.alphaess import schedule as alphaess
from custom_components.joulekeeper.vendors.anker import schedule as anker
from custom_components.joulekeeper.vendors.fusionsolar import controller as fusionsolar
from scripts.tools.chaos.houses import (
    alphaess as alphaess_house,
    anker as anker_house,
    fusionsolar as fusionsolar_house,
)
from scripts.tools.chaos.houses.all import HOUSES
from scripts.tools.chaos.judge import INVARIANTS, Verdict
from scripts.tools.chaos.story import Step, Story
from scripts.tools.chaos.worker import Job, Workers

SEEDS: Final = range(12)
FORCE: Final[dict[str, Any]] = {
    "which": 0.0,
    "action": 0.0,
    "power": 0.5,
    "minutes": 60,
}


@dataclass
class Player:
    """Plays stories, each only once unless it is asked for anew."""

    workers: Workers
    played: dict[str, Verdict] = field(default_factory=dict)

    def __call__(self, job: Job, *, anew: bool = False) -> Verdict:
        """Return what came of a run."""
        name = repr(job)
        if anew or name not in self.played:
            [self.played[name]] = self.workers.run([job])
        return self.played[name]


@pytest.fixture(scope="module")
def play() -> Iterator[Player]:
    """Return what plays stories, in a process of its own."""
    with Workers(1) as workers:
        yield Player(workers)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_ends_well(play: Player, seed: int) -> None:
    """Whatever goes wrong, everything is as it has to be; each house has its turn."""
    verdict = play(Job(seed))
    assert verdict.passed, "\n".join(
        [*map(str, verdict.violations), verdict.house, *verdict.lines]
    )
    assert sum(verdict.checks.values()) > 0
    assert verdict.faults


def test_every_house_has_its_turn() -> None:
    """The few runs here reach all of them."""
    assert len(SEEDS) >= len(HOUSES)


@pytest.mark.parametrize("seed", [7, 8])
def test_seed_decides_all(play: Player, seed: int) -> None:
    """The same story has the same calls at the same times, and the same verdict."""
    first, second = play(Job(seed)), play(Job(seed), anew=True)
    assert first.calls == second.calls
    assert first.lines == second.lines
    assert first.digest == second.digest


@dataclass(frozen=True)
class Broken:
    """What breaks an invariant, and how that shows in a house."""

    invariant: str
    mutation: str
    house: str
    steps: tuple[Step, ...] = (Step(30, "force", detail=FORCE),)

    def __str__(self) -> str:
        """Return it as the name of a test."""
        return f"{self.invariant}-{self.mutation}-{self.house}"


LIE: Final = {"shown": False}
OPEN_LIE: Final = {"shown": True}
EDITED: Final = (
    Step(30, "force", detail=FORCE),
    Step(900, "edit in the app"),
    Step(1500, "reloaded"),
)
BROKEN: Final = (
    *(
        Broken("owner", "never_gives_back", name)
        for name, plot in sorted(HOUSES.items())
        if plot.house.controls
    ),
    Broken(
        "edits",
        "sends_again_what_was_deleted",
        "redback",
        (
            Step(30, "force", detail=FORCE),
            Step(300, "ours deleted in the app"),
            Step(900, "reloaded"),
        ),
    ),
    *(
        Broken("edits", "gives_back_what_it_was_lent", name, EDITED)
        for name in ("alphaess-daily", "alphaess-periodic")
    ),
    Broken(
        "foreign",
        "deletes_all",
        "redback",
        (Step(30, "edit in the app"), Step(60, "force", detail=FORCE)),
    ),
    *(
        Broken("limits", "ten_times_the_power", name)
        for name in ("alphaess-periodic", "anker-first", "fusionsolar", "redback")
    ),
    *(
        Broken("limits", "asks_again_and_again", name, (Step(600, "reloaded"),))
        for name in ("amber", "anker-later", "chargehq")
    ),
    Broken("limits", "asks_again_and_again", "alphaess-daily"),
    Broken("secrets", "logs_tokens", "redback"),
    Broken("exceptions", "breaks_when_it_looks", "redback", (Step(1200, "reloaded"),)),
    Broken("visible", "looks_well", "redback", (Step(30, "cloud down", 30),)),
    Broken(
        "visible",
        "believes_every_answer",
        "redback",
        (
            Step(10, "cloud lies", 10, detail=LIE),
            Step(30, "force", detail=FORCE),
        ),
    ),
    Broken(
        "visible",
        "writes_nothing_down",
        "redback",
        (Step(10, "disk full", 10), Step(30, "force", detail=FORCE)),
    ),
    Broken(
        "visible",
        "loads_only_once",
        "redback",
        (Step(30, "force", detail=FORCE), Step(90, "restarted", 1)),
    ),
    Broken(
        "visible",
        "measures_nothing",
        "redback",
        (
            Step(10, "cloud lies", 10, detail=OPEN_LIE),
            Step(30, "force", detail=FORCE),
            Step(1800, "tokens expired"),
        ),
    ),
)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_invariant_can_fail(play: Player, broken: Broken) -> None:
    """What is broken on purpose is noticed, and nothing is where nothing is broken."""
    story = Story(1, HOUSES[broken.house].places[0], broken.steps, "delete all")
    well = play(Job(1, broken.house, story=story))
    assert well.passed, "\n".join([*map(str, well.violations), *well.lines])
    mutation = f"tests.chaos.mutations:{broken.mutation}"
    verdict = play(Job(1, broken.house, mutation, story))
    found = {item.invariant for item in verdict.violations}
    assert broken.invariant in found, "\n".join(verdict.lines)


def test_every_invariant_is_proved() -> None:
    """None of them is only decoration."""
    assert {broken.invariant for broken in BROKEN} == INVARIANTS.keys()


@pytest.mark.parametrize("met", [False, True])
def test_counts_what_has_happened(play: Player, met: bool) -> None:
    """A lie that nobody was told is none, and a killing of nobody neither."""
    place = HOUSES["redback"].places[0]
    asked = (Step(60, "force", detail=FORCE),) if met else ()
    lied = Step(30, "cloud lies", 5, detail=LIE)
    gone = (Step(600, "killed", 1), Step(601, "killed", 1))
    story = Story(1, place, (lied, *asked, *gone), "delete all")
    verdict = play(Job(1, "redback", story=story))
    assert verdict.faults["cloud lies"] == int(met)
    assert verdict.faults["killed"] == 1
    assert verdict.asked["force"] == len(asked)


def test_graces_are_the_brands() -> None:
    """What a house has beyond a minute is what the integration says of its brand."""
    assert alphaess_house.ACTS_WITHIN == alphaess.ACTS_WITHIN
    assert alphaess_house.LAYS_AHEAD == alphaess.LAYS_AHEAD
    assert alphaess_house.GRANULARITY == alphaess.GRANULARITY
    assert anker_house.ACTS_WITHIN == anker.ACTS_WITHIN
    assert anker_house.PROFILE_ACTS_WITHIN == anker.PROFILE_ACTS_WITHIN
    assert fusionsolar_house.ACTS_WITHIN == fusionsolar.ACTS_WITHIN
