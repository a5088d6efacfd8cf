"""Times and durations as the vendor's .NET services read and write them."""

from datetime import UTC, datetime, timedelta
import re

_SPAN = re.compile(
    r"(?P<sign>-)?(?:(?P<d>\d+)\.)?(?P<h>\d{1,2}):(?P<m>\d{1,2})"
    r"(?::(?P<s>\d{1,2})(?:\.(?P<f>\d{1,7}))?)?"
)


def parse_timespan(text: str) -> timedelta:
    """Parse `[d.]hh:mm:ss[.fffffff]`; ValueError as .NET's overflow check.

    `1.25:00:00` is no TimeSpan: hours stop at 23.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    hours, minutes = int(match["h"]), int(match["m"])
    seconds = int(match["s"] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(text)
    span = timedelta(
        days=int(match["d"] or 0),
        hours=hours,
        minutes=minutes,
        seconds=seconds,
        microseconds=int((match["f"] or "0").ljust(7, "0")[:6]),
    )
    return -span if match["sign"] else span


def format_timespan(span: timedelta, *, day_part: bool = False) -> str:
    """Return `[d.]hh:mm:ss[.fffffff]`; `day_part` writes `0.` as well."""
    hours, rest = divmod(span.seconds, 3600)
    days = f"{span.days}." if span.days or day_part else ""
    text = f"{days}{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{text}.{span.microseconds:06}0" if span.microseconds else text


def parse_time(text: str) -> datetime:
    """Parse an ISO-8601 time as UTC; one without an offset is taken as UTC."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def format_time(time: datetime) -> str:
    """Return `2026-11-20T03:05:40Z`, with 7 fraction digits only if needed."""
    text = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{time.microsecond:06}0Z" if time.microsecond else f"{text}Z"


def format_ticks(time: datetime) -> str:
    """Return `2026-11-20T03:05:41.0155057Z`, as Static data does."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f7Z")


def parse_stamp(text: str) -> datetime:
    """Parse the form used in paths, `20261120T030540Z`."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def format_stamp(time: datetime) -> str:
    """Return the form used in paths."""
    return time.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
