"""What is timed: each operation on a ledger, in a process that has done nothing yet.

The ledger comes from its journal, as after a restart, and the list as from a cloud, so
that nothing is known or shared that would not be in use. Every run has a ledger of its
own, and a later now. The time is the CPU time of the thread, for there is nothing to
wait for but the machine's other work.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import gc
import json
from time import thread_time
from types import SimpleNamespace
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.joulekeeper.calendar_events import Diary
from custom_components.joulekeeper.core.dispatch import HELD, State
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.core.records import decode, encode
from custom_components.joulekeeper.core.schedule import Programme, ScheduleItem
from homeassistant.util import dt as dt_util

from .mix import ABLE, NOW, Case, case, tags

_ZONE: Final = ZoneInfo("Australia/Brisbane")


@dataclass(frozen=True, slots=True)
class Files:
    """A case as JSON: a journal for each stage of the ledger, and the cloud's lists."""

    unsent: str
    untold: str
    confirmed: str
    before: str
    after: str

    @classmethod
    def of(cls, size: int) -> Files:
        """Return those of so many rules."""
        made: Case = case(size)
        return cls(
            unsent=_text(made.unsent),
            untold=_text(made.untold),
            confirmed=_text(made.confirmed),
            before=_text(made.before.items),
            after=_text(made.after.items),
        )

    @property
    def journal_kib(self) -> float:
        """The size of the journal when everything is confirmed."""
        return len(self.confirmed.encode()) / 1024

    def journal(self, stage: str) -> dict[str, Any]:
        """Return the journal of the ledger at a stage."""
        data: dict[str, Any] = json.loads(getattr(self, stage))
        return data

    def programme(self, stage: str) -> Programme:
        """Return what the cloud lists at a stage."""
        items = json.loads(self.before if stage == "unsent" else self.after)
        return Programme(tuple(decode(ScheduleItem, item) for item in items))


def _text(value: Any) -> str:
    return json.dumps(encode(value), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an operation: its number and what it is about.

    `data` is the journal, just read.
    """

    number: int
    ledger: Ledger
    programme: Programme
    data: Mapping[str, Any]
    new_tag: Callable[[], str]

    @property
    def now(self) -> datetime:
        """A little later at each run, and never so late that anything happens."""
        return NOW + self.number * timedelta(seconds=1)

    def month(self, number: int) -> tuple[datetime, datetime]:
        """Return the start and the end of a month; the first one is now's."""
        month = NOW.year * 12 + NOW.month - 1 + number
        first, following = (
            datetime(n // 12, n % 12 + 1, 1, tzinfo=_ZONE).astimezone(UTC)
            for n in (month, month + 1)
        )
        return first, following


@dataclass(frozen=True, slots=True)
class Operation:
    """What is timed, the stage that it begins from, and whether it did its work."""

    stage: str
    act: Callable[[Run], Any]
    good: Callable[[Run, Any], bool]


def _compile(run: Run) -> Any:
    return run.ledger.compile(ABLE, run.programme, run.now)


def _month(run: Run) -> Any:
    return list(run.ledger.occurrences(*run.month(0)))


def _other_month(run: Run) -> Any:
    return list(run.ledger.occurrences(*run.month(run.number)))


def _events(run: Run) -> Any:
    """Return the month as Home Assistant's calendar shows it, in words and with proof."""
    dt_util.set_default_time_zone(_ZONE)
    control: Any = SimpleNamespace(
        ledger=run.ledger, capabilities=ABLE, listed=run.programme
    )
    return Diary(control, run.now).events(*run.month(0))


def _changes(run: Run) -> Any:
    return run.ledger.changes(ABLE, run.programme, run.now, run.new_tag)


def _observe(run: Run) -> Any:
    run.ledger.observe(run.programme, run.now, run.new_tag)


def _pass_time(run: Run) -> Any:
    run.ledger.pass_time(run.now)


def _encode(run: Run) -> Any:
    return encode(run.ledger)


def _decode(run: Run) -> Any:
    return decode(Ledger, run.data)


def _all_held(run: Run, _: Any) -> bool:
    live = run.ledger.live()
    return bool(live) and all(item.state in HELD for item in live)


def _all_listed(run: Run, changes: Any) -> bool:
    return not changes and bool(run.ledger.live())


def _none_lost(run: Run, _: Any) -> bool:
    states = (State.CONFIRMED, State.ACTIVE)
    return any(item.state in states for item in run.ledger.live())


OPERATIONS: Final[Mapping[str, Operation]] = {
    "compile": Operation("confirmed", _compile, lambda _, made: bool(made.segments)),
    "month": Operation("confirmed", _month, lambda _, made: bool(made)),
    "other_month": Operation("confirmed", _other_month, lambda _, made: bool(made)),
    "events": Operation("confirmed", _events, lambda _, made: bool(made)),
    "changes_unsent": Operation("unsent", _changes, lambda _, made: bool(made.send)),
    "changes_confirmed": Operation("confirmed", _changes, _all_listed),
    "observe": Operation("confirmed", _observe, _all_held),
    "observe_untold": Operation("untold", _observe, _all_held),
    "pass_time": Operation("confirmed", _pass_time, _none_lost),
    "encode": Operation("confirmed", _encode, lambda run, made: made == run.data),
    "decode": Operation(
        "confirmed", _decode, lambda run, made: encode(made) == run.data
    ),
}


def timed(files: Files, names: Iterable[str], runs: int) -> dict[str, list[float]]:
    """Return the ms of each run of each operation, in order."""
    return {name: list(_runs(files, name, runs)) for name in names}


def _runs(files: Files, name: str, runs: int) -> Iterator[float]:
    operation = OPERATIONS[name]
    data = files.journal(operation.stage)
    programme = files.programme(operation.stage)
    new_tag = tags()
    # What is timed must not have been tried before.
    ledger = Ledger() if name == "decode" else decode(Ledger, data)
    # Nor is the first run to clear away what has led to it.
    gc.collect()
    for number in range(runs):
        run = Run(number, ledger.copy(), programme, data, new_tag)
        begin = thread_time()
        result = operation.act(run)
        yield (thread_time() - begin) * 1000
        if not operation.good(run, result):
            raise RuntimeError(f"{name} did not do what was to be measured")
        # To forget it is no part of the next run.
        del result
