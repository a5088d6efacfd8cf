"""Reads the book of a device from data that may be damaged, or of another version.

One value that makes no sense costs what it belongs to, and nothing else. What is not
known any more is never a reason to write to the cloud, nor to run what was stopped.
"""

from datetime import UTC, datetime
from typing import Any, Final

from .dispatch import FINAL, State
from .ledger import Ledger
from .records import SENSELESS, Unread, decode_parts, encode
from .schedule import DAY
from .wishes import HISTORY, Closing

_DUE: Final = "%Y%m%dT%H%M%SZ"
"""How the name of an occurrence ends."""


def read_ledger(data: Any) -> tuple[Ledger, tuple[Unread, ...]]:
    """Return a ledger of all the data that can be read, and those that cannot.

    It is not to be used before `make_sound`, for which the zones of its rules must be
    known.
    """
    return decode_parts(Ledger, data)


def make_sound(
    ledger: Ledger, unread: tuple[Unread, ...], now: datetime
) -> tuple[Unread, ...]:
    """Mend a ledger of which something could not be read; return what else is lost."""
    lost = _senseless_rules(ledger, now)
    # Edits go on counting, whatever was lost of the count.
    revisions = (rule.revision for rule in ledger.rules.values())
    ledger.revision = max(ledger.revision, *revisions, 0)
    for piece in unread:
        if piece.part == "closings" and (due := _due(piece.key)) is not None:
            # What was stopped does not run again because nobody knows when.
            closing = Closing(due, due, State.CANCELLED, "unreadable")
            ledger.closings[piece.key] = closing
        elif piece.part == "deleted" and piece.key:
            ledger.deleted[piece.key] = now + HISTORY
    if any(piece.part in ("", "rules") for piece in (*unread, *lost)):
        lost += _orphans(ledger)
    return tuple(lost)


def _senseless_rules(ledger: Ledger, now: datetime) -> list[Unread]:
    """Take out the rules of which nobody can tell when they are due."""
    senseless: list[Unread] = []
    for rule_id, rule in list(ledger.rules.items()):
        try:
            rule.over(now)
            list(rule.occurrences(now, now + DAY))
        except SENSELESS:
            senseless.append(Unread("rules", rule_id, encode(rule)))
            del ledger.rules[rule_id]
    return senseless


def _orphans(ledger: Ledger) -> list[Unread]:
    """Take out what was sent for rules that were lost.

    It would be taken back, as nobody wants it. So the cloud keeps it, and by its mark
    it becomes a schedule of its own.
    """
    orphans = [
        dispatch
        for dispatch in ledger.dispatches.values()
        if dispatch.state not in FINAL and not ledger.knows(dispatch.segment.rule_id)
    ]
    for dispatch in orphans:
        del ledger.dispatches[dispatch.id]
    return [Unread("dispatches", item.id, encode(item)) for item in orphans]


def _due(occurrence_id: str) -> datetime | None:
    """Return when an occurrence is due, by its name."""
    try:
        due = datetime.strptime(occurrence_id.rpartition("@")[2], _DUE)
    except ValueError:
        return None
    return due.replace(tzinfo=UTC)
