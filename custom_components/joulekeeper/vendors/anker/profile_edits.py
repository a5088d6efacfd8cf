"""What is changed of a day profile, and what is refused (dossier 5.3).

Powers are brought within the limits of the banks; what makes no sense raises
`InvalidRequest` with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import math
from typing import Any, Final

from ...core.errors import InvalidRequest
from ..parsing import objects
from . import day
from .day import DAY_MINUTES, Piece, Pieces
from .profile import (
    ADVANCED,
    DISCHARGE_FIRST,
    LEAST_SLOTS,
    MODE,
    SHARES,
    Profile,
    does_same,
    share_w,
    with_power,
)

INCREASE_EVERY: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotChange:
    """What a slot is to have; None leaves it as it is.

    `bank_w` is the power of the bank with `serial`, `system_w` that of all banks.
    """

    system_w: float | None = None
    bank_w: float | None = None
    serial: str | None = field(default=None, repr=False)
    lets_out: bool | None = None
    charge_priority: float | None = None
    discharges_first: bool | None = None

    def applied(self, slot: Piece, profile: Profile) -> Piece:
        """Return a slot with the change."""
        priority = self.charge_priority
        if priority is not None and not 0 <= priority <= 100:
            raise InvalidRequest(
                "no percentage of a battery", reason="percent_out_of_range"
            )
        values: dict[str, Any] = {}
        if self.lets_out is not None:
            values["turn_on"] = self.lets_out
        if priority is not None:
            values["charge_priority"] = round(priority)
        if self.discharges_first is not None:
            if DISCHARGE_FIRST not in slot.raw:
                raise InvalidRequest(
                    "the firmware has no such switch", reason="firmware_too_old"
                )
            values[DISCHARGE_FIRST] = int(self.discharges_first)
        return self._powered(slot, profile).having(**values)

    def _powered(self, slot: Piece, profile: Profile) -> Piece:
        system, bank = self.system_w, self.bank_w
        if bank is not None and (not profile.shares_differ or self.serial is None):
            # One bank is all banks.
            system, bank = bank if system is None else system, None
        if bank is None:
            return slot if system is None else profile.powered(slot, system)
        return self._shared(slot, profile, system, round(bank))

    def _shared(
        self, slot: Piece, profile: Profile, system: float | None, bank: int
    ) -> Piece:
        """Return a slot in which one bank has a power of its own."""
        serials = profile.serials
        if self.serial not in serials:
            raise InvalidRequest("no bank of this system", reason="bank_missing")
        if MODE not in slot.raw or SHARES not in slot.raw:
            raise InvalidRequest("no power per bank", reason="firmware_too_old")
        least, most = profile.least_share_w, profile.most_share_w
        bank = min(max(bank, least), most)
        others = [serial for serial in serials if serial != self.serial]
        if system is None:
            shares = {it: share_w(slot, it, len(serials)) or least for it in others}
        else:
            floor, ceiling = least * len(others), most * len(others)
            total = min(max(round(system), bank + floor), bank + ceiling)
            each = (total - bank) // len(others)
            shares = dict.fromkeys(others, each)
        shares[self.serial] = bank
        known = {it.get("device_sn"): it for it in objects(slot.raw[SHARES])}
        loads = [
            {**known.get(serial, {"device_sn": serial}), "power": shares[serial]}
            for serial in serials
        ]
        return with_power(slot, sum(shares.values())).having(
            **{MODE: ADVANCED, SHARES: loads}
        )


def changing_current(profile: Profile, minute: int, change: SlotChange) -> Profile:
    """Return a profile with the slot of a minute changed; a gap becomes a slot."""
    slots = _known(profile)
    slot = day.at(slots, minute)
    if slot is None:
        slot = profile.new_slot(*day.gap_at(slots, minute))
    return _tidy(profile, day.put(slots, change.applied(slot, profile)))


def setting(profile: Profile, start: int, end: int, change: SlotChange) -> Profile:
    """Return a profile with one slot in the place of all."""
    _check_span(start, end)
    _known(profile)
    slot = profile.new_slot(start, end)
    return _tidy(profile, (change.applied(slot, profile),))


def inserting(profile: Profile, start: int, end: int, change: SlotChange) -> Profile:
    """Return a profile with a slot put in, which may shorten, split or replace others.

    What is not told comes from the slot that starts, or else ends, with it.
    """
    _check_span(start, end)
    slots = _known(profile)
    like = next((slot for slot in slots if slot.start == start), None)
    like = like or next((slot for slot in slots if slot.end == end), None)
    if like is None:
        slot = profile.new_slot(start, end)
    else:
        slot = replace(like, start=start, end=end)
    return _tidy(profile, day.put(slots, change.applied(slot, profile)))


def cleared(profile: Profile) -> Profile:
    """Return a profile without slots."""
    return profile.with_slots(())


def check_increase(
    before_w: int | None,
    after_w: int | None,
    changed_at: datetime | None,
    now: datetime,
) -> None:
    """Refuse more output so soon after a change; less is always possible.

    InvalidRequest `increase_blocked`.
    """
    if before_w is None or after_w is None or after_w <= before_w:
        return
    if changed_at is not None and now - changed_at < INCREASE_EVERY:
        wait = math.ceil((changed_at + INCREASE_EVERY - now).total_seconds())
        cause = f"possible again in {wait} s"
        raise InvalidRequest(cause, reason="increase_blocked")


def _known(profile: Profile) -> Pieces:
    if profile.slots is None:
        raise InvalidRequest("a slot is not understood", reason="settings_unknown")
    if profile.enforced:
        raise InvalidRequest("another system rules it", reason="ruled_elsewhere")
    return profile.slots


def _tidy(profile: Profile, slots: Sequence[Piece]) -> Profile:
    return profile.with_slots(day.joined(slots, does_same, LEAST_SLOTS))


def _check_span(start: int, end: int) -> None:
    if not 0 <= start < end <= DAY_MINUTES:
        raise InvalidRequest("no span of a day", reason="slot_time_error")
