"""Which item of a cloud stands for which dispatch."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from .dispatch import FINAL, Dispatch, holds
from .rules import Rule
from .schedule import POWERED_ACTIONS, Action, Owner, Programme, ScheduleItem, Source
from .timeline import Segment


def match(
    dispatches: Collection[Dispatch],
    listed: Iterable[ScheduleItem],
    *,
    marked: bool = False,
) -> dict[str, ScheduleItem]:
    """Return the items that stand for dispatches, by the id of the dispatch.

    By the cloud's id; of several that have it, as in a plan that is written as a whole,
    what is wanted. Where no id was told, by our mark. What has no mark may be
    ours only where the cloud is not known to keep marks, which is `marked`, and only
    for what is still waited for: the same could have been made by somebody else.
    """
    items = {item.vendor_id: item for item in listed if item.vendor_id}
    found: dict[str, ScheduleItem] = {}
    wanted = {item.vendor_id for item in dispatches if item.may_be_held}
    for dispatch in dispatches:
        item = items.get(dispatch.vendor_id or "")
        if item and (dispatch.may_be_held or dispatch.vendor_id not in wanted):
            found[dispatch.id] = item
    claimed = {item.vendor_id for item in found.values()}
    unclaimed: defaultdict[tuple[datetime, datetime], list[ScheduleItem]]
    unclaimed = defaultdict(list)
    for item in items.values():
        if item.vendor_id not in claimed:
            unclaimed[item.start, item.end].append(item)
    # What is wanted goes before what was once sent and given up.
    for dispatch in sorted(dispatches, key=lambda item: not item.live):
        if dispatch.vendor_id is None and dispatch.sent_at is not None:
            candidates = unclaimed[dispatch.segment.start, dispatch.segment.end]
            unmarked = not marked and dispatch.state not in FINAL
            found_here = (i for i in candidates if _is_of(i, dispatch, unmarked))
            item = next(found_here, None)
            if item is not None:
                candidates.remove(item)
                found[dispatch.id] = item
    return found


def with_owners(
    programme: Programme,
    ours: Mapping[str | None, Segment],
    theirs: Collection[str | None],
) -> Programme:
    """Return a programme in which everybody's items are known, by the cloud's ids."""

    def claimed(item: ScheduleItem) -> ScheduleItem:
        if item.vendor_id in theirs:
            return replace(item, owner=Owner.FOREIGN, rule_id=None)
        segment = ours.get(item.vendor_id)
        if segment is None or item.owner is Owner.NETWORK:
            return item
        return replace(
            item,
            owner=Owner.OWN,
            rule_id=segment.rule_id,
            source=segment.source,
            note=segment.note or item.note,
        )

    return replace(programme, items=tuple(map(claimed, programme.items)))


def _is_of(item: ScheduleItem, dispatch: Dispatch, unmarked: bool) -> bool:
    segment = dispatch.segment
    if not holds(item, segment):
        return False
    if item.owner is Owner.OWN:
        return item.rule_id == segment.rule_id
    foreign = item.owner is Owner.FOREIGN
    return unmarked and foreign and item.action is segment.action


def disowned(item: ScheduleItem) -> ScheduleItem:
    """Return an item that is not ours, whoever made it."""
    if item.owner is not Owner.OWN:
        return item
    return replace(item, owner=Owner.FOREIGN)


def rule_of(item: ScheduleItem, rule_id: str, action: Action) -> Rule:
    """Return the rule that an item stands for, as far as the item tells."""
    return Rule(
        id=rule_id,
        action=action,
        start=item.start,
        duration=item.duration,
        power_w=item.power_w if action in POWERED_ACTIONS else None,
        limits=item.limits if action is Action.LIMIT else None,
        source=item.source or Source.SERVICE,
        note=item.note,
    )
