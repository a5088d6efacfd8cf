"""What is set beside the plan, and the calls that set it (dossier 4.7 to 4.13).

A function that returns a call returns None where it is so already, and raises
`InvalidRequest` with a reason for what cannot be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from ...core.errors import InvalidRequest
from ..base import VendorCall
from ..parsing import integer, objects, text
from .calls import (
    aps_power_call,
    auto_upgrade_call,
    cutoff_call,
    set_param_call,
    site_price_call,
    tiered_price_call,
)
from .details import AutoUpgrade, Cutoff, PowerLimit
from .fields import percent, switch, watts
from .prices import SitePrice

STATION_TYPE: Final = "18"
LIMIT_TYPE: Final = "19"
"""Types of the parameters (4.12)."""
LIMIT_EVERY: Final = timedelta(minutes=10)
"""A stand-alone inverter stores its limit for good, and bears few writes (4.13)."""
MOST_LIMIT_W: Final = 800
LEAST_FEED_IN_W: Final = 10
"""0 stands for no limit."""

FIXED: Final = "fixed"
USE_TIME: Final = "use_time"
DYNAMIC: Final = "dynamic"
PRICE_TYPES: Final = (FIXED, USE_TIME, DYNAMIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What later systems have set as a whole: parameter type 18 (4.12).

    `reserves` are the percentages that can be chosen, by their ids. A limit of 0 stands
    for none.
    """

    reserves: Mapping[int, float]
    reserve_id: int | None
    export_blocked: bool | None
    feed_in_limit_w: float | None
    limits_feed_in: bool
    """Whether there is such a limit at all."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any] | None) -> Self:
        """Read the decoded object; of a system without one nothing is known."""
        told = raw or {}
        reserves: dict[int, float] = {}
        chosen: int | None = None
        for item in objects(told.get("soc_list")):
            choice, share = integer(item.get("id")), percent(item.get("soc"))
            if choice is not None and share is not None:
                reserves[choice] = share
                chosen = choice if switch(item.get("is_selected")) else chosen
        limit_w = watts(told.get("feed-in_power_limit"))
        return cls(
            reserves=reserves,
            reserve_id=chosen,
            export_blocked=switch(told.get("switch_0w")),
            feed_in_limit_w=limit_w or None,
            limits_feed_in=limit_w is not None,
        )

    @property
    def reserve(self) -> float | None:
        """The reserve in force, percent."""
        return None if self.reserve_id is None else self.reserves.get(self.reserve_id)


def whole(share: float | None) -> str | None:
    """Return a percentage as the word of a choice."""
    return None if share is None else f"{share:g}"


# -- the reserve (4.7) -------------------------------------------------------------


def reserves_of(cutoff: Cutoff) -> dict[str, int]:
    """Return the ids of the reserves that can be chosen, by their words."""
    words = ((whole(choice.reserve), choice.id) for choice in cutoff.choices)
    return {word: choice for word, choice in words if word is not None}


def reserve_of(cutoff: Cutoff) -> str | None:
    """Return the word of the reserve in force."""
    return None if cutoff.selected is None else whole(cutoff.selected.reserve)


def choose_reserve(serial: str, cutoff: Cutoff, word: str) -> VendorCall | None:
    """Return the call that chooses the reserve of a first generation bank."""
    if word == reserve_of(cutoff):
        return None
    return cutoff_call(serial, _id_of(reserves_of(cutoff), word))


def choose_station_reserve(
    site_id: str, station: Station, word: str
) -> VendorCall | None:
    """Return the call that chooses the reserve of a system of the third generation."""
    if word == whole(station.reserve):
        return None
    words = {f"{share:g}": choice for choice, share in station.reserves.items()}
    return set_param_call(site_id, STATION_TYPE, {"id": _id_of(words, word)})


def _id_of(choices: Mapping[str, int], word: str) -> int:
    if word not in choices:
        raise InvalidRequest("no such choice", reason="choice_missing")
    return choices[word]


# -- the grid (4.12) ---------------------------------------------------------------


def allow_export(site_id: str, station: Station, on: bool) -> VendorCall | None:
    """Return the call that allows feeding in: `switch_0w` is 1 where it is blocked."""
    if station.export_blocked is (not on):
        return None
    return set_param_call(site_id, STATION_TYPE, {"switch_0w": int(not on)})


def limit_feed_in(site_id: str, station: Station, limit_w: float) -> VendorCall | None:
    """Return the call that limits what is fed in, W."""
    if limit_w == station.feed_in_limit_w:
        return None
    data = {"feed-in_power_limit": round(limit_w)}
    return set_param_call(site_id, STATION_TYPE, data)


def most_feed_in_w(limit: PowerLimit) -> float:
    """Return the most that may be fed in, W; LookupError where that is not known."""
    if limit.legal_w is None or limit.legal_w < LEAST_FEED_IN_W:
        raise LookupError("legal limit")
    return limit.legal_w


def output_limits(limit: PowerLimit) -> dict[str, tuple[int, int]]:
    """Return the output limits that can be chosen, as shown and as kept, W."""
    return {
        f"{choice.limit_w:g}": (
            round(choice.limit_w),
            round(choice.real_w or choice.limit_w),
        )
        for choice in limit.choices
    }


def output_limit(limit: PowerLimit) -> str | None:
    """Return the output limit in force as the word of its choice."""
    return whole(limit.all_w)


def limit_output(site_id: str, limit: PowerLimit, word: str) -> VendorCall | None:
    """Return the call that limits a system's output."""
    if word == output_limit(limit):
        return None
    choices = output_limits(limit)
    if word not in choices:
        raise InvalidRequest("no such choice", reason="choice_missing")
    shown, kept = choices[word]
    data = {"power_limit": {"limit": shown, "limit_real": kept}}
    return set_param_call(site_id, LIMIT_TYPE, data)


# -- updates and prices (4.8, 4.10) ------------------------------------------------


def upgrade(serial: str, known: AutoUpgrade, on: bool) -> VendorCall | None:
    """Return the call that has a device update itself, or not.

    While the main switch is off no device does, whatever is noted of it: with the
    switch on again those that are noted would begin to.
    """
    if known.effective(serial) is on:
        return None
    if not on:
        return auto_upgrade_call(known.main is True, {serial: False})
    others: dict[str, bool] = {}
    if known.main is not True:
        others = {other: False for other, noted in known.devices.items() if noted}
    return auto_upgrade_call(True, {**others, serial: True})


def set_price(site_id: str, known: SitePrice, price: float) -> VendorCall | None:
    """Return the call that sets a system's fixed price per kWh."""
    if price == known.price:
        return None
    return site_price_call(site_id, known, price=price)


def price_types(known: SitePrice, *, use_time: bool) -> tuple[str, ...]:
    """Return the kinds of price that a system can have."""
    there = {
        FIXED: True,
        USE_TIME: use_time or bool(known.use_time),
        DYNAMIC: known.dynamic is not None,
    }
    return tuple(kind for kind in PRICE_TYPES if there[kind])


def set_price_type(
    site_id: str, known: SitePrice, kind: str, *, use_time: bool
) -> VendorCall | None:
    """Return the call that sets the kind of a system's price."""
    if kind == known.kind:
        return None
    if kind not in price_types(known, use_time=use_time):
        raise InvalidRequest("nothing to go by", reason="choice_missing")
    return site_price_call(site_id, known, price_type=kind)


# -- a stand-alone inverter (4.13) -------------------------------------------------


def limit_inverter(
    serial: str, known_w: float | None, limit_w: float, waits: timedelta
) -> VendorCall | None:
    """Return the call that limits an inverter, W; `waits` is how long it may not be."""
    if limit_w == known_w:
        return None
    if waits > timedelta():
        cause = f"possible again in {waits.total_seconds():.0f} s"
        raise InvalidRequest(cause, reason="limit_set_lately")
    return aps_power_call(serial, round(limit_w))


def price_inverter(
    serial: str, currency: str | None, known: float | None, price: float
) -> VendorCall | None:
    """Return the call that sets an inverter's price per kWh."""
    if currency is None:
        raise InvalidRequest("no currency", reason="settings_unknown")
    return None if price == known else tiered_price_call(serial, currency, price)


def serial_of(call: VendorCall) -> str | None:
    """Return which stand-alone inverter a call is for, None of any other call."""
    return text((call.body or {}).get("sn"))


def serial_limited(call: VendorCall) -> str | None:
    """Return whose limit a call sets, None of any other call."""
    return serial_of(call) if "power" in (call.body or {}) else None
