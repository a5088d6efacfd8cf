"""Changes of a plant's settings, put together before they go out (dossier 2.9 b, e).

What makes no sense raises `InvalidRequest` with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Final

from ..base import VendorCall
from .codes import refused
from .control import (
    EVERY_DAY,
    TIME_OF_USE,
    BatteryMode,
    FeedIn,
    FeedInMode,
    TouWindow,
    read_clock,
)
from .settings import Setting, with_table

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class ModeDraft:
    """A mode that is chosen, and what of its table is to be other than it is."""

    setting: Setting[BatteryMode]
    mode: str | None = None
    table: Mapping[str, Any] = field(default_factory=dict)

    def call(self) -> VendorCall | None:
        """Return the write of a mode; what of its table is not named stays as it was."""
        setting, chosen = self.setting, self.mode
        if (now := setting.value) is None:
            raise refused("the mode is not known", "settings_unknown")
        to_table = (chosen or now.mode) == TIME_OF_USE
        if self.table and not to_table:
            raise refused("the table is that of another mode", "not_time_of_use")
        wanted = BatteryMode(mode=chosen)
        if to_table:
            known = now.mode == TIME_OF_USE or setting.latest is not None
            if not known and "windows" not in self.table:
                raise refused("no table is known", "table_unknown")
            wanted = with_table(setting, **self.table)
        if wanted.mode == now.mode and (not to_table or wanted == now):
            return None
        return wanted.call(setting.plant_code, setting.most_w)


@dataclass(frozen=True, slots=True)
class FeedInDraft:
    """A mode or a power, W, that is chosen."""

    setting: Setting[FeedIn]
    mode: FeedInMode | None = None
    limit_w: float | None = None

    def call(self) -> VendorCall | None:
        """Return the write of a limit, None where it is so already."""
        setting, limit_w = self.setting, self.limit_w
        if (now := setting.value) is None:
            raise refused("the limit is not known", "settings_unknown")
        if limit_w is None and self.mode is FeedInMode.ZERO_EXPORT:
            limit_w = 0.0
        if limit_w is None and self.mode is FeedInMode.POWER:
            if setting.latest is None:
                raise refused("no power is known", "limit_unknown")
            limit_w = setting.latest.limit_w
        if limit_w is None:
            wanted = FeedIn(mode=self.mode)
        else:
            # Which it is, only a limit tells; without one it is what it was last.
            known = now if now.per_phase is not None else setting.latest
            per_phase = known is not None and known.per_phase is True
            wanted = FeedIn(mode=FeedInMode.POWER, limit_w=limit_w, per_phase=per_phase)
        if (wanted.mode, wanted.limit_w) == (now.mode, now.limit_w):
            return None
        return wanted.call(setting.plant_code)


def shown_windows(windows: tuple[TouWindow, ...] | None) -> list[dict[str, Any]]:
    """Return windows as a user gives them."""
    return [
        {
            "start": f"{window.start:%H:%M}",
            "end": f"{window.end:%H:%M}",
            "mode": "charge" if window.charge else "discharge",
            "days": [DAYS[day - 1] for day in sorted(window.days)],
        }
        for window in windows or ()
    ]


def read_windows(value: Any) -> tuple[TouWindow, ...]:
    """Return windows as a user gives them; ValueError for what makes no sense."""
    if not isinstance(value, list):
        raise ValueError("expected a list of windows")  # noqa: TRY004
    return tuple(_window(item) for item in value)


def _window(item: Any) -> TouWindow:
    if not isinstance(item, dict) or not set(item) <= {"start", "end", "mode", "days"}:
        raise ValueError("a window has start, end, mode and days")
    days = item.get("days", list(DAYS))
    if item.get("mode") not in ("charge", "discharge"):
        raise ValueError("the mode of a window is charge or discharge")
    if not isinstance(days, list) or not days or any(day not in DAYS for day in days):
        raise ValueError(f"the days of a window are some of {', '.join(DAYS)}")
    return TouWindow(
        start=_clock(item.get("start")),
        end=_clock(item.get("end")),
        charge=item["mode"] == "charge",
        days=frozenset(DAYS.index(day) + 1 for day in days) & EVERY_DAY,
    )


def _clock(value: Any) -> time:
    # YAML reads 17:30 without quotes as a number.
    if (read := read_clock(value)) is None:
        raise ValueError('a time is hours and minutes in quotes, such as "07:30"')
    return read
