"""Which item of a cloud stands for which dispatch."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from .dispatch import Dispatch, holds
from .schedule import Owner, ScheduleItem


def match(
    dispatches: Collection[Dispatch], listed: Iterable[ScheduleItem]
) -> dict[str, ScheduleItem]:
    """Return the items that stand for dispatches, by the id of the dispatch.

    By the cloud's id; where that was never told, by our mark, or by being just what
    was sent where the cloud drops our mark.
    """
    items = {item.vendor_id: item for item in listed if item.vendor_id}
    found: dict[str, ScheduleItem] = {}
    for dispatch in dispatches:
        if (item := items.get(dispatch.vendor_id or "")) is not None:
            found[dispatch.id] = item
    claimed = {item.vendor_id for item in found.values()}
    unclaimed: defaultdict[tuple[datetime, datetime], list[ScheduleItem]]
    unclaimed = defaultdict(list)
    for item in items.values():
        if item.vendor_id not in claimed:
            unclaimed[item.start, item.end].append(item)
    for dispatch in dispatches:
        if dispatch.vendor_id is None and dispatch.sent_at is not None:
            candidates = unclaimed[dispatch.segment.start, dispatch.segment.end]
            item = next((item for item in candidates if _is_of(item, dispatch)), None)
            if item is not None:
                candidates.remove(item)
                found[dispatch.id] = item
    return found


def _is_of(item: ScheduleItem, dispatch: Dispatch) -> bool:
    segment = dispatch.segment
    if not holds(item, segment):
        return False
    if item.owner is Owner.OWN:
        return item.rule_id == segment.rule_id
    return item.owner is Owner.FOREIGN and item.action is segment.action
