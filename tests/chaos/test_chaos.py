"""A few of the stories of `scripts/chaos`, and whether it would notice what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
from scripts.tools.chaos.houses.base import Place
from scripts.tools.chaos.judge import INVARIANTS, Verdict
from scripts.tools.chaos.story import Step, Story
from scripts.tools.chaos.worker import Job, Workers

SEEDS: Final = range(12)
EVENING: Final = Place(
    "Australia/Brisbane", "AU", datetime(2026, 11, 20, 8, tzinfo=UTC), "usual"
)
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


STORIES: Final = {
    "owner": (
        "never_gives_back",
        Story(1, EVENING, (Step(30, "force", detail=FORCE),), "delete all"),
    ),
    "edits": (
        "sends_again_what_was_deleted",
        Story(
            1,
            EVENING,
            (
                Step(30, "force", detail=FORCE),
                Step(300, "ours deleted in the app"),
                Step(900, "reloaded"),
            ),
            "delete all",
        ),
    ),
    "foreign": (
        "deletes_all",
        Story(
            1,
            EVENING,
            (Step(30, "edit in the app"), Step(60, "force", detail=FORCE)),
            "delete all",
        ),
    ),
    "limits": (
        "ten_times_the_power",
        Story(1, EVENING, (Step(30, "force", detail=FORCE),), "delete all"),
    ),
    "secrets": (
        "logs_tokens",
        Story(1, EVENING, (Step(30, "force", detail=FORCE),), "delete all"),
    ),
    "exceptions": (
        "breaks_when_it_looks",
        Story(1, EVENING, (Step(30, "force", detail=FORCE),), "run out"),
    ),
    "visible": (
        "looks_well",
        Story(1, EVENING, (Step(30, "cloud down", 30),), "delete all"),
    ),
}
"""By the invariant: what breaks it, and the story in which that shows."""


@pytest.mark.parametrize("invariant", STORIES)
def test_invariant_can_fail(play: Player, invariant: str) -> None:
    """What is broken on purpose is noticed, and nothing is where nothing is broken."""
    mutation, story = STORIES[invariant]
    well = play(Job(1, "redback", story=story))
    assert well.passed, "\n".join([*map(str, well.violations), *well.lines])
    broken = play(Job(1, "redback", f"tests.chaos.mutations:{mutation}", story))
    assert invariant in {item.invariant for item in broken.violations}, broken.lines


def test_every_invariant_is_proved() -> None:
    """None of them is only decoration."""
    assert STORIES.keys() == INVARIANTS.keys()


def test_graces_are_the_brands() -> None:
    """What a house has beyond a minute is what the integration says of its brand."""
    assert alphaess_house.ACTS_WITHIN == alphaess.ACTS_WITHIN
    assert alphaess_house.LAYS_AHEAD == alphaess.LAYS_AHEAD
    assert alphaess_house.GRANULARITY == alphaess.GRANULARITY
    assert anker_house.ACTS_WITHIN == anker.ACTS_WITHIN
    assert anker_house.PROFILE_ACTS_WITHIN == anker.PROFILE_ACTS_WITHIN
    assert fusionsolar_house.ACTS_WITHIN == fusionsolar.ACTS_WITHIN
