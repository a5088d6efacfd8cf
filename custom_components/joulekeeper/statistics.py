"""Writes the past into Home Assistant's long-term statistics.

They are external statistics, `joulekeeper:<device>_<series>`, beside those that Home
Assistant makes of the sensors, and never mixed with them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final, Literal

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter

from .const import DOMAIN
from .core.history import HOUR, HistoryDay, Kind, Level, Series, SumRow, replaced

_RECORDER: Final = "recorder"
_UNIT_CLASSES: Final[Mapping[str, str | None]] = {
    UnitOfEnergy.KILO_WATT_HOUR: EnergyConverter.UNIT_CLASS,
    UnitOfPower.WATT: PowerConverter.UNIT_CLASS,
    PERCENTAGE: None,
}
_CLOSE: Final = 1e-6

_FIRST_LOOK: Final = timedelta(days=1)

type _Values = Mapping[datetime, float | Level]
type _Types = set[Literal["change", "max", "mean", "min", "state", "sum"]]


@dataclass(frozen=True, slots=True)
class _Change:
    """Rows to write, and what to add to all totals from an hour after them on."""

    rows: list[StatisticData]
    after: datetime
    shift: float = 0.0


class NotStoredError(Exception):
    """The recorder does not show what it was given."""


@callback
def has_recorder(hass: HomeAssistant) -> bool:
    """Tell whether there is anybody who keeps statistics."""
    return _RECORDER in hass.config.components


def statistic_id(device_id: str, series: Series) -> str:
    """Return the id of a series of a device; it holds the serial number."""
    return f"{DOMAIN}:{slugify(device_id)}_{series.key}"


async def async_book(
    hass: HomeAssistant,
    device_id: str,
    device_name: str | None,
    series: Iterable[Series],
    days: Iterable[HistoryDay],
) -> None:
    """Book some days, in the place of what was booked of them; see that it is there.

    The totals of all later hours follow. Only one may book for a device at a time: each
    begins with what the one before has left. Without a name, as of a device that is
    gone, what is there keeps its own. Raises NotStoredError.
    """
    if not has_recorder(hass):
        raise NotStoredError
    days = tuple(days)
    names = await _series_names(hass)
    values = {item: dict(_values(item, days)) for item in series}
    recorder = get_instance(hass)
    await recorder.async_block_till_done()
    changes = await recorder.async_add_executor_job(_changes, hass, device_id, values)
    kept_names: Mapping[str, str] = {}
    if device_name is None:
        keys = {statistic_id(device_id, item) for item in values}
        kept_names = await recorder.async_add_executor_job(_kept_names, hass, keys)
    for item, change in changes.items():
        key = statistic_id(device_id, item)
        if change.shift:
            recorder.async_adjust_statistics(key, change.after, change.shift, item.unit)
        if change.rows:
            name = names.get(item.key, item.key)
            if device_name is not None:
                name = f"{device_name} {name}"
            metadata = _metadata(device_id, item, kept_names.get(key, name))
            async_add_external_statistics(hass, metadata, change.rows)
    await recorder.async_block_till_done()
    if not await recorder.async_add_executor_job(_are_stored, hass, device_id, changes):
        raise NotStoredError


async def _series_names(hass: HomeAssistant) -> Mapping[str, str]:
    """Return the names of the series by their keys, in Home Assistant's language."""
    prefix = f"component.{DOMAIN}.selector.history.options."
    texts = await async_get_translations(
        hass, hass.config.language, "selector", {DOMAIN}
    )
    return {
        key.removeprefix(prefix): text
        for key, text in texts.items()
        if key.startswith(prefix)
    }


def _kept_names(hass: HomeAssistant, keys: set[str]) -> Mapping[str, str]:
    """Return the names of the statistics that are there, by their ids."""
    found = get_metadata(hass, statistic_ids=keys)
    return {key: data["name"] for key, (_, data) in found.items() if data["name"]}


def _metadata(device_id: str, series: Series, name: str) -> StatisticMetaData:
    is_sum = series.kind is Kind.SUM
    return StatisticMetaData(
        source=DOMAIN,
        statistic_id=statistic_id(device_id, series),
        name=name,
        unit_of_measurement=series.unit,
        unit_class=_UNIT_CLASSES.get(series.unit),
        has_sum=is_sum,
        mean_type=StatisticMeanType.NONE if is_sum else StatisticMeanType.ARITHMETIC,
    )


def _values(
    series: Series, days: Iterable[HistoryDay]
) -> Iterator[tuple[datetime, float | Level]]:
    for day in days:
        if series.kind is Kind.SUM:
            yield from day.sums.get(series.key, {}).items()
        else:
            yield from day.levels.get(series.key, {}).items()


def _changes(
    hass: HomeAssistant, device_id: str, values: Mapping[Series, _Values]
) -> dict[Series, _Change]:
    """Return what is to be written; what is there already is left out."""
    changes: dict[Series, _Change] = {}
    for series, new in values.items():
        if new:
            of_kind = _summed if series.kind is Kind.SUM else _levelled
            changes[series] = of_kind(hass, statistic_id(device_id, series), new)
    return changes


def _summed(hass: HomeAssistant, key: str, new: Mapping[datetime, Any]) -> _Change:
    """Return the values of hours, and what they add to the totals of all later ones."""
    first, after = min(new), max(new) + HOUR
    types: _Types = {"state", "sum", "change"}
    rows = _rows(hass, key, first, after, types)
    following = _following(hass, key, after, types)
    if known := [*rows.values(), *following.values()]:
        before = known[0]["sum"] - known[0]["change"]
    else:
        before = _last(hass, key).get("sum") or 0.0
    booking = replaced(
        before,
        {hour: _sum_row(row) for hour, row in rows.items()},
        new,
        next(map(_sum_row, following.values()), None),
    )
    return _Change(
        [
            StatisticData(start=hour, state=row.value, sum=row.total)
            for hour, row in booking.rows.items()
        ],
        next(iter(following), after),
        booking.shift,
    )


def _sum_row(row: Mapping[str, Any]) -> SumRow:
    return SumRow(row["state"], row["sum"])


def _following(
    hass: HomeAssistant, key: str, after: datetime, types: _Types
) -> dict[datetime, Mapping[str, Any]]:
    """Return the first row from an hour on, if there is one, without reading them all."""
    last = _last(hass, key).get("start")
    if last is None or last < after.timestamp():
        return {}
    span = _FIRST_LOOK
    while not (rows := _rows(hass, key, after, after + span, types)):
        span *= 8
    hour = min(rows)
    # Its change counts from the row before it, wherever that is.
    return {hour: rows[hour]}


def _last(hass: HomeAssistant, key: str) -> Mapping[str, Any]:
    """Return the last row of all, an empty one if there is none."""
    found = get_last_statistics(hass, 1, key, False, {"sum"}).get(key)
    return dict(found[0]) if found else {}


def _levelled(hass: HomeAssistant, key: str, new: Mapping[datetime, Any]) -> _Change:
    """Return the means of hours."""
    after = max(new) + HOUR
    rows = _rows(hass, key, min(new), after, {"mean", "min", "max"})
    have = {
        hour: Level(row["mean"], row["min"], row["max"]) for hour, row in rows.items()
    }
    return _Change(
        [
            StatisticData(start=hour, mean=level.mean, min=level.low, max=level.high)
            for hour, level in new.items()
            if have.get(hour) != level
        ],
        after,
    )


def _are_stored(
    hass: HomeAssistant, device_id: str, changes: Mapping[Series, _Change]
) -> bool:
    """Tell whether the last of the written rows, and what follows, can be read."""
    for series, change in changes.items():
        key = statistic_id(device_id, series)
        if change.rows:
            last = max(change.rows, key=itemgetter("start"))
            start = last["start"]
            row = _rows(hass, key, start, start + HOUR, {"mean", "sum"}).get(start, {})
            if series.kind is Kind.SUM:
                found, wanted = row.get("sum"), last["sum"]
            else:
                found, wanted = row.get("mean"), last["mean"]
            if found is None or abs(found - wanted) > _CLOSE:
                return False
        if change.shift:
            start = change.after
            types: _Types = {"change", "state"}
            row = _rows(hass, key, start, start + HOUR, types).get(start, {})
            if not row or abs(row["change"] - row["state"]) > _CLOSE:
                return False
    return True


def _rows(
    hass: HomeAssistant,
    key: str,
    start: datetime,
    end: datetime,
    types: _Types,
) -> dict[datetime, Mapping[str, Any]]:
    """Return the rows from one hour to before another."""
    read = statistics_during_period(hass, start, end, {key}, "hour", None, {*types})
    return {
        dt_util.utc_from_timestamp(row["start"]): dict(row) for row in read.get(key, ())
    }
