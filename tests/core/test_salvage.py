"""A damaged book costs what is damaged, never a write that nobody wants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.joulekeeper.core.dispatch import Dispatch, State
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.core.records import Unread, encode
from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.salvage import make_sound, read_ledger
from custom_components.joulekeeper.core.schedule import Action
from custom_components.joulekeeper.core.timeline import segment_of
from custom_components.joulekeeper.core.wishes import HISTORY

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rule(name: str, **changes: Any) -> Rule:
    """Return a rule that comes every day from one o'clock on."""
    daily = Recurrence(
        first=datetime(2026, 11, 20, 13), length=HOUR, zone="UTC", rule="FREQ=DAILY"
    )
    return replace(
        Rule(
            id=name,
            action=Action.CHARGE,
            start=NOW + HOUR,
            duration=HOUR,
            recurrence=daily,
            power_w=2000,
        ),
        **changes,
    )


@pytest.fixture
def ledger() -> Ledger:
    """Return a book with two rules; what was sent for them is confirmed."""
    book = Ledger()
    for name in ("a", "b"):
        kept = book.put_rule(rule(name))
        (due,) = kept.occurrences(NOW, NOW + 2 * HOUR)
        segment = replace(segment_of(due, due.start, due.end), tag=f"of {name}")
        book.dispatches[segment.tag] = replace(
            Dispatch(segment=segment).sent(NOW), state=State.CONFIRMED, vendor_id=name
        )
    book.deleted["old"] = NOW + HOUR
    return book


def data_of(ledger: Ledger) -> dict[str, Any]:
    """Return plain data after they were written and read."""
    data: dict[str, Any] = json.loads(json.dumps(encode(ledger)))
    return data


def read(data: Any) -> tuple[Ledger, list[Unread]]:
    """Return the book that is made of data, and all that was lost."""
    ledger, unread = read_ledger(data)
    return ledger, [*unread, *make_sound(ledger, unread, NOW)]


def test_sound_data(ledger: Ledger) -> None:
    """Nothing is changed, and nothing is lost."""
    assert read(data_of(ledger)) == (ledger, [])
    assert read({}) == (Ledger(), [])


@pytest.mark.parametrize(
    "change",
    [
        {"source": "optimizer"},
        {"power_w": "much"},
        {"start": "2026-11-20T13:00:00"},
        {"duration": 1e300},
    ],
)
def test_one_rule(ledger: Ledger, change: dict[str, Any]) -> None:
    """The others stay; what was sent for it is no longer ours to take back."""
    data = data_of(ledger)
    data["rules"]["a"] |= change
    data["rules"]["a"]["recurrence"] = None
    again, lost = read(data)
    assert again.rules == {"b": ledger.rules["b"]}
    assert set(again.dispatches) == {"of b"}
    assert [(item.part, item.key) for item in lost] == [
        ("rules", "a"),
        ("dispatches", "of a"),
    ]
    assert lost[1].data == data["dispatches"]["of a"]


def test_rule_that_never_comes(ledger: Ledger) -> None:
    """What can be read, but makes no sense, is found before it does harm."""
    data = data_of(ledger)
    data["rules"]["a"]["recurrence"]["rule"] = "now and then"
    again, lost = read(data)
    assert set(again.rules) == {"b"}
    assert lost[0].data == data["rules"]["a"]


@pytest.mark.parametrize("rules", [["garbage", 1], None, "x"])
def test_all_rules(ledger: Ledger, rules: Any) -> None:
    """What was sent is left to the cloud; what is known to be deleted stays so."""
    data = data_of(ledger)
    ghost = data["dispatches"]["of b"]
    ghost["segment"]["rule_id"] = "old"
    ghost["state"] = "restore_pending"
    data["rules"] = rules
    again, lost = read(data)
    assert not again.rules
    assert set(again.dispatches) == {"of b"}
    assert again.deleted == ledger.deleted
    assert {item.part for item in lost} == {"rules", "dispatches"}


def test_all_of_it() -> None:
    """The whole is kept as it is."""
    assert read("garbage") == (Ledger(), [Unread("", "", "garbage")])
    assert read(None) == (Ledger(), [Unread("", "", None)])


def test_one_dispatch(ledger: Ledger) -> None:
    """Its rule stays, and so does what was sent for others."""
    data = data_of(ledger)
    data["dispatches"]["of a"]["state"] = "dancing"
    again, lost = read(data)
    assert again.rules == ledger.rules
    assert set(again.dispatches) == {"of b"}
    assert lost == [Unread("dispatches", "of a", data["dispatches"]["of a"])]


def test_one_closing(ledger: Ledger) -> None:
    """What was stopped stays stopped, the other days come."""
    kept = ledger.rules["a"]
    (due,) = kept.occurrences(NOW, NOW + 2 * HOUR)
    ledger.close(due, NOW + HOUR, State.CANCELLED, "stopped")
    data = data_of(ledger)
    data["closings"][due.id]["at"] = "some time"
    data["closings"]["nonsense"] = 5
    again, lost = read(data)
    assert [item.part for item in lost] == ["closings", "closings"]
    later = NOW + timedelta(hours=2)
    assert not list(again.occurrences_of(kept, NOW, later))
    assert list(again.occurrences_of(kept, NOW, later + timedelta(days=1)))


def test_one_deleted(ledger: Ledger) -> None:
    """A rule that was deleted does not come back by its mark."""
    data = data_of(ledger)
    data["deleted"]["old"] = "for ever"
    again, lost = read(data)
    assert again.deleted == {"old": NOW + HISTORY}
    assert [item.key for item in lost] == ["old"]


def test_count_of_edits(ledger: Ledger) -> None:
    """The next edit goes before all others, though nobody knows how many there were."""
    data = data_of(ledger)
    data["revision"] = "many"
    again, lost = read(data)
    assert again.revision == ledger.revision == 2
    assert [item.part for item in lost] == ["revision"]
