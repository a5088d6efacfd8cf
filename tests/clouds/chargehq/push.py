"""One push, and what is wrong with it (dossier sections 2 and 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

POWERS = ("production_kw", "net_import_kw", "consumption_kw", "battery_discharge_kw")
FIELDS = (
    *POWERS,
    "imported_kwh",
    "exported_kwh",
    "battery_soc",
    "battery_energy_kwh",
)
_TOTALS = ("imported_kwh", "exported_kwh")
_MOST_KW = 100
_FIRST_MS = 10**12
_RISE = 0.002


@dataclass(frozen=True, slots=True)
class Push:
    """A push as it came at a time of the service's clock; `status` is the answer.

    Flags: mixed (error and readings), empty (neither), type (no number), unbalanced,
    too fast, soc, kw (that must be W), production, tsms, decreasing, sign (of the
    battery's power, which charges while its charge falls, or the other way round).
    """

    at: datetime
    body: Mapping[str, Any]
    status: int = 200
    flags: frozenset[str] = field(default=frozenset())

    @property
    def meters(self) -> Mapping[str, Any]:
        """The readings, empty where there are none."""
        meters = self.body.get("siteMeters")
        return meters if isinstance(meters, dict) else {}

    @property
    def error(self) -> str | None:
        """The failure that is reported, None where none is."""
        return self.body.get("error")

    @property
    def measured_at(self) -> datetime:
        """When it was measured, or else when it came."""
        tsms = self.body.get("tsms")
        return self.at if tsms is None else datetime.fromtimestamp(tsms / 1000, UTC)

    def number(self, key: str) -> float | None:
        """Return a reading, None where it is not there or no number."""
        value = self.meters.get(key)
        return value if _is_number(value) else None

    @property
    def imbalance_kw(self) -> float | None:
        """Consumption less what it is made of, None where it is not told."""
        used = self.number("consumption_kw")
        if used is None:
            return None
        parts = ("production_kw", "net_import_kw", "battery_discharge_kw")
        return used - sum(self.number(key) or 0 for key in parts)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def flags_of(push: Push, before: Push | None, tolerance_kw: float) -> set[str]:
    """Return what is wrong with a push, in the light of the readings before."""
    flags: set[str] = set()
    body, meters = push.body, push.meters
    if "error" in body:
        if "siteMeters" in body:
            flags.add("mixed")
        if not isinstance(push.error, str) or not push.error:
            flags.add("type")
    elif not meters:
        flags.add("empty")
    if any(not _is_number(value) for key, value in meters.items() if key in FIELDS):
        flags.add("type")
    if (wrong := push.imbalance_kw) is not None and abs(wrong) > tolerance_kw:
        flags.add("unbalanced")
    powers = [push.number(key) for key in POWERS]
    if any(power is not None and abs(power) >= _MOST_KW for power in powers):
        flags.add("kw")
    if (push.number("production_kw") or 0) < 0:
        flags.add("production")
    charge = push.number("battery_soc")
    if charge is not None and not 0 <= charge <= 1:
        flags.add("soc")
    if "tsms" in body and not _is_time(body["tsms"], push.at):
        flags.add("tsms")
    return flags | (set() if before is None else _jumps(push, before))


def _is_time(value: object, now: datetime) -> bool:
    if not isinstance(value, int | float) or value <= _FIRST_MS:
        return False
    return value <= now.timestamp() * 1000 + 1


def _jumps(push: Push, before: Push) -> set[str]:
    """Return what cannot be after the readings before."""
    flags: set[str] = set()
    for key in _TOTALS:
        then, now = before.number(key), push.number(key)
        if then is not None and now is not None and now < then:
            flags.add("decreasing")
    then, now = before.number("battery_soc"), push.number("battery_soc")
    powers = [item.number("battery_discharge_kw") for item in (before, push)]
    known = [power for power in powers if power is not None]
    if then is not None and now is not None and len(known) == len(powers):
        # Only where the battery did the same at both ends of the time between.
        rises, falls = now > then + _RISE, now < then - _RISE
        if (rises and min(known) > 0) or (falls and max(known) < 0):
            flags.add("sign")
    return flags
