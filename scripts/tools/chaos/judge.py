"""The judge: what has to be so whatever goes wrong, and what was not."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

INVARIANTS: Final = {
    "owner": "no forced mode without an owner, or past its end",
    "edits": "no edit in the app is lost",
    "foreign": "nothing that others have planned is deleted",
    "limits": "no write is beyond the vendor's limits",
    "secrets": "no secret is in the log",
    "exceptions": "no exception is unhandled",
    "visible": "every failure is visible as an answer, state, event or repair",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be."""

    invariant: str
    time: datetime
    text: str

    def __str__(self) -> str:
        """Return it in short."""
        return f"{self.invariant} at {self.time:%d %T}: {self.text}"


@dataclass(slots=True)
class Verdict:
    """What came of one run.

    `faults` counts what went wrong on purpose, `asked` what was asked and `taken` what of
    that was not refused, `checks` how often each invariant was looked at. `digest` is of all that happened, to tell whether
    two runs were the same.
    """

    seed: int
    house: str
    violations: list[Violation] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    log: str = ""
    digest: str = ""

    @property
    def passed(self) -> bool:
        """Whether all was as it has to be."""
        return not self.violations

    def check(self, invariant: str, time: datetime, *problems: str) -> None:
        """Count a look at an invariant, and note what is wrong; the same only once."""
        self.checks[invariant] += 1
        known = {(item.invariant, item.text) for item in self.violations}
        for text in problems:
            if (invariant, text) not in known:
                self.violations.append(Violation(invariant, time, text))
                self.lines.append(f"{time:%d %T} !! {invariant}: {text}")
