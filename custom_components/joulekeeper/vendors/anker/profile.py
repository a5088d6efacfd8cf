"""The day profile of Solarbanks of the first generation (dossier 5.1 to 5.3, 5.6).

It is the same every day and belongs to the site: banks that work side by side share it.
What is not understood of it is kept as it was read, and only keys that exist are written,
for older firmware has fewer of them. A bank that gets a single slot may stop its output,
so that there are never less than two.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from ...core.errors import TransientError
from ..parsing import integer, mapping, objects, text
from . import day
from .day import DAY_MINUTES, Piece, Pieces

LEAST_LOAD_W: Final = 100
MOST_LOAD_W: Final = 800
"""Per bank."""
LEAST_SHARE_W: Final = 50
NEW_SLOT_LOAD_W: Final = 100
DEFAULT_LOAD_W: Final = 200
"""What a bank delivers while there are no slots."""
DEFAULT_PRIORITY: Final = 80
NORMAL: Final = 1
ADVANCED: Final = 2
"""With a power of its own for each bank."""
LEAST_SLOTS: Final = 2
MOST_SLOTS: Final = 14
"""What the app shows of a day (dossier 5.6)."""
_NOON: Final = DAY_MINUTES // 2
_LEAST_TO_SPLIT: Final = 2
"""Minutes; a slot has one at least."""
_NAME: Final = "Custom"
MODE: Final = "power_setting_mode"
SHARES: Final = "device_power_loads"
DISCHARGE_FIRST: Final = "priority_discharge_switch"


# -- one slot ----------------------------------------------------------------------


def power_w(slot: Piece) -> int | None:
    """Return what the house is to get from all banks, W, None if it is not told."""
    for load in objects(slot.raw.get("appliance_loads"))[:1]:
        return integer(load.get("power"))
    return None


def lets_out(slot: Piece) -> bool | None:
    """Return whether anything is to be delivered; None in an enforced slot."""
    on = slot.raw.get("turn_on")
    return on if isinstance(on, bool) else None


def charge_priority(slot: Piece) -> int | None:
    """Return up to which percentage charging goes first."""
    return integer(slot.raw.get("charge_priority"))


def discharges_first(slot: Piece) -> bool | None:
    """Return whether discharging goes first; None where it cannot be set."""
    switch = integer(slot.raw.get(DISCHARGE_FIRST))
    return None if switch is None else bool(switch)


def is_advanced(slot: Piece) -> bool:
    """Whether each bank has a power of its own."""
    return integer(slot.raw.get(MODE)) == ADVANCED


def shares_w(slot: Piece) -> dict[str, int]:
    """Return what each bank is to deliver, W, by serial number, as it is told."""
    return {
        serial: power
        for load in objects(slot.raw.get(SHARES))
        if (serial := text(load.get("device_sn"))) is not None
        and (power := integer(load.get("power"))) is not None
    }


def share_w(slot: Piece, serial: str, banks: int) -> int | None:
    """Return what one bank is to deliver, W: an equal share unless it has its own."""
    if is_advanced(slot):
        return shares_w(slot).get(serial)
    total = power_w(slot)
    return None if total is None else total // max(banks, 1)


type Output = tuple[int | None, dict[str, int] | None]


def output_of(slot: Piece) -> Output:
    """Return what all banks deliver, W, and the shares in it that are not equal.

    Equal shares are the cloud's to work out, and are not told.
    """
    total = power_w(slot)
    shares = shares_w(slot) if is_advanced(slot) else {}
    equal = len(set(shares.values())) < 2 and sum(shares.values()) in (0, total)
    return total, None if equal else shares


def does_same(one: Piece, other: Piece) -> bool:
    """Tell whether two slots let the banks do the same, whenever."""
    return all(read(one) == read(other) for read in _FIELDS)


_FIELDS: Final[Mapping[Callable[[Piece], object], tuple[str, ...]]] = {
    lets_out: ("turn_on",),
    output_of: ("appliance_loads", MODE, SHARES),
    charge_priority: ("charge_priority",),
    discharges_first: (DISCHARGE_FIRST,),
}
"""What of a slot changes by itself, with the keys that tell it."""


def owners_slot(
    owner: Piece | None, shown: Sequence[Piece | None], current: Piece | None
) -> Piece | None:
    """Return the slot of a minute as its owner wants it now, None for none.

    It is what he wanted, but for what differs from all that was shown to him: that he
    has changed. Who sets a power where there is output wants that output.
    """
    if current is None:
        return owner if None in shown else None
    seen = [it for it in shown if it is not None]
    changed = {
        read for read in _FIELDS if not any(read(current) == read(it) for it in seen)
    }
    if output_of in changed and lets_out(current):
        changed.add(lets_out)
    if owner is None:
        # His other wishes are for a slot that is none of his.
        return current if changed & {lets_out, output_of} else None
    if len(changed) == len(_FIELDS):
        return current
    keys = {key for read in changed for key in _FIELDS[read] if key in current.raw}
    return (
        replace(owner, raw={**owner.raw, **{key: current.raw[key] for key in keys}})
        if keys
        else owner
    )


# -- the profile -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of a site; `slots` is None where it is not understood.

    `raw` is all that the cloud told, `serials` are those of the banks.
    """

    raw: Mapping[str, Any] = field(repr=False)
    slots: Pieces | None = field(repr=False)
    serials: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], serials: Iterable[str] = ()) -> Self:
        """Read the decoded object of parameter type 4, or of `home_load_data`."""
        return cls(raw, day.parse(raw.get("ranges")), tuple(serials))

    @property
    def banks(self) -> int:
        """How many banks share it."""
        return max(len(self.serials), 1)

    @property
    def enforced(self) -> bool:
        """Whether another system rules the banks (dossier 5.1, Enforced)."""
        slots = self.slots or ()
        return bool(slots) and all(
            slot.raw.get("turn_on") is None and slot.raw.get(MODE) is None
            for slot in slots
        )

    @property
    def least_w(self) -> int:
        """The least that can be asked for, W."""
        return max(integer(self.raw.get("min_load")) or LEAST_LOAD_W, 0)

    @property
    def most_w(self) -> int:
        """The most that all banks together can be asked for, W."""
        return max(self.most_share_w * self.banks, self.least_w)

    @property
    def most_share_w(self) -> int:
        """The most that one of the banks can be asked for, W."""
        return min(integer(self.raw.get("max_load")) or MOST_LOAD_W, MOST_LOAD_W)

    @property
    def least_share_w(self) -> int:
        """The least that one of several banks can be asked for, W."""
        return integer(self.raw.get("advanced_mode_min_load")) or LEAST_SHARE_W

    @property
    def shares_differ(self) -> bool:
        """Whether banks can have powers of their own."""
        if self.banks < 2:
            return False
        shown = bool(integer(self.raw.get("display_advanced_mode")))
        return shown or any(MODE in slot.raw for slot in self.slots or ())

    @property
    def knows_discharge_priority(self) -> bool:
        """Whether the firmware can let discharging go first."""
        slots = self.slots or ()
        told = "is_show_priority_discharge" in self.raw
        return any(DISCHARGE_FIRST in slot.raw for slot in slots) or (
            told and not slots
        )

    @property
    def default_w(self) -> int:
        """What is delivered while there are no slots, W."""
        return integer(self.raw.get("default_home_load")) or DEFAULT_LOAD_W

    def at(self, minute: int) -> Piece | None:
        """Return the slot of a minute, None in a gap."""
        return day.at(self.slots or (), minute)

    def power_at(self, minute: int) -> int | None:
        """Return what the house is to get at a minute, W."""
        if self.slots is None:
            return None
        slot = self.at(minute)
        if slot is None:
            return self.default_w
        return 0 if lets_out(slot) is False else power_w(slot)

    def dump(self) -> dict[str, Any]:
        """Return the object as it is to be written: all of it, or `ranges` empty.

        There are two slots at least (dossier 5.2, ha#243). TransientError for one that is
        not understood.
        """
        if self.slots is None:
            raise TransientError("a slot is not understood")
        slots = two_at_least(self.slots)
        if not slots:
            return {"ranges": []}
        return {**self.raw, "ranges": [slot.dump() for slot in slots]}

    def holds_same(self, other: Profile) -> bool:
        """Whether both let the banks do the same all day."""
        mine, its = self.slots, other.slots
        if mine is None or its is None:
            return mine is its and self.raw == other.raw
        return day.holds_same(mine, its, does_same)

    def with_slots(self, slots: Pieces) -> Profile:
        """Return it with other slots."""
        return replace(self, slots=slots)

    def clamped(self, watts: float) -> int:
        """Return a power within the limits of all banks."""
        return min(max(round(watts), self.least_w), self.most_w)

    def new_slot(self, start: int, end: int) -> Piece:
        """Return a slot with nothing but defaults, in the form of those that are there."""
        known = self.slots or ()
        raw: dict[str, Any] = (
            dict(known[0].raw)
            if known
            else {
                "id": 0,
                "start_time": "",
                "end_time": "",
                "turn_on": True,
                "appliance_loads": [{"id": 0, "name": _NAME, "number": 1}],
                "charge_priority": DEFAULT_PRIORITY,
            }
        )
        if not known and "display_advanced_mode" in self.raw:
            raw |= {
                MODE: NORMAL,
                SHARES: [{"device_sn": it, "power": 0} for it in self.serials],
            }
        if not known and self.knows_discharge_priority:
            raw[DISCHARGE_FIRST] = 0
        slot = Piece(start, end, raw).having(
            turn_on=True, charge_priority=DEFAULT_PRIORITY, **{DISCHARGE_FIRST: 0}
        )
        return self.powered(slot, max(NEW_SLOT_LOAD_W, self.least_w))

    def powered(self, slot: Piece, watts: float) -> Piece:
        """Return a slot in which all banks together deliver a power, in equal shares."""
        total = self.clamped(watts)
        # A single bank is told half of it, which it does not mind (api#84).
        each = total // max(self.banks, 2)
        return with_power(slot, total).having(
            **{MODE: NORMAL, SHARES: self._shares(slot, each)}
        )

    def _shares(self, slot: Piece, each: int) -> Any:
        known = slot.raw.get(SHARES)
        if not isinstance(known, list):
            return known
        return [{**mapping(load), "power": each} for load in known]


def two_at_least(slots: Pieces) -> Pieces:
    """Return slots with a lone one split: a whole day at noon."""
    if len(slots) != 1 or slots[0].end - slots[0].start < _LEAST_TO_SPLIT:
        return slots
    (slot,) = slots
    whole = (slot.start, slot.end) == (0, DAY_MINUTES)
    middle = _NOON if whole else (slot.start + slot.end) // 2
    return replace(slot, end=middle), replace(slot, start=middle)


def with_power(slot: Piece, watts: int) -> Piece:
    """Return a slot in which all banks together deliver a power, W."""
    loads = slot.raw.get("appliance_loads")
    first, *rest = objects(loads) or ({"id": 0, "name": _NAME, "number": 1},)
    # A mixture of names confuses the device (dossier 5.1).
    changed = [{**first, "power": watts}, *rest]
    return replace(slot, raw={**slot.raw, "appliance_loads": changed})
